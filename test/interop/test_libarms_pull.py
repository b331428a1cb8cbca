#!/usr/bin/env python3
"""libarms against scripted peers: spec section 10, statements on RS answers and requests; and whole pulls.

Each case carries the number of its statement. (S) statements are facts about libarms 5.33: here
our client behaves the same, or better as appendix D asks; the text of each case says which.
"""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import armspeers  # noqa: E402
import libarmscases as cases  # noqa: E402
import tap  # noqa: E402
import tlsserver  # noqa: E402
from armspeers import coded, http, message  # noqa: E402
from libarmscases import (  # noqa: E402
    EREBOOT, EPULL, ESYSTEM, EINVAL, STORED, expect_success, expect_failed_attempt, peers,
    rs_case, rs_fails)
from tap import check, equal, test  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


@test
def s10_059_without_rs_pull_server_url_the_query_is_esystem():
    """The same."""
    with peers() as p:
        p.rs.script = [message("config-solicitation", armspeers.heartbeat())]
        r = p.probe("pull", "query")
        equal((r.code(), r.code("arms_push_method_query")), (0, ESYSTEM), r.text)


@test
def s10_060_a_sixth_pull_url_and_a_sixth_heartbeat_info_are_left_out():
    """The same for URLs; better for heartbeats: 5.33 reboots."""
    with peers() as p:
        urls = "".join(f"<rs-pull-server-url>https://127.0.0.1:{i}/</rs-pull-server-url>" for i in range(1, 7))
        p.rs.script = [message("config-solicitation", armspeers.heartbeat() * 6 + urls)]
        r = p.probe("pull", "info")
        expect_success(r)
        check(r.having("info rs-url 5 "), r.text)
        check(r.having("info heartbeat 5 "), r.text)


@test
def s10_061_white_space_around_a_pull_url_makes_it_invalid():
    """The same: the next one is asked."""
    with peers() as p:
        p.rs.script = [message("config-solicitation", armspeers.heartbeat() +
                               f"<rs-pull-server-url> {p.rs.url}</rs-pull-server-url>"
                               f"<rs-pull-server-url>{p.rs.url}</rs-pull-server-url>"), p.query_answer()]
        r = p.probe("pull", "query")
        equal(r.code("arms_push_method_query"), 0, r.text)
        check(r.having("log 100 "), "the bad URL was not noticed")


@test
def s10_062_without_sa_certificate_the_pull_succeeds():
    """The same."""
    rs_case(lambda p: p.rs_answer())
    rs_case(lambda p: p.rs_answer(extra="<sa-certificate></sa-certificate><sa-private-key></sa-private-key>"))
    rs_case(lambda p: p.rs_answer(extra=f"<sa-private-key>{cases.certs.pem('sa', 'key')}</sa-private-key>"))


@test
def s10_063_an_unusable_sa_certificate_fails_the_attempt_after_the_delivery():
    """The same; and so does a key of another certificate."""
    rs_fails(lambda p: p.rs_answer(extra=p.identity().replace("MII", "!!!")), configs=STORED)
    rs_fails(lambda p: p.rs_answer(extra=p.identity().replace("-----BEGIN CERT", "  -----BEGIN CERT")),
             configs=STORED)
    rs_fails(lambda p: p.rs_answer(extra=p.identity().replace(cases.certs.pem("sa", "key"), cases.certs.pem("rs", "key"))),
             configs=STORED)
    rs_case(lambda p: p.rs_answer(extra=p.identity().replace("-----BEGIN CERT", "\n-----BEGIN CERT")))


@test
def s10_064_an_encrypted_key_fails_the_attempt():
    """Better: 5.33 prompts on its terminal."""
    rs_fails(lambda p: p.rs_answer(extra=p.identity().replace(cases.certs.pem("sa", "key"),
                                                              cases.certs.pem("locked", "key"))))


@test
def s10_065_a_module_behind_a_config_removes_the_earlier_ones():
    """The same."""
    with peers() as p:
        p.rs.script = [p.rs_answer('<module id="1" version="1">a</module><md-config id="1">x</md-config>'
                                   '<module id="2" version="1">b</module><md-config id="2">y</md-config>')]
        r = p.probe("pull")
        expect_success(r)
        equal([(i, action) for i, action, _, _ in r.configs()], [(1, 1), (1, 5), (2, 1), (2, 5)],
              "store 1, remove 1, store 2, and remove 2 by arms_end")


@test
def s10_066_a_config_before_its_module_fails_the_attempt():
    """The same."""
    rs_fails(lambda p: p.rs_answer('<md-config id="1">x</md-config><module id="1">a</module>'), configs=[])


