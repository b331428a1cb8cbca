#!/usr/bin/env python3
"""librsapi and reeve ctl against a whole running Reeve: over the socket, over HTTPS."""
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import instance  # noqa: E402
import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

HERE = os.path.join(instance.BUILD, "test", "e2e", "rsapi")
OK, FAILED, USAGE, NOT_FOUND, DENIED, UNREACHABLE = range(6)
DISTID = "0000-0000-00E0-0001-0000-0123-4567-89AB"


def token_of(reeve):
    return re.search(r"rvt_[A-Za-z0-9_-]+", reeve.log_text()).group(0)


def https_of(reeve):
    host, port = reeve.address("http")
    return f"https://{host}:{port}", os.path.join(reeve.state, "pki", "http-ca.crt")


def ctl(reeve, *args, lang="C.UTF-8", stdin=None, **env):
    """(exit status, standard output, standard error) over the socket, unless env says otherwise."""
    env = {"REEVE_SERVER": f"unix:{reeve.state}/bus.sock", **env}
    done = subprocess.run([reeve.reeve, "ctl", *args], input=stdin, capture_output=True, text=True,
                          timeout=60, check=False,
                          env={"PATH": os.environ["PATH"], "HOME": reeve.dir, "LC_ALL": lang,
                               "TZ": "UTC", **env})
    return done.returncode, done.stdout, done.stderr


def calls(*args):
    done = subprocess.run([os.path.join(HERE, "rv-test-calls"), *args], capture_output=True,
                          text=True, timeout=120, check=False)
    equal(done.returncode, 0, done.stdout + done.stderr)


@test
def every_call_is_answered_over_the_socket():
    with instance.Instance() as reeve:
        calls(f"unix:{reeve.state}/bus.sock")


@test
def every_call_is_answered_over_https():
    with instance.Instance() as reeve:
        url, ca = https_of(reeve)
        calls(url, token_of(reeve), ca)


