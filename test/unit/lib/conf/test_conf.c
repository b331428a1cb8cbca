#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf_priv.h"

static int check_has_colon(struct rv_str value, struct rv_diag *diag)
{
	if (rv_str_find(value, ':') < value.len)
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "test.colon", NULL, "an address has a colon");
}

static int check_silent(struct rv_str value, struct rv_diag *diag)
{
	(void)diag;
	return rv_str_is(value, "bad") ? RV_EINVALID : RV_OK;
}

static const char *const levels[] = { "low", "high", NULL };

static const struct rv_conf_item edge_items[] = {
	{ .name = "listen",
	  .type = RV_CONF_LIST,
	  .def = "{\"0.0.0.0:8443\", \"[::]:8443\"}",
	  .min = 1,
	  .max = 4,
	  .check = check_has_colon,
	  .doc = "Where to listen.",
	  .doc_ja = "\xe5\xbe\x85\xe5\x8f\x97\xe3\x80\x82" },
	{ .name = "workers",
	  .type = RV_CONF_INT,
	  .def = "2",
	  .min = 1,
	  .max = 64,
	  .doc = "Processes." },
	{ .name = "offset", .type = RV_CONF_INT, .def = "-3", .min = -5, .max = 5 },
	{ .name = "idle",
	  .type = RV_CONF_DURATION,
	  .def = "30s",
	  .min = 10000,
	  .max = INT64_C(7776000000000) },
	{ .name = "buffer", .type = RV_CONF_SIZE, .def = "64KiB", .min = 4096, .max = 1 << 20 },
	{ .name = "secure", .type = RV_CONF_BOOL, .def = "on", .reload = RV_CONF_LIVE },
	{ .name = "level", .type = RV_CONF_ENUM, .def = "low", .choices = levels },
	{ .name = "name", .type = RV_CONF_STR, .check = check_silent },
	{ .name = "names", .type = RV_CONF_LIST, .doc = ".not a request - \\fB" },
	{ .name = "password", .type = RV_CONF_STR, .is_secret = true, .check = check_silent },
	{ .name = "here",
	  .type = RV_CONF_STR,
	  .def = "127.0.0.1:0",
	  .check = rv_conf_check_listen },
	{ .name = "store", .type = RV_CONF_STR, .is_url = true, .check = check_silent },
	{ .name = "peer", .type = RV_CONF_STR, .def = "[::1]:7", .check = rv_conf_check_peer },
};
static const struct rv_conf_item line_items[] = {
	{ .name = "user", .type = RV_CONF_STR, .doc = "Who." },
	{ .name = "retry", .type = RV_CONF_DURATION, .def = "5m", .min = 0, .max = 0 },
};
static const struct rv_conf_section schema[] = {
	{ .name = "edge",
	  .doc = "The edge.",
	  .items = edge_items,
	  .item_count = RV_ARRAY_LEN(edge_items) },
	{ .name = "line",
	  .doc = "One line.",
	  .items = line_items,
	  .item_count = RV_ARRAY_LEN(line_items),
	  .may_repeat = true },
};

static int parse(const char *text, struct rv_conf **out, struct rv_diag *diag)
{
	return rv_conf_parse(schema, RV_ARRAY_LEN(schema), rv_str(text), "t.conf", out, diag);
}

static struct rv_conf *parsed(const char *text)
{
	struct rv_diag diag = { 0 };
	struct rv_conf *conf = NULL;

	if (parse(text, &conf, &diag) != RV_OK)
		fail_msg("%s", diag.text);
	return conf;
}

static void an_empty_file_gives_every_default(void **state)
{
	struct rv_conf *conf = parsed("");
	const struct rv_conf_sec *edge = rv_conf_get(conf, "edge", NULL);
	const char *const *list;

	(void)state;
	assert_non_null(edge);
	assert_null(rv_conf_title(edge));
	assert_int_equal(rv_conf_list(edge, "listen", &list), 2);
	assert_string_equal(list[0], "0.0.0.0:8443");
	assert_string_equal(list[1], "[::]:8443");
	assert_int_equal(rv_conf_int(edge, "workers"), 2);
	assert_int_equal(rv_conf_int(edge, "offset"), -3);
	assert_int_equal(rv_conf_int(edge, "idle"), 30000000);
	assert_int_equal(rv_conf_int(edge, "buffer"), 65536);
	assert_true(rv_conf_bool(edge, "secure"));
	assert_string_equal(rv_conf_str(edge, "level"), "low");
	assert_null(rv_conf_str(edge, "name"));
	assert_int_equal(rv_conf_list(edge, "names", &list), 0);
	assert_null(rv_conf_get(conf, "line", NULL));
	assert_null(rv_conf_next(conf, edge));
	rv_conf_free(conf);
	rv_conf_free(NULL);
}

