#!/usr/bin/env python3
"""`reeve ctl` as people and scripts use it: devices from and to CSV files, exit codes, language, columns."""
import csv
import io
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import fleet  # noqa: E402
import tap  # noqa: E402
from instance import Instance  # noqa: E402
from tap import check, equal, test  # noqa: E402

reeve = None


def did(number):
    return f"0001-0000-C0DE-0091-0000-0000-00C5-{number:04X}"


def setup():
    global reeve
    reeve = Instance().start()
    for group in ("tokyo", "kyoto"):
        reeve.ctl("group", "set", group, "--location", "default")


def teardown():
    reeve.remove()


def run(*command, server=None, stdin=None, lang="C.UTF-8", env=None):
    """The finished process; stdin and stdout are bytes, stderr is text."""
    done = subprocess.run([reeve.reeve, "ctl", "--server", server or f"unix:{reeve.state}/bus.sock", *command],
                          input=stdin, capture_output=True, timeout=120,
                          env={**os.environ, "LC_ALL": lang, **(env or {})}, check=False)
    done.stderr = done.stderr.decode("utf-8")
    return done


def file_of(name, data):
    path = os.path.join(reeve.dir, name)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def imported(data, *options, status=0):
    """The answer of device import --json."""
    done = run("--json", "device", "import", file_of("devices.csv", data), *options)
    equal(done.returncode, status, done.stderr + done.stdout.decode())
    return json.loads(done.stdout)


def figures(answer):
    return tuple(answer[k] for k in ("rows", "created", "updated", "unchanged", "skipped", "error_count"))


def device(number):
    return reeve.ctl("device", "show", did(number))["device"]


def known():
    return {d["distid"] for d in reeve.ctl("device", "list")["devices"]}


# -- import and export ---------------------------------------------------------------------------


@test
def a_file_of_any_encoding_registers_its_devices():
    text = "Distribution ID,LS-SAキー,グループ,備考,有効\r\n{0},k,kyoto,\"新宿, \"\"表\"\"\r\n3階\",いいえ\r\n"
    for number, encode, found in ((1, lambda t: t.encode("utf-8"), "utf8"),
                                  (2, lambda t: t.encode("utf-8-sig"), "utf8_bom"),
                                  (3, lambda t: t.encode("cp932"), "cp932"),
                                  (4, lambda t: t.replace("\r\n", "\n").encode("cp932"), "cp932")):
        answer = imported(encode(text.format(did(number))))
        equal((figures(answer), answer["encoding"]), ((1, 1, 0, 0, 0, 0), found), "answer")
        got = device(number)
        lines = "新宿, \"表\"\r\n3階" if number != 4 else "新宿, \"表\"\n3階"
        equal((got["group"], got["description"], got["is_enabled"]), ("kyoto", lines, False), "device")


@test
def keys_of_the_file_are_those_the_device_must_show_and_are_never_shown():
    done = run("device", "import", "-", stdin=f"distid,ls_key\n{did(10)},S3cret-key\n".encode())
    equal(done.returncode, 0, done.stderr)
    fleet_number = did(10)
    answer = fleet.until("the LS to know it", lambda: ask_ls(fleet_number, "S3cret-key"))
    equal(answer, 100, "code with the key of the file")
    check("S3cret" not in done.stderr + done.stdout.decode(), "the key is shown")
    done = run("device", "import", "-", stdin=f"distid,ls_key,group\n{did(11)},{'S3cret' * 12},nowhere\n".encode())
    equal(done.returncode, 2, done.stderr)
    check("S3cret" not in done.stderr and "ls_key: 72 bytes" in done.stderr, done.stderr)


def ask_ls(distid, key):
    code = fleet.code_of(fleet.armsclient.send(reeve.address("ls"), distid, key,
                                               fleet.armsclient.rs_solicitation(distid)))
    return code if code == 100 else None


