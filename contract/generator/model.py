"""Reads contract/ops/*.json, contract/msg/*.json and contract/local/*.json into a checked model.

Strict: an unknown key, a duplicate name or tag, a missing text, a reference into the void or a
broken promise (tags.lock) ends the build with file and place.
"""
import json
import os
import re
import sys

SCALARS = {"bool", "u32", "u64", "i64", "id", "time", "enum", "str", "bytes"}
NUMBERS = {"u32": 2**32 - 1, "u64": 2**64 - 1}
FIELD_KEYS = {"tag", "name", "type", "min", "max", "item_max", "required", "optional", "secret",
              "unit", "doc", "values", "enum", "prefix", "struct", "of", "json_as"}
TYPE_KEYS = {"name", "doc", "fields", "columns", "sentence"}
ENUM_KEYS = {"name", "doc", "values"}
MESSAGE_KEYS = {"name", "doc", "in", "out"}
OP_KEYS = MESSAGE_KEYS | {"since", "right", "repeat", "http", "cli", "doc_ja", "errors", "page",
                          "owner", "report"}
LOCAL_KEYS = MESSAGE_KEYS | {"since", "cli", "doc_ja"}
FILE_KEYS = {"noun", "enums", "types", "operations", "messages", "commands"}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
DEPTH_MAX = 4    # RV_CONTRACT_DEPTH_MAX of desc.h
FIELDS_MAX = 32  # RV_CONTRACT_FIELDS_MAX of desc.h

# Error codes an operation may name -> HTTP status. Every operation can besides end with ALWAYS.
HTTP_STATUS = {
    "ESYNTAX": 400, "EINVALID": 400, "EAUTH": 401, "EDENIED": 403, "ENOTFOUND": 404,
    "EEXISTS": 409, "ECONFLICT": 409, "EBUSY": 409, "ELIMIT": 422, "EVERSION": 400,
    "EUNSUPPORTED": 501, "ECLOSED": 503, "ETIMEOUT": 504, "EDB": 503,
}
# The same in words: titles of problem documents.
ERROR_TEXTS = {
    "ESYNTAX": "the request is no JSON object", "EINVALID": "a value is not allowed",
    "EAUTH": "the token is missing or wrong", "EDENIED": "the token has no such right",
    "ENOTFOUND": "there is no such thing", "EEXISTS": "there is already one",
    "ECONFLICT": "the thing changed meanwhile", "EBUSY": "it is in use now",
    "ELIMIT": "a limit would be exceeded", "EVERSION": "a version the server does not speak",
    "EUNSUPPORTED": "not done here", "ECLOSED": "the server is starting or stopping",
    "ETIMEOUT": "no answer in time", "EDB": "the store failed",
}
ALWAYS = ["ESYNTAX", "EINVALID", "ELIMIT", "EAUTH", "EDENIED", "EDB", "ECLOSED", "ETIMEOUT"]


class Wrong(Exception):
    """What is wrong, and where."""


CTL_OPTIONS = ("server", "state-dir", "token-file", "ca", "insecure", "json", "columns", "no-header", "utc", "lang",
               "timeout", "help", "file")


def wrong(place, text):
    raise Wrong(f"{place}: {text}")


def c_name(name):
    return re.sub(r"[.\-]", "_", name)


class Enum:
    def __init__(self, name, values):
        self.name, self.values = name, values


