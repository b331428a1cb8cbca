"""C: structs, tables, one-line accessors."""
import re

from .model import ERROR_TEXTS, HTTP_STATUS

HEAD = "/* Made by contract/gen.py; do not edit. */\n"
C_SCALAR = {"bool": "bool", "u32": "uint32_t", "u64": "uint64_t", "i64": "int64_t",
            "id": "int64_t", "time": "int64_t", "str": "struct rv_str", "bytes": "struct rv_str"}


def quote(text):
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped + '"'


def comment(text):
    return "/* " + text.replace("*/", "* /") + " */"


def c_type(f):
    if f.kind == "struct":
        return "struct " + f.ref.c
    if f.kind == "enum":
        return f"enum rv_{f.enum.name}"
    return C_SCALAR[f.kind]


def _struct(t):
    lines = []
    if t.doc:
        lines.append(comment(t.doc))
    lines.append(f"struct {t.c} {{")
    for f in t.fields:
        notes = [f.raw.get("doc"), f.raw.get("unit"), "secret" if f.secret else None,
                 {"time": "UTC, us", "id": "id " + f.raw.get("prefix", "") + "_..."}.get(f.kind)]
        note = "; ".join(n for n in notes if n)
        note = f" {comment(note)}" if note else ""
        if f.is_list:
            lines.append(f"\t{_pointer(f)}{f.name};{note}")
            lines.append(f"\tsize_t {f.name}_len;")
            continue
        lines.append(f"\t{c_type(f)} {f.name};{note}")
        if f.optional:
            lines.append(f"\tbool has_{f.name};")
    if not t.fields:
        lines.append("\tchar nothing; /* C has no empty struct */")
    lines.append("};\n")
    return "\n".join(lines)


def _pointer(f):
    return f"{c_type(f)} *"


def _enum(e):
    words = [f"\tRV_{e.name.upper()}_{v.upper()}," for v in e.values]
    return f"enum rv_{e.name} {{\n" + "\n".join(words) + "\n};\n"


def types_h(model):
    out = [HEAD, "#ifndef RV_CONTRACT_TYPES_H\n#define RV_CONTRACT_TYPES_H\n",
           '#include "base/str.h"\n']
    out += [_enum(e) for e in model.enums.values()]
    out += [_struct(t) for t in model.ordered]
    out.append("#endif")
    return "\n".join(out) + "\n"


def contract_h(model):
    out = [HEAD, "#ifndef RV_CONTRACT_H\n#define RV_CONTRACT_H\n",
           '#include "contract/desc.h"', '#include "contract/rv_contract_types.h"\n',
           "/* encode, decode and check are rv_contract_encode and so on (contract/desc.h), typed. */\n"]
    for e in model.enums.values():
        out.append(f"extern const struct rv_contract_enum rv_{e.name}_words;")
    out.append("")
    for t in model.ordered:
        out.append(f"""extern const struct rv_contract_type {t.c}_type;
static inline void {t.c}_encode(const struct {t.c} *value, struct rv_buf *out)
{{
	rv_contract_encode(&{t.c}_type, value, out);
}}
RV_MUSTCHECK static inline int {t.c}_decode(struct rv_str bytes, struct rv_arena *arena,
	struct {t.c} *out)
{{
	return rv_contract_decode(&{t.c}_type, bytes, arena, out);
}}
RV_MUSTCHECK static inline int {t.c}_check(const struct {t.c} *value, struct rv_diag *diag)
{{
	return rv_contract_check(&{t.c}_type, value, diag);
}}
""")
    out.append("#endif")
    return "\n".join(out) + "\n"


def _flags(f):
    flags = [name for name, on in (
        ("REQUIRED", f.required), ("OPTIONAL", f.optional), ("LIST", f.is_list),
        ("SECRET", f.secret), ("TEXT", f.json_flags is not None)) if on]
    return " | ".join("RV_CONTRACT_" + n for n in flags) or "0"


def _field_row(t, f):
    parts = [f".name = {quote(f.name)}", f".tag = {f.tag}",
             f".kind = RV_CONTRACT_{f.kind.upper()}", f".flags = {_flags(f)}",
             f".offset = offsetof(struct {t.c}, {f.name})"]
    if f.is_list:
        parts.append(f".side = offsetof(struct {t.c}, {f.name}_len)")
    elif f.optional:
        parts.append(f".side = offsetof(struct {t.c}, has_{f.name})")
    if f.json_flags:
        parts.append(f".binary_flag = offsetof(struct {t.c}, {f.json_flags[0].name})")
        parts.append(f".has_flag = offsetof(struct {t.c}, {f.json_flags[1].name})")
    if f.item_max:
        parts.append(f".item_max = {f.item_max}")
    if f.min:
        parts.append(f".min = {f.min}")
    if f.max:
        parts.append(f".max = UINT64_C({f.max})")
    if f.kind == "id":
        parts.append(f".of.prefix = {quote(f.raw['prefix'])}")
    if f.kind == "enum":
        parts.append(f".of.words = &rv_{f.enum.name}_words")
    if f.kind == "struct":
        parts.append(f".of.type = &{f.ref.c}_type")
    return "\t{ " + ", ".join(parts) + " },"