@test
def every_mistake_is_told_at_once_and_nothing_is_changed():
    before = known()
    data = ("distid,ls_key,group,description,enabled\n"
            f"{did(20)},k,osaka,x,yes\n"            # 2: no such group
            "zzz,k,,,\n"                            # 3
            f"{did(21)},,,a,maybe\n"                # 4: two mistakes
            f"{did(22)},k,,\"a\"b,1\n"              # 5
            f"{did(20)},k,,,\n"                     # 6: as line 2
            f"{did(23)},k,,,,extra\n"               # 7
            ",,,,\n\n"                              # blank ones are none
            f"{did(24)},k,,,\n"                     # 10: nothing wrong
            f"{did(25)},k,\"open\n")                # 11
    answer = imported(data, status=2)
    equal([(e["line_number"], e["column"], e["value"]) for e in answer["errors"]],
          [(2, "group", "osaka"), (3, "distid", "zzz"), (4, "ls_key", ""), (4, "enabled", "maybe"), (5, "", ""),
           (7, "", ""), (11, "", ""), (6, "distid", did(20))], "mistakes")
    equal(figures(answer), (6, 0, 0, 0, 0, 8), "figures")
    equal(known(), before, "devices")
    done = run("device", "import", file_of("bad.csv", data), lang="ja_JP.UTF-8")
    equal((done.returncode, done.stdout), (2, b""), done.stderr)
    check("bad.csv:2: group 'osaka': そのグループはありません\n" in done.stderr, done.stderr)
    equal(len(done.stderr.splitlines()), 8, "lines")


@test
def of_very_many_mistakes_fifty_are_told():
    data = "distid,ls_key\n" + "x,k\n" * 60
    answer = imported(data, status=2)
    equal((len(answer["errors"]), answer["error_count"]), (50, 60), "mistakes")
    done = run("device", "import", file_of("devices.csv", data))
    equal((len(done.stderr.splitlines()), done.stderr.splitlines()[-1]), (51, "reeve ctl: and 10 more"), "said")


@test
def a_file_that_is_none_is_told():
    for data, said in ((b"", "the file is empty"), (b"\n\n", "the file is empty"),
                       (b"a\xff,b\n", "neither UTF-8 nor CP932"), ("distid\n".encode("utf-16"), "this is UTF-16"),
                       (b"distid;ls_key\n", "no such column"), (b"ls_key\nk\n", "lacks this column"),
                       (b"distid,note,description\n", "there twice"), (b"distid,colour\n", "no such column")):
        done = run("device", "import", file_of("devices.csv", data))
        equal(done.returncode, 2, done.stderr)
        check(said in done.stderr, f"{done.stderr!r} does not say {said!r}")
    done = run("device", "import", "/nonexistent.csv")
    equal(done.returncode, 2, done.stderr)
    check("No such file" in done.stderr, done.stderr)


@test
def a_dry_run_says_what_would_be_done():
    data = f"distid,ls_key,note\n{did(1)},k,x\n{did(30)},k,y\n"
    equal(figures(imported(data, "--dry-run", "--update")), (2, 1, 1, 0, 0, 0), "figures")
    check(did(30) not in known() and device(1)["description"] != "x", "something was changed")


@test
def devices_that_exist_are_refused_changed_or_left_alone():
    text = "distid,ls_key,group,note\n{0},k,tokyo,a\n{1},k,,b\n"
    data = text.format(did(40), did(41))
    equal(figures(imported(data.replace(f"\n{did(41)}", f"\n\n{did(41)}"))), (2, 2, 0, 0, 0, 0), "first")
    answer = imported(data, status=2)
    equal([(e["line_number"], e["value"]) for e in answer["errors"]], [(2, did(40)), (3, did(41))], "refused")
    equal(figures(imported(data, "--skip-existing")), (2, 0, 0, 0, 2, 0), "skipped")
    # Keys cannot be compared: such a row is written; without one, only what differs is.
    data = f"distid,group,note\n{did(40)},,a\n{did(41)},kyoto,b\n"
    equal(figures(imported(data, "--update")), (2, 0, 1, 1, 0, 0), "updated")
    equal((device(40)["group"], device(41)["group"]), ("tokyo", "kyoto"), "an empty cell changes nothing")
    answer = imported(f"distid,ls_key,heartbeat_key\n{did(41)},k,h\n", "--update", status=2)
    check("cannot be changed" in answer["errors"][0]["message"], answer)


