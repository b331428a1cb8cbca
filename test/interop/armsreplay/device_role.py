"""Plays the recorded device against a fresh Reeve provisioned from the recording itself."""
import base64
import json
import os
import ssl
import tempfile

import fleet
import oldtls
import tlspeer
from instance import Instance, free_ports

from . import messages, recording, rules

DID_KIND = "startup"


class Mismatch(Exception):
    """Our answer would not have led to the recorded next message."""


class Ports:
    """Recorded host:port -> an address of ours."""

    def __init__(self):
        self.map = {}

    def of(self, authority):
        if authority not in self.map:
            host = "[::1]" if authority.startswith("[") else "127.0.0.1"
            self.map[authority] = f"{host}:{free_ports(1, host.strip('[]'))[0]}"
        return self.map[authority]

    def url(self, url):
        scheme, _, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        return f"{scheme}://{self.of(authority)}{slash}{path}"


def by_type(exchanges, kind):
    return [x for x in exchanges if messages.request_type(x) == kind]


def first_success(exchanges, parse):
    for x in exchanges:
        if messages.is_success(messages.result_code(x.answer)):
            return parse(x.answer)
    return None


def configuration(exchanges, ports):
    """The reeve.conf under which our RS says what the recorded one said."""
    ls = first_success(by_type(exchanges, "rs-solicitation"), messages.ls_answer)
    rs = first_success(by_type(exchanges, "config-solicitation"), messages.rs_answer)
    query = first_success(by_type(exchanges, "push-method-query"), messages.query_answer)
    if rs is None:
        raise Mismatch("the recording holds no successful config-solicitation")
    urls = list(ls.urls if ls else []) + rs.pull_urls
    proxies = list(dict.fromkeys(ports.of(messages.authority(u)) for u in urls))
    conf = {
        "proxy": {"listen": proxies},
        "rs": {
            "pull_urls": [ports.url(u) for u in rs.pull_urls],
            "lines": ["dhcp", "ra"],  # of the location "default": one for each address family
            "push_addresses": rs.push_addresses,
        },
    }
    if rs.push_port:
        conf["rs"]["push_port"] = rs.push_port
    if rs.push_timeout:
        conf["rs"]["push_timeout"] = f"{rs.push_timeout}s"
    if rs.heartbeats:
        conf["rs"]["heartbeat_servers"] = [
            f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p, _, _ in rs.heartbeats]
        conf["rs"]["heartbeat_interval"] = f"{rs.heartbeats[0][3]}s"
    if query:
        conf["rs"]["push_methods"] = query.methods
        conf["rs"]["tunnel_urls"] = [ports.url(u) for u in query.tunnel_urls]
        conf["rs"]["echo_interval"] = f"{query.echo_interval}s"
    return conf, ls, rs


def module_json(m):
    out = {"id": m.id, "version": m.version, "infostring": m.info, "is_binary": m.is_binary,
           "has_config": m.has_config}
    if m.has_config and m.is_binary:
        out["base64"] = base64.b64encode(m.body).decode()
    elif m.has_config:
        out["text"] = m.body.decode()
    return out


LINE_KINDS = {"pppoe-ipv6": "pppoe_ipv6"}
LINE_FIELDS = {"pdp-type": "pdp_type"}


def line_json(line):
    kind, values = line
    out = {"kind": LINE_KINDS.get(kind, kind)}
    for name, value in values.items():
        name = LINE_FIELDS.get(name, name)
        out[name] = int(value) if name in ("ifindex", "cid") else value
    return out


