#!/usr/bin/env python3
"""What the hand-written documents of doc/protocol and doc/sa-vendor claim: examples are what was recorded or what is
compiled, links lead somewhere, both languages have the same sections, triggers are those of the library."""
import glob
import os
import re
import subprocess
import sys

SOURCE = os.environ["REEVE_SRC"]
sys.path.insert(0, os.path.join(SOURCE, "test", "support"))

import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

PAGES = sorted(glob.glob(os.path.join(SOURCE, "doc", "protocol", "*.md")) +
               glob.glob(os.path.join(SOURCE, "doc", "sa-vendor", "*.md")))
CAPTURES = os.path.join(SOURCE, "test", "interop", "captures")
EXAMPLE = re.compile(r"<!-- from: (\S+)(?: #(\d{4}))? -->\n```\w*\n(.*?)^```$", re.S | re.M)


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as f:
        return f.read()


def record(name, number):
    """The bytes of a recorded record, as text."""
    text = read(CAPTURES, name)
    m = re.search(rf"^#{number} [^\n]*bytes\n(.*?)(?=^#\d{{4}} |\Z)", text, re.S | re.M)
    check(m is not None, f"{name} has a record #{number} with bytes")
    body = m.group(1).rstrip("\n").replace("\\x09", "\t")
    return "\n".join(line.replace("\\r\\n", "").replace("\\n", "") for line in body.split("\n"))


def between_elements(text):
    return re.sub(r">\s+<", "><", text.strip())


def matches(example, whole):
    """Does `whole` read like the example, where a line `...` stands for anything?"""
    pieces = re.split(r"^\.\.\.\n", example, flags=re.M)
    pattern = r".*".join(re.escape(between_elements(p)) for p in pieces)
    pattern = pattern.replace(r".*", r"\s*.*?\s*")
    return re.fullmatch(pattern, between_elements(whole), re.S) is not None


def examples():
    for page in PAGES:
        with open(page, encoding="utf-8") as f:
            for name, number, body in EXAMPLE.findall(f.read()):
                yield os.path.relpath(page, SOURCE), name, number, body


@test
def examples_are_what_was_recorded():
    seen = 0
    for page, name, number, body in examples():
        if number:
            seen += 1
            check(matches(body, record(name, number)), f"{page}: not what {name} #{number} has:\n{body}")
    check(seen >= 8, f"{seen} examples from recordings")


@test
def a_wrong_example_would_be_found():
    whole = record("made-repull.txt", "0015")
    check(matches(whole, whole) and matches("...\n</arms-message>\n", whole), "the record itself")
    check(not matches(whole.replace("power on boot", "power off"), whole), "another trigger")
    check(not matches("...\n</arms-massage>\n", whole), "another end")


@test
def code_in_the_documents_is_compiled_elsewhere():
    for page, name, number, body in examples():
        if not number:
            check(body in read(name), f"{page}: {name} does not have\n{body}")


@test
def links_lead_somewhere():
    for page in PAGES:
        with open(page, encoding="utf-8") as f:
            text = re.sub(r"^```.*?^```", "", f.read(), flags=re.S | re.M)
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if not target.startswith("https:"):
                path = os.path.normpath(os.path.join(os.path.dirname(page), target))
                check(os.path.exists(path), f"{os.path.relpath(page, SOURCE)}: nothing at {target}")


@test
def triggers_are_texts_of_the_library():
    section = read("doc", "protocol", "README.md").partition("### Triggers")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([^`]+)` \|", section, re.M))
    library = "".join(read(p) for p in glob.glob(os.path.join(SOURCE, "device", "libarms", "**", "*.c"), recursive=True))
    # Given to the setter, or returned for a code by rv_sa_trigger_of().
    used = set(re.findall(r'rv_sa_set_trigger\([^;]*?"([^"]+)"\)', library))
    used |= set(re.findall(r'return "([^"]+)";', read("device", "libarms", "core", "judge.c")))
    check(len(used) >= 10, f"found in the library: {used}")
    equal(named, used, "triggers named, triggers used")


def guide(language):
    return read("doc", "sa-vendor", f"README{language}.md")


def skeleton(text):
    """Headings without their words, code as it is, tables by the names and numbers that begin their rows."""
    blocks = re.findall(r"^```.*?^```$", text, re.S | re.M)
    prose = re.sub(r"^```.*?^```$", "```", text, flags=re.S | re.M)
    parts = []
    for line in prose.split("\n"):
        heading = re.match(r"(#+) (\d+\.|\w+_cb$)?", line)
        if heading:
            parts.append(heading.group(0).strip())
        elif line == "```":
            parts.append(blocks.pop(0))
        elif line.startswith("|"):
            first = line.split("|")[1]
            parts.append(("row", re.findall(r"`[^`]+`|^ \d+ $", first), line.count("|")))
        elif line.startswith("* "):
            parts.append("*")
    return parts


@test
def the_guide_says_the_same_in_both_languages():
    english, japanese = skeleton(guide("")), skeleton(guide(".ja"))
    for number, (one, other) in enumerate(zip(english, japanese)):
        equal(other, one, f"part {number} of the Japanese guide, behind {english[max(0, number - 1)]!r}")
    equal(len(japanese), len(english), "parts")
    check(sum(part[:2] == "# " or part[:3] == "## " for part in english if isinstance(part, str)) >= 17, "sections")


@test
def the_guide_names_every_log_code_of_the_library():
    library = "".join(read(p) for p in glob.glob(os.path.join(SOURCE, "device", "libarms", "**", "*.c"), recursive=True))
    used = set(re.findall(r"\bARMS_LOG_[A-Z_]+\b", library)) - {"ARMS_LOG_CODE"}
    for language in ("", ".ja"):
        named = set(re.findall(r"^\| `(ARMS_LOG_[A-Z_]+)` \|", guide(language), re.M))
        equal(named, used, f"README{language}.md")


@test
def the_guide_has_the_values_of_the_results():
    rows = re.findall(r"^\| ((?:`ARMS_E[A-Z]+`(?:, )?)+) \| ([\d, ]+) \|", guide(""), re.M)
    pairs = [pair for names, values in rows
             for pair in zip(re.findall(r"\w+", names), re.findall(r"\d+", values), strict=True)]
    check(len(pairs) >= 9, f"results named: {pairs}")
    source = "#include <libarms.h>\n" + "".join(
        f'_Static_assert({name} == {value}, "{name}");\n' for name, value in pairs)
    done = subprocess.run(["cc", "-fsyntax-only", "-I", os.path.join(SOURCE, "device", "libarms", "include"), "-x", "c",
                           "-"], input=source, capture_output=True, text=True, check=False)
    equal(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    tap.main()
