"""Plays the recorded servers to our libarms: its bytes must be those of the original.

Substituted in the answers: certificates and keys (made fresh), ports, lengths that follow.
"""
import os
import re
import select
import signal
import subprocess
import tempfile
import time

import oldtls
import tlsserver
from instance import BUILD

from . import messages, recording

LINGER_SECONDS = 5  # after the last recorded exchange
CONNECT_SECONDS = 30  # beyond what the recorded LS makes the library wait
TRIGGERS = {"invalid config": 1, "module sync failed": 2}  # of arms_set_pull_trigger
PEM = r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"


class Mismatch(Exception):
    """Our libarms did not do what the original did."""


def is_refused_by_program(exchanges, i):
    """Did the recorded program refuse the config of this answer? Its next request says so."""
    following = [messages.trigger(x) for x in exchanges[i + 1:i + 2]]
    return following == ["invalid config"] and messages.trigger(exchanges[i]) != "invalid config"


def is_served(exchanges, i):
    """Did this exchange end a pull or a query well?"""
    return messages.request_type(exchanges[i]) != "rs-solicitation" and \
        not is_refused_by_program(exchanges, i) and \
        messages.is_success(messages.result_code(exchanges[i].answer))


def steps_of(exchanges):
    """The calls of the program that made these exchanges: pull, query, pull, ..."""
    steps, is_over = [], True
    for i, x in enumerate(exchanges):
        kind = messages.request_type(x)
        step = "query" if kind == "push-method-query" else "pull"
        if is_over or steps[-1] != step:
            steps.append(step)
        is_over = is_served(exchanges, i)
    return steps


def config_results(exchanges):
    """What the config callback returned, one number a config."""
    results = []
    for i, x in enumerate(exchanges):
        if messages.request_type(x) != "config-solicitation" or \
                not messages.is_success(messages.result_code(x.answer)):
            continue
        if is_refused_by_program(exchanges, i):
            results.append(-1)
        else:
            results += [0] * sum(m.has_config for m in messages.rs_answer(x.answer).modules)
    return results


def lives_of(exchanges):
    """The exchanges of each process: an order to reboot, obeyed, begins a new one."""
    lives = []
    for i, x in enumerate(exchanges):
        code = messages.result_code(exchanges[i - 1].answer) if i > 0 else None
        was_ordered = code is not None and (200 <= code < 300 or code >= 500)
        if i == 0 or (was_ordered and messages.trigger(x) == "power on boot"):
            lives.append([])
        lives[-1].append(x)
    return lives


def retries_of(exchanges):
    """rs-retry-max of a recording that begins at the RS, told from what its device did."""
    failed = next((i for i in range(len(exchanges)) if exchanges[i].role == "LS" or is_served(exchanges, i)),
                  len(exchanges))
    went_back = failed < len(exchanges) and exchanges[failed].role == "LS"
    return failed - 1 if went_back else max(1, failed)


