#include "test/unit/lib/base/test_unit.h"

#include <stdlib.h>

#include "base/time.h"
#include "sim/report.h"

static char *text;
static size_t text_len;

static struct sim_options options_of(uint32_t devices, bool is_json)
{
	return (struct sim_options){
		.devices = devices, .first = 10, .seed = 1, .is_json = is_json
	};
}

static void take(struct sim_report *report, int64_t at_s, uint32_t device, enum sim_what what,
		 int code, int64_t took_s)
{
	struct sim_record record = { .at_us = at_s * RV_US_PER_SEC,
				     .took_us = took_s * RV_US_PER_SEC,
				     .device = device,
				     .code = (int16_t)code,
				     .what = (uint8_t)what };

	sim_report_take(report, &record);
}

/* The summary's text, to be looked into with strstr. */
static const char *summary(struct sim_report *report)
{
	sim_report_summary(report, 99 * RV_US_PER_SEC);
	return text;
}

static void begin(struct sim_report *report, const struct sim_options *options)
{
	FILE *out = open_memstream(&text, &text_len);

	assert_non_null(out);
	assert_int_equal(sim_report_init(report, options, options->is_json ? NULL : out,
					 options->is_json ? out : NULL),
			 RV_OK);
}

static void end(struct sim_report *report)
{
	fclose(report->table != NULL ? report->table : report->json);
	sim_report_deinit(report);
	free(text);
}

static void all_are_up_when_each_is(void **state)
{
	struct sim_options options = options_of(2, false);
	struct sim_report report;

	(void)state;
	begin(&report, &options);
	take(&report, 1, 10, SIM_STARTED, 0, 0);
	take(&report, 1, 11, SIM_STARTED, 0, 0);
	take(&report, 2, 10, SIM_UP, 0, 1);
	take(&report, 3, 10, SIM_UP, 0, 1); /* the same one again is not the other */
	assert_false(sim_report_is_done(&report));
	take(&report, 5, 11, SIM_UP, 0, 4);
	assert_true(sim_report_is_done(&report));
	assert_non_null(strstr(summary(&report), "2 / 2"));
	assert_non_null(strstr(text, "first 1.000 s, median 1.000 s, p99 4.000 s, last 4.000 s"));
	assert_non_null(strstr(text, "all by 5.000 s"));
	end(&report);
}

static void a_power_cut_must_have_come_and_gone(void **state)
{
	struct sim_options options = options_of(1, false);
	struct sim_report report;

	(void)state;
	options.scenario.cuts[0] = (struct sim_power_cut){ .share = 100, .at_us = 1, .times = 1 };
	options.scenario.cut_count = 1;
	begin(&report, &options);
	take(&report, 1, 10, SIM_STARTED, 0, 0);
	take(&report, 2, 10, SIM_UP, 0, 1);
	assert_false(sim_report_is_done(&report));
	take(&report, 3, 10, SIM_CUT, 0, 0);
	assert_int_equal(report.series.now[SIM_STATE_OFF], 1);
	take(&report, 4, 10, SIM_STARTED, 0, 0);
	assert_false(sim_report_is_done(&report));
	take(&report, 5, 10, SIM_UP, 0, 1);
	assert_true(sim_report_is_done(&report));
	end(&report);
}

static void refusals_count_by_code_and_failures_by_kind(void **state)
{
	struct sim_options options = options_of(1, false);
	struct sim_report report;

	(void)state;
	begin(&report, &options);
	take(&report, 1, 10, SIM_REFUSED, 301, 0);
	take(&report, 1, 10, SIM_REFUSED, 420, 0);
	take(&report, 1, 10, SIM_REFUSED, 301, 0);
	take(&report, 1, 10, SIM_FAILED, SIM_FAIL_CLOSED, 0);
	assert_non_null(strstr(summary(&report), "301: 2"));
	assert_non_null(strstr(text, "420: 1"));
	assert_non_null(strstr(text, "closed before TLS: 1"));
	assert_non_null(strstr(text, "0 / 1"));
	end(&report);
}

