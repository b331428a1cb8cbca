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
from remote import World  # noqa: E402

# Point, and how many times it is passed in a life: enough to get through a start.
POINTS = [("db.group.written", 12), ("db.group.committed", 12), ("serve.call.received", 6), ("serve.call.decided", 6),
          ("rs.pull.recorded", 2), ("ls.feed.applied", 3), ("front.request.read", 2), ("front.answer.known", 2),
          ("front.answer.sent", 2)]
# The same, and the RS comes to know what its LS gave. The LS commits by itself then: it lives for longer.
REPORT_POINTS = [("db.group.written", 25), ("db.group.committed", 25), ("rs.feed.read", 6), ("rs.report.kept", 2),
                 ("ls.feed.read", 3), ("ls.given.stored", 1), ("ls.report.sent", 2), ("ls.report.told", 2)]
# Of the LS that follows an RS on another host: a story of its own.
REMOTE_POINTS = [("lsfeed.request.taken", 6), ("lsfeed.answer.read", 6)]
RESEAL_POINTS = [("serve.box.resealed", 3)]
# Points of a command, tried by its own test.
ELSEWHERE = {"test_key_rotate.py": ["key.added", "secret.key.written", "key.step.done", "key.resealed",
                                    "key.dropped"]}
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
            except (CtlError, OSError, AssertionError, IndexError, ValueError, subprocess.SubprocessError) as e:
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

    def told(self, number):
        """The RS knows what its LS gave; what died unwritten is given and told again."""
        if self.reeve.ctl("device", "show", fleet.did(number))["device"].get("location_state"):
            return True
        fleet.solicit(self.reeve, number)
        time.sleep(1)
        return None

    def run(self, is_told=False):
        for number in range(1, DEVICES + 1):
            self.insist(f"create {number}", lambda n=number: self.create(n))
            self.insist(f"configure {number}", lambda n=number: self.configure(n))
        for number in range(1, DEVICES + 1):
            self.insist(f"boot {number}", lambda n=number: self.boot(n))
            if is_told:
                self.insist(f"report of {number}", lambda n=number: self.told(n))

    def check(self):
        for number, config in self.configs.items():
            shown = self.insist("show", lambda n=number: self.reeve.ctl("config", "show", fleet.did(n), "startup"))
            tap.equal(shown["modules"][0]["text"].encode(), config, f"config of device {number}")
            pulls = self.insist("pulls", lambda n=number: self.reeve.ctl("pull", "list", "--distid", fleet.did(n)))
            delivered = sum(p["outcome"] == "delivered" for p in pulls["pulls"])
            tap.check(delivered >= self.delivered[number],
                      f"device {number}: {self.delivered[number]} delivered, {delivered} recorded")


def crash_at(point, nth, is_told=False):
    os.environ["REEVE_FAIL_POINT"] = f"{point}:{nth}"
    reeve = Instance({"ls": {"workers": 1}, "proxy": {"workers": 1}})
    try:
        reeve.start(wait=False)
        story = Story(reeve)
        story.run(is_told)
        story.check()
        died_at(reeve.log_text(), point)
    finally:
        del os.environ["REEVE_FAIL_POINT"]
        reeve.remove()


def died_at(log, point):
    crashes = len(re.findall(r'event=app.duty.died .*signal 9', log))
    tap.check(crashes > 0, f"nobody died at {point}: the point is not where the story passes")
    print(f"# {point}: {crashes} crashes survived", flush=True)


def crash_remote_at(point, nth):
    """The LS is on another host, and dies there: what the RS acknowledged arrives all the same."""
    with World(("east",), fail_point=f"{point}:{nth}") as w:
        east = w.rs["east"]

        def answers(number, code):
            try:
                return fleet.code_of(fleet.solicit(w.ls, number)) == code
            except (OSError, AssertionError, IndexError):
                return False

        for number in range(1, DEVICES + 1):
            east.ctl("device", "create", fleet.did(number), "--ls-key", fleet.LS_KEY)
            fleet.until(f"device {number}", lambda n=number: answers(n, 100), PATIENCE_SECONDS)
        east.ctl("device", "delete", fleet.did(1))
        fleet.until("the deletion", lambda: answers(1, 420), PATIENCE_SECONDS)
        fleet.until("what was given", lambda: east.ctl("device", "show", fleet.did(2))["device"].get("location_state"),
                    PATIENCE_SECONDS)
        died_at(w.ls.log_text(), point)


def rotate(reeve):
    return subprocess.run([reeve.reeve, "key", "rotate", "--state", reeve.state, "--config",
                           os.path.join(reeve.dir, "reeve.conf")], capture_output=True, timeout=60,
                          check=False).returncode == 0


def crash_resealing_at(point, nth):
    """A page of boxes is sealed anew as a whole: whoever dies in one has changed none of it."""
    with Instance() as reeve:
        story = Story(reeve)
        story.run()
        reeve.stop()
        os.environ["REEVE_FAIL_POINT"] = f"{point}:{nth}"
        try:
            reeve.start(wait=False)
            fleet.until("a death", lambda: not rotate(reeve) and "signal 9" in reeve.log_text(), PATIENCE_SECONDS)
        finally:
            del os.environ["REEVE_FAIL_POINT"]
            reeve.stop()
        died_at(reeve.log_text(), point)
        reeve.start()
        fleet.until("a rotation", lambda: rotate(reeve), PATIENCE_SECONDS)
        again = Story(reeve)
        again.configs, again.delivered = story.configs, story.delivered
        for number in story.configs:
            again.insist(f"boot {number}", lambda n=number: again.boot(n))
        again.check()


def crash_telling_at(point, nth):
    crash_at(point, nth, is_told=True)


def add(point, nth, crash=crash_at):
    def case():
        crash(point, nth)

    case.__name__ = "nothing_acknowledged_is_lost_by_deaths_at_" + point.replace(".", "_")
    if crash is crash_telling_at:
        case.__name__ += "_while_the_ls_reports"
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
    elsewhere = [point for points in ELSEWHERE.values() for point in points]
    tried = {p for p, _ in POINTS + REPORT_POINTS + REMOTE_POINTS + RESEAL_POINTS}
    tap.equal(sorted(named), sorted(tried | set(elsewhere)), "fail points")
    for name, points in ELSEWHERE.items():
        with open(os.path.join(SOURCE, "test", "e2e", name), encoding="utf-8") as f:
            text = f.read()
        tap.equal([p for p in points if f'"{p}"' not in text], [], f"points that {name} does not try")


for _point, _nth in POINTS:
    add(_point, _nth)
for _point, _nth in REPORT_POINTS:
    add(_point, _nth, crash_telling_at)
for _point, _nth in REMOTE_POINTS:
    add(_point, _nth, crash_remote_at)
for _point, _nth in RESEAL_POINTS:
    add(_point, _nth, crash_resealing_at)

if __name__ == "__main__":
    tap.main()
