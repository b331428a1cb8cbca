#!/usr/bin/env python3
"""Fills an installation of the release whose build directory is given, and keeps it as texts: what
test_old_data.py opens with the programs of today.

    git worktree add /tmp/old e0a962a && meson setup /tmp/old/build /tmp/old && ninja -C /tmp/old/build
    test/e2e/releases/make.py /tmp/old/build test/e2e/releases/0.1
"""
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
TOKEN = "rvt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BINARY = bytes(range(256)) * 3
TEXT = b"hostname branch\r\n<&>\"'\ttab\n$x ${HOME} $${y}\n"
PPPOE = {"rs_urls": ["https://192.0.2.1/arms"], "rs_retry_max": 7,
         "lines": [{"kind": "pppoe", "ifindex": 0, "account": "a@isp.example", "password": "pass-word"}]}
LISTED = (1, 2, 3, 4, 5, 6, 7, 9, 10)
AT_LS = (1, 2, 3, 4, 5, 7, 9, 10, 12)


def key_of(number):
    return f"rs-key-{number}"


def write(reeve, name, data):
    path = os.path.join(reeve.dir, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def give(reeve, number, kind, *modules):
    words = []
    for i, (spec, data) in enumerate(modules):
        words += ["--module", spec if data is None else f"{spec}={write(reeve, f'm{i}', data)}"]
    reeve.ctl("config", "set", did(number), kind, *words)


def make(reeve, number, *more):
    reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", key_of(number), *more)


def make_devices(reeve):
    """1 will have a history, 2, 3 and 10 the same config, 4 a draft only; 8 goes."""
    for number in (1, 2, 3, 4, 7, 8, 10):
        make(reeve, number, "--description", f"device {number}")
    make(reeve, 5, "--no-enabled")
    make(reeve, 6, "--rs", "elsewhere")
    reeve.ctl("location", "set", "pppoe", "--file", write(reeve, "pppoe.json", json.dumps(PPPOE).encode()))
    reeve.ctl("device", "update", did(7), "--location", "pppoe")
    for number in (2, 3, 10):
        give(reeve, number, "startup", ("1", b"same\n"), ("7:binary", BINARY))
    for number in (2, 4):
        give(reeve, number, "working", ("1", b"draft\n"))
    for number in (7, 8):
        give(reeve, number, "startup", ("1", b"device %d\n" % number))


def make_pulls(reeve):
    """Delivered, taken, refused by the device and by the RS; by a device that is gone, by a stranger."""
    for round_ in range(3):
        give(reeve, 1, "startup", ("1,version=1.0", TEXT + b"%d\n" % round_), ("7:binary,version=2", BINARY), ("3", None))
        if round_ < 2:
            pull(reeve, 1, key_of(1), firmware=f"2.{round_}")
        if round_ == 0:
            query(reeve, 1, key_of(1))
    for number in (2, 8):
        pull(reeve, number, key_of(number))
        query(reeve, number, key_of(number))
    reeve.ctl("device", "delete", did(8))
    pull(reeve, 10, key_of(10))
    pull(reeve, 10, key_of(10), trigger="invalid config")
    for number in (4, 5, 6, 12):
        pull(reeve, number, key_of(number))
    pull(reeve, 10, "no-such-key")


def make_strangers(reeve):
    """9 and 11 call the LS before anybody knows them; 9 is claimed."""
    def waits(number):
        return next((w for w in reeve.ctl("device", "waiting")["devices"] if w["distid"] == did(number)), None)
    for number in (9, 11):
        solicit(reeve, number)
        until(f"{number} to wait", lambda n=number: waits(n))
    reeve.ctl("device", "claim", did(9), "--key-print", waits(9)["key_print"])
    for number in (1, 2, 3, 7, 9):
        known_to_ls(reeve, number)
    until("certificates", lambda: all("certificate_expires_at" in d for d in reeve.ctl("device", "list")["devices"]
                                      if d["rs"] == "main"))


def ask(reeve):
    """What operations say, by command."""
    questions = [["device", "list"], ["device", "waiting"], ["pull", "list"], ["location", "list"],
                 ["location", "show", "default"], ["location", "show", "pppoe"]]
    for number in LISTED:
        questions += [["device", "show", did(number)], ["config", "history", did(number)]]
        questions += [["config", "show", did(number), kind] for kind in ("working", "startup", "running")]
    said = {}
    for words in questions:
        try:
            said[" ".join(words)] = reeve.ctl(*words)
        except CtlError as e:
            said[" ".join(words)] = {"exit": e.status}
    return said


def ask_ls(reeve):
    """What the LS answers, by device: names and texts of the elements."""
    return {str(number): [[e.tag, (e.text or "").strip()] for e in fleet.document(solicit(reeve, number))[1].iter()]
            for number in AT_LS}


def settle(reeve):
    """The LS tells the RS of strangers when it comes to it."""
    before = None
    while (now := reeve.ctl("device", "waiting")) != before:
        before = now
        time.sleep(1)


def dump(path, to):
    """The versions that the store wrote into the file's head are not in a dump of sqlite3."""
    db = sqlite3.connect(path)
    with open(to, "w", encoding="utf-8") as f:
        for pragma in ("user_version", "application_id"):
            f.write(f"PRAGMA {pragma} = {db.execute('PRAGMA ' + pragma).fetchone()[0]};\n")
        f.writelines(line + "\n" for line in db.iterdump())
    db.close()


def main(out):
    reeve = Instance()
    try:
        reeve.start()  # the first start makes a token of its own, which nobody knows
        reeve.stop()
        with open(os.path.join(reeve.state, "admin-token.sha256"), "w", encoding="ascii") as f:
            f.write(hashlib.sha256(TOKEN.encode()).hexdigest() + "\n")
        with sqlite3.connect(os.path.join(reeve.state, "rs.db")) as db:
            db.execute("DELETE FROM api_token")
        reeve.start()
        make_devices(reeve)
        make_pulls(reeve)
        make_strangers(reeve)
        at_ls = ask_ls(reeve)
        settle(reeve)
        facts = {"ask": ask(reeve), "ls": at_ls}
        reeve.stop()
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(os.path.join(reeve.state, "pki"), os.path.join(out, "pki"))
        for name in ("rs", "ls"):
            dump(os.path.join(reeve.state, f"{name}.db"), os.path.join(out, f"{name}.sql"))
        shutil.copy(os.path.join(reeve.state, "secret.key"), out)
        with open(os.path.join(out, "facts.json"), "w", encoding="utf-8") as f:
            json.dump(facts, f, indent=1, sort_keys=True)
            f.write("\n")
    finally:
        reeve.remove()


if __name__ == "__main__":
    os.environ["REEVE_BUILD"] = os.path.abspath(sys.argv[1])
import fleet  # noqa: E402
from fleet import did, known_to_ls, pull, query, solicit, until  # noqa: E402
from instance import CtlError, Instance  # noqa: E402

if __name__ == "__main__":
    main(os.path.abspath(sys.argv[2]))
