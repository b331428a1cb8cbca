#!/usr/bin/env python3
"""The skeleton of doc/sa-vendor (examples/port) does what the guide says of it: pieces, refusals, lines, ends."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import armspeers  # noqa: E402
import libarmscases as cases  # noqa: E402
import tap  # noqa: E402
from armspeers import coded  # noqa: E402
from libarmscases import peers  # noqa: E402
from tap import check, equal, test  # noqa: E402

# REEVE_RUNNER: what starts a program of another machine (scripts/cross).
PORT = [*os.environ.get("REEVE_RUNNER", "").split(), os.path.join(armspeers.BUILD, "examples", "port", "arms-port")]
NO_METHOD = "<push-method>unheard-of</push-method>"


def config(text):
    return f'<module id="1" version="1.0">os</module><md-config id="1">{text}</md-config>'


def run(p, status, line="line-dhcp {\n ifindex 7;\n};\n"):
    initial = os.path.join(cases.folder.name, "port-initial")
    with open(initial, "w", encoding="ascii") as f:
        f.write(f"{p.ls.url}\n\n0\n0\n")
    p.ls.script = [p.ls_answer(lines=line)]
    done = subprocess.run([*PORT, armspeers.DISTID, armspeers.LS_KEY, cases.certs.ls_root, initial],
                          capture_output=True, text=True, timeout=100, check=False)
    equal(done.returncode, status, done.stdout + done.stderr)
    return done.stdout.splitlines()


def lines_with(out, *words):
    return [line for line in out if line.startswith(words)]


@test
def it_pulls_applies_and_pulls_again_until_told_not_to():
    long = "hostname " + "x" * 5000
    with peers() as p:
        p.rs.script = [p.rs_answer(config(long)), p.query_answer(NO_METHOD), coded("config-solicitation", 501)]
        out = run(p, 3)
    equal(lines_with(out, "applied", "removed", "result"),
          ["applied: " + long, "result 105", "result 1126", "removed: module 1"], "EPULL, then EDONTRETRY")


@test
def lines_are_polled_until_they_are_up_and_taken_down():
    with peers() as p:
        p.rs.script = [coded("config-solicitation", 503)]
        out = run(p, 0)
    equal(lines_with(out, "line", "result"),
          ["line 0: DHCP started", "line 0: stopped", "line 7: DHCP started", "line 7: stopped", "result 104"],
          "the program's line to the LS, the LS's line to the RS, EREBOOT")


@test
def what_it_cannot_run_or_hold_is_refused_and_the_server_told():
    for bad in ("no hostname", "hostname " + "x" * 70000):
        with peers() as p:
            p.rs.script = [p.rs_answer(config(bad))]
            out = run(p, 0)
            check(b"<trigger>invalid config</trigger>" in p.ls.requests[1], p.ls.requests)
        equal(lines_with(out, "applied"), [], bad[:20])


if __name__ == "__main__":
    tap.main(cases.setup, cases.teardown)
