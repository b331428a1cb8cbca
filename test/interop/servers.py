"""One running Reeve for the numbered tests of spec section 10 from the servers' side.

Every answer that any case receives is also held against armsreplay/rules.py.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import armsclient  # noqa: E402
from armsreplay import messages, rules  # noqa: E402
from instance import CtlError, Instance  # noqa: E402
from tap import check  # noqa: E402

DID = "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
LS_KEY, RS_KEY = "ls-key-EXAMPLE1", "rs-key-EXAMPLE2"
BINARY = bytes(range(256))
TEXT = "hostname branch-7 & <edge>\r\n\ttab \"quotes\" 'apostrophes' ]]> end\n"
BIG = "x" * 69_999 + "\n"


class State:
    reeve = None  # the one instance of a test program


def reeve():
    return State.reeve


def setup(more=None, before=None):
    """more: items of other sections than rs; before: gets the instance before it starts."""
    State.reeve = Instance({"rs": {"heartbeat_servers": ["127.0.0.1:5115"], "heartbeat_interval": "60s",
                                   "tunnel_urls": ["https://127.0.0.1:8444/t"]}, **(more or {})})
    if before:
        before(State.reeve)
    State.reeve.start()
    create(DID)
    with tempfile.TemporaryDirectory() as d:
        for name, data in (("text", TEXT.encode()), ("bin", BINARY), ("big", BIG.encode())):
            with open(os.path.join(d, name), "wb") as f:
                f.write(data)
        reeve().ctl("config", "set", DID, "startup", "--module", f"1,version=3.2,info=edge-os={d}/text",
                  "--module", f"2:binary,version=1.0={d}/bin", "--module", f"4294967295,version=9={d}/big")


def teardown():
    if State.reeve:
        State.reeve.remove()


def create(did, *more):
    return reeve().ctl("device", "create", did, "--ls-key", LS_KEY, "--rs-key", RS_KEY, *more)


def checked(answer):
    bad = rules.violations(answer)
    check(not bad, "; ".join(bad))
    return answer


def ask_ls(did=DID, key=LS_KEY, body=None, **more):
    return checked(armsclient.send(reeve().address("ls"), did, key,
                                   body or armsclient.rs_solicitation(did), **more))


def ask_rs(did=DID, key=RS_KEY, body=None, **more):
    return checked(armsclient.send(reeve().address("proxy"), did, key,
                                   body or armsclient.config_solicitation(did), **more))


def ask_query(did=DID, key=RS_KEY, ctx=None, **more):
    return checked(armsclient.send(reeve().address("proxy"), did, key,
                                   armsclient.method_query(did, **more), ctx))


def ls_answer(**more):
    return messages.ls_answer(ask_ls(**more).data)


def rs_answer(**more):
    return messages.rs_answer(ask_rs(**more).data)


def expect_refusal(code, low=300, high=499):
    check(low <= code <= high, f"code {code} is not one that a device retries after")


def refused_location(text, **changes):
    """location.set must refuse `changes` of a good one, with `text` in the error."""
    value = {"rs_urls": ["https://127.0.0.1:8443/arms"], "lines": [{"kind": "dhcp", "ifindex": 0}]}
    value.update(changes)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(value, f)
        f.flush()
        try:
            reeve().ctl("location", "set", "bad", "--file", f.name)
        except CtlError as e:
            # ctl names what can be an option by its option.
            check(text in e.text.replace("-", "_"), f"the error does not say {text!r}: {e.text}")
            return
    raise AssertionError(f"accepted: {changes}")


def pem_file(text):
    f = tempfile.NamedTemporaryFile("w", suffix=".pem")
    f.write(text)
    f.flush()
    return f


def rs_root():
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n",
                    ls_answer().md_configs[0], re.S)
    check(pem is not None, "no certificate in md-config 0")
    return pem.group(0)


def subjects(component):
    host, port = reeve().address(component)
    out = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-showcerts"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", out, re.S)
    return [subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "compat"], input=p,
                           capture_output=True, text=True, check=True).stdout for p in pems]


def wait_for(get, good, seconds=20):
    """The devices feed reaches the LS a moment later; not a timed assertion, only a bound."""
    deadline = time.monotonic() + seconds
    while not good(value := get()):
        check(time.monotonic() < deadline, f"still {value}")
        time.sleep(0.05)
    return value
