#include "cmd/ctl/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/ctl/names.h"
#include "contract/rv_contract.h"

#define DISTID "0000-0000-00E0-0001-0000-0123-4567-89AB"

struct fixture {
	struct rv_arena arena;
	struct rv_buf err;
	struct ctl_io io;
	struct ctl_args args;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->io = (struct ctl_io){ .arena = &f->arena, .err = &f->err };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	rv_arena_deinit(&f->arena);
	rv_buf_deinit(&f->err);
	free(f);
	return 0;
}

static char *sentence(struct fixture *f)
{
	return rv_arena_copy(&f->arena, f->err.ptr, f->err.len);
}

static const struct {
	const char *argv[12];
	const char *op;  /* NULL: refused */
	const char *err; /* part of what is said */
} cases[] = {
	{ { "device", "list" }, "device.list", NULL },
	{ { "--json", "device", "list", "--utc" }, "device.list", NULL },
	{ { "device", "--json", "list" }, "device.list", NULL },
	{ { "device", "list", "--limit=5" }, "device.list", NULL },
	{ { "device", "show", DISTID }, "device.get", NULL },
	{ { "device", "show", "--", DISTID }, "device.get", NULL },
	{ { "device", "create", DISTID, "--ls-key", "k", "--no-enabled" }, "device.create", NULL },
	{ { "device", "create", "--ls-key", "k", DISTID }, "device.create", NULL },
	{ { "config", "set", DISTID, "startup", "--module", "1", "--module=2" },
	  "config.set",
	  NULL },
	{ { "location", "list" }, "location.list", NULL },
	{ { "--lang", "ja", "--no-header", "--columns=name", "location", "list" },
	  "location.list",
	  NULL },
	{ { "device", "import", "-", "--dry-run", "--encoding", "cp932" }, "device.import", NULL },
	{ { "device", "export", "--titles" }, "device.export", NULL },
	{ { "--lang", "fr", "device", "list" }, NULL, "'fr' is no language here" },
	{ { "--columns" }, NULL, "'--columns' needs a value" },
	{ { "device", "import" }, NULL, "FILE is missing" },
	{ { "device", "import", "x", "--encoding", "ebcdic" },
	  NULL,
	  "--encoding: must be one of auto, " },
	{ { "device", "import", "x", "--file", "y" }, NULL, "no option '--file'" },
	{ { "device", "export", "x" }, NULL, "'x' is one argument too many" },
	{ { NULL }, NULL, "a command is missing" },
	{ { "device" }, NULL, "no command 'device'" },
	{ { "device", "explode" }, NULL, "no command 'device explode'" },
	{ { "--frobnicate", "device", "list" }, NULL, "no option '--frobnicate'" },
	{ { "device", "list", "--frobnicate" }, NULL, "no option '--frobnicate'" },
	{ { "device", "list", "extra" }, NULL, "'extra' is one argument too many" },
	{ { "device", "show" }, NULL, "DISTID is missing" },
	{ { "device", "show", "short" }, NULL, "DISTID: " },
	{ { "device", "list", "--limit" }, NULL, "'--limit' needs a value" },
	{ { "device", "list", "--limit", "0" }, NULL, "--limit: 0 is not" },
	{ { "device", "list", "--limit", "1", "--limit", "2" }, NULL, "twice" },
	{ { "device", "list", "--json=yes" }, NULL, "'--json' takes no value" },
	{ { "device", "create", DISTID }, NULL, "--ls-key: is missing" },
	{ { "device", "create", DISTID, "--ls-key", "k", "--enabled=1" }, NULL, "takes no value" },
	{ { "device", "create", DISTID, "--distid", "x" }, NULL, "no option '--distid'" },
	{ { "config", "set", DISTID, "sideways", "--module", "1" }, NULL, "KIND: " },
	{ { "config", "set", DISTID, "startup" }, NULL, "--module: is missing" },
	{ { "config", "set", DISTID, "startup", "--module", "x" }, NULL, "'x' is not ID" },
	{ { "location", "set", "a" }, NULL, "--rs-urls: is missing" },
	{ { "location", "set", "a", "--rs-urls", "https://192.0.2.1/" },
	  NULL,
	  "lines is missing: only --file can give it" },
	{ { "location", "set", "a", "--lines", "x" }, NULL, "no option '--lines'" },
	{ { "location", "set", "a", "--file", "/nonexistent" }, NULL, "cannot read /nonexistent" },
	{ { "device", "list", "--timeout", "0" }, NULL, "'0' is no number of seconds" },
};

