#include "cmd/ctl/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "contract/rv_contract.h"

#define DISTID  "0000-0000-00E0-0001-0000-0123-4567-89AB"
#define DISTID2 "0000-0000-00E0-0001-0000-0123-4567-89AC"

static const struct ctl_style english = { .lang = RV_LANG_EN, .is_utc = true };
static const struct ctl_style japanese = { .lang = RV_LANG_JA };
static const struct ctl_style json = { .lang = RV_LANG_JA, .is_json = true };

static void assert_shows(const struct ctl_style *style, const char *op, const void *const *pages,
			 size_t n, const char *expected)
{
	struct rv_buf out = { 0 };

	ctl_show(style, rv_contract_op_find(rv_str(op)), pages, n, &out);
	rv_buf_putc(&out, '\0');
	assert_int_equal(out.err, RV_OK);
	assert_string_equal(out.ptr, expected);
	rv_buf_deinit(&out);
}

static void pages_become_one_table(void **state)
{
	struct rv_device first = { .distid = RV_STR_LIT(DISTID),
				   .is_enabled = true,
				   .state = RV_DEVICE_STATE_CONFIGURED,
				   .has_startup = true,
				   .has_last_contact_at = true,
				   .last_contact_at = INT64_C(1795369721123456),
				   .description = RV_STR_LIT("東京\x1b[2J") };
	struct rv_device second = { .distid = RV_STR_LIT(DISTID2) };
	struct rv_device_list_out one = { .devices = &first, .devices_len = 1 };
	struct rv_device_list_out two = { .devices = &second, .devices_len = 1 };
	const void *pages[] = { &one, &two };

	(void)state;
	assert_shows(
		&english, "device.list", pages, 2,
		"distribution ID                          state       enabled  startup config  "
		"last contact          description\n" DISTID
		"  configured  yes      yes             2026-11-22 17:48:41Z  "
		"東京\xef\xbf\xbd[2J\n" DISTID2
		"  never seen  no       no              -                     -\n");
	assert_shows(
		&japanese, "device.list", pages, 1,
		"Distribution ID                          状態    有効  起動時コンフィグ  "
		"最後の接続           説明\n" DISTID
		"  設定済  はい  はい              2026-11-23 02:48:41  東京\xef\xbf\xbd[2J\n");
}

static void columns_are_chosen_and_the_header_left_out(void **state)
{
	struct rv_device device = { .distid = RV_STR_LIT(DISTID), .group = RV_STR_LIT("東京") };
	struct rv_device other = { .distid = RV_STR_LIT(DISTID2) };
	struct rv_device devices[] = { device, other };
	struct rv_device_list_out list = { .devices = devices, .devices_len = 2 };
	const void *pages[] = { &list };
	struct ctl_style style = english;

	(void)state;
	style.columns = "group,distid,is_enabled";
	assert_shows(&style, "device.list", pages, 1,
		     "group  distribution ID                          enabled\n"
		     "東京   " DISTID "  no\n-      " DISTID2 "  no\n");
	style.has_no_header = true;
	style.columns = "distid";
	assert_shows(&style, "device.list", pages, 1, DISTID "\n" DISTID2 "\n");
}

static const struct {
	const char *op, *columns;
	bool is_json;
	const char *err; /* NULL: good */
} column_cases[] = {
	{ "device.list", NULL, false, NULL },
	{ "device.list", "distid", false, NULL },
	{ "device.list", "distid,distid,group", false, NULL },
	{ "incident.list", "text,id", false, NULL },
	{ "device.list", "distid,", false, "no column ''" },
	{ "device.list", "", false, "no column ''" },
	{ "device.list", "DISTID", false, "no column 'DISTID' here; there are: id, distid, " },
	{ "device.list", "text", false, "no column 'text'" },
	{ "device.list", "id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,rs", false, "'rs'" },
	{ "device.list", "colour", true, NULL }, /* JSON has no columns */
	{ "device.get", "colour", false, NULL }, /* neither has one thing */
};