static void given_values_are_read(void **state)
{
	struct rv_conf *conf = parsed("# comment ${HOME}\n"
				      "edge {\r\n"
				      "  listen = {1.2.3.4:5, '[::1]:6'} // ${HOME}\n"
				      "  workers = 64 offset = -5 idle = 10ms buffer = 1MiB\n"
				      "  secure = No /* ${HOME}\n */ level = high\n"
				      "  name = \"a \\\"b\\\" \\\\ ${HOME} $x\"\n"
				      "  names = {} password = '${HOME}'\n"
				      "}\n");
	const struct rv_conf_sec *edge = rv_conf_get(conf, "edge", NULL);
	const char *const *list;

	(void)state;
	assert_int_equal(rv_conf_list(edge, "listen", &list), 2);
	assert_string_equal(list[1], "[::1]:6");
	assert_int_equal(rv_conf_int(edge, "workers"), 64);
	assert_int_equal(rv_conf_int(edge, "offset"), -5);
	assert_int_equal(rv_conf_int(edge, "idle"), 10000);
	assert_int_equal(rv_conf_int(edge, "buffer"), 1 << 20);
	assert_false(rv_conf_bool(edge, "secure"));
	assert_string_equal(rv_conf_str(edge, "level"), "high");
	assert_string_equal(rv_conf_str(edge, "name"), "a \"b\" \\ ${HOME} $x");
	assert_string_equal(rv_conf_str(edge, "password"), "${HOME}");
	rv_conf_free(conf);
}

static void repeated_sections_keep_title_and_order(void **state)
{
	struct rv_conf *conf = parsed("line b { user = 1 }\nline \"a b\" { }\n");
	const struct rv_conf_sec *first = rv_conf_get(conf, "line", NULL), *second;

	(void)state;
	assert_string_equal(rv_conf_title(first), "b");
	assert_string_equal(rv_conf_str(first, "user"), "1");
	second = rv_conf_next(conf, first);
	assert_string_equal(rv_conf_title(second), "a b");
	assert_null(rv_conf_str(second, "user"));
	assert_int_equal(rv_conf_int(second, "retry"), 300000000);
	assert_null(rv_conf_next(conf, second));
	assert_ptr_equal(rv_conf_get(conf, "line", "a b"), second);
	assert_null(rv_conf_get(conf, "line", "c"));
	rv_conf_free(conf);
}

