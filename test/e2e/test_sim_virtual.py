#!/usr/bin/env python3
"""reeve sim virtual as people call it: seeds that hold, one that does not, and how it is played again."""
import json
import os
import shlex
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

REEVE = os.path.join(os.environ["REEVE_BUILD"], "cmd", "reeve")
SEEDS = int(os.environ.get("SIM_SEEDS", "200"))
HELD, BROKEN, USAGE = range(3)
SHORT = ("--devices", "5", "--duration", "60")
STORY = """
scenario {
  title = "servers die"
  duration = 300s
  repeat = 60s
}
arrival {
  how = uniform
  over = 20s
}
network {
  delay = 30ms
  jitter = 20ms
  drop = 3
}
partition stores {
  side = stores
  at = 60s
  lasts = 40s
}
partition half {
  side = rs
  share = 50
  at = 100s
  lasts = 30s
}
rebind nat {
  share = 40
  at = 50s
  every = 45s
}
crash rs {
  duty = rs
  point = rs.pull.recorded
  at = 30s
  down = 5s
  every = 50s
  times = 4
  unsynced = drop
}
crash store {
  duty = lsstore
  at = 40s
  down = 10s
  every = 70s
  times = 2
}
"""


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
def a_scenario_is_played_with_the_servers_side_of_it():
    with tempfile.NamedTemporaryFile("w", suffix=".scenario") as f:
        f.write(STORY)
        f.flush()
        done = run("--scenario", f.name, "--devices", "8", "--json", "--seed", "3")
        equal(done.returncode, HELD, done.stdout[-500:] + done.stderr)
        summary = lines(done)[-1]
        equal(summary["crashes"], 18, "four times the four of that machine, twice the store")
        equal(summary["power_cuts"], 4, "those that lose what was not synced")
        check(summary["holes"] > 0 and summary["segments_lost"] > 0, summary)
        half = run("--scenario", f.name, "--devices", "8", "--break", "half", "--seed", "3")
        check(f"--scenario {f.name}" in half.stdout, half.stdout)
        with tempfile.NamedTemporaryFile(suffix=".svg") as picture:
            drawn = run("--scenario", f.name, "--devices", "8", "--seed", "3", "--svg", picture.name)
            equal(drawn.returncode, HELD, drawn.stderr)
            texts = "".join(ElementTree.parse(picture.name).getroot().itertext())
            check("8 / 8" in texts and "nat" in texts, texts)
    check("does_not_exist" in run("--scenario", "does_not_exist").stderr, "a name")
    equal(run("--scenario", "power-cut", *SHORT[:2]).returncode, HELD, "a shipped one")


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
                 ("--duration", "x"), ("--storm",), ("--seeds", "2", "--svg", "x.svg"), ("--seed",), ("more",)):
        done = run(*args)
        equal(done.returncode, USAGE, args)
        check(done.stderr.startswith("reeve sim: "), done.stderr)
    done = run("--help", lang="ja_JP.UTF-8")
    equal(done.returncode, HELD, "help")
    check("不変条件" in done.stdout, done.stdout)


if __name__ == "__main__":
    tap.main()
