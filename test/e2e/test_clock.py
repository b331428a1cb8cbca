#!/usr/bin/env python3
"""The wall clock is set a day forward and a day back, under load: pulls go on, nothing is lost or
doubled, nothing fires in a burst, and the step is one event in the log."""
import os
import re
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import preload  # noqa: E402
import tap  # noqa: E402
from instance import Instance  # noqa: E402

DAY = 86400
STRANGER = 99


class Clock:
    def __init__(self, directory):
        self.path = os.path.join(directory, "offset")
        self.set(0)

    def set(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("q", seconds))


def configure(reeve, text):
    path = os.path.join(reeve.dir, "config")
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return reeve.ctl("config", "set", fleet.did(1), "startup", "--module", f"1,version=1={path}")["version"]["id"]


def boot(reeve, text):
    answer = fleet.pull(reeve, 1, fleet.rs_key(fleet.known_to_ls(reeve, 1)))
    tap.equal(fleet.code_of(answer), 100, "code")
    tap.equal(fleet.modules_of(answer), {1: text.encode()}, "config")


def stranger_count(reeve):
    """How often rs has heard of one whom nobody knows: the LS limits that by time."""
    waiting = reeve.ctl("device", "waiting")["devices"]
    return sum(w["count"] for w in waiting if w["distid"] == fleet.did(STRANGER))


def stepped(reeve):
    return [int(s) for s in re.findall(r"event=app\.clock\.stepped seconds=(-?\d+)", reeve.log_text())]


@tap.test
def a_day_forward_and_back():
    if "CLOCK" not in os.environ:
        raise tap.Skip("the sanitizers want to be preloaded first themselves")
    reeve = Instance()
    clock = Clock(reeve.dir)
    ids = []
    try:
        preload.start(reeve, {"LD_PRELOAD": os.environ["CLOCK"], "CLOCK_OFFSET": clock.path})
        reeve.ctl("device", "create", fleet.did(1), "--ls-key", fleet.LS_KEY)
        expected = []
        for number, offset in enumerate([0, DAY, 0, -DAY, 0]):
            before = stepped(reeve)
            clock.set(offset)
            if number > 0:
                fleet.until("the event", lambda n=before: len(stepped(reeve)) > len(n))
            ids.append(configure(reeve, f"number {number}\n"))
            boot(reeve, f"number {number}\n")
            expected.append(offset)
            heard = stranger_count(reeve)
            fleet.solicit(reeve, STRANGER)
            if number != 1 or heard == 0:  # the first note after one of this very second may wait
                fleet.until("the stranger's note", lambda h=heard: stranger_count(reeve) > h or h > 0)
        events = stepped(reeve)
        tap.equal(len(events), 4, f"events {events}")
        for got, want in zip(events, [DAY, -DAY, -DAY, DAY]):
            tap.check(abs(got - want) <= 2, f"stepped {got}, set by {want}")
        tap.equal(ids, sorted(ids), "ids of configs rise")
        pulls = reeve.ctl("pull", "list", "--distid", fleet.did(1))["pulls"]
        tap.equal(sum(p["outcome"] == "delivered" for p in pulls), len(ids), "pulls recorded")
        history = reeve.ctl("config", "history", fleet.did(1))["versions"]
        tap.equal([v["id"] for v in history], ids[::-1], "history, latest first")
        lines = len(reeve.log_text().splitlines())
        time.sleep(3)
        tap.check(len(reeve.log_text().splitlines()) - lines < 20, "the log runs wild")
    finally:
        reeve.remove()


@tap.test
def a_restart_with_the_clock_set_back():
    """What is made afterwards still comes after what was there."""
    if "CLOCK" not in os.environ:
        raise tap.Skip("the sanitizers want to be preloaded first themselves")
    first = Instance()
    try:
        first.start()
        first.ctl("device", "create", fleet.did(1), "--ls-key", fleet.LS_KEY)
        before = configure(first, "before\n")
        boot(first, "before\n")
        first.stop()
        second = Instance(state=first.dir)
        clock = Clock(first.dir)
        clock.set(-DAY // 4)  # certificates are good from a day before they were made
        try:
            preload.start(second, {"LD_PRELOAD": os.environ["CLOCK"], "CLOCK_OFFSET": clock.path})
            after = configure(second, "after\n")
            boot(second, "after\n")
            tap.check(after > before, f"{after} comes before {before}")
            pulls = second.ctl("pull", "list", "--distid", fleet.did(1))["pulls"]
            tap.equal(len([p for p in pulls if p["outcome"] == "delivered"]), 2, "pulls recorded")
            tap.check(pulls[0]["id"] > pulls[-1]["id"], "the latest pull is first")
        finally:
            second.stop()
    finally:
        first.remove()


if __name__ == "__main__":
    tap.main()
