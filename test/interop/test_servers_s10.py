#!/usr/bin/env python3
"""Spec section 10, seen from our servers: what they must never send, and what they must take.

Each case carries the number of its statement. Every answer that any case receives is also held
against armsreplay/rules.py.
"""
import base64
import json
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
from armsreplay import messages, recording, rules  # noqa: E402
from instance import CtlError, Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

DID = "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
LS_KEY, RS_KEY = "ls-key-EXAMPLE1", "rs-key-EXAMPLE2"
BINARY = bytes(range(256))
TEXT = "hostname branch-7 & <edge>\r\n\ttab \"quotes\" 'apostrophes' ]]> end\n"
BIG = "x" * 69_999 + "\n"
TRIGGERS = [
    "power on boot", "LS not found", "RS not found", "push server not found", "no push method",
    "tunnel URL not found", "retry is over", "received 501 Out of service",
    "received 502 Push failed", "received 503 Need reboot", "got result of failure from server",
    "boot failed", "rollback failure", "invalid config", "module sync failed",
    "Pull requested by RS", "Reboot requested by RS", "internal error(socket)",
]
reeve = None


def setup():
    global reeve
    reeve = Instance({"rs": {"heartbeat_servers": ["127.0.0.1:5115"], "heartbeat_interval": "60s",
                             "tunnel_urls": ["https://127.0.0.1:8444/t"]}}).start()
    create(DID)
    with tempfile.TemporaryDirectory() as d:
        for name, data in (("text", TEXT.encode()), ("bin", BINARY), ("big", BIG.encode())):
            with open(os.path.join(d, name), "wb") as f:
                f.write(data)
        reeve.ctl("config", "set", DID, "startup", "--module", f"1,version=3.2,info=edge-os={d}/text",
                  "--module", f"2:binary,version=1.0={d}/bin", "--module", f"4294967295,version=9={d}/big")


def teardown():
    if reeve:
        reeve.remove()


def create(did, *more):
    return reeve.ctl("device", "create", did, "--ls-key", LS_KEY, "--rs-key", RS_KEY, *more)


def checked(answer):
    bad = rules.violations(answer)
    check(not bad, "; ".join(bad))
    return answer


def ask_ls(did=DID, key=LS_KEY, body=None, **more):
    return checked(armsclient.send(reeve.address("ls"), did, key,
                                   body or armsclient.rs_solicitation(did), **more))


def ask_rs(did=DID, key=RS_KEY, body=None, **more):
    return checked(armsclient.send(reeve.address("proxy"), did, key,
                                   body or armsclient.config_solicitation(did), **more))


def ask_query(did=DID, key=RS_KEY, **more):
    return checked(armsclient.send(reeve.address("proxy"), did, key,
                                   armsclient.method_query(did, **more)))


def ls_answer(**more):
    return messages.ls_answer(ask_ls(**more).data)


def rs_answer(**more):
    return messages.rs_answer(ask_rs(**more).data)


def expect_refusal(code, low=300, high=499):
    check(low <= code <= high, f"code {code} is not one that a device retries after")


def refused_location(text, **changes):
    """location.set must refuse `changes` of a good one, with `text` in the error."""
    value = {"rs_urls": ["https://127.0.0.1:8443/arms"], "lines": [{"kind": "dhcp", "ifindex": 0}]}
    value.update(changes)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(value, f)
        f.flush()
        try:
            reeve.ctl("location", "set", "bad", "--file", f.name)
        except CtlError as e:
            check(text in e.text, f"the error does not say {text!r}: {e.text}")
            return
    raise AssertionError(f"accepted: {changes}")


def pem_file(text):
    f = tempfile.NamedTemporaryFile("w", suffix=".pem")
    f.write(text)
    f.flush()
    return f


def rs_root():
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n",
                    ls_answer().md_configs[0], re.S)
    check(pem is not None, "no certificate in md-config 0")
    return pem.group(0)


def subjects(component):
    host, port = reeve.address(component)
    out = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-showcerts"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", out, re.S)
    return [subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "compat"], input=p,
                           capture_output=True, text=True, check=True).stdout for p in pems]


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
    with open(os.path.join(reeve.state, "pki", "ls-root.crt"), encoding="ascii") as f:
        root = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "compat"],
                              stdin=f, capture_output=True, text=True, check=True).stdout
    for s in subjects("ls") + [root]:
        check(re.search(r"CN ?= ?(ARMS Root CA|Location Server )", s), f"subject {s}")


