#!/usr/bin/env python3
"""SIGHUP on a whole Reeve: certificates change under open connections, each duty takes its items."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import armsclient  # noqa: E402
import fleet  # noqa: E402
import oldtls  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from fleet import code_of, did, document, metric, pull, query, until  # noqa: E402
from instance import Instance, conf_text  # noqa: E402
from tap import check, equal, test  # noqa: E402

reeve = None
conf = None


def setup():
    global reeve, conf
    reeve = Instance({"proxy": {"workers": 2, "legacy": True}, "ls": {"legacy": True}})
    conf = reeve.defaults()
    reeve.conf = conf
    reeve.start()
    for number in (1, 2):
        reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
        path = os.path.join(reeve.dir, "config")
        with open(path, "w", encoding="utf-8") as f:
            f.write("hostname x\n")
        reeve.ctl("config", "set", did(number), "startup", "--module", f"1,version=1.0={path}")


def teardown():
    reeve.remove()


def events(name):
    return [dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line)) for line in reeve.log_text().splitlines()
            if f"event={name} " in line or line.endswith(f"event={name}")]


def reload(changes=None, text=None, event="app.reload.done"):
    """Writes the configuration with these changes ({section: {item: value}}), has it read."""
    before = len(events(event))
    for section, items in (changes or {}).items():
        conf.setdefault(section, {}).update(items)
    with open(os.path.join(reeve.dir, "reeve.conf"), "w", encoding="utf-8") as f:
        f.write(text if text is not None else conf_text(conf))
    reeve.process.send_signal(signal.SIGHUP)
    return until(event, lambda: events(event)[before:])[0]


def connect(component):
    ctx = tlspeer.context()
    return ctx.wrap_socket(socket.create_connection(reeve.address(component), timeout=20))


def certificate(component):
    with connect(component) as s:
        return s.getpeercert(binary_form=True)


def renew(*names):
    """What `reeve pki init` makes anew when it is missing."""
    for name in names:
        os.unlink(os.path.join(reeve.state, "pki", name))
    done = subprocess.run([reeve.reeve, "pki", "init", "--config", os.path.join(reeve.dir, "reeve.conf"),
                           "--state", reeve.state], capture_output=True, text=True, timeout=60, check=False)
    equal(done.returncode, 0, done.stderr)


def finish_pull(s, number):
    """A pull on a connection that is open already."""
    body = armsclient.config_solicitation(did(number))
    s.sendall(armsclient.head(did(number), "rs-key", len(body)))
    s.sendall(body)
    answer = tlspeer.Answer()
    while data := s.recv(65536):
        answer.data += data
    return answer


@test
def a_new_certificate_is_for_new_connections_and_open_ones_go_on():
    for component, names in (("proxy", ("rs.crt", "rs.key")), ("ls", ("ls.crt", "ls.key"))):
        old = certificate(component)
        with connect(component) as s:
            renew(*names)
            reload()
            until("the new certificate", lambda c=component, o=old: certificate(c) != o)
            if component == "proxy":
                equal(code_of(finish_pull(s, 1)), 100, "the pull on the old connection")
            else:
                s.sendall(b"rubbish\r\n\r\n")
                check(s.recv(65536).startswith(b"HTTP/1."), "the old connection answers")
    equal(code_of(pull(reeve, 1, "rs-key")), 100, "a new pull")


@test
def the_api_changes_its_certificate_between_two_requests():
    ctx = ssl.create_default_context(cafile=os.path.join(reeve.state, "pki", "http-ca.crt"))
    ask = b"GET /api/v2/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ctx.wrap_socket(socket.create_connection(reeve.address("http")), server_hostname="127.0.0.1") as s:
        s.sendall(ask)
        check(b" 200 " in s.recv(64), "before")
        old = s.getpeercert(binary_form=True)
        renew("http.crt", "http.key")
        reload()
        until("the new certificate", lambda: certificate("http") != old)
    with ctx.wrap_socket(socket.create_connection(reeve.address("http")), server_hostname="127.0.0.1") as s:
        s.sendall(ask)
        check(b" 200 " in s.recv(64), "after")


@test
def the_legacy_process_takes_new_certificates_too():
    pair = {"legacy_certificate": "pki/rs-rsa.crt", "legacy_key": "pki/rs-rsa.key"}
    rsa, ec = oldtls.context(chain="rsa"), oldtls.context()
    pid = reeve.pids()["legacy"]

    def old_pull(ctx):
        return code_of(armsclient.send(reeve.address("proxy"), did(1), "rs-key",
                                       armsclient.config_solicitation(did(1)), ctx))

    def is_served():
        try:
            return old_pull(rsa) == 100
        except (OSError, ssl.SSLError):
            return False

    check(not is_served(), "a device without curves is served without an RSA key")
    with ec.wrap_socket(socket.create_connection(reeve.address("proxy"), timeout=20)) as s:
        done = subprocess.run([reeve.reeve, "pki", "renew", "rs-rsa", "--state", reeve.state], capture_output=True,
                              text=True, timeout=60, check=False)
        equal(done.returncode, 0, done.stderr)
        reload({"proxy": pair})
        until("the device without curves to be served", is_served)
        equal(code_of(finish_pull(s, 1)), 100, "the pull on the old connection")
        reload({"proxy": {name: "" for name in pair}})
        until("the device without curves to be refused", lambda: not is_served())
    equal(old_pull(ec), 100, "one with curves")
    equal(reeve.pids()["legacy"], pid, "the legacy process")


@test
def a_damaged_certificate_is_refused_and_named():
    path = os.path.join(reeve.state, "pki", "rs.crt")
    with open(path, encoding="utf-8") as f:
        good = f.read()
    old = certificate("proxy")
    for bad, event, item in (("no certificate\n", "app.reload.refused", "proxy.certificate"),
                             ("", "app.reload.failed", "proxy.certificate")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(bad)
        check(item in reload(event=event)["reason"], "the reason")
    equal(certificate("proxy"), old, "the certificate in use")
    equal(code_of(pull(reeve, 1, "rs-key")), 100, "a pull meanwhile")
    for pid in reeve.pids()["proxy"]:
        os.kill(pid, signal.SIGKILL)  # and after a crash, too
    until("a pull after a crash", lambda: reeve.http_get("status", "/readyz")[0] == 200)
    equal(certificate("proxy"), old, "the certificate in use")
    with open(path, "w", encoding="utf-8") as f:
        f.write(good)
    reload()


@test
def a_key_that_others_may_read_is_refused():
    path = os.path.join(reeve.state, "pki", "ls.key")
    os.chmod(path, 0o644)
    reason = reload(event="app.reload.failed")["reason"]
    check("ls.key" in reason and "0600" in reason, reason)
    os.chmod(path, 0o600)
    reload()


@test
def a_wrong_file_is_named_with_its_line():
    reason = reload(text="ls {\n    conns_max = many\n}\n", event="app.reload.failed")["reason"]
    check("reeve.conf:2" in reason and "ls.conns_max" in reason, reason)
    equal(code_of(pull(reeve, 1, "rs-key")), 100, "a pull meanwhile")
    reload()


@test
def live_items_of_rs_reach_the_next_device():
    reload({"rs": {"echo_interval": "33s", "push_port": 20443,
                   "pull_urls": conf["rs"]["pull_urls"] + ["https://127.0.0.1:1/other"]}})
    until("the echo interval", lambda: "33" in [e.text for e in document(query(reeve, 1, "rs-key"))[1].iter()])
    texts = [e.text for e in document(pull(reeve, 2, "rs-key"))[1].iter()]
    check("https://127.0.0.1:1/other" in texts and "20443" in texts, texts)


@test
def a_live_policy_decides_about_the_next_refusal():
    reeve.ctl("device", "create", did(3), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
    reeve.ctl("config", "set", did(3), "startup", "--module", f"1={os.path.join(reeve.dir, 'config')}")
    for trigger in ("power on boot", "invalid config"):
        equal(code_of(pull(reeve, 3, "rs-key", trigger=trigger)), 100, trigger)
    reload({"rs": {"config_refusals_max": 2, "config_fallback": "hold", "pull_loop_max": 1}})
    check(code_of(pull(reeve, 3, "rs-key", trigger="invalid config")) != 100, "held by the new policy")
    reload({"rs": {"config_refusals_max": 0}})
    equal(code_of(pull(reeve, 3, "rs-key", trigger="invalid config")), 100, "no policy")
    kinds = sorted(i["kind"] for i in reeve.ctl("incident", "list")["incidents"] if i["subject"] == did(3))
    equal(kinds, ["config_held", "pull_loop"], "incidents")


@test
def live_limits_of_edges_hold_for_new_connections():
    for component in ("ls", "http"):
        least = 8 if component == "http" else 1
        item = "connections_max" if component == "http" else "conns_max"
        held = [connect(component) for _ in range(least)]
        reload({component: {item: least}})
        name = f"reeve_{component}_connections_refused"

        def refused(component=component):
            try:
                connect(component).close()
            except OSError:
                return True
            return False
        until(f"{component} to refuse", refused)
        check(metric(reeve, name) > 0, f"{name} counts it")
        for s in held:
            s.close()
        reload({component: {item: 4096}})
        until(f"{component} to let us in", lambda: not refused())


def half_shaken():
    """A connection that stops after a whole ClientHello."""
    s = socket.create_connection(reeve.address("ls"), timeout=20)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        tlspeer.context().wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        s.sendall(outgoing.read())
    check(s.recv(1) == b"\x16", "no ServerHello")
    return s


def is_let_in(source="127.0.0.1"):
    try:
        with socket.create_connection(reeve.address("ls"), timeout=20, source_address=(source, 0)) as plain:
            tlspeer.context().wrap_socket(plain).close()
    except OSError:
        return False
    return True


@test
def a_live_bound_on_handshakes_holds_for_newcomers():
    busy = "reeve_ls_tls_handshakes_refused_total"
    before = metric(reeve, busy)
    held = []
    try:
        reload({"ls": {"handshakes_max": 2, "source_share": 100}})
        held = [half_shaken(), half_shaken()]
        until("a third handshake to be refused", lambda: not is_let_in())
        check(metric(reeve, busy) > before, "not counted")
        reload({"ls": {"handshakes_max": 3}})
        until("a third handshake", is_let_in)
    finally:
        for s in held:
            s.close()
        reload({"ls": {"handshakes_max": 128, "source_share": 25}})


@test
def a_live_share_of_one_source_holds_for_newcomers():
    held = []
    try:
        reload({"ls": {"conns_max": 8}})
        held = [connect("ls") for _ in range(4)]
        until("a fifth from one address to be refused", lambda: not is_let_in())
        check(is_let_in("127.0.0.2"), "another address is refused")
        reload({"ls": {"source_share": 100}})
        until("a fifth", is_let_in)
    finally:
        for s in held:
            s.close()
        reload({"ls": {"conns_max": 4096, "source_share": 25}})


@test
def a_live_idle_time_ends_silent_connections():
    def is_ended():
        with connect("http") as s:
            s.settimeout(4)
            try:
                return s.recv(1) == b""
            except TimeoutError:
                return False

    check(not is_ended(), "ended before")
    reload({"http": {"idle_timeout": "1s"}})
    until("a silent connection to be ended", is_ended)
    reload({"http": {"idle_timeout": "90s"}})


@test
def a_live_lifetime_is_that_of_the_next_certificate():
    reload({"ca": {"lifetime": "90d"}})
    reeve.ctl("device", "create", did(7), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
    shown = until("its certificate", lambda: (lambda d: d if "certificate_expires_at" in d else None)(
        reeve.ctl("device", "show", did(7))["device"]))
    left = subprocess.run(["date", "-d", shown["certificate_expires_at"], "+%s"], capture_output=True,
                          text=True, check=True)
    now = subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True)
    days = (int(left.stdout) - int(now.stdout)) / 86400
    check(88 < days < 92, f"{days} days in {json.dumps(shown)}")


@test
def what_needs_a_restart_is_shown_until_then():
    reload({"proxy": {"workers": 1}})
    body = until("the page", lambda: (lambda b: b if "needs a restart" in b else None)(
        reeve.http_get("status", "/readyz")[1]))
    check("proxy.0: needs a restart: proxy.workers\n" in body and body.endswith("ready\n"), body)
    equal(events("app.reload.needs_restart")[-1]["item"], "proxy.workers", "log")
    reload({"proxy": {"workers": 2}})
    until("the page", lambda: reeve.http_get("status", "/readyz") == (200, "ready\n"))


if __name__ == "__main__":
    tap.main(setup, teardown)