static void columns_that_are_none_are_told_with_those_there_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(column_cases); i++) {
		struct ctl_style style = { .columns = column_cases[i].columns,
					   .is_json = column_cases[i].is_json };
		struct rv_buf err = { 0 };
		struct ctl_io io = { .err = &err };
		int r = ctl_show_check(&style, rv_contract_op_find(rv_str(column_cases[i].op)),
				       &io);

		rv_buf_putc(&err, '\0');
		assert_int_equal(r, column_cases[i].err == NULL ? RV_OK : RV_EINVALID);
		if (column_cases[i].err != NULL && strstr(err.ptr, column_cases[i].err) == NULL)
			fail_msg("%zu: %s", i, err.ptr);
		rv_buf_deinit(&err);
	}
}

static void a_diff_stands_below_its_table(void **state)
{
	struct rv_module_diff modules[] = {
		{ .id = 1,
		  .size_from = 2,
		  .size_to = 2,
		  .has_diff = true,
		  .diff = RV_STR_LIT("@@ -1 +1 @@\n-a\n+b\n") },
		{ .id = 2 },
	};
	struct rv_config_diff_out diff = { .modules = modules, .modules_len = 2 };
	const void *pages[] = { &diff };
	struct ctl_style style = english;
	const char *table = "id  change  version from  version to  bytes from  bytes to\n"
			    "1   same    -             -           2           2\n"
			    "2   same    -             -           0           0\n";
	char expected[512];

	(void)state;
	snprintf(expected, sizeof(expected), "%s\n[module 1]\n@@ -1 +1 @@\n-a\n+b\n", table);
	assert_shows(&style, "config.diff", pages, 1, expected);
	style.columns = "id"; /* for a program: lines and nothing else */
	assert_shows(&style, "config.diff", pages, 1, "id\n1\n2\n");
}

/* A device that no LS gave anything has no state of it: nothing is made up. */
static void an_optional_thing_that_is_not_there_is_not_shown(void **state)
{
	struct rv_device_get_out get = { .device = { .distid = RV_STR_LIT(DISTID) } };
	const void *pages[] = { &get };
	struct rv_buf out = { 0 };

	(void)state;
	ctl_show(&english, rv_contract_op_find(RV_STR_LIT("device.get")), pages, 1, &out);
	rv_buf_putc(&out, '\0');
	assert_null(strstr(out.ptr, "given"));
	assert_null(strstr(out.ptr, "seen at"));
	get.device.has_location_state = true;
	rv_buf_clear(&out);
	ctl_show(&english, rv_contract_op_find(RV_STR_LIT("device.get")), pages, 1, &out);
	rv_buf_putc(&out, '\0');
	assert_non_null(strstr(out.ptr, "given"));
	rv_buf_deinit(&out);
}

static void incidents_say_what_happened(void **state)
{
	struct rv_incident one = { .id = 1,
				   .kind = RV_INCIDENT_KIND_PULL_LOOP,
				   .subject = RV_STR_LIT("x"),
				   .count = 2,
				   .last_at = INT64_C(1795369721123456) };
	struct rv_incident_list_out list = { .incidents = &one, .incidents_len = 1 };
	const void *pages[] = { &list };

	(void)state;
	assert_shows(&english, "incident.list", pages, 1,
		     "id                 state  device or thing  count  last seen             "
		     "what happened\ninc_0000000000001  open   x                2      "
		     "2026-11-22 17:48:41Z  The device pulled ? times within ? seconds "
		     "(last trigger: ?).\n");
}

static void pages_become_one_json_array(void **state)
{
	struct rv_config_version first = { .id = 1 };
	struct rv_config_version second = { .id = 2 };
	struct rv_config_history_out one = { .versions = &first, .versions_len = 1 };
	struct rv_config_history_out two = { .versions = &second, .versions_len = 1 };
	const void *pages[] = { &one, &two };
	struct rv_buf out = { 0 };
	const char *a, *b;

	(void)state;
	ctl_show(&json, rv_contract_op_find(RV_STR_LIT("config.history")), pages, 2, &out);
	rv_buf_putc(&out, '\0');
	a = strstr(out.ptr, "{\"versions\":[{\"id\":\"cfg_0000000000001\"");
	b = strstr(out.ptr, "},{\"id\":\"cfg_0000000000002\"");
	assert_true(a == out.ptr && b > a);
	assert_true(rv_str_eq(rv_str_sub(rv_buf_str(&out), out.len - 5, 4), RV_STR_LIT("}]}\n")));
	rv_buf_deinit(&out);
}

