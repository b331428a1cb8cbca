"""The OpenAPI 3.1 document."""
import json

from .model import ERROR_TEXTS, HTTP_STATUS

ID_DIGITS = "[0-9a-hjkmnp-tv-z]{13}"
TIME = "2026-11-22T17:48:41.123456Z"
EXAMPLES = {"distid": "0000-0000-00E0-0001-0000-0123-4567-89AB", "ls_key": "secret-of-the-label",
            "rs_urls": "https://192.0.2.1/", "name": "default", "after":
            "0000-0000-00E0-0001-0000-0123-4567-89AB", "infostring": "https://192.0.2.9/fw.img"}
def example(f):
    one = {"bool": True, "u32": max(f.min, min(f.max, 1)), "u64": 1, "i64": 1, "time": TIME,
           "bytes": "aGVsbG8K"}.get(f.kind)
    if f.kind == "id":
        one = f.raw["prefix"] + "_0d3v8k2m4n5pq"
    elif f.kind == "enum":
        one = f.enum.values[0]
    elif f.kind == "struct":
        one = object_example(f.ref.fields)
    elif f.kind == "str":
        one = EXAMPLES.get(f.name, "example")[:f.item_max or f.max]
    return [one] if f.is_list else one


def object_example(fields):
    out = {}
    for f in fields:
        if f.json_flags:
            out["text"] = "hostname example\n"
        elif not f.secret and (f.required or not f.optional):
            out[f.name] = example(f)
    for f in fields:
        if f.json_flags:
            out[f.json_flags[0].name] = False
            out[f.json_flags[1].name] = True
    return out


def request_example(fields):
    return {f.name: example(f) for f in fields if f.required}


def schema(f):
    s = {
        "bool": {"type": "boolean"},
        "u32": {"type": "integer", "minimum": f.min, "maximum": f.max},
        "u64": {"type": "integer", "minimum": f.min},
        "i64": {"type": "integer"},
        "time": {"type": "string", "format": "date-time"},
        "bytes": {"type": "string", "contentEncoding": "base64"},
        "str": {"type": "string", "maxLength": f.item_max or f.max},
    }.get(f.kind, {})
    if f.kind == "id":
        s = {"type": "string", "pattern": f"^{f.raw['prefix']}_{ID_DIGITS}$"}
    if f.kind == "enum":
        s = {"$ref": f"#/components/schemas/{f.enum.name}"}
    if f.kind == "struct":
        s = {"$ref": f"#/components/schemas/{f.ref.name}"}
    if f.kind == "str" and f.min and not f.is_list:
        s["minLength"] = f.min
    if f.is_list:
        s = {"type": "array", "items": s, "minItems": f.min, "maxItems": f.max}
    doc = f.raw.get("doc", "")
    if f.raw.get("unit"):
        doc = f"{doc}; in {f.raw['unit']}" if doc else f"in {f.raw['unit']}"
    if doc:
        s["description"] = doc
    if f.secret:
        s["writeOnly"] = True
    return s


def object_schema(fields, doc=None, is_closed=False):
    properties = {}
    for f in fields:
        if f.json_flags:
            flag, has = (x.name for x in f.json_flags)
            properties["text"] = {"type": "string", "description":
                                  f"the bytes as text; sets {has} and clears {flag}"}
            properties["base64"] = {"type": "string", "contentEncoding": "base64", "description":
                                    f"the bytes; sets {has} and {flag}"}
        else:
            properties[f.name] = schema(f)
    out = {"type": "object", "properties": properties}
    if doc:
        out["description"] = doc
    required = [f.name for f in fields if f.required]
    if required:
        out["required"] = required
    if is_closed:
        out["additionalProperties"] = False
    return out


def _problem(description, status, code):
    return {"description": description,
            "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/error"},
                "example": {"type": "about:blank", "title": ERROR_TEXTS[code],
                            "status": status, "detail": "", "code": code, "key": "",
                            "where": ""}}}}


def _responses(op):
    status = "201" if op.method == "POST" and not op.repeatable else "200"
    out = {status: {"description": "done", "content": {"application/json": {
        "schema": object_schema(op.out.fields), "example": object_example(op.out.fields)}}}}
    by_status = {}
    for e in op.all_errors():
        by_status.setdefault(str(HTTP_STATUS[e]), []).append(e)
    for code, names in sorted(by_status.items()):
        out[code] = {"x-codes": names, **_problem(
            "; ".join(f"{n}: {ERROR_TEXTS[n]}" for n in names), int(code), names[0])}
    out["default"] = _problem("refused before it was an operation: malformed, or over a limit of "
                              "HTTP (413, 414, 431); or an internal error (500)", 413, "ELIMIT")
    return out


def _operation(op):
    out = {"operationId": op.name, "summary": op.doc, "tags": [op.name.split(".")[0]],
           "x-right": op.right, "x-repeat": "repeatable" if op.repeatable else "once",
           "x-since": op.since, "responses": _responses(op), "parameters": []}
    for name in op.path_vars:
        f = op.inp.field(name)
        out["parameters"].append({"name": name, "in": "path", "required": True,
                                  "schema": schema(f), "example": example(f)})
    rest = [f for f in op.inp.fields if f.name not in op.path_vars]
    if op.has_body and rest:
        out["requestBody"] = {
            "required": any(f.required for f in rest),
            "content": {"application/json": {"schema": object_schema(rest, None, True),
                                             "example": request_example(rest)}}}
    elif not op.has_body:
        out["parameters"] += [{"name": f.name, "in": "query", "required": f.required,
                               "schema": schema(f), "example": example(f)} for f in rest]
    return out


def _used_types(model):
    """Types that the public operations reach, in order of definition."""
    reached = set()

    def visit(t):
        for f in t.fields:
            if f.ref is not None:
                reached.add(f.ref.name)
                visit(f.ref)

    for op in model.ops:
        visit(op.inp)
        visit(op.out)
    return [t for t in model.types.values() if t.name in reached]


def openapi_json(model):
    types = _used_types(model)
    schemas = {t.name: object_schema(t.fields, t.doc) for t in types}
    for t in types:
        if t.sentence:
            schemas[t.name]["properties"]["text"] = {
                "type": "string", "readOnly": True, "description":
                "what this says, in English or, by Accept-Language, Japanese"}
    fields = [f for t in types for f in t.fields]
    fields += [f for op in model.ops for f in op.inp.fields + op.out.fields]
    for f in fields:
        if f.enum is not None:
            schemas[f.enum.name] = {"type": "string", "enum": f.enum.values}
    text = {"type": "string"}
    schemas["error"] = {
        "type": "object", "description": "a problem document, RFC 9457",
        "required": ["type", "title", "status", "detail", "code", "key", "where"], "properties": {
            "type": text, "title": {**text, "description": "what the code means"},
            "status": {"type": "integer", "description": "HTTP status"},
            "detail": {**text, "description": "one English sentence"},
            "code": {**text, "enum": list(HTTP_STATUS)},
            "key": {**text, "description": "entry of the message catalogue"},
            "where": {**text, "description": "the field, like modules[2].id"}}}
    paths = {}
    for op in model.ops:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Reeve RS-API", "version": "2",
                 "description": "Operations of the Resource Server. Unknown fields in answers "
                 "are to be skipped: later versions add some. Ids are opaque, times are UTC.",
                 "license": {"name": "BSD-2-Clause", "identifier": "BSD-2-Clause"}},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"}}},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
