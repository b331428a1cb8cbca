#!/usr/bin/env python3
"""A device with our libarms that refuses a config, in real time: the config is held back, what ran
before is served, and people are told."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from fleet import did, until  # noqa: E402
from instance import BUILD, Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

reeve = None


def setup():
    global reeve
    reeve = Instance({"rs": {"config_refusals_max": 2, "rs_retry_interval": "1s", "rs_retry_max": 3,
                             "pull_loop_max": 6}}).start()


def teardown():
    reeve.remove()


def give(number, text):
    path = os.path.join(reeve.dir, "config")
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return reeve.ctl("config", "set", did(number), "startup", "--module", f"1,version=2.4={path}")["version"]["id"]


class Device:
    """A process with libarms; refuses configs with "bad" in them."""

    def __init__(self, number):
        host, port = reeve.address("ls")
        initial = os.path.join(reeve.dir, "initial.conf")
        with open(initial, "w", encoding="ascii") as f:
            f.write(f"https://{host}:{port}/\n\n1\n3\n")
        self.log = open(os.path.join(reeve.dir, f"device-{number}.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "examples", "pull", "arms-pull"), did(number), fleet.LS_KEY,
             os.path.join(reeve.state, "pki", "ls-root.crt"), initial, "bad"],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.log.close()


def outcomes(number):
    """Of its pulls, first one first."""
    pulls = reeve.ctl("pull", "list", "--distid", did(number))["pulls"]
    return [(p["outcome"], p["trigger"]) for p in reversed(pulls)]


def incidents(number, kind):
    return reeve.ctl("incident", "list", "--subject", did(number), "--kind", kind)["incidents"]


def running(number):
    return next((v["id"] for v in reeve.ctl("config", "history", did(number))["versions"] if v["is_running"]), None)


@test
def a_refused_config_gives_way_to_the_one_that_ran():
    reeve.ctl("device", "create", did(1), "--ls-key", fleet.LS_KEY)
    good = give(1, "good\n")
    with Device(1):
        until("the good config to run", lambda: running(1) == good)
    bad = give(1, "bad\n")
    with Device(1):
        incident = until("the incident", lambda: incidents(1, "config_held"))[0]
        until("the fallback to be served", lambda: outcomes(1)[-1][0] == "fallback")
    values = {p["name"]: p["value"] for p in incident["parameters"]}
    equal((values["config"], values["served"], values["modules"]), (bad, good, "1 (2.4)"), str(incident))
    check(incident["detail"].startswith("invalid config; arms-pull example"), incident["detail"])
    check(bad in incident["text"], incident["text"])
    refused = [o for o in outcomes(1) if o == ("delivered", "invalid config")]
    equal(len(refused), 1, f"deliveries after the first refusal: {outcomes(1)}")
    better = give(1, "better\n")
    equal(incidents(1, "config_held"), [], "a new config ends the hold")
    with Device(1):
        until("the better config to run", lambda: running(1) == better)


@test
def with_nothing_to_fall_back_on_the_device_waits_and_does_not_give_up():
    reeve.ctl("device", "create", did(2), "--ls-key", fleet.LS_KEY)
    give(2, "bad\n")
    with Device(2) as device:
        until("it to be held", lambda: ("held", "invalid config") in outcomes(2))
        until("it to ask again", lambda: outcomes(2).count(("held", "invalid config")) >= 3, 30)
        check(device.process.poll() is None, "it is alive")
        equal(reeve.ctl("device", "show", did(2))["device"]["state"], "held", "state")
        good = give(2, "good\n")
        until("the good config to run", lambda: running(2) == good, 30)


@test
def a_device_that_starts_again_and_again_is_told_of():
    reeve.ctl("device", "create", did(3), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
    give(3, "good\n")
    for _ in range(6):
        equal(fleet.code_of(fleet.pull(reeve, 3, "rs-key")), 100, "it is served all the same")
    equal(len(incidents(3, "pull_loop")), 1, "one incident")


if __name__ == "__main__":
    tap.main(setup, teardown)