class Field:
    """One field; `kind` is the scalar type or "struct", `is_list` tells the rest."""

    def __init__(self, raw, place, owner):
        self.raw, self.place, self.owner = raw, place, owner
        unknown = set(raw) - FIELD_KEYS
        if unknown:
            wrong(place, f"unknown key {sorted(unknown)[0]!r}")
        for key in ("tag", "name", "type"):
            if key not in raw:
                wrong(place, f"{key!r} is missing")
        self.tag, self.name, self.type = raw["tag"], raw["name"], raw["type"]
        self.place = place = f"{place} ({self.name})"
        if not isinstance(self.tag, int) or not 1 <= self.tag <= 4095:
            wrong(place, "tag must be 1..4095")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            wrong(place, "name must be [a-z][a-z0-9_]*")
        self.is_list = self.type == "list"
        self.kind = self._kind()
        self.required = raw.get("required", False)
        self.optional = raw.get("optional", False)
        self.secret = raw.get("secret", False)
        if self.required and self.optional:
            wrong(place, "required and optional at once")
        if self.is_list and self.optional:
            wrong(place, "a list is never optional: empty says it")
        self.min, self.max, self.item_max = self._limits()
        self.enum = None
        self.ref = None

    def _kind(self):
        raw = self.raw
        if not self.is_list:
            if self.type not in SCALARS | {"struct"}:
                wrong(self.place, f"unknown type {self.type!r}")
            if self.type == "struct" and "struct" not in raw:
                wrong(self.place, "'struct' names the type and is missing")
            return self.type
        if ("struct" in raw) == ("of" in raw):
            wrong(self.place, "a list has either 'struct' or 'of'")
        if "of" in raw and raw["of"] != "str":
            wrong(self.place, "a list is of structs or of str")
        return "struct" if "struct" in raw else "str"

    def _limits(self):
        raw, place = self.raw, self.place
        low, high, item = raw.get("min", 0), raw.get("max"), raw.get("item_max", 0)
        if self.is_list or self.kind in ("str", "bytes"):
            if high is None:
                wrong(place, "a list or string needs a 'max'")
            if self.is_list and self.kind == "str" and not item:
                wrong(place, "a list of str needs 'item_max'")
        elif self.kind in NUMBERS:
            high = NUMBERS[self.kind] if high is None else high
            if high > NUMBERS[self.kind]:
                wrong(place, f"'max' is over what {self.kind} holds")
        elif "min" in raw or "max" in raw:
            wrong(place, f"{self.kind} takes no limits")
        else:
            high = 0
        if item and not (self.is_list and self.kind == "str"):
            wrong(place, "'item_max' is for a list of str")
        if low > high:
            wrong(place, "'min' is over 'max'")
        return low, high, item

    def lock_line(self):
        words = [self.owner, str(self.tag), self.name, self.type]
        if self.kind == "struct":
            words.append(self.ref.name)
        elif self.is_list:
            words.append(self.kind)
        elif self.kind == "enum":
            words.append(self.enum.name)
        elif self.kind == "id":
            words.append(self.raw["prefix"])
        if self.required:
            words.append("required")
        return words


class Type:
    """A struct: a named type, or the in or out part of a message."""

    def __init__(self, name, fields, doc, place, is_part=False):
        self.name, self.doc, self.place, self.is_part = name, doc, place, is_part
        if not is_part and not doc:
            wrong(place, "'doc' is missing")
        self.fields = [Field(f, f"{place} field {i + 1}", name) for i, f in enumerate(fields)]
        if len(self.fields) > FIELDS_MAX:
            wrong(place, f"more than {FIELDS_MAX} fields")
        last, seen = 0, set()
        for f in self.fields:
            if f.tag <= last:
                wrong(f.place, "tags must rise")
            if f.name in seen:
                wrong(f.place, "name is used twice")
            last = f.tag
            seen.add(f.name)
        self.c = "rv_" + c_name(name)
        self.columns = None
        self.sentence = None  # name of the enum that chooses its text, see sentence.h

    def field(self, name):
        return next((f for f in self.fields if f.name == name), None)


class Message:
    def __init__(self, raw, noun, place):
        unknown = set(raw) - self.keys
        if unknown:
            wrong(place, f"unknown key {sorted(unknown)[0]!r}")
        for key in ("name", "doc", "in", "out"):
            if key not in raw or (key == "doc" and not raw[key]):
                wrong(place, f"{key!r} is missing")
        self.name, self.doc = raw["name"], raw["doc"]
        self.place = f"{place} ({self.name})"
        if not re.fullmatch(noun + r"\.[a-z]+(-[a-z]+)*", self.name):
            wrong(self.place, f"name must be {noun}.<verb>")
        self.inp = Type(self.name + ".in", raw["in"], None, f"{self.place} in", True)
        self.out = Type(self.name + ".out", raw["out"], None, f"{self.place} out", True)
        self.c = c_name(self.name)

    is_op = False
    keys = MESSAGE_KEYS


