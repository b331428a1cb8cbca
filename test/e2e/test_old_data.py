#!/usr/bin/env python3
"""An installation of the first release, opened with the programs of today: everything it knew is
there, in every byte, and devices and programs see no difference; also after its keys were rotated."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "releases"))
import fleet  # noqa: E402
import make  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, modules_of, pull, query, until  # noqa: E402
from instance import Instance  # noqa: E402
from make import BINARY, TEXT, key_of  # noqa: E402
from tap import check, equal, test  # noqa: E402

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "releases", "0.1")
LEAVES = ("ls", "rs", "http")  # of the servers: they would be too old one day, and are made anew
reeve = None
facts = None


def restore():
    os.makedirs(reeve.state, mode=0o700)
    for name in ("rs", "ls"):
        db = sqlite3.connect(os.path.join(reeve.state, f"{name}.db"))
        with open(os.path.join(HERE, f"{name}.sql"), encoding="utf-8") as f:
            db.executescript(f.read())
        db.close()
    pki = os.path.join(reeve.state, "pki")
    shutil.copytree(os.path.join(HERE, "pki"), pki)
    shutil.copy(os.path.join(HERE, "secret.key"), reeve.state)
    for folder, _, names in os.walk(reeve.state):  # a checkout keeps no such modes
        os.chmod(folder, 0o700)
        for name in names:
            os.chmod(os.path.join(folder, name), 0o400 if name.endswith(".key") else 0o600)


def renew():
    for name in LEAVES:
        done = subprocess.run([reeve.reeve, "pki", "renew", name, "--state", reeve.state],
                              capture_output=True, text=True, check=False)
        equal(done.returncode, 0, done.stderr)


def setup():
    global reeve, facts
    with open(os.path.join(HERE, "facts.json"), encoding="utf-8") as f:
        facts = json.load(f)
    reeve = Instance()
    restore()
    renew()
    reeve.start()


def teardown():
    reeve.remove()


def differences(old, new, where):
    """Where something of `old` is not in `new`; more fields, and nothing else, may have come."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [d for k, v in old.items() for d in differences(v, new.get(k), f"{where}.{k}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [d for i, v in enumerate(old) for d in differences(v, new[i], f"{where}[{i}]")]
    return [] if old == new else [f"{where}: was {old!r}, is {new!r}"]


def with_ca(said):
    """Location-Configs of the first release said nothing where they had the CA of the RS."""
    with open(os.path.join(HERE, "pki", "rs-ca.crt"), encoding="ascii") as f:
        ca = f.read()
    text = json.dumps(said).replace('"rs_certificate_pem": ""', f'"rs_certificate_pem": {json.dumps(ca)}')
    return json.loads(text)


def nothing_is_lost():
    equal(differences(with_ca(facts["ask"]), make.ask(reeve), "said"), [], "differences")
    for location in reeve.ctl("location", "list")["locations"]:
        equal((location["version"], location["follows_ca"]), (1, True), "nothing was rolled out")


def ls_answers_as_it_did():
    """One element is drawn for each device since: how long it waits before it asks again."""
    drawn = "rs-retry-interval"

    def answers():
        now = make.ask_ls(reeve)
        return [d for n, elements in facts["ls"].items()
                for d in differences([e for e in elements if drawn not in str(e)],
                                     [e for e in now[n] if drawn not in str(e)], n)]
    try:
        until("the LS", lambda: not answers())
    except AssertionError:
        equal(answers(), [], "differences")


def pulls_as_it_did():
    for number, wanted in ((1, {1: TEXT + b"2\n", 7: BINARY}), (2, {1: b"same\n", 7: BINARY}),
                           (3, {1: b"same\n", 7: BINARY}), (7, {1: b"device 7\n"})):
        answer = pull(reeve, number, key_of(number))
        equal(code_of(answer), 100, f"pull of {number}")
        equal(modules_of(answer), wanted, f"config of {number}")
        check("-----BEGIN CERTIFICATE" in answer.data.decode("latin-1"), "no certificate")
        equal(code_of(query(reeve, number, key_of(number))), 100, f"query of {number}")


def past_pulls():
    return {p["id"]: p for p in facts["ask"]["pull list"]["pulls"]}


def pulls_can_be_had_again():
    """Those of a device that is gone, and of one that has another config since."""
    seen = 0
    for pull_id, old in past_pulls().items():
        if old["outcome"] != "delivered":
            continue
        again = reeve.ctl("pull", "show", pull_id)
        equal(again["pull"]["distid"], old["distid"], "distid")
        bodies = {m["id"]: m.get("text") for m in again["modules"]}
        if old["distid"] == did(1):
            check(bodies[1] in (TEXT.decode() + "0\n", TEXT.decode() + "1\n"), str(bodies))
        if old["distid"] == did(8):
            equal(bodies, {1: "device 8\n"}, "the config of the device that is gone")
        equal(reeve.ctl("pull", "reveal", pull_id)["modules"], again["modules"], "without secrets the same")
        seen += 1
    check(seen >= 5, f"{seen} pulls delivered something")


# -- as it comes ------------------------------------------------------------------------------------


@test
def everything_it_knew_is_there():
    nothing_is_lost()


@test
def what_was_delivered_can_be_had_again():
    pulls_can_be_had_again()


@test
def its_token_is_an_administrators():
    url = "https://{}:{}".format(*reeve.address("http"))
    path = os.path.join(reeve.dir, "token")
    with open(path, "w", encoding="ascii") as f:
        f.write(make.TOKEN + "\n")
    os.chmod(path, 0o600)
    for command in (["device", "list"], ["token", "list"]):
        done = subprocess.run([reeve.reeve, "ctl", "--server", url, "--token-file", path, "--ca",
                               os.path.join(reeve.state, "pki", "http-ca.crt"), "--json", *command],
                              capture_output=True, text=True, timeout=60, check=False)
        equal(done.returncode, 0, done.stderr)
    tokens = json.loads(done.stdout)["tokens"]
    equal([(t["name"], t["role"]) for t in tokens], [("admin", "admin")], "tokens")


@test
def its_devices_get_what_they_got():
    ls_answers_as_it_did()
    pulls_as_it_did()


@test
def its_certificates_are_on_record_or_are_replaced():
    devices = {d["distid"]: d for d in reeve.ctl("device", "list")["devices"]}
    for number in (1, 2, 3, 7):
        check("certificate_expires_at" in devices[did(number)], did(number))
    for c in reeve.ctl("certificate", "list")["certificates"]:
        check(c["serial"] and c["key"] == "P-256" and c["ca"] and c["not_before"] > "2026", str(c))
        check(c["distid"] in devices, str(c))


# -- and with a key of today ------------------------------------------------------------------------


@test
def after_a_rotation_of_its_key_nothing_has_changed():
    done = subprocess.run([reeve.reeve, "key", "rotate", "--state", reeve.state, "--config",
                           os.path.join(reeve.dir, "reeve.conf")],
                          capture_output=True, text=True, timeout=60, check=False)
    equal(done.returncode, 0, done.stderr)
    reeve.stop()
    reeve.start()
    ls_answers_as_it_did()
    pulls_as_it_did()
    pulls_can_be_had_again()


if __name__ == "__main__":
    tap.main(setup, teardown)
