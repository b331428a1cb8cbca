#!/usr/bin/env python3
"""Devices with libarms behind a real web proxy (tinyproxy) pull from a real Reeve.

The proxy leaves from an address of its own (127.0.0.9): what Reeve wrote down as the device's address
proves which way each pull came.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import armspeers  # noqa: E402
import fleet  # noqa: E402
import tap  # noqa: E402
from fleet import did, until  # noqa: E402
from instance import Instance, free_ports  # noqa: E402
from tap import Skip, check, equal, test  # noqa: E402

EMAXRETRY = 613
BEHIND = "127.0.0.9"
TINYPROXY = shutil.which("tinyproxy", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
reeve = None
ipv6 = {}  # {"ls": port, "proxy": port} on [::1], where there is one


class Tinyproxy:
    def __init__(self, *more, port=None, host="127.0.0.1", leave=BEHIND):
        if TINYPROXY is None:
            raise Skip("no tinyproxy here: scripts/bootstrap installs it")
        self.folder = tempfile.TemporaryDirectory(prefix="reeve-proxy-")
        self.port = port or free_ports(1, host)[0]
        self.authority = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.log = os.path.join(self.folder.name, "log")
        lines = [f"Port {self.port}", f"Listen {host}", "Timeout 60", f'LogFile "{self.log}"', "LogLevel Info",
                 "MaxClients 20", *more]
        if leave:
            lines.append(f"Bind {leave}")
        self.conf = os.path.join(self.folder.name, "conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([TINYPROXY, "-d", "-c", self.conf], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("tinyproxy listens", lambda: "Accepting connections." in self.said())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.folder.cleanup()

    def said(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def connects(self):
        """The targets asked for, in order."""
        return [line.split("): CONNECT ")[1].split()[0] for line in self.said().splitlines() if "): CONNECT " in line]


def setup():
    global reeve, ipv6
    ports = dict(zip(("ls", "proxy"), free_ports(2)))
    try:
        ipv6 = dict(zip(("ls", "proxy"), free_ports(2, "::1")))
    except (OSError, RuntimeError):
        ipv6 = {}
    conf = {c: {"listen": [f"127.0.0.1:{ports[c]}"] + ([f"[::1]:{ipv6[c]}"] if ipv6 else [])} for c in ports}
    reeve = Instance({**conf, "rs": {"pull_urls": [f"https://127.0.0.1:{ports['proxy']}/arms"]}}).start()


def teardown():
    reeve.remove()


def register(number, *more):
    reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, *more)
    path = os.path.join(reeve.dir, "config")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"hostname branch-{number}\n")
    reeve.ctl("config", "set", did(number), "startup", "--module", f"1,version=1.0={path}")
    fleet.known_to_ls(reeve, number)


def command(number, *options, rounds=0, steps=("pull",), line="dhcp:0", ls=None):
    host, port = reeve.address("ls")
    return [armspeers.PROBE, "--distid", did(number), "--key", fleet.LS_KEY, "--root",
            os.path.join(reeve.state, "pki", "ls-root.crt"), "--ls", ls or f"https://{host}:{port}/",
            "--ls-interval", "0", "--ls-max", str(rounds), "--line", line, *options, *steps]


def probe(number, *options, **more):
    r = armspeers.Result(subprocess.run(command(number, *options, **more), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90,
                                        check=False))
    equal(r.status, 0, r.text)
    r.text = r.text.replace("\\x20", " ")
    return r


def address_of(number):
    return reeve.ctl("device", "show", did(number))["device"].get("last_address", "").rsplit(":", 1)[0]


def expect_pulled(number, r, address):
    equal(r.code(), 0, r.text)
    check(f"hostname\\x20branch-{number}" in r.text or f"hostname branch-{number}" in r.text, r.text)
    equal(address_of(number), address, "where Reeve saw the pull come from")


def targets():
    ls, proxy = (":".join(map(str, reeve.address(c))) for c in ("ls", "proxy"))
    return ls, proxy


@test
def ls_rs_and_query_all_go_through_the_proxy():
    register(1)
    expect_pulled(1, probe(1), "127.0.0.1")
    with Tinyproxy() as proxy:
        r = probe(1, "--proxy", f"http://{proxy.authority}", steps=("pull", "query"))
        expect_pulled(1, r, BEHIND)
        equal(r.code("arms_push_method_query"), 0, r.text)
        ls, rs = targets()
        equal(proxy.connects(), [ls, rs, rs], "targets")


@test
def a_proxy_with_a_password_takes_the_right_one_only():
    register(2)
    with Tinyproxy("BasicAuth branch S3cret") as proxy:
        # A wrong one is a 401 for tinyproxy; RFC 9110 has 407 there too.
        for login, said in (("", "it wants a user name and password (407)"),
                            ("branch:wrong@", "it does not accept the user name and password (401)"),
                            ("other:S3cret@", "it does not accept the user name and password (401)")):
            r = probe(2, "--proxy", f"http://{login}{proxy.authority}")
            equal(r.code(), EMAXRETRY, r.text)
            check(f"web proxy: {said}" in r.text, r.text)
        # %53 is an S: what goes out is decoded.
        r = probe(2, "--proxy", f"http://branch:%533cret@{proxy.authority}")
        expect_pulled(2, r, BEHIND)
        check("S3cret" not in r.text and "%533cret" not in r.text, "the password is in the log")


@test
def a_port_that_the_proxy_does_not_allow_is_told():
    register(3)
    with Tinyproxy("ConnectPort 1") as proxy:
        r = probe(3, "--proxy", f"http://{proxy.authority}")
        equal(r.code(), EMAXRETRY, r.text)
        check("web proxy: it does not allow this server or port (403)" in r.text, r.text)


@test
def a_server_that_is_down_behind_the_proxy_is_told():
    port = free_ports(1)[0]
    with Tinyproxy() as proxy:
        r = probe(4, "--proxy", f"http://{proxy.authority}", ls=f"https://127.0.0.1:{port}/")
        equal(r.code(), EMAXRETRY, r.text)
        check("web proxy: it cannot reach the server (5" in r.text, r.text)


@test
def a_device_waits_for_a_proxy_that_is_down():
    register(5)
    port = free_ports(1)[0]
    device = subprocess.Popen(command(5, "--proxy", f"http://127.0.0.1:{port}", rounds=1), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = []
    try:
        for line in device.stdout:  # until it has failed once
            seen.append(line)
            if "connect:" in line:
                break
        with Tinyproxy(port=port):
            seen.append(device.communicate(timeout=90)[0])
            r = armspeers.Result(subprocess.CompletedProcess([], device.returncode, "".join(seen)))
            expect_pulled(5, r, BEHIND)
    finally:
        device.kill()
        device.wait()


@test
def over_ipv6_it_is_the_same():
    if not ipv6:
        raise Skip("no IPv6 on this machine")
    path = os.path.join(reeve.dir, "location")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"rs_urls": [f"https://[::1]:{ipv6['proxy']}/arms"], "lines": [{"kind": "ra", "ifindex": 0}]}, f)
    reeve.ctl("location", "set", "ipv6", "--file", path)
    register(6, "--location", "ipv6")
    with Tinyproxy(host="::1", leave=None) as proxy:
        r = probe(6, "--proxy", f"http://{proxy.authority}", line="ra:0", ls=f"https://[::1]:{ipv6['ls']}/")
        equal(r.code(), 0, r.text)
        equal(proxy.connects(), [f"[::1]:{ipv6['ls']}", f"[::1]:{ipv6['proxy']}"], "targets")
        # The other family has no way through this proxy.
        r = probe(6, "--proxy", f"http://{proxy.authority}")
        equal(r.code(), EMAXRETRY, r.text)
        check("the web proxy is of the other address family" in r.text, r.text)


if __name__ == "__main__":
    tap.main(setup, teardown)