class Command(Message):
    """What `reeve ctl` does by itself, with operations: its words, input and answer."""
    keys = LOCAL_KEYS
    method, path, owner, right, page, report, errors = "", "", "", "", None, None, []
    has_body = repeatable = False

    def __init__(self, raw, noun, place):
        super().__init__(raw, noun, place)
        for key in ("since", "cli", "doc_ja"):
            if not raw.get(key):
                wrong(self.place, f"{key!r} is missing")
        self.since, self.doc_ja = raw["since"], raw["doc_ja"]
        self._cli(raw["cli"])

    def table(self):
        return None

    def all_errors(self):
        return []

    def _cli(self, text):
        self.raw_cli = text
        self.cli_words = [w for w in text.split() if w.islower()]
        self.cli_args = [w.lower() for w in text.split() if not w.islower()]
        if not self.cli_words or text.split()[:len(self.cli_words)] != self.cli_words:
            wrong(self.place, "'cli' is words, then ARGUMENTS")
        for a in self.cli_args:
            f = self.inp.field(a)
            if f is None or f.is_list:
                wrong(self.place, f"CLI argument {a!r} is no plain field of 'in'")

        # Said before the words or behind them, they belong to `reeve ctl` itself (cmd/ctl/args.c).
        for f in self.inp.fields:
            if f.name not in self.cli_args and f.name.replace("_", "-") in CTL_OPTIONS:
                wrong(f.place, "--" + f.name.replace("_", "-") + " is an option of reeve ctl itself")


class Operation(Command):
    is_op = True
    keys = OP_KEYS

    def __init__(self, raw, noun, place):
        super().__init__(raw, noun, place)
        for key in ("right", "repeat", "http", "errors"):
            if key not in raw:
                wrong(self.place, f"{key!r} is missing")
        self.right = raw["right"]
        if raw["repeat"] not in ("repeatable", "once"):
            wrong(self.place, "'repeat' is repeatable or once")
        self.raw_repeat = raw["repeat"]
        self.repeatable = raw["repeat"] == "repeatable"
        self.errors = raw["errors"]
        for e in self.errors:
            if e not in HTTP_STATUS:
                wrong(self.place, f"unknown error {e!r}")
        self._http(raw["http"])
        self.page = raw.get("page")
        if self.page:
            self._page()
        # The duty that answers it, as the bus method "<owner>.op".
        self.owner = raw.get("owner", "rs")
        if not re.fullmatch(r"[a-z]{1,12}", self.owner):
            wrong(self.place, "'owner' is the name of a duty")
        # A bool of 'out': is all well? Its answer is shown whole, and is an exit status.
        self.report = raw.get("report")
        if self.report:
            field = self.out.field(self.report)
            if field is None or field.kind != "bool":
                wrong(self.place, "'report' names a bool of 'out'")

    def table(self):
        """The field of 'out' that the command line shows as a table, or None. What stands at tag 100 and above
        is said beside an answer and is not the answer."""
        lists = [f for f in self.out.fields
                 if f.is_list and f.kind == "struct" and f.ref.columns and f.tag < 100]
        return lists[0] if lists and not self.report else None

    def all_errors(self):
        return self.errors + [e for e in ALWAYS if e not in self.errors]

    def _http(self, text):
        m = re.fullmatch(r"([A-Z]+) (/[a-z0-9/{}_.-]+)", text)
        if not m or m.group(1) not in METHODS:
            wrong(self.place, "'http' is METHOD /path")
        self.method, self.path = m.groups()
        self.path_vars = re.findall(r"{([^}]*)}", self.path)
        for v in self.path_vars:
            f = self.inp.field(v)
            if f is None or f.is_list or not f.required:
                wrong(self.place, f"path variable {v!r} is no required plain field of 'in'")
        self.has_body = self.method in ("POST", "PUT", "PATCH")
        if not self.has_body:
            for f in self.inp.fields:
                if f.is_list or f.kind == "struct":
                    wrong(f.place, f"does not fit into the query of a {self.method}")

    def _page(self):
        if set(self.page) not in ({"in", "out"}, {"in", "item"}):
            wrong(self.place, "'page' is {in, out} or {in, item}")
        limit, cursor = self.inp.field("limit"), self.inp.field(self.page["in"])
        if not (limit and limit.kind == "u32" and limit.optional and cursor and cursor.optional):
            wrong(self.place, "'page.in' and limit (u32) must be optional fields of 'in'")
        if "out" in self.page and self.out.field(self.page["out"]) is None:
            wrong(self.place, "'page.out' is no field of 'out'")


