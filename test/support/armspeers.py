"""Scripted LS and RS for tests of libarms: each connection gets the next answer of a script.

    with Peers() as p:
        p.ls.script = [ls_answer([p.rs.url])]
        p.rs.script = [rs_answer(modules)]
        r = p.probe("pull")
        r.code("arms_pull")

When a script is used up, the LS answers 503, which ends the pull with EREBOOT, and an RS closes
without an answer: so a pull that goes wrong comes to an end at once.
"""
import os
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tlsserver  # noqa: E402

BUILD = os.environ.get("REEVE_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
PROBE = os.path.join(BUILD, "test", "interop", "probe", "arms_probe")
DISTID = "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
LS_KEY, RS_KEY = "ls-key-EXAMPLE1", "rs-key-EXAMPLE2"
ONE_LINE = "line-dhcp {\n ifindex 0;\n};\n"
SUCCESS = "<result-code>100</result-code>"


def http(body, head="HTTP/1.1 200 OK\r\nContent-Type: text/xml", length=True):
    body = body.encode("utf-8") if isinstance(body, str) else body
    if length:
        head += f"\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def message(kind, inner="", code=SUCCESS, attributes=""):
    return (f'<arms-message><arms-response type="{kind}"{attributes}>{code}'
            f"<{kind}-response>{inner}</{kind}-response></arms-response></arms-message>")


def coded(kind, code):
    return message(kind, code=f"<result-code>{code}</result-code>")


def rs_info(url, ca, lines=ONE_LINE):
    certificate = f"rs-certificate {{\n{ca}}};\n" if ca else ""
    return f"<rs-info><url>{url}</url><md-config>{lines}{certificate}</md-config></rs-info>"


def retries(ll_timeout=5, retry_max=0, retry_interval=1, key=RS_KEY):
    return (f"<rs-preshared-key>{key}</rs-preshared-key><ll-timeout>{ll_timeout}</ll-timeout>"
            f"<rs-retry-max>{retry_max}</rs-retry-max>"
            f"<rs-retry-interval>{retry_interval}</rs-retry-interval>")


def heartbeat(interval=60):
    return ("<heartbeat-info><host>127.0.0.1</host><port>5115</port><passphrase>hb</passphrase>"
            f"<interval>{interval}</interval><algorithm>hmac-sha1</algorithm></heartbeat-info>")


class Server(threading.Thread):
    """One listener. An answer is bytes, a str (a document in a plain answer), or a function of
    (connection) that does as it likes."""

    def __init__(self, certs, cert, host="127.0.0.1", path="/arms", last=None, ca=None):
        super().__init__(daemon=True)
        self.certs, self.cert, self.ca, self.last = certs, cert, ca, last
        self.listener = tlsserver.listen(host)
        self.url = f"https://{tlsserver.authority_of(self.listener)}{path}"
        self.script, self.requests, self.writes, self.client_certs = [], [], [], []
        self.context = None  # an ssl.SSLContext of the test's own: no records seen then
        self.errors = []
        self.connections = 0
        self.start()

    def run(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            answer = self.script.pop(0) if self.script else self.last
            try:
                self.serve(sock, answer)
            except (OSError, ssl.SSLError) as e:
                self.errors.append(str(e))
                sock.close()

    def serve(self, sock, answer):
        if self.context:
            c = PlainConnection(self.context, sock)
        else:
            c = tlsserver.Connection(sock, self.certs.path(self.cert), self.certs.path(self.cert, "key"),
                                     self.ca)
        c.handshake()
        self.client_certs.append(c.has_client_certificate())
        c.read_until(tlsserver.request_is_complete)
        self.writes.append(list(c.writes))
        self.requests.append(b"".join(c.writes))
        if callable(answer):
            answer(c)
        elif answer is not None:
            c.write(http(answer) if isinstance(answer, str) else answer)
        c.close()

    def stop(self):
        # accept() in another thread does not notice a close; a shutdown it does.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(5)


class PlainConnection:
    """The same for a TLS set-up of the test's own, by the ssl module's sockets."""

    def __init__(self, context, sock):
        sock.settimeout(20)
        self.sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self.writes = []

    def handshake(self):
        self.sock.do_handshake()

    def has_client_certificate(self):
        return bool(self.sock.getpeercert(binary_form=True))

    def read_until(self, enough):
        while not enough(b"".join(self.writes)):
            data = self.sock.recv(65536)
            if not data:
                return
            self.writes.append(data)

    def write(self, data):
        self.sock.sendall(data)

    def close(self):
        self.sock.close()


class Result:
    """What the probe printed."""

    def __init__(self, process):
        self.status, self.text = process.returncode, process.stdout
        self.lines = self.text.splitlines()

    def codes(self, call):
        return [int(line.split()[2]) for line in self.lines if line.startswith(f"return {call} ")]

    def code(self, call="arms_pull"):
        codes = self.codes(call)
        return codes[-1] if codes else None

    def having(self, prefix):
        return [line for line in self.lines if line.startswith(prefix)]

    def configs(self):
        """[(id, action, next, text)]; text is None for removals."""
        out = []
        for line in self.having("config "):
            fields = dict(f.split("=", 1) for f in line.split(" ")[1:])
            out.append((int(fields["id"]), int(fields["action"]), int(fields["next"]), fields.get("text")))
        return out

    def stored(self):
        """Only what the pull stored, not what arms_end removed."""
        return [(i, text) for i, action, _, text in self.configs() if action == 1]


class Peers:
    def __init__(self, certs):
        self.certs = certs
        self.servers = []
        self.ls = self.server("ls", path="/ls", last=coded("rs-solicitation", 503))
        self.rs = self.server("rs", ca=certs.path("rs-ca"))
        self.ls.script = [self.ls_answer()]
        self.rs.script = [self.rs_answer()]

    def server(self, cert, **more):
        s = Server(self.certs, cert, **more)
        self.servers.append(s)
        return s

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.servers:
            s.stop()

    def ca(self):
        return self.certs.pem("rs-ca")

    def ls_answer(self, urls=None, **more):
        urls = urls or [self.rs.url]
        lines = more.pop("lines", ONE_LINE)
        return message("rs-solicitation",
                       retries(**more) + "".join(rs_info(u, self.ca(), lines) for u in urls))

    def rs_answer(self, modules='<module id="1" version="1.0">os</module><md-config id="1">hostname x'
                                "</md-config>", extra=None):
        extra = heartbeat() if extra is None else extra
        return message("config-solicitation",
                       f"{extra}<rs-pull-server-url>{self.rs.url}</rs-pull-server-url>{modules}")

    def query_answer(self, inner="<push-method>https-tunnel</push-method>"
                                 "<https-tunnel-url>https://127.0.0.1:1/t</https-tunnel-url>"):
        return message("push-method-query", inner)

    def identity(self, name="sa"):
        return (f"<sa-certificate>{self.certs.pem(name)}</sa-certificate>"
                f"<sa-private-key>{self.certs.pem(name, 'key')}</sa-private-key>")

    def probe(self, *args, ls=None, root="ls-root", line=("dhcp:0",), cwd=None, timeout=50):
        command = [PROBE, "--distid", DISTID, "--key", LS_KEY, "--root", self.certs.path(root)]
        for url in ls if ls is not None else [self.ls.url]:
            command += ["--ls", url]
        for spec in line:
            command += ["--line", spec]
        r = Result(subprocess.run(command + list(args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=timeout, cwd=cwd))
        if r.status != 0:
            raise AssertionError(f"the probe ended with {r.status}\n{r.text}")
        return r
