#!/usr/bin/env python3
"""Both stores on a PostgreSQL that is called by TCP with a password, under TLS and without, from
inside the sandbox; `reeve ctl` on such a store when no rs runs."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, known_to_ls, pull, solicit, until  # noqa: E402
from instance import Instance  # noqa: E402
from pgserver import PgServer, find_bin  # noqa: E402
from tap import check, equal, test  # noqa: E402

PASSWORD = "s3cret and more"
IN_URL = "'s3cret and more'"  # as libpq has it

pg = None


def setup():
    global pg
    pg = PgServer(password=PASSWORD)
    for name in ("fleet", "words", "forced", "alone"):
        pg.create(name)


def teardown():
    if pg:
        pg.close()


def by_tcp(database, words="", host="127.0.0.1"):
    return f"postgresql:host={host} port={pg.port} user=reeve dbname={database} {words}".rstrip()


def instance(url, password=None):
    """Its state directory has the password and the server's certificate."""
    conf = {"rs": {"store": url}, "ls": {"store": url}}
    made = Instance(conf)
    os.makedirs(made.state, mode=0o700)
    shutil.copy(pg.certificate, made.state + "/db-ca.crt")
    if password is not None:
        for section in conf.values():
            section["store_password_file"] = "db-password"
        path = made.state + "/db-password"
        with open(path, "w", encoding="utf-8") as f:
            f.write(password + "\n")
        os.chmod(path, 0o600)
    return made


def refusal(url, password=None):
    """What the start says; it must not say the password."""
    made = instance(url, password)
    try:
        made.start(wait=False)
        check(made.process.wait(60) != 0, "it has started")
        text = made.log_text()
    finally:
        made.remove()
    for word in (PASSWORD, "s3cret", "and more"):
        check(word not in text, f"the password is shown: {text}")
    return text


def make(reeve, number):
    path = os.path.join(reeve.dir, f"config-{number}")
    with open(path, "wb") as f:
        f.write(b"hostname x\n")
    reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
    reeve.ctl("config", "set", did(number), "startup", "--module", f"1,version=1.0={path}")


def listed(answer):
    return [device["distid"] for device in answer["devices"]]


def has_tls(database):
    return pg.sql("postgres", "SELECT DISTINCT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a "
                              f"USING (pid) WHERE a.datname = '{database}'")


@test
def with_a_password_file_and_tls_by_name_both_stores_work_and_come_back():
    # By a relative name: the directories above belong to root alone, if the test does.
    with instance(by_tcp("fleet", "sslmode=verify-full sslrootcert=db-ca.crt", "localhost"),
                  PASSWORD) as reeve:
        make(reeve, 1)
        known_to_ls(reeve, 1)
        equal(code_of(pull(reeve, 1, "rs-key")), 100, "a pull")
        equal(code_of(solicit(reeve, 1)), 100, "the LS")
        equal(has_tls("fleet"), [["t"]], "TLS")
        pids = reeve.pids()
        pg.stop()
        until("/readyz to tell", lambda: reeve.http_get("status", "/readyz")[0] == 503)
        pg.start()
        until("the return", lambda: reeve.http_get("status", "/readyz")[0] == 200)
        equal(code_of(pull(reeve, 1, "rs-key")), 100, "a pull after the return")
        equal(reeve.pids(), pids, "nobody was started anew")
        check("s3cret" not in reeve.log_text(), "the password is in the log")


@test
def a_password_in_the_url_works_and_is_shown_nowhere():
    with instance(by_tcp("words", f"password={IN_URL}")) as reeve:
        make(reeve, 2)
        equal(listed(reeve.ctl("device", "list")), [did(2)], "the device")
        path = os.path.join(reeve.dir, "reeve.conf")
        for command in ("dump", "check"):
            done = subprocess.run([reeve.reeve, "conf", command, "--config", path],
                                  capture_output=True, text=True, check=True)
            check("s3cret" not in done.stdout + done.stderr, f"conf {command}: {done.stdout}")
            check(command == "check" or "password=***" in done.stdout, done.stdout)
        for pids in reeve.pids().values():
            for pid in pids:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
                    check("s3cret" not in f.read(), "a process title")
        check("s3cret" not in reeve.log_text(), "the log")


@test
def what_keeps_the_database_shut_is_said_at_the_start():
    cases = {
        "wrong": (by_tcp("fleet"), "not-it", "password authentication failed"),
        "none": (by_tcp("fleet"), None, "store_password_file names a file with it"),
        "torn": (f"postgresql://reeve:s3cret@and more@127.0.0.1:{pg.port}/fleet", None,
                 "its words are not shown"),
        "stranger": (by_tcp("fleet", "sslmode=verify-full sslrootcert=/etc/hostname"), PASSWORD,
                     "could not read root certificate"),
        "no-name": (by_tcp("fleet", host="no-such-host.invalid"), PASSWORD,
                    "no-such-host.invalid"),
        "file": ("sqlite:/tmp/never.db", PASSWORD, "there is no password for it"),
    }
    for what, (url, password, word) in cases.items():
        text = refusal(url, password)
        check(word in text, f"{what}: {text}")


@test
def sslmode_require_is_honoured_by_a_server_without_tls():
    pg.tls(False)
    try:
        text = refusal(by_tcp("fleet", "sslmode=require"), PASSWORD)
        check("server does not support SSL" in text, text)
    finally:
        pg.tls(True)
    with instance(by_tcp("forced", "sslmode=require"), PASSWORD):
        equal(has_tls("forced"), [["t"]], "TLS")


def ctl(reeve, *command, env=None):
    return subprocess.run([reeve.reeve, "ctl", "--json", *command], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}, check=False)


@test
def ctl_works_on_the_store_while_no_rs_does():
    with instance(by_tcp("alone"), PASSWORD) as reeve:
        make(reeve, 3)
        done = ctl(reeve, "--state-dir", reeve.state, "device", "list")
        equal(listed(json.loads(done.stdout)), [did(3)], "by the socket of the state directory")
        store = by_tcp("alone", f"password={IN_URL}")
        done = ctl(reeve, "--server", store, "--state-dir", reeve.state, "device", "list")
        equal(done.returncode, 1, "while the rs has it")
        check("is in use by reeve_rs, process" in done.stderr, done.stderr)
        check("s3cret" not in done.stderr, done.stderr)
        reeve.stop()
        for where in (["--state-dir", reeve.state], []):
            done = ctl(reeve, "--server", store, *where, "device", "list",
                       env={} if where else {"REEVE_STATE": reeve.state})
            equal(done.returncode, 0, done.stderr)
            equal(listed(json.loads(done.stdout)), [did(3)], "in the store")
        done = ctl(reeve, "--server", store, "--state-dir", reeve.dir, "device", "list")
        check(done.returncode != 0 and "rs-ca.crt" in done.stderr, done.stderr)


if __name__ == "__main__":
    if not find_bin():
        print("1..0 # SKIP PostgreSQL is not installed")
        sys.exit(0)
    tap.main(setup, teardown)
