#!/usr/bin/env python3
"""libarms behind a scripted web proxy: the bytes of CONNECT, every kind of answer (spec 2.6)."""
import base64
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap  # noqa: E402
import tlsserver  # noqa: E402
from libarmscases import (EMAXRETRY, STORED, expect_success, peers, setup, teardown)  # noqa: E402
from tap import check, equal, test  # noqa: E402

ESTABLISHED = b"HTTP/1.0 200 Connection established\r\nVia: test\r\n\r\n"


def relay(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Proxy(threading.Thread):
    """Answers every CONNECT with `answer`, written in `pieces` bytes, and then relays if that was ESTABLISHED."""

    def __init__(self, answer=ESTABLISHED, pieces=65536, host="127.0.0.1"):
        super().__init__(daemon=True)
        self.answer, self.pieces, self.asked = answer, pieces, []
        self.listener = tlsserver.listen(host)
        self.authority = tlsserver.authority_of(self.listener)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(5)

    def run(self):
        while True:
            try:
                c = self.listener.accept()[0]
            except OSError:
                return
            try:
                self.serve(c)
            except OSError:
                c.close()

    def serve(self, c):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = c.recv(1)
            if not byte:
                raise OSError("the device has ended")
            head += byte
        self.asked.append(head)
        for at in range(0, len(self.answer), self.pieces):
            c.sendall(self.answer[at:at + self.pieces])
        if self.answer != ESTABLISHED:
            c.close()
            return
        host, port = head.split()[1].decode().rsplit(":", 1)
        up = socket.create_connection((host.strip("[]"), int(port)))
        for a, b in ((c, up), (up, c)):
            threading.Thread(target=relay, args=(a, b), daemon=True).start()


def target_of(server):
    return server.url.split("/")[2].encode()


def failed(p, proxy, *options):
    """One attempt at the LS through a proxy that does not lead there; the text of the probe."""
    r = p.probe("--ls-interval", "0", "--ls-max", "0", *options, "pull")
    equal(r.code(), EMAXRETRY, r.text)
    equal((p.ls.connections, p.rs.connections), (0, 0), "connections past the proxy")
    return r.text


@test
def every_connection_begins_with_the_original_s_connect_and_simple_is_not_offered():
    for pieces in (65536, 1):
        with peers() as p, Proxy(pieces=pieces) as proxy:
            p.rs.script = [p.rs_answer(), p.query_answer()]
            r = p.probe("--proxy", f"http://{proxy.authority}/ignored", "pull", "query")
            expect_success(r, STORED)
            equal(proxy.asked, [b"CONNECT " + t + b" HTTP/1.1\r\nHost: " + t + b"\r\n\r\n"
                                for t in (target_of(p.ls), target_of(p.rs), target_of(p.rs))], "requests")
            check(b"<push-method-query-request><push-method>https-tunnel</push-method></push-method-query-request>"
                  in p.rs.requests[1], "methods offered")
            check("web proxy: connected" in r.text, r.text)


@test
def over_ipv6_the_target_stands_in_brackets():
    with peers() as p, Proxy(host="::1") as proxy:
        ls = p.server("ls", host="::1", path="/ls")
        rs = p.server("rs", host="::1", ca=p.certs.path("rs-ca"))
        ls.script = [p.ls_answer([rs.url], lines="line-ra {\n};\n")]
        rs.script = [p.rs_answer()]
        r = p.probe("--proxy", f"http://{proxy.authority}", "pull", ls=[ls.url], line=["ra:0"])
        expect_success(r, STORED)
        equal([a.split(b"\r\n")[0] for a in proxy.asked],
              [b"CONNECT " + target_of(s) + b" HTTP/1.1" for s in (ls, rs)], "requests")
        check(proxy.asked[0].startswith(b"CONNECT [::1]:"), "brackets")


@test
def a_login_is_one_line_more_and_stands_in_no_log():
    with peers() as p, Proxy() as proxy:
        r = p.probe("--proxy", f"http://branch%407:p%3A%2Fs%E3%81%82@{proxy.authority}", "pull")
        expect_success(r, STORED)
        login = "branch@7:p:/sあ".encode()
        for head, server in zip(proxy.asked, (p.ls, p.rs)):
            t = target_of(server)
            equal(head, b"CONNECT " + t + b" HTTP/1.1\r\nHost: " + t + b"\r\nProxy-Authorization: Basic "
                  + base64.b64encode(login) + b"\r\n\r\n", "request")
        for secret in ("branch", "p:/s", "p%3A", base64.b64encode(login).decode()):
            check(secret not in r.text, f"{secret} is in\n{r.text}")
        # The server behind the proxy sees nothing of it.
        check(all(b"Proxy-" not in q for q in p.ls.requests + p.rs.requests), "Proxy-Authorization went too far")


@test
def each_refusal_is_a_failed_attempt_with_its_name():
    long_line = b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1100 + b"\r\n\r\n"
    for answer, login, said in (
            (b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000, "",
             "web proxy: it wants a user name and password (407)"),
            (b"HTTP/1.1 407 x\r\n\r\n", "u:wrong@", "web proxy: it does not accept the user name and password (407)"),
            (b"HTTP/1.1 403 Forbidden\r\n\r\n", "", "web proxy: it does not allow this server or port (403)"),
            (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "", "web proxy: it cannot reach the server (502)"),
            (b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n", "", "web proxy: it refuses (302)"),
            (b"SSH-2.0-OpenSSH_9\r\n", "", "the web proxy's answer is no HTTP"),
            (long_line, "", "the web proxy's answer is no HTTP"),
            (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 70 + b"\r\n", "", "the web proxy's answer is no HTTP"),
            (b"", "", "web proxy: connection ended")):
        with peers() as p, Proxy(answer) as proxy:
            text = failed(p, proxy, "--proxy", f"http://{login}{proxy.authority}")
            check(said in text.replace("\\x20", " "), f"{said!r} is not in\n{text}")
            equal(len(proxy.asked), 1, "requests")


@test
def a_proxy_that_nobody_runs_or_of_the_other_family_is_a_failed_attempt():
    with peers() as p:
        closed = tlsserver.listen()
        authority = tlsserver.authority_of(closed)
        closed.close()
        check("connect:" in failed(p, None, "--proxy", f"http://{authority}").replace("\\x20", " "), "refused")
        text = failed(p, None, "--proxy", "http://[::1]:1").replace("\\x20", " ")
        check("the web proxy is of the other address family" in text, text)


@test
def a_url_that_is_not_understood_leaves_direct_connections():
    with peers() as p:
        r = p.probe("--proxy", "http://user:S3cret@proxy.example:3128", "pull")
        equal(r.code("arms_set_https_proxy"), -1, r.text)
        expect_success(r, STORED)
        check("S3cret" not in r.text, r.text)


if __name__ == "__main__":
    tap.main(setup, teardown)
