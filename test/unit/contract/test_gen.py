#!/usr/bin/env python3
"""What contract/gen.py refuses, and that it says where.

    test_gen.py SOURCE_ROOT
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(sys.argv.pop(1))
GEN = os.path.join(ROOT, "contract", "gen.py")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "contract"))

from generator import model as reader  # noqa: E402

FIELD = {"tag": 1, "name": "a", "type": "str", "max": 9}
GOOD = {
    "noun": "x",
    "types": [{"name": "thing", "doc": "A thing.", "fields": [FIELD]}],
    "messages": [{"name": "x.do", "doc": "Do it.", "in": [FIELD], "out": []}],
}
OP = {"name": "x.get", "since": "0.1", "right": "x.read", "repeat": "once", "doc": "d",
      "doc_ja": "d", "http": "GET /x/{a}", "cli": "x show A", "errors": [],
      "in": [dict(FIELD, required=True)], "out": []}


def with_field(**change):
    """GOOD, its message's one field changed."""
    model = json.loads(json.dumps(GOOD))
    field = model["messages"][0]["in"][0]
    for key, value in change.items():
        if value is None:
            del field[key]
        else:
            field[key] = value
    return model


def with_op(**change):
    return {"noun": "x", "operations": [dict(OP, **change)]}


LOCAL = {"name": "x.load", "since": "0.1", "doc": "d", "doc_ja": "d", "cli": "x load A",
         "in": [dict(FIELD, required=True)], "out": []}


def with_local(**change):
    return {"noun": "x", "commands": [{k: v for k, v in dict(LOCAL, **change).items() if v is not None}]}


PAGED = {  # of strings, not of things
    "in": OP["in"] + [{"tag": 2, "name": "after", "type": "str", "max": 9, "optional": True},
                      {"tag": 3, "name": "limit", "type": "u32", "max": 9, "optional": True}],
    "out": [{"tag": 1, "name": "names", "type": "list", "of": "str", "max": 9, "item_max": 9},
            {"tag": 2, "name": "next", "type": "str", "max": 9}],
}


class Folder:
    """A contract folder of its own."""

    def __init__(self, model, lock=None):
        self.path = tempfile.mkdtemp()
        for name in ("ops", "msg", "local"):
            os.mkdir(os.path.join(self.path, name))
        self.write(model)
        with open(os.path.join(self.path, "tags.lock"), "w", encoding="utf-8") as f:
            f.write(lock or "")

    def write(self, model):
        text = model if isinstance(model, str) else json.dumps(model)
        with open(os.path.join(self.path, "msg", "x.json"), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, *args):
        r = subprocess.run([sys.executable, GEN, "--root", self.path, *args],
                           capture_output=True, text=True, check=False)
        return r.returncode, r.stderr

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)


