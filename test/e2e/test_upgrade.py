#!/usr/bin/env python3
"""A new Reeve takes over from one that runs, while devices pull: nobody is refused, nothing is lost."""
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import armsclient  # noqa: E402
import fleet  # noqa: E402
import preload  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from fleet import code_of, did, pull, until  # noqa: E402
from instance import Instance, conf_text, free_ports  # noqa: E402
from tap import check, equal, test  # noqa: E402

DEVICES = 4


def events(log_path, name):
    with open(log_path, encoding="utf-8", errors="replace") as f:
        return [line for line in f.read().splitlines() if re.search(rf"event={re.escape(name)}( |$)", line)]


def instances(log_path, name, child, more=""):
    found = [re.search(rf" child={child} instance=(\d+){more}", line) for line in events(log_path, name)]
    return {int(m[1]) for m in found if m}


class Line:
    """One Reeve after the other on the same state directory."""

    def __init__(self, **conf):
        self.instance = Instance({"proxy": {"workers": 2}, "ls": {"workers": 2}})
        self.instance.conf = self.instance.defaults()
        for section, items in conf.items():
            self.instance.conf[section].update(items)
        self.number = 0
        self.instance.start()
        self.acked = 0
        self.processes = [(self.instance.process, self.instance.log_path)]
        for number in range(1, DEVICES + 1):
            self.instance.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
            path = os.path.join(self.instance.dir, "config")
            with open(path, "w", encoding="utf-8") as f:
                f.write("hostname x\n")
            self.instance.ctl("config", "set", did(number), "startup", "--module", f"1,version=1.0={path}")

    @property
    def log(self):
        """Of the one that serves."""
        return self.processes[-1][1]

    def follow(self, *options, **conf):
        """Starts the next one; (process, log)."""
        self.number += 1
        for section, items in conf.items():
            self.instance.conf[section].update(items)
        path = os.path.join(self.instance.dir, f"reeve-{self.number}.conf")
        log_path = os.path.join(self.instance.dir, f"log-{self.number}")
        with open(path, "w", encoding="utf-8") as f:
            f.write(conf_text(self.instance.conf))
        with open(log_path, "ab") as log:
            process = subprocess.Popen(
                [self.instance.reeve, "serve", "--config", path, "--state", self.instance.state, "--take-over",
                 *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        return process, log_path

    def upgrade(self, **conf):
        """The next one serves, and the one before has ended."""
        old, _ = self.processes[-1]
        new, log = self.follow(**conf)
        until("the new one to be ready", lambda: new.poll() is not None or events(log, "app.upgrade.done"), 60)
        check(new.poll() is None, open(log, encoding="utf-8").read())
        self.processes.append((new, log))
        return old

    def pull(self, number=1, ctx=None):
        body = armsclient.config_solicitation(did(number))
        return armsclient.send(self.instance.address("proxy"), did(number), "rs-key", body, ctx)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for process, _ in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
        self.instance.remove()


class Stream(threading.Thread):
    """A device that pulls again and again: by a full handshake, or resuming its session."""

    def __init__(self, line, number, resumes):
        super().__init__(daemon=True)
        self.line, self.number, self.resumes = line, number, resumes
        self.codes, self.broken, self.resumed = {}, [], 0
        self.end = threading.Event()

    def run(self):
        ctx, session = tlspeer.context(), None
        body = armsclient.config_solicitation(did(self.number))
        head = armsclient.head(did(self.number), "rs-key", len(body))
        while not self.end.is_set():
            try:
                raw = socket.create_connection(self.line.instance.address("proxy"), timeout=30)
                with ctx.wrap_socket(raw, session=session if self.resumes else None) as s:
                    self.resumed += s.session_reused
                    s.sendall(head)
                    s.sendall(body)
                    answer = tlspeer.Answer()
                    while data := s.recv(65536):
                        answer.data += data
                    session = s.session
                code = code_of(answer)
                self.codes[code] = self.codes.get(code, 0) + 1
            except (OSError, AssertionError, ValueError) as e:
                self.broken.append(repr(e))


def streaming(line, during):
    """Runs `during` beside a stream of pulls; the streams when it is over."""
    streams = [Stream(line, n, n % 2 == 0) for n in range(1, DEVICES + 1)]
    for s in streams:
        s.start()
    try:
        until("the stream", lambda: all(s.codes.get(100, 0) > 5 for s in streams), 60)
        during()
        before = [s.codes.get(100, 0) for s in streams]
        until("the stream afterwards",
              lambda: all(s.codes.get(100, 0) > b + 5 for s, b in zip(streams, before)), 60)
    finally:
        for s in streams:
            s.end.set()
        for s in streams:
            s.join(60)
    return streams


def judge(line, streams, what):
    codes = {}
    for s in streams:
        for code, n in s.codes.items():
            codes[code] = codes.get(code, 0) + n
    broken = [b for s in streams for b in s.broken]
    resumed = sum(s.resumed for s in streams)
    print(f"# {what}: {codes.get(100, 0)} pulls answered, {codes.get(301, 0)} heard 301, "
          f"{len(broken)} connections refused or cut, {resumed} resumed", flush=True)
    equal(broken, [], "connections refused or cut")
    check(set(codes) <= {100, 301}, f"codes {codes}")
    check(resumed > 0, "sessions are resumed")
    line.acked += codes.get(100, 0)


def recorded(line):
    """Pulls that rs has written down as delivered."""
    with sqlite3.connect(f"file:{line.instance.state}/rs.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM pull WHERE code = 100").fetchone()[0]


@test
def two_upgrades_in_a_row_refuse_nobody_and_lose_nothing():
    with Line() as line:
        def both():
            for _ in range(2):
                old = line.upgrade()
                equal(old.wait(60), 0, "exit status of the old one")
        judge(line, streaming(line, both), "two upgrades")
        check(recorded(line) >= line.acked, f"{recorded(line)} recorded, {line.acked} acknowledged")
        equal(line.instance.ctl("device", "show", did(1))["device"]["state"], "configured", "the API")
        check(line.instance.http_get("status", "/readyz") == (200, "ready\n"), "readiness")


@test
def killing_the_new_one_leaves_the_old_one_serving():
    with Line() as line:
        # Its rs is never ready, so it has not taken over yet when it is killed, however late that is.
        libexec = preload.libexec(os.path.join(line.instance.dir, "libexec"), os.path.dirname(line.instance.reeve), {})
        with open(os.path.join(libexec, "reeve-rs"), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexec sleep 60\n")

        def kill_at(event):
            before = len(events(line.log, event))
            new, _ = line.follow("--libexec", libexec)
            until(event, lambda: len(events(line.log, event)) > before, 60)
            new.kill()
            new.wait()
            until("the old one to notice", lambda: len(events(line.log, "app.upgrade.failed")) ==
                  len(events(line.log, "app.upgrade.begun")))
            until("a pull", lambda: code_of(line.pull()) == 100)

        for event in ("app.upgrade.begun", "app.upgrade.yielded"):
            # Of the new one's connections those die with it that it had accepted: it was killed.
            streams = streaming(line, lambda e=event: kill_at(e))
            codes = {c for s in streams for c in s.codes}
            cut = [b for s in streams for b in s.broken]
            print(f"# killed at {event}: {len(cut)} connections cut, codes {codes}", flush=True)
            check(codes <= {100, 301}, codes)
            check(not any("Refused" in b for b in cut), cut)
            check(len(cut) <= 2 * DEVICES, cut)
        judge(line, streaming(line, line.upgrade), "the upgrade after these")


@test
def a_new_one_that_cannot_start_changes_nothing():
    with Line() as line:
        def fail():
            for conf, status in (({"proxy": {"certificate": "pki/none.crt"}}, 1),
                                 ({"proxy": {"certificate": "rs.db"}}, None),
                                 ({"rs": {"store": "sqlite:/nonexistent/rs.db"}}, None)):
                good = {s: dict(items) for s, items in line.instance.conf.items()}
                new, _ = line.follow(**conf)
                line.instance.conf = good
                code = new.wait(90)
                check(code != 0 and status in (None, code), f"exit status {code}")
                until("the old one to notice", lambda: len(events(line.log, "app.upgrade.failed")) ==
                      len(events(line.log, "app.upgrade.begun")))
                until("a pull", lambda: code_of(line.pull()) == 100)
        streams = streaming(line, fail)
        codes = {c for s in streams for c in s.codes}
        check(codes <= {100, 301}, codes)
        check(not any("Refused" in b for s in streams for b in s.broken), [s.broken for s in streams])
        line.instance.ctl("device", "list")  # bus.sock is the old one's again


@test
def an_open_connection_ends_its_pull_with_the_old_process_and_the_new_store():
    with Line() as line:
        ctx = tlspeer.context()
        with ctx.wrap_socket(socket.create_connection(line.instance.address("proxy"), timeout=30)) as s:
            old = line.upgrade()
            log = line.processes[0][1]
            until("the idle proxy to end", lambda: instances(log, "app.duty.died", "proxy"))
            holder = {0, 1} - instances(log, "app.duty.died", "proxy")
            until("the other to reach the new store",
                  lambda: holder <= instances(log, "app.join.linked", "proxy", " peer=rs"))
            body = armsclient.config_solicitation(did(1))
            check(old.poll() is None, "it waits for this connection")
            s.sendall(armsclient.head(did(1), "rs-key", len(body)))
            s.sendall(body)
            answer = tlspeer.Answer()
            while data := s.recv(65536):
                answer.data += data
            equal(code_of(answer), 100, "its code")
        equal(old.wait(60), 0, "exit status of the old one")


@test
def a_connection_that_does_not_end_is_closed_after_drain_timeout():
    with Line() as line:
        line.instance.conf.setdefault("reeve", {})["drain_timeout"] = "300ms"
        line.upgrade()  # this one has the short time
        with socket.create_connection(line.instance.address("proxy"), timeout=30) as idle:
            old = line.upgrade()
            equal(old.wait(60), 0, "exit status of the old one")
            equal(idle.recv(1), b"", "the connection")


@test
def more_and_fewer_workers_and_another_address_are_no_hindrance():
    with Line() as line:
        extra = f"127.0.0.1:{free_ports(1)[0]}"

        def all_of_it():
            for workers in (4, 1):
                line.upgrade(proxy={"workers": workers,
                                    "listen": line.instance.conf["proxy"]["listen"][:1] + [extra]})
        judge(line, streaming(line, all_of_it), "workers 2, 4, 1")
        host, port = extra.rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=30).close()


@test
def a_session_from_before_is_resumed_by_the_new_one():
    with Line() as line:
        ctx = tlspeer.context(version=ssl.TLSVersion.TLSv1_2)
        with ctx.wrap_socket(socket.create_connection(line.instance.address("proxy"), timeout=30)) as s:
            session = s.session
        equal(line.upgrade().wait(60), 0, "the old one has ended")
        with ctx.wrap_socket(socket.create_connection(line.instance.address("proxy"), timeout=30),
                             session=session) as s:
            check(s.session_reused, "resumed")


@test
def sigusr2_starts_the_next_one_and_systemd_learns_its_pid():
    path = os.path.join(tempfile.mkdtemp(prefix="reeve-notify-"), "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(60)
        os.environ["NOTIFY_SOCKET"] = path
        try:
            line = Line()
        finally:
            del os.environ["NOTIFY_SOCKET"]
        with line:
            old = line.instance.process
            old.send_signal(signal.SIGUSR2)
            said = []
            until("MAINPID", lambda: said.append(s.recv(4096).decode()) or said[-1].startswith("MAINPID="), 60)
            check(not any("STOPPING" in t for t in said), said)
            pid = int(said[-1].split("=")[1])
            equal(old.wait(60), 0, "exit status of the old one")
            equal(code_of(pull(line.instance, 1, "rs-key")), 100, "a pull")
            os.kill(pid, signal.SIGTERM)
            until("its end", lambda: not os.path.exists(f"{line.instance.state}/bus.sock"))


@test
def without_one_that_runs_it_is_an_ordinary_start():
    instance = Instance(args=["--take-over"])
    with instance:
        equal(instance.http_get("status", "/readyz"), (200, "ready\n"), "readiness")
        equal(instance.stop(), 0, "exit status")


if __name__ == "__main__":
    tap.main()
