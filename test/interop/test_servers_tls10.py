#!/usr/bin/env python3
"""Spec section 10 over TLS 1.0: what devices of 2014 meet where ls.legacy and proxy.legacy are on.

Each case carries the number of its statement, or of the section that says it.
"""
import os
import re
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import armsclient  # noqa: E402
import armspeers  # noqa: E402
import oldtls  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from armsreplay import messages, recording  # noqa: E402
from fleet import metric  # noqa: E402
from servers import (  # noqa: E402
    BIG, BINARY, DID, LS_KEY, RS_KEY, TEXT, ask_ls, ask_query, ask_rs, ls_answer, pem_file, reeve, rs_answer,
    rs_root, teardown,
)
from tap import check, equal, test  # noqa: E402

HANDSHAKE, ALERT = 22, 21
ALERT_HANDSHAKE_FAILURE = bytes((2, 40))
EMAXRETRY = 613
RETRY_SECONDS = 40  # a restart of Reeve fits in


def setup():
    servers.setup(oldtls.configuration("rsa"), before=oldtls.make_pairs)


def old(component="proxy", **how):
    return oldtls.context(oldtls.anchor(reeve(), component), **how)


def from_legacy():
    return metric(reeve(), r'reeve_(ls|proxy)_tls_handshakes_total{duty="legacy"')


def server_hello(address, hello):
    """(suite, extensions {kind: bytes}, compression), or the body of an alert."""
    with socket.create_connection(address, timeout=20) as s:
        s.sendall(hello)
        with s.makefile("rb") as f:
            head = f.read(5)
            body = f.read(int.from_bytes(head[3:], "big"))
    equal(head[1:3], b"\x03\x01", "version of the record")
    if head[0] == ALERT:
        return body
    equal((head[0], body[0], body[4:6]), (HANDSHAKE, 2, b"\x03\x01"), "a ServerHello of TLS 1.0")
    at = 38 + 1 + body[38]
    suite, compression = int.from_bytes(body[at:at + 2], "big"), body[at + 2]
    rest, extensions = body[at + 5:4 + int.from_bytes(body[1:4], "big")], {}
    while rest:
        size = int.from_bytes(rest[2:4], "big")
        extensions[int.from_bytes(rest[:2], "big")] = rest[4:4 + size]
        rest = rest[4 + size:]
    return suite, extensions, compression


# -- TLS ----------------------------------------------------------------------------------------

@test
def s10_001_exactly_tls_1_0_is_served_beside_1_2_and_1_3():
    before = from_legacy()
    for component, ask in (("ls", ask_ls), ("proxy", ask_rs)):
        equal(ask(ctx=old(component)).version, "TLSv1", component)
        try:
            ask(ctx=tlspeer.context(version=ssl.TLSVersion.TLSv1_1))
            raise AssertionError(f"{component}: TLS 1.1 was served")
        except (ssl.SSLError, ConnectionError):
            pass
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            equal(ask(ctx=tlspeer.context(version=version)).version, version.name.replace("_", "."), component)
    equal(from_legacy() - before, 2, "handshakes of the legacy process")


@test
def s2_4_the_hello_of_openssl_1_0_1_is_answered_with_what_it_knows():
    """No server name, 25 curves, ticket and heartbeat offered: neither is taken up."""
    for component in ("ls", "proxy"):
        for suites, wanted in ((oldtls.SUITES, (0xC014, 0xC00A, 0xC013, 0xC009, 0x0035, 0x002F)),
                               (oldtls.RSA_ALONE, (0x0035, 0x002F))):
            suite, extensions, compression = server_hello(reeve().address(component), oldtls.hello(suites))
            check(suite in wanted, f"{component}: suite {suite:04x}")
            equal(compression, 0, "compression")
            equal(sorted(set(extensions) - {11, 0xFF01}), [], "extensions besides point formats and renegotiation")


@test
def s2_4_rc4_and_3des_are_not_served():
    for suites in ((0x0005, 0x0004, 0x00FF), (0x000A, 0xC012, 0x00FF)):
        equal(server_hello(reeve().address("proxy"), oldtls.hello(suites)), ALERT_HANDSHAKE_FAILURE, f"{suites}")


