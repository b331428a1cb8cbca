#!/usr/bin/env python3
"""The supervisor with small duties of our own: started, killed, joined, stopped."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import instance  # noqa: E402
import tap  # noqa: E402
from supervised import BIN, PATIENCE, Supervisor, wait_for  # noqa: E402
from tap import check, equal, test  # noqa: E402


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def open_files(pid):
    """What its descriptors point to; one that is closed meanwhile is left out."""
    found = []
    for number in sorted(os.listdir(f"/proc/{pid}/fd"), key=int):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            pass
    return found


def relinked(sv):
    """The answer of the first call that is not refused for want of a link."""
    return wait_for("echo", lambda: sv.ask("echo again") == "ok again")


@test
def a_request_goes_through_the_tables_link():
    with Supervisor("front", "echo") as sv:
        sv.ready()
        relinked(sv)
        equal(sv.stop(), 0, "exit status")


@test
def every_worker_has_sockets_of_its_own():
    with Supervisor("front", "echo", conf="front { workers = 3 }\n") as sv:
        sv.ready()
        seen = set()
        wait_for("three workers", lambda: seen.add(sv.ask("who")) or len(seen) == 3)


@test
def a_killed_duty_comes_back_and_is_linked_again():
    with Supervisor("front", "echo") as sv:
        sv.ready()
        relinked(sv)
        before = sv.pid("echo")
        equal(sv.ask("die"), "error ECLOSED", "the caller of the one that died")
        wait_for("its end", lambda: sv.events("app.duty.died", child="echo"))
        relinked(sv)
        check(sv.pid("echo") != before, "a new process")
        equal(sv.stop(), 0, "exit status")


@test
def a_killed_edge_keeps_its_port_and_gets_its_links_back():
    with Supervisor("front", "echo") as sv:
        sv.ready()
        relinked(sv)
        os.kill(sv.pid("front"), signal.SIGKILL)
        relinked(sv)


@test
def a_crash_loop_backs_off_and_shows_in_readyz():
    with Supervisor("status", "crasher", conf='status { listen = {"127.0.0.1:0"} }\n') as sv:
        wait_for("three deaths", lambda: len(sv.events("app.duty.died", child="crasher")) >= 3)

        def waiting():
            status, body = sv.get("/readyz")
            return status == 503 and re.search(r"^crasher\.0: waits .* signal 9.* restarts$", body, re.M)
        wait_for("a reason", waiting)
        equal(sv.get("/healthz"), (200, "ok\n"), "health does not depend on it")
        _, metrics = sv.get("/metrics")
        restarts = re.search(r'reeve_duty_restarts_total\{duty="crasher",instance="0"\} (\d+)', metrics)
        check(restarts and int(restarts[1]) >= 2, metrics)
        deaths = [d["ts"] for d in sv.events("app.duty.died", child="crasher")]
        check(len(deaths) == len(set(deaths)), "never two in the same millisecond")


@test
def readyz_tells_the_reason_a_duty_gives():
    with Supervisor("status", "stubborn", "echo", conf='status { listen = {"127.0.0.1:0"} }\n') as sv:
        sv.ready()
        wait_for("the reason", lambda: sv.get("/readyz") == (503, "stubborn.0: too stubborn\n"))


@test
def readyz_is_200_when_all_are():
    with Supervisor("status", "echo", conf='status { listen = {"127.0.0.1:0"} }\n') as sv:
        sv.ready()
        wait_for("readiness", lambda: sv.get("/readyz") == (200, "ready\n"))


@test
def metrics_of_all_duties_are_one_text():
    conf = 'status { listen = {"127.0.0.1:0"} }\nfront { workers = 2 }\n'
    with Supervisor("status", "echo", "front", conf=conf) as sv:
        sv.ready()
        wait_for("readiness", lambda: sv.get("/readyz")[0] == 200)
        status, text = sv.get("/metrics")
        equal(status, 200, "status")
        equal(text.count("# TYPE reeve_process_open_fds gauge"), 1, "TYPE lines of a shared name")
        for who in ("echo", "status"):
            check(f'reeve_process_open_fds{{duty="{who}",instance="0"}}' in text, text)
        for instance in (0, 1):
            check(f'reeve_process_resident_bytes{{duty="front",instance="{instance}"}}' in text, text)
        check('test_echo_total{duty="echo",instance="0"} 1\n' in text, text)
        check("not a metric" not in text, text)
        check("\nreeve_up 1\n" in text, text)
        names = [re.match(r"[a-z_]+", line)[0] for line in text.splitlines() if line[0] != "#"]
        groups = [n for n, before in zip(names, [None, *names]) if n != before]
        equal(len(groups), len(set(groups)), "each name stands together")
        equal(sv.stop(), 0, "exit status")
        check(not sv.events("app.duty.killed"), sv.log())


@test
def stopping_does_not_wait_for_pages_or_their_readers():
    with Supervisor("status", "echo", conf='status { listen = {"127.0.0.1:0"} }\n') as sv:
        sv.ready()
        address = sv.events("app.listener.opened", duty="status")[0]["address"].rsplit(":", 1)
        with socket.create_connection((address[0], int(address[1]))) as idle, \
                socket.create_connection((address[0], int(address[1]))) as asking:
            idle.sendall(b"GET /")
            asking.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            equal(sv.stop(), 0, "exit status")
        check(not sv.events("app.duty.killed"), sv.log())


@test
def wrong_requests_to_status_have_their_codes():
    with Supervisor("status", conf='status { listen = {"127.0.0.1:0"} }\n') as sv:
        sv.ready()
        for raw, code in ((b"POST /metrics HTTP/1.1\r\n\r\n", 405), (b"GET /x HTTP/1.1\r\n\r\n", 404),
                          (b"rubbish\r\n\r\n", 400), (b"GET / HTTP/2.0\r\n\r\n", 505),
                          (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000, 431)):
            equal(sv.get(None, raw)[0], code, repr(raw[:30]))


@test
def shutdown_ends_edges_first_and_watchers_last():
    conf = 'status { listen = {"127.0.0.1:0"} }\n'
    with Supervisor("echo", "status", "front", conf=conf) as sv:
        sv.ready()
        equal(sv.stop(), 0, "exit status")
        died = [e["child"] for e in sv.events("app.duty.died")]
        equal(died, ["front", "echo", "status"], "order")
        check(all(e["how"].strip('"') == "exit 0" for e in sv.events("app.duty.died")), sv.log())


@test
def a_duty_that_does_not_stop_is_killed_after_the_timeout():
    with Supervisor("stubborn", "echo") as sv:
        sv.ready()
        equal(sv.stop(), 0, "exit status")
        check(sv.events("app.duty.killed", child="stubborn"), sv.log())


@test
def a_later_second_signal_kills_at_once():
    with Supervisor("stubborn", timeout="600s") as sv:
        sv.ready()
        wait_for("the end", lambda: sv.process.poll() is not None or sv.process.send_signal(signal.SIGINT))
        equal(sv.process.returncode, 0, "exit status")
        check(not sv.events("app.duty.killed"), "ended by the signal, not by the timeout")


@test
def a_signal_to_the_whole_group_still_stops_in_order():
    with Supervisor("echo", "front") as sv:
        sv.ready()
        for pid in (sv.pid("front"), sv.pid("echo")):
            os.kill(pid, signal.SIGTERM)
        sv.process.terminate()
        sv.process.terminate()  # timeout(1) sends two
        equal(sv.process.wait(PATIENCE), 0, "exit status")
        equal([(e["child"], e["how"].strip('"')) for e in sv.events("app.duty.died")],
              [("front", "exit 0"), ("echo", "exit 0")], "order and ends")


@test
def a_killed_supervisor_leaves_no_orphan():
    with Supervisor("front", "echo", "stubborn") as sv:
        sv.ready()
        pids = [sv.pid(d) for d in ("front", "echo", "stubborn")]
        sv.stop(signal.SIGKILL)
        for pid in pids:
            wait_for(f"the end of {pid}", lambda p=pid: not is_alive(p))


@test
def a_killed_supervisor_can_be_started_again_at_once():
    with Supervisor("echo") as sv:
        sv.ready()
        sv.stop(signal.SIGKILL)
        with Supervisor("echo", state=sv.dir) as again:
            wait_for("readiness", lambda: len(again.events("test.all.ready")) == 2)


@test
def a_port_in_use_is_named_with_its_item():
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # would let another share it
        s.bind(("127.0.0.1", 0))
        s.listen()
        address = "127.0.0.1:%d" % s.getsockname()[1]
        with Supervisor("front", "echo", conf=f'front {{ listen = {{"{address}"}} }}\n') as sv:
            equal(sv.process.wait(PATIENCE), 1, "exit status")
            check(f"error: front.listen: cannot listen on {address}: Address already in use" in sv.log(),
                  sv.log())
            check(not sv.events("app.duty.started"), "nothing was started")


@test
def a_wrong_address_is_named_with_its_item():
    with Supervisor("front", conf='front { listen = {"localhost:1"} }\n') as sv:
        equal(sv.process.wait(PATIENCE), 1, "exit status")
        check('error: front.listen: "localhost:1" is not an address with a port' in sv.log(), sv.log())


@test
def both_families_listen_on_one_port():
    if not os.path.exists("/proc/net/if_inet6"):
        raise tap.Skip("no IPv6 here")
    port = instance.free_ports(1, "0.0.0.0")[0]
    with Supervisor("front", "echo", conf=f'front {{ listen = {{"[::]:{port}"}} }}\n') as six:
        six.ready()
        with Supervisor("front", "echo", conf=f'front {{ listen = {{"0.0.0.0:{port}"}} }}\n') as four:
            four.ready()
            equal(four.ask("who"), "0", "the IPv4 one")


@test
def a_refusal_at_the_first_start_ends_all_with_its_reason():
    with Supervisor("refuser", "echo", conf="refuser { refuse = on }\n") as sv:
        equal(sv.process.wait(PATIENCE), 1, "exit status")
        check("error: refuser.0: refuser.refuse: it is on (EINVALID)" in sv.log(), sv.log())
        for started in sv.events("app.duty.started"):
            check(not is_alive(int(started["pid"])), "nobody is left")


@test
def a_missing_executable_is_named():
    with Supervisor("echo") as sv:
        sv.ready()
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run([f"{BIN}/rv-test-supervisor", os.path.join(sv.dir, "test.conf"),
                                   empty, empty, "-", "echo"], capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
            equal(done.returncode, 1, "exit status")
            check(f"error: {empty}/reeve-echo: No such file or directory" in done.stderr, done.stderr)


@test
def one_state_directory_has_one_supervisor():
    with Supervisor("echo") as sv:
        sv.ready()
        with Supervisor("echo", state=sv.dir) as second:
            equal(second.process.wait(PATIENCE), 1, "exit status")
            check("another reeve runs with this state directory" in sv.log(), sv.log())
        check(sv.process.poll() is None and os.path.exists(f"{sv.dir}/bus.sock"), "the first is unharmed")


@test
def a_child_has_no_descriptor_but_its_own():
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # what a careless caller leaves open
    try:
        # In its sandbox a duty shows its descriptors to root only.
        with Supervisor("front", "echo", "status", conf='status { listen = {"127.0.0.1:0"} }\n', sandbox="off") as sv:
            sv.ready()
            wait_for("readiness", lambda: sv.get("/readyz")[0] == 200)
            for duty in ("front", "echo", "status"):
                links = open_files(sv.pid(duty))
                equal(links[0], "/dev/null", "standard input")
                check(not any("bus.lock" in x or "memfd" in x for x in links), f"{duty}: {links}")
                pipes = [os.readlink(f"/proc/self/fd/{writing}")]
                check(not set(pipes) & set(links), f"{duty}: {links}")
                sockets = sum(x.startswith("socket:") for x in links)
                wanted = 1 + 2 + (duty != "echo")  # control, two peers, the listener of an edge
                connections = 1 if duty == "status" else 0  # of this test's own questions
                check(sockets <= wanted + connections, f"{duty}: {sockets} of {wanted}: {links}")
    finally:
        os.close(reading)
        os.close(writing)


@test
def a_child_sees_no_secret_of_the_callers_environment():
    # Out of its sandbox: in it, a duty shows its environment to root alone.
    with Supervisor("echo", env={"REEVE_TOKEN": "rvt_secret", "TZ": "Asia/Tokyo"}, sandbox="off") as sv:
        sv.ready()
        with open(f"/proc/{sv.pid('echo')}/environ", "rb") as f:
            variables = f.read().split(b"\0")
        check(b"TZ=Asia/Tokyo" in variables, variables)
        check(not any(v.startswith(b"REEVE_TOKEN") for v in variables), variables)


@test
def systemd_is_told():
    path = os.path.join(tempfile.mkdtemp(prefix="reeve-notify-"), "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(PATIENCE)
        with Supervisor("echo", "front", env={"NOTIFY_SOCKET": path}) as sv:
            said = []
            wait_for("READY", lambda: said.append(s.recv(4096).decode()) or "READY=1" in said[-1])
            check(sv.events("app.duty.ready", child="echo") and sv.events("app.duty.ready", child="front"),
                  "only when all are")
            sv.process.terminate()
            wait_for("STOPPING", lambda: "STOPPING=1" in s.recv(4096).decode())
            sv.process.wait(PATIENCE)
    shutil.rmtree(os.path.dirname(path))


@test
def two_supervisors_meet_at_bus_sock():
    with Supervisor("echo") as hub, Supervisor("front", join=f"{hub.dir}/bus.sock") as far:
        hub.ready()
        far.ready()
        relinked(far)
        equal(far.ask("die"), "error ECLOSED", "the caller of the one that died")
        relinked(far)  # the hub restarted echo
        os.kill(far.pid("front"), signal.SIGKILL)
        relinked(far)  # far restarted front
        equal(far.stop(), 0, "exit status")
        equal(hub.stop(), 0, "exit status")


@test
def joining_waits_for_a_hub_that_is_not_there_yet():
    with Supervisor("echo") as hub:
        hub.ready()
        hub.stop()
        with Supervisor("front", join=f"{hub.dir}/bus.sock") as far:
            far.ready()
            wait_for("the first try", lambda: far.events("app.join.lost"))
            equal(far.ask("echo x"), "error ENOTFOUND", "meanwhile")
            with Supervisor("echo", state=hub.dir):
                relinked(far)


@test
def two_duties_of_one_name_cannot_both_join():
    with Supervisor("echo") as hub, Supervisor("front", join=f"{hub.dir}/bus.sock") as first:
        hub.ready()
        first.ready()
        relinked(first)
        with Supervisor("front", join=f"{hub.dir}/bus.sock") as second:
            second.ready()
            wait_for("refusal", lambda: second.events("app.join.refused", child="front", error="EEXISTS"))
        relinked(first)


def join(path, *args, uid=None):
    done = subprocess.run([f"{BIN}/rv-test-join", path, *args], capture_output=True, text=True,
                          timeout=PATIENCE, user=uid, check=False)
    return done.stdout.strip()


@test
def an_outsider_gets_what_the_tables_allow():
    with Supervisor("echo", "stubborn") as sv:
        sv.ready()
        path = f"{sv.dir}/bus.sock"
        equal(join(path, "outsider", "65535", "echo", "hi"), "OK hi", "a call")
        equal(join(path, "outsider", "65535", "echo", "ho"), "OK ho", "and again")
        equal(join(path, "outsider", "65535", "stubborn", "hi"), "EDENIED", "not in the tables")
        equal(join(path, "outsider", "65535", "front", "hi"), "ENOTFOUND", "not running here")
        equal(join(path, "stranger", "0", "echo", "hi"), "EINVALID", "unknown name")
        equal(join(path, "echo", "0", "echo", "hi"), "EEXISTS", "a name that runs here")
        equal(join(path, "UPPER", "0", "echo", "hi"), "EINVALID", "no name at all")
        equal(join(path + "x", "outsider", "65535", "echo", "hi"), "ENOTFOUND", "nobody there")
        equal(join("/" + "x" * 200, "outsider", "0", "echo", "hi"), "EINVALID", "path too long")


@test
def rubbish_at_bus_sock_harms_nobody():
    with Supervisor("echo") as sv:
        sv.ready()
        for rubbish in (b"x", b"RVC2" + bytes(20), b"RVC1" + bytes(20), b"\xff" * 60000):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.settimeout(PATIENCE)
                s.connect(f"{sv.dir}/bus.sock")
                s.send(rubbish)
                equal(s.recv(4096), b"", "closed")
        equal(join(f"{sv.dir}/bus.sock", "outsider", "0", "echo", "hi"), "OK hi", "afterwards")


@test
def a_foreign_uid_is_refused_and_root_is_not():
    if os.geteuid() != 0:
        raise tap.Skip("needs root to be somebody else")
    directory = tempfile.mkdtemp(prefix="reeve-app-")
    try:
        os.chown(directory, 65534, 65534)
        os.chmod(directory, 0o711)
        with Supervisor("echo", state=directory, uid=65534) as sv:
            sv.ready()
            path = f"{sv.dir}/bus.sock"
            equal(os.stat(path).st_mode & 0o777, 0o600, "mode of the socket")
            equal(join(path, "outsider", "0", "echo", "hi", uid=65534), "OK hi", "the same uid")
            equal(join(path, "outsider", "0", "echo", "hi"), "OK hi", "root")
            os.chmod(path, 0o666)  # even then
            equal(join(path, "outsider", "0", "echo", "hi", uid=65533), "EDENIED", "somebody else")
    finally:
        shutil.rmtree(directory)


@test
def a_duty_started_by_hand_says_what_it_is():
    done = subprocess.run([f"{BIN}/reeve-echo"], capture_output=True, text=True, timeout=PATIENCE,
                          check=False)
    equal(done.returncode, 2, "exit status")
    check("started by `reeve serve`" in done.stderr, done.stderr)


if __name__ == "__main__":
    tap.main()
