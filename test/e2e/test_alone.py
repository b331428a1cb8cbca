#!/usr/bin/env python3
"""Each component started alone does its part: rs, proxy and ls by --join; ls with a devices file."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import instance  # noqa: E402
import tap  # noqa: E402
from fleet import code_of, did, known_to_ls, pull, query, rs_key, solicit, until  # noqa: E402
from instance import Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

LOCATION = "line-dhcp {\n ifindex 0;\n};\nrs-certificate {\n%s};\n"


def pki(place):
    """The keys that `reeve serve` would have made."""
    os.makedirs(place.state, exist_ok=True)
    subprocess.run([place.reeve, "pki", "init", "--state", place.state], check=True, capture_output=True)


def only(conf, *sections):
    return {name: conf[name] for name in sections}


class Alone(Instance):
    """One component; its configuration names no other."""

    def defaults(self):
        return only(super().defaults(), self.command, "status")


def join(rs):
    return ["--join", os.path.join(rs.state, "bus.sock")]


def share(source, target):
    """What an ls or proxy elsewhere gets of the RS: certificates and, for the ls, the key file."""
    os.makedirs(target.state, exist_ok=True)
    shutil.copytree(os.path.join(source.state, "pki"), os.path.join(target.state, "pki"))
    shutil.copy(os.path.join(source.state, "secret.key"), target.state)


def make(rs, number):
    rs.ctl("device", "create", did(number), "--ls-key", fleet.LS_KEY, "--rs-key", "rs-key")
    path = os.path.join(rs.dir, "config")
    with open(path, "w", encoding="ascii") as f:
        f.write("hostname x\n")
    rs.ctl("config", "set", did(number), "startup", "--module", f"1={path}")


@test
def three_components_on_their_own_make_one_service():
    rs, proxy, ls = Alone(command="rs"), Alone(command="proxy"), Alone(command="ls")
    places = [rs, proxy, ls]
    try:
        pki(rs)
        rs.start()
        check(set(rs.pids()) == {"rs", "ca", "status"}, f"processes of rs: {rs.pids()}")
        make(rs, 1)
        for edge in (proxy, ls):
            edge.args = join(rs)
            share(rs, edge)
            edge.start()
        key = rs_key(known_to_ls(ls, 1))
        equal(fleet.modules_of(pull(proxy, 1, key)), {1: b"hostname x\n"}, "the config")
        equal(code_of(query(proxy, 1, key)), 100, "the query")
        equal(code_of(solicit(ls, 2)), 420, "a stranger")
        until("the stranger at the RS", lambda: any(w["distid"] == did(2) for w in rs.ctl("device", "waiting")["devices"]))
        # The RS goes: the LS answers on, the proxy says "busy"; it comes back: all as before.
        rs.stop()
        equal(code_of(solicit(ls, 1)), 100, "the LS without the RS")
        equal(code_of(pull(proxy, 1, key)), 301, "the proxy without the RS")
        rs.start()
        until("the proxy to find the RS again", lambda: code_of(pull(proxy, 1, key)) == 100)
        make(rs, 3)
        known_to_ls(ls, 3)
        for place in (ls, proxy, rs):
            equal(place.stop(), 0, f"exit status of {place.command}")
    finally:
        for place in reversed(places):
            place.remove()


def records(place, devices):
    with open(os.path.join(place.state, "pki", "rs-ca.crt"), encoding="ascii") as f:
        pem = f.read()
    yield {"kind": "location", "name": "default", "ll_timeout": 10, "rs_retry_interval": 5,
           "entries": [{"url": "https://192.0.2.10:8443/arms", "md_config": LOCATION % pem}]}
    for number in devices:
        yield {"kind": "device", "distid": did(number), "ls_key": fleet.LS_KEY, "rs_key": f"key-{number}",
               "location": "default"}


def write_file(place, lines):
    path = os.path.join(place.state, "devices.jsonl")
    with open(path + ".new", "w", encoding="ascii") as f:
        f.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    os.rename(path + ".new", path)


@test
def an_ls_needs_nothing_but_a_file_of_devices():
    ls = Alone({"ls": {"devices_file": "devices.jsonl"}}, command="ls")
    try:
        pki(ls)
        write_file(ls, records(ls, [1]))
        ls.start()
        answer = solicit(ls, 1)
        equal(code_of(answer), 100, "a device of the file")
        equal(rs_key(answer), "key-1", "its RS-SA key")
        root = fleet.document(answer)[1]
        equal([root.findtext(f".//{n}") for n in ("ll-timeout", "rs-retry-max", "url")],
              ["10", "5", "https://192.0.2.10:8443/arms"], "the Location-Config")
        drawn = {int(fleet.document(solicit(ls, 1))[1].findtext(".//rs-retry-interval")) for _ in range(30)}
        check(len(drawn) > 2 and drawn <= set(range(3, 8)), f"5 s within +-50 %, another each time: {drawn}")
        equal(code_of(solicit(ls, 2)), 420, "a device that is not in it")
        write_file(ls, ["# broken", *records(ls, [2]), '{"kind": "device"'])
        until("the refusal in the log", lambda: "ls.devices_file.refused" in ls.log_text())
        check("line=4" in ls.log_text().split("ls.devices_file.refused")[1].splitlines()[0], "the line's number")
        equal(code_of(solicit(ls, 1)), 100, "an invalid file changes nothing")
        write_file(ls, records(ls, [2]))
        known_to_ls(ls, 2)
        equal(code_of(solicit(ls, 1)), 420, "the file is the whole truth")
        equal(ls.stop(), 0, "exit status")
        write_file(ls, ["nonsense"])
        ls.start(wait=False)
        equal(ls.process.wait(30), 3, "exit status with a broken file")
        check("no JSON object" in ls.log_tail(), f"the reason: {ls.log_tail(3)}")
    finally:
        ls.remove()


@test
def a_component_without_its_keys_says_what_is_missing():
    for command, name in (("rs", "rs-ca.crt"), ("proxy", "rs.crt"), ("ls", "ls.crt")):
        place = Alone(command=command)
        try:
            os.makedirs(place.state)
            place.start(wait=False)
            check(place.process.wait(30) != 0, f"{command} started without keys")
            check(name in place.log_text() and "pki init" in place.log_text(), place.log_tail(4))
        finally:
            place.remove()


@test
def the_edges_link_no_database_and_no_web_server():
    for duty in ("ls", "proxy", "legacy"):
        program = os.path.join(instance.BUILD, "cmd", f"reeve-{duty}")
        libraries = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        for name in ("sqlite", "libpq", "microhttpd", "curl", "sodium", "jansson", "confuse"):
            check(name not in libraries, f"reeve-{duty} links {name}")
    for duty in ("ca",):
        program = os.path.join(instance.BUILD, "cmd", f"reeve-{duty}")
        libraries = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        check("sqlite" not in libraries, f"reeve-{duty} links a database")


if __name__ == "__main__":
    tap.main()