class Model:
    """All types in an order in which C can define them, all operations, all messages."""

    def __init__(self, root):
        self.types, self.enums, self.ops, self.msgs, self.local = {}, {}, [], [], []
        for folder in ("ops", "msg", "local"):
            directory = os.path.join(root, folder)
            for name in sorted(os.listdir(directory)):
                if name.endswith(".json"):
                    self._load(os.path.join(directory, name))
        self._resolve()
        self.all = self.ops + self.msgs
        self.commands = self.ops + self.local  # what `reeve ctl` knows
        self.parts = [t for m in self.all + self.local for t in (m.inp, m.out)]
        self._check_unique()
        self.ordered = self._order()

    def _load(self, path):
        place = os.path.relpath(path)

        def no_twice(pairs):
            keys = [k for k, _ in pairs]
            for k in keys:
                if keys.count(k) > 1:
                    wrong(place, f"key {k!r} appears twice in one object")
            return dict(pairs)

        with open(path, encoding="utf-8") as f:
            try:
                raw = json.load(f, object_pairs_hook=no_twice)
            except json.JSONDecodeError as e:
                wrong(f"{place}:{e.lineno}:{e.colno}", e.msg)
        unknown = set(raw) - FILE_KEYS
        if unknown:
            wrong(place, f"unknown key {sorted(unknown)[0]!r}")
        noun = raw["noun"]
        for e in raw.get("enums", []):
            if set(e) - ENUM_KEYS or not e.get("doc"):
                wrong(f"{place} enum {e.get('name')}", "needs exactly name, doc, values")
            self._add_enum(Enum(e["name"], e["values"]), f"{place} enum {e['name']}")
        for i, t in enumerate(raw.get("types", [])):
            where = f"{place} type {t.get('name', i + 1)}"
            if set(t) - TYPE_KEYS:
                wrong(where, f"unknown key {sorted(set(t) - TYPE_KEYS)[0]!r}")
            if t["name"] in self.types:
                wrong(where, "there is already a type of this name")
            made = Type(t["name"], t["fields"], t.get("doc"), where)
            made.columns = t.get("columns")
            made.sentence = t.get("sentence")
            for column in made.columns or []:
                if made.field(column) is None and not (made.sentence and column == "text"):
                    wrong(where, f"column {column!r} is no field")
            self.types[t["name"]] = made
        for i, m in enumerate(raw.get("operations", [])):
            self.ops.append(Operation(m, noun, f"{place} operation {i + 1}"))
        for i, m in enumerate(raw.get("commands", [])):
            self.local.append(Command(m, noun, f"{place} command {i + 1}"))
        for i, m in enumerate(raw.get("messages", [])):
            self.msgs.append(Message(m, noun, f"{place} message {i + 1}"))

    def _add_enum(self, enum, place):
        if enum.name in self.enums:
            wrong(place, "there is already an enum of this name")
        if not enum.values or len(set(enum.values)) != len(enum.values):
            wrong(place, "values must be there, each once")
        for v in enum.values:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", v):
                wrong(place, f"value {v!r} must be [a-z][a-z0-9_]*")
        self.enums[enum.name] = enum

    def _resolve(self):
        parts = [t for m in self.ops + self.msgs + self.local for t in (m.inp, m.out)]
        for t in list(self.types.values()) + parts:
            for f in t.fields:
                if f.kind == "enum" and "values" in f.raw:
                    f.enum = Enum(f"{c_name(t.name)}_{f.name}", f.raw["values"])
                    self._add_enum(f.enum, f.place)
        for t in list(self.types.values()) + parts:
            for f in t.fields:
                self._resolve_field(t, f)
            if t.sentence is not None:
                _check_sentence(t)
        for op in self.ops:
            if op.page and op.table() is None:
                wrong(op.place, "pages are of a list of structs with 'columns' in 'out'")

    def _resolve_field(self, t, f):
        if f.raw.get("json_as") and (t.field("text") or t.field("base64")
                                     or [x.raw.get("json_as") for x in t.fields].count(None)
                                     < len(t.fields) - 1):
            wrong(f.place, "'json_as' takes the JSON names text and base64, once per type")
        if f.kind == "enum" and f.enum is None:
            f.enum = self.enums.get(f.raw.get("enum"))
            if f.enum is None:
                wrong(f.place, "an enum has 'values' or names an 'enum' that exists")
        if f.kind == "struct":
            f.ref = self.types.get(f.raw["struct"])
            if f.ref is None:
                wrong(f.place, f"there is no type {f.raw['struct']!r}")
        if f.kind == "id" and not re.fullmatch(r"[a-z]{1,8}", f.raw.get("prefix", "")):
            wrong(f.place, "an id needs a 'prefix' of 1..8 letters")
        as_ = f.raw.get("json_as")
        if as_ is not None:
            m = re.fullmatch(r"text_or_base64:([a-z_]+):([a-z_]+)", as_)
            flags = [t.field(n) for n in m.groups()] if m and f.kind == "bytes" else [None]
            if any(x is None or x.kind != "bool" for x in flags):
                wrong(f.place, "'json_as' of bytes is text_or_base64:<bool is_binary>:<bool has>")
            f.json_flags = flags
        else:
            f.json_flags = None

    def _check_unique(self):
        seen = {}
        for m in self.all + self.local:
            keys = [m.name] + ([f"{m.method} {m.path}"] if m.is_op else [])
            for key in keys + ([" ".join(m.cli_words)] if m in self.commands else []):
                if key in seen:
                    wrong(m.place, f"{key!r} is already that of {seen[key]}")
                seen[key] = m.place

    def _order(self):
        done, order = set(), []

        def visit(t, trail):
            if t.name in trail:
                wrong(t.place, "types contain each other: " + " ".join(trail + [t.name]))
            if len(trail) >= DEPTH_MAX:
                wrong(t.place, f"nested deeper than {DEPTH_MAX}")
            for f in t.fields:
                if f.ref is not None:
                    visit(f.ref, trail + [t.name])
            if t.name not in done:
                done.add(t.name)
                order.append(t)

        for t in list(self.types.values()) + self.parts:
            visit(t, [])
        return order

    # -- tags.lock: what was once promised ---------------------------------------------------

    def lock_lines(self):
        lines = [" ".join(["enum", e.name] + e.values) for e in self.enums.values()]
        for t in self.ordered:
            lines += [" ".join(f.lock_line()) for f in t.fields]
        return sorted(lines)

    def check_lock(self, path):
        """Returns the lines the lock does not know yet; raises when a promise is broken."""
        fields = {(t.name, str(f.tag)): f.lock_line() for t in self.ordered for f in t.fields}
        known = set()
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                words = line.split()
                if not words or words[0].startswith("#"):
                    continue
                place = f"{os.path.relpath(path)}:{number}"
                if words[0] == "enum":
                    self._check_lock_enum(place, words)
                else:
                    _check_lock_field(place, words, fields)
                known.add(" ".join(words))
        return [line for line in self.lock_lines() if line not in known]

    def _check_lock_enum(self, place, words):
        enum = self.enums.get(words[1])
        if enum is None or enum.values[:len(words) - 2] != words[2:]:
            wrong(place, f"enum {words[1]} lost or reordered values: they are for ever")


