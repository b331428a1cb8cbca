#!/usr/bin/env python3
"""The pull path against its bounds, alternated in one run: CPU seconds of all processes of ours.

    pull.accept-1.3, -1.2   bare OpenSSL accept loop / proxy + rs + store, per pull
    pull.resumed            a resumed TLS 1.2 pull's handshake / a full one, at our proxy
    pull.bootstraps         bare handshake pairs x 2 / a whole bootstrap, devices included
    pull.registered-*       what 100,000 registered devices cost at rest

    --short: fewer rounds and devices, to try the bench itself
    --same-suites: the bound, too, has the suites and groups that lib/tls prefers (stricter)
"""
import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "support"))

def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build-bench")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--devices", type=int, default=0, help="of the fleet that pulls")
    p.add_argument("--short", action="store_true")
    p.add_argument("--same-suites", action="store_true")
    p.add_argument("figures", nargs="*", choices=[[], "accept", "resumed", "bootstraps", "registered"])
    return p.parse_args()


ARGS = arguments()
os.environ["REEVE_BUILD"] = os.path.abspath(ARGS.build)
from instance import Instance  # noqa: E402
from pullbench import SEED, Bare, Load, measure, registered, wait_certificates  # noqa: E402


def report(name, values, unit, budget, is_least=True, note=""):
    value = statistics.median(values)
    is_ok = value >= budget if is_least else value <= budget
    print(f"pull.{name} {value:.3f} {unit} min {min(values):.3f} max {max(values):.3f}{note} "
          f"budget {budget} {'ok' if is_ok else 'short'}", flush=True)


# -- TLS accept and pull ------------------------------------------------------------------------


def accept(reeve, number):
    port = reeve.address("proxy")[1]
    version = number + SUITES
    once = Load(port, version, "full", FLEET, FLEET)
    if once.ok != FLEET:
        raise SystemExit(f"bench: {once.ok} of {FLEET} pulls were answered with a config")
    ratios, ours_rate, bare_rate, ours_us = [], [], [], []
    with Bare(reeve, version, once.request, once.answer) as bare:
        for _ in range(ARGS.rounds):
            bare_cpu, load = measure(bare.process.pid, lambda: Load(bare.port, version, "full", COUNT, FLEET))
            bare_rate.append(COUNT / load.wall)
            ours_cpu, load = measure(reeve.process.pid, lambda: Load(port, version, "full", COUNT, FLEET))
            if load.ok != COUNT:
                raise SystemExit(f"bench: {COUNT - load.ok} pulls failed")
            ours_rate.append(COUNT / load.wall)
            ours_us.append(ours_cpu / COUNT * 1e6)
            ratios.append(bare_cpu / ours_cpu)
    report(f"accept-{number}", ratios, "bare/ours", 0.75,
           note=f" ({statistics.median(ours_us):.0f} us CPU each; {statistics.median(ours_rate):.0f}/s, bare "
                f"{statistics.median(bare_rate):.0f}/s; answer of {once.answer} bytes)")


def resumed(reeve):
    port = reeve.address("proxy")[1]
    ratios, each = [], []
    for _ in range(ARGS.rounds):
        full, _ = measure(reeve.process.pid, lambda: Load(port, "1.2", "full", COUNT, FLEET, handshake=True))
        short, load = measure(reeve.process.pid, lambda: Load(port, "1.2", "resumed", COUNT, FLEET, handshake=True))
        if load.resumed != COUNT:
            print(f"pull.resumed {load.resumed / COUNT:.3f} of all were resumed budget 1 short")
            return
        ratios.append(short / full)
        each.append(short / COUNT * 1e6)
    report("resumed", ratios, "of a full handshake's CPU", 0.35, False, f" ({statistics.median(each):.0f} us)")


# -- whole bootstraps ---------------------------------------------------------------------------


