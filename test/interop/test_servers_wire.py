#!/usr/bin/env python3
"""Spec section 10, TLS, addresses, HTTP, XML: what our servers must never send, and what they must take.

Each case carries the number of its statement.
"""
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import armsclient  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from armsreplay import messages, recording  # noqa: E402
from instance import CtlError  # noqa: E402
from servers import (  # noqa: E402
    DID, LS_KEY, RS_KEY, TEXT, ask_ls, ask_query, ask_rs, checked, expect_refusal, ls_answer, pem_file,
    reeve, refused_location, rs_answer, rs_root, setup, subjects, teardown,
)
from tap import check, equal, test  # noqa: E402


# -- TLS and addresses --------------------------------------------------------------------------

@test
def s10_001_tls_12_and_13_are_served_and_older_ones_refused():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        equal(messages.ls_answer(ask_ls(ctx=tlspeer.context(version=version)).data).code, 100, "code")
    old = tlspeer.context(version=ssl.TLSVersion.TLSv1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    try:
        ask_ls(ctx=old)
    except (ssl.SSLError, ConnectionError):
        return
    raise AssertionError("TLS 1.0 was served outside the legacy process")


@test
def s10_002_ls_leaf_subject_begins_with_location_server_and_more():
    check(re.search(r"CN ?= ?Location Server \S", subjects("ls")[0]), f"leaf is {subjects('ls')[0]}")


@test
def s10_003_every_ls_certificate_has_a_subject_that_is_accepted():
    with open(os.path.join(reeve().state, "pki", "ls-root.crt"), encoding="ascii") as f:
        root = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "compat"],
                              stdin=f, capture_output=True, text=True, check=True).stdout
    for s in subjects("ls") + [root]:
        check(re.search(r"CN ?= ?(ARMS Root CA|Location Server )", s), f"subject {s}")


@test
def s10_004_our_certificates_are_valid_now_for_clients_that_do_look():
    for component, ca in (("ls", "ls-root.crt"), ("proxy", "rs-ca.crt")):
        tlspeer.exchange(reeve().address(component), [armsclient.head(DID, "x", 0)],
                         tlspeer.context(ca=os.path.join(reeve().state, "pki", ca)))


@test
def s10_005_no_name_is_needed_to_reach_us():
    equal(ls_answer(ctx=tlspeer.context()).code, 100, "code without a server name")


@test
def s10_006_the_proxy_chains_to_the_certificate_of_md_config_0():
    with pem_file(rs_root()) as f:
        equal(rs_answer(ctx=tlspeer.context(ca=f.name)).code, 100, "code under that anchor")


@test
def s10_007_md_config_0_always_holds_the_rs_certificate():
    check("rs-certificate {" in ls_answer().md_configs[0], "no rs-certificate block")


@test
def s10_008_no_client_certificate_is_required_on_the_first_pull():
    equal(ls_answer().code, 100, "LS")
    equal(rs_answer().code, 100, "RS")


@test
def s10_009_the_sa_certificate_is_taken_by_proxy_and_ls():
    body = recording.body_of(ask_rs().data)
    root = messages.root_of(body).find("arms-response/config-solicitation-response")
    with pem_file(root.findtext("sa-certificate")) as c, pem_file(root.findtext("sa-private-key")) as k:
        ctx = tlspeer.context(cert=c.name, key=k.name)
        equal(rs_answer(ctx=ctx).code, 100, "RS with the certificate")
        equal(ls_answer(ctx=ctx).code, 100, "LS with the certificate")


@test
def s10_010_host_names_in_urls_are_refused_when_set():
    refused_location("rs_urls[0]", rs_urls=["https://rs.example/arms"])


@test
def s10_011_http_urls_are_refused_when_set():
    refused_location("rs_urls[0]", rs_urls=["http://127.0.0.1:8443/arms"])


@test
def s10_012_paths_of_80_characters_are_refused_when_set():
    refused_location("rs_urls[0]", rs_urls=["https://127.0.0.1:8443/" + "p" * 80])


@test
def s10_013_a_colon_in_the_path_without_a_port_is_refused_when_set():
    refused_location("rs_urls[0]", rs_urls=["https://127.0.0.1/a:b"])


@test
def s10_014_a_bracketed_address_alone_is_refused_when_set():
    refused_location("rs_urls[0]", rs_urls=["https://[2001:db8::1]"])


@test
def s10_015_an_ipv6_host_header_without_brackets_is_taken():
    body = armsclient.config_solicitation(DID)
    writes = [armsclient.head(DID, RS_KEY, len(body), extra="Host: 2001:db8::1:8443\r\n"), body]
    equal(rs_answer(body=body, writes=writes).code, 100, "code")


@test
def s10_016_urls_that_no_line_can_reach_are_refused_when_set():
    refused_location("rs_urls", rs_urls=["https://127.0.0.1:8443/arms"], lines=[{"kind": "ra", "ifindex": 0}])


# -- HTTP ---------------------------------------------------------------------------------------

@test
def s10_017_http_10_without_host_is_taken():
    equal(rs_answer().code, 100, "code")


@test
def s10_018_header_lines_end_in_crlf():
    check(b"\r\n\r\n" in ask_ls().data, "no CRLF CRLF")


@test
def s10_019_no_interim_response_even_when_asked_for():
    body = armsclient.config_solicitation(DID)
    writes = [armsclient.head(DID, RS_KEY, len(body), extra="Expect: 100-continue\r\n"), body]
    check(ask_rs(body=body, writes=writes).data.startswith(b"HTTP/1.1 200"), "first status line")


