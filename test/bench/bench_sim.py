#!/usr/bin/env python3
"""What the simulator costs: devices per GiB, at rest and in the middle of a pull, and events per second.

    sim.rest      bytes of a device that is up, in the process that plays it: private memory of one process with
                  all devices up, less that of a process with one device
    sim.pulling   the same while all are applying their config, connection open, answer read
    sim.events    events (lines of --json) per second of the simulator's CPU while a fleet arrives, and per second
                  beside the servers on this machine
    sim.cpu       CPU of the simulator per device that comes up (LS and RS, two full handshakes)
    sim.virtual   the virtual form, with nothing going wrong for two virtual minutes: bytes per device, its part of
                  servers and disks included (largest resident set with 500 devices, less that with 10); events of
                  its clock per CPU second

--devices N (4000), of which a quarter pulls at the same time for sim.pulling.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
GIB = 1 << 30
PER_SECOND = 150  # what servers and simulator together can do on two cores that do other work, too
REST_MAX, PULLING_MAX, EVENTS_MIN, CPU_MAX = 4096, 65536, 1000, 4000
VIRTUAL_MAX, VIRTUAL_EVENTS_MIN = 640 * 1024, 10000


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build-bench")
    p.add_argument("--devices", type=int, default=4000)
    return p.parse_args()


ARGS = arguments()
os.environ["REEVE_BUILD"] = os.path.abspath(ARGS.build)
from pullbench import SEED, cpu_of_family, family, registered  # noqa: E402

FLASH = 'arrival { how = uniform over = 10s }\nflash all { apply = 120s }\n'


class Sim:
    """One run, its lines read as they come."""

    def __init__(self, reeve, devices, *more):
        ls = "https://%s:%d/" % reeve.address("ls")
        self.process = subprocess.Popen(
            [reeve.reeve, "sim", "--devices", str(devices), "--seed", str(SEED), "--state", reeve.state, "--ls", ls,
             "--json", *more], stdout=subprocess.PIPE, text=True)
        self.events, self.at = 0, 0.0

    def lines(self):
        for line in self.process.stdout:
            self.events += 1
            yield json.loads(line)

    def wait_state(self, state, count):
        for line in self.lines():
            if line["event"] == "second" and line["states"][state] == count:
                self.at = line["at"]
                return
        raise SystemExit(f"bench: not all devices came to be {state}")

    def private(self):
        """Bytes that only its one child has."""
        total = 0
        for pid in family(self.process.pid)[1:]:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) * 1024 for line in f if line.startswith("Private_"))
        return total

    def stop(self):
        self.process.terminate()
        for _ in self.lines():
            pass
        self.process.wait()


def judge(name, value, unit, budget, is_least=False, note=""):
    is_ok = value >= budget if is_least else value <= budget
    print(f"sim.{name} {value:.0f} {unit}{note} budget {budget} {'ok' if is_ok else 'short'}", flush=True)


def private_of(reeve, devices, state, *more):
    sim = Sim(reeve, devices, "--processes", "1", "--duration", "600", *more)
    sim.wait_state(state, devices)
    time.sleep(2)  # it gives heap back a second after the last event
    size = sim.private()
    sim.stop()
    return size


def per_device(reeve, name, budget, devices, state, *more):
    one = private_of(reeve, 1, state, *more)
    each = (private_of(reeve, devices, state, *more) - one) / (devices - 1)
    judge(name, each, "bytes", budget, note=f" ({GIB / each:.0f} devices per GiB; {devices} of them)")


def events(reeve, devices):
    sim = Sim(reeve, devices, "--duration", "600", "--arrival", f"uniform:{devices / PER_SECOND}")
    sim.wait_state("up", devices)
    cpu = cpu_of_family(sim.process.pid)
    count, seconds = sim.events, sim.at
    sim.stop()
    judge("events", count / cpu, "per CPU second", EVENTS_MIN, True,
          f" ({count / seconds:.0f} per second: {devices} devices up in {seconds:.0f} s)")
    judge("cpu", cpu / devices * 1e6, "us per device", CPU_MAX)


def virtual(devices):
    """(largest resident set in bytes, CPU seconds, the summary)"""
    command = [os.path.join(ARGS.build, "cmd", "reeve"), "sim", "virtual", "--devices", str(devices), "--duration",
               "120", "--faults", "none", "--jobs", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        last = process.stdout.read().splitlines()[-1]
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"bench: {last}")
    return used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, json.loads(last)


def virtual_form():
    few, many = 10, 500
    small, _, _ = virtual(few)
    large, cpu, summary = virtual(many)
    each = (large - small) / (many - few)
    judge("virtual.device", each, "bytes", VIRTUAL_MAX, note=f" ({GIB / each:.0f} devices per GiB)")
    judge("virtual.events", summary["events"] / cpu, "per CPU second", VIRTUAL_EVENTS_MIN, True,
          f" ({summary['virtual_ms'] / 1000 / cpu:.0f} virtual seconds each)")


def main():
    virtual_form()
    reeve = registered(ARGS.devices, "--modules", "3", "--bytes", "1365",
                       conf={"rs": {"rs_retry_interval": "1s", "rs_retry_max": 1000}})
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".scenario") as flash:
            flash.write(FLASH)
            flash.flush()
            per_device(reeve, "rest", REST_MAX, ARGS.devices, "up", "--arrival", f"uniform:{ARGS.devices / 100}")
            per_device(reeve, "pulling", PULLING_MAX, ARGS.devices // 4, "applying", "--scenario", flash.name)
        events(reeve, ARGS.devices // 4)
    finally:
        reeve.remove()


if __name__ == "__main__":
    main()
