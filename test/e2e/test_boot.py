#!/usr/bin/env python3
"""Two-stage boot over real lines: reeve-sa, an ISP with a walled garden, and Reeve beyond it.

    device: wan0 ---- acc0 :isp: up0 ---- inet0 :here: LS .10, RS .11, heartbeat .12, a web server .80
            10.66.1.x    embedded account: LS, RS and heartbeat, nothing else
            100.64.7.x   account of the ISP: everything
"""
import json
import os
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import netns  # noqa: E402
import tap  # noqa: E402
from boots import DRIVERS, Device  # noqa: E402
from fleet import did, until  # noqa: E402
from instance import CtlError, Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

LS, RS, HEARTBEAT, WEB = "192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.80"
LS_PORT, RS_PORT, HEARTBEAT_PORT = 8441, 8442, 5115
SETUP = "setup@maker.example"
GARDEN, INTERNET = "10.66.1.", "100.64.7."
RULES = f"""
table inet garden {{
    counter ls {{ }}
    counter rs {{ }}
    counter walled {{ }}
    counter free {{ }}
    set outage {{ type ipv4_addr; flags interval; }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
        ip saddr @outage reject with icmp type admin-prohibited
        ip saddr {GARDEN}0/24 ip daddr {LS} tcp dport {LS_PORT} counter name ls accept
        ip saddr {GARDEN}0/24 ip daddr {RS} tcp dport {RS_PORT} counter name rs accept
        ip saddr {GARDEN}0/24 ip daddr {HEARTBEAT} udp dport {HEARTBEAT_PORT} accept
        ip saddr {LS} tcp sport {LS_PORT} ip daddr {GARDEN}0/24 accept
        ip saddr {RS} tcp sport {RS_PORT} ip daddr {GARDEN}0/24 accept
        ip saddr {GARDEN}0/24 counter name walled drop
        ip saddr {INTERNET}0/24 counter name free accept
        ip daddr {INTERNET}0/24 accept
    }}
    chain input {{
        type filter hook input priority 0; policy accept;
        iifname acc0 udp dport 67 accept
        iifname acc0 icmp type destination-unreachable drop
        iifname acc0 ip saddr {GARDEN}0/24 counter name walled drop
    }}
}}
"""

reason = None
reeve = isp = cpe = dhcp = None


# -- the networks ---------------------------------------------------------------------------------


def build_networks():
    global isp, cpe
    isp, cpe = netns.Space(), netns.Space()
    netns.wire("inet0", None, "up0", isp)
    netns.wire("acc0", isp, "wan0", cpe)
    for address in (LS, RS, HEARTBEAT, WEB):
        subprocess.run(["ip", "addr", "add", f"{address}/24", "dev", "inet0"], check=True)
    for net in (GARDEN, INTERNET):
        subprocess.run(["ip", "route", "add", f"{net}0/24", "via", "192.0.2.1"], check=True)
        isp.run("ip", "addr", "add", f"{net}1/24", "dev", "acc0")
    isp.run("ip", "addr", "add", "192.0.2.1/24", "dev", "up0")
    isp.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    isp.run("nft", "-f", "-", stdin=RULES)
    # A neighbour that is not there is given up after 3 x 0.2 s instead of 3 x 1 s.
    cpe.run("sh", "-c", "echo 200 >/proc/sys/net/ipv4/neigh/wan0/retrans_time_ms")


