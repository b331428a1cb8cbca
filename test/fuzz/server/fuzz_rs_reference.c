/* The pieces of a body, each written as it stands there, are the body: nothing is lost, nothing
 * invented. Values are put in as they are: what looks like a reference in one is none. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "server/rs/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char value_text[] = "<${secret:not-again}$${>";

static int look_up(void *arg, struct rv_str name, struct rv_str *value)
{
	size_t *count = arg;

	assert(rs_secret_name_ok(name));
	(*count)++;
	*value = rv_str(value_text);
	return RV_OK;
}

static void put_back(const struct rs_reference_piece *piece, struct rv_buf *out)
{
	if (piece->name.len > 0)
		rv_buf_printf(out, "${secret:%.*s}", RV_STR_ARG(piece->name));
	else if (rv_str_is(piece->text, "${"))
		rv_buf_puts(out, "$${");
	else
		rv_buf_put_str(out, piece->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str body = rv_strn(data, size), rest = body;
	struct rv_buf again = { 0 }, rendered = { 0 };
	size_t names = 0, asked = 0, text_bytes = 0;
	struct rs_reference_piece piece;
	struct rv_diag diag = { 0 };
	int err;

	while (rs_reference_next(&rest, &piece, &err, &diag)) {
		assert(piece.name.len > 0 || piece.text.len > 0);
		names += piece.name.len > 0;
		text_bytes += piece.text.len;
		put_back(&piece, &again);
	}
	assert(err == RV_OK || (err == RV_EINVALID && diag.text[0] != '\0'));
	assert(rs_reference_render(body, look_up, &asked, &rendered) == err);
	assert(asked == names);
	if (err == RV_OK) {
		assert(rv_str_eq(rv_buf_str(&again), body));
		assert(rendered.len == text_bytes + names * (sizeof(value_text) - 1));
	} else {
		assert(rv_str_eq(rv_buf_str(&again), rv_str_sub(body, 0, again.len)));
	}
	rv_buf_deinit(&again);
	rv_buf_deinit(&rendered);
	return 0;
}
