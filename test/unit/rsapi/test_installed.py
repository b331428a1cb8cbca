#!/usr/bin/env python3
"""What a vendor gets: headers that stand alone in C and C++, a library that shows the RS-API only.

    test_installed.py SOURCE_ROOT BUILD_ROOT
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv.pop())
ROOT = os.path.abspath(sys.argv.pop())
LIBRARY = os.path.join(BUILD, "rsapi", "librsapi.so")
HEADERS = {"rsapi.h": (BUILD, "rsapi/rsapi.h"),
           "contract/rv_contract_types.h": (BUILD, "contract/rv_contract_types.h"),
           "base/str.h": (ROOT, "lib/base/str.h"), "base/err.h": (ROOT, "lib/base/err.h")}


class Installed(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        for name, (root, path) in HEADERS.items():
            target = os.path.join(self.dir, "reeve", name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(root, path), target)

    def tearDown(self):
        shutil.rmtree(self.dir)

    def compile(self, source, output, *args):
        flags = ["-Wall", "-Wextra", "-Werror", "-I" + os.path.join(self.dir, "reeve")]
        r = subprocess.run([*args, *flags, source, "-o", os.path.join(self.dir, output)],
                           capture_output=True, text=True, check=False)
        self.assertEqual(r.returncode, 0, r.stderr)
        return os.path.join(self.dir, output)

    def test_headers_stand_alone_in_c_and_cpp(self):
        source = os.path.join(self.dir, "x.c")
        with open(source, "w", encoding="utf-8") as f:
            f.write("#include <rsapi.h>\n#include <rsapi.h>\n"
                    "int main(void)\n{\n\treturn rsapi_str(\"a\").len != 1;\n}\n")
        subprocess.run([self.compile(source, "c", "cc", "-std=c99")], check=True)
        subprocess.run([self.compile(source, "cpp", "c++", "-x", "c++", "-std=c++17")], check=True)

    def test_the_example_builds_against_the_library_and_runs(self):
        r = subprocess.run(["nm", "-D", LIBRARY], capture_output=True, text=True, check=True)
        if "__asan_" in r.stdout or "__ubsan_" in r.stdout or "__tsan_" in r.stdout:
            self.skipTest("a sanitizer build: the library wants the program built with it, too")
        program = self.compile(os.path.join(ROOT, "examples", "rsapi", "devices.c"), "devices", "cc",
                               "-L" + os.path.dirname(LIBRARY), "-lrsapi",
                               "-Wl,-rpath," + os.path.dirname(LIBRARY), "-Wl,--no-as-needed",
                               LIBRARY)
        r = subprocess.run([program, "unix:/nonexistent"], capture_output=True, text=True,
                           check=False)
        self.assertEqual(r.returncode, 1)
        self.assertIn("ECLOSED: no rs answers at /nonexistent", r.stderr)

    def test_the_library_shows_the_rs_api_only(self):
        r = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True,
                           check=True)
        names = {line.split()[2].split("@")[0] for line in r.stdout.splitlines()}
        others = {n for n in names if not n.startswith(("rsapi_", "RSAPI_"))}
        self.assertEqual(others, {"rv_err_name"})
        self.assertLessEqual({"rsapi_open", "rsapi_close", "rsapi_device_create"}, names)


if __name__ == "__main__":
    unittest.main()
