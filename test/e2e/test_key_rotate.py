#!/usr/bin/env python3
"""`reeve key rotate` while everything runs, cut off at any step: no secret is lost, and running it
again ends it. With fail points, both it and the stores die at every step."""
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import pgserver  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, known_to_ls, modules_of, pull, until  # noqa: E402
from tap import check, equal, test  # noqa: E402

DEVICES = 40
KEY = "rs-key"
POINTS = ("key.added", "secret.key.written", "key.step.done", "key.resealed", "key.dropped")
STORE_POINT = "serve.box.resealed"
has_points = False
reeve = None


def setup():
    global reeve
    reeve = pgserver.StoredInstance("keys").start()
    path = reeve.write("config", b"pass ${secret:ppp}\n")
    reeve.ctl("secret", "set", "ppp", "--value", "hunter2")
    for number in range(DEVICES):
        reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", KEY)
    reeve.ctl("config", "set", did(1), "startup", "--module", f"1:secrets={path}")
    known_to_ls(reeve, DEVICES - 1)


def teardown():
    reeve.remove()


def key(word, point=None):
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    if point:
        env["REEVE_FAIL_POINT"] = point
    return subprocess.run([reeve.reeve, "key", word, "--state", reeve.state, "--config",
                           os.path.join(reeve.dir, "reeve.conf")],
                          capture_output=True, text=True, timeout=60, check=False, env=env)


def numbers():
    done = key("list")
    equal(done.returncode, 0, done.stderr)
    return [int(line.split()[0]) for line in done.stdout.splitlines()]


def boxes_open():
    """Secrets of both stores are used: rs_key by both, the rest by rs."""
    equal(code_of(fleet.solicit(reeve, 1)), 100, "the LS")
    answer = pull(reeve, 1, KEY)
    equal(code_of(answer), 100, "the RS")
    equal(modules_of(answer)[1], b"pass hunter2\n", "the config")


def rotate():
    def attempt():
        done = key("rotate")
        return done if done.returncode == 0 else None
    return until("a rotation", attempt, 30)


def start():
    reeve.start()
    until("the LS", lambda: code_of(fleet.solicit(reeve, 1)) == 100)


def one_key_opens_all():
    """Another rotation goes to its end; then a start with nothing but the file."""
    rotate()
    equal(len(numbers()), 1, "keys")
    reeve.stop()
    start()
    boxes_open()


@test
def a_rotation_ends_with_one_new_key():
    before = numbers()
    equal(len(before), 1, "keys before")
    done = rotate()
    check(re.search(r"rs: \d\d+ secrets", done.stdout), done.stdout)
    check(re.search(r"lsstore: \d\d+ secrets", done.stdout), done.stdout)
    after = numbers()
    equal(len(after), 1, "keys after")
    check(after != before, "another key")
    boxes_open()
    reeve.stop()  # and with nothing but the file
    start()
    boxes_open()


@test
def cut_off_at_any_time_it_is_gone_on_with():
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2):
        process = subprocess.Popen([reeve.reeve, "key", "rotate", "--state", reeve.state],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        boxes_open()
    one_key_opens_all()


@test
def killed_at_each_of_its_steps_it_is_gone_on_with():
    global has_points
    died = []
    for point in POINTS:
        done = key("rotate", point)
        check(done.returncode in (-signal.SIGKILL, 0), done.stderr)
        died += [point] if done.returncode else []
        boxes_open()
        check(len(numbers()) in (1, 2), "keys")
    check(died in ([], list(POINTS)), f"died at {died} only")
    has_points = bool(died)  # or a build without
    one_key_opens_all()


@test
def a_store_that_dies_between_two_boxes_loses_none():
    reeve.stop()
    os.environ["REEVE_FAIL_POINT"] = f"{STORE_POINT}:{DEVICES // 2}"
    try:
        reeve.start()
        done = key("rotate")
        equal((done.returncode, len(numbers())), (1, 2) if has_points else (0, 1), "exit status and keys")
        if has_points:
            until("a death", lambda: re.search(r"event=app.duty.died .*signal 9", reeve.log_text()))
        reeve.stop()
    finally:
        del os.environ["REEVE_FAIL_POINT"]
    start()
    boxes_open()
    one_key_opens_all()


@test
def without_the_stores_both_keys_stay():
    before = numbers()
    reeve.stop()
    done = key("rotate")
    equal(done.returncode, 1, done.stdout)
    check("is reeve running?" in done.stderr, done.stderr)
    equal(len(numbers()), 2, "both keys")
    start()
    boxes_open()
    rotate()
    check(len(numbers()) == 1 and numbers() != before, "ended")


@test
def a_store_that_dies_in_the_middle_comes_back_with_every_secret():
    for duty in ("rs", "lsstore"):
        process = subprocess.Popen([reeve.reeve, "key", "rotate", "--state", reeve.state],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for pid in reeve.pids().get(duty, []):
            os.kill(pid, signal.SIGKILL)
        process.wait(120)
        until("the LS", lambda: code_of(fleet.solicit(reeve, 1)) == 100)
        until("the RS", lambda: code_of(pull(reeve, 1, KEY)) == 100)
        boxes_open()
    one_key_opens_all()


if __name__ == "__main__":
    tap.main(setup, teardown)