@test
def s10_067_a_module_id_in_hex_is_0():
    """The same."""
    rs_case(lambda p: p.rs_answer('<module id="0x10">a</module><md-config id="0x10">x</md-config>'),
            [(0, "x")])


@test
def s10_068_a_missing_version_is_null():
    """The same."""
    with peers() as p:
        p.rs.script = [p.rs_answer('<module id="1">a</module><md-config id="1">x</md-config>')]
        r = p.probe("pull")
        check("config id=1 action=1 next=3 len=1 version=(null) info=a nul=1" in r.text, r.text)


@test
def s10_069_base64_with_blanks_or_without_padding_fails_the_attempt():
    """The same for blanks; better for padding: 5.33 delivers wrong data."""
    def config(text):
        return lambda p: p.rs_answer(f'<module id="1">a</module><md-config id="1" encoding="base64">{text}'
                                     "</md-config>")
    rs_fails(config("aGVs bG8="), configs=[])
    rs_fails(config("aGVsbG8"), configs=[])
    rs_case(config("aGVs\nbG8=\r\n"), [(1, "hello")])


@test
def s10_070_another_spelling_of_base64_is_plain_text():
    """The same."""
    rs_case(lambda p: p.rs_answer('<module id="1">a</module><md-config id="1" encoding="Base64">aGVsbG8='
                                  "</md-config>"), [(1, "aGVsbG8=")])


@test
def s10_071_a_config_in_a_refusal_is_not_delivered():
    """Better: 5.33 gives it to the program."""
    rs_fails(lambda p: p.rs_answer().replace(">100<", ">420<"), configs=[])


@test
def s10_072_a_config_of_70000_bytes_arrives_whole_or_in_fragments():
    """The same."""
    text = "".join(chr(97 + i % 26) for i in range(70000))
    for fragment, wanted in ((0, [3]), (1024, [1] + [0] * 67 + [2])):
        with peers() as p:
            p.rs.script = [p.rs_answer(f'<module id="1">a</module><md-config id="1">{text}</md-config>')]
            r = p.probe("--fragment", str(fragment), "pull")
            expect_success(r)
            stored = [line for line in r.having("config ") if " action=1 " in line]
            equal([int(line.split("next=")[1].split()[0]) for line in stored], wanted, "flags")
            equal(sum(int(line.split("len=")[1].split()[0]) for line in stored), 70000, "bytes")


@test
def s10_073_a_refused_config_is_asked_for_again_with_its_trigger():
    """The same: all RSs, then the LS."""
    with peers() as p:
        other = p.server("rs", ca=cases.certs.path("rs-ca"))
        other.script = [p.rs_answer()]
        p.ls.script = [p.ls_answer([p.rs.url, other.url])]
        r = p.probe("--config-result", "-1", "pull")
        equal(r.code(), EREBOOT, r.text)
        check(b"<trigger>power on boot</trigger>" in p.rs.requests[0], "first trigger")
        check(b"<trigger>invalid config</trigger>" in other.requests[0], "trigger at the other RS")
        check(b"<trigger>invalid config</trigger>" in p.ls.requests[1], "trigger at the LS")


@test
def s10_074_a_502_from_the_rs_goes_to_the_ls_at_once():
    """The same the first time; further rounds are a second apart (device-libarms-core-pull)."""
    with peers() as p:
        p.ls.script = [p.ls_answer(retry_max=9, retry_interval=60)]
        p.rs.script = [coded("config-solicitation", 502)]
        begun = time.monotonic()
        r = p.probe("pull")
        expect_failed_attempt(p, r)
        check(time.monotonic() - begun < 3, "a pause")
        check(b"<trigger>received 502 Push failed</trigger>" in p.ls.requests[1], "trigger")


@test
def s10_075_without_heartbeat_interval_heartbeat_is_off():
    """C!: 5.33 spins."""
    for extra in ("", armspeers.heartbeat(0), armspeers.heartbeat("")):
        with peers() as p:
            p.rs.script = [p.rs_answer(extra=extra)]
            r = p.probe("pull", "info", "hb")
            expect_success(r, STORED)
            check(r.having("info heartbeat 0"), r.text)
            equal(r.codes("arms_hb_is_running"), [0], "running")


@test
def s10_076_only_unknown_methods_end_the_event_loop_with_epull():
    """The same, at once; with known methods after 60 s in this version (README, state of push)."""
    with peers() as p:
        p.rs.script = [p.rs_answer(), p.query_answer("<push-method>carrier-pigeon</push-method>"), p.rs_answer()]
        begun = time.monotonic()
        r = p.probe("pull", "query", "loop", "pull")
        equal((r.code("arms_push_method_query"), r.code("arms_event_loop")), (0, EPULL), r.text)
        check(time.monotonic() - begun < 5, "a pause")
        check(b"<trigger>no push method</trigger>" in p.rs.requests[2], "trigger")


