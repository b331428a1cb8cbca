#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf.h"

static const struct rv_conf_item edge_items[] = {
	{ .name = "port", .type = RV_CONF_INT, .def = "1", .max = 99 },
	{ .name = "wait", .type = RV_CONF_DURATION, .def = "1h", .reload = RV_CONF_LIVE },
	{ .name = "urls", .type = RV_CONF_LIST, .def = "{a, b}", .reload = RV_CONF_LIVE },
	{ .name = "name", .type = RV_CONF_STR, .reload = RV_CONF_LIVE },
	{ .name = "pem", .type = RV_CONF_FILE, .def = "p", .max = 16, .reload = RV_CONF_LIVE },
	{ .name = "root", .type = RV_CONF_FILE, .def = "r", .max = 16 },
};
static const struct rv_conf_section schema[] = {
	{ .name = "edge", .items = edge_items, .item_count = RV_ARRAY_LEN(edge_items) },
	{ .name = "line", .items = edge_items, .item_count = 3, .may_repeat = true },
};

static void note(void *arg, const struct rv_conf_sec *sec, const struct rv_conf_item *item)
{
	struct rv_buf *out = arg;

	rv_buf_printf(out, "%s.%s ", rv_conf_section_name(sec), item != NULL ? item->name : "*");
}

static struct rv_conf *parsed(const char *text)
{
	struct rv_diag diag = { 0 };
	struct rv_conf *conf = NULL;

	if (rv_conf_parse(schema, 2, rv_str(text), "t.conf", &conf, &diag) != RV_OK)
		fail_msg("%s", diag.text);
	return conf;
}

/* What differs, and what the result is as a file (NULL: as `running`). */
static const struct {
	const char *running, *given, *changes, *result;
} cases[] = {
	{ "", "", "", NULL },
	{ "", "edge { wait = 60m }", "", NULL }, /* the same by value */
	{ "", "edge { wait = 2h }", "edge.wait ", "edge { wait = 2h }" },
	{ "", "edge { port = 2 }", "edge.port ", NULL },
	{ "edge { port = 2 }", "edge { wait = 2h }", "edge.port edge.wait ",
	  "edge { port = 2 wait = 2h }" },
	{ "", "edge { urls = {a} }", "edge.urls ", "edge { urls = {a} }" },
	{ "", "edge { urls = {} }", "edge.urls ", "edge { urls = {} }" },
	{ "", "edge { urls = {b, a} }", "edge.urls ", "edge { urls = {b, a} }" },
	{ "", "edge { name = n }", "edge.name ", "edge { name = n }" },
	{ "edge { name = n }", "", "edge.name ", "" },
	{ "edge { pem = x }", "", "edge.pem ", "" },
	{ "edge { root = x }", "", "edge.root ", NULL },
	{ "line a {}", "line a {}", "", NULL },
	{ "line a {}", "line b {}", "line.* line.* ", NULL },
	{ "line a { port = 3 }", "line a { wait = 2h }", "line.port line.wait ",
	  "line a { port = 3 wait = 2h }" },
};

static void live_items_are_taken_and_others_wait(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_conf *running = parsed(cases[i].running), *given = parsed(cases[i].given);
		struct rv_conf *wanted = parsed(cases[i].result != NULL ? cases[i].result
									: cases[i].running);
		struct rv_conf *merged = NULL;
		struct rv_buf changes = { 0 }, a = { 0 }, b = { 0 };

		assert_int_equal(rv_conf_merge(running, given, note, &changes, &merged), RV_OK);
		assert_true(rv_str_is(rv_buf_str(&changes), cases[i].changes));
		rv_conf_free(running);
		rv_conf_free(given); /* nothing of them is lent */
		rv_conf_dump(merged, &a);
		rv_conf_dump(wanted, &b);
		if (strstr(cases[i].given, "60m") == NULL)
			assert_true(rv_str_eq(rv_buf_str(&a), rv_buf_str(&b)));
		rv_conf_free(merged);
		rv_conf_free(wanted);
		rv_buf_deinit(&changes);
		rv_buf_deinit(&a);
		rv_buf_deinit(&b);
	}
}

/* A configuration in which `pem` and `root` were loaded with these bytes. */
static struct rv_conf *loaded(const char *content)
{
	struct rv_buf bytes = { 0 };
	struct rv_conf *conf = NULL;

	rv_buf_put(&bytes, "\2\0\4edge\0\0\0\2", 11);
	rv_buf_put(&bytes, "\0\3pem\0\1\0\1p\0\0\0\3", 14);
	rv_buf_puts(&bytes, content);
	rv_buf_put(&bytes, "\0\4root\0\1\0\1r\0\0\0\3", 15);
	rv_buf_puts(&bytes, content);
	assert_int_equal(rv_conf_unpack(schema, 2, rv_buf_str(&bytes), &conf), RV_OK);
	rv_buf_deinit(&bytes);
	return conf;
}

static struct rv_str content(const struct rv_conf *conf, const char *item)
{
	return rv_conf_file(rv_conf_get(conf, "edge", NULL), item);
}

static void what_is_in_a_file_counts_where_it_was_loaded(void **state)
{
	struct rv_conf *running = loaded("old"), *given = loaded("new"), *merged = NULL;
	struct rv_conf *unloaded = parsed("");
	struct rv_buf changes = { 0 };

	(void)state;
	assert_int_equal(rv_conf_merge(running, given, note, &changes, &merged), RV_OK);
	assert_true(rv_str_is(rv_buf_str(&changes), "edge.pem edge.root "));
	assert_true(rv_str_is(content(merged, "pem"), "new"));
	assert_true(rv_str_is(content(merged, "root"), "old"));
	rv_conf_free(merged);
	rv_buf_clear(&changes);
	assert_int_equal(rv_conf_merge(unloaded, given, note, &changes, &merged), RV_OK);
	assert_int_equal(changes.len, 0);
	rv_conf_free(merged);
	rv_conf_free(running);
	rv_conf_free(given);
	rv_conf_free(unloaded);
	rv_buf_deinit(&changes);
}

static void a_reference_keeps_it(void **state)
{
	struct rv_conf *conf = parsed("edge { name = n }");
	struct rv_conf *other = rv_conf_ref(conf);

	(void)state;
	rv_conf_free(conf);
	assert_string_equal(rv_conf_str(rv_conf_get(other, "edge", NULL), "name"), "n");
	rv_conf_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_items_are_taken_and_others_wait),
		cmocka_unit_test(what_is_in_a_file_counts_where_it_was_loaded),
		cmocka_unit_test(a_reference_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
