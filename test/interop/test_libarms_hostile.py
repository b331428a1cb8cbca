#!/usr/bin/env python3
"""libarms against servers that mean harm: no answer, however long or odd, does more than fail its attempt.

Meant to run under the sanitizers, too: the probe's exit status tells what they found.
"""
import base64
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import libarmscases as cases  # noqa: E402
import tap  # noqa: E402
from armspeers import http, message  # noqa: E402
from libarmscases import EREBOOT, ls_next, peers  # noqa: E402
from tap import check, equal, test  # noqa: E402

PLAIN = b"HTTP/1.1 200 OK\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONFIG = (b"<arms-message><arms-response><result-code>100</result-code><config-solicitation-response>"
          b'<module id="1">a</module><md-config id="1">')
FLOOD_SECONDS = 60  # longer than an answer may take: whoever waits for the end is found out


def flood(head, piece):
    """An answer without end, as fast as it is taken."""
    def answer(c):
        until = time.monotonic() + FLOOD_SECONDS
        try:
            c.write(head)
            while time.monotonic() < until:
                c.write(piece)
        except OSError:  # the library has seen enough
            return
    return answer


ENDLESS = {
    "header lines": flood(b"HTTP/1.1 200 OK\r\n", b"X-a: b\r\n" * 1000),
    "interim answers": flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "config": flood(PLAIN + CONFIG, b"x" * 16000),
    "text before the document": flood(PLAIN, b"x" * 16000),
    "white space": flood(PLAIN + b"<arms-message>", b" " * 16000),
    "tag": flood(PLAIN + b"<arms-message><", b"a" * 4000),
    "attribute": flood(PLAIN + b"<arms-message x='", b"a" * 16000),
    "comment": flood(PLAIN + b"<arms-message><!--", b"a-" * 8000),
    "chunk extension": flood(CHUNKED + b"1;", b"a" * 16000),
}
FINITE = {
    "header line of 5 MB": http(b"", head="HTTP/1.1 200 OK\r\nX: " + "a" * 5000000),
    "chunk of 16 EB": CHUNKED + b"ffffffffffffffff\r\nx",
    "entities in entities": PLAIN + b"<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><arms-message>&b;",
    "100,000 levels": PLAIN + b"<arms-message>" + b"<a>" * 100000,
}


def module(i):
    return f'<module id="{i}" version="1">m</module>'


@test
def an_answer_without_end_fails_its_attempt_long_before_the_time_is_over():
    for name, answer in ENDLESS.items():
        with peers() as p:
            p.rs.script = [answer]
            r = p.probe("pull")
            equal((r.code(), r.status), (EREBOOT, 0), f"{name}\n{r.text}")
            check(not r.having("log 107"), f"{name}: only the time has ended it")


@test
def an_answer_that_explodes_fails_its_attempt():
    for name, answer in FINITE.items():
        with peers() as p:
            p.rs.script = [answer]
            r = p.probe("pull")
            equal((r.code(), r.status, r.stored()), (EREBOOT, 0, []), f"{name}\n{r.text[-2000:]}")
        ls_next(answer)


@test
def lists_beyond_their_limits_fail_the_attempt_or_are_cut():
    for inner, code in (("".join(module(i) for i in range(5000)), EREBOOT),
                        ("".join(module(i) + f'<md-config id="{i}">x</md-config>' for i in range(60000)), EREBOOT),
                        (("<sa-certificate>" + "x" * 60000 + "</sa-certificate>") * 100, EREBOOT),
                        ("<rs-push-server-address>192.0.2.1</rs-push-server-address>" * 100000, 0),
                        ("<u>" + "<v w='1'/>" * 100000 + "</u>", 0)):
        with peers() as p:
            p.rs.script = [message("config-solicitation", inner)]
            r = p.probe("pull", "info")
            equal((r.code(), r.status), (code, 0), f"{inner[:40]}\n{r.text[-2000:]}")


@test
def a_config_of_nine_megabytes_arrives_whole():
    data = os.urandom(9000000)
    with peers() as p:
        p.rs.script = [p.rs_answer(module(1) + '<md-config id="1" encoding="base64">' +
                                   base64.b64encode(data).decode() + "</md-config>")]
        r = p.probe("pull")
        equal((r.code(), r.status), (0, 0), r.text[-2000:])
        check(r.having(f"config id=1 action=1 next=3 len={len(data)} "), "its length")


if __name__ == "__main__":
    tap.main(cases.setup, cases.teardown)