@test
def s10_077_a_tunnel_without_url_ends_the_event_loop_with_epull():
    """The same, at once: no method is left."""
    with peers() as p:
        p.rs.script = [p.rs_answer(), p.query_answer("<push-method>https-tunnel</push-method>")]
        begun = time.monotonic()
        r = p.probe("pull", "query", "loop")
        equal((r.code("arms_push_method_query"), r.code("arms_event_loop")), (0, EPULL), r.text)
        check(time.monotonic() - begun < 30, "the time of a confirmation was waited")


@test
def with_known_methods_the_event_loop_waits_and_calls_the_event_callback():
    """State of push in this version: EPULL from the callback ends the 60 s early."""
    with peers() as p:
        p.rs.script = [p.rs_answer(), p.query_answer()]
        r = p.probe("--event-result", str(EPULL), "pull", "query", "loop")
        equal(r.code("arms_event_loop"), EPULL, r.text)
        equal(len(r.having("event")), 1, "events")
        check(not r.having("state 3 "), "a push state was reported without any push")


@test
def s10_126_triggers_protocol_version_and_element_order():
    """C: exactly so."""
    with peers() as p:
        r = p.probe("--trigger", "2", "--description", "EdgeBox <E1>", "--firmware", "2.4.1", "pull")
        expect_success(r)
        body = p.rs.requests[0].split(b"\r\n\r\n")[1].decode()
        equal(body, '<arms-message><arms-request type="config-solicitation"><distribution-id>'
              f"{armspeers.DISTID}</distribution-id><description>EdgeBox &lt;E1&gt;</description>"
              "<config-solicitation-request><protocol-version>4.0</protocol-version><trigger>module sync "
              "failed</trigger><firmware-info>2.4.1</firmware-info></config-solicitation-request>"
              "</arms-request></arms-message>", "config-solicitation")


@test
def s10_127_the_ls_request_has_neither_protocol_version_nor_firmware():
    """C: exactly so."""
    with peers() as p:
        expect_success(p.probe("--firmware", "2.4.1", "pull"))
        body = p.ls.requests[0].split(b"\r\n\r\n")[1].decode()
        equal(body, '<arms-message><arms-request type="rs-solicitation"><distribution-id>'
              f"{armspeers.DISTID}</distribution-id><description></description><rs-solicitation-request>"
              "<trigger>power on boot</trigger></rs-solicitation-request></arms-request></arms-message>",
              "rs-solicitation")


@test
def the_recordings_play_with_equal_bytes_and_records():
    """scripts/replay --role server on every recording with a pull in it."""
    for name in ("tunnel-tls12-all", "simple-tls12-all", "tunnel-restored-state"):
        r = subprocess.run([sys.executable, os.path.join(HERE, "..", "..", "scripts", "replay"),
                            os.path.join(HERE, "captures", name + ".txt"), "--role", "server", "--build",
                            armspeers.BUILD], capture_output=True, text=True, timeout=60)
        equal(r.returncode, 0, name + "\n" + r.stdout + r.stderr)


@test
def a_restored_state_skips_the_ls():
    with peers() as p:
        p.rs.script = [p.rs_answer(), p.rs_answer()]
        state = os.path.join(cases.folder.name, "state")
        r = p.probe("--dump", state, "pull")
        equal((r.code(), r.code("arms_dump_state")), (0, 0), r.text)
        r = p.probe("--restore", state, "pull")
        equal((r.code("arms_restore_state"), r.code()), (0, 0), r.text)
        equal((p.ls.connections, p.rs.connections), (1, 2), "connections")
        check("state 0 2" in r.text, r.text)
        with open(state, "r+b") as f:
            f.seek(200)
            byte = f.read(1)[0]
            f.seek(200)
            f.write(bytes((byte ^ 1,)))
        r = p.probe("--restore", state, "pull")
        equal(r.code("arms_restore_state"), EINVAL, r.text)


@test
def the_getters_tell_what_the_servers_said():
    with peers() as p:
        extra = ("<proposal-for-sa><push-port>10443</push-port><push-timeout>120</push-timeout></proposal-for-sa>"
                 + armspeers.heartbeat() + "<rs-push-server-address>192.0.2.10</rs-push-server-address>")
        p.rs.script = [p.rs_answer(extra=extra), p.query_answer()]
        r = p.probe("pull", "query", "info")
        for line in ("info heartbeat 1 127.0.0.1:5115:hb:60:hmac-sha1", "info rs 1 192.0.2.10",
                     f"info ls-url 1 {p.ls.url}", f"info rs-url 1 {p.rs.url}",
                     "info tunnel-url 1 https://127.0.0.1:1/t", "info port 10443 timeout 120",
                     "info connection 0 method=0 af=2"):
            check(line in r.lines, f"{line}\n{r.text}")