static const struct {
	const char *text;
	int err;
	const char *key, *where;
	unsigned line;
	const char *says;
} bad[] = {
	{ "edge { workers = 65 }", RV_EINVALID, "conf.range", "edge.workers", 1,
	  "\"65\"; it must be integer, 1..64" },
	{ "edge {\n\n workers = 0 }", RV_EINVALID, "conf.range", "edge.workers", 3, "t.conf:3: " },
	{ "edge { workers = x }", RV_EINVALID, "conf.type", "edge.workers", 1, "integer" },
	{ "edge { workers = 99999999999999999999 }", RV_EINVALID, "conf.type", "edge.workers", 1,
	  "1..64" },
	{ "edge { workers = \"\" }", RV_EINVALID, "conf.type", "edge.workers", 1, "1..64" },
	{ "edge { idle = 30 }", RV_EINVALID, "conf.type", "edge.idle", 1, "10ms..90d" },
	{ "edge { idle = 91d }", RV_EINVALID, "conf.range", "edge.idle", 1, "10ms..90d" },
	{ "edge { idle = 9999999999999d }", RV_EINVALID, "conf.type", "edge.idle", 1, "10ms..90d" },
	{ "edge { idle = 1w }", RV_EINVALID, "conf.type", "edge.idle", 1, "10ms..90d" },
	{ "edge { buffer = 64KB }", RV_EINVALID, "conf.type", "edge.buffer", 1, "4KiB..1MiB" },
	{ "edge { buffer = 2GiB }", RV_EINVALID, "conf.range", "edge.buffer", 1, "4KiB..1MiB" },
	{ "edge { secure = maybe }", RV_EINVALID, "conf.type", "edge.secure", 1, "on or off" },
	{ "edge { level = middle }", RV_EINVALID, "conf.type", "edge.level", 1,
	  "one of low, high" },
	{ "edge { listen = {nocolon} }", RV_EINVALID, "test.colon", "edge.listen", 1,
	  "t.conf:1: edge.listen is \"nocolon\": an address has a colon" },
	{ "edge { peer = \"hb.example:5115\" }", RV_EINVALID, "conf.address", "edge.peer", 1,
	  "edge.peer is \"hb.example:5115\": it must be" },
	{ "edge { peer = \"192.0.2.1:0\" }", RV_EINVALID, "conf.address", "edge.peer", 1,
	  "1..65535" },
	{ "edge { here = \"1.2.3.4:99999\" }", RV_EINVALID, "conf.address", "edge.here", 1,
	  "edge.here is \"1.2.3.4:99999\": it must be" },
	{ "edge { password = bad }", RV_EINVALID, "conf.value", "edge.password", 1, "\"***\"" },
	{ "edge { store = bad }", RV_EINVALID, "conf.value", "edge.store", 1, "\"***\"" },
	{ "edge { listen = {} }", RV_EINVALID, "conf.count", "edge.listen", 1, "1..4" },
	{ "edge { listen = {a:,a:,a:,a:,a:} }", RV_ELIMIT, "conf.too_many", "edge.listen", 1,
	  "4 entries" },
	{ "edge { name = bad }", RV_EINVALID, "conf.value", "edge.name", 1, "\"bad\"" },
	{ "edge { name = \"\xff\" }", RV_EINVALID, "conf.encoding", "edge.name", 1, "UTF-8" },
	{ "edge { worker = 1 }", RV_EINVALID, "conf.unknown", "edge.worker", 1,
	  "did you mean \"workers\"?" },
	{ "edge {\nworkers = 1\nxyzzy_plugh = 1 }", RV_EINVALID, "conf.unknown", "edge.xyzzy_plugh",
	  3, "no item" },
	{ "line l { edge = 1 }", RV_EINVALID, "conf.unknown", "line.edge", 1, "no item" },
	{ "egde { }", RV_EINVALID, "conf.unknown", "egde", 1, "did you mean \"edge\"?" },
	{ "include(\"/etc/passwd\")", RV_EINVALID, "conf.unknown", "include", 1,
	  "no section \"include\"" },
	{ "edge { include(\"/etc/passwd\") }", RV_EINVALID, "conf.unknown", "edge.include", 1,
	  "no item" },
	{ "edge { workers = 1 workers = 2 }", RV_EINVALID, "conf.twice", "edge.workers", 1,
	  "twice" },
	{ "edge { listen = {a:} listen = {b:} }", RV_EINVALID, "conf.twice", "edge.listen", 1,
	  "twice" },
	{ "edge { }\nedge { }", RV_EINVALID, "conf.twice", "edge", 2, "twice" },
	{ "edge { }\nedge { workers = 1 }", RV_EINVALID, "conf.twice", "edge", 2, "twice" },
	{ "line a { }\nline a { }", RV_ESYNTAX, "conf.syntax", "", 2, "duplicate" },
	{ "line { }", RV_ESYNTAX, "conf.syntax", "", 1, "" },
	{ "line \"\" { }", RV_EINVALID, "conf.title", "line", 1, "title" },
	{ "edge title { }", RV_ESYNTAX, "conf.syntax", "", 1, "" },
	{ "edge { workers 1 }", RV_ESYNTAX, "conf.syntax", NULL, 1, "" },
	{ "edge { workers = {1, 2} }", RV_ESYNTAX, "conf.syntax", NULL, 1, "" },
	{ "edge { workers = }", RV_ESYNTAX, "conf.syntax", NULL, 1, "" },
	{ "\nedge {\n workers = 1\n", RV_ESYNTAX, "conf.syntax", NULL, 2, "not closed" },
	{ "edge {\n listen = {a:", RV_ESYNTAX, "conf.syntax", NULL, 1, "not closed" },
	{ "edge { } }", RV_ESYNTAX, "conf.syntax", NULL, 1, "" },
	{ "edge = 3", RV_ESYNTAX, "conf.syntax", NULL, 1, "" },
	{ "workers = 3", RV_EINVALID, "conf.unknown", "workers", 1, "no section" },
	{ "edge {\n name = \"x\n\n", RV_ESYNTAX, "conf.syntax", "", 2, "no end" },
	{ "edge {\n name = 'x\n\n", RV_ESYNTAX, "conf.syntax", "", 2, "no end" },
	{ "\n/* x\n\n", RV_ESYNTAX, "conf.syntax", "", 2, "no end" },
	{ "edge { name = ${HOME} }", RV_ESYNTAX, "conf.syntax", "", 1, "environment" },
};

