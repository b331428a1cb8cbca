#!/usr/bin/env python3
"""Spec section 10, LS, RS and query answers: what our servers must never send, and what they must take.

Each case carries the number of its statement.
"""
import base64
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import armsclient  # noqa: E402
import tap  # noqa: E402
from armsreplay import messages, recording  # noqa: E402
from servers import (  # noqa: E402
    BIG, BINARY, DID, LS_KEY, ask_ls, ask_query, ask_rs, create, expect_refusal, ls_answer,
    pem_file, reeve, refused_location, rs_answer, setup, teardown, wait_for,
)
from tap import check, equal, test  # noqa: E402

TRIGGERS = [
    "power on boot", "LS not found", "RS not found", "push server not found", "no push method",
    "tunnel URL not found", "retry is over", "received 501 Out of service",
    "received 502 Push failed", "received 503 Need reboot", "got result of failure from server",
    "boot failed", "rollback failure", "invalid config", "module sync failed",
    "Pull requested by RS", "Reboot requested by RS", "internal error(socket)",
]


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
        reeve().ctl("location", "set", "two", "--file", f.name)
    did = DID[:-4] + "0054"
    create(did, "--location", "two")
    answer = wait_for(lambda: ls_answer(did=did), lambda a: a.code == 100)
    equal(len(answer.urls), 2, "rs-info")
    pems = {re.search(r"-----BEGIN.*END CERTIFICATE-----", m, re.S).group(0) for m in answer.md_configs}
    equal(len(pems), 1, "different certificates")


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
        subprocess.run(["openssl", "verify", "-CAfile", os.path.join(reeve().state, "pki", "rs-ca.crt"), c.name],
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
    pulls = reeve().ctl("pull", "list", "--distid", DID, "--limit", "1")["pulls"]
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
    seen = [p["trigger"] for p in reeve().ctl("pull", "list", "--distid", DID, "--limit", "1000")["pulls"]]
    equal(seen[: len(TRIGGERS)], TRIGGERS[::-1], "recorded triggers, latest first")


@test
def s10_127_an_ls_request_has_neither_protocol_version_nor_firmware():
    equal(ls_answer().code, 100, "code")


if __name__ == "__main__":
    tap.main(setup, teardown)
