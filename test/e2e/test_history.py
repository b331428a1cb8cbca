#!/usr/bin/env python3
"""Config history through a whole Reeve: what was delivered can be had again, byte for byte."""
import base64
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import pgserver  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, modules_of, pull, query  # noqa: E402
from instance import CtlError  # noqa: E402
from tap import check, equal, test  # noqa: E402

KEY = "rs-key"
reeve = None


def setup():
    global reeve
    reeve = pgserver.StoredInstance("history").start()


def teardown():
    reeve.remove()


def make(number):
    reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", KEY)


def give(number, kind, *modules):
    """modules: (what stands before '=', bytes)."""
    words = []
    for i, (spec, data) in enumerate(modules):
        words += ["--module", f"{spec}={reeve.write(f'm{i}', data)}"]
    return reeve.ctl("config", "set", did(number), kind, *words)["version"]["id"]


def bodies(modules):
    return {m["id"]: m["text"].encode() if "text" in m else base64.b64decode(m["base64"]) for m in modules}


def last_pull(number):
    return reeve.ctl("pull", "list", "--distid", did(number), "--limit", "1")["pulls"][0]["id"]


@test
def every_past_pull_gives_the_bytes_that_were_on_the_wire():
    make(1)
    sent = {}
    reeve.ctl("secret", "set", "ppp", "--value", "one & only")
    for round_ in range(3):
        give(1, "startup", ("1:secrets,version=1", b"pass <${secret:ppp}> $${x}\r\n round %d" % round_),
             ("7:binary", bytes(range(256)) * (round_ + 1)), ("3", b""))
        answer = pull(reeve, 1, KEY)
        equal(code_of(answer), 100, "code")
        sent[last_pull(1)] = modules_of(answer)
        reeve.ctl("secret", "set", "ppp", "--value", f"value {round_}")
    check(b"one & only" in list(sent.values())[0][1], "the first pull had the first value")
    check(b"value 1" in list(sent.values())[2][1], "the third pull had the third value")
    give(1, "startup", ("1", b"plain"))
    reeve.ctl("secret", "delete", "ppp")
    reeve.ctl("device", "delete", did(1))
    for pull_id, wire in sent.items():
        shown = reeve.ctl("pull", "show", pull_id)["modules"]
        check(b"${secret:ppp}" in bodies(shown)[1], "shown with its reference")
        equal(bodies(reeve.ctl("pull", "reveal", pull_id)["modules"]), wire, pull_id)
    equal(len(re.findall(r"event=rs.secret.revealed .*by=local", reeve.log_text())), len(sent), "told in the log")


@test
def who_changed_what_and_when_is_on_record():
    make(2)
    first = give(2, "startup", ("1", b"a\nb\nc\n"))
    pull(reeve, 2, KEY)
    query(reeve, 2, KEY)
    second = give(2, "working", ("1", b"a\nB\nc\n"), ("2", b"new\n"))
    diff = {m["id"]: m for m in reeve.ctl("config", "diff", did(2))["modules"]}
    equal(diff[1]["text"], "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "diff of module 1")
    equal(diff[2]["change"], "added", "module 2")
    reeve.ctl("config", "apply", did(2))
    events = reeve.ctl("config", "events", did(2))["events"]
    equal([(e["kind"], e["cause"], e.get("version"), e["author"]) for e in events],
          [("startup", "applied", second, "local"), ("working", "set", second, "local"),
           ("running", "taken", first, "device"), ("startup", "set", first, "local")], "events")
    equal(events[0]["previous"], first, "what it was before")
    old = reeve.ctl("config", "version", did(2), first)
    equal(bodies(old["modules"]), {1: b"a\nb\nc\n"}, "the first version")
    reeve.ctl("device", "delete", did(2))
    equal(reeve.ctl("config", "events", did(2))["events"][0]["cause"], "deleted", "last event")
    equal(bodies(reeve.ctl("config", "version", did(2), first)["modules"]), {1: b"a\nb\nc\n"}, "after deletion")


@test
def a_secret_is_never_shown():
    reeve.ctl("secret", "set", "hush", "--value", "very-secret-word")
    try:
        reeve.ctl("config", "set", did(9), "startup", "--module", f"1:secrets={reeve.write('x', b'${secret:no}')}")
    except CtlError as e:
        check("there is no" in e.text, e.text)
    text = str(reeve.ctl("secret", "list"))
    check("hush" in text and "very-secret-word" not in text, text)
    check("very-secret-word" not in reeve.log_text(), "in the log")
    for name in os.listdir(reeve.state):
        path = os.path.join(reeve.state, name)
        if name.startswith("rs.db"):
            with open(path, "rb") as f:
                check(b"very-secret-word" not in f.read(), path)


if __name__ == "__main__":
    tap.main(setup, teardown)