static void command_lines_become_operations_or_a_sentence(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		int r;

		f->io.lang = RV_LANG_EN; /* one of them changes it */
		r = ctl_args_parse(&f->io, cases[i].argv, &f->args);
		if ((r == RV_OK) != (cases[i].op != NULL))
			fail_msg("case %zu: %s", i, sentence(f));
		if (r == RV_OK) {
			assert_string_equal(f->args.op->name, cases[i].op);
			assert_non_null(f->args.in);
		} else if (strstr(sentence(f), cases[i].err) == NULL) {
			fail_msg("case %zu: %s", i, sentence(f));
		}
	}
}

static void values_reach_the_input(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "--server", "unix:/x",       "--timeout=7", "device",       "update",
			       DISTID,     "--description", "東京",        "--no-enabled", NULL };
	const struct rv_device_update_in *in;

	assert_int_equal(ctl_args_parse(&f->io, argv, &f->args), RV_OK);
	in = f->args.in;
	assert_string_equal(f->args.server, "unix:/x");
	assert_int_equal(f->args.timeout_ms, 7000);
	assert_true(in->has_description && rv_str_is(in->description, "東京"));
	assert_true(in->has_is_enabled && !in->is_enabled);
	assert_false(in->has_rs);
}

static void help_needs_no_arguments(void **state)
{
	struct fixture *f = *state;
	const char *everything[] = { "--help", NULL };
	const char *one[] = { "config", "set", "--help", NULL };
	const char *word[] = { "help", "pull", "list", NULL };
	const char *nouns[][4] = { { "help", "device" },
				   { "device", "--help" },
				   { "-h", "device" } };
	const char *nothing[] = { "help", "devise", NULL };

	assert_int_equal(ctl_args_parse(&f->io, everything, &f->args), RV_OK);
	assert_true(f->args.is_help && f->args.op == NULL && f->args.noun == NULL);
	assert_int_equal(ctl_args_parse(&f->io, one, &f->args), RV_OK);
	assert_true(f->args.is_help);
	assert_string_equal(f->args.op->name, "config.set");
	assert_int_equal(ctl_args_parse(&f->io, word, &f->args), RV_OK);
	assert_true(f->args.is_help);
	assert_string_equal(f->args.op->name, "pull.list");
	for (size_t i = 0; i < RV_ARRAY_LEN(nouns); i++) {
		assert_int_equal(ctl_args_parse(&f->io, nouns[i], &f->args), RV_OK);
		assert_true(f->args.is_help && f->args.op == NULL);
		assert_string_equal(f->args.noun, "device");
	}
	assert_int_equal(ctl_args_parse(&f->io, nothing, &f->args), RV_EINVALID);
	assert_non_null(strstr(sentence(f), "no command 'devise'"));
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void secrets_come_from_files_without_their_line_end(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/reeve-key-XXXXXX";
	char option[64];
	const char *argv[] = { "device", "create",        DISTID,  "--ls-key",
			       option,   "--description", "@home", NULL };
	const struct rv_device_create_in *in;

	write_file(path, "hush\r\n");
	snprintf(option, sizeof(option), "@%s", path);
	assert_int_equal(ctl_args_parse(&f->io, argv, &f->args), RV_OK);
	in = f->args.in;
	assert_true(rv_str_is(in->ls_key, "hush"));
	assert_true(rv_str_is(in->description, "@home")); /* neither secret nor long */
	unlink(path);
}

static void a_json_file_gives_what_the_line_does_not(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/reeve-location-XXXXXX";
	const char *argv[] = {
		"location", "set", "tokyo", "--file", path, "--ll-timeout", "9", NULL
	};
	const char *twice[] = {
		"location", "set", "tokyo", "--file", path, "--rs-urls", "x", NULL
	};
	const struct rv_location_set_in *in;

	write_file(path, "{\"rs_urls\":[\"https://192.0.2.1/\"],\"lines\":[{\"kind\":\"dhcp\"}]}");
	assert_int_equal(ctl_args_parse(&f->io, argv, &f->args), RV_OK);
	in = f->args.in;
	assert_int_equal(in->lines_len, 1);
	assert_true(in->has_ll_timeout && in->ll_timeout == 9);
	assert_true(rv_str_is(in->name, "tokyo"));
	assert_int_equal(ctl_args_parse(&f->io, twice, &f->args), RV_EINVALID);
	assert_non_null(strstr(sentence(f), "twice"));
	unlink(path);
}

static void standard_input_is_read_once(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = {
		"device", "create", DISTID, "--ls-key", "@-", "--rs-key", "@-", NULL
	};

	f->io.stdin_used = true; /* as if by the first of them */
	assert_int_equal(ctl_args_parse(&f->io, argv, &f->args), RV_EINVALID);
	assert_non_null(strstr(sentence(f), "once"));
}

static void errors_speak_japanese_with_the_detail_behind(void **state)
{
	struct rv_buf out = { 0 };

	(void)state;
	ctl_put_error(&out, RV_LANG_JA, RV_ENOTFOUND, "no.such.key", "distid", "there is no x");
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, "見つかりません: distid (there is no x)");
	rv_buf_clear(&out);
	ctl_put_error(&out, RV_LANG_JA, RV_EINVALID, "contract.twice", "limit", "is given twice");
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, "項目が二度指定されています: limit (is given twice)");
	rv_buf_clear(&out);
	ctl_put_error(&out, RV_LANG_EN, RV_EINVALID, "contract.twice", "limit", "is given twice");
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, "limit: is given twice");
	rv_buf_clear(&out);
	ctl_put_error(&out, RV_LANG_EN, RV_EDB, "", "", "");
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, "the store failed");
	rv_buf_deinit(&out);
}