class ServerRole:
    """is_old: our library offers TLS 1.0 alone, and the servers have keys of kind `chain`."""

    def __init__(self, exchanges, say, is_old=False, chain="ec"):
        self.exchanges = exchanges
        self.say = say
        self.version = oldtls.TLS10 if is_old else None
        self.folder = tempfile.TemporaryDirectory(prefix="reeve-replay-")
        self.certs = tlsserver.Certificates(self.folder.name, chain)
        self.listeners = {}  # recorded authority -> socket
        self.ls = tlsserver.listen()
        self.distid = recording.credentials(exchanges[0].request)[0]
        pauses = [messages.ls_answer(x.answer).retry_interval for x in exchanges if x.role == "LS"
                  and messages.is_success(messages.result_code(x.answer))]
        self.patience = CONNECT_SECONDS + max(pauses, default=0)

    def listener(self, authority):
        if authority not in self.listeners:
            self.listeners[authority] = tlsserver.listen("::1" if authority.startswith("[") else "127.0.0.1")
        return self.listeners[authority]

    # -- substitution ---------------------------------------------------------------------------

    def substitute(self, answer):
        head, sep, _ = answer.partition(b"\r\n\r\n")
        if not sep:
            return answer
        body = recording.body_of(answer).decode("latin-1")
        body = self._certificates(body)
        body = re.sub(r"https://(\[[^\]]*\]:\d+|[^/<:]*:\d+|\[[^\]]*\]|[^/<:]*)",
                      lambda m: "https://" + self._ours(m.group(1)), body)
        body = body.encode("latin-1")
        headers = recording.split_http(answer)[1]
        if "chunked" in (recording.header(headers, "Transfer-Encoding") or ""):
            return head + sep + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        head = re.sub(rb"(?i)(content-length:\s*)\d+", lambda m: m.group(1) + b"%d" % len(body), head)
        return head + sep + body

    def _ours(self, authority):
        if authority == messages.authority("https://" + authority) and authority:
            return tlsserver.authority_of(self.listener(authority))
        return authority

    def _certificates(self, body):
        ca, sa = self.certs.pem("rs-ca").strip(), self.certs.pem("sa").strip()
        if "<sa-certificate>" in body:
            body = re.sub(PEM, sa, body, count=1, flags=re.S)
            key = self.certs.pem("sa", "key")
            return re.sub(r"<sa-private-key>.*?</sa-private-key>",
                          f"<sa-private-key>{key}</sa-private-key>", body, flags=re.S)
        return re.sub(PEM, ca, body, flags=re.S)

    # -- the play -------------------------------------------------------------------------------

    def run(self):
        try:
            for life in lives_of(self.exchanges):
                answers = [self.substitute(x.answer) for x in life]
                if life[0].role == "LS":
                    self.play(life, answers, [])
                else:
                    self.play_restored(life, answers)
        finally:
            self.folder.cleanup()
            for s in [self.ls, *self.listeners.values()]:
                s.close()

    def play_restored(self, exchanges, answers):
        """The recording begins at the RS: bring a state about first, then restore it."""
        first = exchanges[0]
        key = recording.credentials(first.request)[1]
        good = next((i for i, x in enumerate(exchanges)
                     if messages.request_type(x) == "config-solicitation" and is_served(exchanges, i)), None)
        if good is None:
            raise Mismatch("the recording holds no successful config-solicitation")
        rs = messages.rs_answer(exchanges[good].answer)
        url = f"https://{tlsserver.authority_of(self.listener(messages.authority(rs.pull_urls[0])))}"
        body = ('<arms-message><arms-response type="rs-solicitation"><result-code>100</result-code>'
                f"<rs-solicitation-response><rs-preshared-key>{key}</rs-preshared-key>"
                f"<ll-timeout>5</ll-timeout><rs-retry-max>{retries_of(exchanges)}</rs-retry-max>"
                "<rs-retry-interval>1</rs-retry-interval><rs-info>"
                f"<url>{url}{recording.path_of(first.request)}</url><md-config>line-dhcp {{\n ifindex 0;\n}};\n"
                f"rs-certificate {{\n{self.certs.pem('rs-ca')}}};\n</md-config></rs-info>"
                "</rs-solicitation-response></arms-response></arms-message>").encode()
        located = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        state = os.path.join(self.folder.name, "state")
        before = [recording.Exchange("0", "LS", writes=[]), recording.Exchange("0", "RS", writes=[])]
        self.converse(before, [located, answers[good]], ["pull"], ["--dump", state])
        self.play(exchanges, answers, ["--restore", state])

    def play(self, exchanges, answers, more):
        results, trigger = config_results(exchanges), messages.trigger(exchanges[0])
        if -1 in results:
            more = [*more, "--config-results", ",".join(str(n) for n in results)]
        if trigger in TRIGGERS:
            more = [*more, "--trigger", str(TRIGGERS[trigger])]
        self.converse(exchanges, answers, steps_of(exchanges), more)

    def converse(self, exchanges, answers, steps, more):
        probe = self.start_probe(steps, more)
        try:
            for x, answer in zip(exchanges, answers):
                self.serve(probe, x, answer)
        except (OSError, Mismatch) as e:
            probe.kill()
            raise Mismatch(f"{e}\nthe probe said:\n{probe.communicate()[0]}") from e
        try:
            out, _ = probe.communicate(timeout=LINGER_SECONDS)
        except subprocess.TimeoutExpired:  # the recording ends before the library would
            probe.kill()
            out, _ = probe.communicate()
        self.say("probe: " + " | ".join(line for line in out.splitlines() if line.startswith("return")))
        if probe.returncode not in (0, -signal.SIGKILL):
            raise Mismatch(f"the probe ended with {probe.returncode}:\n{out}")

    def start_probe(self, steps, more):
        request = messages.root_of(recording.body_of(self.exchanges[0].request)).find("arms-request")
        firmware = next((messages.root_of(recording.body_of(x.request)).findtext(".//firmware-info")
                         for x in self.exchanges
                         if messages.request_type(x) == "config-solicitation"), None)
        ls_path = next((recording.path_of(x.request) for x in self.exchanges if x.role == "LS"), "/")
        ls_key = next((recording.credentials(x.request)[1] for x in self.exchanges if x.role == "LS"), "none")
        command = [os.path.join(BUILD, "test", "interop", "probe", "arms_probe"),
                   "--distid", self.distid, "--key", ls_key, "--root", self.certs.ls_root,
                   "--ls", f"https://{tlsserver.authority_of(self.ls)}{ls_path}",
                   "--description", request.findtext("description") or "", "--line", "dhcp:0",
                   "--ls-interval", "0", "--ls-max", "1", "--timeout", "86400"]
        if self.version:
            command.append("--tls10-only")
        if firmware is not None:
            command += ["--firmware", firmware]
        return subprocess.Popen(command + more + steps, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)

    def serve(self, probe, x, answer):
        listeners = [self.ls] if x.role == "LS" else list(self.listeners.values())
        ready = []
        until = time.monotonic() + self.patience
        while not ready and probe.poll() is None and time.monotonic() < until:
            ready = select.select(listeners, [], [], 0.1)[0]
        if not ready:
            raise Mismatch(f"conn {x.conn} ({x.role}): the library did not connect")
        cert = "ls" if x.role == "LS" else "rs"
        c = tlsserver.Connection(ready[0].accept()[0], self.certs.path(cert), self.certs.path(cert, "key"),
                                 None if x.role == "LS" else self.certs.rs_ca, version=self.version)
        try:
            c.handshake()
            c.read_until(tlsserver.request_is_complete)
            if x.writes:
                self.compare(x, c)
            if answer:
                c.write(answer)
        finally:
            c.close()

    def compare(self, x, c):
        kind = messages.request_type(x)
        if b"".join(c.writes) != x.request:
            raise Mismatch(f"conn {x.conn} {kind}: recorded\n  {x.request!r}\nours\n  {b''.join(c.writes)!r}")
        if [len(w) for w in c.writes] != [len(w) for w in x.writes]:
            raise Mismatch(f"conn {x.conn} {kind}: records of {[len(w) for w in c.writes]} bytes, "
                           f"recorded {[len(w) for w in x.writes]}")
        if x.has_client_cert != c.has_client_certificate():
            raise Mismatch(f"conn {x.conn} {kind}: client certificate: recorded {x.has_client_cert}")
        self.say(f"conn {x.conn} {kind}: {len(x.request)} bytes in {len(c.writes)} records, equal")
