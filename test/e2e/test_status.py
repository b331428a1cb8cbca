#!/usr/bin/env python3
"""`reeve ctl status` and GET /api/v2/status: how everything is, above all when it is not well."""
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import api  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from fleet import until  # noqa: E402
from instance import Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

PATH = "/api/v2/status"
NOT_READY = 6  # exit status of `reeve ctl`


def run(reeve, *more, lang="C.UTF-8"):
    """(exit status, what is printed) of the command as people type it."""
    done = subprocess.run([reeve.reeve, "ctl", "--server", f"unix:{reeve.state}/bus.sock", "status", *more],
                          capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": lang}, check=False)
    return done.returncode, done.stdout + done.stderr


def status(reeve):
    code, text = run(reeve, "--json")
    check(code in (0, NOT_READY), f"exit {code}: {text}")
    got = json.loads(text)
    equal(code == 0, got["is_ready"], "the exit status tells it")
    return got


def process(got, name):
    return next(p for p in got["processes"] if p["process"] == name)


def notices(got, kind):
    return [n for n in got["notices"] if n["kind"] == kind]


def first_token(reeve):
    return re.search(r"rvt_\S+", reeve.log_text()).group()


@test
def when_all_is_well_one_look_says_so():
    before = time.time()
    with Instance() as reeve:
        got = until("all to be ready", lambda: (lambda s: s if s["is_ready"] else None)(status(reeve)))
        equal(got["notices"], [], "notices")
        equal(sorted(p["process"] for p in got["processes"]),
              ["ca.0", "http.0", "ls.0", "lsstore.0", "proxy.0", "rs.0", "status.0"], "processes")
        pids = reeve.pids()
        for p in got["processes"]:
            equal((p["state"], p["restarts"]), ("ready", 0), p["process"])
            check(p["pid"] in pids[p["process"].split(".")[0]], f"the pid of {p['process']}")
            check("is_confined" in p, f"the sandbox of {p['process']}")
        for name in ("ls", "proxy", "http", "status"):
            equal(process(got, f"{name}.0")["listeners"], [reeve.listening[name]], f"listeners of {name}")
        started = time.mktime(time.strptime(got["started_at"][:19] + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone
        check(before - 2 <= started <= time.time() + 2, f"started at {got['started_at']}")
        equal((got["devices"], got["waiting_devices"], got["open_incidents"], got["legacy_devices"]),
              (0, 0, 0, 0), "counts")
        equal(sorted(e["name"] for e in got["edges"]), ["http", "ls", "proxy"], "edges")
        equal({s["name"]: (s["driver"], s["is_away"]) for s in got["stores"]},
              {"rs": ("sqlite", False), "lsstore": ("sqlite", False)}, "stores")
        check({"ls.certificate", "proxy.certificate", "http.certificate"} <=
              {c["name"] for c in got["own_certificates"]}, "certificates")
        code, text = run(reeve)
        equal(code, 0, text)
        check(len(text.splitlines()) <= 40, "more than one screen")
        check(re.search(r"^all ready +yes$", text, re.M) and re.search(r"^rs\.0 +ready", text, re.M), text)
        code, text = run(reeve, lang="ja_JP.UTF-8")
        check(code == 0 and re.search(r"^準備完了 +はい$", text, re.M), text)


@test
def a_process_that_was_killed_has_a_restart_to_its_name():
    with Instance() as reeve:
        pid = reeve.pids()["proxy"][0]
        os.kill(pid, signal.SIGKILL)
        got = until("a new proxy", lambda: (lambda s: s if s["is_ready"] and process(s, "proxy.0")["restarts"] else None)(
            status(reeve)))
        p = process(got, "proxy.0")
        equal(p["restarts"], 1, "restarts")
        check(p["pid"] != pid and p["pid"] in reeve.pids()["proxy"], "its pid")


@test
def it_answers_while_rs_hangs_and_while_rs_dies_again_and_again():
    with Instance() as reeve:
        token = first_token(reeve)
        equal(api.get(reeve, PATH, token)[0], 200, "while rs is well")
        pid = reeve.pids()["rs"][0]
        os.kill(pid, signal.SIGSTOP)
        try:
            got = status(reeve)
            check(not got["is_ready"] and "devices" not in got, "what rs would know")
            equal((process(got, "rs.0")["state"], process(got, "ls.0")["state"]), ("silent", "ready"), "states")
            equal([n["subject"] for n in notices(got, "silent")], ["rs.0"], "silent")
            code, text = run(reeve)
            check(code == NOT_READY and "rs.0 does not answer (ETIMEOUT)." in text, text)
            code, answer = api.get(reeve, PATH, token)
            equal((code, answer["is_ready"]), (200, False), "a token that was good lately")
            code, answer = api.get(reeve, PATH, "rvt_other")
            equal((code, answer["key"]), (504, "op.no_rs"), "a token nobody has seen")
        finally:
            os.kill(pid, signal.SIGCONT)

        def down():
            for rs in reeve.pids().get("rs", []):
                try:
                    os.kill(rs, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            got = status(reeve)
            return got if notices(got, "waiting") else None
        got = until("rs to be seen down", down)
        p = process(got, "rs.0")
        equal((p["state"], p.get("pid"), p["note"]), ("waiting", None, "signal 9 (Killed)"), "rs")
        check("rs.0 is down: signal 9" in got["notices"][0]["text"], got["notices"][0]["text"])
        equal(api.get(reeve, PATH, token)[0], 200, "over HTTPS")
        until("rs to be back", lambda: status(reeve)["is_ready"])


@test
def a_device_that_needs_legacy_is_counted():
    with Instance() as reeve:
        for where in ("ls", "proxy"):
            try:
                tlspeer.exchange(reeve.address(where), [b"x"], tlspeer.context(version=ssl.TLSVersion.TLSv1))
                raise AssertionError("served")
            except ssl.SSLError:
                pass
        got = status(reeve)
        equal((got["legacy_devices"], got["is_ready"]), (1, True), "one address, at two servers")
        equal({e["name"]: e["legacy_refused"] for e in got["edges"]}, {"ls": 1, "proxy": 1, "http": 0}, "refused")
        code, text = run(reeve)
        check(code == 0 and "Devices that need legacy: 1 " in text, text)


@test
def over_https_a_token_needs_the_right():
    with Instance() as reeve:
        equal(api.get(reeve, PATH, "")[0], 401, "no token")
        code, answer = api.get(reeve, PATH, "rvt_wrong")
        equal((code, answer["key"]), (401, "rs.token"), "a wrong one")
        tokens = {role: reeve.ctl("token", "create", f"the-{role}", "--role", role)["token"]
                  for role in ("viewer", "ls")}
        code, answer = api.get(reeve, PATH, tokens["viewer"])
        equal((code, answer["is_ready"]), (200, True), "one that may read")
        code, answer = api.get(reeve, PATH, tokens["ls"])
        equal((code, answer["key"]), (403, "rs.right"), "one that may not")
        reeve.ctl("token", "delete", "the-viewer")
        equal(api.get(reeve, PATH, tokens["viewer"])[0], 401, "one that was deleted a moment ago")


@test
def only_a_running_server_can_tell():
    with Instance() as reeve:
        reeve.stop()
        done = subprocess.run([reeve.reeve, "ctl", "--server", f"sqlite:{reeve.state}/rs.db", "status"],
                              capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"},
                              check=False)
        check(done.returncode == 1 and "only a running server" in done.stderr, done.stderr)
        code, text = run(reeve)
        check(code == 5 and "no status answers" in text, text)


@test
def a_setting_that_waits_for_a_restart_is_named():
    with Instance() as reeve:
        path = os.path.join(reeve.dir, "reeve.conf")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(re.sub(r"(proxy \{.*?workers = )1", r"\g<1>2", text, flags=re.S))
        reeve.process.send_signal(signal.SIGHUP)
        got = until("the notice", lambda: notices(status(reeve), "needs_restart"))
        check(got[0]["subject"] == "proxy.0" and "proxy.workers" in got[0]["text"], str(got))
        equal(status(reeve)["is_ready"], True, "it works as before")


if __name__ == "__main__":
    tap.main()