def bootstrap(reeve, rate):
    """One fleet from power-on to its config, `rate` per second: (CPU per device of everybody, of the devices)"""
    before = os.times()
    ls = "https://%s:%d/" % reeve.address("ls")

    def run():
        return subprocess.run([reeve.reeve, "sim", "--devices", str(FLEET), "--seed", str(SEED), "--state",
                               reeve.state, "--ls", ls, "--arrival", f"uniform:{FLEET / rate:.1f}", "--json", "--quiet"],
                              check=True, capture_output=True, text=True, timeout=600).stdout

    servers, out = measure(reeve.process.pid, run)
    after = os.times()
    devices = after.children_user + after.children_system - before.children_user - before.children_system
    failed = sum(json.loads(out)["failed"].values())
    if failed > 0:
        print(f"# {failed} attempts failed: too fast for this machine now")
    return (servers + devices) / FLEET, devices / FLEET


def bootstraps(reeve):
    ratios, bounds, devices_us, ours_us = [], [], [], []
    root = os.path.join(reeve.state, "pki", "rs-ca.crt")
    for version in ("1.3" + SUITES,):
        with Bare(reeve, version, 0, 0) as bare:
            for _ in range(ARGS.rounds):
                cpu, load = measure(bare.process.pid,
                                    lambda: Load(bare.port, version, "full", COUNT, FLEET, root, True))
                pair = (cpu + load.cpu) / COUNT
                bounds.append(COUNT / load.wall / 2)
                # Below what it can do: those whom admission sends away would come again after 20 s.
                each, devices = bootstrap(reeve, LEISURE * bounds[-1])
                ratios.append(2 * pair / each)
                ours_us.append(each * 1e6)
                devices_us.append(devices * 1e6)
    report("bootstraps", ratios, "of the bound", 0.70,
           note=f" ({statistics.median(ours_us):.0f} us CPU each, {statistics.median(devices_us):.0f} of them "
                f"devices; bound {statistics.median(bounds):.0f}/s)")


# -- at rest ------------------------------------------------------------------------------------


def pss_of(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))


def table_bytes(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT t.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema t "
                               "ON t.name = d.name GROUP BY t.tbl_name"))


def at_rest():
    with Instance() as reeve:
        empty = {duty: sum(map(pss_of, pids)) for duty, pids in reeve.pids().items()}
    reeve = registered(MANY, "--modules", "1", "--bytes", "96")
    try:
        reeve.stop()
        reeve.start()
        wait_certificates(reeve, MANY)
        Load(reeve.address("proxy")[1], "1.3", "full", COUNT, FLEET)
        for duty, name in (("rs", "registered-rs"), ("lsstore", "registered-lsstore")):
            full = sum(pss_of(p) for p in reeve.pids()[duty])
            report(f"{name}-memory", [(full - empty[duty]) / MANY], "bytes/device", 1024, False,
                   f" ({full / 1048576:.1f} MiB in all)")
        reeve.stop()
        tables = table_bytes(os.path.join(reeve.state, "rs.db"))
        pulls = tables.pop("pull")
        configs = sum(n for name, n in tables.items() if name.startswith("config"))
        report("registered-db", [(sum(tables.values()) - configs) / MANY], "bytes/device", 3072, False,
               f" (configs of 96 bytes apart: {configs / MANY:.0f}; a pull's record: {pulls / COUNT:.0f})")
        ls = table_bytes(os.path.join(reeve.state, "ls.db"))
        report("registered-ls-db", [sum(ls.values()) / MANY], "bytes/device", 1024, False)
    finally:
        reeve.remove()


FLEET = ARGS.devices or (200 if ARGS.short else 2000)
COUNT = 200 if ARGS.short else 3000
MANY = 2000 if ARGS.short else 100000
LEISURE = 0.5
SUITES = "+" if ARGS.same_suites else ""


def main():
    wanted = ARGS.figures or ["accept", "resumed", "bootstraps", "registered"]
    reeve = registered(FLEET)
    try:
        if "accept" in wanted:
            accept(reeve, "1.3")
            accept(reeve, "1.2")
        if "resumed" in wanted:
            resumed(reeve)
        if "bootstraps" in wanted:
            bootstraps(reeve)
    finally:
        reeve.remove()
    if "registered" in wanted:
        at_rest()


if __name__ == "__main__":
    main()
