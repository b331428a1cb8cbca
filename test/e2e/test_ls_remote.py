#!/usr/bin/env python3
"""A Location Server on a host of its own, for RS operators on other hosts: what is registered, moved
and removed there reaches it over HTTPS through cuts of the line and crashes of every process."""
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, known_to_ls, pull, rs_key, solicit, until  # noqa: E402
from instance import CtlError  # noqa: E402
from remote import World  # noqa: E402
from tap import check, equal, test  # noqa: E402

KILLS = 12


def create(rs, number, key=fleet.LS_KEY):
    rs.ctl("device", "create", did(number), "--ls-key", key, "--rs-key", f"key-{number}")


def reader(rs):
    return next(r for r in rs.ctl("ls", "list")["readers"] if r["name"] == "ls-1")


def lag_is(rs, wanted):
    return until(f"lag {wanted}", lambda: wanted(reader(rs)["lag_records"]))


@test
def what_is_registered_and_removed_on_another_host_reaches_the_ls():
    with World(("east",)) as w:
        east = w.rs["east"]
        create(east, 1)
        equal(rs_key(known_to_ls(w.ls, 1)), "key-1", "the RS-SA key")
        equal(code_of(solicit(w.ls, 1, key="wrong")), 403, "a wrong key")
        lag_is(east, lambda lag: lag == 0)
        check(reader(east)["is_complete"], "the LS is complete")
        # It was given a version, and is seen with it after a pull.
        state = until("the report", lambda: east.ctl("device", "show", did(1))["device"].get("location_state"))
        equal(state["given_version"], 1, "the version given")
        path = os.path.join(east.dir, "config")
        with open(path, "w", encoding="ascii") as f:
            f.write("x\n")
        east.ctl("config", "set", did(1), "startup", "--module", f"1={path}")
        pull(east, 1, "key-1")
        until("the pull", lambda: east.ctl("device", "show", did(1))["device"]["location_state"]["seen_version"] == 1)
        # A stranger at this LS is known to the RS, and can be taken in by the key it showed.
        equal(code_of(solicit(w.ls, 7, key="shown")), 420, "a stranger")
        until("the note", lambda: any(d["distid"] == did(7) for d in east.ctl("device", "waiting")["devices"]))
        east.ctl("device", "claim", did(7))
        known_to_ls(w.ls, 7, key="shown")
        east.ctl("device", "delete", did(1))
        known_to_ls(w.ls, 1, code=420)
        equal(w.ls.pids().keys() >= {"ls", "lsstore", "lsfeed"}, True, "the processes of the LS")


@test
def an_id_has_one_operator_and_moves_when_it_is_released():
    with World() as w:
        east, west = w.rs["east"], w.rs["west"]
        create(east, 1, key="of-east")
        known_to_ls(w.ls, 1, key="of-east")
        create(west, 1, key="of-west")
        refused = until("the refusal", lambda: west.ctl("incident", "list")["incidents"])
        equal((refused[0]["kind"], refused[0]["subject"]), ("ls_refused", did(1)), "the incident")
        equal(west.ctl("device", "show", did(1))["device"]["ls_refused"], "ls-1", "who refused")
        equal(reader(west)["refused"], 1, "refused ids")
        equal(code_of(solicit(w.ls, 1, key="of-east")), 100, "the first keeps it")
        until("the figure", lambda: fleet.metric(w.ls, r'reeve_ls_operator_refused\{.*operator="west"') == 1)
        east.ctl("device", "release", did(1))
        known_to_ls(w.ls, 1, key="of-west")
        until("the end of the incident", lambda: not west.ctl("incident", "list")["incidents"])
        equal(east.ctl("device", "show", did(1))["device"]["is_released"], True, "it stays at its RS")
        west.ctl("device", "delete", did(1))
        east.ctl("device", "update", did(1), "--no-released")
        known_to_ls(w.ls, 1, key="of-east")


@test
def a_version_goes_to_a_group_first_and_back():
    with World(("east",)) as w:
        east = w.rs["east"]
        for number in (1, 2):
            create(east, number)
        url = ["--rs-urls", east.ctl("location", "show", "default")["location"]["rs_urls"][0]]
        spec = os.path.join(east.dir, "lines.json")
        with open(spec, "w", encoding="ascii") as f:
            f.write('{"lines": [{"kind": "pppoe", "account": "a@isp.example", "password": "one"}]}')
        east.ctl("group", "set", "lab", "--location", "default")
        equal(east.ctl("group", "assign", "lab", "--distids", did(2))["changed"], 1, "assigned")
        east.ctl("location", "set", "default", *url, "--file", spec, "--groups", "lab")

        def gets(number, word):
            answer = known_to_ls(w.ls, number)
            return until(f"{word} for {number}", lambda: word in answer.data.decode() or word in
                         solicit(w.ls, number).data.decode())

        gets(2, "line-pppoe")
        gets(1, "line-dhcp")
        counts = until("both reports", lambda: (lambda v: v if sum(x["given"] for x in v) == 2 else None)(
            east.ctl("location", "history", "default")["versions"]))
        equal([(v["version"], v["given"]) for v in counts], [(2, 1), (1, 1)], "who has what")
        changes = {c["field"]: (c["before"], c["after"]) for c in east.ctl("location", "diff", "default")["changes"]}
        equal(changes["lines[0].password"], ("", "***"), "a secret in a diff")
        east.ctl("location", "rollout", "default", "--percent", "100")
        gets(1, "line-pppoe")
        east.ctl("location", "rollback", "default")
        gets(1, "line-dhcp")
        gets(2, "line-dhcp")


