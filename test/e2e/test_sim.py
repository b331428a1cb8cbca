#!/usr/bin/env python3
"""A simulated fleet against a whole Reeve: all come up, whatever is killed meanwhile."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import simfleet  # noqa: E402
import tap  # noqa: E402
from instance import Instance  # noqa: E402
from simfleet import FAILURE, NOT_UP, UP, USAGE, count  # noqa: E402
from tap import check, equal, test  # noqa: E402

FLEET = 200
KILLS = 8
reeve = None


def setup():
    global reeve
    reeve = Instance({"proxy": {"workers": 2}, "ls": {"workers": 2},
                      "rs": {"rs_retry_interval": "1s"}}).start()


def teardown():
    reeve.remove()


def run(*args, lang="C.UTF-8"):
    return simfleet.run(reeve, *args, lang=lang)


def register(seed, devices=FLEET):
    simfleet.register(reeve, seed, devices)


def sim(seed, *args, devices=FLEET):
    return simfleet.play(reeve, seed, devices, *args)


@test
def a_fleet_comes_up_in_each_version_of_tls():
    register(1)
    for version in ("1.2", "1.3"):
        status, summary, events = sim(1, "--tls", version, "--query")
        equal((status, summary["up"], summary["all_up"]), (UP, FLEET, True), str(summary))
        equal((summary["refused"], sum(summary["failed"].values())), ({}, 0), "trouble")
        equal(count(events, "up"), FLEET, "pulls that ended well")
        check(summary["first"] <= summary["median"] <= summary["p99"] <= summary["last"], "order")


@test
def every_pull_of_the_fleet_is_on_record():
    done = reeve.ctl("pull", "list", "--limit", "1000")["pulls"]
    mine = [p for p in done if p["distid"].startswith("0001-0000-51B0-0080-0000-0001-")]
    equal((len(mine), {p["outcome"] for p in mine}), (2 * FLEET, {"delivered"}), "records")


@test
def all_come_up_again_after_a_power_cut():
    status, summary, events = sim(1, "--arrival", "uniform:1", "--power-cut", "2")
    equal((status, count(events, "cut")), (UP, FLEET), str(summary))
    check(count(events, "started") == 2 * FLEET, "switched on twice")


@test
def a_fleet_survives_the_death_of_proxies_under_it():
    """kill -9 of one worker of the proxy, again and again until some were noticed, then all come up"""
    killed = 0
    # Rounds to the LS are 20 s apart: who is cut off there comes back then.
    with simfleet.Live(reeve, 1, FLEET, "--arrival", "uniform:3", "--repeat", "1", "--duration", "250") as live:
        live.until(lambda e: e["event"] == "up")
        while killed < KILLS or count(live.events, "failed") == 0:
            pids = reeve.pids()["proxy"]
            victim = pids[killed % len(pids)]
            os.kill(victim, signal.SIGKILL)
            killed += 1
            while victim in reeve.pids().get("proxy", []) or not reeve.pids().get("proxy"):
                live.until(lambda e: e["event"] == "second")
            live.until(lambda e: e["event"] == "up")
        live.until(lambda e: e["event"] == "second" and e["up"] == FLEET)
        status, summary = live.stop()
    equal(set(summary["refused"]) - {"301"}, set(), "refusals")
    equal((status, summary["up"]), (UP, FLEET), str(summary))


@test
def a_storm_is_refused_by_nothing_but_closes_and_301():
    """five times more at once than can be served in a second"""
    register(9, 300)
    status, summary, _ = sim(9, "--arrival", "uniform:0.2", "--duration", "90", "--until-up", devices=300)
    equal((status, summary["up"]), (UP, 300), str(summary))
    equal(set(summary["refused"]) - {"301"}, set(), "refusals")
    equal({k for k, n in summary["failed"].items() if n} - {"closed before TLS"}, set(), "failures")


@test
def a_device_that_is_not_registered_does_not_come_up():
    status, summary, events = sim(77, "--duration", "1", devices=3)
    equal((status, summary["up"], summary["refused"]), (NOT_UP, 0, {"420": 3}), str(summary))
    refused = [e for e in events if e["event"] == "refused"]
    equal({(e["phase"], e["code"]) for e in refused}, {("LS", 420)}, "who refused")
    table = run("--devices", "1", "--seed", "77", "--state", reeve.state, "--duration", "1", "--ls",
                "https://127.0.0.1:1/")
    equal(table.returncode, NOT_UP, table.stderr)
    check("connect: 1" in table.stdout and "not up" in table.stdout, table.stdout)


@test
def a_config_that_is_not_the_registered_one_is_noticed():
    register(5, 1)
    distid = "0001-0000-51B0-0080-0000-0005-0000-0000"
    text = reeve.ctl("config", "show", distid, "startup")["modules"][0]["text"]
    path = os.path.join(reeve.dir, "wrong")
    with open(path, "w", encoding="ascii") as f:
        f.write(text[:-10] + "changed..\n")
    reeve.ctl("config", "set", distid, "startup", "--module", f"0,version=1={path}")
    status, summary, _ = sim(5, "--duration", "1", devices=1)
    equal((status, summary["up"]), (NOT_UP, 0), str(summary))
    check(summary["failed"]["config"] > 0, str(summary))


@test
def the_command_line_is_judged():
    for args, text in ((("--devices", "0"), "--devices 0"), (("--tls", "1.1"), "--tls 1.1"),
                       (("--arrival", "now"), "--arrival now"), (("--colour",), "--colour"),
                       (("--devices",), "needs a value"), (("x",), "x: not expected"),
                       (("register", "--tls", "1.2"), "no such option"), ((), "--ls-root"),
                       (("register",), "--store"), (("--state", "/nonexistent"), "/nonexistent"),
                       (("--ls-root", "x", "--repeat", "1"), "--duration"),
                       (("--ls-root", "x", "--power-cut", "5", "--duration", "5"), "power cut")):
        done = run(*args)
        equal(done.returncode, USAGE, f"{args}: {done.stderr}")
        check(text in done.stderr, f"{args}: {done.stderr}")
    done = run("--ls-root", "/nonexistent")
    equal(done.returncode, FAILURE, done.stderr)
    for args in (("--help",), ("register", "--help")):
        english, japanese = run(*args), run(*args, lang="ja_JP.UTF-8")
        equal((english.returncode, japanese.returncode), (0, 0), "help")
        check("usage: reeve sim" in english.stdout and "使い方: reeve sim" in japanese.stdout, "help")


if __name__ == "__main__":
    tap.main(setup, teardown)
