#!/usr/bin/env python3
"""The given recordings of the original client, played in both roles by scripts/replay.

    test_replay.py [1.0] [CASE...]      1.0: over TLS 1.0, as the original was shipped, to both kinds of key
"""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import tap  # noqa: E402


def play(name, role, how):
    done = subprocess.run([os.path.join(HERE, "..", "..", "scripts", "replay"), "--role", role, *how,
                           os.path.join(HERE, "captures", name)], capture_output=True, text=True,
                          timeout=300, check=False)
    tap.check(done.returncode == 0 and f"{role}: passed" in done.stdout, done.stdout + done.stderr)
    if role == "device" and how:
        tap.check(" TLSv1 " in done.stdout and "TLSv1.2" not in done.stdout, done.stdout)


def add(name, role, how, chain=""):
    def case():
        play(name, role, how)

    case.__name__ = f"{os.path.splitext(name)[0].replace('-', '_')}_{role}_role{chain}"
    tap.test(case)


IS_OLD = sys.argv[1:2] == ["1.0"]
if IS_OLD:
    del sys.argv[1]  # what remains are names of cases
for path in sorted(glob.glob(os.path.join(HERE, "captures", "*-*.txt"))):
    for role in ("device", "server"):
        for chain in ("ec", "rsa") if IS_OLD else ():
            add(os.path.basename(path), role, ["--tls", "1.0", "--chain", chain], f"_{chain}")
        if not IS_OLD:
            add(os.path.basename(path), role, [])


@tap.test
def a_file_that_is_no_recording_is_refused_with_the_reason():
    done = subprocess.run([os.path.join(HERE, "..", "..", "scripts", "replay"), __file__],
                          capture_output=True, text=True, timeout=60, check=False)
    tap.check(done.returncode != 0 and "no record found" in done.stderr, done.stderr)


if __name__ == "__main__":
    tap.main()
