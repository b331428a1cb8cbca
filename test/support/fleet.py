"""Devices as seen from the outside: what tests of whole instances ask in their name."""
import base64
import re
import time
import xml.etree.ElementTree as ET

import armsclient

LS_KEY = "ls-key-4711"


def did(number):
    return f"0001-0000-C0DE-0091-0000-0000-0000-{number:04X}"


def document(answer):
    """(HTTP status, parsed XML or the text of the body)."""
    head, _, body = answer.data.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    if b"text/xml" not in head:
        return status, body.decode("ascii", "replace")
    return status, ET.fromstring(body)


def code_of(answer):
    """The ARMS result code; the HTTP answer must be a 200."""
    status, root = document(answer)
    if status != 200:
        raise AssertionError(f"HTTP {status}: {root}")
    return int(root.findtext(".//result-code"))


def modules_of(answer):
    """{id: bytes} of the configs in a pull answer."""
    _, root = document(answer)
    return {int(m.get("id")): base64.b64decode(m.text or "") if m.get("encoding") == "base64"
            else (m.text or "").encode() for m in root.iter("md-config")}


def solicit(instance, number, key=LS_KEY, message=None):
    return armsclient.send(instance.address("ls"), did(number), key,
                           armsclient.rs_solicitation(did(number) if message is None else message))


def pull(instance, number, key, message=None, **more):
    return armsclient.send(instance.address("proxy"), did(number), key,
                           armsclient.config_solicitation(did(number) if message is None else message, **more))


def query(instance, number, key, **more):
    return armsclient.send(instance.address("proxy"), did(number), key,
                           armsclient.method_query(did(number), **more))


def rs_key(answer):
    return document(answer)[1].findtext(".//rs-preshared-key")


def until(what, get, seconds=20):
    """Ask until the answer is true; feeds, notes and restarts take a moment."""
    deadline = time.monotonic() + seconds
    while True:
        value = get()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.05)


def known_to_ls(instance, number, key=LS_KEY, code=100):
    """Wait until the LS answers `code`; its last answer."""
    return until(f"the LS to answer {code}",
                 lambda: (lambda a: a if code_of(a) == code else None)(solicit(instance, number, key)))


def metric(instance, pattern):
    """Sum of the samples whose line matches."""
    lines = instance.http_get("status", "/metrics")[1].splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(pattern, line))
