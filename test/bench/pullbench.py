"""What the benchmarks of the pull path share: CPU of processes, the bare peer, a filled Reeve."""
import os
import sqlite3
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from instance import BUILD, Instance, free_ports  # noqa: E402

PEER = os.path.join(BUILD, "test", "bench", "pull_peer")
WORKERS = os.cpu_count()
AT_ONCE = 64
SEED = 4711


def cpu_of(pid):
    """Seconds of CPU of all its threads, those that ended left out."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total / 1e9


def family(pid):
    """The process and its children."""
    pids = [pid]
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        for child in f.read().split():
            pids += family(int(child))
    return pids


def cpu_of_family(pid):
    return sum(cpu_of(p) for p in family(pid))


class Load:
    """One run of pull_peer load."""

    def __init__(self, port, version, mode, count, devices, root="-", handshake=False):
        out = subprocess.run([PEER, "load", str(port), version, mode, str(count), str(AT_ONCE), str(SEED),
                              str(devices), root, *(["handshake"] if handshake else [])],
                             check=True, capture_output=True, text=True, timeout=600).stdout.split()
        self.count, self.resumed = int(out[0]), int(out[1])
        self.wall, self.cpu = float(out[2]), float(out[3])
        self.request, self.answer, self.ok = int(out[4]), int(out[5]), int(out[6])


class Bare:
    """pull_peer serve, with the certificate of our proxy."""

    def __init__(self, reeve, version, request, answer):
        self.port = free_ports(1)[0]
        pki = os.path.join(reeve.state, "pki")
        self.process = subprocess.Popen([PEER, "serve", str(self.port), str(WORKERS), version,
                                         f"{pki}/rs.crt", f"{pki}/rs.key", str(request), str(answer)])
        time.sleep(0.3)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for pid in reversed(family(self.process.pid)):
            os.kill(pid, 15)
        self.process.wait()


def measure(pid, run):
    """(CPU seconds of that family meanwhile, what run() returned)"""
    before = cpu_of_family(pid)
    result = run()
    time.sleep(0.2)
    return cpu_of_family(pid) - before, result


def wait_certificates(reeve, count):
    """Of every device: until then pulls would wait for the ca."""
    path = os.path.join(reeve.state, "rs.db")
    while True:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            if db.execute("SELECT count(*) FROM device_certificate").fetchone()[0] >= count:
                return
        time.sleep(0.5)


def registered(devices, *more, conf=None):
    """A Reeve with so many devices, certificates ready."""
    reeve = Instance({"proxy": {"workers": WORKERS}, "ls": {"workers": WORKERS}, **(conf or {})})
    reeve.conf = reeve.defaults()  # the same ports again: devices are told them by the store
    reeve.start()
    reeve.stop()  # without an rs its store is filled directly
    subprocess.run([reeve.reeve, "sim", "register", "--devices", str(devices), "--seed", str(SEED), "--store",
                    f"sqlite:{reeve.state}/rs.db", *more], check=True, timeout=3600)
    reeve.start()
    wait_certificates(reeve, devices)
    return reeve
