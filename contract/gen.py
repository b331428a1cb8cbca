#!/usr/bin/env python3
"""Makes code and texts from contract/ops and contract/msg (README.md tells how they are written).

    gen.py FILE...    write these files; what goes in follows from the name, see OUTPUTS
    gen.py --lock     add what is new to tags.lock, after checking what is there

Field kinds: bool, u32, u64, i64 (any number), id (63 bits, prefix), time (UTC, us), enum (values
here, or enum: a name), str (UTF-8, max bytes), bytes, struct, list (of str, or of struct).
required: must be given; optional: may be left out and that is told apart from empty; neither: left
out means 0, "" or false. A list's min and max count items. json_as: how bytes look in JSON.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from generator import c, ctl, docs, model, openapi, rsapi, texts  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LOCK_HEAD = ("# What was promised: message or type, tag, name, type. Lines are only ever added\n"
             "# (contract/gen.py --lock); changing or losing one ends the build.\n")

OUTPUTS = {
    "rv_contract_types.h": c.types_h,
    "rv_contract.h": c.contract_h,
    "rv_contract.c": c.contract_c,
    "rv_contract_ops.c": c.ops_c,
    "operations.md": docs.operations_md,
    "limits.md": docs.limits_md,
    "reeve-ctl.1": ctl.man,
    "reeve.bash": ctl.completion,
    "_reeve": ctl.completion_zsh,
    "rv_texts.c": texts.texts_c,
    "rsapi.h": rsapi.rsapi_h,
    "rsapi.map": rsapi.rsapi_map,
    "rsapi_calls.c": rsapi.rsapi_calls_c,
    "openapi.json": openapi.openapi_json,
    "rv_contract_openapi.c": lambda m: c.embedded(openapi.openapi_json(m), "rv_contract_openapi"),
}


def lock(m, path):
    """Add what is new; a line of an enum is replaced by one with more values."""
    new, old = m.lock_lines(), []
    if os.path.exists(path):
        new = m.check_lock(path)
        with open(path, encoding="utf-8") as f:
            old = [line.rstrip("\n") for line in f if line.strip() and not line.startswith("#")]
    grown = {tuple(line.split()[:2]) for line in new if line.startswith("enum ")}
    old = [line for line in old if tuple(line.split()[:2]) not in grown]
    with open(path, "w", encoding="utf-8") as f:
        f.write(LOCK_HEAD + "".join(line + "\n" for line in sorted(old + new)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("outputs", nargs="*", metavar="FILE", help="named as in OUTPUTS")
    parser.add_argument("--lock", action="store_true")
    parser.add_argument("--root", default=HERE, help="folder with ops/, msg/ and tags.lock")
    args = parser.parse_args()
    path = os.path.join(args.root, "tags.lock")
    m = model.load(args.root)
    try:
        if args.lock:
            lock(m, path)
            return
        new = m.check_lock(path)
    except model.Wrong as e:
        sys.exit(f"contract: {e}")
    if new:
        sys.exit(f"contract: tags.lock does not know {new[0]!r}; run contract/gen.py --lock")
    for path in args.outputs:
        make = OUTPUTS[os.path.basename(path)]
        try:
            text = make(m)
        except model.Wrong as e:
            sys.exit(f"contract: {e}")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    main()
