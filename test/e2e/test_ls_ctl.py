#!/usr/bin/env python3
"""What the people who run a Location Server ask it: who feeds it, what is refused, who has an id. On a host
that has no RS, and in an all-in-one Reeve."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import api  # noqa: E402
import tap  # noqa: E402
from fleet import did, known_to_ls, until  # noqa: E402
from instance import CtlError, Instance  # noqa: E402
from remote import World  # noqa: E402
from tap import check, equal, test  # noqa: E402


def create(rs, number, key):
    rs.ctl("device", "create", did(number), "--ls-key", key)


def operators(host):
    return {o["name"]: o for o in host.ctl("ls", "operators")["operators"]}


def wait_for(host, name, **wanted):
    """The operator once it says all of this; what is 0, false or "" is left out of the answer."""
    return until(f"{name} with {wanted}", lambda: (lambda o: o if all(
        o.get(key, type(value)()) == value for key, value in wanted.items()) else None)(operators(host)[name]))


def conflicts(host, *more):
    return [(c["claimant"], c["distid"], c["reason"], c.get("holder", ""))
            for c in host.ctl("ls", "conflicts", *more)["conflicts"]]


def typed(host, *command, lang="C.UTF-8"):
    """What people see who say where the state is."""
    done = subprocess.run([host.reeve, "ctl", "--state-dir", host.state, *command], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "LC_ALL": lang}, check=False)
    return done.returncode, done.stdout + done.stderr


def refused(host, *command):
    try:
        host.ctl(*command)
    except CtlError as e:
        return e
    raise AssertionError(f"{command} was answered")


@test
def a_host_without_an_rs_tells_who_feeds_it_and_what_it_refuses():
    with World(west={"devices_max": 2}) as w:
        east, west = w.rs["east"], w.rs["west"]
        create(east, 1, "of-east")
        known_to_ls(w.ls, 1, key="of-east")
        for number in (1, 2, 3, 4):  # 1 is taken, 4 is one too many
            create(west, number, "of-west")
        known_to_ls(w.ls, 3, key="of-west")
        o = wait_for(w.ls, "west", held=2, taken=1, over_limit=1, untold=0, is_complete=True, failure="")
        equal((o["kind"], o["source"], o["devices_max"]), ("remote", f"https://127.0.0.1:{w.lines['west'].port}", 2),
              "where it comes from")
        until("the RS to know as much", lambda: [(r["refused"], r["cursor"]) for r in west.ctl("ls", "list")["readers"]
                                                 if r["name"] == "ls-1"] == [(2, o["cursor"])])
        wait_for(w.ls, "east", held=1, taken=0, over_limit=0, devices_max=0)

        first, fourth = ("west", did(1), "taken", "east"), ("west", did(4), "limit", "")
        equal(conflicts(w.ls), [first, fourth], "what is refused")
        equal(conflicts(w.ls, "--limit", "1"), [first], "a page")
        page = w.ls.ctl("ls", "conflicts", "--limit", "1", "--after", f"west/{did(1)}")
        equal([c["distid"] for c in page["conflicts"]], [did(4)], "the next page")
        equal(conflicts(w.ls, "--operator-name", "east"), [first], "claims against the holder")
        claims = w.ls.ctl("ls", "claims", did(1).lower())["claims"]
        equal([(c["claimant"], c["state"], c.get("given_version", 0)) for c in claims],
              [("east", "held", 1), ("west", "taken", 0)], "who claims the id, and what it was given")
        check("this LS has no operator" in refused(w.ls, "ls", "conflicts", "--operator-name", "north").text, "north")
        equal(refused(w.ls, "ls", "claims", did(9)).status, refused(east, "device", "show", did(9)).status,
              "an id that nobody has")

        code, text = typed(w.ls, "ls", "conflicts")
        check(code == 0 and "taken by another operator" in text and did(1) in text, text)
        code, text = typed(w.ls, "ls", "operators", lang="ja_JP.UTF-8")
        check(code == 0 and "上限超過" in text and "west" in text, text)

        # A line that is cut shows, and its last contact stays, also over a restart.
        w.lines["west"].cut()
        o = until("the failure", lambda: (lambda o: o if o.get("failure") else None)(operators(w.ls)["west"]))
        seen = o["last_contact_at"]
        w.ls.stop()
        w.ls.start()
        equal(wait_for(w.ls, "west", held=2)["last_contact_at"], seen, "last contact before the restart")
        w.lines["west"].mend()
        wait_for(w.ls, "west", failure="")
        east.ctl("device", "release", did(1))
        until("the end of the conflict", lambda: not conflicts(w.ls, "--operator-name", "east"))


@test
def an_all_in_one_reeve_answers_the_same_over_https_to_who_may_ask():
    with Instance() as reeve:
        create(reeve, 1, "k")
        known_to_ls(reeve, 1, key="k")
        o = wait_for(reeve, "local", held=1, kind="local", source="", failure="", is_complete=True)
        tokens = {role: reeve.ctl("token", "create", role, "--role", role)["token"] for role in ("viewer", "ls")}
        path = "/api/v2/location-server/"
        status, body = api.get(reeve, path + "operators", tokens["viewer"])
        equal((status, body["operators"][0]["name"], body["operators"][0]["held"]), (200, "local", 1), "over HTTPS")
        check(body["operators"][0]["last_contact_at"] >= o["last_contact_at"], "its clock goes on")
        status, body = api.get(reeve, path + "conflicts?limit=5", tokens["viewer"])
        equal((status, body["conflicts"]), (200, []), "no conflict with oneself")
        status, body = api.get(reeve, path + "claims/" + did(1), tokens["viewer"])
        equal((status, body["claims"][0]["state"]), (200, "held"), "one id")
        equal(api.get(reeve, path + "operators", tokens["ls"])[0], 403, "an LS may read the feed alone")
        equal(api.get(reeve, path + "operators", None)[0], 401, "nobody")
        status, body = api.get(reeve, path + "conflicts?after=nowhere", tokens["viewer"])
        equal((status, body["key"], body["where"]), (400, "ls.cursor", "after"), "a place that no page gave")


if __name__ == "__main__":
    tap.main()
