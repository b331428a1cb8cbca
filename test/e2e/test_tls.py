#!/usr/bin/env python3
"""TLS of the edges: who may come in, by which process it is served, and who may resume."""
import os
import signal
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import armsclient  # noqa: E402
import fleet  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from fleet import LS_KEY, code_of, did, metric, until  # noqa: E402
from instance import Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

TLS10, TLS11 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
WORKERS = 3
ROTATION_SECONDS = 4
ALERT_VERSION = bytes((21, 3, 1, 0, 2, 2, 70))
ALERT_FALLBACK = bytes((21, 3, 1, 0, 2, 2, 86))


def add_device(reeve, number):
    reeve.ctl("device", "create", did(number), "--ls-key", LS_KEY, "--rs-key", "rs-key")
    path = os.path.join(reeve.dir, "config")
    with open(path, "w", encoding="ascii") as f:
        f.write("hostname x\n")
    reeve.ctl("config", "set", did(number), "startup", "--module", f"1={path}")


def pull(reeve, number=1, where="proxy", **how):
    body = armsclient.config_solicitation(did(number))
    return armsclient.send(reeve.address(where), did(number), "rs-key", body, **how)


def solicit(reeve, number=1, **how):
    body = armsclient.rs_solicitation(did(number))
    return armsclient.send(reeve.address("ls"), did(number), LS_KEY, body, **how)


def rsa_leaf(reeve, ca, name, subject):
    """An RSA certificate of one of the instance's CAs, as `legacy_certificate` wants it."""
    pki = os.path.join(reeve.state, "pki")
    key, crt, csr = (os.path.join(pki, f"{name}.{end}") for end in ("key", "crt", "csr"))
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr,
                    "-subj", subject], **quiet)
    subprocess.run(["openssl", "x509", "-req", "-in", csr, "-CA", f"{pki}/{ca}.crt", "-CAkey", f"{pki}/{ca}.key",
                    "-CAcreateserial", "-days", "30", "-sha256", "-out", crt], **quiet)
    os.chmod(key, 0o600)
    return f"pki/{name}.crt", f"pki/{name}.key"


def plain(address, data):
    """What comes back for these bytes, to the end."""
    with socket.create_connection(address, timeout=20) as s:
        s.sendall(data)
        got = b""
        try:
            while piece := s.recv(4096):
                got += piece
        except ConnectionResetError:
            got += b" reset"
        return got


def hello_of(version, fallback=False):
    ctx = tlspeer.context(version=version)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ctx.wrap_bio(incoming, outgoing)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = bytearray(outgoing.read())
    if fallback:  # the last suite becomes TLS_FALLBACK_SCSV
        at = 5 + 4 + 2 + 32
        at += 1 + hello[at]
        length = int.from_bytes(hello[at:at + 2], "big")
        hello[at + length:at + length + 2] = b"\x56\x00"
    return bytes(hello)


# ---- tickets ----

@test
def a_device_resumes_on_any_worker_also_after_one_died():
    with Instance({"proxy": {"workers": WORKERS}}) as reeve:
        add_device(reeve, 1)
        ctx = tlspeer.context(ca=os.path.join(reeve.state, "pki", "rs-ca.crt"))
        first = pull(reeve, ctx=ctx)
        check(not first.resumed, "the first handshake is resumed")
        session = first.session

        def workers_that_resumed():
            again = pull(reeve, ctx=ctx, session=session)
            equal(code_of(again), 100, "a pull on a resumed session")
            check(again.resumed, "a worker did a full handshake")
            return sum(metric(reeve, rf'reeve_proxy_tls_resumed_total{{duty="proxy",instance="{i}"}}') > 0
                       for i in range(WORKERS)) == WORKERS

        until("every worker to have resumed it", workers_that_resumed)
        for pid in reeve.pids()["proxy"]:
            os.kill(pid, signal.SIGKILL)
            check(pull(reeve, ctx=ctx, session=session).resumed, "not resumed after a worker died")
        until("new workers", lambda: len(reeve.pids().get("proxy", [])) == WORKERS)
        until("every new worker to have resumed it", workers_that_resumed)


