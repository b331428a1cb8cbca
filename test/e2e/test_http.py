#!/usr/bin/env python3
"""The REST API of a running Reeve: over real TLS, with the token of the first start."""
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import instance  # noqa: E402
import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

DISTID = "0000-0000-0000-0001-0000-0000-0000-00AA"
DEVICES = "/api/v2/devices"
reeve = instance.Instance()
seen = {}  # facts of the running instance


def setup():
    reeve.start()
    seen["token"] = re.search(r"^ +token +(\S+)$", reeve.log_text(), re.M).group(1)  # shown once
    # Name and dates are checked too: as a browser would, with our CA installed.
    seen["tls"] = ssl.create_default_context(cafile=os.path.join(reeve.state, "pki", "http-ca.crt"))


def raw(text):
    """All that comes back for these bytes."""
    with socket.create_connection(reeve.address("http"), timeout=30) as plain:
        with seen["tls"].wrap_socket(plain, server_hostname="127.0.0.1") as s:
            s.sendall(text)
            data = b""
            while piece := s.recv(65536):
                data += piece
    return data.decode("utf-8")


def ask(method, path, body=None, token=None, connection=None):
    """(status, headers, JSON or text)"""
    host, port = reeve.address("http")
    c = connection or http.client.HTTPSConnection(host, port, timeout=30, context=seen["tls"])
    headers = {"Authorization": f"Bearer {token or seen['token']}"} if token != "" else {}
    c.request(method, path, None if body is None else json.dumps(body), headers)
    answer = c.getresponse()
    text = answer.read().decode("utf-8")
    if connection is None:
        c.close()
    is_json = (answer.getheader("Content-Type") or "").endswith("json")
    return answer.status, answer.headers, json.loads(text) if is_json else text


def fails(status, code, *request, **named):
    got, headers, problem = ask(*request, **named)
    equal(got, status, f"status of {request}: {problem}")
    equal(headers["Content-Type"], "application/problem+json", "type")
    equal((problem["status"], problem["code"]), (status, code), f"{problem}")
    check(problem["detail"] and problem["title"], f"words in {problem}")
    return headers, problem


@test
def open_pages_need_no_token():
    equal(ask("GET", "/healthz", token="")[::2], (200, "ok\n"), "health")
    status, headers, document = ask("GET", "/api/v2/openapi.json", token="")
    equal(status, 200, "document")
    check(document["openapi"].startswith("3.1") and DEVICES in document["paths"], "its contents")
    check("Server" not in headers, "it tells nobody what it is made of")
    equal(headers["X-Content-Type-Options"], "nosniff", "header")
    equal(headers["Cache-Control"], "no-store", "header")


@test
def a_device_lives_from_post_to_delete_on_one_connection():
    host, port = reeve.address("http")
    c = http.client.HTTPSConnection(host, port, timeout=30, context=seen["tls"])
    status, _, made = ask("POST", DEVICES, {"distid": DISTID, "ls_key": "k" * 20}, connection=c)
    equal(status, 201, made)
    equal(made["device"]["distid"], DISTID, "distid")
    check("k" * 20 not in json.dumps(made), "no secret comes back")
    status, _, got = ask("GET", f"{DEVICES}/{DISTID}", connection=c)
    equal((status, got["device"]["id"]), (200, made["device"]["id"]), "the same device")
    status, _, got = ask("PATCH", f"{DEVICES}/{DISTID}", {"description": "二号機"}, connection=c)
    equal((status, got["device"]["description"]), (200, "二号機"), "a change")
    status, _, got = ask("GET", f"{DEVICES}?limit=1", connection=c)
    equal((status, len(got["devices"])), (200, 1), "a list")
    fails(409, "EEXISTS", "POST", DEVICES, {"distid": DISTID, "ls_key": "k"}, connection=c)
    equal(ask("DELETE", f"{DEVICES}/{DISTID}", connection=c)[0], 200, "the end")
    fails(404, "ENOTFOUND", "GET", f"{DEVICES}/{DISTID}", connection=c)
    c.close()


