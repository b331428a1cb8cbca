#!/usr/bin/env python3
"""`reeve verify-sa`: our libarms passes, and each deliberately broken device fails the numbers of its fault.

The broken devices have the core of libarms and one fault (broken_devices/broken_device.c). All of them are judged
side by side, because a judge mostly waits.
"""
import concurrent.futures
import json
import os
import select
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

BUILD = os.environ.get("REEVE_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
REEVE = os.path.join(BUILD, "cmd", "reeve")
BROKEN = os.path.join(BUILD, "test", "interop", "broken_devices", "broken_device")
PASSED, FAILED, USAGE, NEVER, FAILURE = range(5)
IDENTITY = '"$REEVE_VERIFY_DISTID" "$REEVE_VERIFY_KEY" "$REEVE_VERIFY_ROOT" "$REEVE_VERIFY_INITIAL"'
LIBARMS = f"exec {os.path.join(BUILD, 'examples', 'pull', 'arms-pull')} {IDENTITY}"
OLD_LIBARMS = (f"exec {os.path.join(BUILD, 'test', 'interop', 'probe', 'arms_probe')} --tls10 --line dhcp:0 "
               '--distid "$REEVE_VERIFY_DISTID" --key "$REEVE_VERIFY_KEY" --root "$REEVE_VERIFY_ROOT" '
               '--initial "$REEVE_VERIFY_INITIAL" pull query loop pull')
AT_ONCE = 10

# What each must fail, and what cannot be judged of it. Where one fault has several numbers:
# * the three for LS certificates differ in what is wrong with the certificate;
# * waits and rounds exist for pulls, for queries and where the LS named no interval;
# * who knows one RS only cannot pass over an unusable one (10 - 16);
# * who does not look at the status takes the answer of an LS and of an RS for good.
FAULTS = {
    "wrong-content-length": ({201}, set()),
    "no-authorization": ({202}, {225}),
    "lower-case-id": ({203}, set()),
    "trusts-any-ls": ({2, 3, 205}, set()),
    "ignores-ls-names": ({2, 3}, set()),
    "trusts-any-rs": ({6, 206}, set()),
    "never-waits": ({49, 210, 223}, {211}),
    "never-gives-up": ({211, 223}, set()),
    "knows-one-rs": ({10, 11, 13, 14, 16, 209}, {210, 211, 220, 221}),
    "accepts-half-a-config": ({226}, set()),
    "old-protocol-version": ({126}, set()),
    "own-trigger": ({126}, set()),
    "tells-the-ls-too-much": ({127}, set()),
    "speaks-http-1.1": ({17}, set()),
    "sends-a-declaration": ({204}, set()),
    "asks-for-the-root": ({208}, set()),
    "offers-one-method": ({222}, set()),
    "obeys-no-order": ({56, 74, 231, 232}, set()),
    "ignores-the-http-status": ({21, 209, 212}, {210, 211}),
    "reads-no-chunks": ({22, 23, 24, 25}, set()),
    "has-one-rs-key": ({225}, set()),
    "shows-no-certificate": ({9}, set()),
    "sends-twice": ({207}, set()),
}
ONLY_SHOULD = {"sends-a-declaration"}
# In a build that is slow: of the whole list the numbers that some fault fails, and 30, where a connection stays
# open long enough to see 207. 218: the query, which shows that an answer was accepted.
BRIEF = ",".join(str(n) for n in sorted({30, 218}.union(*(a | b for a, b in FAULTS.values()))))
pool = None
futures = {}


class Run:
    """One run of the judge; 20 s of slack, because this machine may be busy."""

    def __init__(self, *args, timeout=300):
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            done = subprocess.run(command(*args, "--json", out.name), capture_output=True, text=True,
                                  timeout=timeout, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
            text = out.read()
        self.status, self.text = done.returncode, done.stdout + done.stderr
        checks = json.loads(text)["checks"] if text else []
        self.verdicts = {c["number"]: c["verdict"] for c in checks}
        self.details = {c["number"]: f"{c['step']}: {c['detail']}" for c in checks if c["detail"]}

    def having(self, verdict):
        return {number for number, v in self.verdicts.items() if v == verdict}


def command(*args):
    return [REEVE, "verify-sa", "--port", "0", "--slack", "20", "--wait", "60", *args]


def judge_broken(name):
    only = ["--only", BRIEF] if os.environ.get("REEVE_TEST_BRIEF") else []
    return Run("--quick", *only, "--device-command", f"exec {BROKEN} {name} {IDENTITY}")


def setup():
    global pool
    pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
    futures["libarms"] = pool.submit(Run, "--quick", "--device-command", LIBARMS)
    for name in ("none", "never-queries", *FAULTS):
        futures[name] = pool.submit(judge_broken, name)


def teardown():
    pool.shutdown(cancel_futures=True)


def expect(name, run, failed, not_judged):
    equal(run.having("failed"), failed, f"{name}: failed\n{run.details}\n{run.text}")
    equal(run.having("not judged"), not_judged, f"{name}: not judged\n{run.text}")


@test
def libarms_passes():
    run = futures["libarms"].result()
    expect("libarms", run, set(), set())
    equal(run.status, PASSED, run.text)
    check(len(run.verdicts) > 80, run.verdicts)


@test
def the_broken_device_without_a_fault_passes():
    """So what the others fail is their fault and nothing else."""
    run = futures["none"].result()
    expect("none", run, set(), set())
    equal(run.status, PASSED, run.text)


@test
def the_table_of_faults_is_complete():
    listed = subprocess.run([BROKEN, "--list"], capture_output=True, text=True, check=True).stdout.split()
    equal(set(listed), {"none", "never-queries", *FAULTS}, "defects")


def broken(name, failed, not_judged):
    def case():
        run = futures[name].result()
        expect(name, run, failed, not_judged)
        equal(run.status, PASSED if name in ONLY_SHOULD else FAILED, run.text)
    case.__name__ = f"{name.replace('-', '_').replace('.', '_')}_fails_{'_'.join(map(str, sorted(failed)))}"
    test(case)


for fault, (numbers, others) in FAULTS.items():
    broken(fault, numbers, others)


@test
def who_never_queries_fails_218_and_the_rest_of_it_is_not_judged():
    run = futures["never-queries"].result()
    equal(run.having("failed"), {218}, run.text)
    check({9, 23, 30, 222, 223} <= run.having("not judged"), run.text)
    check({21, 56, 205, 206, 210, 211, 226, 231} <= run.having("passed"), run.text)
    equal(run.status, FAILED, run.text)


@test
def a_device_that_keeps_running_is_led_from_step_to_step():
    with tempfile.TemporaryDirectory() as kit:
        started = os.path.join(kit, "started")
        run = Run("--warm", "--only", "21,23,74,76,218,219,222,230", "--kit", kit, "--device-command",
                  f"echo x >>{started}; {LIBARMS}")
        equal((run.status, run.having("passed")), (PASSED, {21, 23, 74, 76, 218, 219, 222, 230}), run.text)
        with open(started, encoding="ascii") as f:
            equal(len(f.readlines()), 1, "starts")


@test
def a_kit_is_used_again():
    with tempfile.TemporaryDirectory() as folder:
        kit = os.path.join(folder, "kit")
        texts = []
        for _ in range(2):
            equal(Run("--only", "23", "--kit", kit, "--device-command", LIBARMS).status, PASSED, "exit status")
            texts.append([])
            for name in ("ls-root.crt", "ls-root.key", "ls-sa-key", "distribution-id"):
                with open(os.path.join(kit, name), encoding="ascii") as f:
                    texts[-1].append(f.read())
        equal(texts[0], texts[1], "root, keys and id")
        equal(os.stat(os.path.join(kit, "ls-sa-key")).st_mode & 0o777, 0o600, "mode of the key")
        with open(os.path.join(kit, "initial.conf"), encoding="ascii") as f:
            lines = f.read().split("\n")
        check(lines[0].startswith("https://127.0.0.1:") and lines[2:5] == ["", "1", "1"], lines)


@test
def devices_over_ipv6_are_judged_too():
    run = Run("--listen", "::1", "--only", "10,23,209,218", "--device-command", LIBARMS)
    equal((run.status, run.having("passed")), (PASSED, {10, 23, 209, 218}), run.text)


@test
def devices_that_speak_tls_1_0_only_are_judged_and_told():
    run = Run("--tls", "1.0", "--only", "1,23,218", "--device-command", OLD_LIBARMS)
    equal((run.having("passed"), run.having("failed")), ({23, 218}, {1}), run.text)
    equal(run.status, PASSED, "1 is a SHOULD")
    run = Run("--only", "5", "--device-command", OLD_LIBARMS.replace("--tls10 ", "--tls10-only "))
    equal((run.status, run.having("failed")), (FAILED, {5}), run.text)


@test
def a_device_that_never_comes_has_an_exit_status_of_its_own():
    equal(Run("--device-command", "exit 7").status, NEVER, "exit status")
    run = Run("--wait", "1", "--device-command", "sleep 60")
    equal(run.status, NEVER, run.text)


@test
def usage_and_failures_of_this_machine_are_told():
    equal(Run("--weather").status, USAGE, "exit status")
    run = Run("--listen", "192.0.2.1", "--device-command", "true")
    equal(run.status, FAILURE, run.text)
    check("192.0.2.1" in run.text, run.text)


@test
def a_report_is_written_and_the_language_is_the_users():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.md")
        equal(Run("--only", "23", "--report", path, "--device-command", LIBARMS).status, PASSED, "exit status")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        check("| 23 | MUST | pass | accepts an answer in one chunk | 2.3 |" in text, text)
        check("* 78-125: needs push" in text, text)
    for lang, wanted in (("C", "sends the exact Content-Length"), ("ja_JP.UTF-8", "Content-Lengthが正確である")):
        done = subprocess.run([REEVE, "verify-sa", "--list"], capture_output=True, text=True, check=True,
                              encoding="utf-8", env={**os.environ, "LC_ALL": lang})
        check(wanted in done.stdout, done.stdout)


def next_of(fifo):
    """What is written to it next; b"" when the last who wrote has gone."""
    poll = select.poll()
    poll.register(fifo, select.POLLIN)
    check(poll.poll(60 * 1000), "nothing came within 60 s")
    return os.read(fifo, 100)


@test
def an_interrupt_ends_the_device_and_reports_what_was_found():
    with tempfile.TemporaryDirectory() as folder:
        fifo = os.path.join(folder, "alive")
        os.mkfifo(fifo)
        # The device keeps the fifo open: its end is seen here as the end of the file.
        with subprocess.Popen(command("--only", "23", "--device-command", f"exec 3>{fifo}; echo on >&3; sleep 600"),
                              stdout=subprocess.PIPE, text=True) as judge:
            alive = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # does not wait for somebody who writes
            try:
                equal(next_of(alive), b"on\n", "the device")
                judge.send_signal(signal.SIGTERM)
                equal(next_of(alive), b"", "after the end of the device")
            except BaseException:
                judge.kill()
                raise
            finally:
                os.close(alive)
            judge.stdout.read()
            equal(judge.wait(60), NEVER, "exit status")


if __name__ == "__main__":
    tap.main(setup, teardown)
