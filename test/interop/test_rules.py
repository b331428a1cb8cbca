#!/usr/bin/env python3
"""The rules that every answer of our servers is held against must themselves find what is wrong."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, HERE)

import tap  # noqa: E402
import tlspeer  # noqa: E402
from armsreplay import rules  # noqa: E402

BODY = (b'<arms-message><arms-response type="config-solicitation"><result-code>100</result-code>'
        b'<config-solicitation-response><module id="1" version="1">m</module><md-config id="1">x</md-config>'
        b"</config-solicitation-response></arms-response></arms-message>")


def answer(body=BODY, status=b"HTTP/1.1 200 OK", more=b"", length=None, records=1):
    a = tlspeer.Answer()
    size = len(body) if length is None else length
    a.data = status + b"\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n" % size + more + b"\r\n" + body
    a.records = [a.data] if records == 1 else [a.data[:10], a.data[10:]]
    return a


def bare_lf():
    a = answer()
    a.data = a.data.replace(b"text/xml\r\n", b"text/xml\n")
    return a


def empty_record():
    a = answer()
    a.version, a.wire_records = "TLSv1", 2
    return a


BROKEN = [  # what is wrong, the answer, the number it must be blamed by
    ("no status line", answer(status=b""), "19"),
    ("bare LF", bare_lf(), "18"),
    ("interim response", answer(status=b"HTTP/1.1 100 Continue"), "19"),
    ("redirection", answer(status=b"HTTP/1.1 302 Found"), "20"),
    ("chunked", answer(more=b"Transfer-Encoding: chunked\r\n"), "22"),
    ("wrong length", answer(length=3), "23"),
    ("long header line", answer(more=b"X: " + b"y" * 1100 + b"\r\n"), "26"),
    ("two records", answer(records=2), "2.3"),
    ("an empty record in TLS 1.0", empty_record(), "2.4"),
    ("junk behind", answer(BODY + b"junk"), "28"),
    ("newline before", answer(b"\n" + BODY), "31"),
    ("byte over 0x7f", answer(BODY.replace(b">x<", b">\xc3\xa9<")), "32"),
    ("attribute on module", answer(BODY.replace(b'version="1"', b'version="1" extra="1"')), "33/34"),
    ("attribute on a leaf", answer(BODY.replace(b"<result-code>", b'<result-code a="1">')), "33/34"),
    ("blank behind an integer", answer(BODY.replace(b"100<", b"100 <")), "37"),
    ("prefix", answer(BODY.replace(b"result-code>", b"x:result-code>")), "44"),
    ("module behind md-config", answer(BODY.replace(
        b"</config-solicitation-response>", b'<module id="2" version="1">n</module></config-solicitation-response>')), "65"),
]


@tap.test
def a_good_answer_breaks_no_rule():
    tap.equal(rules.violations(answer()), [], "violations")


@tap.test
def each_fault_is_blamed_by_its_number():
    for what, broken, number in BROKEN:
        found = rules.violations(broken)
        tap.check(any(f.startswith(number + ":") for f in found), f"{what}: found {found}, wanted {number}")


if __name__ == "__main__":
    tap.main()