# What is wrong -> what must stand in the message, beside the file's name.
WRONG = [
    ("{", "x.json:1:"),
    ('{"noun": "x", "noun": "y"}', "'noun' appears twice"),
    (dict(GOOD, colour=1), "unknown key 'colour'"),
    (with_field(colour=1), "message 1 (x.do) in field 1: unknown key 'colour'"),
    (with_field(tag=None), "'tag' is missing"),
    (with_field(tag=0), "tag must be 1..4095"),
    (with_field(tag=4096), "tag must be 1..4095"),
    (with_field(name="A-b"), "name must be"),
    (with_field(type="float"), "unknown type 'float'"),
    (with_field(max=None), "needs a 'max'"),
    (with_field(min=10), "'min' is over 'max'"),
    (with_field(required=True, optional=True), "required and optional"),
    (with_field(type="struct"), "'struct' names the type"),
    (with_field(type="struct", max=None, struct="none"), "there is no type 'none'"),
    (with_field(type="list"), "either 'struct' or 'of'"),
    (with_field(type="list", of="u32"), "of structs or of str"),
    (with_field(type="list", of="str"), "needs 'item_max'"),
    (with_field(type="list", of="str", item_max=3, optional=True), "a list is never optional"),
    (with_field(type="enum", max=None), "'values' or names an 'enum'"),
    (with_field(type="enum", max=None, values=["a", "a"]), "each once"),
    (with_field(type="id", max=None), "needs a 'prefix'"),
    (with_field(type="time"), "takes no limits"),
    (with_field(type="u32", max=2**32), "over what u32 holds"),
    (with_field(json_as="hex"), "'json_as' of bytes is"),
    (dict(GOOD, types=[{"name": "thing", "fields": [FIELD]}]), "type thing: 'doc' is missing"),
    (dict(GOOD, types=GOOD["types"] * 2), "already a type of this name"),
    (dict(GOOD, types=[{"name": "thing", "doc": "d", "fields": [
        {"tag": 1, "name": "a", "type": "struct", "struct": "thing"}]}]), "contain each other"),
    (dict(GOOD, types=[{"name": "thing", "doc": "d", "fields": [FIELD, FIELD]}]),
     "tags must rise"),
    (dict(GOOD, types=[{"name": "thing", "doc": "d", "fields": [FIELD, dict(FIELD, tag=2)]}]),
     "name is used twice"),
    (with_local(doc_ja=None), "'doc_ja' is missing"),
    (with_local(cli="x load B"), "CLI argument 'b' is no plain field"),
    (with_local(http="GET /x"), "unknown key 'http'"),
    (with_local(**{"in": LOCAL["in"] + [{"tag": 2, "name": "lang", "type": "bool"}]}), "is an option of reeve ctl"),
    (dict(with_local(cli="x show A"), operations=[OP]), "'x show' is already that of"),
    (dict(GOOD, messages=GOOD["messages"] * 2), "'x.do' is already that of"),
    (dict(GOOD, messages=[dict(GOOD["messages"][0], name="y.do")]), "name must be x.<verb>"),
    (with_op(doc_ja=""), "'doc_ja' is missing"),
    (with_op(repeat="maybe"), "'repeat' is repeatable or once"),
    (with_op(errors=["EODD"]), "unknown error 'EODD'"),
    (with_op(http="LOOK /x"), "'http' is METHOD /path"),
    (with_op(http="GET /x/{b}"), "path variable 'b'"),
    (with_op(cli="X show"), "'cli' is words, then ARGUMENTS"),
    (with_op(cli="x show B"), "CLI argument 'b'"),
    (with_op(**{"in": [dict(FIELD, required=True), dict(FIELD, tag=2, name="token_file", optional=True)]}),
     "--token-file is an option of reeve ctl itself"),
    (with_op(owner="R-S"), "'owner' is the name of a duty"),
    (with_op(report="b"), "'report' names a bool of 'out'"),
    (with_op(page={"in": "a"}), "'page' is"),
    (with_op(page={"in": "after", "out": "next"}, **PAGED), "list of structs with 'columns'"),
    (with_op(**{"in": [dict(FIELD, required=True),
                       {"tag": 2, "name": "l", "type": "list", "of": "str", "max": 2,
                        "item_max": 2}]}), "does not fit into the query"),
]

LOCKED = "x.do.in 1 a str\nthing 1 a str\n"

# Lock, model, what must be said (None: accepted).
PROMISES = [
    (LOCKED, GOOD, None),
    ("", GOOD, "run contract/gen.py --lock"),
    (LOCKED + "x.do.in 2 b u32\n", GOOD, "x.do.in lost tag 2 (b)"),
    ("x.do.in 1 b str\nthing 1 a str\n", GOOD, "was 'x.do.in 1 b str'"),
    ("x.do.in 1 a u32\nthing 1 a str\n", GOOD, "tags are for ever"),
    (LOCKED, with_field(required=True), "became required"),
    ("x.do.in 1 a str required\nthing 1 a str\n", GOOD, "run contract/gen.py --lock"),
    ("enum x_do_in_a b a\n", with_field(type="enum", max=None, values=["a", "b"]), "for ever"),
]


class Generator(unittest.TestCase):
    def test_wrong_input_is_refused_with_file_and_place(self):
        for model, expected in WRONG:
            with self.subTest(expected), Folder(model) as folder:
                with self.assertRaises(reader.Wrong) as caught:
                    reader.Model(folder.path)
                self.assertIn(expected, str(caught.exception))
                self.assertIn("x.json", str(caught.exception))

    def test_promises_of_the_lock_are_kept(self):
        for lock, model, expected in PROMISES:
            with self.subTest(expected), Folder(model, lock) as folder:
                code, text = folder.run()
                self.assertEqual(code, 0 if expected is None else 1, text)
                self.assertIn(expected or "", text)
                self.assertNotIn("Traceback", text)

    def test_the_lock_grows_and_never_shrinks(self):
        with Folder(GOOD, LOCKED) as folder:
            grown = json.loads(json.dumps(GOOD))
            grown["messages"][0]["in"].append({"tag": 2, "name": "b", "type": "bool"})
            folder.write(grown)
            self.assertEqual(folder.run("--lock")[0], 0)
            self.assertEqual(folder.run()[0], 0)
            folder.write(GOOD)
            code, text = folder.run("--lock")
            self.assertEqual(code, 1)
            self.assertIn("lost tag 2", text)


if __name__ == "__main__":
    unittest.main()
