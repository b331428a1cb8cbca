"""A Location Server on a host of its own, RS operators on other hosts, and lines that can be cut."""
import os
import shutil
import subprocess

from cut import Line
from instance import Instance


class RsHost(Instance):
    """A whole Reeve; its own LS has nothing to do here."""


class LsHost(Instance):
    def defaults(self):
        conf = super().defaults()
        keep = [name for name in conf if name in ("ls", "status") or name.startswith("operator")]
        return {name: conf[name] for name in keep}


class World:
    """Operators east and west, the LS, and the lines between them."""

    def __init__(self, names=("east", "west"), fail_point=None, **limits):
        self.fail_point = fail_point  # of the LS host alone
        self.rs = {name: RsHost() for name in names}
        self.ls = LsHost(command="ls")
        self.lines = {}
        try:
            self.begin(limits)
        except BaseException:
            self.stop()
            raise

    def begin(self, limits):
        os.makedirs(self.ls.state)
        subprocess.run([self.ls.reeve, "pki", "init", "--state", self.ls.state], check=True, capture_output=True)
        conf = {"ls": {"local_rs": False}}
        for name, rs in self.rs.items():
            rs.start()
            token = rs.ctl("token", "create", "ls-1", "--role", "ls")["token"]
            self.lines[name] = Line(rs.address("http"))
            self.write(f"{name}.token", token + "\n")
            shutil.copy(os.path.join(rs.state, "pki", "http-ca.crt"), os.path.join(self.ls.state, f"{name}-ca.crt"))
            conf[f'operator "{name}"'] = {"url": f"https://127.0.0.1:{self.lines[name].port}",
                                          "ca": f"{name}-ca.crt", "token_file": f"{name}.token",
                                          **limits.get(name, {})}
        self.ls.conf = conf
        if self.fail_point is None:
            self.ls.start()
            return
        os.environ["REEVE_FAIL_POINT"] = self.fail_point
        try:
            self.ls.start(wait=False)
        finally:
            del os.environ["REEVE_FAIL_POINT"]

    def write(self, name, text):
        path = os.path.join(self.ls.state, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
            f.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def stop(self):
        self.ls.remove()
        for line in self.lines.values():
            line.stop()
        for rs in self.rs.values():
            rs.remove()
