#include "test/unit/lib/base/test_unit.h"

#include <unistd.h>

#include "base/time.h"
#include "sim/scenario.h"

#define S(n) ((n)*RV_US_PER_SEC)

static struct sim_scenario scenario;

static int parse(const char *text, struct rv_diag *diag)
{
	return sim_scenario_parse(rv_str(text), "t", &scenario, diag);
}

static void read_well(const char *text)
{
	struct rv_diag diag = { 0 };

	if (parse(text, &diag) != RV_OK)
		fail_msg("%s", diag.text);
}

static void an_empty_file_is_a_fleet_that_arrives_at_once(void **state)
{
	static const struct sim_scenario empty;

	(void)state;
	read_well("# nothing\n");
	assert_memory_equal(&scenario, &empty, sizeof(empty));
}

static void every_item_is_taken(void **state)
{
	const struct sim_power_cut *cut = scenario.cuts;

	(void)state;
	read_well("scenario { title = \"a & b\" title_ja = \"停電\" duration = 90s repeat = 5s "
		  "query = on }\n"
		  "arrival { how = waves over = 1500ms waves = 3 }\n"
		  "power_cut a { at = 10s share = 40 within = 2s off = 3s back_within = 4s every = "
		  "5s\n"
		  "  times = 6 keeps_state = on }\n"
		  "power_cut b { at = 0s }\n");
	assert_string_equal(scenario.title, "a & b");
	assert_string_equal(scenario.title_ja, "停電");
	assert_int_equal(scenario.duration_us, S(90));
	assert_int_equal(scenario.repeat_us, S(5));
	assert_true(scenario.does_query);
	assert_int_equal(scenario.arrival.kind, SIM_ARRIVAL_WAVES);
	assert_int_equal(scenario.arrival.waves, 3);
	assert_true(scenario.arrival.value >= 1.5 && scenario.arrival.value <= 1.5);
	assert_int_equal(scenario.cut_count, 2);
	assert_string_equal(cut->name, "a");
	assert_int_equal(cut->share, 40);
	assert_int_equal(cut->at_us, S(10));
	assert_int_equal(cut->within_us, S(2));
	assert_int_equal(cut->off_us, S(3));
	assert_int_equal(cut->back_within_us, S(4));
	assert_int_equal(cut->every_us, S(5));
	assert_int_equal(cut->times, 6);
	assert_true(cut->keeps_state);
	assert_string_equal(cut[1].name, "b");
	assert_int_equal(cut[1].share, 100);
	assert_int_equal(cut[1].off_us, S(10));
	assert_int_equal(cut[1].times, 1);
	assert_false(cut[1].keeps_state);
}

static void devices_that_differ_are_taken(void **state)
{
	(void)state;
	read_well("firmware A { version = \"1.2\" share = 60 tls = 1.2 upgrade_to = B upgrade_at = "
		  "7s\n"
		  "  upgrade_within = 1s upgrade_takes = 2s }\n"
		  "firmware B { version = x refuse = 5 }\n"
		  "flash f { share = 20 apply = 1s }\nflash g { apply = 1s apply_max = 3s }\n"
		  "clock c { share = 10 days = -3650 }\n"
		  "loss l { share = 3 when = after-request how = stall to = rs from = 1s until = "
		  "2s }\n"
		  "loss m { }\n");
	assert_int_equal(scenario.firmware_count, 2);
	assert_string_equal(scenario.firmwares[0].version, "1.2");
	assert_int_equal(scenario.firmwares[0].tls, SIM_TLS_12);
	assert_int_equal(scenario.firmwares[0].upgrade_to, 1);
	assert_int_equal(scenario.firmwares[0].upgrade_at_us, S(7));
	assert_int_equal(scenario.firmwares[0].upgrade_within_us, S(1));
	assert_int_equal(scenario.firmwares[0].upgrade_takes_us, S(2));
	assert_int_equal(scenario.firmwares[1].upgrade_to, SIM_FIRMWARE_NONE);
	assert_int_equal(scenario.firmwares[1].refuse, 5);
	assert_int_equal(scenario.flashes[0].apply_max_us, S(1));
	assert_int_equal(scenario.flashes[1].apply_max_us, S(3));
	assert_int_equal(scenario.clocks[0].days, -3650);
	assert_int_equal(scenario.losses[0].when, SIM_LOSS_AFTER_REQUEST);
	assert_int_equal(scenario.losses[0].to, SIM_SERVER_RS);
	assert_true(scenario.losses[0].is_stall);
	assert_int_equal(scenario.losses[0].until_us, S(2));
	assert_false(scenario.losses[1].is_stall);
	assert_int_equal(scenario.losses[1].until_us, INT64_MAX);
	assert_int_equal(sim_scenario_suits(&scenario, SIM_FORM_WIRE, NULL), RV_OK);
}

static void what_servers_and_packets_do_is_for_the_virtual_form(void **state)
{
	static const struct {
		const char *text, *where;
	} cases[] = {
		{ "network { drop = 5 }", "network:" },
		{ "partition p { at = 5s side = stores lasts = 2s }", "partition p:" },
		{ "rebind home { at = 5s every = 7s }", "rebind home:" },
		{ "crash rs { duty = rs at = 1s point = rs.pull.committed nth = 3 down = 2s\n"
		  "  unsynced = drop }",
		  "crash rs:" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };

		read_well(cases[i].text);
		assert_int_equal(sim_scenario_suits(&scenario, SIM_FORM_VIRTUAL, &diag), RV_OK);
		assert_int_equal(sim_scenario_suits(&scenario, SIM_FORM_WIRE, &diag), RV_EINVALID);
		assert_non_null(strstr(diag.text, cases[i].where));
	}
	assert_int_equal(scenario.crashes[0].duty, SIM_DUTY_RS);
	assert_string_equal(scenario.crashes[0].point, "rs.pull.committed");
	assert_int_equal(scenario.crashes[0].nth, 3);
	assert_true(scenario.crashes[0].drops_unsynced);
}

