"""Devices of 2014 (libarms 5.33 on OpenSSL 1.0.1), and a Reeve that serves them.

Their TLS: exactly 1.0, no server name, no resumption, an empty record before each written one.
"""
import os
import ssl
import subprocess

import tlspeer

TLS10 = ssl.TLSVersion.TLSv1
DONT_INSERT_EMPTY_FRAGMENTS = 0x800  # no name in the ssl module
# Code points of OpenSSL 1.0.1's default list as far as TLS 1.0 has them, in its order: AES, Camellia,
# SEED, IDEA, 3DES and RC4 with the key exchanges that it knows; the end is TLS_EMPTY_RENEGOTIATION_INFO_SCSV.
SUITES = (0xC014, 0xC00A, 0x0039, 0x0038, 0x0088, 0x0087, 0xC00F, 0xC005, 0x0035, 0x0084, 0xC012, 0xC008, 0x0016,
          0x0013, 0xC00D, 0xC003, 0x000A, 0xC013, 0xC009, 0x0033, 0x0032, 0x009A, 0x0099, 0x0045, 0x0044, 0xC00E,
          0xC004, 0x002F, 0x0096, 0x0041, 0x0007, 0xC011, 0xC007, 0xC00C, 0xC002, 0x0005, 0x0004, 0x00FF)
CURVES = (14, 13, 25, 11, 12, 24, 9, 10, 22, 23, 8, 6, 7, 20, 21, 4, 5, 18, 19, 1, 2, 3, 15, 16, 17)
RSA_ALONE = (0x0039, 0x0035, 0x0016, 0x000A, 0x0033, 0x002F, 0x0005, 0x0004, 0x00FF)  # a build without curves
# The same by name, as far as today's OpenSSL knows them; what it does not know it leaves out.
NAMES = ("ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-SHA:DHE-RSA-AES256-SHA:DHE-RSA-CAMELLIA256-SHA:AES256-SHA:"
         "CAMELLIA256-SHA:ECDHE-RSA-DES-CBC3-SHA:DES-CBC3-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA:"
         "DHE-RSA-AES128-SHA:DHE-RSA-SEED-SHA:AES128-SHA:SEED-SHA:CAMELLIA128-SHA:ECDHE-RSA-RC4-SHA:RC4-SHA:RC4-MD5")
NAMES_RSA_ALONE = "DHE-RSA-AES256-SHA:AES256-SHA:DES-CBC3-SHA:DHE-RSA-AES128-SHA:AES128-SHA:RC4-SHA:RC4-MD5"


def context(ca=None, chain="ec", has_empty_records=True):
    """chain "rsa": of a build that knows no curves, so that only an RSA key serves it."""
    ctx = tlspeer.context(ca=ca, version=TLS10, ciphers=NAMES if chain == "ec" else NAMES_RSA_ALONE)
    if has_empty_records:
        ctx.options &= ~DONT_INSERT_EMPTY_FRAGMENTS
    else:
        ctx.options |= DONT_INSERT_EMPTY_FRAGMENTS
    return ctx


def _extension(kind, body):
    return kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def hello(suites=SUITES):
    """The ClientHello of OpenSSL 1.0.1's TLSv1_client_method, byte for byte but for the random number."""
    listed = b"".join(s.to_bytes(2, "big") for s in suites)
    extensions = b""
    if any(s >> 8 == 0xC0 for s in suites):
        curves = b"".join(c.to_bytes(2, "big") for c in CURVES)
        extensions += _extension(11, b"\x03\x00\x01\x02")
        extensions += _extension(10, len(curves).to_bytes(2, "big") + curves)
    extensions += _extension(35, b"") + _extension(15, b"\x01")  # session ticket, heartbeat
    body = (b"\x03\x01" + os.urandom(32) + b"\x00" + len(listed).to_bytes(2, "big") + listed + b"\x01\x00"
            + len(extensions).to_bytes(2, "big") + extensions)
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def configuration(chain="ec"):
    """Items for an Instance; with "rsa" call make_pairs before it starts."""
    conf = {}
    for section, name in (("ls", "ls-rsa"), ("proxy", "rs-rsa")):
        conf[section] = {"legacy": True}
        if chain == "rsa":
            conf[section].update({"legacy_certificate": f"pki/{name}.crt", "legacy_key": f"pki/{name}.key"})
    return conf


def make_pairs(instance):
    """All certificates of an instance that has not run yet, and an RSA pair for each of its servers."""
    for command in (["init", "--address", "127.0.0.1"], ["renew", "ls-rsa"], ["renew", "rs-rsa"]):
        done = subprocess.run([instance.reeve, "pki", *command, "--state", instance.state], capture_output=True,
                              text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"reeve pki {command[0]}: {done.stdout}{done.stderr}")


def anchor(instance, component):
    """The root by which a device knows the LS or an RS."""
    return os.path.join(instance.state, "pki", "ls-root.crt" if component == "ls" else "rs-ca.crt")