static const struct {
	const char *op, *key, *where, *expected;
} place_cases[] = {
	{ "device.create", "contract.missing", "ls_key", "--ls-key: x" },
	{ "device.update", "", "is_enabled", "--enabled: x" },
	{ "device.get", "device.distid", "distid", "DISTID: x" },
	{ "pull.list", "device.distid", "distid", "--distid: x" },
	{ "config.set", "contract.missing", "modules", "--module: x" },
	{ "config.set", "contract.missing", "modules[2].id", "modules[2].id: x" },
	{ "location.set", "contract.too_long", "rs_urls[1]", "--rs-urls: x" },
	{ "location.set", "contract.too_short", "lines", "lines: x" },
	{ "location.set", "contract.enum", "lines[0].kind", "lines[0].kind: x" },
	{ "location.set", "", "nothing_of_it", "nothing_of_it: x" },
	{ "location.set", "", "", "x" },
};

static void places_are_called_what_the_user_types(void **state)
{
	struct rv_buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(place_cases); i++) {
		rv_buf_clear(&out);
		ctl_put_op_error(&out, RV_LANG_EN, rv_contract_op_find(rv_str(place_cases[i].op)),
				 RV_EINVALID, place_cases[i].key, place_cases[i].where, "x");
		rv_buf_putc(&out, '\0');
		assert_string_equal(out.ptr, place_cases[i].expected);
	}
	rv_buf_clear(&out);
	ctl_put_op_error(&out, RV_LANG_JA, rv_contract_op_find(RV_STR_LIT("location.set")),
			 RV_EINVALID, "contract.missing", "lines", "is missing");
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, "lines がありません。--file でのみ指定できます。"
				     "'reeve ctl help location set NAME' に例があります");
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(command_lines_become_operations_or_a_sentence,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(values_reach_the_input, set_up, tear_down),
		cmocka_unit_test_setup_teardown(help_needs_no_arguments, set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_come_from_files_without_their_line_end,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_json_file_gives_what_the_line_does_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(standard_input_is_read_once, set_up, tear_down),
		cmocka_unit_test(errors_speak_japanese_with_the_detail_behind),
		cmocka_unit_test(places_are_called_what_the_user_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