@test
def s10_020_never_a_redirection():
    for path in ("/", "/arms.cgi", "/rs/pull/", "/a:b"):
        body = armsclient.config_solicitation(DID)
        writes = [armsclient.head(DID, RS_KEY, len(body), path=path), body]
        equal(rs_answer(body=body, writes=writes).code, 100, f"code for {path}")


@test
def s10_021_what_is_no_request_gets_a_4xx_status():
    body = armsclient.config_solicitation(DID)
    for label, pieces, status in (
            ("no credentials", [b"POST /arms HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body), body], b"401"),
            ("no length", [b"POST /arms HTTP/1.0\r\n\r\n"], b"4"),
            ("no HTTP", [b"hello\r\n\r\n"], b"400"),
            ("GET", [b"GET /arms HTTP/1.0\r\n\r\n"], b"405"),
            ("truncated XML", [armsclient.head(DID, RS_KEY, 40), body[:40]], b"400")):
        answer = tlspeer.exchange(reeve().address("proxy"), pieces, tlspeer.context())
        check(answer.data.split(b" ")[1].startswith(status), f"{label}: {answer.data[:60]!r}")


@test
def s10_022_to_025_answers_are_never_chunked():
    for answer in (ask_ls(), ask_rs(), ask_query()):
        check(b"transfer-encoding" not in answer.data.lower(), "chunked")


@test
def s10_026_header_lines_are_short():
    check(max(map(len, ask_rs().data.partition(b"\r\n\r\n")[0].split(b"\r\n"))) < 200, "long line")


@test
def s10_027_an_answer_comes_within_30_s_though_rs_is_stuck():
    pid = reeve().pids()["rs"][0]
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = armsclient.send(reeve().address("proxy"), DID, RS_KEY, armsclient.config_solicitation(DID),
                                 ctx=tlspeer.context())
        took = time.monotonic() - began
    finally:
        os.kill(pid, signal.SIGCONT)
    check(took < 30, f"it took {took:.0f} s")
    expect_refusal(messages.rs_answer(answer.data).code)


@test
def s10_028_029_nothing_follows_the_document():
    check(ask_ls().data.rstrip().endswith(b"</arms-message>"), "something follows")


@test
def s10_030_clients_that_close_at_once_do_no_harm():

    body = armsclient.rs_solicitation(DID)
    for _ in range(20):
        with socket.create_connection(reeve().address("ls")) as s:
            tls = tlspeer.context().wrap_socket(s)
            tls.sendall(armsclient.head(DID, LS_KEY, len(body)) + body)
    equal(ls_answer().code, 100, "code afterwards")


# -- XML ----------------------------------------------------------------------------------------

@test
def s10_031_the_document_begins_the_body():
    for answer in (ask_ls(), ask_rs(), ask_query()):
        check(recording.split_http(answer.data)[2].startswith((b"<?xml", b"<arms-message>")), "begins")


@test
def s10_032_no_byte_over_0x7f_is_ever_sent():
    with tempfile.NamedTemporaryFile("wb") as f:
        f.write("host é\n".encode())
        f.flush()
        try:
            reeve().ctl("config", "set", DID, "working", "--module", f"1={f.name}")
        except CtlError as e:
            check("modules[0]" in e.text and "binary" in e.text, e.text)
            return
    raise AssertionError("a text module with bytes >= 0x80 was accepted")


@test
def s10_033_034_035_no_attribute_but_the_known_ones():
    for answer in (ask_ls(), ask_rs(), ask_query()):
        checked(answer)


@test
def s10_036_content_type_is_never_sent():
    check(b"content-type=" not in recording.split_http(ask_rs().data)[2], "content-type")


@test
def s10_037_038_integers_are_digits_only():
    for answer in (ask_ls(), ask_rs(), ask_query()):
        check(re.search(rb"<result-code>\d+</result-code>", answer.data), "result-code")


@test
def s10_039_leaves_have_no_children():
    for answer in (ask_ls(), ask_rs(), ask_query()):
        for e in messages.root_of(recording.body_of(answer.data)).iter():
            check(len(e) == 0 or not (e.text or "").strip(), f"<{e.tag}> has text and children")


@test
def s10_040_unknown_elements_in_requests_are_skipped():
    body = armsclient.config_solicitation(DID).replace(b"<trigger>", b"<x><y>1</y></x><trigger>")
    equal(rs_answer(body=body).code, 100, "code")


@test
def s10_041_the_type_of_an_answer_is_that_of_its_request():
    for answer, kind in ((ask_ls(), "rs-solicitation"), (ask_rs(), "config-solicitation"),
                         (ask_query(), "push-method-query")):
        got = messages.root_of(recording.body_of(answer.data)).find("arms-response").get("type")
        equal(got, kind, "type")


@test
def s10_043_044_names_are_exact_and_without_prefix():
    for answer in (ask_ls(), ask_rs(), ask_query()):
        for e in messages.root_of(recording.body_of(answer.data)).iter():
            check(re.fullmatch(r"[a-z-]+", e.tag), f"<{e.tag}>")


@test
def s10_045_text_with_every_special_character_arrives_unchanged():
    modules = {m.id: m for m in rs_answer().modules}
    equal(modules[1].body, TEXT.encode(), "module 1")


if __name__ == "__main__":
    tap.main(setup, teardown)