@test
def every_line_type_and_value_reaches_the_program():
    lines = ("line-pppoe {\n ifindex 1;\n account u@x;\n password p1;\n};\n"
             "line-mobile {\n ifindex 2; telno 090; cid 3; apn a.b; pdp-type ip; account m; password p2;"
             " ipaddress 192.0.2.9;\n};\n"
             "line-static {\n ifindex 3; ipaddress 192.0.2.8;\n};\nline-ra {\n ifindex 4;\n};\n"
             "line-pppoe-ipv6 {\n ifindex 5; account s; password p3;\n};\n")
    with peers() as p:
        p.ls.script = [p.ls_answer(["https://127.0.0.1:1/"], lines=lines)]
        r = p.probe("pull")
        for line in ("line connect type=2 ifindex=1 id=u@x pass=p1 -> 1",
                     "line connect type=5 ifindex=2 telno=090 cid=3 apn=a.b pdp=ip id=m pass=p2 "
                     "ipaddr=192.0.2.9 -> 1", "line connect type=6 ifindex=3 ipaddr=192.0.2.8 -> 1",
                     "line connect type=7 ifindex=4 -> 1",
                     "line connect type=8 ifindex=5 id=s pass=p3 -> 1"):
            check(line in r.lines, f"{line}\n{r.text}")


@test
def anonymous_lines_use_the_accounts_of_the_initial_config():
    initial = os.path.join(cases.folder.name, "initial")
    with peers() as p:
        with open(initial, "w", encoding="ascii") as f:
            f.write(f"{p.ls.url}\n\n0\n0\n\nanon@ppp\nanonpass\nanon6@ppp\nanon6pass\n\n090\n1\nm2m\nip\nmob\nmobpass\n")
        p.ls.script = []
        r = p.probe("--initial", initial, "pull", ls=[],
                    line=("anonpppoe:7", "anonpppoe-ipv6:8", "anonmobile:9"))
        equal(r.code(), EREBOOT, r.text)
        check("line connect type=2 ifindex=7 id=anon@ppp pass=anonpass -> 1" in r.lines, r.text)
        p.ls.script = [None, None, None]
        r = p.probe("--initial", initial, "pull", ls=[],
                    line=("anonpppoe:7", "anonpppoe-ipv6:8", "anonmobile:9"))
        check("line connect type=8 ifindex=8 id=anon6@ppp pass=anon6pass -> 1" in r.lines, r.text)
        check(r.having("line connect type=5 ifindex=9 telno=090 cid=1 apn=m2m pdp=ip id=mob pass=mobpass"),
              r.text)


@test
def a_removed_module_is_told_by_its_id_alone():
    """As 5.33 does: version and infostring are empty."""
    with peers() as p:
        r = p.probe("pull")
        check("config id=1 action=5 next=0 len=0 version= info=" in r.lines, r.text)


@test
def programs_of_an_api_before_5_get_the_query_from_the_event_loop():
    with peers() as p:
        p.rs.script = [p.rs_answer(), p.query_answer("<push-method>none</push-method>")]
        r = p.probe("--api", "4", "pull", "loop")
        equal((r.code(), r.code("arms_event_loop")), (0, EPULL), r.text)
        check(b"push-method-query" in p.rs.requests[1], "the query was not sent")
        p.ls.script, p.rs.script = [p.ls_answer()], [p.rs_answer(), coded("push-method-query", 503)]
        equal(p.probe("--api", "4", "pull", "loop").code("arms_event_loop"), EREBOOT, "its failure")


@test
def a_program_without_config_callback_never_completes_a_pull():
    with peers() as p:
        p.rs.script = [p.rs_answer("")]
        r = p.probe("--no-config-cb", "pull")
        expect_failed_attempt(p, r)


@test
def two_connections_to_a_dead_port_are_told_apart_from_a_silent_one():
    """A refused connection is a failure at once, not after 30 s."""
    with peers() as p:
        begun = time.monotonic()
        expect_success(p.probe("pull", ls=["https://127.0.0.1:1/", p.ls.url]), STORED)
        check(time.monotonic() - begun < 5, "waited")


@test
def nothing_is_written_to_any_file():
    with peers() as p, tempfile.TemporaryDirectory() as empty:
        p.rs.script = [p.rs_answer(extra=p.identity()), p.query_answer()]
        old = dict(os.environ)
        os.environ.update(HOME=empty, TMPDIR=empty)
        try:
            expect_success(p.probe("pull", "query", cwd=empty), STORED)
        finally:
            os.environ.clear()
            os.environ.update(old)
        equal(os.listdir(empty), [], "files")


if __name__ == "__main__":
    tap.main(cases.setup, cases.teardown)
