#include "cmd/ctl/module.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* "FILE" stands for a file that holds "hello". */
static const struct {
	const char *text;
	int result;
	unsigned id;
	bool is_binary, has_config;
	const char *version, *info;
} cases[] = {
	{ "1=FILE", RV_OK, 1, false, true, "", "" },
	{ "0=FILE", RV_OK, 0, false, true, "", "" },
	{ "4294967295:binary=FILE", RV_OK, 4294967295, true, true, "", "" },
	{ "2,version=1.0=FILE", RV_OK, 2, false, true, "1.0", "" },
	{ "2,info=https://h/?a=b,version=3=FILE", RV_OK, 2, false, true, "3", "https://h/?a=b" },
	{ "2:binary,version=3,info=x=FILE", RV_OK, 2, true, true, "3", "x" },
	{ "7", RV_OK, 7, false, false, "", "" },
	{ "7=", RV_OK, 7, false, false, "", "" },
	{ "7,version=2", RV_OK, 7, false, false, "2", "" },
	{ "7,version=2=", RV_OK, 7, false, false, "2", "" },
	{ "", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "=FILE", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "x=FILE", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "4294967296=FILE", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "1:text=FILE", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "1,colour=red=FILE", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "1,version", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "1,version=", RV_EINVALID, 0, false, false, NULL, NULL },
	{ "1=/nonexistent/file", RV_EINVALID, 0, false, false, NULL, NULL },
};

static void a_module_is_id_attributes_and_file(void **state)
{
	char path[] = "/tmp/reeve-module-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "hello", 5), 5);
	close(fd);
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_module module = { .id = 77 };
		struct rv_arena arena = { 0 };
		struct rv_buf err = { 0 };
		struct ctl_io io = { .arena = &arena, .err = &err };
		char text[128];
		size_t len = strlen(cases[i].text);
		bool is_file = len >= 4 && strcmp(cases[i].text + len - 4, "FILE") == 0;

		snprintf(text, sizeof(text), "%.*s%s", (int)(is_file ? len - 4 : len),
			 cases[i].text, is_file ? path : "");
		if (ctl_module_parse(&io, text, &module) != cases[i].result)
			fail_msg("%s: %.*s", text, RV_STR_ARG(rv_buf_str(&err)));
		if (cases[i].result != RV_OK) {
			assert_true(err.len > 0);
			assert_int_equal(module.id, 77);
		} else {
			assert_int_equal(module.id, cases[i].id);
			assert_int_equal(module.is_binary, cases[i].is_binary);
			assert_int_equal(module.has_config, cases[i].has_config);
			assert_true(rv_str_is(module.version, cases[i].version));
			assert_true(rv_str_is(module.infostring, cases[i].info));
			assert_true(rv_str_is(module.body, cases[i].has_config ? "hello" : ""));
		}
		rv_buf_deinit(&err);
		rv_arena_deinit(&arena);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_is_id_attributes_and_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
