#!/usr/bin/env python3
"""Every key by which a server names an error has a sentence in contract/texts/errors.json.

    test_keys.py SOURCE_ROOT

Looks at calls of rv_diag_set() and of the few helpers that pass a key on; a key is a text
"noun.what". Of lib/ and proto/ those parts are looked at whose diags travel to the user untouched.
"""
import json
import os
import re
import sys

FOLDERS = ("cmd/reeve", "contract", "lib/app", "lib/db", "lib/pki", "lib/secret", "lib/tls",
           "proto/armsconf", "rsapi", "server")
CALL = re.compile(r'\b(?:rv_diag_set|rsapi_fail|wrong)\s*\(((?:[^;"]|"(?:[^"\\]|\\.)*")*?)\)\s*;',
                  re.S)
KEY = re.compile(r'"([a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)+)"')


def keys_of(text):
    """The key in each call, or both of `bad ? "a.b" : "a.c"`: the first text there is."""
    for call in CALL.finditer(text):
        end = None
        for literal in re.finditer(r'"(?:[^"\\]|\\.)*"', call.group(1)):
            between = call.group(1)[end:literal.start()] if end else ":"
            if between.strip() != ":" or not KEY.fullmatch(literal.group(0)):
                break
            end = literal.end()
            yield literal.group(0)[1:-1]


def main():
    root = sys.argv[1]
    with open(os.path.join(root, "contract/texts/errors.json"), encoding="utf-8") as f:
        known = set(json.load(f))
    missing, seen = {}, 0
    for folder in FOLDERS:
        for directory, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(n for n in names if n.endswith(".c")):
                path = os.path.relpath(os.path.join(directory, name), root)
                with open(os.path.join(root, path), encoding="utf-8") as f:
                    for key in keys_of(f.read()):
                        seen += 1
                        if key not in known:
                            missing.setdefault(key, path)
    assert seen > 50, "the pattern finds nothing any more"
    for key, path in sorted(missing.items()):
        print(f"{path}: contract/texts/errors.json has no sentence for {key!r}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
