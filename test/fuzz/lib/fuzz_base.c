/* Base64, hex, id and time texts: what parses must print to a text that parses to the same, and a
 * refusal must point into the input. The first byte chooses the parser. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/id.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*decode_fn)(struct rv_buf *out, struct rv_str in, size_t *err_at);
typedef void (*encode_fn)(struct rv_buf *out, struct rv_str in);

static void check_codec(struct rv_str in, decode_fn decode, encode_fn encode)
{
	struct rv_buf bytes = { 0 }, text = { 0 }, again = { 0 };
	size_t err_at = SIZE_MAX;

	if (decode(&bytes, in, &err_at) != RV_OK) {
		assert(bytes.len == 0);
		assert(err_at <= in.len);
	} else {
		encode(&text, rv_buf_str(&bytes));
		assert(decode(&again, rv_buf_str(&text), NULL) == RV_OK);
		assert(rv_str_eq(rv_buf_str(&again), rv_buf_str(&bytes)));
		assert(text.len <= in.len);
	}
	rv_buf_deinit(&bytes);
	rv_buf_deinit(&text);
	rv_buf_deinit(&again);
}

static void check_id(struct rv_str in)
{
	char text[RV_ID_TEXT_MAX + 1];
	int64_t id = -1;

	if (rv_id_parse(in, "req", &id) != RV_OK) {
		assert(id == -1);
		return;
	}
	rv_id_format(id, "req", text);
	assert(rv_str_ieq(in, rv_str(text)));
}

static void check_time(struct rv_str in)
{
	char text[RV_TIME_TEXT_LEN + 1];
	int64_t us = -1, again = -1;

	if (rv_time_parse(in, &us) != RV_OK) {
		assert(us == -1);
		return;
	}
	rv_time_format(us, text);
	assert(rv_time_parse(rv_str(text), &again) == RV_OK);
	/* An offset may lead out of the years that have a text. */
	assert(us == again || rv_str_starts(rv_str(text), "0000-01-01") ||
	       rv_str_starts(rv_str(text), "9999-12-31"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str in;

	if (size == 0)
		return 0;
	in = rv_strn(data + 1, size - 1);
	switch (data[0]) {
	case 'b':
		check_codec(in, rv_base64_decode, rv_base64_encode);
		break;
	case 'h':
		check_codec(in, rv_hex_decode, rv_hex_encode);
		break;
	case 'i':
		check_id(in);
		break;
	default:
		check_time(in);
	}
	return 0;
}