@test
def s10_004_our_certificates_are_valid_now_for_clients_that_do_look():
    for component, ca in (("ls", "ls-root.crt"), ("proxy", "rs-ca.crt")):
        tlspeer.exchange(reeve.address(component), [armsclient.head(DID, "x", 0)],
                         tlspeer.context(ca=os.path.join(reeve.state, "pki", ca)))


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
        answer = tlspeer.exchange(reeve.address("proxy"), pieces, tlspeer.context())
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
    pid = reeve.pids()["rs"][0]
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = armsclient.send(reeve.address("proxy"), DID, RS_KEY, armsclient.config_solicitation(DID),
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
        with socket.create_connection(reeve.address("ls")) as s:
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
            reeve.ctl("config", "set", DID, "working", "--module", f"1={f.name}")
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


# -- LS answer ----------------------------------------------------------------------------------

@test
def s10_046_the_ls_always_sends_a_result_code():
    for key in (LS_KEY, "wrong"):
        check(b"<result-code>" in ask_ls(key=key).data, "no result-code")


@test
def s10_047_md_config_is_never_empty():
    check(all(ls_answer().md_configs), "an empty md-config")


@test
def s10_048_a_location_config_over_2047_bytes_is_refused_with_its_size():
    lines = [{"kind": "mobile", "ifindex": i, "account": "a" * 120, "password": "b" * 120, "apn": "c" * 90,
              "telno": "0901234567", "cid": 1, "pdp_type": "ip"} for i in range(5)]
    refused_location("2047", lines=lines)
    check(all(len(m) <= 2047 for m in ls_answer().md_configs), "size")


@test
def s10_049_rs_retry_interval_is_sent_and_not_zero():
    check(ls_answer().retry_interval >= 1, "retry interval")
    refused_location("rs_retry_interval", rs_retry_interval=0)


@test
def s10_050_ll_timeout_is_sent():
    check(ls_answer().ll_timeout >= 1, "ll-timeout")


@test
def s10_051_a_location_config_without_a_line_is_refused():
    refused_location("lines", lines=[])
    check(ls_answer().lines, "no line in the answer")


@test
def s10_052_053_braces_and_values_stand_apart_by_blanks():
    text = ls_answer().md_configs[0]
    check(re.search(r"^line-[a-z0-9-]+ \{$", text, re.M), "brace")
    check(not re.search(r"\w\t+\w", text), "a tab separates a keyword from its value")


@test
def s10_054_the_certificate_is_the_same_for_every_rs():
    value = {"rs_urls": ["https://127.0.0.1:8443/arms", "https://127.0.0.1:8444/arms"],
             "lines": [{"kind": "dhcp", "ifindex": 0}]}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(value, f)
        f.flush()
        reeve.ctl("location", "set", "two", "--file", f.name)
    did = DID[:-4] + "0054"
    create(did, "--location", "two")
    answer = wait_for(lambda: ls_answer(did=did), lambda a: a.code == 100)
    equal(len(answer.urls), 2, "rs-info")
    pems = {re.search(r"-----BEGIN.*END CERTIFICATE-----", m, re.S).group(0) for m in answer.md_configs}
    equal(len(pems), 1, "different certificates")


def wait_for(get, good, seconds=20):
    """The devices feed reaches the LS a moment later; not a timed assertion, only a bound."""
    deadline = time.monotonic() + seconds
    while not good(value := get()):
        check(time.monotonic() < deadline, f"still {value}")
        time.sleep(0.05)
    return value


@test
def s10_055_urls_have_no_blanks_around_them():
    for url in re.findall(rb"<url>(.*?)</url>", ask_ls().data, re.S):
        equal(url.strip(), url, "url")


@test
def s10_056_057_the_ls_refuses_only_with_codes_that_are_retried():
    for label, more, code in (("unknown id", {"did": DID[:-4] + "FFFF"}, 420), ("wrong key", {"key": "wrong"}, 403)):
        equal(ls_answer(**more).code, code, label)
        expect_refusal(code)
    did = DID[:-4] + "0056"
    create(did, "--no-enabled")
    equal(wait_for(lambda: ls_answer(did=did), lambda a: a.code != 420).code, 404, "disabled")
    body = armsclient.rs_solicitation(DID[:-4] + "0001")
    equal(ls_answer(body=body).code, 423, "another id in the message")


@test
def s10_058_lifetime_is_not_sent():
    check(b"<lifetime>" not in ask_ls().data, "lifetime")


# -- RS answer ----------------------------------------------------------------------------------

@test
def s10_059_060_061_one_to_five_clean_pull_urls_and_heartbeats():
    body = recording.body_of(ask_rs().data)
    urls = re.findall(rb"<rs-pull-server-url>(.*?)</rs-pull-server-url>", body, re.S)
    check(1 <= len(urls) <= 5, f"{len(urls)} URLs")
    equal([u.strip() for u in urls], urls, "URLs")
    check(body.count(b"<heartbeat-info>") <= 5, "heartbeat-info")


@test
def s10_062_063_064_the_sa_certificate_is_one_that_the_client_can_read():
    root = messages.root_of(recording.body_of(ask_rs().data)).find("arms-response/config-solicitation-response")
    cert, key = root.findtext("sa-certificate"), root.findtext("sa-private-key")
    check(re.search(r"^-----BEGIN CERTIFICATE-----$", cert, re.M), "BEGIN does not start a line")
    check("ENCRYPTED" not in key, "the key is encrypted")
    check(len(cert) <= 5119 and len(key) <= 5119, "too long")
    with pem_file(cert) as c, pem_file(key) as k:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(c.name, k.name)
        subprocess.run(["openssl", "verify", "-CAfile", os.path.join(reeve.state, "pki", "rs-ca.crt"), c.name],
                       check=True, capture_output=True)


@test
def s10_065_066_modules_stand_before_configs_and_every_config_has_its_module():
    body = recording.body_of(ask_rs().data)
    modules = re.findall(rb'<module id="(\d+)"', body)
    configs = re.findall(rb'<md-config id="(\d+)"', body)
    check(set(configs) <= set(modules), "a config without a module")
    check(body.rfind(b"<module ") < body.find(b"<md-config "), "order")


@test
def s10_067_module_ids_are_decimal_up_to_32_bits():
    equal([m.id for m in rs_answer().modules], [1, 2, 4294967295], "ids in order")


@test
def s10_068_a_version_is_always_sent():
    body = recording.body_of(ask_rs().data)
    equal(len(re.findall(rb"<module [^>]*version=", body)), 3, "versions")


@test
def s10_069_070_binary_configs_are_padded_base64_without_blanks():
    body = recording.body_of(ask_rs().data)
    text = re.search(rb'<md-config id="2" encoding="base64">([^<]*)<', body)
    check(text is not None, "no base64 md-config")
    check(re.fullmatch(rb"[A-Za-z0-9+/\r\n]+=*[\r\n]*", text.group(1)), "alphabet")
    equal(base64.b64decode(text.group(1), validate=False), BINARY, "module 2")


@test
def s10_071_a_refusal_carries_no_config():
    for answer in (ask_rs(key="wrong"), ask_rs(did=DID[:-4] + "FFFF")):
        check(b"<module" not in answer.data and b"<md-config" not in answer.data, "config in a refusal")
        expect_refusal(messages.rs_answer(answer.data).code)


@test
def s10_072_a_config_of_70000_bytes_arrives_whole():
    equal(rs_answer().modules[2].body, BIG.encode(), "module 4294967295")


@test
def s10_073_a_refused_config_is_seen_by_its_trigger():
    rs_answer(body=armsclient.config_solicitation(DID, trigger="invalid config"))
    pulls = reeve.ctl("pull", "list", "--distid", DID, "--limit", "1")["pulls"]
    equal(pulls[0]["trigger"], "invalid config", "trigger of the record")


@test
def s10_074_never_502_nor_any_other_order():
    for answer in (ask_rs(key="wrong"), ask_rs(did=DID[:-4] + "FFFF"), ask_rs()):
        check(messages.rs_answer(answer.data).code < 500, "an order instead of a refusal")


@test
def s10_075_heartbeat_info_with_an_interval_is_always_sent():
    heartbeats = rs_answer().heartbeats
    check(heartbeats and all(i >= 1 for _, _, _, i in heartbeats), f"{heartbeats}")
    equal(len({i for _, _, _, i in heartbeats}), 1, "intervals differ")
    check(all(p for _, _, p, _ in heartbeats), "no passphrase")


# -- query --------------------------------------------------------------------------------------

@test
def s10_076_077_078_only_methods_that_were_offered_and_can_be_used():
    both = messages.query_answer(ask_query().data)
    equal(both.code, 100, "code")
    check(set(both.methods) <= {"https-simple", "https-tunnel"} and both.methods, f"{both.methods}")
    check(both.tunnel_urls if "https-tunnel" in both.methods else True, "tunnel without a URL")
    behind_proxy = messages.query_answer(ask_query(methods=("https-tunnel",)).data)
    equal(behind_proxy.methods, ["https-tunnel"], "methods offered to a device behind a web proxy")
    check(behind_proxy.echo_interval > 0, "echo interval")


@test
def s10_126_every_trigger_of_appendix_c_is_taken_and_recorded():
    for trigger in TRIGGERS:
        equal(rs_answer(body=armsclient.config_solicitation(DID, trigger=trigger)).code, 100, trigger)
    seen = [p["trigger"] for p in reeve.ctl("pull", "list", "--distid", DID, "--limit", "1000")["pulls"]]
    equal(seen[: len(TRIGGERS)], TRIGGERS[::-1], "recorded triggers, latest first")


@test
def s10_127_an_ls_request_has_neither_protocol_version_nor_firmware():
    equal(ls_answer().code, 100, "code")


if __name__ == "__main__":
    tap.main(setup, teardown)