@test
def what_the_server_refuses_on_the_way_ends_it_there_and_it_goes_on_from_there():
    """A certificate that is none passes every check but the server's."""
    rows = [f"{did(50 + i)},k,{'none,none' if i == 2 else ','}" for i in range(5)]
    data = "distid,ls_key,certificate_pem,private_key_pem\n" + "\n".join(rows)
    answer = imported(data, status=2)
    equal((figures(answer)[1], answer["errors"][0]["line_number"]), (2, 4), "done, and where it ended")
    equal([did(50 + i) in known() for i in range(5)], [True, True, False, False, False], "devices")
    done = run("device", "import", file_of("devices.csv", data), "--skip-existing")
    check("2 rows are done" in done.stderr and "--skip-existing" in done.stderr, done.stderr)
    answer = imported(data.replace("none", ""), "--skip-existing")
    equal(figures(answer), (5, 3, 0, 0, 2, 0), "the rest")


@test
def an_export_is_read_back_without_a_change():
    notes = ['a "b", c', "line 1\r\nline 2", " blanks ", "=1+1", "表①ｱ", ""]
    for i, note in enumerate(notes):
        reeve.ctl("device", "create", did(60 + i), "--ls-key", "k", "--description", note, "--group", "kyoto")
    for encoding, codec in (("utf8", "utf-8"), ("utf8_bom", "utf-8-sig"), ("cp932", "cp932")):
        for options in ((), ("--titles",), ("--titles", "--lang", "ja")):
            done = run("device", "export", "--encoding", encoding, *options)
            equal(done.returncode, 0, done.stderr)
            equal(done.stdout.startswith(b"\xef\xbb\xbf"), encoding == "utf8_bom", "BOM")
            text = done.stdout.decode(codec)
            check(text.endswith("\r\n"), "line ends")
            table = list(csv.reader(io.StringIO(text, newline="")))
            equal(len(table) - 1, len(known()), "rows")
            equal([r[1] for r in table if r[0] in [did(60 + i) for i in range(len(notes))]], notes, "notes")
            back = run("--json", "device", "import", "-", "--update", stdin=done.stdout)
            answer = json.loads(back.stdout)
            equal((back.returncode, answer["encoding"], answer["unchanged"], answer["error_count"]),
                  (0, encoding, len(table) - 1, 0), back.stderr)
    reeve.ctl("device", "update", did(60), "--description", "\U0001f600")
    done = run("device", "export", "--encoding", "cp932")
    equal(done.returncode, 1, "a character that CP932 lacks")
    check("\U0001f600" in done.stderr and did(60) in done.stderr, done.stderr)
    reeve.ctl("device", "update", did(60), "--description", "x")
    equal(run("--json", "device", "export").returncode, 2, "it is no JSON")