@test
def s10_002_003_subjects_of_the_rsa_chain_are_accepted_too():
    host, port = reeve().address("ls")
    for suites in ("ECDHE-ECDSA-AES256-SHA", "AES256-SHA"):
        out = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1", "-cipher",
                              f"{suites}:@SECLEVEL=0", "-showcerts"], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, check=False).stdout
        found = re.findall(r"^ *\d+ s:(.*)$", out, re.M)
        check(found and re.search(r"CN ?= ?Location Server \S", found[0]), f"{suites}: leaf {found}: {out}")
        for subject in found:
            check(re.search(r"CN ?= ?(ARMS Root CA|Location Server )", subject), f"{suites}: {subject}")


@test
def s10_004_006_both_chains_end_in_the_roots_that_devices_hold():
    with pem_file(rs_root()) as f:
        for chain, wanted in (("ec", "ECDHE-"), ("rsa", "AES")):
            answer = ask_rs(ctx=oldtls.context(f.name, chain))
            check(answer.cipher.startswith(wanted), f"{chain}: {answer.cipher}")
            ask_ls(ctx=old("ls", chain=chain))


@test
def s10_008_009_a_client_certificate_is_asked_for_and_not_demanded():
    root = messages.root_of(recording.body_of(ask_rs(ctx=old()).data)).find("arms-response/"
                                                                           "config-solicitation-response")
    with pem_file(root.findtext("sa-certificate")) as c, pem_file(root.findtext("sa-private-key")) as k:
        for component, answer_of in (("proxy", rs_answer), ("ls", ls_answer)):
            ctx = old(component)
            ctx.load_cert_chain(c.name, k.name)
            equal(answer_of(ctx=ctx).code, 100, component)


@test
def s2_4_sessions_are_not_resumed():
    ctx = old()
    body = armsclient.config_solicitation(DID)
    first = armsclient.send(reeve().address("proxy"), DID, RS_KEY, body, ctx=ctx)
    again = armsclient.send(reeve().address("proxy"), DID, RS_KEY, body, ctx=ctx, session=first.session)
    check(not again.resumed and messages.rs_answer(again.data).code == 100, "a second connection")


# -- records ------------------------------------------------------------------------------------