@test
def a_session_lives_through_one_rotation_and_not_through_two():
    with Instance({"reeve": {"ticket_rotation": f"{ROTATION_SECONDS}s"}}) as reeve:
        add_device(reeve, 1)
        ctx = tlspeer.context()

        def rotations():
            return reeve.log_text().count("app.tickets.rotated")

        def rotated(times):
            until(f"rotation {times}", lambda: rotations() >= times, seconds=4 * ROTATION_SECONDS)

        rotated(rotations() + 1)  # from here a whole period
        begun = rotations()
        session = pull(reeve, ctx=ctx).session
        check(pull(reeve, ctx=ctx, session=session).resumed, "not resumed at once")
        rotated(begun + 1)
        renewed = pull(reeve, ctx=ctx, session=session)
        check(renewed.resumed, "not resumed after one rotation")
        rotated(begun + 2)
        check(not pull(reeve, ctx=ctx, session=session).resumed, "resumed after two rotations")
        check(pull(reeve, ctx=ctx, session=renewed.session).resumed, "the renewed ticket is not good")


@test
def a_session_of_one_server_is_none_of_the_other():
    with Instance() as reeve:
        add_device(reeve, 1)
        ctx = tlspeer.context()
        session = solicit(reeve, ctx=ctx).session
        check(solicit(reeve, ctx=ctx, session=session).resumed, "the LS does not resume its own")
        answer = pull(reeve, ctx=ctx, session=session)
        equal(code_of(answer), 100, "the pull")
        check(not answer.resumed, "the proxy resumed a session of the LS")


# ---- devices of TLS 1.0 ----

@test
def by_default_nothing_below_tls_1_2_is_served_and_who_asks_is_told_and_counted():
    with Instance() as reeve:
        add_device(reeve, 1)
        check("legacy" not in reeve.pids(), "the legacy process runs")
        for where in ("ls", "proxy"):
            for version in (TLS10, TLS11):
                equal(plain(reeve.address(where), hello_of(version)), ALERT_VERSION, f"{where}, {version.name}")
            try:
                tlspeer.exchange(reeve.address(where), [b"x"], tlspeer.context(version=TLS10))
                raise AssertionError("served")
            except ssl.SSLError as e:
                check("PROTOCOL_VERSION" in str(e).upper(), f"the client is told {e}")
            equal(metric(reeve, rf'reeve_tls_legacy_refused_total{{duty="{where}"'), 3, "refused")
            equal(metric(reeve, rf'reeve_tls_legacy_refused_addresses{{duty="{where}"'), 1, "addresses")
        lines = [line for line in reeve.log_text().splitlines() if "tls.legacy.refused" in line]
        equal(len(lines), 2, "log lines: one per server and address")
        equal(code_of(pull(reeve)), 100, "an honest pull afterwards")


def with_legacy(**more):
    return Instance({"ls": {"legacy": True, **more}, "proxy": {"legacy": True, **more}})


def served_by(reeve, duty):
    return metric(reeve, rf'reeve_(ls|proxy)_tls_handshakes_total{{duty="{duty}"')


@test
def a_tls_1_0_device_is_served_by_the_legacy_process_and_by_no_other():
    with with_legacy() as reeve:
        add_device(reeve, 1)
        old = tlspeer.context(version=TLS10)
        answers = [solicit(reeve, ctx=old), pull(reeve, ctx=old),
                   armsclient.send(reeve.address("proxy"), did(1), "rs-key", armsclient.method_query(did(1)), old)]
        for answer in answers:
            equal(code_of(answer), 100, "the answer")
            equal(answer.version, "TLSv1", "version")
            equal((len(answer.records), answer.wire_records), (1, 1), "one write is one record")
            check(answer.clean_end, "no close_notify")
        equal(fleet.modules_of(answers[1]), {1: b"hostname x\n"}, "the config")
        equal(served_by(reeve, "legacy"), 3, "handshakes of the legacy process")
        equal(served_by(reeve, "ls") + served_by(reeve, "proxy"), 0, "handshakes of the edges")
        again = pull(reeve, ctx=old, session=answers[1].session)
        check(not again.resumed, "the legacy process resumes")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            modern = tlspeer.context(version=version)
            equal([code_of(solicit(reeve, ctx=modern)), code_of(pull(reeve, ctx=modern))], [100, 100], version.name)
        equal(served_by(reeve, "legacy"), 4, "handshakes of the legacy process, after modern clients")
        equal(served_by(reeve, "ls") + served_by(reeve, "proxy"), 4, "handshakes of the edges")
        # One of TLS 1.1 at best offers 1.0 too: it gets that.
        up_to_11 = tlspeer.context(version=TLS10)
        up_to_11.maximum_version = TLS11
        equal(pull(reeve, ctx=up_to_11).version, "TLSv1", "TLS 1.1 at best")


