#!/usr/bin/env python3
"""Power cuts: whatever was not synced is lost, in part or in whole, at any moment; every acknowledged
write is there afterwards, no half-written config is ever served, the devices end up configured.

One story of an operator and devices runs with every operation on the state directory written down
(powercut/powercut.c). Then, for each seed, a moment of it is chosen and the state of the disk that a
cut may have left is made (support/disk.py) and looked at. POWERCUT_SEEDS: how many (20)."""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import disk  # noqa: E402
import fleet  # noqa: E402
import preload  # noqa: E402
import tap  # noqa: E402
from instance import CtlError, Instance  # noqa: E402

SEEDS = int(os.environ.get("POWERCUT_SEEDS", "20"))
WHOLE_STARTS = 5  # seeds that are not only read but started and pulled from
DEVICES = 3
STORY_SECONDS = 8


def config_text(number, version):
    """Several pages long, so that it can be torn."""
    return f"hostname device-{number}\nversion {version}\n" + f"line {number}.{version}\n" * 600


class Story:
    """Runs once; what was acknowledged is in the log, between the operations that made it so."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="reeve-test-")
        self.log = os.path.join(self.dir, "operations")
        # The library looks up names in /proc, which the sandbox does not let it.
        self.reeve = Instance({"reeve": {"sandbox": False}}, state=self.dir)
        self.stop_at = None

    def environment(self):
        return {"LD_PRELOAD": os.environ["POWERCUT"], "POWERCUT_DIR": self.reeve.state, "POWERCUT_LOG": self.log}

    def acknowledge(self, **fact):
        disk.acknowledge(self.log, fact)

    def operator(self, number):
        try:
            self.reeve.ctl("device", "create", fleet.did(number), "--ls-key", fleet.LS_KEY)
            self.acknowledge(device=number)
            version = 0
            while time.monotonic() < self.stop_at:
                version += 1
                path = os.path.join(self.dir, f"config-{number}")
                with open(path, "w", encoding="ascii") as f:
                    f.write(config_text(number, version))
                self.acknowledge(device=number, trying=version)
                self.reeve.ctl("config", "set", fleet.did(number), "startup", "--module", f"1,version=1={path}")
                self.acknowledge(device=number, config=version)
                self.boot(number, version)
        except (CtlError, OSError, AssertionError, subprocess.TimeoutExpired) as e:
            if time.monotonic() < self.stop_at:
                print(f"# operator {number}: {e}", flush=True)

    def boot(self, number, version):
        located = fleet.solicit(self.reeve, number)
        if fleet.code_of(located) != 100:
            return  # the LS has not heard of it yet
        answer = fleet.pull(self.reeve, number, fleet.rs_key(located))
        if fleet.code_of(answer) == 100:
            tap.equal(fleet.modules_of(answer), {1: config_text(number, version).encode()}, "config delivered")
            self.acknowledge(device=number, delivered=True)

    def run(self):
        preload.start(self.reeve, self.environment())
        self.stop_at = time.monotonic() + STORY_SECONDS
        threads = [threading.Thread(target=self.operator, args=(n,)) for n in range(1, DEVICES + 1)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        os.killpg(self.reeve.process.pid, signal.SIGKILL)
        self.reeve.process.wait()


class Known:
    """What had been acknowledged up to a moment."""

    def __init__(self):
        self.devices, self.config, self.trying, self.delivered = set(), {}, {}, {}

    def feed(self, fact):
        number = fact["device"]
        self.devices.add(number)
        if "config" in fact:
            self.config[number] = fact["config"]
        if "trying" in fact:
            self.trying[number] = fact["trying"]
        if "delivered" in fact:
            self.delivered[number] = self.delivered.get(number, 0) + 1

    def allowed(self, number):
        """The startup configs that may be there: the acknowledged one, or the one under way."""
        versions = {self.config.get(number), self.trying.get(number)} - {None}
        return {config_text(number, v) for v in versions}

    def check(self, ctl):
        for number in self.devices - {n for n in self.trying if n not in self.config}:
            ctl("device", "show", fleet.did(number))
        for number in self.config:
            shown = ctl("config", "show", fleet.did(number), "startup")
            tap.check(shown["modules"][0]["text"] in self.allowed(number), f"device {number}: another startup config")
            pulls = ctl("pull", "list", "--distid", fleet.did(number))["pulls"] if number in self.delivered else []
            delivered = sum(p["outcome"] == "delivered" for p in pulls)
            tap.check(delivered >= min(self.delivered.get(number, 0), 100),
                      f"device {number}: {self.delivered.get(number)} delivered, {delivered} recorded")


STORY = Story()
LOG = []


def setup():
    if "POWERCUT" in os.environ:
        STORY.run()
        LOG.extend(disk.records(STORY.log))
        facts = sum(r[0] == "A" for r in LOG)
        syncs = sum(r[0] == "s" for r in LOG)
        print(f"# {len(LOG)} operations, {syncs} syncs, {facts} acknowledgements", flush=True)


def cut(seed):
    """(state directory, what was known) of a seed."""
    moment = random.Random(seed * 7919 + 1).randrange(len(LOG)) if seed > 1 else len(LOG)
    left, known = disk.Disk(), Known()
    for record in LOG[:moment]:
        if record[0] == "A":
            known.feed(json.loads(record[6]))
        else:
            left.feed(*record)
    target = os.path.join(STORY.dir, f"cut-{seed}")
    os.mkdir(target)
    left.after_cut(seed, os.path.join(target, "state"))
    return target, known


def read_store(target):
    """Operations in this process's own rs core: no server."""
    def ctl(*command):
        url = f"sqlite:{target}/state/rs.db"
        done = subprocess.run([STORY.reeve.reeve, "ctl", "--server", url, "--json", *command],
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise CtlError(command, done)
        return json.loads(done.stdout)
    return ctl


@tap.test
def what_was_acknowledged_is_on_the_disk():
    looked_at = 0
    for seed in range(SEEDS):
        target, known = cut(seed)
        try:
            if known.devices:
                known.check(read_store(target))
                looked_at += 1
        except (AssertionError, CtlError) as e:
            raise AssertionError(f"seed {seed}: {e}") from e
        shutil.rmtree(target)
    tap.check(looked_at > SEEDS / 2, "the story was over before it began")


@tap.test
def a_reeve_starts_from_what_is_left_and_serves_it():
    for seed in [0, 1, *range(SEEDS, SEEDS + WHOLE_STARTS)]:
        target, known = cut(seed)
        reeve = Instance(state=target)
        try:
            reeve.start()
            known.check(reeve.ctl)
            for number in known.config:
                located = fleet.known_to_ls(reeve, number)
                answer = fleet.pull(reeve, number, fleet.rs_key(located))
                tap.equal(fleet.code_of(answer), 100, "code")
                served = fleet.modules_of(answer)[1].decode()
                tap.check(served in known.allowed(number), f"device {number}: served another config")
        except (AssertionError, CtlError, RuntimeError) as e:
            raise AssertionError(f"seed {seed}: {e}") from e
        finally:
            reeve.stop(signal.SIGKILL)
        shutil.rmtree(target)


@tap.test
def the_first_start_can_be_cut_anywhere():
    """Keys, certificates and tokens are made then; the next start finds none of them or all."""
    ready = next(i for i, r in enumerate(LOG) if r[0] == "A")
    for seed in range(2, 2 + WHOLE_STARTS):
        rng = random.Random(seed)
        left = disk.Disk()
        for record in LOG[:rng.randrange(ready)]:
            left.feed(*record)
        target = os.path.join(STORY.dir, f"first-{seed}")
        os.mkdir(target)
        left.after_cut(seed, os.path.join(target, "state"))
        reeve = Instance(state=target)
        try:
            reeve.start()
            reeve.ctl("device", "list")
        except (CtlError, RuntimeError) as e:
            raise AssertionError(f"seed {seed}: {e}") from e
        finally:
            reeve.stop(signal.SIGKILL)


@tap.test
def a_disk_that_forgets_what_was_synced_is_found_out():
    """The tests above can fail: without the syncs, something acknowledged is missing."""
    left, known = disk.Disk(), Known()
    for record in LOG:
        if record[0] == "A":
            known.feed(json.loads(record[6]))
        elif record[0] not in "sS" or not known.config:
            left.feed(*record)
    target = os.path.join(STORY.dir, "forgotten")
    os.mkdir(target)
    left.after_cut(0, os.path.join(target, "state"))
    try:
        known.check(read_store(target))
    except (AssertionError, CtlError):
        return
    raise AssertionError("nothing was missing")


if __name__ == "__main__":
    if "POWERCUT" not in os.environ:
        print("1..0 # SKIP the sanitizers want to be preloaded first themselves")
        sys.exit(0)
    try:
        tap.main(setup)
    finally:
        shutil.rmtree(STORY.dir, ignore_errors=True)