def _check_sentence(t):
    values = t.field("parameters")
    kind = t.field(t.sentence)
    if kind is None or kind.kind != "enum" or kind.is_list:
        wrong(t.place, "'sentence' names an enum field")
    if values is None or not values.is_list or values.ref is None \
            or any(values.ref.field(n) is None or values.ref.field(n).kind != "str"
                   for n in ("name", "value")):
        wrong(t.place, "a type with a 'sentence' has a list 'parameters' of name and value")
    if t.field("text") is not None:
        wrong(t.place, "the sentence is 'text' in JSON: no field can have that name")


def _check_lock_field(place, words, fields):
    now = fields.get((words[0], words[1]))
    if now is None:
        wrong(place, f"{words[0]} lost tag {words[1]} ({words[2]}): tags are for ever")
    then = [w for w in words if w != "required"]
    if [w for w in now if w != "required"] != then:
        wrong(place, f"{' '.join(now)}: was '{' '.join(words)}'; tags are for ever")
    if "required" in now and "required" not in words:
        wrong(place, f"{words[0]}.{words[2]} became required: older writers leave it out")


def load(root):
    """The model, or the end of the program with file and place."""
    try:
        return Model(root)
    except Wrong as e:
        sys.exit(f"contract: {e}")
    except KeyError as e:
        sys.exit(f"contract: a key {e} is missing")
