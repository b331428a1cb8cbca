"""Two-stage devices for tests and the demo: reeve-sa with all it is born with, and its console."""
import os
import resource
import shutil
import subprocess
import threading
import time

from instance import BUILD

AGENT = os.path.join(BUILD, "device", "agent", "reeve-sa")
DRIVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "device", "agent")
PATIENCE_SECONDS = 120


class Device:
    """`born` are the lines of its born file beside the files it names; `command` makes of a command
    the one that runs it elsewhere."""

    def __init__(self, folder, distid, ls_url, ls_root, born, driver="line-linux", command=None, env=None,
                 interval=0):
        self.distid, self.folder = distid, folder
        os.mkdir(folder)
        shutil.copy(ls_root, self.path("ls-root.crt"))
        self.write("initial.conf", f"{ls_url}\n\n{interval}\n3\n\n")
        self.write("born.conf", "\n".join([
            f"id {distid}", f"root {self.path('ls-root.crt')}", f"initial {self.path('initial.conf')}",
            f"driver {os.path.abspath(os.path.join(DRIVERS, driver))}", *born, ""]))
        self.lines, self.changed = [], threading.Condition()
        run = [AGENT, "-v", self.path("born.conf")]
        self.process = subprocess.Popen(
            command(*run) if command else run, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=folder,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": folder, "TMPDIR": folder, **sanitizers(),
                 **(env or {})})
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def wait_for(self, text, after=0):
        """The number of the first line from `after` on that holds the text."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.changed:
            while True:
                for number in range(after, len(self.lines)):
                    if self.lines[number] is not None and text in self.lines[number]:
                        return number
                if None in self.lines:
                    raise RuntimeError(f"reeve-sa has ended, and did not say {text!r}:\n{self.tail()}")
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    raise RuntimeError(f"waited {PATIENCE_SECONDS} s for {text!r}:\n{self.tail()}")

    def said(self, start="stage"):
        return [line for line in self.lines if line is not None and line.startswith(start)]

    def tail(self):
        return "\n".join(line or "(end)" for line in self.lines[-60:])

    def open_files(self):
        """Names of the files on disk that it has open."""
        folder = f"/proc/{self.process.pid}/fd"
        targets = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
        return [os.path.basename(t) for t in targets if t.startswith("/") and not t.startswith("/dev/")]

    def stop(self):
        """Pulls the plug: the line goes down by itself."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE_SECONDS)  # the console ends with the driver


def sanitizers():
    return {k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}
