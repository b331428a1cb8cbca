#!/usr/bin/env python3
"""A program written for libarms 5.33 compiles unchanged, as C99 and as C++98, and runs: shared and static."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import armspeers  # noqa: E402
import libarmscases as cases  # noqa: E402
import tap  # noqa: E402
from libarmscases import peers  # noqa: E402
from tap import check, equal, test  # noqa: E402

LIBRARY = os.path.join(armspeers.BUILD, "device", "libarms")
SOURCE = os.path.join(HERE, "vendor", "vendor.c")
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-I", os.path.join(HERE, "..", "..", "device", "libarms", "include")]
NEEDED = ["-lssl", "-lcrypto", "-lexpat"]
NOT_ZERO = {"arms_get_hbtinfo": 1, "arms_get_ls_url": 1, "arms_get_rs_url": 1, "arms_get_rs_tunnel_url": 1,
            "(int)arms_get_app_event_interval": 1, "arms_event_loop": 105}


def sanitizers():
    """What an instrumented library wants of the program that links it."""
    symbols = subprocess.run(["nm", os.path.join(LIBRARY, "libarms.a")], capture_output=True, text=True,
                             check=True).stdout
    return [f"-fsanitize={name}" for word, name in (("__asan_init", "address"), ("__ubsan_", "undefined"),
                                                    ("__tsan_init", "thread")) if word in symbols]


def build(name, compiler, *flags):
    out = os.path.join(cases.folder.name, name)
    done = subprocess.run([*compiler, *STRICT, *sanitizers(), SOURCE, "-o", out, *flags], capture_output=True,
                          text=True, check=False)
    equal(done.returncode, 0, f"{compiler}: {done.stderr}")
    return out


def run(program):
    initial = os.path.join(cases.folder.name, "vendor-initial")
    with peers() as p:
        p.rs.script = [p.rs_answer(), p.query_answer()]
        with open(initial, "w", encoding="ascii") as f:
            f.write(f"{p.ls.url}\n\n0\n0\n")
        done = subprocess.run([program, cases.certs.ls_root, initial], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LD_LIBRARY_PATH": LIBRARY}, check=False)
    equal(done.returncode, 0, done.stdout + done.stderr)
    lines = done.stdout.splitlines()
    equal([line for line in lines if line.startswith("config ")],
          ["config 1 1 4 1", "config 1 1 4 0", "config 1 1 2 2", "config 1 5 0 0"], "hostname x in pieces, removed")
    for line in lines[:-1]:
        if "(" in line:
            equal(int(line.split()[-1]), NOT_ZERO.get(line.partition("(ctx")[0], 0), line)
    equal(lines[-1], "5.33 5.33 (Release) 4.0", "versions")


@test
def as_c99_with_the_shared_library():
    run(build("c99", ["cc", "-std=c99"], "-L", LIBRARY, "-larms"))


@test
def as_c99_with_the_archive():
    run(build("static", ["cc", "-std=c99"], os.path.join(LIBRARY, "libarms.a"), *NEEDED))


@test
def as_cxx98_with_the_shared_library():
    run(build("cxx", ["c++", "-std=c++98", "-x", "c++"], "-L", LIBRARY, "-larms"))


@test
def the_archive_defines_what_pkg_config_promises():
    done = subprocess.run(["pkg-config", "--static", "--libs", "libarms"], capture_output=True, text=True, check=False,
                          env={**os.environ, "PKG_CONFIG_PATH": os.path.join(armspeers.BUILD, "meson-private")})
    check(all(word in done.stdout.split() for word in ["-larms", *NEEDED]), done.stdout + done.stderr)


if __name__ == "__main__":
    tap.main(cases.setup, cases.teardown)
