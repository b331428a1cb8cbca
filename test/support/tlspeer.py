"""A TLS client that sees records: what the original client sees of a server's writes."""
import socket
import ssl

APPLICATION_DATA = 23


class Answer:
    """Everything a server sent on one connection."""

    def __init__(self):
        self.data = b""
        self.records = []  # plaintext pieces, one per application-data record (TLS 1.2)
        self.wire_records = 0  # application-data records on the wire, empty ones included
        self.version = ""
        self.cipher = ""
        self.session = None  # to resume (TLS 1.2)
        self.resumed = False
        self.clean_end = False  # close_notify seen before the end of the connection


def context(ca=None, cert=None, key=None, version=ssl.TLSVersion.TLSv1_2, ciphers=None):
    """A version before 1.2 needs OpenSSL's security level 0, which is set."""
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
    if ca:
        ctx.load_verify_locations(cafile=ca)
    if ciphers or (version and version < ssl.TLSVersion.TLSv1_2):
        ctx.set_ciphers((ciphers or "DEFAULT") + ":@SECLEVEL=0")
    if version:
        ctx.minimum_version = ctx.maximum_version = version
    if cert:
        ctx.load_cert_chain(cert, key)
    return ctx


def exchange(address, writes, ctx, timeout=20.0, half_close=False, close_notify=False, session=None):
    """Connect, send each of `writes` as its own record, read to the end. `address`: (host, port).
    half_close: cut our direction of TCP then; close_notify: end it as TLS does."""
    answer = Answer()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ctx.wrap_bio(incoming, outgoing, session=session)
    with socket.create_connection(address, timeout=timeout) as sock:
        sock.settimeout(timeout)
        _handshake(sock, tls, incoming, outgoing)
        answer.version, answer.cipher = tls.version(), tls.cipher()[0]
        answer.session, answer.resumed = tls.session, tls.session_reused
        for piece in writes:
            tls.write(piece)
            sock.sendall(outgoing.read())
        if close_notify:
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        _read_all(sock, tls, incoming, answer)
    return answer


def _handshake(sock, tls, incoming, outgoing):
    while True:
        try:
            tls.do_handshake()
            sock.sendall(outgoing.read())
            return
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            data = sock.recv(65536)
            if not data:
                raise ConnectionError("closed during the handshake") from None
            incoming.write(data)


def _read_all(sock, tls, incoming, answer):
    raw = b""
    while True:
        try:
            data = sock.recv(65536)
        except ConnectionResetError:
            return
        if not data:
            return
        raw += data
        while len(raw) >= 5:
            size = 5 + int.from_bytes(raw[3:5], "big")
            if len(raw) < size:
                break
            incoming.write(raw[:size])
            kind, raw = raw[0], raw[size:]
            piece = _drain(tls, answer)
            answer.wire_records += kind == APPLICATION_DATA
            if kind == APPLICATION_DATA and piece:
                answer.records.append(piece)
                answer.data += piece


def _drain(tls, answer):
    out = b""
    while True:
        try:
            piece = tls.read(65536)
        except ssl.SSLWantReadError:
            return out
        except ssl.SSLZeroReturnError:
            answer.clean_end = True
            return out
        if not piece:
            answer.clean_end = True
            return out
        out += piece
