#!/usr/bin/env python3
"""Crashes at every fail point of the pull path: nothing acknowledged is lost, the device ends up
configured. Each process that has the point dies there again and again, a few steps further on each
time. Needs a build with -Dfail_points=true (scripts/test makes one)."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from instance import CtlError, Instance  # noqa: E402

# Point, and how many times it is passed in a life: enough to get through a start.
POINTS = [("db.group.written", 12), ("db.group.committed", 12), ("serve.call.received", 6), ("serve.call.decided", 6),
          ("rs.pull.recorded", 2), ("ls.feed.applied", 3), ("front.request.read", 2), ("front.answer.known", 2),
          ("front.answer.sent", 2)]
ELSEWHERE = ("test_key_rotate.py",)  # tests that die at points of their own
DEVICES = 3
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PATIENCE_SECONDS = 150


class Story:
    """What an operator and three devices do, each as often as it takes to be acknowledged."""

    def __init__(self, reeve):
        self.reeve = reeve
        self.deadline = time.monotonic() + PATIENCE_SECONDS
        self.configs = {}  # acknowledged: device -> config
        self.delivered = {}  # device -> times a config was received

    def insist(self, what, attempt):
        while True:
            try:
                result = attempt()
                if result is not None:
                    return result
            except (CtlError, OSError, AssertionError, IndexError, ValueError, subprocess.TimeoutExpired) as e:
                last = str(e)
            else:
                last = "not yet"
            tap.check(time.monotonic() < self.deadline, f"{what}: {last}\n{self.reeve.log_tail()}")
            time.sleep(0.1)

    def create(self, number):
        try:
            self.reeve.ctl("device", "create", fleet.did(number), "--ls-key", fleet.LS_KEY)
        except CtlError as e:
            if "already" not in e.text and "EEXISTS" not in e.text:
                raise
        return True

    def configure(self, number):
        path = os.path.join(self.reeve.dir, f"config-{number}")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"hostname device-{number}\n")
        self.reeve.ctl("config", "set", fleet.did(number), "startup", "--module", f"1,version=1={path}")
        self.configs[number] = f"hostname device-{number}\n".encode()
        return True

    def boot(self, number):
        located = fleet.solicit(self.reeve, number)
        if fleet.code_of(located) != 100:
            return None
        answer = fleet.pull(self.reeve, number, fleet.rs_key(located))
        if fleet.code_of(answer) != 100:
            return None
        tap.equal(fleet.modules_of(answer), {1: self.configs[number]}, "config delivered")
        self.delivered[number] = self.delivered.get(number, 0) + 1
        return True

    def run(self):
        for number in range(1, DEVICES + 1):
            self.insist(f"create {number}", lambda n=number: self.create(n))
            self.insist(f"configure {number}", lambda n=number: self.configure(n))
        for number in range(1, DEVICES + 1):
            self.insist(f"boot {number}", lambda n=number: self.boot(n))

    def check(self):
        for number, config in self.configs.items():
            shown = self.insist("show", lambda n=number: self.reeve.ctl("config", "show", fleet.did(n), "startup"))
            tap.equal(shown["modules"][0]["text"].encode(), config, f"config of device {number}")
            pulls = self.insist("pulls", lambda n=number: self.reeve.ctl("pull", "list", "--distid", fleet.did(n)))
            delivered = sum(p["outcome"] == "delivered" for p in pulls["pulls"])
            tap.check(delivered >= self.delivered[number],
                      f"device {number}: {self.delivered[number]} delivered, {delivered} recorded")


def crash_at(point, nth):
    os.environ["REEVE_FAIL_POINT"] = f"{point}:{nth}"
    reeve = Instance({"ls": {"workers": 1}, "proxy": {"workers": 1}})
    try:
        reeve.start(wait=False)
        story = Story(reeve)
        story.run()
        story.check()
        crashes = len(re.findall(r'event=app.duty.died .*signal 9', reeve.log_text()))
        tap.check(crashes > 0, f"nobody died at {point}: the point is not where the story passes")
        print(f"# {point}: {crashes} crashes survived", flush=True)
    finally:
        del os.environ["REEVE_FAIL_POINT"]
        reeve.remove()


def add(point, nth):
    def case():
        crash_at(point, nth)

    case.__name__ = "nothing_acknowledged_is_lost_by_deaths_at_" + point.replace(".", "_")
    tap.test(case)


@tap.test
def every_fail_point_of_the_source_is_tried():
    named = set()
    for folder in ("lib", "server", "device", "cmd"):
        for directory, _, files in os.walk(os.path.join(SOURCE, folder)):
            for name in files:
                if name.endswith(".c") and name != "fail.c":
                    with open(os.path.join(directory, name), encoding="utf-8") as f:
                        named |= set(re.findall(r'rv_fail_point\("([^"]+)"\)', f.read()))
    tried = {p for p, _ in POINTS}
    for test in ELSEWHERE:
        with open(os.path.join(SOURCE, "test", "e2e", test), encoding="utf-8") as f:
            tried |= named & set(re.findall(r'"([a-z.]+)"', f.read()))
    tap.equal(sorted(named), sorted(tried), "fail points")


for _point, _nth in POINTS:
    add(_point, _nth)

if __name__ == "__main__":
    tap.main()