static void every_mistake_is_named_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad); i++) {
		struct rv_conf *conf = (struct rv_conf *)state;
		struct rv_diag d = { 0 };
		int err = parse(bad[i].text, &conf, &d);

		if (err != bad[i].err || d.key == NULL || strcmp(d.key, bad[i].key) != 0 ||
		    (bad[i].where != NULL && strcmp(d.where, bad[i].where) != 0) ||
		    (bad[i].line != 0 && d.line != bad[i].line) ||
		    strstr(d.text, bad[i].says) == NULL)
			fail_msg("%s: %d %s at %s line %u: %s", bad[i].text, err, d.key, d.where,
				 d.line, d.text);
		assert_non_null(strstr(d.text, "t.conf"));
		assert_ptr_equal(conf, state); /* untouched */
		assert_int_equal(parse(bad[i].text, &conf, NULL), err);
		rv_conf_free(parsed("edge { }")); /* nothing sticks in the lexer */
	}
}

static void limits_hold(void **state)
{
	static char text[RV_CONF_FILE_MAX + 2];
	struct rv_diag d = { 0 };
	struct rv_conf *conf = NULL;
	struct rv_buf many = { 0 };

	(void)state;
	memset(text, '\n', RV_CONF_FILE_MAX + 1);
	assert_int_equal(parse(text, &conf, &d), RV_ELIMIT);
	assert_string_equal(d.key, "conf.too_long");
	snprintf(text, sizeof(text), "edge { name = %0*d }", RV_CONF_TEXT_MAX + 1, 1);
	assert_int_equal(parse(text, &conf, &d), RV_ELIMIT);
	assert_string_equal(d.where, "edge.name");
	for (int i = 0; i <= RV_CONF_SECTIONS_MAX; i++)
		rv_buf_printf(&many, "line l%d {}\n", i);
	rv_buf_putc(&many, '\0');
	assert_int_equal(parse(many.ptr, &conf, &d), RV_ELIMIT);
	assert_string_equal(d.key, "conf.too_many");
	assert_int_equal(rv_conf_parse(schema, RV_ARRAY_LEN(schema), RV_STR_LIT("\nedge { \0 }"),
				       "t.conf", &conf, &d),
			 RV_ESYNTAX);
	assert_int_equal(d.line, 2);
	assert_null(conf);
	rv_buf_deinit(&many);
}

static void an_item_knows_its_line(void **state)
{
	struct rv_conf *conf = parsed("# a comment\nedge {\n workers = 3\n names = {a,\n  b}\n}\n");
	const struct rv_conf_sec *edge = rv_conf_get(conf, "edge", NULL);

	(void)state;
	assert_int_equal(rv_conf_line(edge, "workers"), 3);
	assert_int_equal(rv_conf_line(edge, "names"), 5);
	assert_int_equal(rv_conf_line(edge, "level"), 0);
	rv_conf_free(conf);
}

static struct rv_buf dumped(const struct rv_conf *conf)
{
	struct rv_buf b = { 0 };

