#!/usr/bin/env python3
"""The pull path through a whole Reeve: unknown, waiting, claimed, configured; refusals; crashes."""
import json
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import pgserver  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, known_to_ls, metric, pull, query, rs_key, solicit, until  # noqa: E402
from instance import CtlError  # noqa: E402
from tap import check, equal, test  # noqa: E402

reeve = None


def setup():
    global reeve
    reeve = pgserver.StoredInstance("pull", {"proxy": {"workers": 2}, "ls": {"workers": 2}}).start()


def teardown():
    reeve.remove()


def waiting(number):
    return next((w for w in reeve.ctl("device", "waiting")["devices"] if w["distid"] == did(number)), None)


def make(number, config=b"hostname x\n", key="rs-key", *more):
    """A registered device, with a startup config unless it is None."""
    reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", key, *more)
    if config is not None:
        give(number, config)


def give(number, config, kind="startup", *more):
    path = reeve.write(f"config-{number}", config)
    return reeve.ctl("config", "set", did(number), kind, "--module", f"1,version=1.0{''.join(more)}={path}")["version"]


def pulls(number):
    return reeve.ctl("pull", "list", "--distid", did(number))["pulls"]


def fails(pattern, *command):
    try:
        reeve.ctl(*command)
    except CtlError as e:
        check(re.search(pattern, e.text), f"{e.text!r} does not say {pattern!r}")
        return
    raise AssertionError(f"{command} was not refused")


# -- the story ------------------------------------------------------------------------------------


@test
def an_unknown_device_waits_is_claimed_and_pulls_its_config():
    config = b"hostname branch-7\r\n<&>\"'\ttab\n"
    equal(code_of(solicit(reeve, 1)), 420, "code for a stranger")
    entry = until("the caller to be listed", lambda: waiting(1))
    equal((entry["reason"], entry["server"], entry["description"]), ("unknown", "ls", "test device"), "entry")
    check(entry["address"].startswith("127.0.0.1:"), "address")
    fails("fingerprint", "device", "claim", did(1), "--key-print", "00000000")
    reeve.ctl("device", "claim", did(1), "--key-print", entry["key_print"])
    check(waiting(1) is None, "still listed")
    key = rs_key(known_to_ls(reeve, 1))
    equal(code_of(pull(reeve, 1, key)), 421, "code without a config")
    equal(waiting(1)["reason"], "no_config", "reason now")
    version = give(1, config)
    check(waiting(1) is None, "configured, but still waiting")
    answer = pull(reeve, 1, key, trigger="invalid config", firmware="2.4.1")
    equal(code_of(answer), 100, "code with a config")
    equal(fleet.modules_of(answer), {1: config}, "what arrived")
    last = pulls(1)[0]
    equal((last["trigger"], last["firmware"], last["code"], last["outcome"], last["config"]),
          ("invalid config", "2.4.1", 100, "delivered", version["id"]), "the record")
    fails("no running config", "config", "show", did(1), "running")
    equal(code_of(query(reeve, 1, key)), 100, "code of the query")
    equal(reeve.ctl("config", "show", did(1), "running")["version"]["id"], version["id"], "running config")
    equal(reeve.ctl("device", "show", did(1))["device"]["state"], "configured", "state")


@test
def the_key_claimed_on_first_use_is_the_only_one_accepted():
    equal(code_of(solicit(reeve, 1, key="another")), 403, "code for another key")
    entry = until("the caller to be listed", lambda: waiting(1))
    equal(entry["reason"], "wrong_key", "reason")


@test
def binary_and_large_configs_arrive_byte_for_byte():
    """bytes >= 0x80, NUL, a megabyte of them"""
    body = bytes(range(256)) * 4096
    make(2, None)
    path = reeve.write("binary", body)
    reeve.ctl("config", "set", did(2), "startup", "--module", f"7:binary,version=1={path}",
              "--module", "3,version=2")
    answer = pull(reeve, 2, "rs-key")
    equal(code_of(answer), 100, "code")
    check(fleet.modules_of(answer) == {7: body}, "the binary config differs")
    ids = [m.get("id") for m in fleet.document(answer)[1].iter("module")]
    equal(ids, ["7", "3"], "order of the modules")