static void errors_name_file_line_and_what_is_allowed(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "power_cut a {\n at = 5\n}", "t:2: power_cut.at is \"5\"; it must be duration" },
		{ "power_cut a {\n share = 101\n}", "it must be integer, 1..100" },
		{ "arrival {\n\n how = never }", "t:3: arrival.how is \"never\"; it must be one of "
						 "at-once, uniform, poisson, waves" },
		{ "powercut a { }", "did you mean \"power_cut\"?" },
		{ "loss a { wen = in-tls }", "did you mean \"when\"?" },
		{ "\npower_cut a { share = 5 }", "t:2: power_cut a.at: it must be given" },
		{ "power_cut a { at = 1s\n times = 2 }", "power_cut a.every: it must be above 0s" },
		{ "power_cut a { at = 1s times = 2 every = 1s\n within = 1001ms }",
		  "t:2: power_cut a.within: it must not be above every" },
		{ "crash a { duty = rs at = 1s\n times = 2 }",
		  "crash a.every: it must be above 0s" },
		{ "crash a { at = 1s }", "crash a.duty: it must be given" },
		{ "firmware a { version = 1 share = 60 }\nfirmware b { version = 1\n share = 41 }",
		  "t:3: firmware b.share: all firmwares together must have at most 100" },
		{ "firmware a { version = 1\n upgrade_to = a }",
		  "t:2: firmware a.upgrade_to: it must be the title of another firmware" },
		{ "firmware a { version = \"\" }", "firmware a.version: it must have 1..63 bytes" },
		{ "firmware a { share = 5 }", "firmware a.version: it must be given" },
		{ "flash a { apply = 2s\n apply_max = 1s }",
		  "t:2: flash a.apply_max: it must not be below" },
		{ "clock a { }", "clock a.days: it must be given" },
		{ "clock a { days = 36501 }", "-36500..36500" },
		{ "loss a { from = 5s\n until = 5s }", "t:2: loss a.until: it must be above from" },
		{ "loss abcdefghijklmnopqrstuvwxyz123456 { share = 1 }", "at most 31 bytes" },
		{ "loss a { }\nloss a { }", "t:2" },
		{ "scenario { title = \"\xff\" }", "not valid UTF-8" },
		{ "firmware a { version = "
		  "1234567890123456789012345678901234567890123456789012345678901234 }",
		  "firmware a.version: it must have 1..63 bytes" },
		{ "scenario {", "t:1:" },
		{ "loss a { } loss b { } loss c { } loss d { } loss e { } loss f { } loss g { } "
		  "loss h { }"
		  "loss i { } loss j { } loss k { } loss l { } loss m { } loss n { } loss o { } "
		  "loss p { }"
		  "loss q { share = 2 }",
		  "there may be 16 sections" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };

		memset(&scenario, 0x5a, sizeof(scenario));
		if (parse(cases[i].text, &diag) == RV_OK ||
		    strstr(diag.text, cases[i].says) == NULL)
			fail_msg("%s: \"%s\"", cases[i].text, diag.text);
		assert_int_equal(scenario.title[0], 0x5a); /* untouched */
	}
}

static void a_file_is_not_longer_than_allowed(void **state)
{
	static char text[SIM_SCENARIO_BYTES_MAX + 2];

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	assert_int_equal(parse(text, NULL), RV_ELIMIT);
	text[SIM_SCENARIO_BYTES_MAX] = '\0';
	assert_int_equal(parse(text, NULL), RV_OK);
}

static void shipped_ones_are_found_by_name_and_files_by_path(void **state)
{
	char path[] = "/tmp/test_scenario_XXXXXX";
	int fd = mkstemp(path);
	struct rv_diag diag = { 0 };
	size_t count = 0;

	(void)state;
	for (; sim_scenario_shipped(count) != NULL; count++) {
		const struct sim_shipped *one = sim_scenario_shipped(count);

		assert_int_equal(sim_scenario_load(one->name, &scenario, &diag), RV_OK);
		assert_true(scenario.title[0] != '\0' && scenario.title_ja[0] != '\0');
		assert_int_equal(one->text[0], '#');
	}
	assert_int_equal(count, 7);
	assert_int_equal(sim_scenario_load("hurricane", &scenario, &diag), RV_ENOTFOUND);
	assert_non_null(strstr(diag.text, "arrival, firmware, loss, power-cut"));
	assert_int_equal(sim_scenario_load("./storm", &scenario, &diag), -ENOENT);
	assert_true(fd >= 0 && write(fd, "clock c {\n days = x }", 21) == 21);
	close(fd);
	assert_int_equal(sim_scenario_load(path, &scenario, &diag), RV_EINVALID);
	assert_non_null(strstr(diag.text, path));
	assert_non_null(strstr(diag.text, ":2: clock.days"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_is_a_fleet_that_arrives_at_once),
		cmocka_unit_test(every_item_is_taken),
		cmocka_unit_test(devices_that_differ_are_taken),
		cmocka_unit_test(what_servers_and_packets_do_is_for_the_virtual_form),
		cmocka_unit_test(errors_name_file_line_and_what_is_allowed),
		cmocka_unit_test(a_file_is_not_longer_than_allowed),
		cmocka_unit_test(shipped_ones_are_found_by_name_and_files_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
