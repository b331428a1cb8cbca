#!/usr/bin/env python3
"""A fleet that arrives five times faster than this machine can do the handshakes of it.

The bound is what bare OpenSSL needs, client and server on the same machine, for two handshakes per device. So
many devices as take the bound S seconds (--seconds, 600) arrive within S / 5, and all must be up within 1.5 x S,
refused by nothing but a close before TLS or result code 301. LS rounds are 20 s apart (interval 1), RS rounds
rs_retry_interval 10 s.

    storm.all-up    time until the last is up / S
    storm.refused   refusals by any other result code
    --short         5 s: only that all come up is judged
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build-bench")
    p.add_argument("--seconds", type=float, default=600)
    p.add_argument("--overload", type=float, default=5)
    p.add_argument("--short", action="store_true")
    return p.parse_args()


ARGS = arguments()
os.environ["REEVE_BUILD"] = os.path.abspath(ARGS.build)
from pullbench import SEED, Bare, Instance, Load, measure, registered  # noqa: E402

SECONDS = 5 if ARGS.short else ARGS.seconds
PROBE = 500 if ARGS.short else 3000
FACTOR = 1.5
CONF = {"rs": {"rs_retry_interval": "10s", "rs_retry_max": 1000}}


def bound_of(reeve):
    """Bootstraps per second: half the handshakes that both ends together can do."""
    root = os.path.join(reeve.state, "pki", "rs-ca.crt")
    with Bare(reeve, "1.3", 0, 0) as bare:
        rates = sorted(PROBE / Load(bare.port, "1.3", "full", PROBE, 1, root, True).wall for _ in range(3))
    return rates[1] / 2


def judge(name, value, unit, budget, note=""):
    print(f"storm.{name} {value:.3f} {unit}{note} budget {budget} {'ok' if value <= budget else 'short'}", flush=True)


def storm(reeve, devices, seconds):
    ls = "https://%s:%d/" % reeve.address("ls")
    done = subprocess.run([reeve.reeve, "sim", "--devices", str(devices), "--seed", str(SEED), "--state", reeve.state,
                           "--ls", ls, "--arrival", f"uniform:{seconds / ARGS.overload}", "--duration",
                           str(max(60, round(3 * seconds))), "--until-up", "--quiet", "--json"],
                          capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"bench: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    with Instance() as reeve:
        bound = bound_of(reeve)
    devices = max(100, round(bound * SECONDS))
    reeve = registered(devices, "--modules", "3", "--bytes", "1365", conf=CONF)
    try:
        cpu, events = measure(reeve.process.pid, lambda: storm(reeve, devices, SECONDS))
    finally:
        reeve.remove()
    summary = events[-1]
    took = summary["last_up_at"] / SECONDS
    wrong = sum(n for code, n in summary["refused"].items() if code != "301")
    print(f"# bound {bound:.0f} bootstraps/s; {devices} devices within {SECONDS / ARGS.overload:.0f} s; servers "
          f"{cpu / devices * 1e6:.0f} us CPU per device")
    print(f"# time to up: first {summary['first']} s, median {summary['median']} s, p99 {summary['p99']} s, last "
          f"{summary['last']} s; refused {summary['refused']}, failed {summary['failed']}")
    print(f"# slowest {summary['slowest']}")
    for past in summary["history"]:
        print(f"#   {past}")
    judge("down", devices - summary["up"], "devices", 0)
    judge("refused", wrong, "by other codes than 301", 0)
    if not ARGS.short:
        judge("all-up", took, "of the bound's time", FACTOR, f" ({summary['last_up_at']:.1f} s)")


if __name__ == "__main__":
    main()