@test
def a_pull_delivers_the_startup_config_and_not_the_draft():
    make(3, b"one")
    give(3, b"two", "working")
    equal(fleet.modules_of(pull(reeve, 3, "rs-key")), {1: b"one"}, "before apply")
    reeve.ctl("config", "apply", did(3))
    equal(fleet.modules_of(pull(reeve, 3, "rs-key")), {1: b"two"}, "after apply")
    versions = {v["id"] for v in reeve.ctl("config", "history", did(3))["versions"]}
    equal({p["config"] for p in pulls(3)}, versions, "versions delivered")


@test
def a_new_device_gets_its_certificate_before_it_calls():
    make(4)
    until("the certificate", lambda: reeve.ctl("device", "show", did(4))["device"].get("certificate_expires_at"))
    check("-----BEGIN CERTIFICATE" in pull(reeve, 4, "rs-key").data.decode(), "delivered")


# -- refusals -------------------------------------------------------------------------------------


@test
def every_refusal_has_its_code_and_is_recorded():
    make(10)
    make(11, None)
    make(12)
    make(13)
    reeve.ctl("device", "update", did(12), "--no-enabled")
    reeve.ctl("device", "update", did(13), "--rs", "elsewhere")
    known_to_ls(reeve, 12, code=404)
    cases = [
        (solicit, 99, fleet.LS_KEY, None, 420), (solicit, 10, "wrong", None, 403),
        (solicit, 10, "\xffk\xe9y", None, 403), (pull, 10, "\xffk\xe9y", None, 403),
        (solicit, 10, fleet.LS_KEY, did(99), 423), (solicit, 12, fleet.LS_KEY, None, 404),
        (pull, 99, "rs-key", None, 420), (pull, 10, "wrong", None, 403), (pull, 10, "", None, 403),
        (pull, 10, "rs-key", did(99), 423), (pull, 11, "rs-key", None, 421),
        (pull, 12, "rs-key", None, 404), (pull, 13, "rs-key", None, 416),
    ]
    for ask, number, key, message, code in cases:
        answer = ask(reeve, number, key, message)
        equal(code_of(answer), code, f"{ask.__name__} of {number} with {key!r}")
        check(b"md-config" not in answer.data and b"rs-preshared-key" not in answer.data, "data in a refusal")
    equal([(p["outcome"], p["code"]) for p in pulls(10)],
          [("error", 423)] + 3 * [("wrong_key", 403)], "records, latest first")
    equal(pulls(99)[0]["outcome"], "unknown", "record of a stranger")
    equal(pulls(13)[0]["outcome"], "other_rs", "record of another RS's device")
    equal(code_of(query(reeve, 10, "wrong")), 403, "query with a wrong key")
    equal(code_of(query(reeve, 10, "rs-key", methods=["https-carrier-pigeon"])), 416, "no common method")


@test
def what_cannot_be_delivered_cannot_be_set():
    make(20, b"good")
    path = reeve.write("accent", "line one\ncafé\n".encode())
    fails(r"module 1: byte 0xC3 at offset 12 \(line 2\) is not US-ASCII.*binary", "config", "set", did(20), "startup", "--module", f"1={path}")
    path = reeve.write("escape", b"\x1b")
    fails("0x1B", "config", "set", did(20), "startup", "--module", f"1={path}")
    equal(fleet.modules_of(pull(reeve, 20, "rs-key")), {1: b"good"}, "the config before stays")
    path = reeve.write("quotes", b'"' * (8 << 20))
    fails("as they are sent", "config", "set", did(20), "startup", "--module", f"1={path}")
    line = {"kind": "mobile", "account": "a" * 127, "password": "p" * 127, "apn": "m2m.example", "pdp_type": "ip"}
    path = reeve.write("big.json", json.dumps({"rs_urls": ["https://192.0.2.1/"], "lines": [line] * 5}).encode())
    fails(r"2[0-9]{3}", "location", "set", "big", "--file", path)
    fails("big", "location", "show", "big")


