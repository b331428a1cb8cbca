#!/usr/bin/env python3
"""SIGKILL of any process at any time under load: every acknowledged config is there, only whole ones
are served, every delivery is recorded, the devices end up configured.

KILL_SEEDS: how many kills (20). A seed gives victim and moment; the same seed, the same plan."""
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from instance import CtlError, Instance  # noqa: E402

SEEDS = int(os.environ.get("KILL_SEEDS", "20"))
DEVICES = 2
DELAY_SECONDS = 0.15  # about what a round takes
ROUND = 3
SEEDS_OF_A_LIFE = 10  # who dies again and again waits longer and longer
PATIENCE_SECONDS = 60
VICTIMS = ["rs", "rs", "lsstore", "proxy", "ls", "ca", "http", "status"]


class Device(threading.Thread):
    """Sets a config and pulls it, insisting until both are acknowledged."""

    def __init__(self, reeve, number):
        super().__init__()
        self.reeve, self.number, self.version = reeve, number, 0
        self.wanted = self.error = None
        self.delivered = 0

    def text(self, version):
        return f"hostname device-{self.number}\nversion {version}\n" + f"line {version}\n" * 400

    def insist(self, what, attempt):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if attempt():
                    return
                last = "not yet"
            except (CtlError, OSError, IndexError, ValueError) as e:
                last = str(e)
            if time.monotonic() > deadline:
                raise AssertionError(f"device {self.number}, {what}: {last}")
            time.sleep(0.02)

    def create(self):
        try:
            self.reeve.ctl("device", "create", fleet.did(self.number), "--ls-key", fleet.LS_KEY)
        except CtlError as e:
            return "EEXISTS" in e.text or "already" in e.text
        return True

    def configure(self):
        path = os.path.join(self.reeve.dir, f"config-{self.number}")
        with open(path, "w", encoding="ascii") as f:
            f.write(self.text(self.version))
        self.reeve.ctl("config", "set", fleet.did(self.number), "startup", "--module", f"1,version=1={path}")
        return True

    def boot(self):
        located = fleet.solicit(self.reeve, self.number)
        if not located.data or fleet.code_of(located) != 100:
            return False
        answer = fleet.pull(self.reeve, self.number, fleet.rs_key(located))
        if not answer.data or fleet.code_of(answer) != 100:
            return False
        tap.equal(fleet.modules_of(answer), {1: self.text(self.version).encode()}, "config served")
        self.delivered += 1
        return True

    def round(self):
        """In a thread of its own, while somebody is killed."""
        try:
            for _ in range(ROUND):
                self.version += 1
                self.insist("config", self.configure)
                self.insist("boot", self.boot)
        except AssertionError as e:
            self.error = e

    def check(self):
        shown = self.reeve.ctl("config", "show", fleet.did(self.number), "startup")
        tap.equal(shown["modules"][0]["text"], self.text(self.version), "startup config")
        pulls = self.reeve.ctl("pull", "list", "--distid", fleet.did(self.number), "--limit", "1000")["pulls"]
        recorded = sum(p["outcome"] == "delivered" for p in pulls)
        tap.check(recorded >= self.delivered, f"{self.delivered} delivered, {recorded} recorded")


def kill(reeve, rng):
    """The pid that died; 0: nobody of that name ran just now."""
    victims = reeve.pids().get(rng.choice(VICTIMS), [])
    if not victims:
        return 0
    pid = rng.choice(victims)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return pid


def live(seeds):
    """One Reeve through some seeds; (kills, kills in the middle of something)."""
    killed = during = 0
    with Instance({"ls": {"workers": 2}, "proxy": {"workers": 2}}) as reeve:
        devices = [Device(reeve, n) for n in range(1, DEVICES + 1)]
        for device in devices:
            device.insist("create", device.create)
        for seed in seeds:
            rng = random.Random(seed)
            rounds = [threading.Thread(target=d.round) for d in devices]
            for thread in rounds:
                thread.start()
            time.sleep(rng.random() * DELAY_SECONDS)
            during += any(t.is_alive() for t in rounds)
            killed += kill(reeve, rng) != 0
            for thread in rounds:
                thread.join()
            for device in devices:
                tap.check(device.error is None, f"seed {seed}: {device.error}\n{reeve.log_tail()}")
                device.insist(f"seed {seed}: check", lambda d=device: d.check() is None)
    return killed, during


@tap.test
def nothing_acknowledged_is_lost_by_kills_at_any_time():
    killed = during = 0
    for first in range(0, SEEDS, SEEDS_OF_A_LIFE):
        more = live(range(first, min(SEEDS, first + SEEDS_OF_A_LIFE)))
        killed, during = killed + more[0], during + more[1]
    print(f"# {killed} kills, {during} in the middle of something", flush=True)
    tap.check(during >= SEEDS // 4, "the kills came when nothing was under way")
    tap.check(killed >= SEEDS // 2, "hardly anybody was killed")


if __name__ == "__main__":
    tap.main()