@test
def thirty_thousand_rows_take_hardly_more_memory_than_ten():
    script = ("import resource, subprocess, sys\n"
              "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
              "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    used = []
    for count in (10, 30000):
        rows = "".join(f"0001-0000-C0DE-0091-0000-0000-00C6-{i:04X},key-{i},tokyo,{'branch' * 20} {i}\n"
                       for i in range(count))
        path = file_of("many.csv", "distid,ls_key,group,note\n" + rows)
        done = subprocess.run([sys.executable, "-c", script, reeve.reeve, "ctl", "--server",
                               f"unix:{reeve.state}/bus.sock", "device", "import", path, "--dry-run"],
                              capture_output=True, text=True, timeout=120, check=True,
                              # What was freed is freed, in a sanitizer build too.
                              env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=0"})
        code, kib = map(int, done.stdout.split())
        equal(code, 0, done.stderr)
        used.append(kib)
    check(used[1] - used[0] < 4096, f"KiB for 10 and for 30,000 rows, 5 MiB of them: {used}")


# -- exit codes, language, columns ---------------------------------------------------------------


@test
def each_exit_code_means_what_it_says():
    """Status 6, of a report that not all is well, is provoked in test_status.py."""
    host, port = reeve.address("http")
    https = ("--ca", os.path.join(reeve.state, "pki", "http-ca.crt"))
    url = f"https://{host}:{port}"
    viewer = reeve.ctl("token", "create", "looker", "--role", "viewer")["token"]
    for status, command, more in (
            (0, ("device", "list"), {}),
            (0, ("--help",), {}),
            (1, ("device", "create", did(1), "--ls-key", "k"), {}),
            (2, ("device", "explode"), {}),
            (2, ("device", "list", "--limit", "0"), {}),
            (2, ("--columns", "colour", "device", "list"), {}),
            (2, ("--lang", "fr", "device", "list"), {}),
            (2, ("device", "create", "short", "--ls-key", "k"), {}),
            (2, ("location", "set", "x", "--file", "/nonexistent"), {}),
            (3, ("device", "show", did(999)), {}),
            (4, (*https, "device", "list"), {"server": url, "env": {"REEVE_TOKEN": "rvt_wrong"}}),
            (4, (*https, "device", "delete", did(1)), {"server": url, "env": {"REEVE_TOKEN": viewer}}),
            (5, ("device", "list"), {"server": "unix:/nonexistent/bus.sock"}),
            (5, ("device", "list"), {"server": url, "env": {"REEVE_TOKEN": viewer}}),  # a CA that nobody knows
            (5, ("device", "export"), {"server": "unix:/nonexistent/bus.sock"}),
            (5, ("device", "import", file_of("one.csv", f"distid,ls_key\n{did(90)},k\n")),
             {"server": "unix:/nonexistent/bus.sock"})):
        done = run(*command, **more)
        equal(done.returncode, status, f"{command}: {done.stderr}")
        equal(done.stderr == "", status == 0, f"{command}: standard error")
        if status not in (0,):
            equal(done.stdout, b"", f"{command}: standard output")


@test
def the_language_is_that_of_the_option_then_of_the_locale():
    for lang, options, said in (("C.UTF-8", (), "is missing"), ("ja_JP.UTF-8", (), "がありません"),
                                ("ja_JP.UTF-8", ("--lang", "en"), "is missing"),
                                ("C.UTF-8", ("--lang", "ja"), "がありません")):
        done = run(*options, "device", "show", lang=lang)
        equal(done.returncode, 2, done.stderr)
        check(said in done.stderr, done.stderr)


@test
def tables_are_stable_for_programs():
    done = run("--no-header", "--columns", "distid,group,firmware", "device", "list")
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    equal(len(rows), len(known()), "rows")
    check(all(len(r) == 3 and r[2] == "-" for r in rows), rows[:3])
    text = run("device", "list").stdout.decode()
    check(not re.search(r" $", text, re.M), "blanks at line ends")


@test
def history_and_diff_say_what_changed():
    for text in ("hostname a\nmtu 1500\n", "hostname b\nmtu 1500\n"):
        reeve.ctl("config", "set", did(1), "startup", "--module", f"1,version=1.0={file_of('config', text)}")
    versions = [v["id"] for v in reeve.ctl("config", "history", did(1))["versions"]]
    equal(len(versions), 2, "versions")
    text = run("config", "diff", did(1), "--from", versions[1], "--to", versions[0]).stdout.decode()
    for line in ("-hostname a", "+hostname b", " mtu 1500"):
        check(line in text.splitlines(), text)
    rows = run("--no-header", "--columns", "id,is_startup", "config", "history", did(1)).stdout.decode().split()
    equal(rows, [versions[0], "yes", versions[1], "no"], "history")


if __name__ == "__main__":
    tap.main(setup, teardown)
