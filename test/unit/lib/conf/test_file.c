#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/conf.h"

static const struct rv_conf_item items[] = {
	{ .name = "certificate", .type = RV_CONF_FILE, .def = "crt.pem", .max = 16 },
	{ .name = "key", .type = RV_CONF_FILE, .def = "key.pem", .max = 16, .is_secret = true },
	{ .name = "trust", .type = RV_CONF_FILE, .def = "", .max = 16 },
	{ .name = "other", .type = RV_CONF_FILE, .max = 16 },
};
static const struct rv_conf_section schema[] = {
	{ .name = "edge", .items = items, .item_count = RV_ARRAY_LEN(items) },
};
static const char *const all[] = { "edge.certificate", "edge.key", "edge.trust", "edge.other",
				   NULL };
static const char *const sections[] = { "edge", NULL };

static char dir[] = "/tmp/reeve-conf-XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	put("crt.pem", "certificate", 0644);
	put("key.pem", "key", 0600);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static struct rv_conf *parsed(const char *text)
{
	struct rv_diag diag = { 0 };
	struct rv_conf *conf = NULL;

	if (rv_conf_parse(schema, 1, rv_str(text), "t.conf", &conf, &diag) != RV_OK)
		fail_msg("%s", diag.text);
	return conf;
}

static struct rv_str content(const struct rv_conf *conf, const char *item)
{
	return rv_conf_file(rv_conf_get(conf, "edge", NULL), item);
}

static void files_are_loaded_and_wiped(void **state)
{
	struct rv_conf *conf = parsed("");
	struct rv_diag diag = { 0 };

	(void)state;
	assert_null(content(conf, "key").ptr);
	assert_int_equal(rv_conf_files_read(conf, all, dir, &diag), RV_OK);
	assert_true(rv_str_is(content(conf, "certificate"), "certificate"));
	assert_true(rv_str_is(content(conf, "key"), "key"));
	assert_null(content(conf, "trust").ptr); /* "" is no file */
	assert_null(content(conf, "other").ptr); /* absent neither */
	assert_string_equal(rv_conf_str(rv_conf_get(conf, "edge", NULL), "key"), "key.pem");
	put("key.pem", "another", 0600);
	assert_int_equal(rv_conf_files_read(conf, all, dir, &diag), RV_OK);
	assert_true(rv_str_is(content(conf, "key"), "key")); /* loaded once */
	rv_conf_files_drop(conf);
	assert_null(content(conf, "key").ptr);
	assert_int_equal(rv_conf_files_read(conf, all, dir, &diag), RV_OK);
	assert_true(rv_str_is(content(conf, "key"), "another"));
	rv_conf_free(conf);
	put("key.pem", "key", 0600);
}

static void only_named_files_are_loaded(void **state)
{
	static const char *const one[] = { "edge.certificate", NULL };
	struct rv_conf *conf = parsed("edge { key = \"missing\" }");

	(void)state;
	assert_int_equal(rv_conf_files_read(conf, one, dir, NULL), RV_OK);
	assert_true(rv_str_is(content(conf, "certificate"), "certificate"));
	assert_null(content(conf, "key").ptr);
	assert_int_equal(rv_conf_files_read(conf, NULL, dir, NULL), RV_OK);
	rv_conf_free(conf);
}

static void an_absolute_path_is_taken_as_it_is(void **state)
{
	char text[128];
	struct rv_conf *conf;

	(void)state;
	snprintf(text, sizeof(text), "edge { certificate = \"%s/key.pem\" }", dir);
	conf = parsed(text);
	assert_int_equal(rv_conf_files_read(conf, all, "/nonexistent", NULL), -ENOENT);
	assert_true(rv_str_is(content(conf, "certificate"), "key"));
	rv_conf_free(conf);
}

static void what_is_wrong_with_a_file_is_named(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *where, *says;
	} cases[] = {
		{ "edge { key = none.pem }", -ENOENT, "edge.key", "reeve pki init" },
		{ "edge { certificate = long.pem }", RV_ELIMIT, "edge.certificate",
		  "has 17 bytes; at most 16 are allowed" },
		{ "edge { trust = empty.pem }", RV_EINVALID, "edge.trust", "is empty" },
		{ "edge { other = . }", RV_EINVALID, "edge.other", "not a regular file" },
		{ "edge { other = fifo }", RV_EINVALID, "edge.other", "not a regular file" },
		{ "edge { key = open.pem }", RV_EDENIED, "edge.key", "mode 0600" },
		{ "edge { key = group-writes.pem }", RV_EDENIED, "edge.key", "mode 0600" },
		{ "edge { key = group-reads.pem certificate = open.pem }", RV_OK, "", "" },
	};
	char path[64];

	(void)state;
	put("long.pem", "12345678901234567", 0600);
	put("empty.pem", "", 0600);
	put("open.pem", "key", 0604);
	put("group-writes.pem", "key", 0620);
	put("group-reads.pem", "key", 0640);
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_conf *conf = parsed(cases[i].text);
		struct rv_diag diag = { 0 };

		assert_int_equal(rv_conf_files_read(conf, all, dir, &diag), cases[i].err);
		assert_string_equal(diag.where, cases[i].where);
		assert_non_null(strstr(diag.text, cases[i].says));
		if (cases[i].err != RV_OK) {
			assert_non_null(strstr(diag.text, dir));
			assert_string_equal(diag.key, "conf.file");
		}
		rv_conf_free(conf);
	}
}