@test
def a_downgraded_client_is_refused():
    with with_legacy() as reeve:
        for where in ("ls", "proxy"):
            equal(plain(reeve.address(where), hello_of(TLS10, fallback=True)), ALERT_FALLBACK, where)
        equal(served_by(reeve, "legacy"), 0, "handshakes of the legacy process")


@test
def a_device_without_elliptic_curves_gets_the_rsa_chain():
    with Instance() as reeve:
        add_device(reeve, 1)
        reeve.stop()
        for section, ca, subject in (("ls", "ls-root", "/CN=Location Server RSA"), ("proxy", "rs-ca", "/CN=RS RSA")):
            crt, key = rsa_leaf(reeve, ca, f"{section}-rsa", subject)
            reeve.conf.setdefault(section, {}).update(
                {"legacy": True, "legacy_certificate": crt, "legacy_key": key})
        reeve.start()
        pki = os.path.join(reeve.state, "pki")
        for suites, wanted in (("AES128-SHA:AES256-SHA", ("AES128-SHA", "AES256-SHA")),
                               ("ECDHE-RSA-AES128-SHA", ("ECDHE-RSA-AES128-SHA",)),
                               ("ECDHE-ECDSA-AES256-SHA", ("ECDHE-ECDSA-AES256-SHA",))):
            def old(ca, ciphers=suites):
                return tlspeer.context(ca=os.path.join(pki, ca), version=TLS10, ciphers=ciphers)
            answer = solicit(reeve, ctx=old("ls-root.crt"))
            check(code_of(answer) == 100 and answer.cipher in wanted, f"{suites}: {answer.cipher} at the LS")
            answer = pull(reeve, ctx=old("rs-ca.crt"))
            check(code_of(answer) == 100 and answer.cipher in wanted, f"{suites}: {answer.cipher} at the proxy")


@test
def each_listener_decides_for_itself():
    with Instance({"ls": {"legacy": True}}) as reeve:
        add_device(reeve, 1)
        old = tlspeer.context(version=TLS10)
        equal(code_of(solicit(reeve, ctx=old)), 100, "the LS")
        equal(plain(reeve.address("proxy"), hello_of(TLS10)), ALERT_VERSION, "the proxy")


@test
def without_the_legacy_process_its_devices_are_reset_and_come_back():
    with with_legacy() as reeve:
        add_device(reeve, 1)
        old = tlspeer.context(version=TLS10)
        equal(code_of(pull(reeve, ctx=old)), 100, "before")
        pid = reeve.pids()["legacy"][0]
        os.kill(pid, signal.SIGKILL)

        def served():
            try:
                return code_of(pull(reeve, ctx=old)) == 100
            except (OSError, ssl.SSLError):
                return False

        until("a new legacy process", served)
        check(reeve.pids()["legacy"] != [pid], "it is the old one")
        equal(code_of(pull(reeve)), 100, "modern devices")


@test
def a_legacy_certificate_that_cannot_be_used_is_named():
    with Instance() as reeve:
        reeve.stop()
        reeve.conf["proxy"] = {"legacy": True, "legacy_certificate": "pki/rs.crt", "legacy_key": "pki/rs.key"}
        reeve.start(wait=False)
        equal(reeve.process.wait(30) != 0, True, "exit status")
        check("proxy.legacy_certificate" in reeve.log_text() and "same kind" in reeve.log_text(), reeve.log_tail())


if __name__ == "__main__":
    tap.main()
