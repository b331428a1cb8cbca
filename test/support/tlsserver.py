"""A TLS server that sees records: what our client writes, and in how many pieces."""
import os
import socket
import ssl
import subprocess

APPLICATION_DATA = 23


class Certificates:
    """LS chain, RS CA, RS server and SA certificates in `folder`, made by the openssl command.
    `kind` of all keys: "ec" or "rsa"."""

    def __init__(self, folder, kind="ec"):
        self.folder = folder
        self.kind = kind
        self.ls_root = self._root("ls-root", "/CN=ARMS Root CA test")
        self.ls = self._leaf("ls", "/CN=Location Server 1", "ls-root")
        self.rs_ca = self._root("rs-ca", "/CN=Test RS CA")
        self.rs = self._leaf("rs", "/CN=Test RS", "rs-ca")
        self.sa = self._leaf("sa", "/CN=Test SA", "rs-ca")

    def path(self, name, kind="crt"):
        return os.path.join(self.folder, f"{name}.{kind}")

    def pem(self, name, kind="crt"):
        with open(self.path(name, kind), encoding="ascii") as f:
            return f.read()

    def _run(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)

    def _key(self, name):
        how = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        if self.kind == "rsa":
            how = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        self._run("genpkey", "-algorithm", *how, "-out", self.path(name, "key"))

    def _root(self, name, subject):
        self._key(name)
        self._run("req", "-x509", "-new", "-key", self.path(name, "key"), "-subj", subject, "-days", "3650",
                  "-out", self.path(name))
        return self.path(name)

    def _leaf(self, name, subject, ca):
        self._key(name)
        self._run("req", "-new", "-key", self.path(name, "key"), "-subj", subject, "-out",
                  self.path(name, "csr"))
        self._run("x509", "-req", "-in", self.path(name, "csr"), "-CA", self.path(ca), "-CAkey",
                  self.path(ca, "key"), "-CAcreateserial", "-days", "3650", "-out", self.path(name))
        return self.path(name)


def listen(host="127.0.0.1"):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    s.bind((host, 0))
    s.listen(16)
    return s


def authority_of(listener):
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Connection:
    """One accepted connection. `writes` holds what came, a piece per TLS record (up to TLS 1.2);
    `version`: this one alone, else up to 1.2."""

    def __init__(self, sock, cert, key, ca=None, timeout=20.0, version=None):
        self.sock = sock
        self.sock.settimeout(timeout)
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.maximum_version = ssl.TLSVersion.TLSv1_2
        if version:
            ctx.set_ciphers("ALL:@SECLEVEL=0")
            ctx.minimum_version = ctx.maximum_version = version
        ctx.load_cert_chain(cert, key)
        if ca:
            ctx.verify_mode = ssl.CERT_OPTIONAL
            ctx.load_verify_locations(cafile=ca)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.raw = b""
        self.writes = []
        self.is_at_end = False

    def handshake(self):
        while True:
            try:
                self.tls.do_handshake()
                self._flush()
                return
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()

    def has_client_certificate(self):
        return self.tls.getpeercert(binary_form=True) is not None

    def read_until(self, enough):
        """Read records until enough(bytes so far) or the peer's end."""
        while not enough(b"".join(self.writes)) and not self.is_at_end:
            self._take_records()
            if not enough(b"".join(self.writes)) and not self.is_at_end:
                self._receive()

    def write(self, data):
        """As one record, as long as it fits one."""
        self.tls.write(data)
        self._flush()

    def close(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        try:
            self._flush()
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(65536):
                pass
        except OSError:
            pass
        self.sock.close()

    def _flush(self):
        data = self.outgoing.read()
        if data:
            self.sock.sendall(data)

    def _receive(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            if not self.tls.version():
                raise ConnectionError("closed during the handshake")
            self.is_at_end = True
        if self.tls.version() is None:
            self.incoming.write(data)
        else:
            self.raw += data

    def _take_records(self):
        pending = self._drain()
        if pending:
            self.writes.append(pending)
        while len(self.raw) >= 5:
            size = 5 + int.from_bytes(self.raw[3:5], "big")
            if len(self.raw) < size:
                return
            self.incoming.write(self.raw[:size])
            kind, self.raw = self.raw[0], self.raw[size:]
            piece = self._drain()
            if kind == APPLICATION_DATA and piece:
                self.writes.append(piece)

    def _drain(self):
        out = b""
        while True:
            try:
                piece = self.tls.read(65536)
            except ssl.SSLWantReadError:
                return out
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                self.is_at_end = True
                return out
            if not piece:
                self.is_at_end = True
                return out
            out += piece


def request_is_complete(data):
    """Shape A: the head and Content-Length bytes of body."""
    head, sep, body = data.partition(b"\r\n\r\n")
    if not sep:
        return False
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(body) >= int(value)
    return True
