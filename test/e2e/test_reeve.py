#!/usr/bin/env python3
"""The command line of reeve: help, configuration, keys, first start, exit codes."""
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import instance  # noqa: E402
import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

REEVE = os.path.join(instance.BUILD, "cmd", "reeve")
OK, FAILURE, USAGE, CONFIG = range(4)


class Place:
    """A temporary directory to run in."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="reeve-cli-")
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.dir)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)


def run(*args, lang="C.UTF-8", timeout=60):
    return subprocess.run([REEVE, *args], capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, "LC_ALL": lang}, stdin=subprocess.DEVNULL)


def status_of(request, context):
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def wait_for(what, probe):
    deadline = time.monotonic() + instance.READY_SECONDS
    while not probe():
        check(time.monotonic() < deadline, f"waited in vain for {what}")
        time.sleep(0.05)


def fails(code, pattern, *args):
    done = run(*args)
    equal(done.returncode, code, f"exit status of {args}: {done.stderr}")
    equal(done.stdout, "", "standard output")
    equal(len(done.stderr.splitlines()), 1, f"lines of {done.stderr!r}")
    check(re.match(pattern, done.stderr), f"{done.stderr!r} is not {pattern!r}")


@test
def version_and_help_answer_in_both_languages():
    check(re.fullmatch(r"reeve \d+\.\d+\.\d+\n", run("version").stdout), "version")
    equal(run("--version").stdout, run("version").stdout, "the option")
    check("everything in one go" in run("help").stdout, "English")
    check("全機能を起動する" in run("help", lang="ja_JP.UTF-8").stdout, "Japanese")
    for words in (("help", "serve"), ("serve", "--help"), ("conf", "-h")):
        done = run(*words)
        equal(done.returncode, OK, f"{words}")
        check(done.stdout.startswith("usage: reeve "), f"{words}: {done.stdout}")


@test
def wrong_usage_is_one_line_and_exit_2():
    equal(run().returncode, USAGE, "no command")
    fails(USAGE, r"reeve: nonsense: no such command", "nonsense")
    fails(USAGE, r"reeve: nonsense: no such command", "help", "nonsense")
    fails(USAGE, r"reeve: serve: not an option: --nonsense", "serve", "--nonsense")
    fails(USAGE, r"reeve: serve: needs a value: --state", "serve", "--state")
    fails(USAGE, r"reeve: serve: not an option here: --address", "serve", "--address", "x")
    fails(USAGE, r"reeve: serve: not an option: -x", "serve", "-xy")
    fails(USAGE, r"reeve: serve: takes no argument: x", "serve", "x")
    fails(USAGE, r"reeve: conf: one argument too many: y", "conf", "check", "y")
    fails(USAGE, r"reeve: conf: say one of: check, dump, example, man", "conf")
    fails(USAGE, r"reeve: pki: say one of: init", "pki", "destroy")


@test
def a_wrong_configuration_is_named_by_file_and_line_and_exit_3():
    with Place() as place:
        path = place.write("reeve.conf", "# first\nreeve {\n    log_level = loud\n}\n")
        fails(CONFIG, rf"reeve: {path}:3: reeve.log_level is \"loud\"; it must be one of", "conf", "check",
              "--config", path)
        fails(CONFIG, rf"reeve: {path}:3: ", "serve", "--config", path, "--state", place.path("state"))
        check(not os.path.exists(place.path("state")), "nothing was made")
        for line in ('rs.heartbeat_servers="x"', 'rs.heartbeat_servers="hb.example:5115"', 'rs.push_addresses="zz"',
                     'ls.listen="foo"', 'proxy.listen="foo"', 'http.listen="1.2.3.4:99999"', 'status.listen="foo"'):
            section, item, value = re.split("[.=]", line, maxsplit=2)
            path = place.write("reeve.conf", f"{section} {{\n    {item} = {{{value}}}\n}}\n")
            fails(CONFIG, rf"reeve: {path}:2: {section}.{item} is {value}: it must be a numeric address", "conf",
                  "check", "--config", path)
        path = place.write("reeve.conf", "nonsense { }\n")
        fails(CONFIG, rf"reeve: {path}:1: ", "conf", "dump", "--config", path)
        fails(CONFIG, rf"reeve: {place.path('none')}: No such file", "conf", "check", "--config",
              place.path("none"))
        fails(CONFIG, rf"reeve: {place.dir}: ", "conf", "check", "--config", place.dir)


@test
def example_and_dump_are_configurations():
    with Place() as place:
        example = place.write("example.conf", run("conf", "example").stdout)
        equal(run("conf", "check", "--config", example).returncode, OK, "the example")
        dump = run("conf", "dump", "--config", example).stdout
        dump = "".join(line for line in dump.splitlines(True) if "***" not in line)  # secrets
        again = run("conf", "dump", "--config", place.write("dump.conf", dump)).stdout
        again = "".join(line for line in again.splitlines(True) if "***" not in line)
        equal(again, dump, "a dump of a dump")
        manual = run("conf", "man").stdout
        check(manual.find(".TH REEVE.CONF 5") < manual.find(".SS reeve"), "manual")


@test
def pki_init_makes_what_is_missing_and_keeps_the_rest():
    with Place() as place:
        first = run("pki", "init", "--state", place.path("state"), "--address", "192.0.2.1",
                    "--address", "reeve.example")
        equal(first.returncode, OK, first.stderr)
        equal(len(re.findall(r"^made  ", first.stdout, re.M)), 12, first.stdout)
        os.remove(place.path("state", "pki", "http.crt"))
        os.remove(place.path("state", "pki", "http.key"))
        second = run("pki", "init", "--state", place.path("state"), "--address", "192.0.2.7")
        equal(len(re.findall(r"^made  .*/http\.(crt|key)$", second.stdout, re.M)), 2, second.stdout)
        equal(len(re.findall(r"^kept  ", second.stdout, re.M)), 10, second.stdout)
        text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in",
                               place.path("state", "pki", "http.crt")],
                              capture_output=True, text=True, check=True).stdout
        check("192.0.2.7" in text, text)
        os.remove(place.path("state", "pki", "ls.key"))
        done = run("pki", "init", "--state", place.path("state"))
        equal(done.returncode, FAILURE, "half a pair")
        check("ls.key is missing" in done.stderr, done.stderr)


@test
def a_state_directory_open_to_others_is_refused():
    with Place() as place:
        os.mkdir(place.path("state"))
        os.chmod(place.path("state"), 0o777)
        fails(FAILURE, rf"reeve: {place.path('state')}: must be a directory that belongs to you",
              "serve", "--state", place.path("state"))
        fails(FAILURE, r"reeve: .*", "serve", "--state", place.write("file", ""))


@test
def a_port_in_use_is_one_line_and_exit_1():
    with Place() as place:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            address = "127.0.0.1:%d" % s.getsockname()[1]
            path = place.write("reeve.conf", f'status {{ listen = {{"{address}"}} }}\n')
            done = run("status", "--config", path, "--state", place.path("state"))
            equal(done.returncode, FAILURE, done.stderr)
            equal(done.stderr, f"reeve: status.listen: cannot listen on {address}: "
                               "Address already in use\n", "message")
            done = run("status", "--config", path, "--state", place.path("state"), lang="ja_JP.UTF-8")
            check(done.stderr.startswith("reeve: このアドレスで待ち受けできません: status.listen: "),
                  done.stderr)


@test
def a_component_alone_without_anything_to_do_says_so():
    with Place() as place:
        fails(CONFIG, r"reeve: there is nothing to run", "status", "--state", place.path("state"))


@test
def a_component_alone_runs_with_its_status_pages():
    with Place() as place:
        port = instance.free_ports(1)[0]
        sv = instance.Instance(command="status", state=place.dir)
        sv.defaults = lambda: {"status": {"listen": [f"127.0.0.1:{port}"]}}
        sv.start()
        try:
            equal(sv.http_get("status", "/healthz"), (200, "ok\n"), "health")
            equal(set(sv.pids()), {"status"}, "what runs")
        finally:
            equal(sv.stop(signal.SIGINT), 0, "exit status")


@test
def the_first_start_makes_keys_and_a_token_once():
    with Place() as place:
        sv = instance.Instance(state=place.dir)
        sv.start()
        pids = sv.pids()
        equal(sv.stop(), 0, sv.log_text())
        tokens = re.findall(r"rvt_[A-Za-z0-9_-]{43}\b", sv.log_text())
        equal(len(tokens), 1, "tokens shown")
        equal(set(pids), {"ls", "lsstore", "rs", "ca", "proxy", "http", "status"}, "what runs")
        ends = re.findall(r'event=app\.duty\.died child=(\S+) .* how="([^"]*)"', sv.log_text())
        check(len(ends) >= 7 and all(how == "exit 0" for _, how in ends), sv.log_text())
        files = set(os.listdir(sv.state))
        check({"pki", "rs.db", "ls.db"} <= files and "admin-token.sha256" not in files, str(files))
        for name in files - {"pki"}:
            with open(os.path.join(sv.state, name), "rb") as f:
                check(tokens[0].encode() not in f.read(), f"the token lies in {name}")
        sv.start()
        equal(sv.stop(), 0, sv.log_text())
        equal(len(re.findall("rvt_", sv.log_text())), 1, "not shown again")


@test
def components_run_apart_and_meet_at_bus_sock():
    """rs offers bus.sock; http, started by itself, serves operations of that rs."""
    with Place() as place:
        state = place.path("state")
        equal(run("pki", "init", "--state", state).returncode, OK, "keys")
        ports = dict(zip(("rs", "http", "api"), instance.free_ports(3)))
        parts = {}
        for name, args in (("rs", ()), ("http", ("--join", os.path.join(state, "bus.sock")))):
            os.mkdir(place.path(name))
            part = instance.Instance(command=name, state=place.path(name), args=args)
            part.state = state  # one for both; configuration and log apart
            part.defaults = lambda name=name: {
                "http": {"listen": [f"127.0.0.1:{ports['api']}"]},
                "status": {"listen": [f"127.0.0.1:{ports[name]}"]}}
            parts[name] = part.start(wait=False)
        try:
            for part in parts.values():
                part.wait_ready()
            equal(set(parts["http"].pids()), {"http", "status"}, "what runs in the one")
            equal(set(parts["rs"].pids()), {"rs", "ca", "status"}, "what runs in the other")
            token = re.search(r"rvt_\S+", parts["rs"].log_text())[0]
            context = ssl.create_default_context(cafile=os.path.join(state, "pki", "http-ca.crt"))
            request = urllib.request.Request(f"https://127.0.0.1:{ports['api']}/api/v2/devices",
                                             headers={"Authorization": f"Bearer {token}"})
            wait_for("an operation of rs, asked at http", lambda: status_of(request, context) == 200)
        finally:
            for part in parts.values():
                equal(part.stop(), 0, part.log_text())


@test
def edges_link_no_database_and_no_http_library():
    for duty in ("ls", "proxy", "legacy", "status"):
        libraries = subprocess.run(["ldd", os.path.join(instance.BUILD, "cmd", f"reeve-{duty}")],
                                   capture_output=True, text=True, check=True).stdout
        for wrong in ("libsqlite3", "libpq", "libmicrohttpd", "libconfuse"):
            check(wrong not in libraries, f"reeve-{duty} links {wrong}")


if __name__ == "__main__":
    tap.main()
