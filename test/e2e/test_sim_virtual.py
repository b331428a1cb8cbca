#!/usr/bin/env python3
"""reeve sim virtual as people call it: seeds that hold, one that does not, and how it is played again."""
import json
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

REEVE = os.path.join(os.environ["REEVE_BUILD"], "cmd", "reeve")
SEEDS = int(os.environ.get("SIM_SEEDS", "200"))
HELD, BROKEN, USAGE = range(3)
SHORT = ("--devices", "5", "--duration", "60")


def run(*args, lang="C.UTF-8"):
    return subprocess.run([REEVE, "sim", "virtual", *args], capture_output=True, text=True,
                          timeout=900, check=False, env={**os.environ, "LC_ALL": lang})


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@test
def many_seeds_hold():
    done = run("--seed", "1", "--seeds", str(SEEDS), *SHORT)
    equal(done.returncode, HELD, done.stdout + done.stderr)
    check(f"{SEEDS}, broken 0" in done.stdout, done.stdout)


@test
def a_seed_plays_the_same_again():
    done = run("--seed", "77", "--seeds", "4", "--twice", *SHORT)
    equal(done.returncode, HELD, done.stdout + done.stderr)
    one, other = (lines(run("--seed", "77", "--json", *SHORT)) for _ in range(2))
    for events in (one, other):
        for event in events:
            event.pop("real_ms", None)
    equal(one, other, "two runs")
    equal([e["event"] for e in one[-2:]], ["result", "summary"], "the end")
    check(any(e["event"] == "up" for e in one), "nobody came up")


@test
def a_broken_seed_is_told_with_the_command_that_plays_it_again():
    done = run("--seed", "1", "--seeds", "6", "--break", "half", "--faults", "kills,lines", *SHORT)
    equal(done.returncode, BROKEN, done.stdout)
    replays = [line for line in done.stdout.splitlines() if line.startswith("replay: ")]
    check(replays, done.stdout)
    complaint = done.stdout.splitlines()[done.stdout.splitlines().index(replays[0]) - 1]
    check("whole" in complaint, complaint)
    words = shlex.split(replays[0])[1:]
    equal(words[:3], ["reeve", "sim", "virtual"], "the command")
    again = run(*words[3:])
    equal(again.returncode, BROKEN, again.stdout)
    check(complaint in again.stdout.splitlines(), (complaint, again.stdout))


@test
def what_is_no_function_of_the_seed_is_found():
    done = run("--break", "unseeded", "--twice", *SHORT)
    equal(done.returncode, BROKEN, done.stdout)
    check("replay is broken" in done.stdout, done.stdout)


@test
def one_device_can_be_followed():
    done = run("--trace", "device.1", *SHORT)
    equal(done.returncode, HELD, done.stdout)
    trace = [line for line in done.stdout.splitlines() if " device." in line]
    check(len(trace) > 5 and all(" device.1 " in line for line in trace), done.stdout[:2000])


@test
def what_cannot_be_meant_is_refused():
    for args in (("--seeds", "0"), ("--devices", "1000000"), ("--faults", "rain"), ("--break", "it"),
                 ("--duration", "x"), ("--storm",), ("--seed",), ("more",)):
        done = run(*args)
        equal(done.returncode, USAGE, args)
        check(done.stderr.startswith("reeve sim: "), done.stderr)
    done = run("--help", lang="ja_JP.UTF-8")
    equal(done.returncode, HELD, "help")
    check("不変条件" in done.stdout, done.stdout)


if __name__ == "__main__":
    tap.main()