@test
def who_asks_must_be_known():
    headers, _ = fails(401, "EAUTH", "GET", DEVICES, token="")
    equal(headers["WWW-Authenticate"], 'Bearer realm="reeve"', "header")
    fails(401, "EAUTH", "GET", DEVICES, token="wrong")
    fails(401, "EAUTH", "DELETE", f"{DEVICES}/{DISTID}", token=seen["token"] + "x")


@test
def what_is_wrong_is_named():
    _, problem = fails(400, "EINVALID", "POST", DEVICES, {"distid": "short", "ls_key": "k"})
    equal(problem["where"], "distid", "place")
    _, problem = fails(400, "EINVALID", "POST", DEVICES, {"distid": DISTID, "ls_key": "k", "lskey": 1})
    equal(problem["where"], "lskey", "place")
    _, problem = fails(400, "EINVALID", "GET", f"{DEVICES}?limit=0")
    equal(problem["where"], "limit", "place")
    fails(400, "ESYNTAX", "POST", DEVICES, "no object")
    fails(404, "ENOTFOUND", "GET", "/api/v2/nothing")
    headers, _ = fails(405, "EUNSUPPORTED", "PUT", DEVICES)
    equal(set(headers["Allow"].split(", ")), {"GET", "HEAD", "POST"}, "methods")


@test
def a_smuggled_request_is_never_carried_out():
    """two lengths; then nothing of it, and the answers before it stay whole"""
    hidden = f"DELETE {DEVICES}/{DISTID} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {seen['token']}\r\n\r\n"
    ask("POST", DEVICES, {"distid": DISTID, "ls_key": "k"})
    for fields in ("Content-Length: 0\r\nContent-Length: 5", "Content-Length : 5", "X: y\nA: b",
                   "Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: xchunked"):
        answer = raw(f"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
                     f"POST /healthz HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{hidden}".encode())
        equal([line.split()[1] for line in answer.splitlines() if line.startswith("HTTP/1.1 ")],
              ["200", "400"], fields)
        check(answer.index("ok\n") < answer.index("400 Bad Request"), "order")
    equal(ask("GET", f"{DEVICES}/{DISTID}")[0], 200, "the device is still there")


@test
def too_much_is_refused_by_its_size():
    check(raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n")
          .startswith("HTTP/1.1 413 "), "body")
    check(raw(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 9000 + b"\r\n\r\n")
          .startswith("HTTP/1.1 431 "), "head")


@test
def certificates_that_do_not_do_are_named():
    """a key of another certificate ends the start, and so does an expired certificate"""
    pki = os.path.join(reeve.state, "pki")
    expired = os.path.join(reeve.dir, "expired.crt")
    key = os.path.join(pki, "http.key")
    subprocess.run(["openssl", "req", "-new", "-subj", "/CN=x", "-key", key, "-out", expired + ".req"],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", expired + ".req", "-signkey", key, "-days", "-1",
                    "-out", expired], check=True, capture_output=True)
    for item, path, place, word in (("key", os.path.join(pki, "ls.key"), "http.key", "does not belong"),
                                    ("certificate", expired, "http.certificate", "has expired")):
        other = instance.Instance({"http": {"certificate": os.path.join(pki, "http.crt"), "key": key,
                                            item: path}}, command="http")
        try:
            other.start(wait=False)
            deadline = time.monotonic() + instance.READY_SECONDS
            while word not in other.log_text() and time.monotonic() < deadline:
                time.sleep(0.05)
            line = next((x for x in other.log_text().splitlines() if word in x), "")
            check(place in line and path in line, f"{item}: {other.log_text()}")
            equal(other.process.wait(30), 3, f"{item}: exit status")
        finally:
            other.remove()


@test
def what_happened_is_counted():
    status, text = reeve.http_get("status", "/metrics")
    equal(status, 200, "metrics")
    for name in (r'reeve_http_answers_total\{[^}]*class="2xx"\}', r"reeve_http_requests_refused_total\{[^}]*\}"):
        check(re.search(rf"^{name} [1-9]", text, re.M), f"no {name} above 0")


if __name__ == "__main__":
    tap.main(setup, reeve.remove)
