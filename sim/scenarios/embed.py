#!/usr/bin/env python3
"""embed.py FILE...: the shipped scenarios as C, in order of name, to stdout."""
import os
import sys


def quoted(text):
    out = []
    for line in text.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
        out.append(f'\t  "{escaped}"')
    return "\n".join(out)


def main():
    print('/* Made by sim/scenarios/embed.py. */\n#include "sim/scenario.h"\n')
    print("static const struct sim_shipped shipped[] = {")
    for path in sorted(sys.argv[1:]):
        name = os.path.basename(path).removesuffix(".scenario")
        with open(path, encoding="utf-8") as f:
            print(f'\t{{ "{name}",\n{quoted(f.read())} }},')
    print("};\n\nconst struct sim_shipped *sim_scenario_shipped(size_t i)\n{")
    print("\treturn i < RV_ARRAY_LEN(shipped) ? &shipped[i] : NULL;\n}")


if __name__ == "__main__":
    main()
