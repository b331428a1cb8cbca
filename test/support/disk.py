"""What a power cut leaves of a directory, worked out from the log of test/e2e/powercut.

A Disk is fed the records in order and knows, for each file and directory, what has been synced and
what has not. after_cut(seed) gives one of the states that the rules of POSIX allow: what was synced is
there; of the data that was not, each sector is there or not, by the seed; of names made, changed or
removed in a directory since it was synced, the first so many are. Seeds 0 and 1 are the extremes:
nothing, and everything, of what was not synced.
"""
import json
import os
import random
import struct

HEAD = struct.Struct("<IB3xQQIII4x")
SECTOR = 512


def records(path):
    """Yield (kind, inode, offset, mode, path a, path b, data) of a log."""
    with open(path, "rb") as f:
        log = f.read()
    at = 0
    while at + HEAD.size <= len(log):
        size, kind, inode, offset, mode, a_len, b_len = HEAD.unpack_from(log, at)
        if at + size > len(log):
            break  # the writer was killed in the middle
        names = at + HEAD.size
        a = log[names:names + a_len].decode()
        b = log[names + a_len:names + a_len + b_len].decode()
        yield chr(kind), inode, offset, mode, a, b, log[names + a_len + b_len:at + size]
        at += size


def acknowledge(path, fact):
    """Write a fact down that holds from now on: records() yields it as kind "A", data its JSON."""
    data = json.dumps(fact).encode()
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(fd, HEAD.pack(HEAD.size + len(data), ord("A"), 0, 0, 0, 0, 0) + data)
    finally:
        os.close(fd)


class File:
    def __init__(self, mode):
        self.data = bytearray()
        self.mode = mode
        self.unsynced = []  # ("w", offset, bytes), ("t", size, b"")

    def apply(self, kind, at, data):
        if kind == "t":
            del self.data[at:]
            self.data.extend(bytes(at - len(self.data)))
            return
        if len(self.data) < at:
            self.data.extend(bytes(at - len(self.data)))
        self.data[at:at + len(data)] = data

    def sync(self):
        for step in self.unsynced:
            self.apply(*step)
        self.unsynced = []

    def tear(self, rng, share):
        for kind, at, data in self.unsynced:
            if kind == "t":
                if rng.random() < share:
                    self.apply(kind, at, data)
                continue
            begin = 0
            while begin < len(data):
                end = min(len(data), (at + begin) // SECTOR * SECTOR + SECTOR - at)
                if rng.random() < share:
                    self.apply("w", at + begin, data[begin:end])
                begin = end
        self.unsynced = []


class Disk:
    def __init__(self):
        self.files = []
        self.live = {}  # inode -> index in files; the numbers of removed files are given again
        self.names = {}  # path -> index, or None for a directory; as synced
        self.unsynced = {}  # directory -> steps on names, in order

    def feed(self, kind, inode, offset, mode, a, b, data):
        if kind == "c":
            self.live[inode] = len(self.files)
            self.files.append(File(mode))
        if kind in "wtsm":
            file = self.files[self.live[inode]]
        if kind in "wt":
            file.unsynced.append((kind, offset, data))
        elif kind == "s":
            file.sync()
        elif kind == "m":
            file.mode = mode
        elif kind == "S":
            for step in self.unsynced.pop(a, []):
                self._name(*step)
        elif kind in "cdrlu":
            changed = b if kind in "rl" else a
            if kind == "r":
                self._directory_renamed(a, b)
            index = self.live[inode] if kind in "cl" else None
            self.unsynced.setdefault(os.path.dirname(changed), []).append((kind, index, a, b))

    def _name(self, kind, index, a, b):
        if kind == "c":
            self.names[a] = index
        elif kind == "d":
            self.names[a] = None
        elif kind == "l":
            self.names[b] = index
        elif kind == "u":
            self.names.pop(a, None)
        elif kind == "r" and a in self.names:
            for path in [p for p in self.names if p == a or p.startswith(a + "/")]:
                self.names[b + path[len(a):]] = self.names.pop(path)

    def _directory_renamed(self, a, b):
        """What is still to be synced in it is so under its new name. (Should the renaming itself get
        lost, so are these names: one of the outcomes.)"""
        def renamed(path):
            return b + path[len(a):] if path == a or path.startswith(a + "/") else path
        for directory in [d for d in self.unsynced if d == a or d.startswith(a + "/")]:
            steps = self.unsynced.pop(directory)
            self.unsynced[renamed(directory)] = [(k, i, renamed(x), renamed(y)) for k, i, x, y in steps]

    def after_cut(self, seed, target):
        """Write the state to the new directory `target`. The disk is used up."""
        rng = random.Random(seed)
        share = {0: 0.0, 1: 1.0}.get(seed, rng.random())
        for steps in self.unsynced.values():
            kept = {0: 0, 1: len(steps)}.get(seed, rng.randint(0, len(steps)))
            for step in steps[:kept]:
                self._name(*step)
        for file in self.files:
            file.tear(rng, share)
        os.mkdir(target, 0o700)
        for path, index in sorted(self.names.items()):
            full = os.path.join(target, path)
            if index is None:
                os.makedirs(full, 0o700, exist_ok=True)
        for path, index in sorted(self.names.items()):
            if index is None or not os.path.isdir(os.path.dirname(os.path.join(target, path))):
                continue
            full = os.path.join(target, path)
            with open(full, "wb") as f:
                f.write(self.files[index].data)
            os.chmod(full, self.files[index].mode)