static void codes_beyond_the_table_count_in_its_last_line(void **state)
{
	struct sim_options options = options_of(1, false);
	struct sim_report report;
	uint64_t sum = 0;

	(void)state;
	begin(&report, &options);
	for (int code = 0; code < SIM_CODES_MAX + 5; code++)
		take(&report, 1, 10, SIM_REFUSED, 300 + code, 0);
	assert_int_equal(report.code_count, SIM_CODES_MAX);
	for (size_t i = 0; i < report.code_count; i++)
		sum += report.codes[i].count;
	assert_int_equal(sum, SIM_CODES_MAX + 5);
	end(&report);
}

static void the_slowest_of_all_processes_is_named_with_its_history(void **state)
{
	struct sim_options options = options_of(30, false);
	struct sim_report report;

	(void)state;
	begin(&report, &options);
	for (uint32_t i = 0; i < 6; i++) { /* three processes, the second has the slowest */
		struct sim_record record = { .at_us = i * RV_US_PER_SEC,
					     .took_us = (i / 2 == 1 ? 90 : 10 + i / 2) *
							RV_US_PER_SEC,
					     .device = 20 + i / 2,
					     .what = i % 2 == 0 ? SIM_STARTED : SIM_UP,
					     .is_history = 1 };

		sim_report_take(&report, &record);
	}
	assert_int_equal(report.counts[SIM_UP], 0);
	assert_non_null(strstr(summary(&report), "-0015  90.000 s"));
	assert_int_equal(report.history_count, 2);
	end(&report);
}

static void json_has_a_line_per_event(void **state)
{
	struct sim_options options = options_of(1, true);
	struct sim_report report;

	(void)state;
	begin(&report, &options);
	take(&report, 1, 10, SIM_STARTED, 0, 0);
	take(&report, 2, 10, SIM_FAILED, SIM_FAIL_TLS, 0);
	sim_report_second(&report, 2 * RV_US_PER_SEC);
	(void)summary(&report);
	assert_non_null(strstr(text,
			       "{\"at\":2.000,\"event\":\"failed\",\"device\":\"0001-0000-51B0-"
			       "0080-0000-0001-0000-000A\",\"phase\":\"LS\",\"kind\":\"TLS\"}\n"));
	assert_non_null(strstr(text, "\"event\":\"second\",\"on\":1,\"up\":0,"));
	assert_non_null(
		strstr(text, "\"event\":\"summary\",\"devices\":1,\"up\":0,\"all_up\":false"));
	end(&report);
}

/* A scenario with something of each kind, whose names are not fit for JSON as they are. */
static void give_scenario(struct sim_options *options)
{
	assert_int_equal(sim_scenario_parse(
				 rv_str("scenario { title = \"a \\\"b\\\"\" title_ja = \"試験\" }\n"
					"power_cut \"x\\\"\" { at = 1s }\n"
					"firmware new { version = 1 }\nloss tunnel { }"),
				 "t", &options->scenario, NULL),
			 RV_OK);
}

