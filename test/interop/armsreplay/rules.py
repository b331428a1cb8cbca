"""What spec 2.3 and section 10 demand of every answer of a server of ours.

`violations(answer)` lists what an original client would stumble over, each with the number of the
statement; an empty list means that the bytes and the TLS records are right.
"""
import re

from . import recording

HEADER_LINE_MAX = 1024
RECORD_MAX = 16384
ATTRIBUTES = {  # elements with an attribute list; every other one must carry none from us
    "arms-response": {"type"},
    "module": {"id", "version", "install-order"},
    "md-config": {"id", "content-type", "commit-order", "encoding"},
}
INTEGERS = ("result-code", "ll-timeout", "rs-retry-max", "rs-retry-interval", "push-port",
            "push-timeout", "port", "interval", "https-tunnel-echo-interval")
TAG = re.compile(rb"<([a-zA-Z][^\s/>]*)((?:\s+[^>]*?)?)/?>")
ATTRIBUTE = re.compile(rb'([^\s=]+)\s*=\s*"[^"]*"')


def violations(answer):
    found = []
    data = answer.data
    head, sep, body = data.partition(b"\r\n\r\n")
    if not sep:
        return ["18: no CRLF CRLF after the head"]
    lines = head.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line for line in lines):
        found.append("18: a header line does not end in CRLF")
    if any(len(line) + 2 > HEADER_LINE_MAX for line in lines):
        found.append("26: a header line of over 1024 bytes")
    if not re.match(rb"HTTP/1\.[01] \d{3}", lines[0]):
        found.append(f"19: status line {lines[0]!r}")
    elif lines[0].split(b" ")[1][:1] == b"1":
        found.append("19: an interim response")
    elif lines[0].split(b" ")[1][:1] == b"3":
        found.append("20: a redirection")
    headers = recording.split_http(data)[1]
    if recording.header(headers, "Transfer-Encoding"):
        found.append("22: chunked")
    if recording.header(headers, "Content-Length") != str(len(body)):
        found.append(f"23: Content-Length is not {len(body)}")
    expected = -(-len(data) // RECORD_MAX)
    if answer.records and len(answer.records) != expected:
        found.append(f"2.3: {len(answer.records)} TLS records, {expected} would do")
    if answer.version == "TLSv1" and answer.wire_records != len(answer.records):
        found.append(f"2.4: {answer.wire_records - len(answer.records)} empty TLS records")
    return found + _xml_violations(body)


def _xml_violations(body):
    found = []
    if not body:
        return found
    if not body.startswith((b"<?xml", b"<arms-message>")):
        found.append("31: something stands before the document")
    if not body.rstrip(b" \r\n\t").endswith(b"</arms-message>"):
        found.append("28: something stands after the document")
    if any(b >= 0x80 for b in body):
        found.append("32: a byte >= 0x80")
    if b"<!DOCTYPE" in body:
        found.append("3.1: a DOCTYPE")
    for name, rest in TAG.findall(body):
        name = name.decode("latin-1")
        allowed = ATTRIBUTES.get(name, set())
        extra = {a.decode("latin-1") for a in ATTRIBUTE.findall(rest)} - allowed
        if extra and name != "?xml":
            found.append(f"33/34: <{name}> carries {sorted(extra)}")
        if ":" in name:
            found.append(f"44: prefix on <{name}>")
    for name in INTEGERS:
        for value in re.findall(rb"<%s>([^<]*)</" % name.encode(), body):
            if not re.fullmatch(rb"\d+", value):
                found.append(f"37: <{name}>{value!r}")
    last_module, first_config = body.rfind(b"<module "), body.find(b"<md-config id")
    if first_config != -1 and last_module > first_config:
        found.append("65: a module after an md-config")
    return found
