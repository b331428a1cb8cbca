#!/usr/bin/env python3
"""SIGHUP with small duties: what changes, what waits, what is refused."""
import os
import shutil
import signal
import socket
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import tap  # noqa: E402
from supervised import PATIENCE, Supervisor, wait_for  # noqa: E402
from tap import check, equal, test  # noqa: E402

STATUS = 'status { listen = {"127.0.0.1:0"} }\n'


def reload(sv, conf, event="app.reload.done", **more):
    """Has the new configuration read; waits for what the supervisor says of it."""
    before = len(sv.events(event))
    sv.write_conf(conf, **more)
    sv.process.send_signal(signal.SIGHUP)
    return wait_for(event, lambda: sv.events(event)[before:])[0]


def write(sv, name, text):
    with open(os.path.join(sv.dir, name), "w", encoding="utf-8") as f:
        f.write(text)


@test
def a_live_item_reaches_every_worker_and_survives_their_death():
    with Supervisor("front", conf="front { workers = 2 }\n") as sv:
        sv.ready()
        equal(sv.ask("conf"), "one", "before")
        reload(sv, 'front { workers = 2 word = "two" }\n')
        equal({sv.ask("conf") for _ in range(20)}, {"two"}, "after")
        equal([e["item"] for e in sv.events("app.reload.changed")], ["front.word"], "what changed")
        os.kill(sv.pid("front"), signal.SIGKILL)
        wait_for("its restart", lambda: len(sv.events("app.duty.ready", child="front", instance=0)) == 2)
        equal({sv.ask("conf") for _ in range(20)}, {"two"}, "after a death")


@test
def what_is_in_a_file_is_read_again():
    conf = 'front { secret = "s" fixed = "f" }\n' + STATUS
    directory = tempfile.mkdtemp(prefix="reeve-app-")
    try:
        for name in "sf":
            with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
                f.write("old")
        with Supervisor("front", "status", conf=conf, state=directory) as sv:
            sv.ready()
            equal(sv.ask("conf"), "one old old", "before")
            write(sv, "s", "new")
            write(sv, "f", "new")
            reload(sv, conf)
            equal(sv.ask("conf"), "one new old", "after: the second is no live item")
            equal(sv.events("app.reload.needs_restart")[0]["item"], "front.fixed", "what waits")
            wait_for("the page", lambda: sv.get("/readyz") ==
                     (200, "front.0: needs a restart: front.fixed\nready\n"))
            check('reeve_duty_needs_restart{duty="front",instance="0"} 1' in sv.get("/metrics")[1], "metric")
            write(sv, "f", "old")
            reload(sv, conf)
            wait_for("the page", lambda: sv.get("/readyz") == (200, "ready\n"))
    finally:
        shutil.rmtree(directory)


@test
def items_that_wait_are_named_once_and_change_nothing():
    with Supervisor("front", "echo", conf="front { workers = 2 }\n") as sv:
        sv.ready()
        reload(sv, 'front { workers = 3 listen = {"127.0.0.1:1"} word = "two" }\n')
        equal(sorted(e["item"] for e in sv.events("app.reload.needs_restart")),
              ["front.listen", "front.workers"], "what waits")
        equal(sv.ask("conf"), "two", "what does not wait")
        equal(len(sv.events("app.duty.started", child="front")), 2, "workers")


@test
def a_wrong_file_changes_nothing_and_is_named_with_its_line():
    with Supervisor("front") as sv:
        sv.ready()
        for conf, says in (('front {\n word = "two"\n wrod = "x"\n}\n', "test.conf:4"),
                           ('front {\n word = "two"\n', "test.conf:2"),
                           ('front { word = "two" secret = "missing" }\n', "front.secret")):
            failed = reload(sv, conf, "app.reload.failed")
            check(says in failed["reason"], failed)
            equal(sv.ask("conf"), "one", "still")
        check(not sv.events("app.reload.changed"), sv.log())
        reload(sv, 'front { word = "three" }\n')
        equal(sv.ask("conf"), "three", "the next good one")


@test
def a_duty_that_refuses_goes_on_with_what_it_has():
    with Supervisor("front", "refuser") as sv:
        sv.ready()
        done = reload(sv, 'front { word = "two" }\nrefuser { refuse = on }\n')
        equal(done["refused"], "1", "how many")
        refused = sv.events("app.reload.refused")[0]
        equal((refused["child"], refused["reason"]), ("refuser", '"refuser.refuse: it is on"'), "who and why")
        equal(sv.ask("conf"), "two", "the others have the new one")
        os.kill(sv.pid("refuser"), signal.SIGKILL)  # with the new one it would not start
        wait_for("its restart", lambda: len(sv.events("app.duty.ready", child="refuser")) == 2)
        equal(reload(sv, 'front { word = "two" }\n')["refused"], "0", "the file put right")


@test
def a_duty_that_dies_of_a_reload_comes_back_with_what_it_had():
    with Supervisor("front", "refuser") as sv:
        sv.ready()
        equal(reload(sv, "refuser { die = on }\n")["refused"], "1", "how many")
        wait_for("its restart", lambda: len(sv.events("app.duty.ready", child="refuser")) == 2)


@test
def the_log_level_changes_at_once():
    with Supervisor("front") as sv:
        sv.ready()
        sv.write_conf('front { word = "two" }\n', level="error")
        sv.process.send_signal(signal.SIGHUP)
        wait_for("the first", lambda: sv.ask("conf") == "two")
        reload(sv, 'front { word = "three" }\n')
        equal(len(sv.events("app.reload.done")), 1, "the end of the first was no error")
        equal(sv.ask("conf"), "three", "after the second")


@test
def systemd_sees_the_reload():
    path = os.path.join(tempfile.mkdtemp(prefix="reeve-notify-"), "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(PATIENCE)
        with Supervisor("front", env={"NOTIFY_SOCKET": path}) as sv:
            sv.ready()
            said = []
            for conf in ('front { word = "two" }\n', "rubbish"):
                sv.write_conf(conf)
                sv.process.send_signal(signal.SIGHUP)
                wait_for("RELOADING", lambda: said.append(s.recv(4096).decode()) or
                         said[-1].startswith("RELOADING=1\nMONOTONIC_USEC="))
                check(int(said[-1].split("=")[2]) > 0, said[-1])
                wait_for("READY", lambda: said.append(s.recv(4096).decode()) or said[-1] == "READY=1")
    shutil.rmtree(os.path.dirname(path))


@test
def a_reload_without_changes_changes_nothing():
    with Supervisor("front", "refuser", conf='front { word = "a" }\n') as sv:
        sv.ready()
        equal(reload(sv, 'front { word = "a" }\n')["refused"], "0", "refusals")
        check(not sv.events("app.reload.changed"), "nothing changed")


if __name__ == "__main__":
    tap.main()
