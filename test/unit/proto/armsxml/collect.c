#include "collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DOC_MAX = 4 * 1024 * 1024 };

static int on_modules(void *ctx, const struct rv_armsxml_module *list, size_t count)
{
	struct collected *c = ctx;

	for (size_t i = 0; i < count; i++)
		rv_buf_printf(&c->events, "%s%u", i == 0 ? "[" : ",", list[i].id);
	rv_buf_putc(&c->events, ']');
	return RV_OK;
}

static int on_config(void *ctx, const struct rv_armsxml_piece *piece)
{
	struct collected *c = ctx;

	rv_buf_printf(&c->events, "(%u:%s", piece->module->id, piece->is_first ? "^" : "");
	rv_buf_put(&c->events, piece->data, piece->len);
	rv_buf_puts(&c->events, piece->is_last ? "$)" : ")");
	c->has_no_nul |= piece->data[piece->len] != '\0';
	return c->result_of_config;
}

int read_answer(struct collected *c, enum rv_armsxml_type type, struct rv_str text, size_t piece)
{
	struct rv_armsxml_sink sink = { on_modules, on_config, c, c->fragment_bytes };
	struct rv_armsxml_reader *reader;
	int r = RV_OK;

	assert_int_equal(rv_armsxml_reader_new(type, &c->arena, DOC_MAX, &sink, &reader), RV_OK);
	for (size_t at = 0; at < text.len && r == RV_OK; at += piece)
		r = rv_armsxml_reader_feed(reader, rv_str_sub(text, at, piece), &c->diag);
	c->is_done = rv_armsxml_reader_is_done(reader);
	if (r != RV_OK)
		assert_int_equal(rv_armsxml_reader_feed(reader, RV_STR_LIT(" "), NULL), r);
	r = rv_armsxml_reader_finish(reader, &c->res, &c->diag);
	rv_armsxml_reader_free(reader);
	return r;
}

void collected_free(struct collected *c)
{
	rv_arena_deinit(&c->arena);
	rv_buf_deinit(&c->events);
}

void load(const char *name, struct rv_buf *out)
{
	const char *root = getenv("REEVE_SRC");
	char path[1024];

	snprintf(path, sizeof(path), "%s/test/unit/proto/armsxml/data/%s",
		 root != NULL ? root : ".", name);
	if (rv_buf_read_file(out, path, DOC_MAX) != RV_OK)
		fail_msg("cannot read %s", path);
}
