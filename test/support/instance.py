"""A real Reeve in a temporary directory: started, spoken to, stopped."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("REEVE_BUILD") or os.path.join(HERE, "..", "..", "build")
READY_SECONDS = 60  # generous: sanitizer builds on busy machines


def free_ports(count, host="127.0.0.1"):
    """Ports nobody uses right now, below those that the kernel gives to outgoing connections: one
    of these could be taken by any client of a test that runs beside."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = []
    for port in random.SystemRandom().sample(range(10240, 32000), 1000):
        with socket.socket(family) as s:
            try:
                s.bind((host, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError(f"no {count} free ports on {host}")


def conf_text(sections):
    """{"ls": {"listen": ["127.0.0.1:1"], "workers": 1}} -> the text of a reeve.conf."""
    out = []
    for name, items in sections.items():
        out.append(f"{name} {{")
        for key, value in items.items():
            if isinstance(value, (list, tuple)):
                text = "{" + ", ".join(json.dumps(v) for v in value) + "}"
            elif isinstance(value, str):
                text = json.dumps(value)
            else:
                text = str(value).lower()
            out.append(f"    {key} = {text}")
        out.append("}")
    return "\n".join(out) + "\n"


class CtlError(Exception):
    def __init__(self, command, done):
        super().__init__(f"reeve ctl {' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
        self.status = done.returncode
        self.text = done.stderr


class Instance:
    """`command` is what `reeve` is asked to run: serve, ls, rs, proxy ..."""

    def __init__(self, conf=None, command="serve", args=(), state=None):
        self.command, self.args = command, list(args)
        self.owns_dir = state is None
        self.dir = state or tempfile.mkdtemp(prefix="reeve-test-")
        self.state = os.path.join(self.dir, "state")
        self.conf = conf or {}
        self.log_path = os.path.join(self.dir, f"{command}.log")
        self.reeve = os.path.join(BUILD, "cmd", "reeve")
        self.process = None
        self.listening = {}

    def defaults(self):
        """A configuration of every component on ports of its own; `conf` overrides item by item."""
        ls, proxy, http, status = free_ports(4)
        conf = {
            "ls": {"listen": [f"127.0.0.1:{ls}"], "workers": 1},
            "proxy": {"listen": [f"127.0.0.1:{proxy}"], "workers": 1},
            "rs": {"pull_urls": [f"https://127.0.0.1:{proxy}/arms"]},
            "http": {"listen": [f"127.0.0.1:{http}"]},
            "status": {"listen": [f"127.0.0.1:{status}"]},
        }
        for section, items in self.conf.items():
            conf.setdefault(section, {}).update(items)
        return conf

    def start(self, wait=True):
        conf = self.defaults()
        self.listening = {name: items["listen"][0] for name, items in conf.items() if "listen" in items}
        path = os.path.join(self.dir, "reeve.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(conf_text(conf))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.reeve, self.command, "--config", path, "--state", self.state, *self.args],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        if wait:
            self.wait_ready()
        return self

    def address(self, component):
        host, _, port = self.listening[component].rpartition(":")
        return host.strip("[]"), int(port)

    def http_get(self, component, path):
        """(status, body) of a plain GET, for the status pages."""
        with socket.create_connection(self.address(component), timeout=10) as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while piece := s.recv(65536):
                data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode("utf-8", "replace")

    def wait_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        last = "nobody listens"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"reeve {self.command} ended with {self.process.returncode}:\n{self.log_tail()}")
            try:
                status, last = self.http_get("status", "/readyz")
                if status == 200:
                    return
            except (OSError, IndexError, ValueError):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"not ready: {last}\n{self.log_tail()}")

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_tail(self, lines=30):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def ctl(self, *command, stdin=None):
        """`reeve ctl --json ...` over the local socket; its JSON, or CtlError."""
        done = subprocess.run(
            [self.reeve, "ctl", "--server", f"unix:{self.state}/bus.sock", "--json", *command],
            input=stdin, capture_output=True, text=True, timeout=60,
            env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
        if done.returncode != 0:
            raise CtlError(command, done)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def ctl_over_https(self, token, *command):
        """`reeve ctl` as somebody else's user with a token types it: what became of the process."""
        host, port = self.address("http")
        return subprocess.run(
            [self.reeve, "ctl", "--server", f"https://{host}:{port}", "--ca",
             os.path.join(self.state, "pki", "http-ca.crt"), *command],
            env={**os.environ, "REEVE_TOKEN": token, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True,
            timeout=60, check=False)

    def write(self, name, data):
        """A file beside the state directory; its path."""
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def pids(self):
        """{duty name: [pid]} of the running duties."""
        found = {}
        for pid in os.listdir("/proc"):
            if not pid.isdigit():
                continue
            try:
                with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
                if int(fields[1]) != self.process.pid or fields[0] == "Z":
                    continue
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:  # exe is closed to its own user
                    name = os.path.basename(f.read().split("\0")[0]).removeprefix("reeve-")
            except OSError:
                continue
            found.setdefault(name, []).append(int(pid))
        return found

    def stop(self, sig=signal.SIGTERM):
        """Ends it; the exit status of the supervisor."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        return self.process.returncode

    def remove(self):
        self.stop()
        if self.owns_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        self.remove()
