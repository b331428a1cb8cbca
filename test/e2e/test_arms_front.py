#!/usr/bin/env python3
"""What strangers may send to the edges: each gets a clear refusal, nothing is lost, all goes on."""
import base64
import os
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import armsclient  # noqa: E402
import fleet  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from fleet import code_of, did, metric, until  # noqa: E402
from instance import Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

reeve = None
DID = did(1)
GOOD = armsclient.config_solicitation(DID)


def setup():
    global reeve
    reeve = Instance().start()
    reeve.ctl("device", "create", DID, "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
    path = os.path.join(reeve.dir, "config")
    with open(path, "w", encoding="ascii") as f:
        f.write("hostname x\n")
    reeve.ctl("config", "set", DID, "startup", "--module", f"1={path}")


def teardown():
    reeve.remove()


def raw(*pieces, where="proxy", **how):
    return tlspeer.exchange(reeve.address(where), list(pieces), tlspeer.context(), **how)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def request(body=GOOD, line="POST /arms HTTP/1.0", length=None, auth=basic(DID, "rs-key"), extra=""):
    head = f"{line}\r\n"
    if length != "":
        head += f"Content-Length: {len(body) if length is None else length}\r\n"
    if auth:
        head += f"Authorization: {auth}\r\n"
    return (head + extra + "\r\n").encode(), body


def refused(status, answer, words=""):
    got, text = fleet.document(answer)
    equal(got, status, f"HTTP status ({text!r})")
    check(isinstance(text, str) and 0 < len(text) < 400, f"the reason: {text!r}")
    check(words in text, f"{text!r} does not say {words!r}")
    check(answer.clean_end, "no close_notify")


def still_serves():
    equal(code_of(raw(*request())), 100, "an honest pull afterwards")


def in_log(*words):
    until(f"a log line with {words}",
          lambda: any(all(w in line for w in words) for line in reeve.log_text().splitlines()))


@test
def broken_http_is_refused_with_its_status():
    pad = "X-Pad: " + "x" * 1100 + "\r\n"
    for status, pieces in [
        (405, request(line="GET / HTTP/1.0")), (505, request(line="POST / HTTP/2.0")),
        (400, request(line="nonsense")), (411, request(length="")), (400, request(length="-1")),
        (400, request(length="+5")), (400, request(length="99999999999999999999")),
        (400, request(extra=f"Content-Length: {len(GOOD) + 1}\r\n")), (413, request(length=8193)),
        (413, request(length=70000)), (431, request(extra=pad)), (431, request(extra="A: b\r\n" * 80)),
        (414, request(line=f"POST /{'x' * 200} HTTP/1.0")), (501, request(extra="Transfer-Encoding: gzip\r\n")),
        (400, request(extra="bad header\r\n")),
    ]:
        refused(status, raw(*pieces))
    still_serves()


@test
def broken_credentials_are_refused():
    for auth in (None, "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"nocolon").decode(),
                 basic("0001", "k"), basic(DID + "0", "k"), basic("", "")):
        refused(401, raw(*request(auth=auth)))
    equal(code_of(raw(*request(auth=basic(DID.lower(), "rs-key")))), 100, "lower case id")
    still_serves()


@test
def a_wrong_content_length_is_refused():
    refused(400, raw(*request(length=len(GOOD) - 5)), "")
    refused(400, raw(*request(length=len(GOOD) + 5), close_notify=True), "shorter")
    still_serves()


@test
def a_caller_that_is_cut_off_is_logged_with_what_came():
    try:
        answer = raw(*request(length=len(GOOD) + 5), half_close=True).data
    except (ssl.SSLError, OSError):
        answer = b""
    equal(answer, b"", "an answer to half a request")
    in_log("proxy.request.abandoned", f"device={DID}", f"body={len(GOOD)}", f"expected={len(GOOD) + 5}")
    still_serves()


@test
def broken_xml_is_refused_and_logged_with_line_and_column():
    op = "<config-solicitation-request><trigger>t</trigger></config-solicitation-request>"
    inner = f"<distribution-id>{DID}</distribution-id>{op}"
    envelope = '<arms-message><arms-request type="config-solicitation">{}</arms-request></arms-message>'
    cases = [
        GOOD[:-20], GOOD[:40], b"", b"hello", b"\n<?xml version='1.0'?>" + GOOD,
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + GOOD, b"<!DOCTYPE arms-message>" + GOOD,
        GOOD.replace(b"power on boot", b"caf\xe9"), GOOD.replace(b"power on boot", b"\xff\xfe"),
        GOOD.replace(b"power on boot", b"caf\xc3\xa9"), GOOD.replace(b"power on boot", b"a\x00b"),
        GOOD.replace(b"power on boot", b"&undefined;"), GOOD.replace(b"power on boot", b"x" * 100),
        GOOD.replace(b"power on boot", b"<b>x</b>"), GOOD + b"<more/>",
        envelope.format(inner + "<a>" * 40 + "</a>" * 40).encode(),
        envelope.format(f"<distribution-id>{DID}</distribution-id>").encode(),
        envelope.format(inner + f"<distribution-id>{DID}</distribution-id>").encode(),
        envelope.format("<description>" + "x" * 7000 + "</description>" + inner).encode(),
        b"<a>" * 2000,
    ]
    for body in cases:
        refused(400, raw(*request(body)))
    in_log("proxy.request.refused", "line=", f"device={DID}", "status=400", "address=127.0.0.1")
    still_serves()


@test
def the_wrong_server_says_so_by_code():
    answer = raw(*request(armsclient.rs_solicitation(DID)))
    equal(code_of(answer), 400, "rs-solicitation at the proxy")
    check(b'type="rs-solicitation"' in answer.data, "type of the answer")
    for body in (GOOD, armsclient.method_query(DID)):
        answer = raw(*request(body, auth=basic(DID, fleet.LS_KEY)), where="ls")
        equal(code_of(answer), 400, "a message for the RS at the LS")
    still_serves()


@test
def what_is_not_served_yet_is_retryable():
    push = armsclient.envelope("push-confirmation-start", DID, "<push-method>https-simple</push-method>")
    done = armsclient.envelope("configure-done", DID, "")
    for body in (push, done, armsclient.envelope("no-such-thing", DID, "")):
        refused(503, raw(*request(body)))
    until("the metric", lambda: metric(reeve, "reeve_proxy_http_unsupported_total") >= 3)
    head = (f"POST /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/xml\r\n"
            f"Transfer-Encoding: chunked\r\nAuthorization: {basic(DID, 'rs-key')}\r\n\r\n").encode()
    started = time.monotonic()
    equal(raw(head).data, b"", "answer to a tunnel")
    check(time.monotonic() - started < 15, "a tunnel must be given up soon: the device waits for it")
    still_serves()


@test
def a_chunked_request_in_many_pieces_is_one_request():
    body = armsclient.method_query(DID)
    head = (f"POST /arms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            f"Authorization: {basic(DID, 'rs-key')}\r\n\r\n").encode()
    chunks = [f"{len(body[i:i + 17]):x}\r\n".encode() + body[i:i + 17] + b"\r\n" for i in range(0, len(body), 17)]
    equal(code_of(raw(head, *chunks, b"0\r\n\r\n")), 100, "code")


@test
def one_byte_at_a_time_is_one_request_too():
    pieces = b"".join(request())
    equal(code_of(raw(*[pieces[i:i + 1] for i in range(len(pieces))])), 100, "code")


@test
def an_answer_is_one_record_with_its_length_and_an_end():
    answer = raw(*request())
    equal(len(answer.records), 1, "TLS records")
    head, _, body = answer.data.partition(b"\r\n\r\n")
    check(head.startswith(b"HTTP/1.1 200 OK\r\n"), "status line")
    check(f"Content-Length: {len(body)}".encode() in head and b"Connection: close" in head, "headers")
    check(answer.clean_end, "close_notify")


@test
def silent_and_vanishing_callers_harm_nobody():
    held = []
    for where in ("ls", "proxy"):
        for _ in range(50):
            held.append(socket.create_connection(reeve.address(where)))
    half = socket.create_connection(reeve.address("proxy"))
    tls = tlspeer.context().wrap_socket(half, do_handshake_on_connect=True)
    tls.sendall(request()[0])  # a head and no body
    gone = socket.create_connection(reeve.address("proxy"))
    peer = tlspeer.context().wrap_socket(gone)
    for piece in request():
        peer.sendall(piece)
    peer.close()  # does not wait for its answer
    junk = socket.create_connection(reeve.address("proxy"))
    junk.sendall(b"GET / HTTP/1.0\r\n\r\n")
    still_serves()
    for s in held + [tls, junk]:
        s.close()
    still_serves()


@test
def a_client_certificate_is_wanted_but_not_needed():
    answer = raw(*request())
    root = fleet.document(answer)[1]
    cert, key = os.path.join(reeve.dir, "sa.crt"), os.path.join(reeve.dir, "sa.key")
    for path, name in ((cert, "sa-certificate"), (key, "sa-private-key")):
        with open(path, "w", encoding="ascii") as f:
            f.write(root.findtext(f".//{name}"))
    ctx = tlspeer.context(ca=os.path.join(reeve.state, "pki", "rs-ca.crt"), cert=cert, key=key)
    equal(code_of(tlspeer.exchange(reeve.address("proxy"), list(request()), ctx)), 100, "with its certificate")
    foreign = os.path.join(reeve.state, "pki", "http")
    ctx = tlspeer.context(cert=foreign + ".crt", key=foreign + ".key")
    try:
        answer = tlspeer.exchange(reeve.address("proxy"), list(request()), ctx)
        check(not answer.data, "a certificate of another CA was taken")
    except (ssl.SSLError, OSError):
        pass
    still_serves()


@test
def through_all_of_this_no_process_died():
    equal(metric(reeve, "reeve_duty_restarts_total"), 0, "restarts")


if __name__ == "__main__":
    tap.main(setup, teardown)
