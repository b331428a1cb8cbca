#!/usr/bin/env python3
"""The Initial-Config that an operator shows is the one that a device boots from."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from fleet import did, until  # noqa: E402
from instance import BUILD, CtlError, Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402


def show(reeve, group):
    """The text as a person redirects it into a file."""
    return subprocess.run([reeve.reeve, "ctl", "--server", f"unix:{reeve.state}/bus.sock", "initial", "show", group],
                          capture_output=True, text=True, check=True).stdout


@test
def a_device_boots_from_the_text_that_is_shown():
    with Instance() as reeve:
        host, port = reeve.address("ls")
        reeve.ctl("group", "set", "model-x", "--location", "default")
        spec = os.path.join(reeve.dir, "initial.json")
        with open(spec, "w", encoding="ascii") as f:
            json.dump({"ls_urls": [f"https://{host}:{port}/"], "interval": 0, "max": 0,
                       "pppoe_account": "anon@ppp.example", "pppoe_password": "burnt-in"}, f)
        equal(reeve.ctl("initial", "set", "model-x", "--file", spec)["initial"]["version"], 1, "version")
        text = show(reeve, "model-x")
        equal(text, f"https://{host}:{port}/\n\n0\n0\n\nanon@ppp.example\nburnt-in\n\n", "the text")
        check("burnt-in" not in json.dumps(reeve.ctl("initial", "get", "model-x")), "a password without the right")
        reeve.ctl("device", "create", did(1), "--ls-key", fleet.LS_KEY)
        path = os.path.join(reeve.dir, "initial.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        with open(os.path.join(reeve.dir, "config"), "w", encoding="ascii") as f:
            f.write("hostname booted\n")
        reeve.ctl("config", "set", did(1), "startup", "--module", f"1={f.name}")
        fleet.known_to_ls(reeve, 1)
        with open(os.path.join(reeve.dir, "device.log"), "w+", encoding="utf-8") as log:
            device = subprocess.Popen([os.path.join(BUILD, "examples", "pull", "arms-pull"), did(1), fleet.LS_KEY,
                                       os.path.join(reeve.state, "pki", "ls-root.crt"), path],
                                      stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            try:
                until("the pull", lambda: any(p["outcome"] == "delivered" for p in reeve.ctl(
                    "pull", "list", "--distid", did(1))["pulls"]))
            finally:
                device.kill()
                device.wait()


@test
def without_one_of_its_own_a_group_has_that_of_the_configuration():
    with Instance({"rs": {"ls_urls": ["https://192.0.2.7:8442/arms"]}}) as reeve:
        equal(show(reeve, "default"), "https://192.0.2.7:8442/arms\n\n3\n3\n", "the text")
        viewer = reeve.ctl("token", "create", "eyes", "--role", "viewer")["token"]
        done = reeve.ctl_over_https(viewer, "initial", "show", "default")
        check(done.returncode != 0 and "initial.reveal" in done.stderr, f"a viewer reads it: {done.stderr}")
        try:
            reeve.ctl("initial", "get", "nobody")
            raise AssertionError("a group that is not there")
        except CtlError as e:
            check("nobody" in e.text, e.text)


if __name__ == "__main__":
    tap.main()
