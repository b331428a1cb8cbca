#include "contract/text.h"

#include <errno.h>
#include <inttypes.h>

#include "base/codec.h"
#include "base/id.h"
#include "base/time.h"
#include "contract/desc_priv.h"

static int read_number(struct rv_str text, bool is_signed, uint64_t max, uint64_t *out)
{
	bool is_negative = is_signed && text.len > 0 && text.ptr[0] == '-';
	uint64_t v;

	if (is_negative)
		text = rv_str_sub(text, 1, text.len);
	if (!rv_str_to_u64(text, is_negative ? max + 1 : max, &v))
		return RV_EINVALID;
	*out = is_negative ? ~v + 1 : v;
	return RV_OK;
}

static int read_word(const struct rv_contract_enum *words, struct rv_str text, uint64_t *out)
{
	for (uint32_t i = 0; i < words->count; i++) {
		if (rv_str_is(text, words->words[i])) {
			*out = i;
			return RV_OK;
		}
	}
	return RV_EINVALID;
}

static int read_bool(struct rv_str text, uint64_t *out)
{
	bool is_true = rv_str_is(text, "true");

	if (!is_true && !rv_str_is(text, "false"))
		return RV_EINVALID;
	*out = is_true;
	return RV_OK;
}

static int read_bytes(struct rv_str text, bool is_base64, struct rv_arena *arena, void *at)
{
	struct rv_buf buf = { .wipe = true };
	struct rv_str copy;
	int r = RV_OK;

	if (is_base64) {
		r = rv_base64_decode(&buf, text, NULL);
		if (r == RV_OK)
			r = buf.err;
		text = rv_buf_str(&buf);
	}
	if (r == RV_OK) {
		copy = rv_arena_str(arena, text);
		r = copy.ptr != NULL ? RV_OK : -ENOMEM;
	}
	if (r == RV_OK)
		rv_contract_store_str(at, copy);
	rv_buf_deinit(&buf);
	return r == RV_ESYNTAX ? RV_EINVALID : r;
}

static int read_scalar(const struct rv_contract_field *field, struct rv_str text, uint64_t *out)
{
	int64_t v = 0;
	int r;

	switch (field->kind) {
	case RV_CONTRACT_BOOL:
		return read_bool(text, out);
	case RV_CONTRACT_U32:
		return read_number(text, false, UINT32_MAX, out);
	case RV_CONTRACT_U64:
		return read_number(text, false, UINT64_MAX, out);
	case RV_CONTRACT_I64:
		return read_number(text, true, INT64_MAX, out);
	case RV_CONTRACT_ENUM:
		return read_word(field->of.words, text, out);
	case RV_CONTRACT_ID:
		r = rv_id_parse(text, field->of.prefix, &v);
		break;
	default:
		assert(field->kind == RV_CONTRACT_TIME);
		r = rv_time_parse(text, &v);
		break;
	}
	if (r != RV_OK)
		return RV_EINVALID;
	*out = (uint64_t)v;
	return RV_OK;
}

/* What would have been right, as the end of a sentence. */
static void describe(const struct rv_contract_field *field, struct rv_buf *out)
{
	switch (field->kind) {
	case RV_CONTRACT_BOOL:
		rv_buf_puts(out, "true or false");
		break;
	case RV_CONTRACT_ENUM:
		for (uint32_t i = 0; i < field->of.words->count; i++)
			rv_buf_printf(out, "%s%s", i > 0 ? ", " : "one of ",
				      field->of.words->words[i]);
		break;
	case RV_CONTRACT_ID:
		rv_buf_printf(out, "an id like %s_0123456789abc", field->of.prefix);
		break;
	case RV_CONTRACT_TIME:
		rv_buf_puts(out, "a time like 2026-11-22T17:48:41Z");
		break;
	case RV_CONTRACT_BYTES:
		rv_buf_puts(out, "Base64");
		break;
	default:
		rv_buf_printf(out, "a whole number of %" PRIu64 "..%" PRIu64, field->min,
			      field->kind == RV_CONTRACT_I64 ? INT64_MAX : field->max);
		break;
	}
}

int rv_contract_text_read(const struct rv_contract_field *field, struct rv_str text,
			  struct rv_arena *arena, void *at, const char *where, struct rv_diag *diag)
{
	struct rv_buf expected = { 0 };
	uint64_t v = 0;
	int r;

	if (field->kind == RV_CONTRACT_STR || field->kind == RV_CONTRACT_BYTES)
		r = read_bytes(text, field->kind == RV_CONTRACT_BYTES, arena, at);
	else
		r = read_scalar(field, text, &v);
	if (r == RV_OK) {
		if (field->kind != RV_CONTRACT_STR && field->kind != RV_CONTRACT_BYTES)
			rv_contract_store_number(field, at, v);
		return RV_OK;
	}
	if (r == RV_EINVALID) {
		describe(field, &expected);
		rv_diag_set(diag, r, "contract.value", where, "must be %.*s",
			    RV_STR_ARG(rv_buf_str(&expected)));
		rv_buf_deinit(&expected);
	}
	return r;
}

void rv_contract_text_write(const struct rv_contract_field *field, const void *at,
			    struct rv_buf *out)
{
	char text[RV_TIME_TEXT_LEN + RV_ID_TEXT_MAX + 1];
	uint64_t v;

	if (field->kind == RV_CONTRACT_STR) {
		rv_buf_put_str(out, rv_contract_load_str(at));
		return;
	}
	if (field->kind == RV_CONTRACT_BYTES) {
		rv_base64_encode(out, rv_contract_load_str(at));
		return;
	}
	assert(field->kind != RV_CONTRACT_STRUCT);
	v = rv_contract_load_number(field, at);
	if (field->kind == RV_CONTRACT_BOOL) {
		rv_buf_puts(out, v != 0 ? "true" : "false");
	} else if (field->kind == RV_CONTRACT_ENUM && v < field->of.words->count) {
		rv_buf_puts(out, field->of.words->words[v]);
	} else if (field->kind == RV_CONTRACT_ID) {
		rv_id_format((int64_t)v, field->of.prefix, text);
		rv_buf_puts(out, text);
	} else if (field->kind == RV_CONTRACT_TIME) {
		rv_time_format((int64_t)v, text);
		rv_buf_puts(out, text);
	} else if (field->kind == RV_CONTRACT_I64) {
		rv_buf_printf(out, "%" PRId64, (int64_t)v);
	} else {
		rv_buf_printf(out, "%" PRIu64, v);
	}
}
