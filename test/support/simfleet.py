"""reeve sim against an Instance: as one call, or read line by line while it runs."""
import json
import os
import signal
import subprocess

from tap import check, equal

UP, NOT_UP, USAGE, FAILURE = range(4)


def run(reeve, *args, lang="C.UTF-8"):
    return subprocess.run([reeve.reeve, "sim", *args], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "LC_ALL": lang})


def register(reeve, seed, devices):
    done = run(reeve, "register", "--devices", str(devices), "--seed", str(seed), "--modules", "2", "--bytes", "500",
               "--store", f"unix:{reeve.state}/bus.sock")
    equal(done.returncode, UP, done.stderr)


def options(reeve, seed, devices):
    host, port = reeve.address("ls")
    return ["--devices", str(devices), "--seed", str(seed), "--state", reeve.state, "--ls", f"https://{host}:{port}/"]


def play(reeve, seed, devices, *args):
    """(exit status, the summary, all events)"""
    done = run(reeve, *options(reeve, seed, devices), "--json", *args)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    check(events and events[-1]["event"] == "summary", done.stdout[-500:] + done.stderr)
    return done.returncode, events[-1], events


def count(events, event):
    return sum(e["event"] == event for e in events)


class Live:
    """A run whose events are read as they come; `with` ends it."""

    def __init__(self, reeve, seed, devices, *args):
        self.process = subprocess.Popen([reeve.reeve, "sim", *options(reeve, seed, devices), "--json", *args],
                                        stdout=subprocess.PIPE, text=True)
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def until(self, is_it):
        """The first event that is it; the run must not end before."""
        for line in self.process.stdout:
            event = json.loads(line)
            self.events.append(event)
            if is_it(event):
                return event
        raise AssertionError(f"ended before: {self.events[-1:]}")

    def stop(self):
        """(exit status, the summary)"""
        self.process.send_signal(signal.SIGTERM)
        summary = self.until(lambda e: e["event"] == "summary")
        return self.process.wait(), summary