# -- crashes --------------------------------------------------------------------------------------


def kill(duty):
    before = reeve.pids().get(duty, [])
    check(before, f"no process of {duty}")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(f"{duty} to come back", lambda: (lambda now: len(now) == len(before) and not set(now) & set(before))(
        reeve.pids().get(duty, [])))
    until("readiness", lambda: reeve.http_get("status", "/readyz")[0] == 200)


@test
def killed_workers_come_back_and_serve():
    make(30)
    for duty in ("proxy", "ls", "lsstore", "ca"):
        kill(duty)
        equal(code_of(pull(reeve, 30, "rs-key")), 100, f"pull after {duty} was killed")
        known_to_ls(reeve, 30)
    make(31)
    check("sa-private-key" in pull(reeve, 31, "rs-key").data.decode(), "no certificate after ca was killed")


@test
def no_acknowledged_pull_is_lost_when_rs_is_killed():
    make(40)
    answered, stop = [], threading.Event()

    def device():
        while not stop.is_set():
            try:
                trigger = f"t{threading.get_ident()}-{len(answered)}-{time.monotonic_ns()}"
                answer = pull(reeve, 40, "rs-key", trigger=trigger)
                code = code_of(answer)
                if code == 100:
                    answered.append(trigger)
                else:
                    equal(code, 301, "code while rs is away")
            except (OSError, AssertionError) as e:
                if not isinstance(e, OSError):
                    answered.append(e)
                    return

    devices = [threading.Thread(target=device) for _ in range(4)]
    for d in devices:
        d.start()
    for _ in range(3):
        count = len(answered)
        until("some pulls", lambda: len(answered) > count + 10)
        kill("rs")
    stop.set()
    for d in devices:
        d.join()
    bad = [a for a in answered if isinstance(a, AssertionError)]
    check(not bad, f"{bad[:1]}")
    recorded, before = set(), None
    while True:
        page = reeve.ctl("pull", "list", "--distid", did(40), "--limit", "1000",
                         *(["--before", before] if before else []))["pulls"]
        recorded |= {p["trigger"] for p in page}
        if len(page) < 1000:
            break
        before = page[-1]["id"]
    lost = set(answered) - recorded
    check(not lost, f"{len(lost)} of {len(answered)} acknowledged pulls are not in the store")


@test
def while_rs_hangs_devices_hear_busy_and_the_ls_goes_on():
    make(50)
    known_to_ls(reeve, 50)
    pid = reeve.pids()["rs"][0]
    os.kill(pid, signal.SIGSTOP)
    try:
        equal(code_of(solicit(reeve, 50)), 100, "the LS without its RS")
        equal(code_of(solicit(reeve, 51)), 420, "a stranger meanwhile")
        started = time.monotonic()
        equal(code_of(pull(reeve, 50, "rs-key")), 301, "a pull without an RS")
        check(time.monotonic() - started < 20, "the device waited too long")
    finally:
        os.kill(pid, signal.SIGCONT)
    until("the stranger to be listed", lambda: waiting(51))
    equal(code_of(pull(reeve, 50, "rs-key")), 100, "a pull afterwards")


@test
def metrics_count_what_happened():
    make(60, None)
    pull(reeve, 60, "rs-key")
    give(60, b"x")
    pull(reeve, 60, "rs-key")
    for pattern in (r'reeve_rs_pulls_total\{.*outcome="delivered"', r'reeve_rs_pulls_total\{.*outcome="no_config"',
                    r"reeve_ls_solicitations_total", r'reeve_proxy_requests_total\{.*outcome="ok"',
                    r"reeve_proxy_tls_handshakes_total", r"reeve_rs_db_commits_total", r"reeve_rs_devices"):
        until(pattern, lambda: metric(reeve, pattern) > 0)
    text = reeve.http_get("status", "/metrics")[1]
    for name in sorted(set(re.findall(r"^(reeve_\w+)", text, re.M))):
        for comment in ("HELP", "TYPE"):
            check(f"# {comment} {name} " in text, f"{name} has no {comment}")


if __name__ == "__main__":
    tap.main(setup, teardown)
