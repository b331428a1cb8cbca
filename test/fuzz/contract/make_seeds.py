#!/usr/bin/env python3
"""Writes test/fuzz/seeds/contract and contract_json: for every message, in and out, one seed with
every field and one with the required ones only, as bytes and as JSON. Run it when messages are added; existing seeds are kept, so that
old encodings stay in the test.

The encoder here is a second one, written from wire.h alone: that the C decoder takes its output
is a test of both.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
CONTRACT = os.path.join(HERE, "..", "..", "..", "contract")
sys.path.insert(0, CONTRACT)

from generator import model  # noqa: E402

TEXT = "0000-0000-00E0-0001-0000-0123-4567-89AB https://192.0.2.1/ "


def varint(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def text_of(size_min, size_max):
    size = max(size_min, min(size_max, 39))
    return (TEXT * (size // len(TEXT) + 1))[:size].encode()


def value(f, full):
    if f.kind == "struct":
        body = struct(f.ref, full)
        return 2, varint(len(body)) + body
    if f.kind in ("str", "bytes"):
        body = text_of(0, f.item_max) if f.is_list else text_of(f.min, f.max)
        return 2, varint(len(body)) + body
    number = {"bool": 1, "enum": len(f.enum.values) - 1 if f.enum else 0, "id": 2**62 + 5,
              "time": 1795369721123456 << 1, "i64": 1018 * 2 - 1}.get(f.kind, f.max)
    return 0, varint(number)


def struct(t, full):
    out = b""
    for f in t.fields:
        if not (full or f.required):
            continue
        wiretype, body = value(f, full)
        times = min(f.max, max(f.min, 2)) if f.is_list else 1
        out += (varint(f.tag << 3 | wiretype) + body) * times
    return out


def json_value(f, full):
    one = {"bool": True, "time": "2026-11-22T17:48:41.123456Z", "i64": -1018,
           "id": f"{f.raw.get('prefix')}_0d3v8k2m4n5pq"}.get(f.kind, f.max)
    if f.kind == "struct":
        one = json_struct(f.ref, full)
    elif f.kind == "enum":
        one = f.enum.values[-1]
    elif f.kind == "str":
        one = text_of(0, f.item_max).decode() if f.is_list else text_of(f.min, f.max).decode()
    elif f.kind == "bytes":
        one = "aGVsbG8K"
    elif f.kind == "u64":
        one = 2**63 - 1
    return [one] * min(f.max, max(f.min, 2)) if f.is_list else one


def json_struct(t, full):
    out = {}
    for f in t.fields:
        if full or f.required:
            out["base64" if f.json_flags else f.name] = json_value(f, full)
    return out


def write_once(folder, name, data):
    folder = os.path.join(HERE, "..", "seeds", folder)
    path = os.path.join(folder, name)
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.write(data)


def main():
    m = model.load(CONTRACT)
    for t in m.parts:
        for label, full in (("full", True), ("least", False)):
            line = t.name.encode() + b"\n"
            name = f"{t.name}.{label}"
            write_once("contract", name, line + b"\x01" + struct(t, full))
            write_once("contract_json", name,
                       line + json.dumps(json_struct(t, full), indent=1).encode())


if __name__ == "__main__":
    main()