class DeviceRole:
    """is_old: over TLS 1.0, from a Reeve whose servers have a chain of that kind for it."""

    def __init__(self, exchanges, say, is_old=False, chain="ec"):
        self.exchanges = exchanges
        self.say = say
        self.is_old, self.chain = is_old, chain
        self.ports = Ports()
        conf, self.ls, self.rs = configuration(exchanges, self.ports)
        for section, items in (oldtls.configuration(chain) if is_old else {}).items():
            conf.setdefault(section, {}).update(items)
        self.instance = Instance(conf)
        if is_old and chain == "rsa":
            oldtls.make_pairs(self.instance)
        self.played = 0
        self.distid, _ = recording.credentials(exchanges[0].request)

    def run(self):
        with self.instance:
            self.provision()
            for x in self.exchanges:
                self.play(x)
            if self.is_old:
                self.expect_legacy()

    def expect_legacy(self):
        """Nobody but the legacy process had to do with these devices."""
        served = [int(fleet.metric(self.instance, rf'reeve_(ls|proxy)_tls_handshakes_total{{duty="{duty}"'))
                  for duty in ("legacy", "ls", "proxy")]
        if served != [self.played, 0, 0]:
            raise Mismatch(f"handshakes of legacy, ls, proxy: {served}, played: {self.played}")

    def context(self, component):
        anchor = oldtls.anchor(self.instance, component)
        if self.is_old:
            return oldtls.context(anchor, self.chain)
        return tlspeer.context(anchor, version=ssl.TLSVersion.TLSv1_2)

    def check_connection(self, answer):
        wanted = "TLSv1" if self.is_old else "TLSv1.2"
        if answer.version != wanted:
            raise Mismatch(f"{answer.version} was spoken, not {wanted}")
        if self.is_old and (self.chain == "rsa") != ("ECDSA" not in answer.cipher):
            raise Mismatch(f"{answer.cipher} with the {self.chain} chain")

    def ctl_file(self, *command, value):
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=self.instance.dir, delete=False,
                                         encoding="utf-8") as f:
            json.dump(value, f)
        self.instance.ctl(*command, f.name)
        os.unlink(f.name)

    def provision(self):
        rs_key = next(recording.credentials(x.request)[1] for x in self.exchanges if x.role == "RS")
        ls_key = next((recording.credentials(x.request)[1] for x in self.exchanges if x.role == "LS"),
                      "not-in-this-recording")
        if self.ls:
            self.set_location(self.ls)
        command = ["device", "create", self.distid, "--ls-key", ls_key, "--rs-key", rs_key,
                   "--location", "recorded" if self.ls else "default"]
        if self.rs.heartbeats:
            command += ["--heartbeat-key", self.rs.heartbeats[0][2]]
        self.instance.ctl(*command)
        self.set_config(self.rs)

    def set_location(self, ls):
        self.ctl_file("location", "set", "recorded", "--file", value={
            "rs_urls": [self.ports.url(u) for u in ls.urls],
            "lines": [line_json(line) for line in ls.lines],
            "ll_timeout": ls.ll_timeout,
            "rs_retry_max": ls.retry_max,
            "rs_retry_interval": max(1, ls.retry_interval),
        })

    def set_config(self, rs):
        self.ctl_file("config", "set", self.distid, DID_KIND, "--file",
                      value={"modules": [module_json(m) for m in rs.modules]})

    def play(self, x):
        kind = messages.request_type(x)
        code = messages.result_code(x.answer)
        if code is not None and (200 <= code < 300 or code >= 500):
            self.say(f"conn {x.conn} {kind}: skipped: a Reeve never answers {code}")
            return
        refused = self.prepare(kind, x)
        component = "ls" if x.role == "LS" else "proxy"
        address = self.instance.address(component)
        answer = tlspeer.exchange(address, x.writes, self.context(component))
        self.played += 1
        self.check_connection(answer)
        bad = rules.violations(answer)
        if bad:
            raise Mismatch(f"conn {x.conn} {kind}: our answer breaks " + "; ".join(bad))
        self.compare(kind, x, answer.data, refused)
        self.say(f"conn {x.conn} {kind}: our answer serves ({len(answer.data)} bytes, "
                 f"{len(answer.records)} record, {answer.version} {answer.cipher})")
        if refused:
            self.instance.ctl("device", "update", self.distid, "--enabled")

    def prepare(self, kind, x):
        """Bring our RS to what the recorded one knew; True when it refused."""
        if not messages.is_success(messages.result_code(x.answer)):
            # Whatever was wrong, the recorded device came again: ours must make it come again, too.
            self.instance.ctl("device", "update", self.distid, "--no-enabled")
            return True
        recorded = PARSERS[kind](x.answer)
        if kind == "config-solicitation" and recorded.modules != self.rs.modules:
            self.rs = recorded
            self.set_config(recorded)
        elif kind == "rs-solicitation" and recorded != self.ls:
            self.ls = recorded
            self.set_location(recorded)
        return False

    def compare(self, kind, x, data, refused):
        ours = PARSERS[kind](data)
        got = messages.root_of(recording.body_of(data)).find("arms-response").get("type")
        if got != kind:
            raise Mismatch(f"conn {x.conn}: our answer is of type {got}, the request was {kind}")
        if refused:
            if not 300 <= ours.code < 500:
                raise Mismatch(f"conn {x.conn} {kind}: code {ours.code} where the recording refused")
            return
        recorded = PARSERS[kind](x.answer)
        for what, want, have in DIFFERENCES[kind](recorded, ours, self.ports):
            if want != have:
                raise Mismatch(f"conn {x.conn} {kind}: {what}: recorded {want!r}, ours {have!r}")


def ls_differences(recorded, ours, ports):
    yield "result code", recorded.code, ours.code
    yield "RS-SA key", recorded.rs_key, ours.rs_key
    yield "ll-timeout", recorded.ll_timeout, ours.ll_timeout
    yield "rs-retry-max", recorded.retry_max, ours.retry_max
    interval = max(1, recorded.retry_interval)  # ours are drawn from within +-50 %
    yield "rs-retry-interval", True, interval <= 2 * ours.retry_interval and 2 * ours.retry_interval <= 3 * interval
    yield "URLs", [ports.url(u) for u in recorded.urls], ours.urls
    yield "lines alike", True, messages.same_lines(recorded.lines, ours.lines)
    yield "RS certificate", True, "BEGIN CERTIFICATE" in ours.md_configs[0]
    yield "md-config of at most 2047 bytes", True, all(len(m) <= 2047 for m in ours.md_configs)


def rs_differences(recorded, ours, ports):
    yield "result code", recorded.code, ours.code
    if recorded.has_certificate:
        yield "SA certificate present", True, ours.has_certificate
    if recorded.push_port:
        yield "push-port", recorded.push_port, ours.push_port
    if recorded.push_timeout:
        yield "push-timeout", recorded.push_timeout, ours.push_timeout
    if recorded.heartbeats:
        yield "heartbeat-info", recorded.heartbeats, ours.heartbeats
    yield "rs-push-server-address", recorded.push_addresses, ours.push_addresses
    yield "rs-pull-server-url", [ports.url(u) for u in recorded.pull_urls], ours.pull_urls
    yield "modules", recorded.modules, ours.modules


def query_differences(recorded, ours, ports):
    yield "result code", recorded.code, ours.code
    yield "push-method", recorded.methods, ours.methods
    yield "https-tunnel-url", [ports.url(u) for u in recorded.tunnel_urls], ours.tunnel_urls
    if recorded.tunnel_urls:
        yield "https-tunnel-echo-interval", recorded.echo_interval, ours.echo_interval


PARSERS = {
    "rs-solicitation": messages.ls_answer,
    "config-solicitation": messages.rs_answer,
    "push-method-query": messages.query_answer,
}
DIFFERENCES = {
    "rs-solicitation": ls_differences,
    "config-solicitation": rs_differences,
    "push-method-query": query_differences,
}
