#!/usr/bin/env python3
"""What somebody could do who has taken over a duty: tried from inside each of them."""
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import instance  # noqa: E402
import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

INTRUDER = os.environ["REEVE_INTRUDER"]
DUTIES = {  # duty: its rights, as in its table
    "ls": "accept", "proxy": "accept", "http": "accept pair", "status": "accept", "ca": "threads",
    "rs": "threads store", "lsstore": "threads store", "lsfeed": "connect threads pair", "legacy": "",
}
EDGES = ("ls", "proxy", "http", "status", "lsfeed", "legacy")
# What a right makes possible. Whatever is not here must fail.
ALLOWED = {
    "accept": set(),
    "pair": {"socket-pair"},
    # Names are resolved by modules that the C library loads when it is asked, from files of /etc.
    "connect": {"connect-tcp", "connect-udp", "read-passwd", "read-openssl-config", "map-code", "turn-into-code"},
    "threads": {"thread"},
    "store": {"make-in-state", "read-rs.db", "read-ls.db", "read-secret.key"},
}
# Landlock goes by directories and not by names: without uids of their own stores are kept from the keys
# beside them by nothing.
STORE_WITHOUT_UID = {"read-pki-key", "read-ca-key", "make-in-pki"}
# In a sanitizer build the run time itself must be able to do these.
SANITIZED = {"read-proc", "fork", "thread", "ptrace-me", "ptrace-supervisor", "signal-supervisor", "signal-all",
             "read-memory", "be-dumpable", "map-code", "turn-into-code"}
# Harmless attempts that must succeed without a sandbox: proof that the intruder can do something.
WITHOUT = {"read-passwd", "list-root", "read-secret.key", "connect-tcp", "connect-udp", "socket-netlink", "socket-pair",
           "fork", "thread", "signal-supervisor", "map-code", "make-in-tmp", "read-rs.db", "make-in-state"}
DEADLY = {"execve", "bpf", "perf", "mount", "unshare", "chroot", "keyctl", "io-uring", "userfaultfd", "read-memory",
          "ptrace-me", "ptrace-supervisor"}


def is_sanitized():
    with open(os.path.join(instance.BUILD, "cmd", "reeve-ls"), "rb") as f:
        return b"__asan_init" in f.read()


def is_root():
    return os.geteuid() == 0


class Complete(instance.Instance):
    """Every duty that exists: devices of TLS 1.0 are served, and the LS follows an operator over HTTPS, who
    is this RS itself."""

    def __init__(self, conf=None):
        super().__init__({"ls": {"legacy": True}, "proxy": {"legacy": True}, **(conf or {})})

    def prepare(self):
        """A first run alone, so that all files are there; the operator's token can be had only from it."""
        port = instance.free_ports(1)[0]
        self.conf["http"] = {"listen": [f"127.0.0.1:{port}"]}
        self.start()
        token = self.ctl("token", "create", "ls-1", "--role", "ls")["token"]
        equal(self.stop(), 0, "exit of the run before")
        path = os.path.join(self.state, "operator.token")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
            f.write(token + "\n")
        self.conf['operator "self"'] = {"url": f"https://127.0.0.1:{port}", "ca": "pki/http-ca.crt",
                                        "token_file": "operator.token"}


