#!/usr/bin/env python3
"""The given recordings of the original client, played in both roles by scripts/replay."""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import tap  # noqa: E402


def play(name, role):
    done = subprocess.run([os.path.join(HERE, "..", "..", "scripts", "replay"), "--role", role,
                           os.path.join(HERE, "captures", name)], capture_output=True, text=True,
                          timeout=300, check=False)
    tap.check(done.returncode == 0 and f"{role}: passed" in done.stdout, done.stdout + done.stderr)


def add(name, role):
    def case():
        play(name, role)

    case.__name__ = f"{os.path.splitext(name)[0].replace('-', '_')}_{role}_role"
    tap.test(case)


for path in sorted(glob.glob(os.path.join(HERE, "captures", "*-*.txt"))):
    for role in ("device", "server"):
        add(os.path.basename(path), role)


@tap.test
def a_file_that_is_no_recording_is_refused_with_the_reason():
    done = subprocess.run([os.path.join(HERE, "..", "..", "scripts", "replay"), __file__],
                          capture_output=True, text=True, timeout=60, check=False)
    tap.check(done.returncode != 0 and "no record found" in done.stderr, done.stderr)


if __name__ == "__main__":
    tap.main()
