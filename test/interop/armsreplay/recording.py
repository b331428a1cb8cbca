"""Reads the text format of the recordings.

    #0003 t=1.371 conn=1 LS SA->LS 167 bytes
    POST /arms.cgi HTTP/1.0\\r\\n
    ...
                                  (an empty line ends a record)

A payload line ends where the bytes had a line feed; `\\r`, `\\n`, `\\\\` and `\\xNN` stand for the
bytes themselves. The declared number of bytes must come out, except where the recording says that
something was removed.
"""
import base64
import re
from dataclasses import dataclass, field

HEAD = re.compile(r"^#(\d+) t=([\d.]+) conn=(\S+) (\S+) (.*)$")
DATA = re.compile(r"^(\S+)->(\S+) (\d+) bytes$")
ESCAPE = re.compile(rb"\\(r|n|t|\\|x[0-9a-fA-F]{2})")
REMOVED = b"[private key removed]"


class RecordingError(Exception):
    """The file is not a recording; the text names the record."""


@dataclass
class Event:
    number: int
    at: float
    conn: str
    role: str  # LS, RS, TUN, SIMPLE, HB
    note: str  # "TCP accept from ...", "closed by server"; "" for data
    from_device: bool = False
    data: bytes = b""


@dataclass
class Exchange:
    """One connection of the pull part: what the device wrote, what it was answered."""

    conn: str
    role: str
    tls: str = ""
    writes: list = field(default_factory=list)  # the device's, one entry a record
    answer: bytes = b""
    has_client_cert: bool = False

    @property
    def request(self):
        return b"".join(self.writes)


def unescape(line):
    def one(m):
        c = m.group(1)
        if c[:1] == b"x":
            return bytes([int(c[1:], 16)])
        return {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}[c]

    return ESCAPE.sub(one, line)


def parse(text):
    """bytes of a file -> [Event]."""
    events, current, lines = [], None, []
    for raw in text.split(b"\n"):
        m = HEAD.match(raw.decode("latin-1")) if raw.startswith(b"#") else None
        if m:
            _finish(current, lines, events)
            current, lines = m.groups(), []
        elif raw.startswith(b"== "):
            continue
        elif current is not None:
            lines.append(raw)
    _finish(current, lines, events)
    if not events:
        raise RecordingError("no record found")
    return events


def _finish(head, lines, events):
    if head is None:
        return
    number, at, conn, role, rest = head
    while lines and lines[-1] == b"":
        lines.pop()
    m = DATA.match(rest)
    if not m:
        events.append(Event(int(number), float(at), conn, role, rest))
        return
    data = b"".join(unescape(line) for line in lines)
    if len(data) != int(m.group(3)) and REMOVED not in data:
        raise RecordingError(f"#{number}: {m.group(3)} bytes announced, {len(data)} found")
    events.append(Event(int(number), float(at), conn, role, "", m.group(1) == "SA", data))


def is_pull_request(first):
    """Shape A (spec 2.2): the pull, and the query that belongs to it."""
    line = first.split(b"\r\n", 1)[0]
    return line.startswith(b"POST ") and line.endswith(b" HTTP/1.0")


def pull_exchanges(events, until_push=False):
    """The connections of the pull part, in order of their first record; with until_push only those
    before the first push message."""
    by_conn, order = {}, []
    for e in events:
        if until_push and _is_push(e):
            break
        if e.role not in ("LS", "RS"):
            continue
        if e.conn not in by_conn:
            by_conn[e.conn] = Exchange(e.conn, e.role)
            order.append(e.conn)
        x = by_conn[e.conn]
        if e.note.startswith("TLS up"):
            x.tls = e.note.split()[2]
            x.has_client_cert = "client-cert=none" not in e.note
        elif e.data and e.from_device:
            x.writes.append(e.data)
        elif e.data:
            x.answer += e.data
    found = [by_conn[c] for c in order if by_conn[c].writes]
    return [x for x in found if is_pull_request(x.writes[0])]


def _is_push(e):
    if e.role in ("TUN", "SIMPLE"):
        return True
    is_head = e.data.startswith((b"POST ", b"GET "))
    return e.role == "RS" and e.from_device and is_head and not is_pull_request(e.data)


def split_http(message):
    """(first line, [(name, value)], body): tolerant, for reading recordings only."""
    head, _, body = message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    return lines[0].decode("latin-1"), headers, body


def header(headers, name):
    for n, v in headers:
        if n.lower() == name.lower():
            return v
    return None


def credentials(message):
    """(distribution id, key) of a request."""
    value = header(split_http(message)[1], "Authorization") or ""
    user, _, key = base64.b64decode(value.partition(" ")[2]).decode("latin-1").partition(":")
    return user, key


def path_of(message):
    return split_http(message)[0].split(" ")[1]


def dechunk(body):
    out = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        n = int(size.split(b";")[0].strip() or b"0", 16)
        if n == 0:
            break
        out += rest[:n]
        body = rest[n + 2:]
    return out


def body_of(message):
    _, headers, body = split_http(message)
    if "chunked" in (header(headers, "Transfer-Encoding") or ""):
        return dechunk(body)
    return body