class Intruded:
    """A reeve whose duties, or some of them, carry the intruder; `mode` is one word of his."""

    def __init__(self, duties=DUTIES, mode="", **reeve):
        self.dir = tempfile.mkdtemp(prefix="reeve-intruder-")
        self.report = os.path.join(self.dir, "report")
        os.mkdir(self.report)
        self.listeners = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
        self.listeners[1].bind(self.listeners[0].getsockname())
        self.reeve = Complete({"reeve": reeve} if reeve else {})
        self.reeve.args = ["--libexec", self.make_libexec(duties, mode)]
        os.chmod(self.reeve.dir, 0o755)  # so that files are kept from the intruder by the sandbox alone

    def make_libexec(self, duties, mode):
        """Executables of the build, those of `duties` behind a script that brings the intruder."""
        libexec = os.path.join(self.dir, "libexec")
        os.mkdir(libexec)
        environment = {"REPORT": self.report, "STATE": self.reeve.state, "PORT": self.listeners[0].getsockname()[1],
                       **({mode: 1} if mode else {}), **({"UNTRACED": 1} if is_sanitized() else {})}
        exports = "".join(f"export REEVE_INTRUDER_{k}='{v}'\n" for k, v in environment.items())
        for entry in os.listdir(os.path.join(instance.BUILD, "cmd")):
            real, path = os.path.join(instance.BUILD, "cmd", entry), os.path.join(libexec, entry)
            name = entry.removeprefix("reeve-")
            if name in duties and name != entry:
                with open(path, "w", encoding="utf-8") as f:
                    f.write(f"#!/bin/sh\n{exports}export REEVE_INTRUDER_NAME='{name}' LD_PRELOAD='{INTRUDER}'\n"
                            f"exec '{real}' \"$@\"\n")
                os.chmod(path, 0o755)
            elif name != entry and os.path.isfile(real):
                os.symlink(real, path)
        return libexec

    def __enter__(self):
        args, self.reeve.args = self.reeve.args, []
        self.reeve.prepare()
        self.reeve.args = args
        self.reeve.start(wait=False)
        return self

    def __exit__(self, *unused):
        self.reeve.remove()
        for s in self.listeners:
            s.close()
        shutil.rmtree(self.dir)

    def results(self, name):
        """{attempt: how it ended} of a duty, once all are made."""
        path = os.path.join(self.report, name)
        deadline = time.monotonic() + instance.READY_SECONDS
        while time.monotonic() < deadline:
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    lines = f.read().splitlines()
                if "end -" in lines:
                    return dict(line.split() for line in lines[:lines.index("end -")])
            check(self.reeve.process.poll() is None, f"reeve ended:\n{self.reeve.log_tail()}")
            time.sleep(0.05)
        raise AssertionError(f"{name} reported nothing\n{self.reeve.log_tail()}")


def expected(name):
    allowed = set().union(*(ALLOWED[right] for right in DUTIES[name].split()))
    if "store" in DUTIES[name] and not is_root():
        allowed |= STORE_WITHOUT_UID
    return allowed


@test
def an_intruder_may_do_what_the_rights_of_his_duty_say_and_nothing_else():
    with Intruded() as intruded:
        intruded.reeve.wait_ready()
        for name in DUTIES:
            results = intruded.results(name)
            check(len(results) > 40, f"{name}: only {len(results)} attempts")
            absent = {a for a in results if a.startswith("read-") and results[a] == "ENOENT"}
            check(not absent, f"{name}: what is not there proves nothing: {absent}")
            done = {attempt for attempt, result in results.items() if result == "done"}
            surplus = done - expected(name) - (SANITIZED if is_sanitized() else set())
            check(not surplus, f"{name}: an intruder could {sorted(surplus)}")
            missing = expected(name) - done
            check(not missing, f"{name}: its own rights do not work: {[(m, results[m]) for m in missing]}")
            caught = {a for a, r in results.items() if r == "trapped"} | (SANITIZED if is_sanitized() else set())
            check(DEADLY <= caught, f"{name}: these do not end the process: {sorted(DEADLY - caught)}")
        intruded.reeve.ctl("device", "list")  # and they still work


@test
def without_the_sandbox_the_same_intruder_succeeds_and_a_warning_says_so():
    with Intruded(mode="FREE", sandbox=False) as intruded:
        intruded.reeve.wait_ready()
        for name in DUTIES:
            results = intruded.results(name)
            failed = {a for a in WITHOUT if results[a] != "done"}
            check(not failed, f"{name}: the intruder can do nothing: {[(a, results[a]) for a in failed]}")
        check(re.search(r"level=warn .*event=app.sandbox.off", intruded.reeve.log_text()), "the warning")
        check('reeve_sandbox_on{duty="ls",instance="0"} 0' in intruded.reeve.http_get("status", "/metrics")[1],
              "the metric")


@test
def a_call_that_ends_a_duty_is_named_in_the_log():
    with Intruded(duties=("ca",), mode="DIES") as intruded:
        deadline = time.monotonic() + instance.READY_SECONDS
        died = r'event=app.duty.died child=ca .*how="signal 31 \(Bad system call\)"'
        while not re.search(died, intruded.reeve.log_text()):
            check(time.monotonic() < deadline, f"nothing said of a death:\n{intruded.reeve.log_tail()}")
            time.sleep(0.05)
        check("event=sandbox.call.forbidden call=execve" in intruded.reeve.log_text(), intruded.reeve.log_tail())


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def user_or(name, usual):
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return pwd.getpwnam(usual).pw_uid


