"""rsapi.h from rsapi/rsapi.h.in, and the functions behind it."""
import os
import textwrap

from .c import HEAD

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rsapi")


def _template(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return f.read()


def _signature(op):
    return (f"int rsapi_{op.c}(struct rsapi *api, const struct rv_{op.c}_in *in,\n"
            f"\tstruct rv_{op.c}_out *out, struct rsapi_error *error)")


def _call(op):
    note = f"{op.doc} {op.raw_repeat.capitalize()}; needs {op.right}."
    if op.errors:
        note += " " + ", ".join("RV_" + e for e in op.errors) + "."
    lines = textwrap.wrap(note, 94)
    comment = "/* " + "\n * ".join(lines) + " */"
    return f"{comment}\n{_signature(op)} RV_MUSTCHECK;\n"


def rsapi_h(model):
    return HEAD + _template("rsapi.h.in").replace("@CALLS@\n", "\n".join(_call(op) for op in model.ops) + "\n")


def rsapi_calls_c(model):
    out = [HEAD, '#include "contract/rv_contract.h"', '#include "rsapi/call.h"\n',
           "/* Operations are found by their place in the table: no search. */"]
    for number, op in enumerate(model.ops):
        out.append(f"{_signature(op)}\n{{\n"
                   f"\treturn rsapi_call(api, &rv_contract_ops[{number}], in, out, error);\n}}\n")
    return "\n".join(out)


def rsapi_map(model):
    calls = "".join(f"\t\trsapi_{op.c};\n" for op in model.ops)
    return _template("rsapi.map.in").replace("@CALLS@\n", calls)