@test
def a_handle_outlives_the_server_it_talks_to():
    reeve = instance.Instance().start()
    try:
        again = subprocess.Popen([os.path.join(HERE, "rv-test-again"), f"unix:{reeve.state}/bus.sock"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        equal(again.stdout.readline(), "0 \n", "at first")
        reeve.stop()
        again.stdin.write("\n")
        again.stdin.flush()
        check("rsapi.unreachable" in again.stdout.readline(), "while nobody is there")
        reeve.start()
        again.stdin.write("\n")
        again.stdin.flush()
        equal(again.stdout.readline(), "0 \n", "after the new start")
        again.stdin.close()
        equal(again.wait(30), 0, "exit status")
    finally:
        reeve.remove()


@test
def exit_codes_tell_what_went_wrong():
    with instance.Instance() as reeve:
        url, ca = https_of(reeve)
        secure = {"REEVE_SERVER": url, "REEVE_CA": ca}
        for wanted, env, args in (
                (OK, {}, ("device", "list")),
                (USAGE, {}, ("device", "lost")),
                (USAGE, {}, ("device", "show", "x")),
                (NOT_FOUND, {}, ("device", "show", DISTID)),
                (USAGE, {}, ("location", "set", "a b", "--file", "-")),
                (USAGE, {}, ("device", "show", "ZZZZ" + DISTID[4:])),
                (USAGE, {}, ("pull", "list", "--distid", "bad")),
                (USAGE, secure | {"REEVE_TOKEN": token_of(reeve)},
                 ("device", "show", "ZZZZ" + DISTID[4:])),
                (USAGE, {}, ("--server", "foo", "device", "list")),
                (USAGE, {}, ("--server", url.replace("https", "http"), "device", "list")),
                (USAGE, {}, ("--server", "https://", "device", "list")),
                (DENIED, secure, ("device", "list")),
                (DENIED, {**secure, "REEVE_TOKEN": "wrong"}, ("device", "list")),
                (OK, {**secure, "REEVE_TOKEN": token_of(reeve)}, ("device", "list")),
                (UNREACHABLE, {"REEVE_SERVER": url, "REEVE_TOKEN": "x"}, ("device", "list")),
                (UNREACHABLE, {"REEVE_SERVER": "unix:/nonexistent"}, ("device", "list")),
                (OK, {"REEVE_SERVER": url, "REEVE_TOKEN": token_of(reeve)},
                 ("--insecure", "device", "list"))):
            got, out, err = ctl(reeve, *args, stdin='{"rs_urls":["https://192.0.2.1/"],'
                                '"lines":[{"kind":"dhcp"}]}', **env)
            equal(got, wanted, f"{args} {env}: {err}")
            check((err != "") == (wanted != OK), f"{args}: {out!r} {err!r}")


@test
def a_device_is_made_configured_listed_and_forgotten():
    with instance.Instance() as reeve, tempfile.NamedTemporaryFile("w") as config:
        config.write("hostname tokyo\n")
        config.flush()
        code, out, err = ctl(reeve, "device", "create", DISTID, "--ls-key", "@-", "--description",
                             "東京", stdin="hush\n")
        equal(code, OK, err)
        check("hush" not in out + err, "the key is never shown")
        code, out, err = ctl(reeve, "config", "set", DISTID, "startup", "--module",
                             f"0,version=1.0={config.name}", "--module", "7")
        equal(code, OK, err)
        code, out, err = ctl(reeve, "config", "show", DISTID, "startup")
        check("\nhostname tokyo\n" in out and "(no config)" in out, out)
        code, out, err = ctl(reeve, "config", "show", DISTID, "startup", "--json")
        modules = json.loads(out)["modules"]
        equal([(m["id"], m.get("text"), m["version"]) for m in modules],
              [(0, "hostname tokyo\n", "1.0"), (7, None, "")], "modules")
        code, out, err = ctl(reeve, "device", "list", lang="ja_JP.UTF-8")
        check(DISTID in out and "未確認" in out and "東京" in out, out)
        code, out, err = ctl(reeve, "device", "delete", DISTID)
        equal((code, out), (OK, ""), err)
        code, out, err = ctl(reeve, "device", "delete", DISTID, lang="ja_JP.UTF-8")
        equal(code, NOT_FOUND, err)
        check("登録されていません" in err, err)


@test
def what_the_server_refuses_is_called_what_was_typed():
    with instance.Instance() as reeve:
        for args, text in ((("pull", "list", "--distid", "bad"), "--distid: "),
                           (("device", "show", "ZZZZ" + DISTID[4:]), "DISTID: ")):
            _, _, err = ctl(reeve, *args)
            check(err.startswith("reeve ctl: " + text), err)


@test
def the_server_takes_the_example_of_the_help():
    with instance.Instance() as reeve:
        text = ctl(reeve, "location", "set", "--help")[1]
        example = text.partition("\nFor example:\n")[2].partition("\n\n")[0]
        code, _, err = ctl(reeve, "location", "set", "tokyo", "--file", "-", stdin=example)
        equal(code, OK, err)


@test
def lists_are_fetched_page_by_page():
    """A page holds at most 1,000."""
    count = 1003
    with instance.Instance() as reeve:
        subprocess.run([os.path.join(HERE, "rv-test-fill"), f"unix:{reeve.state}/bus.sock",
                        str(count)], check=True, timeout=120)
        ids = [f"0000-0000-00E0-0001-0000-0000-0000-{n:04X}" for n in range(count)]
        equal([d["distid"] for d in reeve.ctl("device", "list")["devices"]], ids, "all of them")
        equal([d["distid"] for d in reeve.ctl("device", "list", "--limit", "2")["devices"]], ids[:2],
              "as many as wanted")
        equal(len(ctl(reeve, "device", "list")[1].splitlines()), count + 1, "lines of the table")
        for text in ("a", "b", "c"):
            body = json.dumps({"modules": [{"id": 1, "text": text}]})
            code, _, err = ctl(reeve, "config", "set", ids[0], "startup", "--file", "-", stdin=body)
            equal(code, OK, err)
        history = [v["id"] for v in reeve.ctl("config", "history", ids[0])["versions"]]
        equal((len(history), history), (3, sorted(history, reverse=True)), "latest first")


@test
def the_file_ctl_conf_names_the_server():
    with instance.Instance() as reeve:
        url, ca = https_of(reeve)
        os.makedirs(os.path.join(reeve.dir, ".config", "reeve"))
        token = os.path.join(reeve.dir, "token")
        with open(token, "w", encoding="utf-8") as f:
            f.write(token_of(reeve) + "\n")
        conf = os.path.join(reeve.dir, ".config", "reeve", "ctl.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f'ctl {{\n  server = "{url}"\n  ca = "{ca}"\n  token_file = "{token}"\n}}\n')
        equal(ctl(reeve, "device", "list", REEVE_SERVER="")[0], OK, "by ctl.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write("ctl {\n  colour = red\n}\n")
        code, _, err = ctl(reeve, "device", "list", REEVE_SERVER="")
        equal(code, USAGE, err)
        check(f"{conf}:2" in err, err)


class Stranger:
    """Something that is no Reeve: answers each request with the same bytes, or never (None)."""

    def __init__(self, directory, answer):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(os.path.join(directory, "http.crt"),
                                     os.path.join(directory, "http.key"))
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                raw, _ = self.socket.accept()
                with self.context.wrap_socket(raw, server_side=True) as s:
                    while s.recv(65536):
                        if self.answer is not None:
                            s.sendall(self.answer)
                            break
            except (OSError, ssl.SSLError):
                if self.socket.fileno() < 0:
                    return


@test
def answers_of_strangers_are_not_taken_for_reeve():
    def http(status, body):
        return (f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                + body).encode()

    with tempfile.TemporaryDirectory() as directory:
        pki = os.path.join(directory, "pki")
        subprocess.run([os.path.join(instance.BUILD, "cmd", "reeve"), "pki", "init", "--state",
                        directory], check=True, capture_output=True, timeout=60)
        for answer, wanted, text in (
                (http(502, "<html>Bad gateway</html>"), UNREACHABLE, "status 502"),
                (http(401, "who?"), DENIED, "status 401"),
                (http(302, ""), UNREACHABLE, "status 302"),
                (http(200, "<html>"), FAILED, "not understood"),
                (http(200, '{"devices":[{"id":7}]}'), FAILED, "devices[0].id"),
                (http(200, '{"devices":[],"next":"","later":{"a":[1]}}'), OK, ""),
                (b"SSH-2.0-x\r\n", UNREACHABLE, "no rs answers"),
                (None, UNREACHABLE, "no answer in time")):
            stranger = Stranger(pki, answer)
            done = subprocess.run(
                [os.path.join(instance.BUILD, "cmd", "reeve"), "ctl", "--server", stranger.url, "--ca",
                 os.path.join(pki, "http-ca.crt"), "--timeout", "1", "device", "list"],
                capture_output=True, text=True, timeout=60, check=False,
                env={**os.environ, "LC_ALL": "C", "REEVE_TOKEN": "x"})
            stranger.socket.close()
            equal(done.returncode, wanted, f"{answer}: {done.stderr}")
            check(text in done.stderr, f"{answer}: {done.stderr}")


if __name__ == "__main__":
    tap.main()
