#!/usr/bin/env python3
"""libarms against scripted peers: spec section 10, statements on XML and LS answers.

Each case carries the number of its statement. (S) statements are facts about libarms 5.33: here
our client behaves the same, or better as appendix D asks; the text of each case says which.
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import armspeers  # noqa: E402
import libarmscases as cases  # noqa: E402
import tap  # noqa: E402
from armspeers import ONE_LINE, SUCCESS, coded, http, message, retries, rs_info  # noqa: E402
from libarmscases import (  # noqa: E402
    EREBOOT, EPULL, EDONTRETRY, STORED, expect_success, peers, rs_case, rs_fails,
    ls_reboots, ls_next)
from tap import check, equal, test  # noqa: E402


@test
def s10_031_a_newline_before_the_declaration_fails():
    """The same; a declaration at the very start is fine."""
    rs_fails(lambda p: http('\n<?xml version="1.0" encoding="US-ASCII"?>' + p.rs_answer()))
    rs_case(lambda p: http('<?xml version="1.0" encoding="UTF-8"?>\r' + p.rs_answer()))


@test
def s10_032_a_byte_over_0x7f_fails_and_a_reference_is_utf_8():
    """The same."""
    module = '<module id="1">m</module><md-config id="1">%s</md-config>'
    rs_fails(lambda p: http(p.rs_answer(module % "é")))
    rs_case(lambda p: p.rs_answer(module % "&#233;"), [(1, "\\xc3\\xa9")])


@test
def s10_033_an_extra_attribute_on_arms_response_is_ignored():
    """Better: 5.33 reboots, or fails."""
    with peers() as p:
        p.ls.script = [p.ls_answer().replace("<arms-response ", '<arms-response x="y" ')]
        p.rs.script = [p.rs_answer().replace("<arms-response ", '<arms-response x="y" ')]
        expect_success(p.probe("pull"), STORED)


@test
def s10_034_an_extra_attribute_on_module_or_md_config_loses_nothing():
    """Better: 5.33 says success and drops the config."""
    rs_case(lambda p: p.rs_answer('<module id="1" new="1">m</module><md-config new="1" id="1">z</md-config>'),
            [(1, "z")])


@test
def s10_035_extra_attributes_elsewhere_are_ignored():
    """The same."""
    with peers() as p:
        p.ls.script = [p.ls_answer().replace("<arms-message>", '<arms-message xmlns="urn:x">')
                       .replace("<rs-info>", '<rs-info a="b">')]
        expect_success(p.probe("pull"), STORED)


@test
def s10_036_content_type_on_md_config_is_fine():
    """The same, in a pull."""
    rs_case(lambda p: p.rs_answer('<module id="1">m</module><md-config id="1" content-type="text" '
                                  'commit-order="1">z</md-config>'), [(1, "z")])


@test
def s10_037_038_integers_may_have_white_space_around_them():
    """Better: with white space behind, 5.33 takes the element for absent and reboots."""
    for code in ("100 ", " 100", "\n100\n", "+100"):
        with peers() as p:
            p.ls.script = [p.ls_answer().replace(">100<", f">{code}<")]
            expect_success(p.probe("pull"), STORED)


@test
def s10_039_a_child_in_a_leaf_is_flattened():
    """Better: 5.33 loses its place."""
    rs_case(lambda p: p.rs_answer('<module id="1">m</module><md-config id="1">a<b>c</b>d</md-config>'),
            [(1, "acd")])


@test
def s10_040_unknown_elements_are_skipped_with_their_content():
    """The same."""
    rs_case(lambda p: p.rs_answer('<new><module id="9">n</module></new><module id="1">m</module>'
                                  '<md-config id="1">z</md-config>'), [(1, "z")])


@test
def s10_041_the_type_of_an_answer_does_not_matter():
    """The same."""
    with peers() as p:
        p.ls.script = [p.ls_answer().replace(' type="rs-solicitation"', ' type="x"')]
        p.rs.script = [p.rs_answer().replace(' type="config-solicitation"', ""),
                       p.query_answer().replace('type="push-method-query"', 'type="generic-error"')]
        r = p.probe("pull", "query")
        expect_success(r, STORED)
        equal(r.code("arms_push_method_query"), 0, r.text)


@test
def s10_043_upper_case_names_are_unknown():
    """The same: the code is missing, so the attempt fails."""
    rs_fails(lambda p: p.rs_answer().replace("result-code", "Result-Code"))
    ls_reboots(lambda p: p.ls_answer().replace("result-code", "RESULT-CODE"))


@test
def s10_044_prefixed_names_are_unknown():
    """The same."""
    rs_fails(lambda p: p.rs_answer().replace("result-code", "x:result-code"))
    rs_fails(lambda p: p.rs_answer().replace("arms-message", "x:arms-message"))


@test
def s10_045_cdata_is_text():
    """The same."""
    rs_case(lambda p: p.rs_answer('<module id="1">m</module><md-config id="1"><![CDATA[<a&b>]]></md-config>'),
            [(1, "<a&b>")])


@test
def s10_046_a_missing_result_code_reboots():
    """The same."""
    ls_reboots(lambda p: p.ls_answer().replace(SUCCESS, ""))
    ls_reboots(lambda p: p.ls_answer().replace(SUCCESS, "<result-code>ok</result-code>"))


@test
def s10_047_an_empty_md_config_reboots():
    """The same."""
    ls_reboots(message("rs-solicitation", retries() +
                       "<rs-info><url>https://127.0.0.1:1/</url><md-config></md-config></rs-info>"))


@test
def s10_048_an_md_config_over_2047_bytes_is_read():
    """Better: 5.33 overwrites its memory. A line over 255 characters is a failed attempt."""
    def padded(p, padding):
        return message("rs-solicitation", retries() +
                       rs_info(p.rs.url, p.ca()).replace("</md-config>", padding + "</md-config>"))
    for padding in ("\n" * 2048, "\n" * 60000):
        with peers() as p:
            p.ls.script = [padded(p, padding)]
            expect_success(p.probe("pull"), STORED)
    ls_next(lambda p: padded(p, " " * 256))


@test
def s10_049_without_rs_retry_interval_rounds_are_a_second_apart():
    """Better: 5.33 repeats without pause."""
    with peers() as p:
        p.ls.script = [p.ls_answer(retry_max=1).replace("<rs-retry-interval>1</rs-retry-interval>", "")]
        p.rs.script = [None, p.rs_answer()]
        begun = time.monotonic()
        expect_success(p.probe("pull"), STORED)
        check(time.monotonic() - begun >= 1, "no pause")


@test
def s10_050_without_ll_timeout_a_line_that_needs_polling_fails_at_once():
    """The same. The script is LS up, LS down, RS NEEDPOLL."""
    with peers() as p:
        p.ls.script = [p.ls_answer().replace("<ll-timeout>5</ll-timeout>", "")]
        r = p.probe("--line-results", "1,2,0", "pull")
        equal(r.code(), EREBOOT, r.text)
        equal(p.rs.connections, 0, "RS connections")
        equal(len(r.having("line status")), 0, "STATUS calls")


@test
def s10_051_without_a_line_there_is_a_pause_before_the_ls_is_asked_again():
    """The same: no second request within 4 s; 60 s under virtual time in device-libarms-core-pull."""
    with peers() as p:
        p.ls.script = [p.ls_answer(lines="")]
        command = [armspeers.PROBE, "--distid", armspeers.DISTID, "--key", "k", "--root",
                   cases.certs.path("ls-root"), "--ls", p.ls.url, "--line", "dhcp:0", "pull"]
        probe = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(4)
        is_waiting = probe.poll() is None
        probe.kill()
        probe.communicate()
        check(is_waiting, "the pull did not wait")
        equal(len(p.ls.requests), 1, "LS requests")


def no_line(lines):
    """The text holds no line: the pull pauses, so only the log can be looked at."""
    with peers() as p:
        p.ls.script = [p.ls_answer(lines=lines)]
        command = [armspeers.PROBE, "--distid", armspeers.DISTID, "--key", "k", "--root",
                   cases.certs.path("ls-root"), "--ls", p.ls.url, "--line", "dhcp:0", "pull"]
        probe = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        out = ""
        for line in probe.stdout:
            out += line
            if line.startswith(("log 122", "return arms_pull")):
                break
        probe.kill()
        probe.wait()
        check("log 122 the LS named no line" in out, out)


@test
def s10_052_a_brace_without_blank_before_it_is_not_recognised():
    """The same."""
    no_line("line-dhcp{\n ifindex 0;\n};\n")


@test
def s10_053_a_tab_alone_does_not_separate():
    """The same: the value is lost, the line stays."""
    with peers() as p:
        p.ls.script = [p.ls_answer(lines="line-pppoe {\n\taccount\tuser;\n\tpassword p;\n};\n")]
        r = p.probe("pull")
        expect_success(r, STORED)
        check("line connect type=2 ifindex=0 id= pass=p -> 1" in r.text, r.text)


@test
def s10_054_lines_of_later_md_configs_are_ignored():
    """The same."""
    with peers() as p:
        p.ls.script = [message("rs-solicitation", retries() + rs_info(p.rs.url, p.ca(), ONE_LINE) +
                               rs_info(p.rs.url, p.ca(), "line-static {\n ipaddress 192.0.2.1;\n};\n"))]
        p.rs.script = []
        r = p.probe("pull")
        equal([line.split()[2] for line in r.having("line connect")], ["type=3"] * 3, r.text)


@test
def s10_055_white_space_before_the_url_is_trimmed():
    """The same, and better: a tab too."""
    for white in ("\n", "  ", "\r\n", "\t"):
        with peers() as p:
            p.ls.script = [p.ls_answer([white + p.rs.url])]
            expect_success(p.probe("pull"), STORED)


@test
def s10_056_ls_codes_from_200_to_299_and_from_500_are_orders():
    """The same."""
    for code, wanted in ((200, EREBOOT), (299, EREBOOT), (500, EREBOOT), (501, EDONTRETRY), (502, EPULL),
                         (503, EREBOOT), (505, EREBOOT), (507, EREBOOT), (508, EREBOOT), (600, EREBOOT)):
        with peers() as p:
            p.ls.script = [coded("rs-solicitation", code)]
            r = p.probe("pull")
            equal(r.code(), wanted, f"code {code}\n{r.text}")


@test
def s10_057_other_ls_codes_are_retried():
    """The same: the next URL at once, then 20 x I s (device-libarms-core-pull)."""
    for code in (0, 99, 300, 404, 420, 499):
        ls_next(coded("rs-solicitation", code))


@test
def s10_058_lifetime_has_no_effect():
    """The same."""
    for lifetime in ("0", "-1", "1", "none"):
        with peers() as p:
            p.ls.script = [p.ls_answer().replace("<rs-info>", f"<lifetime>{lifetime}</lifetime><rs-info>")]
            expect_success(p.probe("pull"), STORED)


if __name__ == "__main__":
    tap.main(cases.setup, cases.teardown)
