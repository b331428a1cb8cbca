#!/usr/bin/env python3
"""A TLS scanner against the default ports; what it finds is compared with what may be there."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import instance  # noqa: E402
import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

LISTENERS = ("ls", "proxy", "http")
VERSIONS = {("ssl", "2"): "0", ("ssl", "3"): "0", ("tls", "1.0"): "0", ("tls", "1.1"): "0", ("tls", "1.2"): "1",
            ("tls", "1.3"): "1"}
# What an original device needs, on the ports of the edges when `legacy` is on: no 1.1, no other suites.
LEGACY_VERSIONS = {**VERSIONS, ("tls", "1.0"): "1"}
LEGACY_CIPHER = re.compile(r"(ECDHE-(ECDSA|RSA)-)?AES(128|256)-SHA$")
# Forward secret and authenticated encryption only.
CIPHER = re.compile(r"TLS_(AES|CHACHA20)_|ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20-POLY1305)")
TICKET_SECONDS_MAX = 7 * 86400
RENEGOTIATION_SECONDS = 15


def scan(host, port):
    """Findings by kind of element: [attributes]."""
    done = subprocess.run(["sslscan", "--no-colour", "--no-check-certificate", "--xml=-", f"{host}:{port}"],
                          capture_output=True, text=True, timeout=240, check=False)
    check(done.returncode == 0 and done.stdout, f"sslscan: {done.stdout}{done.stderr}")
    found = {}
    for element in ET.fromstring(done.stdout).iter():
        found.setdefault(element.tag, []).append(element.attrib)
    check(len(found.get("protocol", ())) == len(VERSIONS), f"protocols: {found.get('protocol')}")
    return found


def weaknesses(found, versions=None):
    """What a scan found that may not be there; [] is good."""
    bad = []
    for p in found["protocol"]:
        if (versions or VERSIONS)[p["type"], p["version"]] != p["enabled"]:
            bad.append(f"{p['type']} {p['version']}: enabled={p['enabled']}")
    for c in found.get("cipher", ()):
        good = LEGACY_CIPHER if versions and c["sslversion"] == "TLSv1.0" else CIPHER
        if not good.match(c["cipher"]) or int(c["bits"]) < 128 or "dhebits" in c:
            bad.append(f"{c['sslversion']} {c['cipher']}")
    for g in found.get("group", ()):
        if int(g["bits"]) < 112:
            bad.append(f"group {g['name']}")
    for r in found.get("renegotiation", ()):
        # Of TLS 1.0 it tells who knows RFC 5746 ("secure"), not who renegotiates: see renegotiates().
        if r["supported"] != "0" and not (versions and r["secure"] == "1"):
            bad.append("renegotiation at the client's wish")
    for c in found.get("compression", ()):
        if c["supported"] != "0":
            bad.append("compression")
    for h in found.get("heartbleed", ()):
        if h["vulnerable"] != "0":
            bad.append(f"heartbleed, {h['sslversion']}")
    for k in found.get("pk", ()):
        if k.get("type") == "EC" and "bits" in k and int(k["bits"]) < 112 or k.get("type") == "RSA" and \
                int(k["bits"]) < 2048:
            bad.append(f"key {k}")
    return bad


def s_client(address, *options, text=""):
    return subprocess.run(["openssl", "s_client", "-connect", "{}:{}".format(*address), *options], input=text,
                          capture_output=True, text=True, timeout=60, check=False).stdout


def renegotiates(address, version):
    """Does a server do so when a client asks? s_client ends by itself when it is refused."""
    with subprocess.Popen(["openssl", "s_client", "-connect", "{}:{}".format(*address), version, "-cipher",
                           "DEFAULT@SECLEVEL=0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as client:
        client.stdin.write("R\n")
        client.stdin.flush()
        try:
            client.wait(RENEGOTIATION_SECONDS)
        except subprocess.TimeoutExpired:
            client.kill()
            return True
        out = client.stdout.read()
    check("RENEGOTIATING" in out, f"the client did not ask: {out}")
    return "no renegotiation" not in out


@test
def a_scanner_finds_nothing_on_the_default_ports():
    with instance.Instance() as reeve:
        for name in LISTENERS:
            found = scan(*reeve.address(name))
            check(found.get("cipher"), f"{name}: the scanner met no cipher at all")
            equal(weaknesses(found), [], name)
        for name in LISTENERS:
            out = s_client(reeve.address(name), "-tls1_2")
            check("Compression: NONE" in out, f"{name}: {out}")
            hint = re.search(r"ticket lifetime hint: (\d+)", out)
            check(hint and 0 < int(hint.group(1)) <= TICKET_SECONDS_MAX, f"{name}: tickets of {hint}: {out}")
            out = s_client(reeve.address(name), "-tls1_3")
            check("Max Early Data: 0" in out or "Early data was not sent" in out, f"{name}: 0-RTT: {out}")
            check(not re.search(r"Max Early Data: [1-9]", out), f"{name}: 0-RTT is offered: {out}")


@test
def with_legacy_on_it_finds_tls_1_0_and_nothing_else_below_1_2():
    with instance.Instance({"ls": {"legacy": True}, "proxy": {"legacy": True}}) as reeve:
        for name in LISTENERS:
            equal(weaknesses(scan(*reeve.address(name)), LEGACY_VERSIONS if name != "http" else None), [], name)
        for name in ("ls", "proxy"):
            for version in ("-tls1", "-tls1_2"):
                check(not renegotiates(reeve.address(name), version), f"{name} {version}: renegotiates")


@test
def the_same_eyes_see_a_weak_server():
    place = tempfile.mkdtemp(prefix="reeve-weak-")
    try:
        key, crt = os.path.join(place, "key"), os.path.join(place, "crt")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt,
                        "-subj", "/CN=weak", "-days", "1"], check=True, capture_output=True)
        port = instance.free_ports(1)[0]
        with subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", crt, "-www",
                               "-cipher", "ALL:@SECLEVEL=0", "-legacy_renegotiation", "-client_renegotiation",
                               "-quiet"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as weak:
            try:
                deadline = time.monotonic() + instance.READY_SECONDS
                while "BEGIN CERTIFICATE" not in s_client(("127.0.0.1", port)):
                    check(time.monotonic() < deadline, "the weak server does not answer")
                    time.sleep(0.05)
                bad = weaknesses(scan("127.0.0.1", port))
                check(renegotiates(("127.0.0.1", port), "-tls1_2"), "renegotiation is not seen")
            finally:
                weak.kill()
        check(any("AES256-SHA" in b for b in bad), f"a cipher without forward secrecy: {bad}")
        check(any("renegotiation" in b for b in bad), f"renegotiation: {bad}")
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    tap.main()