def contract_c(model):
    out = [HEAD, '#include "contract/rv_contract.h"\n']
    for e in model.enums.values():
        words = ", ".join(quote(v) for v in e.values)
        out.append(f"static const char *const words_{e.name}[] = {{ {words} }};")
        out.append(f"const struct rv_contract_enum rv_{e.name}_words = "
                   f"{{ {quote(e.name)}, words_{e.name}, {len(e.values)} }};\n")
    for t in model.ordered:
        fields = columns = "NULL"
        if t.columns:
            columns = f"columns_{t.c}"
            words = ", ".join(quote(n) for n in t.columns)
            out.append(f"static const char *const {columns}[] = {{ {words}, NULL }};")
        if t.fields:
            fields = f"fields_{t.c}"
            out.append(f"static const struct rv_contract_field {fields}[] = {{")
            out += [_field_row(t, f) for f in t.fields]
            out.append("};")
        out.append(f"const struct rv_contract_type {t.c}_type = "
                   f"{{ {quote(t.name)}, {fields}, {len(t.fields)}, sizeof(struct {t.c}), "
                   f"{quote(t.sentence)}, {columns} }};\n")
    return "\n".join(out) + "\n"


def ops_c(model):
    out = [HEAD, '#include "contract/desc_priv.h"', '#include "contract/rv_contract.h"\n',
           "const struct rv_contract_status rv_contract_statuses[] = {"]
    out += [f'\t{{ RV_{name}, {status}, "{ERROR_TEXTS[name]}" }},'
            for name, status in HTTP_STATUS.items()]
    out.append("};\nconst size_t rv_contract_status_count = "
               "RV_ARRAY_LEN(rv_contract_statuses);\n")
    for op in model.commands:
        codes = "".join(f"RV_{e}, " for e in op.all_errors())
        out.append(f"static const int errors_{op.c}[] = {{ {codes}0 }};")
    out.append("")
    out += _op_table("rv_contract_ops", "rv_contract_op_count", model.ops)
    out += _op_table("rv_contract_locals", "rv_contract_local_count", model.local)
    out.append("const struct rv_contract_msg rv_contract_msgs[] = {")
    for m in model.all:
        out.append(f"\t{{ {quote(m.name)}, &{m.inp.c}_type, &{m.out.c}_type }},")
    out.append("};")
    out.append("const size_t rv_contract_msg_count = RV_ARRAY_LEN(rv_contract_msgs);")
    return "\n".join(out) + "\n"


def _op_table(name, count, ops):
    out = [f"const struct rv_contract_op {name}[] = {{"]
    for op in ops:
        page = op.page or {}
        out.append("\t{ " + ",\n\t  ".join([
            f".name = {quote(op.name)}", f".in = &{op.inp.c}_type", f".out = &{op.out.c}_type",
            f".owner = {quote(op.owner)}", f".right = {quote(op.right)}", f".since = {quote(op.since)}",
            f".is_repeatable = {'true' if op.repeatable else 'false'}",
            f".method = {quote(op.method)}", f".path = {quote(op.path)}",
            f".cli = {quote(op.raw_cli)}", f".doc = {quote(op.doc)}",
            f".doc_ja = {quote(op.doc_ja)}", f".errors = errors_{op.c}",
            f".page_in = {quote(page.get('in'))}", f".page_out = {quote(page.get('out'))}",
            f".page_item = {quote(page.get('item'))}",
            f".table = {quote(op.table().name if op.table() else None)}",
            f".report = {quote(op.report)}"]) + " },")
    out += ["};", f"const size_t {count} = RV_ARRAY_LEN({name});", ""]
    return out


def embedded(text, symbol):
    """A long text as a C string, line by line."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    body = "\n".join("\t" + quote(line) for line in lines)
    return (f'{HEAD}#include "contract/http.h"\n\nconst char {symbol}[] =\n{body};\n'
            f"const size_t {symbol}_len = sizeof({symbol}) - 1;\n")