static void one_thing_is_shown_line_by_line_and_its_text_as_it_is(void **state)
{
	struct rv_module modules[] = {
		{ .id = 1, .has_config = true, .body = RV_STR_LIT("hostname a\n\tb") },
		{ .id = 2,
		  .version = RV_STR_LIT("1.2"),
		  .has_config = true,
		  .is_binary = true,
		  .body = RV_STR_LIT("\0\1\2") },
		{ .id = 3 },
	};
	struct rv_config_get_out get = { .version = { .id = 1,
						      .author = RV_STR_LIT("local"),
						      .module_count = 3,
						      .is_startup = true },
					 .modules = modules,
					 .modules_len = 3 };
	const void *pages[] = { &get };

	(void)state;
	assert_shows(&english, "config.get", pages, 1,
		     "id       cfg_0000000000001\n"
		     "created  1970-01-01 00:00:00Z\n"
		     "author   local\n"
		     "SHA-256\n"
		     "modules  3\n"
		     "working  no\n"
		     "startup  yes\n"
		     "running  no\n"
		     "\n[module 1]\n"
		     "id            1\n"
		     "version\n"
		     "info string\n"
		     "binary        no\n"
		     "has a config  yes\n"
		     "uses secrets  no\n"
		     "hostname a\n\tb\n"
		     "\n[module 2]\n"
		     "id            2\n"
		     "version       1.2\n"
		     "info string\n"
		     "binary        yes\n"
		     "has a config  yes\n"
		     "uses secrets  no\n"
		     "(3 bytes, binary)\n"
		     "\n[module 3]\n"
		     "id            3\n"
		     "version\n"
		     "info string\n"
		     "binary        no\n"
		     "has a config  no\n"
		     "uses secrets  no\n"
		     "(no config)\n");
}

static void a_report_is_its_words_and_a_table_of_each_list(void **state)
{
	struct rv_incident_parameter detail = { RV_STR_LIT("detail"), RV_STR_LIT("signal 9") };
	struct rv_notice notice = { .kind = RV_NOTICE_KIND_WAITING,
				    .subject = RV_STR_LIT("rs.0"),
				    .parameters = &detail,
				    .parameters_len = 1 };
	struct rv_process_info process = { .process = RV_STR_LIT("rs.0"),
					   .state = RV_PROCESS_STATE_WAITING,
					   .restarts = 2 };
	struct rv_system_status_out out = { .version = RV_STR_LIT("0.1.0"),
					    .has_devices = true,
					    .devices = 5,
					    .notices = &notice,
					    .notices_len = 1,
					    .processes = &process,
					    .processes_len = 1 };
	const void *pages[] = { &out };

	(void)state;
	assert_shows(&english, "system.status", pages, 1,
		     "all ready                 no\n"
		     "version                   0.1.0\n"
		     "began                     -\n"
		     "devices                   5\n"
		     "waiting devices           -\n"
		     "open incidents            -\n"
		     "devices that need legacy  0\n"
		     "\nNOTICES\n"
		     "what happened\n"
		     "rs.0 is down: signal 9. It will be started again; ? restarts so far.\n"
		     "\nPROCESSES\n"
		     "process  state  PID  restarts  up since  sandboxed  listens on\n"
		     "rs.0     down   -    2         -         -          -\n");
}

static void an_answer_without_fields_shows_nothing(void **state)
{
	struct rv_location_delete_out out = { 0 };
	const void *pages[] = { &out };

	(void)state;
	assert_shows(&english, "location.delete", pages, 1, "");
	assert_shows(&json, "location.delete", pages, 1, "{}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_become_one_table),
		cmocka_unit_test(columns_are_chosen_and_the_header_left_out),
		cmocka_unit_test(columns_that_are_none_are_told_with_those_there_are),
		cmocka_unit_test(a_diff_stands_below_its_table),
		cmocka_unit_test(an_optional_thing_that_is_not_there_is_not_shown),
		cmocka_unit_test(incidents_say_what_happened),
		cmocka_unit_test(pages_become_one_json_array),
		cmocka_unit_test(one_thing_is_shown_line_by_line_and_its_text_as_it_is),
		cmocka_unit_test(a_report_is_its_words_and_a_table_of_each_list),
		cmocka_unit_test(an_answer_without_fields_shows_nothing),
	};

	setenv("TZ", "JST-9", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
