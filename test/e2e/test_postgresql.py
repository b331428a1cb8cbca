#!/usr/bin/env python3
"""Both stores on a PostgreSQL that crashes under load and is gone for a while; a full disk under SQLite.

REEVE_SOAK=1: the database is gone for a minute instead of a few seconds."""
import os
import pwd
import resource
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, known_to_ls, metric, pull, solicit, until  # noqa: E402
from instance import Instance  # noqa: E402
from pgserver import PgServer, find_bin  # noqa: E402
from tap import check, equal, test  # noqa: E402

AWAY_S = 60 if os.environ.get("REEVE_SOAK") else 4
DISK_BYTES = 6 << 20

pg = None
reeve = None


def setup():
    global pg, reeve
    pg = PgServer()
    pg.create("fleet")
    reeve = Instance({"rs": {"store": pg.url("fleet")}, "ls": {"store": pg.url("fleet")}}).start()


def teardown():
    if reeve:
        reeve.remove()
    if pg:
        pg.close()


def make(instance, number, config=b"hostname x\n"):
    path = os.path.join(instance.dir, f"config-{number}")
    with open(path, "wb") as f:
        f.write(config)
    instance.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
    instance.ctl("config", "set", did(number), "startup", "--module", f"1,version=1.0={path}")


class Load:
    """Devices that pull without a pause; what each was answered with 100 must be recorded."""

    def __init__(self, instance, number, config, threads=3):
        self.instance, self.number, self.config = instance, number, config
        self.answered, self.refused, self.bad, self.stop = [], 0, [], threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(i,)) for i in range(threads)]
        for t in self.threads:
            t.start()

    def _run(self, i):
        count = 0
        while not self.stop.is_set():
            trigger = f"load-{i}-{count}"
            count += 1
            try:
                answer = pull(self.instance, self.number, "rs-key", trigger=trigger)
                code = code_of(answer)
            except OSError:
                continue
            if code == 100 and fleet.modules_of(answer) == {1: self.config}:
                self.answered.append(trigger)
            elif code == 301:
                self.refused += 1
            else:
                self.bad.append((code, answer.data[:200]))

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()
        check(not self.bad, f"neither the config nor 301: {self.bad[:1]}")


def recorded(instance, number):
    found, before = set(), None
    while True:
        page = instance.ctl("pull", "list", "--distid", did(number), "--limit", "1000",
                            *(["--before", before] if before else []))["pulls"]
        found |= {p["trigger"] for p in page}
        if len(page) < 1000:
            return found
        before = page[-1]["id"]


def is_ready(instance):
    return instance.http_get("status", "/readyz")[0] == 200


@test
def two_stores_lie_side_by_side_in_one_database():
    rows = pg.sql("fleet", "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reeve%' ORDER BY 1")
    equal(rows, [["reeve_ls"], ["reeve_rs"]], "schemas")


@test
def a_second_rs_is_refused_and_told_who_has_the_store():
    with_same = Instance({"rs": {"store": pg.url("fleet")}})
    try:
        with_same.start(wait=False)
        until("the refusal", lambda: "is in use by reeve_rs, process" in with_same.log_text())
    finally:
        with_same.remove()
    check(is_ready(reeve), "the first one")


@test
def what_was_acknowledged_survives_a_crash_of_the_database_under_load():
    config = b"hostname crash\n" * 50
    make(reeve, 1, config)
    known_to_ls(reeve, 1)
    load = Load(reeve, 1, config)
    for _ in range(2):
        count = len(load.answered)
        until("some pulls", lambda: len(load.answered) > count + 10)
        pg.kill()
        until("/readyz to tell", lambda: not is_ready(reeve))
        time.sleep(1)
        pg.start()
        until("the return", lambda: is_ready(reeve))
    count = len(load.answered)
    until("pulls again", lambda: len(load.answered) > count + 10)
    load.end()
    lost = set(load.answered) - recorded(reeve, 1)
    check(not lost, f"{len(lost)} of {len(load.answered)} acknowledged pulls are not in the store")
    check(load.refused > 0, "no device was told to come again")
    check(metric(reeve, r"reeve_rs_db_losses_total") >= 2, "losses")
    check(metric(reeve, r"reeve_rs_db_away_seconds_total") > 0, "seconds away")
    text = reeve.log_text()
    equal(text.count("db.connection.lost store=reeve_rs"), 2, "lines at the loss")
    equal(text.count("db.connection.returned store=reeve_rs"), 2, "lines at the return")


@test
def while_the_database_is_gone_devices_hear_busy_and_all_goes_on_by_itself():
    make(reeve, 2)
    known_to_ls(reeve, 2)
    pids = reeve.pids()
    pg.stop()
    end = time.monotonic() + AWAY_S
    while time.monotonic() < end:
        equal(code_of(pull(reeve, 2, "rs-key")), 301, "a pull without a database")
    status, text = reeve.http_get("status", "/readyz")
    equal(status, 503, "/readyz")
    check("the database does not answer" in text, text)
    pg.start()
    until("the return", lambda: is_ready(reeve))
    equal(code_of(pull(reeve, 2, "rs-key")), 100, "a pull afterwards")
    equal(code_of(solicit(reeve, 2)), 100, "the LS afterwards")
    equal(reeve.pids(), pids, "nobody was started anew")


@test
def a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing():
    """SQLite; the disk is a limit on the size of files"""
    config = bytes(range(32, 127)) * 400
    me = pwd.getpwuid(os.getuid()).pw_name  # whose limits may be set
    with Instance({"reeve": {"user": me}}) as small:
        make(small, 3, config)
        equal(code_of(pull(small, 3, "rs-key")), 100, "before")
        rs = small.pids()["rs"][0]
        # What it has written up to now is kept; there is no room for more.
        sizes = [os.path.getsize(f"{small.state}/rs.db{suffix}") for suffix in ("", "-wal")]
        resource.prlimit(rs, resource.RLIMIT_FSIZE, (max(sizes), resource.RLIM_INFINITY))
        refusals = 0
        for i in range(400):
            code = code_of(pull(small, 3, "rs-key", trigger=f"full-{i}"))
            check(code in (100, 301), f"code {code}")
            refusals += code == 301
            if refusals == 5:
                break
        equal(refusals, 5, "refusals")

        def is_told():
            pull(small, 3, "rs-key", trigger="told")
            return "cannot be written since" in small.http_get("status", "/readyz")[1]
        until("/readyz to tell", is_told)
        resource.prlimit(rs, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until("room again", lambda: code_of(pull(small, 3, "rs-key", trigger="room")) == 100)
        until("/readyz", lambda: is_ready(small))
        equal(small.pids()["rs"], [rs], "the same process")
        found = recorded(small, 3)
        check("room" in found and "full-399" not in found, "what was kept")
        equal({f"full-{j}" for j in range(i - 4, i + 1)} & found, set(), "refused, yet kept")


if __name__ == "__main__":
    if not find_bin():
        print("1..0 # SKIP PostgreSQL is not installed")
        sys.exit(0)
    tap.main(setup, teardown)