static void json_names_what_the_scenario_did(void **state)
{
	struct sim_options options = options_of(1, true);
	struct sim_report report;

	(void)state;
	give_scenario(&options);
	begin(&report, &options);
	take(&report, 1, 10, SIM_STARTED, 0, 0);
	take(&report, 1, 10, SIM_ASKS, 0, 0);
	take(&report, 1, 10, SIM_LOST, 0, 0);
	take(&report, 1, 10, SIM_APPLIES, 0, 3);
	sim_report_second(&report, RV_US_PER_SEC);
	take(&report, 2, 10, SIM_CUT, 0, 0);
	take(&report, 3, 10, SIM_UPGRADED, 0, 0);
	(void)summary(&report);
	assert_non_null(strstr(text,
			       "\"event\":\"asks\",\"device\":\"0001-0000-51B0-0080-0000-0001-0000-"
			       "000A\",\"phase\":\"LS\"}\n"));
	assert_non_null(strstr(text, "\"phase\":\"LS\",\"loss\":\"tunnel\"}\n"));
	assert_non_null(strstr(text, "\"event\":\"applies\""));
	assert_non_null(strstr(text, ",\"took\":3.000}\n"));
	assert_non_null(strstr(text, ",\"power_cut\":\"x\\\"\"}\n"));
	assert_non_null(strstr(text, ",\"firmware\":\"new\"}\n"));
	assert_non_null(strstr(text,
			       "\"states\":{\"off\":0,\"ls\":0,\"rs\":0,\"applying\":1,\"up\":0,"
			       "\"failed\":0}}\n"));
	assert_non_null(strstr(text, ",\"scenario\":\"a \\\"b\\\"\",\"states\":{\"off\":1,"));
	assert_non_null(strstr(text, "\"power_cuts\":1,\"upgrades\":1,\"lost\":1,\"asked\":1"));
	end(&report);
}

static void the_table_tells_what_was_played_and_what_is_missing(void **state)
{
	struct sim_options options = options_of(2, false);
	struct sim_report report;

	(void)state;
	give_scenario(&options);
	begin(&report, &options);
	take(&report, 1, 10, SIM_STARTED, 0, 0);
	take(&report, 1, 10, SIM_WAITS, 0, 20);
	take(&report, 1, 10, SIM_LOST, 0, 0);
	take(&report, 2, 11, SIM_CUT, 0, 0);
	assert_non_null(strstr(summary(&report), "a \"b\", seed 1\n"));
	assert_non_null(strstr(text, "the others   off 1, failed 1\n"));
	assert_non_null(strstr(text, "power cuts   1\n"));
	assert_non_null(strstr(text, "lost         1\n"));
	assert_null(strstr(text, "upgrades"));
	end(&report);
}

static void the_picture_has_title_seed_and_marks(void **state)
{
	struct sim_options options = options_of(2, false);
	struct rv_buf svg = { 0 };
	struct sim_report report;

	(void)state;
	give_scenario(&options);
	begin(&report, &options);
	take(&report, 1, 10, SIM_STARTED, 0, 0);
	take(&report, 2, 10, SIM_UP, 0, 1);
	sim_report_picture(&report, 3 * RV_US_PER_SEC, &svg);
	setenv("LC_ALL", "ja_JP.UTF-8", 1);
	sim_report_picture(&report, 3 * RV_US_PER_SEC, &svg);
	setenv("LC_ALL", "C", 1);
	rv_buf_putc(&svg, '\0');
	assert_int_equal(svg.err, RV_OK);
	assert_non_null(strstr(svg.ptr, "<title>a &#34;b&#34; — seed 1</title>"));
	assert_non_null(strstr(svg.ptr, "devices up: 1 / 2  (3.0 s)"));
	assert_non_null(strstr(svg.ptr, ">x&#34;</text>"));
	assert_non_null(strstr(svg.ptr, "<title>試験 — シード 1</title>"));
	rv_buf_deinit(&svg);
	end(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_up_when_each_is),
		cmocka_unit_test(a_power_cut_must_have_come_and_gone),
		cmocka_unit_test(refusals_count_by_code_and_failures_by_kind),
		cmocka_unit_test(codes_beyond_the_table_count_in_its_last_line),
		cmocka_unit_test(the_slowest_of_all_processes_is_named_with_its_history),
		cmocka_unit_test(json_has_a_line_per_event),
		cmocka_unit_test(json_names_what_the_scenario_did),
		cmocka_unit_test(the_table_tells_what_was_played_and_what_is_missing),
		cmocka_unit_test(the_picture_has_title_seed_and_marks),
	};

	setenv("LC_ALL", "C", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
