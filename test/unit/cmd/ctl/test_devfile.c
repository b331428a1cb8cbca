/* Columns of a file of devices, rows as inputs of operations, and what is told of mistakes. */
#include "cmd/ctl/devfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cmd/ctl/ids.h"
#include "contract/rv_contract.h"

#define ID "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"

struct fixture {
	struct rv_arena arena;
	struct rv_buf err, told;
	struct ctl_io io;
	struct ctl_devfile_ear ear;
	struct ctl_devfile file;
	struct ctl_csv csv;
};

/* "line column=value" and the message, a line each. */
static void hear(void *arg, const struct ctl_devfile_mistake *m)
{
	struct fixture *f = arg;

	rv_buf_printf(&f->told, "%llu %.*s=%.*s: %.*s\n", (unsigned long long)m->line,
		      RV_STR_ARG(m->column), RV_STR_ARG(m->value), RV_STR_ARG(m->message));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->io = (struct ctl_io){ .arena = &f->arena, .err = &f->err };
	f->ear = (struct ctl_devfile_ear){ &f->io, hear, f };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	rv_arena_deinit(&f->arena);
	rv_buf_deinit(&f->err);
	rv_buf_deinit(&f->told);
	ctl_csv_deinit(&f->csv);
	free(f);
	return 0;
}

static void read_row(struct fixture *f, const char *line)
{
	size_t used;

	assert_int_equal(ctl_csv_feed(&f->csv, rv_str(line), &used), RV_OK);
	assert_int_equal(used, strlen(line));
}

static const char *told(struct fixture *f)
{
	char *text = rv_arena_copy(&f->arena, f->told.ptr != NULL ? f->told.ptr : "", f->told.len);

	rv_buf_clear(&f->told);
	return text;
}

static const struct {
	const char *line;
	const char *fields; /* in order; NULL: refused */
	const char *told;   /* part of it */
} headers[] = {
	{ "distid\n", "distid", NULL },
	{ "distid,ls_key,description,group\n", "distid ls_key description group", NULL },
	{ "Distribution ID,LS-SA key,RS-SA Key,Location-Config\n", "distid ls_key rs_key location",
	  NULL },
	{ "DISTRIBUTION_ID,LS Key,Enabled,note\n", "distid ls_key is_enabled description", NULL },
	{ "Distribution ID,LS-SAキー,グループ,説明,有効\n",
	  "distid ls_key group description is_enabled", NULL },
	{ "distid,LSキー,備考\n", "distid ls_key description", NULL },
	{ "ls_key,group\n", NULL, "1 distid=: the first line lacks this column" },
	{ "distid;ls_key\n", NULL, "1 distid;ls_key=: there is no such column" },
	{ "distid,colour,taste\n", NULL, "1 taste=: there is no such column" },
	{ "distid,note,description\n", NULL, "1 description=: the column is there twice" },
	{ "distid,\n", NULL, "1 =: there is no such column" },
	{ "distid,wait_ls\n", NULL, "1 wait_ls=: there is no such column" },
};

static void columns_are_known_by_name_and_heading_in_both_languages(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(headers); i++) {
		char fields[256] = "";
		const char *text;
		bool is_good;

		f->csv = (struct ctl_csv){ 0 };
		read_row(f, headers[i].line);
		is_good = ctl_devfile_header(&f->file, &f->csv, &f->ear);
		text = told(f);
		if (is_good != (headers[i].fields != NULL))
			fail_msg("%zu: %s", i, text);
		for (size_t k = 0; is_good && k < f->file.count; k++)
			snprintf(fields + strlen(fields), sizeof(fields) - strlen(fields), "%s%s",
				 k > 0 ? " " : "", f->file.fields[k]->name);
		if (is_good)
			assert_string_equal(fields, headers[i].fields);
		else if (strstr(text, headers[i].told) == NULL)
			fail_msg("%zu: %s", i, text);
		ctl_csv_deinit(&f->csv);
	}
}

static const struct {
	const char *line;
	const char *told; /* all of it; "": good */
} rows[] = {
	{ ID ",key,tokyo,新宿,yes\n", "" },
	{ ID ",key\n", "" },
	{ ID ",key,,,\n", "" },
	{ ID ",key,,,無効\n", "" },
	{ ID ",,,,\n", "2 LS-SA key=: the field is missing\n" },
	{ ",key,,,\n", "2 distid=: the field is missing\n" },
	{ ID ",,,,maybe\n",
	  "2 LS-SA key=: the field is missing\n2 enabled=maybe: must be true or false\n" },
	{ ID ",key,,,,more\n", "2 =: the line has more cells than the first one\n" },
	{ "short,key,,,\n", "2 distid=short: 5 bytes; at least 39 are needed\n" },
	{ ID ",secret-secret-secret-secret-secret-secret-secret-secret-secret-secret,,,\n",
	  "2 LS-SA key=: 69 bytes, of at most 64\n" },
};