	rv_conf_dump(conf, &b);
	assert_int_equal(b.err, RV_OK);
	rv_buf_putc(&b, '\0');
	return b;
}

static const char rich[] =
	"edge { name = \"a\\\"\\\\ \\n${X}'\" level = high names = {\"\", \"x, y\"} }\n"
	"line \"b \\\" c\" { user = 1 }\n";

static void a_dump_hides_the_password_of_a_url(void **state)
{
	struct rv_conf *conf = parsed("edge { store = \"postgresql://u:s3cret@db/r\" }\n");
	struct rv_buf text = dumped(conf);

	(void)state;
	assert_non_null(strstr(text.ptr, "store = \"postgresql://u:***@db/r\""));
	assert_string_equal(rv_conf_str(rv_conf_get(conf, "edge", NULL), "store"),
			    "postgresql://u:s3cret@db/r");
	rv_buf_deinit(&text);
	rv_conf_free(conf);
}

static void a_dump_parses_back_to_the_same(void **state)
{
	struct rv_conf *conf = parsed(rich), *again;
	struct rv_buf first = dumped(conf), second;

	(void)state;
	again = parsed(first.ptr);
	second = dumped(again);
	assert_string_equal(first.ptr, second.ptr);
	assert_string_equal(rv_conf_str(rv_conf_get(again, "edge", NULL), "name"), "a\"\\ \n${X}'");
	assert_non_null(
		strstr(first.ptr, "line \"b \\\" c\" {\n\tuser = \"1\"\n\tretry = \"5m\"\n}\n"));
	rv_buf_deinit(&first);
	rv_buf_deinit(&second);
	rv_conf_free(conf);
	rv_conf_free(again);
}

static void a_dump_shows_no_secrets(void **state)
{
	struct rv_conf *conf = parsed("edge { password = hunter2 }");
	struct rv_buf text = dumped(conf);

	(void)state;
	assert_null(strstr(text.ptr, "hunter2"));
	assert_non_null(strstr(text.ptr, "password = \"***\""));
	rv_buf_deinit(&text);
	rv_conf_free(conf);
}

static void the_example_parses_and_shows_all(void **state)
{
	struct rv_buf b = { 0 };
	char *active;

	(void)state;
	rv_conf_example(schema, RV_ARRAY_LEN(schema), &b);
	rv_buf_putc(&b, '\0');
	rv_conf_free(parsed(b.ptr));
	assert_non_null(
		strstr(b.ptr, "\t# Where to listen.\n\t# \xe5\xbe\x85\xe5\x8f\x97\xe3\x80\x82\n"));
	assert_non_null(strstr(
		b.ptr, "\t# (integer, 1..64; changes need a restart)\n\t#workers = \"2\"\n"));
	/* With the marks of its defaults taken away it must parse, too. */
	for (active = b.ptr; (active = strstr(active, "\n\t#")) != NULL; active++)
		if (active[3] != ' ')
			active[2] = ' ';
	for (active = b.ptr; (active = strstr(active, "\n#")) != NULL; active++)
		if (active[2] != ' ')
			active[1] = ' ';
	rv_conf_free(parsed(b.ptr));
	rv_buf_deinit(&b);
}

static void the_man_text_is_troff(void **state)
{
	struct rv_buf b = { 0 };

	(void)state;
	rv_conf_man(schema, RV_ARRAY_LEN(schema), &b);
	rv_buf_putc(&b, '\0');
	assert_non_null(
		strstr(b.ptr, ".SS edge\nThe edge.\n.TP\n.B listen\nWhere to listen.\n.br\n"));
	assert_non_null(strstr(b.ptr, "integer, \\-5..5; changes need a restart; default \\-3.\n"));
	assert_non_null(strstr(b.ptr, "\n\\&.not a request \\- \\efB\n"));
	rv_buf_deinit(&b);
}

static struct rv_buf packed(void)
{
	static const char *const names[] = { "line", "edge", NULL };
	struct rv_conf *conf = parsed(rich);
	struct rv_buf bytes = { 0 };

	assert_int_equal(rv_conf_pack(conf, names, NULL, &bytes), RV_OK);
	rv_conf_free(conf);
	return bytes;
}

