#!/usr/bin/env python3
"""A fleet that pulls beside connections that do nothing (test/support/slowloris.py).

Both edges get half of them, all from one address, or from many with --sources. The fleet pulls at a
steady rate below what the machine can do (a simulator: real TLS, real device core), so that the
figures tell disturbance and not how two programs share a CPU; they are its pulls with them by its pulls
without, in the same time, and the slowest hundredth of the times until up.
"""
import argparse
import json
import os
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--build", default="build")
parser.add_argument("--slow", type=int, default=10000, help="connections that do nothing")
parser.add_argument("--sources", type=int, default=1, help="addresses they come from")
parser.add_argument("--devices", type=int, default=50, help="fewer than the machine can serve")
parser.add_argument("--seconds", type=int, default=30)
options = parser.parse_args()
os.environ["REEVE_BUILD"] = os.path.abspath(options.build)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import slowloris  # noqa: E402
from instance import Instance  # noqa: E402

RATIO_MIN = 0.9
FAILED_MAX = 0


def run(reeve, *args):
    done = subprocess.run([reeve.reeve, "sim", *args, "--devices", str(options.devices)],
                          capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return done.stdout


def fleet(reeve):
    """Every device pulls anew each second."""
    host, port = reeve.address("ls")
    out = run(reeve, "--state", reeve.state, "--ls", f"https://{host}:{port}/", "--json", "--repeat", "1",
              "--arrival", "uniform:1", "--duration", str(options.seconds), "--sources", "50")
    return json.loads(out.splitlines()[-1])


def figure(name, value, unit, budget, is_ok):
    print(f"slowloris.{name} {value:.3g} {unit} budget {budget} {'ok' if is_ok else 'short'}", flush=True)


def main():
    with Instance({"proxy": {"workers": 2}, "ls": {"workers": 2}}) as reeve:
        run(reeve, "register", "--store", f"unix:{reeve.state}/bus.sock")
        fleet(reeve)  # warm
        alone = fleet(reeve)
        half = options.slow // 2
        with slowloris.Process(reeve.address("ls"), half, options.sources) as at_ls, \
                slowloris.Process(reeve.address("proxy"), half, options.sources) as at_proxy:
            print(f"# open: {at_ls.open} at ls, {at_proxy.open} at proxy")
            beside = fleet(reeve)
    print(f"# alone: {json.dumps(alone)}\n# beside: {json.dumps(beside)}")
    ratio = beside["pulls"] / alone["pulls"]
    figure("pull_ratio", ratio, "", RATIO_MIN, ratio >= RATIO_MIN)
    failed = sum(beside["failed"].values()) if isinstance(beside["failed"], dict) else beside["failed"]
    figure("failed", failed, "calls", FAILED_MAX, failed <= FAILED_MAX)


main()
