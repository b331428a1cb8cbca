"""The message catalogue: contract/texts/*.json."""
import json
import os
import re

from .c import HEAD, quote
from .model import wrong

FILES = ("errors.json", "fields.json", "words.json", "sentences.json", "ctl.json", "verify.json")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "texts")


def load():
    """{prefixed key: (English, Japanese)}; every text has both."""
    texts = {}
    for name in FILES:
        place = f"contract/texts/{name}"

        def no_twice(pairs, place=place):
            keys = [k for k, _ in pairs]
            for k in keys:
                if keys.count(k) > 1:
                    wrong(place, f"key {k!r} appears twice")
            return dict(pairs)

        with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
            try:
                raw = json.load(f, object_pairs_hook=no_twice)
            except json.JSONDecodeError as e:
                wrong(f"{place}:{e.lineno}:{e.colno}", e.msg)
        prefix = name[:-len(".json")].rstrip("s") + ":"
        for key, both in raw.items():
            if set(both) != {"en", "ja"} or not both["en"] or not both["ja"]:
                wrong(f"{place} {key}", "needs a text in en and one in ja")
            if set(re.findall(r"{\w+}", both["en"])) != set(re.findall(r"{\w+}", both["ja"])):
                wrong(f"{place} {key}", "the two languages take different arguments")
            texts[prefix + key] = (both["en"], both["ja"])
    return texts


def field_text(texts, op, f):
    """Help of one field of an operation: that of the operation, else that of its name."""
    return texts.get(f"field:{op.name}.{f.name}") or texts.get(f"field:{f.name}")


def check(model, texts):
    known = {f"field:{op.name}.{f.name}" for op in model.commands for f in op.inp.fields}
    for key in texts:
        if key.startswith("field:") and "." in key and key not in known:
            wrong("contract/texts/fields.json", f"{key[6:]!r} is no field of an operation")
    for op in model.commands:
        for f in op.inp.fields:
            if field_text(texts, op, f) is None:
                wrong(f.place, f"contract/texts/fields.json lacks {f.name!r}")
    shown = {f.ref.name for op in model.commands for f in op.out.fields if f.ref is not None}
    for t in model.types.values():
        for f in t.fields if t.name in shown else []:
            if f"field:{f.name}" not in texts:
                wrong(f.place, f"contract/texts/fields.json lacks {f.name!r}")
    said = {t.field(t.sentence).enum for t in model.types.values() if t.sentence}
    wanted = {f"sentence:{e.name}.{v}" for e in said for v in e.values}
    for key in sorted(wanted ^ {k for k in texts if k.startswith("sentence:")}):
        wrong("contract/texts/sentences.json",
              f"{key[9:]!r} {'is missing' if key in wanted else 'is no kind of anything'}")
    for e in model.enums.values():
        if e.name == "feed_record_kind":
            continue  # between duties only
        for v in e.values:
            if f"word:{e.name}.{v}" not in texts:
                wrong(e.name, f"contract/texts/words.json lacks '{e.name}.{v}'")


def texts_c(model):
    texts = load()
    check(model, texts)
    out = [HEAD, '#include "contract/texts.h"\n', "const struct rv_text rv_texts[] = {"]
    for key in sorted(texts, key=lambda k: k.encode()):
        out.append(f"\t{{ {quote(key)}, {{ {quote(texts[key][0])}, {quote(texts[key][1])} }} }},")
    out += ["};", "const size_t rv_text_count = RV_ARRAY_LEN(rv_texts);"]
    return "\n".join(out) + "\n"
