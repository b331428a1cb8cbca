#include "cmd/ctl/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "contract/rv_contract.h"

#define DISTID  "0000-0000-00E0-0001-0000-0123-4567-89AB"
#define DISTID2 "0000-0000-00E0-0001-0000-0123-4567-89AC"

static const struct ctl_style english = { RV_LANG_EN, false, true };
static const struct ctl_style japanese = { RV_LANG_JA, false, false };
static const struct ctl_style json = { RV_LANG_JA, true, false };

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
		"東京\xef\xbf\xbd[2J\n" DISTID2 "  never seen  no       no              -\n");
	assert_shows(
		&japanese, "device.list", pages, 1,
		"Distribution ID                          状態    有効  起動時コンフィグ  "
		"最後の接続           説明\n" DISTID
		"  設定済  はい  はい              2026-11-23 02:48:41  東京\xef\xbf\xbd[2J\n");
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
		     "rs.0     down   -    2         -         -\n");
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