@test
def after_a_cut_everything_arrives_and_nothing_twice():
    with World(("east",)) as w:
        east, line = w.rs["east"], w.lines["east"]
        for number in (1, 2):
            create(east, number)
            known_to_ls(w.ls, number)
        lag_is(east, lambda lag: lag == 0)
        line.cut()
        create(east, 3)
        east.ctl("device", "delete", did(1))
        equal(code_of(solicit(w.ls, 1)), 100, "the copy answers on")
        equal(code_of(solicit(w.ls, 9, key="shown")), 420, "a stranger while the line is cut")
        lag_is(east, lambda lag: lag == 2)
        time.sleep(2)
        w.ls.stop()  # and the LS itself starts anew meanwhile
        w.ls.start(wait=False)
        until("the answer of the old copy", lambda: answers(w.ls, 2, 100))
        equal(code_of(solicit(w.ls, 9, key="shown")), 420, "the stranger calls again")
        line.mend()
        known_to_ls(w.ls, 3)
        known_to_ls(w.ls, 1, code=420)
        lag_is(east, lambda lag: lag == 0)
        until("the note", lambda: [d["count"] for d in east.ctl("device", "waiting")["devices"]
                                   if d["distid"] == did(9)] == [1])
        w.ls.wait_ready()


def answers(ls, number, code):
    try:
        return code_of(solicit(ls, number)) == code
    except (OSError, AssertionError, IndexError):
        return False


def insist(what, attempt, place):
    deadline = time.monotonic() + 60
    while True:
        try:
            return attempt()
        except CtlError as e:
            if "EEXISTS" in e.text or "already" in e.text or "ENOTFOUND" in e.text or "there is no device" in e.text:
                return None  # it was done, and the answer got lost
            check(time.monotonic() < deadline, f"{what}: {e}\n{place.log_tail()}")
            time.sleep(0.2)


@test
def three_operators_at_once_each_have_their_own():
    names = ("east", "north", "west")
    with World(names) as w:
        # Each has devices of its own, and all three want device 9.
        for number, name in enumerate(names, start=1):
            create(w.rs[name], number, key=f"of-{name}")
        create(w.rs["north"], 9, key="of-north")
        known_to_ls(w.ls, 9, key="of-north")
        for name in ("east", "west"):
            create(w.rs[name], 9, key=f"of-{name}")
        for number, name in enumerate(names, start=1):
            known_to_ls(w.ls, number, key=f"of-{name}")
        for name in ("east", "west"):
            until(f"the refusal at {name}", lambda n=name: reader(w.rs[n])["refused"] == 1)
        equal(reader(w.rs["north"])["refused"], 0, "the holder is not refused")
        # One of them is cut off: the others go on.
        w.lines["north"].cut()
        create(w.rs["east"], 4, key="of-east")
        known_to_ls(w.ls, 4, key="of-east")
        equal(code_of(solicit(w.ls, 2, key="of-north")), 100, "the copy of the one that is cut off")
        w.rs["north"].ctl("device", "release", did(9))
        w.lines["north"].mend()
        heir = until("an heir", lambda: next((n for n in ("east", "west") if held(w.ls, 9, f"of-{n}")), None))
        other = "west" if heir == "east" else "east"
        until("the end of its refusal", lambda: reader(w.rs[heir])["refused"] == 0)
        equal(reader(w.rs[other])["refused"], 1, "one heir only")
        w.rs[heir].ctl("device", "delete", did(9))
        known_to_ls(w.ls, 9, key=f"of-{other}")
        until("no refusal left", lambda: not any(w.rs[n].ctl("incident", "list")["incidents"] for n in names))


def outcomes(answer):
    return {o["name"]: o.get("has_it", False) for o in answer["ls"]}


