"""What the tests of libarms against scripted peers share: certificates and the usual cases."""
import ssl
import tempfile

import armspeers
import tlsserver
from armspeers import Peers
from tap import equal

EREBOOT, EPULL, EMAXRETRY, EDONTRETRY, ESYSTEM, EINVAL = 104, 105, 613, 1126, 1277, 1276
STORED = [(1, "hostname\\x20x")]
folder = certs = None


class Certificates(tlsserver.Certificates):
    """Those of the good case and those that must be refused."""

    def __init__(self, where):
        super().__init__(where)
        self._root("foreign-root", "/CN=Some other CA")
        self._leaf("ls-foreign", "/CN=Location Server 1", "foreign-root")
        self._leaf("ls-short", "/CN=Location Server", "ls-root")
        self._leaf("rs-foreign", "/CN=Test RS", "foreign-root")
        for name, ca, subject in (("ls-old", "ls-root", "/CN=Location Server 1"),
                                  ("rs-old", "rs-ca", "/CN=Test RS")):
            self._key(name)
            self._run("req", "-new", "-key", self.path(name, "key"), "-subj", subject, "-out",
                      self.path(name, "csr"))
            self._run("x509", "-req", "-in", self.path(name, "csr"), "-CA", self.path(ca), "-CAkey",
                      self.path(ca, "key"), "-CAcreateserial", "-days", "-1", "-out", self.path(name))
        self._run("pkey", "-in", self.path("sa", "key"), "-aes128", "-passout", "pass:x", "-out",
                  self.path("locked", "key"))


def setup():
    global folder, certs
    folder = tempfile.TemporaryDirectory(prefix="reeve-libarms-")
    certs = Certificates(folder.name)


def teardown():
    folder.cleanup()


def peers():
    return Peers(certs)


def expect_success(r, configs=None):
    equal(r.code(), 0, f"arms_pull\n{r.text}")
    if configs is not None:
        equal(r.stored(), configs, f"configs\n{r.text}")


def expect_failed_attempt(p, r, requests=1):
    """The RS was asked, the attempt failed, and the LS was asked again."""
    equal(r.code(), EREBOOT, f"arms_pull, ended by the second LS answer\n{r.text}")
    equal(len(p.ls.requests), 2, "LS requests")
    equal(len(p.rs.requests), requests, "RS requests")


def rs_case(answer, configs=STORED):
    """One good pull with this RS answer."""
    with peers() as p:
        p.rs.script = [answer(p) if callable(answer) else answer]
        expect_success(p.probe("pull"), configs)


def rs_fails(answer, configs=None):
    with peers() as p:
        p.rs.script = [answer(p) if callable(answer) else answer]
        r = p.probe("pull")
        expect_failed_attempt(p, r)
        if configs is not None:
            equal(r.stored(), configs, "configs")
        return r


def ls_reboots(answer):
    with peers() as p:
        p.ls.script = [answer(p) if callable(answer) else answer, p.ls_answer()]
        r = p.probe("pull")
        equal(r.code(), EREBOOT, r.text)
        equal(len(p.ls.requests), 1, "LS requests")


def ls_next(answer):
    """A failed attempt at the LS: the next URL is asked at once."""
    with peers() as p:
        p.ls.script = [answer(p) if callable(answer) else answer, p.ls_answer()]
        r = p.probe("pull", ls=[p.ls.url, p.ls.url])
        expect_success(r, STORED)
        equal(len(p.ls.requests), 2, "LS requests")


def server_context(cert, version=None):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if version:
        ctx.set_ciphers("ALL:@SECLEVEL=0")
        ctx.minimum_version = ctx.maximum_version = version
    ctx.load_cert_chain(certs.path(cert), certs.path(cert, "key"))
    return ctx
