#!/usr/bin/env python3
"""What libarms.so and libarms.a show to a program: exactly the functions of the public headers."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import tap  # noqa: E402
from tap import check, equal, test  # noqa: E402

BUILD = os.environ.get("REEVE_BUILD", os.path.join(HERE, "..", "..", "build"))
FOLDER = os.path.join(BUILD, "device", "libarms")
INCLUDE = os.path.join(HERE, "..", "..", "device", "libarms", "include")
ALLOWED = {"libc.so.6", "libssl.so.3", "libcrypto.so.3", "libexpat.so.1"}
SANITIZERS = ("libasan", "libubsan", "libtsan", "libgcc_s", "libm.", "libpthread", "libdl", "librt",
              "libresolv")  # of an instrumented build


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def declared():
    names = set()
    for header in ("libarms.h", "libarms_reeve.h"):
        with open(os.path.join(INCLUDE, header), encoding="ascii") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        names |= set(re.findall(r"^[a-z][\w \*]*?\b(arms_\w+)\(", text, flags=re.M))
    return names


def defined(*flags):
    return {line.split()[-1] for line in run("nm", "--defined-only", *flags).splitlines()
            if len(line.split()) == 3 and line.split()[1] in "TDBRVW"
            and not line.split()[-1].startswith(("__asan", "__odr", "__ubsan"))}


@test
def the_headers_declare_39_functions_of_the_original_and_four_of_ours():
    names = declared()
    equal(len(names), 43, f"functions: {sorted(names)}")


@test
def the_shared_library_exports_those_and_nothing_else():
    equal(defined("-D", os.path.join(FOLDER, "libarms.so")), declared(), "exported")


@test
def the_archive_has_no_other_global_symbol():
    equal(defined("-g", os.path.join(FOLDER, "libarms.a")), declared(), "global")


@test
def it_needs_libc_openssl_and_expat_only():
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", os.path.join(FOLDER, "libarms.so"))))
    rest = {n for n in needed - ALLOWED if not n.startswith(SANITIZERS)}
    check(not rest, f"needs {rest}")
    check("libarms.so.0]" in run("readelf", "-d", os.path.join(FOLDER, "libarms.so")), "soname")


if __name__ == "__main__":
    tap.main()