@test
def every_process_shows_the_kernel_what_it_gave_up():
    reeve = Complete()
    reeve.prepare()
    with reeve:
        pids = reeve.pids()
        equal(set(pids), set(DUTIES), "duties")
        for name, numbers in pids.items():
            wanted = os.geteuid()
            if is_root():
                wanted = user_or("reeve-edge" if name in EDGES else "reeve", "nobody")
            for pid in numbers:
                status = status_of(pid)
                equal(status["Uid"].split(), [str(wanted)] * 4, f"{name}: Uid")
                equal(status["NoNewPrivs"], "1", f"{name}: NoNewPrivs")
                equal(status["Seccomp"], "2", f"{name}: Seccomp")
                for word in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                    equal(int(status[word], 16), 0, f"{name}: {word}")
                if is_root():
                    equal(status["Groups"].strip(), "", f"{name}: Groups")
        if is_root():
            # chown, dac_override, dac_read_search, fowner, kill, setgid, setuid, net_bind_service
            keeps = sum(1 << bit for bit in (0, 1, 2, 3, 5, 6, 7, 10))
            for word in ("CapPrm", "CapEff", "CapBnd"):
                extra = int(status_of(reeve.process.pid)[word], 16) & ~keeps
                equal(extra, 0, f"supervisor: {word} beyond what it needs")
        else:
            starts = len(re.findall("event=app.supervisor.ready", reeve.log_text()))  # prepare() makes one, too
            equal(len(re.findall("event=app.sandbox.weakened", reeve.log_text())), starts, "warnings")


@test
def a_state_directory_of_root_is_handed_over_at_the_next_start():
    if not is_root():
        raise tap.Skip("only root can hand over files")
    with instance.Instance(conf={"reeve": {"sandbox": False}}) as reeve:  # as it was before
        reeve.ctl("device", "create", "0001-0000-C0DE-0091-0000-0000-00A1-B2C3", "--ls-key", "k")
        equal(reeve.stop(), 0, "exit")
        equal(os.stat(os.path.join(reeve.state, "rs.db")).st_uid, 0, "owner before")
        os.symlink("/etc/hostname", os.path.join(reeve.state, "rs.link"))
        os.link(os.path.join(reeve.state, "pki", "ls.key"), os.path.join(reeve.state, "rs.second-name"))
        reeve.conf = {}
        reeve.start()
        owner = user_or("reeve", "nobody")
        for name in ("rs.db", "ls.db", "secret.key"):
            equal(os.stat(os.path.join(reeve.state, name)).st_uid, owner, f"owner of {name}")
        equal(os.stat("/etc/hostname").st_uid, 0, "owner behind a link")
        equal(os.stat(os.path.join(reeve.state, "pki", "ls.key")).st_uid, 0, "owner of a key with a second name")
        directory = os.stat(reeve.state)
        equal((directory.st_uid, oct(directory.st_mode & 0o7777)), (0, oct(0o1770)), "the directory")
        equal(len(reeve.ctl("device", "list")["devices"]), 1, "devices")


@test
def a_user_that_is_not_there_is_named_and_nothing_starts():
    if not is_root():
        raise tap.Skip("only root has another user to become")
    reeve = instance.Instance(conf={"reeve": {"user": "no-such-user"}})
    try:
        reeve.start(wait=False)
        reeve.process.wait(instance.READY_SECONDS)
        equal(reeve.process.returncode, 3, "exit")
        check("there is no user no-such-user" in reeve.log_text(), reeve.log_tail())
    finally:
        reeve.remove()


# Libraries that a duty links; what is not named here is in none.
EVERYWHERE = {"libc", "libuv", "libseccomp", "libcrypto", "libssl", "libm", "libpthread", "libdl", "librt", "libgcc_s",
              "libresolv", "ld-linux-x86-64", "ld-linux-aarch64"}  # the later ones: sanitizers
LIBRARIES = {
    "ls": {"libexpat"}, "proxy": {"libexpat"}, "status": set(), "ca": set(),
    "http": {"libmicrohttpd", "libjansson", "libsodium"},
    "rs": {"libsqlite3", "libpq", "libsodium", "libjansson"},
    "lsstore": {"libsqlite3", "libpq", "libsodium", "libjansson"},
    "lsfeed": {"libcurl", "libjansson"}, "legacy": {"libexpat"},
}


@test
def a_duty_links_what_its_task_needs_and_nothing_else():
    for name, more in LIBRARIES.items():
        path = os.path.join(instance.BUILD, "cmd", f"reeve-{name}")
        text = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True,
                              env={**os.environ, "LC_ALL": "C"}).stdout
        needed = {lib.split(".so")[0] for lib in re.findall(r"NEEDED.*\[(.*)\]", text)}
        check("libc" in needed, f"readelf {path}: {text}")
        check(needed <= EVERYWHERE | more, f"{name} links {sorted(needed - EVERYWHERE - more)}")
    for name in EDGES:
        check(not LIBRARIES[name] & {"libsqlite3", "libpq"}, f"{name} has a database handle")


if __name__ == "__main__":
    tap.main()
