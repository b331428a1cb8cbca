#!/usr/bin/env python3
"""More than the servers can do: who is inside hears 301, who says nothing disturbs nobody."""
import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import armsclient  # noqa: E402
import fleet  # noqa: E402
import slowloris  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from fleet import LS_KEY, code_of, did, metric  # noqa: E402
from instance import Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

SLOW = 1000  # connections that do nothing; scripts/bench slowloris has 10,000
STORM = 700  # more than rs works on at a time
reeve = None


def setup():
    global reeve
    reeve = Instance().start()
    reeve.ctl("device", "create", did(1), "--ls-key", LS_KEY, "--rs-key", "rs-key")
    path = os.path.join(reeve.dir, "config")
    with open(path, "w", encoding="ascii") as f:
        f.write("hostname x\n")
    reeve.ctl("config", "set", did(1), "startup", "--module", f"1={path}")
    equal(code_of(ask("rs-solicitation")), 100, "the LS")
    equal(code_of(ask("config-solicitation")), 100, "the RS")


def teardown():
    reeve.remove()


def ask(kind):
    where, key, body = {
        "rs-solicitation": ("ls", LS_KEY, armsclient.rs_solicitation(did(1))),
        "config-solicitation": ("proxy", "rs-key", armsclient.config_solicitation(did(1))),
        "push-method-query": ("proxy", "rs-key", armsclient.method_query(did(1))),
    }[kind]
    return armsclient.send(reeve.address(where), did(1), key, body)


class Stopped:
    """A duty that hangs."""

    def __init__(self, *duties):
        self.pids = [reeve.pids()[duty][0] for duty in duties]

    def signal(self, number):
        for pid in self.pids:
            os.kill(pid, number)

    def __enter__(self):
        self.signal(signal.SIGSTOP)

    def __exit__(self, *unused):
        self.signal(signal.SIGCONT)


@test
def a_duty_that_does_not_answer_is_301_in_the_document_that_was_asked_for():
    answers = {}

    def run(kind):
        answers[kind] = ask(kind)

    with Stopped("rs", "lsstore"):
        threads = [threading.Thread(target=run, args=[kind])
                   for kind in ("rs-solicitation", "config-solicitation", "push-method-query")]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    equal(len(answers), 3, "answers")
    for kind, answer in answers.items():
        status, root = fleet.document(answer)
        equal((status, root.find("arms-response").get("type"), code_of(answer)), (200, kind, 301), kind)
        check(answer.clean_end, "no close_notify")


def waiting_pull(ctx):
    body = armsclient.config_solicitation(did(1))
    sock = socket.create_connection(reeve.address("proxy"), timeout=60)
    tls = ctx.wrap_socket(sock)
    tls.sendall(armsclient.head(did(1), "rs-key", len(body)) + body)
    return tls


def read_code(tls):
    data = b""
    with tls:
        while piece := tls.recv(65536):
            data += piece
    answer = tlspeer.Answer()
    answer.data = data
    return code_of(answer)


@test
def what_rs_has_no_room_for_is_301_and_nothing_is_cut():
    ctx = tlspeer.context()
    with Stopped("rs"):
        open_pulls = [waiting_pull(ctx) for _ in range(STORM)]
        time.sleep(0.2)  # all are with the proxy
    codes = [read_code(tls) for tls in open_pulls]
    equal(set(codes), {100, 301}, "codes")
    check(codes.count(100) > STORM // 2, f"only {codes.count(100)} were served")
    equal(code_of(ask("config-solicitation")), 100, "a pull afterwards")


def slowest_of(count):
    """Seconds of the slowest of so many bootstraps in a row; each must succeed."""
    worst = 0.0
    for _ in range(count):
        begin = time.monotonic()
        equal([code_of(ask("rs-solicitation")), code_of(ask("config-solicitation"))], [100, 100], "codes")
        worst = max(worst, time.monotonic() - begin)
    return worst


@test
def connections_that_do_nothing_keep_nobody_out():
    for where in ("proxy", "ls"):
        with slowloris.Process(reeve.address(where), SLOW) as attack:
            check(attack.open > SLOW * 0.9, f"only {attack.open} are open at {where}")
            print(f"# slowest of 30 bootstraps beside {attack.open} at {where}: {slowest_of(30) * 1000:.0f} ms")


def honest(instance):
    """A device with no config, from another address than those; None when it was sent away."""
    try:
        return code_of(armsclient.send(instance.address("proxy"), did(1), "rs-key",
                                       armsclient.config_solicitation(did(1))))
    except OSError:
        return None


@test
def even_a_table_that_they_fill_has_room_for_others():
    with Instance({"proxy": {"conns_max": 200, "handshakes_max": 20}}) as small:
        small.ctl("device", "create", did(1), "--ls-key", LS_KEY, "--rs-key", "rs-key")
        with slowloris.Process(small.address("proxy"), 1000):
            # All from one address: it gets half, and nobody else notices.
            equal([honest(small) for _ in range(20)], [421] * 20, "codes")
            check(metric(small, "reeve_proxy_connections_open") <= 200, "more than conns_max are open")
        check(metric(small, "reeve_proxy_connections_refused_source_total") > 0, "no source was limited")
        with slowloris.Process(small.address("proxy"), 1000, sources=100):
            # From many, who come again at once: those that say nothing give way by and by.
            for _ in range(3):
                fleet.until("a device to get in", lambda: honest(small) == 421, seconds=30)
            check(metric(small, "reeve_proxy_connections_open") <= 200, "more than conns_max are open")
        check(metric(small, "reeve_proxy_connections_displaced_total") > 0, "nobody gave way")


if __name__ == "__main__":
    tap.main(setup, teardown)