def cut(data, *sizes):
    """Pieces of these sizes, the last one over and over."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at:at + size])
        at += size
    pieces += [data[i:i + sizes[-1]] for i in range(at, len(data), sizes[-1])]
    return [p for p in pieces if p]


@test
def s2_2_requests_are_read_however_they_are_cut_into_records():
    body = armsclient.config_solicitation(DID)
    head = armsclient.head(DID, RS_KEY, len(body))
    shapes = {
        "two writes": [head, body],
        "one": [head + body],
        "1/n-1": cut(head, 1, len(head)) + cut(body, 1, len(body)),
        "ten bytes each": cut(head + body, 10),
        "one byte each": cut(head + body, 1),
        "cut in the empty line": [head[:-1], head[-1:] + body],
    }
    for name, writes in shapes.items():
        for has_empty_records in (True, False):
            answer = rs_answer(body=body, writes=writes, ctx=old(has_empty_records=has_empty_records))
            equal(answer.code, 100, f"{name}, empty records {has_empty_records}")


@test
def s2_4_answers_come_in_one_record_neither_split_nor_after_an_empty_one():
    for answer in (ask_ls(ctx=old("ls")), ask_query(ctx=old())):
        equal((len(answer.records), answer.wire_records), (1, 1), "records")
        check(answer.clean_end, "no close_notify")


@test
def s10_045_072_configs_arrive_unchanged():
    """70,000 bytes, every byte value, every special character; records are full but for the last."""
    answer = ask_rs(ctx=old())
    modules = {m.id: m.body for m in messages.rs_answer(answer.data).modules}
    equal(modules == {1: TEXT.encode(), 2: BINARY, 4294967295: BIG.encode()}, True, "the three modules")
    equal({len(r) for r in answer.records[:-1]}, {16384}, "records")


@test
def s10_021_what_is_no_request_gets_a_4xx_status():
    for pieces, status in (([b"hello\r\n\r\n"], b"400"), ([b"GET /arms HTTP/1.0\r\n\r\n"], b"405"),
                           ([armsclient.head(DID, RS_KEY, 40), b"<arms-message>".ljust(40)], b"400")):
        answer = tlspeer.exchange(reeve().address("proxy"), pieces, old())
        equal(answer.data.split(b" ")[1], status, f"{pieces}")
        equal(answer.wire_records, 1, "records")


@test
def s10_030_clients_that_close_at_once_do_no_harm():
    body = armsclient.rs_solicitation(DID)
    for _ in range(20):
        with socket.create_connection(reeve().address("ls")) as s:
            old("ls").wrap_socket(s).sendall(armsclient.head(DID, LS_KEY, len(body)) + body)
    equal(ls_answer(ctx=old("ls")).code, 100, "code afterwards")


# -- other clients ------------------------------------------------------------------------------

def s_client(component, request, *options):
    host, port = reeve().address(component)
    return subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1", "-cipher",
                           "DEFAULT@SECLEVEL=0", "-CAfile", oldtls.anchor(reeve(), component), "-verify_return_error",
                           "-quiet", *options], input=request, capture_output=True, timeout=60, check=False).stdout


@test
def the_openssl_command_pulls():
    body = armsclient.config_solicitation(DID)
    request = armsclient.head(DID, RS_KEY, len(body)) + body
    for options in ([], ["-max_send_frag", "512"], ["-nocommands", "-read_buf", "100"]):
        equal(messages.rs_answer(s_client("proxy", request, *options)).code, 100, f"s_client {options}")


def probe(*args, **more):
    host, port = reeve().address("ls")
    command = [armspeers.PROBE, "--distid", DID, "--key", LS_KEY, "--root", oldtls.anchor(reeve(), "ls"),
               "--ls", f"https://{host}:{port}/arms", "--line", "dhcp:0", "--tls10-only", *args]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, **more)


@test
def our_library_that_offers_tls_1_0_alone_pulls_and_queries():
    before = from_legacy()
    with probe("pull", "query") as p:
        text = p.communicate(timeout=60)[0]
    check("return arms_pull 0" in text and "return arms_push_method_query 0" in text, text)
    equal(len(re.findall(r"^log \d+ TLSv1 ECDHE-", text, re.M)), 3, f"connections\n{text}")
    equal(from_legacy() - before, 3, "handshakes of the legacy process")


@test
def it_is_refused_by_name_while_that_is_off_and_comes_in_when_it_is_on():
    """The last case: it restarts Reeve twice."""
    reeve().stop()
    reeve().conf["ls"]["legacy"] = reeve().conf["proxy"]["legacy"] = False
    for name, where in reeve().listening.items():
        reeve().conf.setdefault(name, {})["listen"] = [where]  # where the device was told to come
    reeve().start()
    with probe("--ls-interval", "0", "--ls-max", "0", "pull") as p:
        text = p.communicate(timeout=60)[0]
    check(f"return arms_pull {EMAXRETRY}" in text and "protocol version" in text, text)
    check(metric(reeve(), r'reeve_tls_legacy_refused_total{duty="ls"') >= 1, "not counted")
    with probe("--ls-interval", "0", "--ls-max", "1", "pull") as p:
        seen = metric(reeve(), r'reeve_tls_legacy_refused_total{duty="ls"')
        until = time.monotonic() + RETRY_SECONDS
        while metric(reeve(), r'reeve_tls_legacy_refused_total{duty="ls"') <= seen:
            check(time.monotonic() < until, "the library does not try again")
            time.sleep(0.1)
        reeve().stop()
        reeve().conf["ls"]["legacy"] = reeve().conf["proxy"]["legacy"] = True
        reeve().start()
        text = p.communicate(timeout=RETRY_SECONDS)[0]
    check("return arms_pull 0" in text, text)


if __name__ == "__main__":
    tap.main(setup, teardown)