static void packing_keeps_everything(void **state)
{
	struct rv_conf *before = parsed(rich), *after = NULL;
	struct rv_buf bytes = packed(), a, b;

	(void)state;
	assert_int_equal(rv_conf_unpack(schema, RV_ARRAY_LEN(schema), rv_buf_str(&bytes), &after),
			 RV_OK);
	a = dumped(before);
	b = dumped(after);
	assert_string_equal(a.ptr, b.ptr);
	rv_buf_deinit(&a);
	rv_buf_deinit(&b);
	rv_buf_deinit(&bytes);
	rv_conf_free(before);
	rv_conf_free(after);
}

static void only_named_sections_are_packed(void **state)
{
	static const char *const names[] = { "line", NULL };
	struct rv_conf *before = parsed("edge { workers = 7 }\nline a {}"), *after = NULL;
	struct rv_buf bytes = { 0 };

	(void)state;
	assert_int_equal(rv_conf_pack(before, names, NULL, &bytes), RV_OK);
	assert_int_equal(rv_conf_unpack(schema, RV_ARRAY_LEN(schema), rv_buf_str(&bytes), &after),
			 RV_OK);
	assert_int_equal(rv_conf_int(rv_conf_get(after, "edge", NULL), "workers"), 2);
	assert_non_null(rv_conf_get(after, "line", "a"));
	rv_conf_free(after);
	bytes.max = bytes.len + 1;
	assert_int_equal(rv_conf_pack(before, names, NULL, &bytes), RV_ELIMIT);
	rv_buf_deinit(&bytes);
	rv_conf_free(before);
}

static void damaged_bytes_are_refused(void **state)
{
	static const struct {
		struct rv_str bytes;
		int err;
	} cases[] = {
		{ { "", 0 }, RV_ESYNTAX },
		{ RV_STR_LIT("\x03"), RV_EVERSION },
		{ RV_STR_LIT("\x01\x00\x04"
			     "none"
			     "\0\0"
			     "\0\0"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\1t"
			     "\0\0"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "line"
			     "\0\0"
			     "\0\0"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "line"
			     "\0\2a\0"
			     "\0\0"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\1"
			     "\0\4none"
			     "\0\0"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\1"
			     "\0\7workers"
			     "\0\0"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\1"
			     "\0\7workers"
			     "\0\1\0\2"
			     "99"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\1"
			     "\0\7workers"
			     "\0\2\0\1"
			     "1\0\1"
			     "1"),
		  RV_ELIMIT },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\1"
			     "\0\6listen"
			     "\0\0"),
		  RV_EINVALID },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\0"
			     "\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\0"),
		  RV_EEXISTS },
		{ RV_STR_LIT("\x01\x00\x04"
			     "edge"
			     "\0\0"
			     "\0\1"),
		  RV_ESYNTAX },
	};
	struct rv_buf bytes = packed();
	struct rv_conf *conf = NULL;

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(
			rv_conf_unpack(schema, RV_ARRAY_LEN(schema), cases[i].bytes, &conf),
			cases[i].err);
	for (size_t len = 0; len < bytes.len;
	     len++) { /* cut anywhere: refused, or a whole section less */
		if (rv_conf_unpack(schema, RV_ARRAY_LEN(schema), rv_strn(bytes.ptr, len), &conf) ==
		    RV_OK) {
			rv_conf_free(conf);
			conf = NULL;
		}
	}
	assert_null(conf);
	rv_buf_deinit(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_every_default),
		cmocka_unit_test(given_values_are_read),
		cmocka_unit_test(repeated_sections_keep_title_and_order),
		cmocka_unit_test(every_mistake_is_named_with_its_place),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(an_item_knows_its_line),
		cmocka_unit_test(a_dump_hides_the_password_of_a_url),
		cmocka_unit_test(a_dump_parses_back_to_the_same),
		cmocka_unit_test(a_dump_shows_no_secrets),
		cmocka_unit_test(the_example_parses_and_shows_all),
		cmocka_unit_test(the_man_text_is_troff),
		cmocka_unit_test(packing_keeps_everything),
		cmocka_unit_test(only_named_sections_are_packed),
		cmocka_unit_test(damaged_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
