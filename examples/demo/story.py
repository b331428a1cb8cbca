#!/usr/bin/env python3
"""The story of scripts/demo, step by step with its evidence."""
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "test", "support"))

import armsclient  # noqa: E402
from instance import BUILD, Instance  # noqa: E402
from twostage import Fleet  # noqa: E402

DID = "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
LS_KEY = "printed-on-the-label-4711"
CONFIG = b"hostname branch-7\ninterface wan0 dhcp\nntp server 192.0.2.123\n"
ROUND_SECONDS = 20  # the device's own: 20 x the interval 1 of its Initial-Config
PATIENCE_SECONDS = 120


class Story:
    def __init__(self):
        self.step = 0
        self.facts = []
        self.dir = tempfile.mkdtemp(prefix="reeve-demo-")
        self.device_dir = os.path.join(self.dir, "device")
        self.reeve = None
        self.fleet = None
        self.device = None
        self.printed = []  # the device's console, piece by piece: a pipe, so that it touches no storage

    def say(self, title, *evidence):
        self.step += 1
        print(f"\n[{self.step}] {title}")
        for line in evidence:
            print(f"      {line}")
        sys.stdout.flush()

    # -- the steps ------------------------------------------------------------------------------

    def start_reeve(self):
        self.reeve = Instance({"reeve": {}}, state=self.dir)
        self.reeve.conf = {}
        self.reeve.start()
        duties = ", ".join(f"{n} x{len(p)}" for n, p in sorted(self.reeve.pids().items()))
        self.say("Reeve is up: all-in-one on SQLite, nothing configured but addresses",
                 f"processes: {duties}",
                 f"REST API:  https://{self.reeve.listening['http']}/api/v2/",
                 f"status:    http://{self.reeve.listening['status']}/metrics  /healthz  /readyz")

    def start_device(self):
        os.mkdir(self.device_dir)
        root = os.path.join(self.device_dir, "ls-root.crt")
        shutil.copy(os.path.join(self.reeve.state, "pki", "ls-root.crt"), root)
        initial = os.path.join(self.device_dir, "initial.conf")
        with open(initial, "w", encoding="ascii") as f:
            f.write(f"https://{self.reeve.listening['ls']}/arms.cgi\n\n1\n3\n\n")
        self.device = subprocess.Popen(
            [os.path.join(BUILD, "examples", "pull", "arms-pull"), DID, LS_KEY, root, initial],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.device_dir,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
            env={"PATH": "/usr/bin:/bin", "HOME": self.device_dir, "TMPDIR": self.device_dir})
        threading.Thread(target=self.read_console, daemon=True).start()
        self.say("A fourth device is plugged in. It knows its id, an LS-SA key, the LS root certificate, the LS address",
                 f"distribution id {DID}", f"files of the device: {', '.join(sorted(os.listdir(self.device_dir)))}",
                 "the kernel lets it write no file at all (RLIMIT_FSIZE 0)")

    def wait_as_unknown(self):
        entry = self.wait_for("it to call", lambda: next(
            (w for w in self.reeve.ctl("device", "waiting")["devices"] if w["distid"] == DID), None))
        self.say("Nobody registered the fourth: the LS answers 420, retry; it waits and is listed",
                 f"reason {entry['reason']}, calls {entry['count']}, from {entry['address']}",
                 f"first {entry['first_at']}  last {entry['last_at']}  key fingerprint {entry['key_print']}")
        self.fact("the device that nobody registered got nothing and is listed", entry["reason"] == "unknown",
                  f"waiting as {entry['reason']}")
        return entry

    def claim(self, entry):
        path = os.path.join(self.dir, "branch-7.conf")
        with open(path, "wb") as f:
            f.write(CONFIG)
        device = self.reeve.ctl("device", "claim", DID, "--key-print", entry["key_print"],
                                "--description", "branch 7")["device"]
        version = self.reeve.ctl("config", "set", DID, "startup", "--module",
                                 f"1,version=1.0,info=edge-os={path}")["version"]
        self.claimed_at = time.monotonic()
        self.say("The operator claims it and gives it a startup config",
                 f"reeve ctl device claim {DID} --key-print {entry['key_print']}   -> {device['id']}",
                 f"reeve ctl config set {DID} startup --module 1,version=1.0,info=edge-os=branch-7.conf   -> {version['id']}")

    def wait_until_configured(self):
        pull = self.wait_for("it to pull", lambda: next(
            (p for p in self.reeve.ctl("pull", "list", "--distid", DID)["pulls"]
             if p["outcome"] == "delivered"), None))
        took = time.monotonic() - self.claimed_at
        shown = self.wait_for("it to show its config", lambda: self.console()
                              if CONFIG.decode() in self.console() else None)
        self.say(f"In its next round ({took:.0f} s later, a round is {ROUND_SECONDS} s) the device pulls and runs",
                 f"pull {pull['id']} at {pull['at']} from {pull['address']}: trigger \"{pull['trigger']}\", "
                 f"code {pull['code']}, config {pull['config']}",
                 "what the device shows:", *("  | " + line for line in shown.strip().splitlines()[-14:]))
        stored = self.reeve.ctl("config", "show", DID, "startup")["modules"][0]["text"].encode()
        self.fact("the config the device shows is the startup config, byte for byte", stored == CONFIG,
                  f"sha256 {hashlib.sha256(CONFIG).hexdigest()[:16]}...")
        self.fact("it was configured within one retry round", took <= ROUND_SECONDS + 10, f"{took:.0f} s")

    def search_device(self):
        secrets = {"the config": CONFIG, "a line of it": b"hostname branch-7", **self.keys()}
        looked, found = [], []
        for folder, _, names in os.walk(self.device_dir):
            for name in names:
                path = os.path.join(folder, name)
                looked.append(os.path.relpath(path, self.device_dir))
                with open(path, "rb") as f:
                    data = f.read()
                found += [f"{what} in {name}" for what, secret in secrets.items() if secret in data]
        open_files = self.open_files()
        self.say("The config and the keys are looked for in every file of the device side",
                 f"looked for: {', '.join(secrets)}", f"looked in:  {', '.join(sorted(looked))}",
                 f"files the device holds open: {', '.join(open_files) or 'none'}")
        self.fact("nothing of it lies in a file of the device", not found and not open_files,
                  "; ".join(found + open_files) or "not found")
        self.fact("the device lives although it may write no file", self.device.poll() is None, "RLIMIT_FSIZE 0")

    def keys(self):
        """What the servers gave the device, asked for once more in its name."""
        from armsreplay import messages, recording
        ls = messages.ls_answer(armsclient.send(self.reeve.address("ls"), DID, LS_KEY,
                                                armsclient.rs_solicitation(DID)).data)
        answer = armsclient.send(self.reeve.address("proxy"), DID, ls.rs_key,
                                 armsclient.config_solicitation(DID)).data
        body = messages.root_of(recording.body_of(answer))
        key = "".join(body.findtext(".//sa-private-key").split("\n")[1:3])
        return {"the RS-SA key": ls.rs_key.encode(), "the SA private key": key.encode()[:60],
                "the heartbeat passphrase": messages.rs_answer(answer).heartbeats[0][2].encode()}

    def open_files(self):
        folder = f"/proc/{self.device.pid}/fd"
        found = []
        for fd in os.listdir(folder):
            target = os.readlink(os.path.join(folder, fd))
            if target.startswith("/") and not target.startswith("/dev/"):
                found.append(os.path.basename(target))
        return found

    def finish(self):
        self.stop_devices()
        status = self.reeve.stop()
        self.fact("Reeve shut down cleanly", status == 0, f"exit status {status}")
        print("\nSummary")
        for good, text, evidence in self.facts:
            print(f"  {'ok  ' if good else 'FAIL'}  {text}: {evidence}")
        return all(good for good, _, _ in self.facts)

    # -- helpers --------------------------------------------------------------------------------

    def fact(self, text, good, evidence):
        self.facts.append((bool(good), text, evidence))

    def read_console(self):
        for line in self.device.stdout:
            self.printed.append(line.decode("utf-8", "replace"))

    def console(self):
        return "".join(self.printed)

    def wait_for(self, what, get):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            value = get()
            if value:
                return value
            if self.device and self.device.poll() is not None:
                raise RuntimeError(f"the device program ended with {self.device.returncode}:\n{self.console()}")
            time.sleep(0.3)
        raise RuntimeError(f"waited {PATIENCE_SECONDS} s for {what}\n{self.console()}\n{self.reeve.log_tail()}")

    def start_fleet(self):
        self.fleet = Fleet(self)
        self.fleet.register()

    def stop_devices(self):
        if self.fleet:
            self.fleet.stop()
        if self.device and self.device.poll() is None:
            self.device.send_signal(signal.SIGTERM)
            self.device.wait(20)

    def clean_up(self):
        self.stop_devices()
        if self.reeve:
            self.reeve.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def stay(self):
        print(f"""
Reeve stays up until Ctrl-C.

  REST API    https://{self.reeve.listening['http']}/api/v2/devices      (CA: {self.reeve.state}/pki/http-ca.crt)
  status      http://{self.reeve.listening['status']}/metrics
  CLI         export REEVE_SERVER=unix:{self.reeve.state}/bus.sock
              {os.path.relpath(self.reeve.reeve)} ctl device list
{self.token()}""", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()

    def token(self):
        line = next((s for s in self.reeve.log_text().splitlines() if "rvt_" in s), "")
        return f"  token       {line.split()[-1]}\n" if line else ""


def main():
    sys.path.insert(0, os.path.join(ROOT, "test", "interop"))
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(1))
    story = Story()
    try:
        story.start_reeve()
        story.start_fleet()
        story.start_device()
        story.fleet.boot()
        story.fleet.correct()
        story.claim(story.wait_as_unknown())
        story.wait_until_configured()
        story.search_device()
        story.fleet.judge()
        if "--once" not in sys.argv[1:]:
            story.stay()
        return 0 if story.finish() else 1
    except (RuntimeError, OSError) as e:
        print(f"\nThe demo failed: {e}", file=sys.stderr)
        return 1
    finally:
        story.clean_up()


if __name__ == "__main__":
    sys.exit(main())
