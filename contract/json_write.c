#include "contract/json.h"

#include "contract/desc_priv.h"
#include "contract/sentence.h"
#include "contract/text.h"

static void write_one(const struct rv_contract_field *field, const void *at, unsigned flags,
		      struct rv_jsonw *w)
{
	struct rv_buf text = { .wipe = rv_contract_is(field, RV_CONTRACT_SECRET) };

	switch (field->kind) {
	case RV_CONTRACT_BOOL:
		rv_jsonw_bool(w, rv_contract_load_bool(at));
		break;
	case RV_CONTRACT_U32:
	case RV_CONTRACT_U64:
		rv_jsonw_u64(w, rv_contract_load_number(field, at));
		break;
	case RV_CONTRACT_I64:
		rv_jsonw_i64(w, (int64_t)rv_contract_load_number(field, at));
		break;
	case RV_CONTRACT_STR:
		rv_jsonw_str(w, rv_contract_load_str(at));
		break;
	case RV_CONTRACT_BYTES:
		rv_jsonw_base64(w, rv_contract_load_str(at));
		break;
	case RV_CONTRACT_STRUCT:
		rv_contract_json_write(field->of.type, at, flags, 0, w);
		break;
	default:
		rv_contract_text_write(field, at, &text);
		if (text.err != RV_OK)
			w->out->err = text.err;
		rv_jsonw_str(w, rv_buf_str(&text));
		break;
	}
	rv_buf_deinit(&text);
}

static void write_list(const struct rv_contract_field *field, const void *value, unsigned flags,
		       struct rv_jsonw *w)
{
	struct rv_contract_list list = rv_contract_load_list(field, value);

	rv_jsonw_array(w);
	for (size_t i = 0; i < list.len; i++)
		write_one(field, list.items + i * list.item_size, flags, w);
	rv_jsonw_end_array(w);
}

/* A body that was never checked to be text still leaves as Base64: nothing is lost. */
static void write_text(const struct rv_contract_field *field, const void *value, struct rv_jsonw *w)
{
	struct rv_str body = rv_contract_load_str(rv_contract_at(value, field->offset));
	bool is_binary = rv_contract_load_bool(rv_contract_at(value, field->binary_flag));

	if (!rv_contract_load_bool(rv_contract_at(value, field->has_flag)))
		return;
	if (is_binary || !rv_str_is_utf8(body, NULL)) {
		rv_jsonw_key(w, "base64");
		rv_jsonw_base64(w, body);
	} else {
		rv_jsonw_key(w, "text");
		rv_jsonw_str(w, body);
	}
}

static bool is_written(const struct rv_contract_field *field, const void *value, unsigned flags)
{
	if (rv_contract_is(field, RV_CONTRACT_SECRET) && !(flags & RV_CONTRACT_JSON_SECRETS))
		return false;
	return !rv_contract_is(field, RV_CONTRACT_OPTIONAL) || rv_contract_is_present(field, value);
}

unsigned rv_contract_json_lang(enum rv_lang lang)
{
	return lang == RV_LANG_JA ? RV_CONTRACT_JSON_JA : RV_CONTRACT_JSON_EN;
}

static void write_sentence(const struct rv_contract_type *type, const void *value, unsigned flags,
			   struct rv_jsonw *w)
{
	enum rv_lang lang = flags & RV_CONTRACT_JSON_JA ? RV_LANG_JA : RV_LANG_EN;
	struct rv_buf text = { 0 };

	if (rv_contract_sentence(type, value, lang, &text)) {
		rv_jsonw_key(w, "text");
		rv_jsonw_str(w, rv_buf_str(&text));
	}
	if (text.err != RV_OK)
		w->out->err = text.err;
	rv_buf_deinit(&text);
}

void rv_contract_json_write(const struct rv_contract_type *type, const void *value, unsigned flags,
			    uint32_t skip, struct rv_jsonw *w)
{
	rv_jsonw_object(w);
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];

		if (skip >> i & 1 || !is_written(field, value, flags))
			continue;
		if (rv_contract_is(field, RV_CONTRACT_TEXT)) {
			write_text(field, value, w);
			continue;
		}
		rv_jsonw_key(w, field->name);
		if (rv_contract_is(field, RV_CONTRACT_LIST))
			write_list(field, value, flags, w);
		else
			write_one(field, rv_contract_at(value, field->offset), flags, w);
	}
	if (flags & (RV_CONTRACT_JSON_EN | RV_CONTRACT_JSON_JA))
		write_sentence(type, value, flags, w);
	rv_jsonw_end_object(w);
}
