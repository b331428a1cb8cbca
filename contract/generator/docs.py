"""doc/operations.md and doc/limits.md."""
from .model import ERROR_TEXTS, HTTP_STATUS

NOTE = "<!-- Made by scripts/gen-docs from contract/; do not edit. -->\n"


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def operations_md(model):
    out = [NOTE, "# Operations", "",
           "Every operation of the RS-API: the same in C (`rsapi_<noun>_<verb>`, `rsapi.h`), over "
           "HTTP (`/api/v2`, `openapi.json`) and as a command (`reeve ctl`, `reeve-ctl(1)`).", ""]
    out.append(table(("operation", "command: `reeve ctl`", "HTTP", "what it does", "日本語"),
                     [(f"`{op.name}`", f"`{op.raw_cli}`", f"`{op.method} {op.path}`", op.doc,
                       op.doc_ja) for op in model.ops]))
    out += ["## Authorisation", "",
            "The right that a token needs; over a trusted transport (the Unix socket of the same "
            "user, the core in the caller's process) every right is there. *once*: doing it twice "
            "is not the same as doing it once, so a lost answer is to be looked up before it is "
            "tried again.", ""]
    rights = sorted({op.right for op in model.ops})
    rows = []
    for op in model.ops:
        marks = ["x" if op.right == right else "" for right in rights]
        rows.append([f"`{op.name}`", op.raw_repeat] + marks)
    out.append(table(["operation", "repeat"] + [f"`{r}`" for r in rights], rows))
    out += ["## Errors", "",
            "Beside its own, each operation can end with "
            + ", ".join(f"`{e}`" for e in ("ESYNTAX", "EAUTH", "EDENIED", "EDB", "ECLOSED",
                                           "ETIMEOUT")) + ".", ""]
    out.append(table(("operation", "errors of its own"),
                     [(f"`{op.name}`", ", ".join(f"`{e}`" for e in op.errors) or "none")
                      for op in model.ops]))
    out.append(table(("error", "HTTP status", "meaning"),
                     [(f"`{e}`", str(status), ERROR_TEXTS[e])
                      for e, status in HTTP_STATUS.items()]))
    return "\n".join(out)


def _limit(f):
    unit = f" {f.raw['unit']}" if f.raw.get("unit") else ""
    if f.is_list:
        least = f"{f.min}..{f.max}" if f.min else f"at most {f.max}"
        item = f", each at most {f.item_max} bytes" if f.item_max else ""
        return f"{least} items{item}"
    if f.kind in ("str", "bytes"):
        if f.min == f.max:
            return f"exactly {f.max} bytes"
        return f"{f.min}..{f.max} bytes" if f.min else f"at most {f.max} bytes"
    if f.kind in ("u32", "u64"):
        return f"{f.min}..{f.max}{unit}"
    return None


def limits_md(model):
    out = [NOTE, "# Limits", "",
           "Every limit of the messages, as `contract/` has them. They are checked on both sides: "
           "by whoever sends and by whoever reads. Lengths are bytes of UTF-8, not characters. A "
           "value beyond its limit is refused with `ELIMIT` (too long, too many) or `EINVALID`, "
           "with the field's name; nothing is cut.", ""]
    for title, types in (("Things", model.types.values()),
                         ("Operations", [t for op in model.ops for t in (op.inp, op.out)]),
                         ("Messages between duties",
                          [t for m in model.msgs for t in (m.inp, m.out)])):
        rows = []
        for t in types:
            rows += [(f"`{t.name}`", f"`{f.name}`", _limit(f)) for f in t.fields if _limit(f)]
        out += [f"## {title}", "", table(("message", "field", "limit"), rows)]
    return "\n".join(out)