static void a_row_is_an_input_or_every_mistake_is_told_without_secrets(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct rv_device_create_in in = { 0 };
		const char *text;
		bool is_good;

		f->csv = (struct ctl_csv){ 0 };
		read_row(f, "distid,LS-SA key,group,note,enabled\n");
		assert_true(ctl_devfile_header(&f->file, &f->csv, &f->ear));
		read_row(f, rows[i].line);
		is_good = ctl_devfile_row(&f->file, &f->csv, &rv_device_create_in_type, &f->arena,
					  &in, &f->ear);
		text = told(f);
		assert_string_equal(text, rows[i].told);
		assert_int_equal(is_good, rows[i].told[0] == '\0');
		if (is_good) {
			assert_true(rv_str_is(in.distid, ID));
			assert_true(rv_str_is(in.ls_key, "key"));
			assert_int_equal(in.has_group, i == 0);
			assert_int_equal(in.has_is_enabled, i == 0 || i == 3);
			assert_int_equal(in.is_enabled, i == 0);
		}
		ctl_csv_deinit(&f->csv);
	}
}

static void of_a_device_that_exists_only_some_things_can_change(void **state)
{
	struct fixture *f = *state;
	struct rv_device_update_in in = { 0 };

	read_row(f, "distid,group,heartbeat_key\n");
	assert_true(ctl_devfile_header(&f->file, &f->csv, &f->ear));
	read_row(f, ID ",osaka,\n");
	assert_true(ctl_devfile_row(&f->file, &f->csv, &rv_device_update_in_type, &f->arena, &in,
				    &f->ear));
	assert_true(rv_str_is(in.group, "osaka") && !in.has_ls_key);
	read_row(f, ID ",osaka,hush\n");
	assert_false(ctl_devfile_row(&f->file, &f->csv, &rv_device_update_in_type, &f->arena, &in,
				     &f->ear));
	assert_string_equal(told(f),
			    "3 heartbeat_key=: this cannot be changed of a device that exists\n");
}

static void long_values_are_cut_between_characters(void **state)
{
	struct fixture *f = *state;
	char line[512] = "";

	read_row(f, "distid,note\n");
	assert_true(ctl_devfile_header(&f->file, &f->csv, &f->ear));
	snprintf(line, sizeof(line), "%s,", ID);
	for (int i = 0; i < 60; i++)
		strcat(line, "あ");
	strcat(line, "\n");
	read_row(f, line);
	ctl_devfile_wrong(&f->file, &f->csv, "description", RV_EINVALID, "csv.exists", "", &f->ear);
	assert_true(rv_str_is_utf8(rv_buf_str(&f->told), NULL));
	assert_int_equal(strcspn(told(f), ":"), strlen("2 note=") + 78); /* 26 of 3 bytes */
}

static void ids_are_found_once_sorted(void **state)
{
	struct ctl_ids ids = { 0 };
	struct rv_distid id = { .version = 1, .vendor = 2, .model = 3 };

	(void)state;
	assert_false(ctl_ids_have(&ids, &id));
	for (uint64_t i = 0; i < 5000; i++) {
		id.serial = i * 7919 % 5003 * 2;
		assert_int_equal(ctl_ids_add(&ids, &id, i), RV_OK);
	}
	ctl_ids_sort(&ids);
	for (uint64_t i = 0; i < 5000; i++) {
		id.serial = i * 7919 % 5003 * 2;
		assert_true(ctl_ids_have(&ids, &id));
		id.serial++;
		assert_false(ctl_ids_have(&ids, &id));
	}
	for (size_t i = 1; i < ids.count; i++)
		assert_true(memcmp(ids.item[i - 1].wire, ids.item[i].wire, RV_DISTID_WIRE_LEN) < 0);
	ctl_ids_deinit(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			columns_are_known_by_name_and_heading_in_both_languages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_row_is_an_input_or_every_mistake_is_told_without_secrets, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(of_a_device_that_exists_only_some_things_can_change,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_values_are_cut_between_characters, set_up,
						tear_down),
		cmocka_unit_test(ids_are_found_once_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
