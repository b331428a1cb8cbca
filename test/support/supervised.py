"""rv-test-supervisor with small duties of our own (test/e2e/app): started, asked, stopped."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tap import check

BIN = os.environ["REEVE_TEST_APP"]
PATIENCE = 60  # seconds until a wait gives up; nothing here measures time


def wait_for(what, probe):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = probe()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class Supervisor:
    def __init__(self, *duties, conf="", join="-", env=None, state=None, uid=None,
                 timeout="2s", sandbox="on"):
        self.dir = state or tempfile.mkdtemp(prefix="reeve-app-")
        self.owns_dir = state is None
        self.timeout, self.sandbox = timeout, sandbox
        path = self.write_conf(conf)
        self.log_path = os.path.join(self.dir, "log")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [f"{BIN}/rv-test-supervisor", path, self.dir, BIN, join, *duties], stderr=log,
                env={**os.environ, **(env or {})}, user=uid)

    def write_conf(self, conf, level="debug"):
        path = os.path.join(self.dir, "test.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'reeve {{ shutdown_timeout = "{self.timeout}" log_level = {level} '
                    f'sandbox = {self.sandbox} }}\n' + conf)
        return path

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def events(self, event, **facts):
        """Values of the lines of that event that hold these facts."""
        found = []
        for line in self.log().splitlines():
            keys = dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))
            if keys.get("event") == event and all(keys.get(k) == str(v) for k, v in facts.items()):
                found.append(keys)
        return found

    def ready(self):
        wait_for("readiness", lambda: self.process.poll() is not None or self.events("test.all.ready"))
        check(self.process.poll() is None, "ended early:\n" + self.log())
        return self

    def ask(self, line, duty="front"):
        address = self.events("app.listener.opened", duty=duty)[0]["address"]
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as s:
            s.sendall(line.encode() + b"\n")
            return s.makefile().readline().strip()

    def get(self, path, raw=None):
        host, port = self.events("app.listener.opened", duty="status")[0]["address"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as s:
            s.sendall(raw or f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            data = b"".join(iter(lambda: s.recv(65536), b""))
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()

    def pid(self, duty, instance=0):
        return int(self.events("app.duty.started", child=duty, instance=instance)[-1]["pid"])

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        log = self.log()
        check("Sanitizer" not in log and "runtime error" not in log, log)
        if self.owns_dir:
            shutil.rmtree(self.dir)