static void a_path_too_long_is_refused(void **state)
{
	char text[4200];
	struct rv_conf *conf;

	(void)state;
	snprintf(text, sizeof(text), "edge { other = \"%04090d\" }", 0);
	conf = parsed(text);
	assert_int_equal(rv_conf_files_read(conf, all, dir, NULL), RV_ELIMIT);
	rv_conf_free(conf);
}

/* A duty gets what is in the files of its table, and of the others the paths alone. */
static void contents_travel_for_those_who_are_named(void **state)
{
	static const char *const one[] = { "edge.certificate", NULL };
	struct rv_conf *before = parsed(""), *after = NULL;
	struct rv_buf bytes = { .wipe = true };

	(void)state;
	assert_int_equal(rv_conf_files_read(before, all, dir, NULL), RV_OK);
	assert_int_equal(rv_conf_pack(before, sections, one, &bytes), RV_OK);
	assert_non_null(memmem(bytes.ptr, bytes.len, "certificate\0\1\0\7crt.pem\0\0\0\13", 26));
	assert_non_null(memmem(bytes.ptr, bytes.len, "key\0\1\0\7key.pem\0\0\0\0", 18));
	assert_int_equal(rv_conf_unpack(schema, 1, rv_buf_str(&bytes), &after), RV_OK);
	assert_true(rv_str_is(content(after, "certificate"), "certificate"));
	assert_null(content(after, "key").ptr);
	assert_string_equal(rv_conf_str(rv_conf_get(after, "edge", NULL), "key"), "key.pem");
	rv_conf_free(after);
	rv_buf_deinit(&bytes);
	rv_conf_free(before);
}

#define EDGE "\0\4edge\0\0\0\1"

static void packed_contents_are_checked(void **state)
{
	static const struct {
		struct rv_str bytes;
		int err;
		const char *content;
	} cases[] = {
		{ RV_STR_LIT("\2" EDGE "\0\3key\0\1\0\1k\0\0\0\3abc"), RV_OK, "abc" },
		{ RV_STR_LIT("\2" EDGE "\0\3key\0\1\0\1k\0\0\0\0"), RV_OK, NULL },
		{ RV_STR_LIT("\1" EDGE "\0\3key\0\1\0\1k"), RV_OK, NULL }, /* the release before */
		{ RV_STR_LIT("\2" EDGE "\0\3key\0\1\0\1k"), RV_ESYNTAX, NULL },
		{ RV_STR_LIT("\2" EDGE "\0\3key\0\1\0\1k\0\0\0\4abc"), RV_ESYNTAX, NULL },
		{ RV_STR_LIT("\2" EDGE "\0\3key\0\1\0\1k\xff\xff\xff\xff"), RV_ESYNTAX, NULL },
		{ RV_STR_LIT("\2" EDGE "\0\3key\0\1\0\1k\0\0\0\x11"
			     "12345678901234567"),
		  RV_ELIMIT, NULL },
		{ RV_STR_LIT("\3" EDGE "\0\3key\0\1\0\1k\0\0\0\0"), RV_EVERSION, NULL },
		{ RV_STR_LIT("\0" EDGE "\0\3key\0\1\0\1k\0\0\0\0"), RV_EVERSION, NULL },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_conf *conf = NULL;

		assert_int_equal(rv_conf_unpack(schema, 1, cases[i].bytes, &conf), cases[i].err);
		if (cases[i].err != RV_OK)
			continue;
		assert_string_equal(rv_conf_str(rv_conf_get(conf, "edge", NULL), "key"), "k");
		if (cases[i].content != NULL)
			assert_true(rv_str_is(content(conf, "key"), cases[i].content));
		else
			assert_null(content(conf, "key").ptr);
		rv_conf_free(conf);
	}
}

static void documents_say_what_a_file_item_is(void **state)
{
	struct rv_conf *conf = parsed("edge { key = secret/path }");
	struct rv_buf text = { 0 };

	(void)state;
	rv_conf_example(schema, 1, &text);
	rv_conf_dump(conf, &text); /* the path is no secret */
	rv_buf_putc(&text, '\0');
	assert_non_null(strstr(text.ptr, "path of a file, at most 16; changes need a restart"));
	assert_non_null(strstr(text.ptr, "key = \"secret/path\""));
	rv_buf_deinit(&text);
	rv_conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_loaded_and_wiped),
		cmocka_unit_test(only_named_files_are_loaded),
		cmocka_unit_test(an_absolute_path_is_taken_as_it_is),
		cmocka_unit_test(what_is_wrong_with_a_file_is_named),
		cmocka_unit_test(a_path_too_long_is_refused),
		cmocka_unit_test(contents_travel_for_those_who_are_named),
		cmocka_unit_test(packed_contents_are_checked),
		cmocka_unit_test(documents_say_what_a_file_item_is),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