class Dhcp:
    """The ISP's server: who says the embedded account gets into the garden, who says a subscriber's
    gets out of it, anybody else gets no answer."""

    def __init__(self, *subscribers):
        hosts = [f"--dhcp-host=id:{client_id(SETUP)},set:garden"]
        hosts += [f"--dhcp-host=id:{client_id(s)},set:free" for s in subscribers]
        self.process = subprocess.Popen(isp.command(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=acc0",
            "--bind-interfaces", "--no-ping", "--dhcp-authoritative", "--leasefile-ro", "--log-facility=-",
            "--user=", "--pid-file=", "--dhcp-ignore=tag:!known",
            f"--dhcp-range=tag:garden,{GARDEN}100,{GARDEN}199,255.255.255.0,1h",
            f"--dhcp-range=tag:free,{INTERNET}100,{INTERNET}199,255.255.255.0,1h", *hosts),
            stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:
            said.append(line)
            if "sockets bound" in line:
                break
        else:
            raise RuntimeError("dnsmasq has ended:\n" + "".join(said))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def client_id(account):
    return ":".join(f"{b:02x}" for b in b"\0" + account.encode())


def setup():
    global reeve, dhcp
    if reason:
        return
    build_networks()
    dhcp = Dhcp("branch-7@isp.example", "branch-8@isp.example", "office@isp.example")
    reeve = Instance({
        "ls": {"listen": [f"{LS}:{LS_PORT}"]},
        "proxy": {"listen": [f"{RS}:{RS_PORT}"]},
        "rs": {"pull_urls": [f"https://{RS}:{RS_PORT}/arms"], "heartbeat_servers": [f"{HEARTBEAT}:{HEARTBEAT_PORT}"],
               "rs_retry_max": 1, "rs_retry_interval": "1s", "lines": ["dhcp"]}}).start()


def teardown():
    if reeve:
        reeve.remove()
    if dhcp:
        dhcp.stop()
    for space in (cpe, isp):
        if space:
            space.end()


def counter(name):
    return json.loads(isp.run("nft", "-j", "list", "counter", "inet", "garden", name))["nftables"][-1]["counter"]["packets"]


# -- devices --------------------------------------------------------------------------------------


def give(number, module, *others):
    """A startup config whose module 1 is that text; the id of the version."""
    path = os.path.join(reeve.dir, f"line-{number}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(module)
    return reeve.ctl("config", "set", did(number), "startup", "--module", f"1,version=1.0,info=line={path}",
                     *others)["version"]["id"]


def boot(number, module, line="dhcp", location="default"):
    """A registered device that is switched on."""
    if reason:
        raise tap.Skip(reason)
    reeve.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--location", location)
    version = give(number, module)
    fleet.known_to_ls(reeve, number)
    device = Device(os.path.join(reeve.dir, f"device-{number}"), did(number), f"https://{LS}:{LS_PORT}/arms.cgi",
                    os.path.join(reeve.state, "pki", "ls-root.crt"),
                    [f"key {fleet.LS_KEY}", "model EdgeBox E1", "firmware 2.4.1", "interface wan0",
                     f"account {SETUP}", f"gateway {GARDEN}1", f"line {line}", "retry 1"], command=cpe.command)
    return device, version


def info(number):
    return reeve.ctl("device", "show", did(number))["device"]


def pulls(number):
    return reeve.ctl("pull", "list", "--distid", did(number))["pulls"]


def running(number):
    return reeve.ctl("config", "show", did(number), "running")["version"]["id"]


def addresses():
    """Those of the device, with the route that it has."""
    found = json.loads(cpe.run("ip", "-j", "-4", "addr", "show", "dev", "wan0"))
    routes = json.loads(cpe.run("ip", "-j", "route", "show", "default"))
    return [a["local"] for entry in found for a in entry.get("addr_info", [])], [r.get("gateway") for r in routes]


def comes_up(device, number, version, after=0):
    """In service over the ISP's line, and the RS knows; the number of the line that says so."""
    at = device.wait_for("in service", after)
    equal(running(number), version, "running config")
    check(info(number)["last_address"].startswith(INTERNET), f"the query came from {info(number)['last_address']}")
    own, gateways = addresses()
    check(len(own) == 1 and own[0].startswith(INTERNET), f"addresses in stage 2: {own}")
    equal(gateways, [f"{INTERNET}1"], "default route in stage 2")
    return at


def pulled_in_stage_1(number):
    for pull in pulls(number):
        check(pull["address"].startswith(GARDEN), f"pull {pull['trigger']!r} came from {pull['address']}")


# -- both stages ----------------------------------------------------------------------------------


@test
def a_device_boots_in_two_stages_over_dhcp():
    before = {name: counter(name) for name in ("ls", "rs", "walled")} if not reason else {}
    device, version = boot(1, "line dhcp\naccount branch-7@isp.example\n")
    try:
        comes_up(device, 1, version)
        pulled_in_stage_1(1)
        said = [line.split(", 1")[0] for line in device.said()]
        equal(said, [f"stage 1: dhcp on wan0, account {SETUP}", "stage 1: up"] * 2 +
              ["stage 2: dhcp on wan0, account branch-7@isp.example", "stage 2: up",
               "stage 2: the RS answers; the device is in service"], "what it says: LS, RS, stage 2")
        check(counter("ls") > before["ls"] and counter("rs") > before["rs"], "LS and RS asked from the garden")
        equal(counter("walled"), before["walled"], "packets that had to be dropped")
        equal(device.open_files(), [], "files it has open")
        equal(sorted(os.listdir(device.folder)), ["born.conf", "initial.conf", "ls-root.crt"], "its folder")
    finally:
        device.stop()
    equal(addresses(), ([], []), "what is left of the line when the device is switched off")


@test
def a_device_boots_in_two_stages_over_static_lines():
    """the address of the pull is the Location-Config's, that of stage 2 the Service-Config's"""
    if not reason:
        path = os.path.join(reeve.dir, "fixed.json")
        with open(path, "w", encoding="ascii") as f:
            json.dump({"rs_urls": [f"https://{RS}:{RS_PORT}/arms"], "rs_retry_max": 1, "rs_retry_interval": 1,
                       "lines": [{"kind": "static", "ifindex": 0, "ipaddress": f"{GARDEN}22/24"}]}, f)
        reeve.ctl("location", "set", "fixed", "--file", path)
    device, version = boot(2, f"line static\naddress {INTERNET}9/24\ngateway {INTERNET}1\naccount contract-4711\n",
                           line=f"static {GARDEN}21/24", location="fixed")
    try:
        comes_up(device, 2, version)
        equal([line for line in device.said("stage") if ": up" in line],
              [f"stage 1: up, {GARDEN}21", f"stage 1: up, {GARDEN}22", f"stage 2: up, {INTERNET}9"], "addresses")
        check(pulls(2)[0]["address"].startswith(f"{GARDEN}22:"), "address of the pull")
        check(info(2)["last_address"].startswith(f"{INTERNET}9:"), "address of the query")
    finally:
        device.stop()


# -- stage 2 fails --------------------------------------------------------------------------------


def corrected(number, wrong, why, right):
    """The device reports it from stage 1, the operator corrects the config, the device comes up."""
    device, _ = boot(number, wrong)
    try:
        device.wait_for(f"stage 2 failed: {why}; back to stage 1")
        entry = until("the reason to reach the RS",
                      lambda: next((p for p in pulls(number) if p["trigger"] == f"stage 2: {why}"), None), 60)
        check(entry["address"].startswith(GARDEN), f"reported from {entry['address']}")
        equal(entry["outcome"], "delivered", "outcome of the pull that reports it")
        try:
            raise AssertionError(f"the RS believes that {running(number)} runs")
        except CtlError as e:
            check("no running config" in e.text, e.text)
        pulled_in_stage_1(number)
        version = give(number, right)
        comes_up(device, number, version)
        pulled_in_stage_1(number)
    finally:
        device.stop()


@test
def an_account_that_the_isp_does_not_answer_brings_the_device_back_to_stage_1():
    corrected(3, "line dhcp\naccount brunch-7@isp.example\nwait 1\n", "no answer by DHCP",
              "line dhcp\naccount branch-8@isp.example\n")


@test
def a_wrong_gateway_brings_the_device_back_to_stage_1():
    """the line is up; it is the RS that is not reached"""
    static = f"line static\naddress {INTERNET}9/24\ngateway {INTERNET}"
    corrected(4, static + "254\n", "the RS is not reached over it", static + "1\n")


@test
def a_config_without_a_line_leaves_the_device_in_stage_1():
    """module 1 is not there; what else the config has is taken"""
    if reason:
        raise tap.Skip(reason)
    reeve.ctl("device", "create", did(5), "--ls-key", fleet.LS_KEY)
    device, _ = boot_again(5, ["config", "set", did(5), "startup", "--module", "2,version=1.0"])
    try:
        device.wait_for("the config names no line (module 1); back to stage 1")
        comes_up(device, 5, give(5, "line dhcp\naccount branch-7@isp.example\n"))
    finally:
        device.stop()


@test
def a_line_that_the_device_does_not_have_is_refused_and_told():
    """invalid config, by the library; then the operator corrects it"""
    device, _ = boot(6, "line pppoe\naccount branch-7@isp.example\n")
    try:
        device.wait_for("module 1 is refused: line 1: this device has no line of type pppoe")
        until("the refusal", lambda: [p for p in pulls(6) if p["trigger"] == "invalid config"], 60)
        comes_up(device, 6, give(6, "line dhcp\naccount branch-7@isp.example\n"))
        pulled_in_stage_1(6)
    finally:
        device.stop()


@test
def a_line_that_is_lost_brings_the_device_back_to_stage_1_and_up_again():
    device, version = boot(7, "line dhcp\naccount branch-7@isp.example\n")
    try:
        at = comes_up(device, 7, version)
        os.kill(client_of(device.process.pid), signal.SIGKILL)
        device.wait_for("stage 2 failed: the DHCP client has ended; back to stage 1", at)
        until("the reason to reach the RS",
              lambda: [p for p in pulls(7) if p["trigger"] == "stage 2: the DHCP client has ended"], 60)
        comes_up(device, 7, version, at + 1)
        pulled_in_stage_1(7)
    finally:
        device.stop()


# -- in service -----------------------------------------------------------------------------------


@test
def a_pull_in_stage_2_goes_over_its_line_and_moves_it_only_when_the_config_does():
    device, version = boot(8, "line dhcp\naccount branch-7@isp.example\n")
    try:
        at = comes_up(device, 8, version)
        first = addresses()
        device.process.send_signal(signal.SIGHUP)
        at = comes_up(device, 8, version, at + 1)
        check(pulls(8)[0]["address"].startswith(INTERNET), f"the second pull came from {pulls(8)[0]['address']}")
        equal(addresses(), first, "the line has stayed")
        version = give(8, f"line static\naddress {INTERNET}33/24\ngateway {INTERNET}1\n")
        device.process.send_signal(signal.SIGHUP)
        device.wait_for(f"stage 2: up, {INTERNET}33", at)
        comes_up(device, 8, version, at + 1)
        equal(addresses()[0], [f"{INTERNET}33"], "the line has moved")
        equal(len([line for line in device.said() if line.startswith("stage 1: up")]), 2, "lines of stage 1 used")
    finally:
        device.stop()


@test
def an_outage_of_the_isp_sends_the_device_back_to_stage_1_until_it_is_over():
    """the line stays up; a pull over it fails, the next one goes by the garden"""
    device, version = boot(11, "line dhcp\naccount branch-8@isp.example\n")
    try:
        at = comes_up(device, 11, version)
        isp.run("nft", "add", "element", "inet", "garden", "outage", f"{{ {INTERNET}0/24 }}")
        try:
            device.process.send_signal(signal.SIGHUP)
            at = device.wait_for("stage 2 failed: a pull over it failed; back to stage 1", at)
            at = device.wait_for("stage 2 failed: the RS is not reached over it; back to stage 1", at)
            entry = until("the reason to reach the RS", lambda: next(
                (p for p in pulls(11) if p["trigger"] == "stage 2: a pull over it failed"), None), 60)
            check(entry["address"].startswith(GARDEN), f"reported from {entry['address']}")
        finally:
            isp.run("nft", "flush", "set", "inet", "garden", "outage")
        comes_up(device, 11, version, at)
    finally:
        device.stop()


@test
def a_line_of_the_location_config_that_the_device_does_not_have_is_passed_over():
    if not reason:
        path = os.path.join(reeve.dir, "mixed.json")
        with open(path, "w", encoding="ascii") as f:
            json.dump({"rs_urls": [f"https://{RS}:{RS_PORT}/arms"], "rs_retry_interval": 1,
                       "lines": [{"kind": "pppoe", "ifindex": 0, "account": "a@isp.example", "password": "p"},
                                 {"kind": "dhcp", "ifindex": 7}, {"kind": "dhcp", "ifindex": 0}]}, f)
        reeve.ctl("location", "set", "mixed", "--file", path)
    device, version = boot(9, "line dhcp\naccount office@isp.example\n", location="mixed")
    try:
        comes_up(device, 9, version)
        for text in ("this device has no line of type pppoe", "this device has no interface 7"):
            device.wait_for(text)
    finally:
        device.stop()


# -- the garden -----------------------------------------------------------------------------------

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 20).close()"
SEND = """
import socket, sys
kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
how = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "icmp": (socket.SOCK_RAW, socket.IPPROTO_ICMP)}
with socket.socket(socket.AF_INET, *how[kind]) as s:
    s.setblocking(False)
    if kind == "tcp":
        s.connect_ex((address, port))
    else:
        s.sendto(bytes.fromhex("0800f7ff00000000") if kind == "icmp" else b"datagram", (address, port))
"""


class Line:
    """A line of the device, brought up by its driver, without the device."""

    def __init__(self, account):
        self.driver = subprocess.Popen(
            cpe.command(os.path.join(DRIVERS, "line-linux"), "dhcp", "wan0", account, "-", "-", "30"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if line.startswith("up "):
                return
        raise RuntimeError(f"no line for {account}")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.driver.stdin.close()
        self.driver.stdout.read()
        self.driver.wait(60)


def listener(kind, address, port):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    if kind == socket.SOCK_STREAM:
        s.listen(8)
    s.settimeout(60)
    return s


def nothing_came(s):
    s.setblocking(False)
    try:
        s.recv(1) if s.type == socket.SOCK_DGRAM else s.accept()
    except BlockingIOError:
        s.settimeout(60)
        return True
    return False


@test
def stage_1_reaches_ls_rs_and_heartbeat_and_nothing_else():
    if reason:
        raise tap.Skip(reason)
    web, dns = listener(socket.SOCK_STREAM, WEB, 8080), listener(socket.SOCK_DGRAM, WEB, 5353)
    heartbeat = listener(socket.SOCK_DGRAM, HEARTBEAT, HEARTBEAT_PORT)
    python = sys.executable
    with web, dns, heartbeat:
        with Line(SETUP):
            cpe.run(python, "-c", CONNECT, LS, str(LS_PORT))
            cpe.run(python, "-c", CONNECT, RS, str(RS_PORT))
            cpe.run(python, "-c", SEND, "udp", HEARTBEAT, str(HEARTBEAT_PORT))
            equal(heartbeat.recv(64), b"datagram", "what the heartbeat server gets")
            for kind, address, port in (("tcp", WEB, 8080), ("udp", WEB, 5353), ("icmp", WEB, 0), ("tcp", LS, 443),
                                        ("tcp", LS, RS_PORT), ("udp", LS, LS_PORT), ("tcp", RS, LS_PORT),
                                        ("tcp", HEARTBEAT, HEARTBEAT_PORT), ("tcp", f"{GARDEN}1", 22)):
                before = counter("walled")
                cpe.run(python, "-c", SEND, kind, address, str(port))
                until(f"{kind} to {address} port {port} to be dropped", lambda: counter("walled") > before)
            check(nothing_came(web) and nothing_came(dns), "something left the garden")
        with Line("branch-7@isp.example"):
            cpe.run(python, "-c", CONNECT, WEB, "8080")
            web.accept()[0].close()
            cpe.run(python, "-c", SEND, "udp", WEB, "5353")
            equal(dns.recv(64), b"datagram", "what the world gets in stage 2")


def boot_again(number, config):
    """As boot(), for a device that is registered, with a config of its own kind."""
    version = reeve.ctl(*config)["version"]["id"]
    fleet.known_to_ls(reeve, number)
    device = Device(os.path.join(reeve.dir, f"device-{number}"), did(number), f"https://{LS}:{LS_PORT}/arms.cgi",
                    os.path.join(reeve.state, "pki", "ls-root.crt"),
                    [f"key {fleet.LS_KEY}", "interface wan0", f"account {SETUP}", "line dhcp", "retry 1"],
                    command=cpe.command)
    return device, version


def client_of(pid):
    """The DHCP client among the children of the children of a device."""
    parents, clients = {}, []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as f:
                name, _, rest = f.read().rpartition(")")
            parents[int(entry)] = int(rest.split()[1])
        except OSError:
            continue
        if name.endswith("(busybox"):
            clients.append(int(entry))
    return next(c for c in clients if parents.get(parents[c]) == pid)


if __name__ == "__main__":
    reason = netns.enter()
    if reason:
        print(f"# {reason}")
    tap.main(setup, teardown)
