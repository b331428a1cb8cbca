#!/usr/bin/env python3
"""Certificates over their life: renewed, signed elsewhere, expired, revoked; the RS CA rolls over."""
import os
import re
import ssl
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import armsclient  # noqa: E402
import fleet  # noqa: E402
import instance  # noqa: E402
import tap  # noqa: E402
import tlspeer  # noqa: E402
from tap import check, equal, test  # noqa: E402

PULL = os.path.join(instance.BUILD, "examples", "pull", "arms-pull")


def openssl(*args, status=0, text=None):
    done = subprocess.run(["openssl", *args], capture_output=True, text=True, input=text, check=False)
    equal(done.returncode, status, f"openssl {' '.join(args)}: {done.stdout}{done.stderr}")
    return done.stdout


def pki(reeve, *args, status=0):
    done = subprocess.run([reeve.reeve, "pki", *args, "--state", reeve.state], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
    equal(done.returncode, status, f"reeve pki {' '.join(args)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def path(reeve, name):
    return os.path.join(reeve.state, "pki", name)


def read(name):
    with open(name, encoding="ascii") as f:
        return f.read()


def write(name, text):
    with open(name, "w", encoding="ascii") as f:
        f.write(text)


def certificates(name):
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", read(name), re.S)


def restart(reeve):
    equal(reeve.stop(), 0, reeve.log_tail())
    return reeve.start()


@test
def a_certificate_is_renewed_for_the_same_key():
    with instance.Instance(command="serve") as reeve:
        before = certificates(path(reeve, "rs.crt"))[0]
        key = read(path(reeve, "rs.key"))
        pki(reeve, "renew", "rs")
        after = certificates(path(reeve, "rs.crt"))[0]
        check(before != after and key == read(path(reeve, "rs.key")), "another certificate, the same key")
        equal(openssl("x509", "-noout", "-subject", "-ext", "subjectAltName", text=before),
              openssl("x509", "-noout", "-subject", "-ext", "subjectAltName", text=after), "names")
        openssl("verify", "-x509_strict", "-CAfile", path(reeve, "rs-ca.crt"), path(reeve, "rs.crt"))
        check("P-256" in pki(reeve, "list"), "list")
        restart(reeve)


@test
def old_devices_get_a_server_with_an_rsa_key():
    """of the same names, and through a roll-over, too"""
    with instance.Instance(command="serve") as reeve:
        for server, ca in (("ls", "ls-root"), ("rs", "rs-ca")):
            for _ in range(2):  # made, then renewed for the same key
                pki(reeve, "renew", f"{server}-rsa")
            openssl("verify", "-x509_strict", "-CAfile", path(reeve, f"{ca}.crt"), path(reeve, f"{server}-rsa.crt"))
            text = openssl("x509", "-noout", "-text", "-in", path(reeve, f"{server}-rsa.crt"))
            check("Public-Key: (2048 bit)" in text and "Key Encipherment" in text, text)
            names = [openssl("x509", "-noout", "-subject", "-ext", "subjectAltName", "-in", path(reeve, f"{name}.crt"))
                     for name in (server, f"{server}-rsa")]
            equal(names[0], names[1], "names")
        old = read(path(reeve, "rs-ca.crt"))
        pki(reeve, "roll", "start")
        for number, root in enumerate((old, certificates(path(reeve, "rs-ca.crt"))[0])):
            anchor = os.path.join(reeve.dir, f"root-{number}.pem")
            write(anchor, root)
            for server in ("rs", "rs-rsa"):
                openssl("verify", "-x509_strict", "-trusted", anchor, "-untrusted", path(reeve, f"{server}.crt"),
                        path(reeve, f"{server}.crt"))


@test
def a_ca_whose_key_is_elsewhere_signs_by_request():
    with instance.Instance(command="serve") as reeve:
        away = os.path.join(reeve.dir, "away.key")
        os.rename(path(reeve, "ls-root.key"), away)
        pki(reeve, "init")
        check("ls-root.key" in pki(reeve, "renew", "ls", status=1), "the key is missed by name")
        request, made = os.path.join(reeve.dir, "ls.csr"), os.path.join(reeve.dir, "ls.pem")
        write(request, pki(reeve, "request", "ls", "--address", "192.0.2.1"))
        openssl("req", "-noout", "-verify", "-in", request)
        write(made, pki(reeve, "sign", request, "--ca", path(reeve, "ls-root.crt"), "--ca-key", away))
        openssl("verify", "-x509_strict", "-verify_ip", "192.0.2.1", "-CAfile", path(reeve, "ls-root.crt"), made)
        before = read(path(reeve, "ls.crt"))
        check("does not lead" in pki(reeve, "import", "rs", "--certificate", made, "--key",
                                     path(reeve, "ls.key"), status=1), "another CA's")
        check("does not belong" in pki(reeve, "import", "ls", "--certificate", made, "--key",
                                       path(reeve, "rs.key"), status=1), "another key")
        equal(read(path(reeve, "ls.crt")), before, "nothing changed")
        pki(reeve, "import", "ls", "--certificate", made)
        equal(read(path(reeve, "ls.crt")), read(made), "imported")
        restart(reeve)
        answer = fleet.solicit(reeve, 1)
        check(fleet.code_of(answer) >= 300, "the LS serves with it")


@test
def an_expired_certificate_ends_the_start():
    """ls, proxy and http each; it says the item, the file, the subject and the date"""
    made = instance.Instance(command="serve")
    try:
        made.start()
        equal(made.stop(), 0, "stop")
        for server, section, key in (("ls", "ls", "ls-root"), ("rs", "proxy", "rs-ca"), ("http", "http", "http-ca")):
            good = read(path(made, f"{server}.crt"))
            request = openssl("x509", "-x509toreq", "-in", path(made, f"{server}.crt"),
                              "-signkey", path(made, f"{server}.key"))
            expired = openssl("x509", "-req", "-CA", path(made, f"{key}.crt"), "-CAkey", path(made, f"{key}.key"),
                              "-days", "-1", "-set_serial", "77", text=request)
            write(path(made, f"{server}.crt"), expired)
            made.start(wait=False)
            equal(made.process.wait(60), 3, f"{section}: {made.log_tail()}")
            line = next((x for x in made.log_text().splitlines() if "has expired" in x), "")
            check(f"{section}.certificate" in line and f"pki/{server}.crt" in line and "CN=" in line
                  and re.search(r"\d{4}-\d\d-\d\d", line), f"{section}: {made.log_tail()}")
            write(path(made, f"{server}.crt"), good)
            os.truncate(made.log_path, 0)
        made.start()
        check(re.search(r'^reeve_certificate_expires_seconds\{[^}]*name="ls.certificate"[^}]*\} [1-9]',
                        made.http_get("status", "/metrics")[1], re.M), "metric")
    finally:
        made.remove()


def give(reeve, number, text="hostname x"):
    reeve.ctl("device", "create", fleet.did(number), "--ls-key", fleet.LS_KEY)
    name = os.path.join(reeve.dir, "config")
    write(name, text)
    reeve.ctl("config", "set", fleet.did(number), "startup", "--module", f"1,version=1={name}")


@test
def revoked_and_rekeyed_devices_get_new_ones():
    with instance.Instance(command="serve") as reeve:
        give(reeve, 1)
        key = fleet.rs_key(fleet.known_to_ls(reeve, 1))
        serial = lambda: fleet.document(fleet.pull(reeve, 1, key))[1].findtext(".//sa-certificate")
        fleet.until("a certificate", serial)
        first = serial()
        listed = reeve.ctl("certificate", "list", "--state", "current")["certificates"]
        equal(len(listed), 1, listed)
        revoked = reeve.ctl("certificate", "revoke", listed[0]["id"], "--reason", "key_compromise")["certificate"]
        equal((revoked["state"], revoked["reason"]), ("revoked", "key_compromise"), "revoked")
        check(fleet.until("another one", serial) != first, "another certificate")
        reeve.ctl("device", "rekey", fleet.did(1))
        check(fleet.code_of(fleet.pull(reeve, 1, key)) >= 300, "the old key is refused")
        old = key
        key = fleet.until("the LS to know", lambda: (lambda k: k if k != old else None)(
            fleet.rs_key(fleet.solicit(reeve, 1))))
        equal(fleet.code_of(fleet.pull(reeve, 1, key)), 100, "the new one is accepted")
        states = sorted(c["state"] for c in reeve.ctl("certificate", "list")["certificates"])
        check(states.count("revoked") >= 2 and states.count("current") == 1, states)


@test
def devices_get_rsa_where_it_is_asked_for():
    with instance.Instance({"rs": {"sa_key": "rsa2048"}}, command="serve") as reeve:
        give(reeve, 1)
        key = fleet.rs_key(fleet.known_to_ls(reeve, 1))
        pem = fleet.until("a certificate",
                          lambda: fleet.document(fleet.pull(reeve, 1, key))[1].findtext(".//sa-certificate"))
        text = openssl("x509", "-noout", "-text", text=pem.lstrip())
        check("Public-Key: (2048 bit)" in text and "Key Encipherment" in text, text)


class Device:
    """What one device holds: the path of its RS URL and the one root it trusts, from the LS."""

    def __init__(self, reeve, number):
        self.reeve, self.number = reeve, number
        self.solicit()

    def solicit(self):
        answer = fleet.known_to_ls(self.reeve, self.number)
        root = fleet.document(answer)[1]
        self.key = root.findtext(".//rs-preshared-key")
        self.path = "/" + root.findtext(".//rs-info/url").strip().split("/", 3)[3]
        pem = re.search(r"-----BEGIN.*?-----END CERTIFICATE-----\n", root.findtext(".//rs-info/md-config"), re.S)
        self.anchor = os.path.join(self.reeve.dir, f"anchor-{self.number}.pem")
        write(self.anchor, pem.group(0))

    def pull(self):
        body = armsclient.config_solicitation(fleet.did(self.number))
        ctx = tlspeer.context(ca=self.anchor, version=ssl.TLSVersion.TLSv1_2)
        answer = tlspeer.exchange(self.reeve.address("proxy"),
                                  [armsclient.head(fleet.did(self.number), self.key, len(body), self.path), body], ctx)
        equal(fleet.code_of(answer), 100, "the pull")


def full_pull(reeve, number):
    """Our own device library, from nothing: LS, then RS with the root that it was given."""
    host, port = reeve.address("ls")
    initial = os.path.join(reeve.dir, "initial.conf")
    write(initial, f"https://{host}:{port}/\n\n1\n3\n")
    delivered = lambda: sum(p["outcome"] == "delivered" for p in
                            reeve.ctl("pull", "list", "--distid", fleet.did(number))["pulls"])
    before = delivered()
    with open(os.path.join(reeve.dir, "device.log"), "wb") as log:
        device = subprocess.Popen([PULL, fleet.did(number), fleet.LS_KEY, path(reeve, "ls-root.crt"), initial],
                                  stdout=log, stderr=log)
    try:
        fleet.until("the device to pull", lambda: delivered() > before)
    finally:
        device.kill()
        device.wait()


def two_devices(reeve):
    """Registered, with a config, and seen."""
    devices = []
    for number in (1, 2):
        give(reeve, number)
        devices.append(Device(reeve, number))
        devices[-1].pull()
    return devices


def roll(reeve):
    return reeve.ctl("roll", "status")["roll"]


def fixed_ports():
    """The same over restarts: devices keep their URLs."""
    ls, proxy, http, status = instance.free_ports(4)
    return {"ls": {"listen": [f"127.0.0.1:{ls}"]}, "http": {"listen": [f"127.0.0.1:{http}"]},
            "proxy": {"listen": [f"127.0.0.1:{proxy}"]}, "status": {"listen": [f"127.0.0.1:{status}"]},
            "rs": {"pull_urls": [f"https://127.0.0.1:{proxy}/arms"]}}


@test
def the_rs_ca_rolls_over_and_every_pull_succeeds():
    """old and new anchor, restarts in the middle; OpenSSL verifies as the device does"""
    with instance.Instance(fixed_ports(), command="serve") as reeve:
        old, _ = two_devices(reeve)
        root_before = read(path(reeve, "rs-ca.crt"))
        pki(reeve, "roll", "start")
        check("under way" in pki(reeve, "roll", "start", status=1), "one at a time")
        equal(len(certificates(path(reeve, "rs-ca.crt"))), 2, "both CAs")
        restart(reeve)
        equal((roll(reeve)["state"], roll(reeve)["left"]), ("overlap", 2), "it began")

        old.pull()      # still trusts the old root, and is served
        full_pull(reeve, 2)  # our library with the new one
        fleet.until("one done", lambda: roll(reeve)["done"] == 1)
        equal([d["distid"] for d in reeve.ctl("roll", "left")["devices"]], [fleet.did(1)], "who is left")
        check("not seen" in pki(reeve, "roll", "finish", status=1), "refused while one is left")
        restart(reeve)  # in the middle
        old.pull()
        equal(roll(reeve)["done"], 1, "remembered")
        old.solicit()
        check(read(old.anchor) != root_before, "the new root is handed out")
        old.pull()
        equal(roll(reeve)["left"], 0, "all are done")
        pki(reeve, "roll", "finish")
        equal(len(certificates(path(reeve, "rs-ca.crt"))), 1, "the old CA is gone")
        equal(len(certificates(path(reeve, "rs.crt"))), 1, "and the cross certificate")
        equal(read(path(reeve, "rs-ca.key")).count("BEGIN"), 1, "and its key")
        restart(reeve)
        old.pull()
        full_pull(reeve, 2)
        equal(roll(reeve)["state"], "finished", "state")
        states = {c["ca"] for c in reeve.ctl("certificate", "list", "--state", "current")["certificates"]}
        equal(states, {roll(reeve)["new_ca"]}, "certificates are the new CA's")


@test
def a_roll_over_can_be_aborted():
    with instance.Instance(fixed_ports(), command="serve") as reeve:
        stays, moves = two_devices(reeve)
        before = read(path(reeve, "rs-ca.crt"))
        pki(reeve, "roll", "start")
        restart(reeve)
        moves.solicit()
        moves.pull()
        pki(reeve, "roll", "abort")
        restart(reeve)
        stays.pull()
        moves.pull()
        equal(roll(reeve)["left"], 1, "who had moved must come back")
        moves.solicit()
        moves.pull()
        pki(reeve, "roll", "finish")
        restart(reeve)
        equal(read(path(reeve, "rs-ca.crt")), before, "as it was")
        stays.pull()
        moves.pull()
        check("no roll-over" in pki(reeve, "roll", "abort", status=1), "none is under way")


if __name__ == "__main__":
    tap.main()
