/* Property: what the builder writes, the reader reads back, in any pieces and fragments. Random
 * modules; the seed is printed, RV_SEED replays it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/arena.h"
#include "proto/armsxml/build.h"
#include "proto/armsxml/parse.h"

enum { ROUNDS = 150, MODULES_MAX = 12, CONFIG_MAX = 3000 };

static uint64_t state_of_random;

/* xorshift64* */
static uint64_t next_random(uint64_t below)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (state_of_random * 0x2545F4914F6CDD1DULL >> 16) % below;
}

static struct rv_str random_bytes(struct rv_arena *arena, size_t max, bool is_binary)
{
	static const char text[] = "abc <>&\"'\r\n\t]]>;#x0-=/+&amp;";
	size_t len = (size_t)next_random(next_random(4) == 0 ? max : 20);
	char *p = rv_arena_alloc(arena, len + 1);

	assert_non_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = is_binary ? (char)next_random(256) : text[next_random(sizeof(text) - 1)];
	return rv_strn(p, len);
}

struct expected {
	const struct rv_armsxml_module *modules;
	size_t count;
	size_t fragment_bytes;
	size_t next;   /* module whose config comes next */
	size_t offset; /* within it */
	size_t list_calls;
};

static void skip_without_config(struct expected *e)
{
	while (e->next < e->count && !e->modules[e->next].has_config)
		e->next++;
}

static int on_modules(void *ctx, const struct rv_armsxml_module *list, size_t count)
{
	struct expected *e = ctx;

	e->list_calls++;
	assert_int_equal(count, e->count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].id, e->modules[i].id);
		assert_int_equal(list[i].version.ptr != NULL, e->modules[i].version.ptr != NULL);
		assert_true(rv_str_eq(list[i].version, e->modules[i].version));
		assert_true(rv_str_eq(list[i].infostring, e->modules[i].infostring));
	}
	return RV_OK;
}

static int on_config(void *ctx, const struct rv_armsxml_piece *piece)
{
	struct expected *e = ctx;

	skip_without_config(e);
	assert_true(e->next < e->count);
	const struct rv_armsxml_module *module = &e->modules[e->next];
	assert_int_equal(piece->module->id, module->id);
	assert_int_equal(piece->is_first, e->offset == 0);
	assert_int_equal(piece->data[piece->len], '\0');
	assert_true(e->fragment_bytes == 0 || piece->len <= e->fragment_bytes);
	assert_true(piece->is_last || piece->len == e->fragment_bytes);
	assert_true(piece->len <= module->config.len - e->offset);
	assert_memory_equal(piece->data, piece->len > 0 ? module->config.ptr + e->offset : "",
			    piece->len);
	e->offset += piece->len;
	assert_int_equal(piece->is_last, e->offset == module->config.len);
	if (piece->is_last) {
		e->next++;
		e->offset = 0;
	}
	return RV_OK;
}

static void read_back(struct rv_str doc, struct expected *e)
{
	struct rv_armsxml_sink sink = { on_modules, on_config, e, e->fragment_bytes };
	const struct rv_armsxml_response *res = NULL;
	struct rv_armsxml_reader *reader;
	struct rv_arena arena = { 0 };
	size_t most = next_random(3) == 0 ? 3 : 700;

	assert_int_equal(rv_armsxml_reader_new(RV_ARMSXML_CONFIG_SOLICITATION, &arena, doc.len,
					       &sink, &reader),
			 RV_OK);
	for (size_t at = 0; at < doc.len;) {
		struct rv_str piece = rv_str_sub(doc, at, 1 + (size_t)next_random(most));

		assert_int_equal(rv_armsxml_reader_feed(reader, piece, NULL), RV_OK);
		at += piece.len;
	}
	assert_int_equal(rv_armsxml_reader_finish(reader, &res, NULL), RV_OK);
	skip_without_config(e);
	assert_int_equal(e->next, e->count);
	assert_int_equal(e->list_calls, e->count > 0 ? 1 : 0);
	assert_int_equal(res->code.value, 100);
	rv_armsxml_reader_free(reader);
	rv_arena_deinit(&arena);
}

static void one_round(void)
{
	static const struct rv_str url = { "https://192.0.2.1/", 18 };
	struct rv_armsxml_module modules[MODULES_MAX];
	struct rv_arena arena = { 0 };
	struct rv_buf doc = { 0 };
	struct rv_armsxml_response res = {
		.type = RV_ARMSXML_CONFIG_SOLICITATION,
		.code = { true, 100 },
		.heartbeats[0] = { .host = { "192.0.2.1", 9 },
				   .port = { true, 5115 },
				   .passphrase = { "p", 1 },
				   .interval = { true, 60 } },
		.heartbeat_count = 1,
		.pull_urls = { { url }, 1 },
		.modules = modules,
		.module_count = (size_t)next_random(MODULES_MAX + 1),
	};

	for (size_t i = 0; i < res.module_count; i++) {
		struct rv_armsxml_module *m = &modules[i];

		*m = (struct rv_armsxml_module){ .id = (uint32_t)(i * 357913941),
						 .infostring = random_bytes(&arena, 100, false),
						 .has_config = next_random(5) != 0,
						 .is_binary = next_random(2) == 0 };
		if (next_random(3) != 0)
			m->version = random_bytes(&arena, 40, false);
		if (m->has_config)
			m->config = random_bytes(&arena, CONFIG_MAX, m->is_binary);
	}
	assert_int_equal(rv_armsxml_build_response(&res, &doc, NULL), RV_OK);
	struct expected e = { modules,
			      res.module_count,
			      next_random(2) == 0 ? 0 : 1 + (size_t)next_random(600),
			      0,
			      0,
			      0 };
	read_back(rv_buf_str(&doc), &e);
	rv_buf_deinit(&doc);
	rv_arena_deinit(&arena);
}

static void random_modules_arrive_as_they_were_built(void **state)
{
	const char *given = getenv("RV_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);

	(void)state;
	print_message("# RV_SEED=%llu\n", (unsigned long long)seed);
	state_of_random = seed * 2 + 1; /* never zero */
	for (int i = 0; i < ROUNDS; i++)
		one_round();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_modules_arrive_as_they_were_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