@test
def who_waits_for_the_ls_is_answered_when_every_one_has_it_or_the_time_is_over():
    with World(("east",)) as w:
        east, line = w.rs["east"], w.lines["east"]
        known = until("both LSs", lambda: len(east.ctl("ls", "list")["readers"]) == 2 and east.ctl("ls", "list"))
        equal(sorted(r["name"] for r in known["readers"]), ["local", "ls-1"], "who follows")
        answer = east.ctl("device", "create", did(1), "--ls-key", fleet.LS_KEY, "--wait-ls", "--wait-seconds", "30")
        equal(outcomes(answer), {"local": True, "ls-1": True}, "all have it")
        equal(code_of(solicit(w.ls, 1)), 100, "at once, on the other host")
        equal(code_of(solicit(east, 1)), 100, "at once, on this one")
        line.cut()
        begin = time.monotonic()
        answer = east.ctl("device", "delete", did(1), "--wait-ls", "--wait-seconds", "2")
        check(time.monotonic() - begin >= 2, "it gave up early")
        equal(outcomes(answer), {"local": True, "ls-1": False}, "one is cut off")
        equal(code_of(solicit(w.ls, 1)), 100, "it said the truth")
        line.mend()
        east.ctl("group", "set", "lab", "--location", "default")
        answer = east.ctl("device", "create", did(2), "--ls-key", fleet.LS_KEY)
        equal(answer.get("ls", []), [], "nobody waited")
        answer = east.ctl("group", "assign", "lab", "--prefix", "0001", "--wait-ls", "--wait-seconds", "30")
        equal((answer["changed"], outcomes(answer)), (1, {"local": True, "ls-1": True}), "many at once")
        answer = east.ctl("device", "release", did(2), "--wait-ls", "--wait-seconds", "30")
        equal(outcomes(answer), {"local": True, "ls-1": True}, "released")
        equal(code_of(solicit(w.ls, 2)), 420, "and gone")
        # A stop does not wait for who waits.
        line.cut()
        waiting = subprocess.Popen([east.reeve, "ctl", "--server", f"unix:{east.state}/bus.sock", "device", "create",
                                    did(3), "--ls-key", "k", "--wait-ls", "--wait-seconds", "60"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("the device", lambda: any(d["distid"] == did(3) for d in east.ctl("device", "list")["devices"]))
        begin = time.monotonic()
        equal(east.stop(), 0, "exit")
        check(time.monotonic() - begin < 20, "the stop waited")
        waiting.wait(10)


@test
def killed_processes_lose_nothing_that_was_acknowledged():
    seed = int(os.environ.get("REEVE_SEED", "20"))
    print(f"# seed {seed}")
    chance = random.Random(seed)
    with World() as w:
        east, west = w.rs["east"], w.rs["west"]
        registered = {}
        for step in range(KILLS):
            host, duty = chance.choice([(w.ls, "lsstore"), (w.ls, "lsfeed"), (east, "rs"), (west, "rs"),
                                        (east, "http")])
            rs, name = chance.choice([(east, "east"), (west, "west")])
            number = chance.randrange(1, 6)
            pid = host.pids().get(duty, [None])[0]
            if pid:
                os.kill(pid, signal.SIGKILL)
            holder = registered.get(number)
            if holder is None:
                insist("create", lambda: create(rs, number, key=name), rs)
                registered[number] = name
            else:  # it moves to the other one
                other = "west" if holder == "east" else "east"
                insist("create", lambda: create(w.rs[other], number, key=other), w.rs[other])
                insist("delete", lambda: w.rs[holder].ctl("device", "delete", did(number)), w.rs[holder])
                registered[number] = other
        for number, name in registered.items():
            until(f"{name} to hold {number}", lambda: held(w.ls, number, name), seconds=60)
        for rs in (east, west):
            until("no refusal left", lambda: not rs.ctl("incident", "list")["incidents"], seconds=60)


def held(ls, number, name):
    try:
        return code_of(solicit(ls, number, key=name)) == 100
    except (OSError, AssertionError, IndexError):
        return False


@test
def a_token_that_may_not_read_the_feed_is_refused():
    with World(("east",)) as w:
        east = w.rs["east"]
        viewer = east.ctl("token", "create", "eyes", "--role", "viewer")["token"]
        equal([t["name"] for t in east.ctl("token", "list")["tokens"]], ["admin", "eyes", "ls-1"], "the tokens")
        w.ls.stop()
        w.write("east.token", viewer + "\n")
        w.ls.start(wait=False)
        until("the refusal", lambda: "lsfeed.rs.failed" in w.ls.log_text() and "feed.read" in w.ls.log_text())
        done = east.ctl_over_https(viewer, "device", "create", did(1), "--ls-key", "x")
        check(done.returncode != 0 and "device.write" in done.stderr, f"a viewer writes: {done.stderr}")
        try:
            east.ctl("token", "delete", "admin")
            raise AssertionError("the last admin token was deleted")
        except CtlError as e:
            check("admin" in e.text, e.text)


if __name__ == "__main__":
    tap.main()
