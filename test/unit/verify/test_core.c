#include "test/unit/lib/base/test_unit.h"

#include "verify/core.h"

#include "base/time.h"
#include "proto/armshttp/basic.h"
#include "proto/armsxml/build.h"
#include "test/unit/verify/world.h"

#define DISTID "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"

enum { SLACK_S = 5, WAIT_S = 60 };

struct bench {
	struct verify_board board;
	struct verify_core core;
	int64_t now_us;
};

static void begin(struct bench *bench, const struct verify_step *step, bool is_cold)
{
	static struct verify_world world;

	world = test_world();
	*bench = (struct bench){ .now_us = 1000 * RV_US_PER_SEC };
	verify_core_init(&bench->core,
			 &(struct verify_core_opt){ .world = &world,
						    .distid = DISTID,
						    .ls_key = "ls-key",
						    .slack_us = SLACK_S * RV_US_PER_SEC,
						    .wait_us = WAIT_S * RV_US_PER_SEC },
			 &bench->board);
	verify_core_begin(&bench->core, step, is_cold, bench->now_us);
}

/* The step with this name. */
static struct verify_step named(const char *name)
{
	struct verify_step step;

	for (size_t i = 0; i < verify_plan_count(); i++) {
		verify_plan_step(i, &step);
		if (strcmp(step.name, name) == 0)
			return step;
	}
	fail_msg("no step %s", name);
	return step;
}

static bool answer_has(const struct verify_delivery *delivery, const char *text)
{
	return delivery->bytes.len > 0 &&
	       memmem(delivery->bytes.ptr, delivery->bytes.len, text, strlen(text)) != NULL;
}

/* A good request, `after_s` seconds later; true: the answer has `text`. */
static bool ask(struct bench *bench, enum verify_place place, enum rv_armsxml_type type,
		double after_s, const char *text)
{
	const struct rv_armsxml_request message = { .type = type,
						    .distid = RV_STR_LIT(DISTID),
						    .protocol_version = RV_STR_LIT("4.0"),
						    .trigger = RV_STR_LIT("power on boot"),
						    .methods = { RV_STR_LIT("https-simple"),
								 RV_STR_LIT("https-tunnel") },
						    .method_count = 2 };
	struct verify_delivery delivery = { 0 };
	struct verify_request req;
	struct rv_buf body = { 0 };
	size_t extra;
	bool has_text;

	bench->now_us += (int64_t)(after_s * RV_US_PER_SEC);
	rv_armsxml_build_request(&message, &body);
	verify_request_init(&req);
	rv_buf_printf(&req.bytes, "POST %s HTTP/1.0\r\n",
		      strrchr(bench->core.opt.world->urls[place], '/'));
	rv_buf_printf(&req.bytes, "Content-Type: text/xml\r\nContent-Length: %zu\r\n", body.len);
	rv_buf_puts(&req.bytes, "Authorization: ");
	rv_armshttp_basic_encode(&req.bytes, rv_str(DISTID),
				 rv_str(place <= VERIFY_LS2 ? "ls-key" : "rs-key-1"));
	rv_buf_puts(&req.bytes, "\r\n\r\n");
	assert_int_equal(verify_request_feed(&req, rv_buf_str(&body), &extra), RV_OK);
	assert_int_equal(verify_request_read(&req), RV_OK);
	assert_int_equal(
		verify_core_request(&bench->core,
				    &(struct verify_arrival){ .place = place,
							      .connected_us = bench->now_us,
							      .tls = "TLSv1.3 X",
							      .request = &req },
				    bench->now_us, &delivery),
		RV_OK);
	has_text = answer_has(&delivery, text);
	rv_buf_deinit(&delivery.bytes);
	rv_buf_deinit(&body);
	verify_request_deinit(&req);
	return has_text;
}

static bool ask_ls(struct bench *bench, enum verify_place place, double after_s, const char *text)
{
	return ask(bench, place, RV_ARMSXML_RS_SOLICITATION, after_s, text);
}

static bool pull(struct bench *bench, enum verify_place place, double after_s, const char *text)
{
	return ask(bench, place, RV_ARMSXML_CONFIG_SOLICITATION, after_s, text);
}

static enum verify_verdict verdict(const struct bench *bench, unsigned number)
{
	return bench->board.findings[number].verdict;
}

static void tick(struct bench *bench, int64_t after_s)
{
	bench->now_us += after_s * RV_US_PER_SEC;
	verify_core_tick(&bench->core, bench->now_us);
}

/* -- order and place ------------------------------------------------------------------------- */

static void until_the_device_comes_it_is_led_to_the_ls(void **state)
{
	const struct verify_step step = named("one chunk");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	assert_true(pull(&bench, VERIFY_RS3, 1, "<result-code>502<"));
	assert_true(ask(&bench, VERIFY_RS1, RV_ARMSXML_PUSH_METHOD_QUERY, 1, "<result-code>502<"));
	assert_int_equal(bench.core.outcome, VERIFY_RUNNING);
	assert_true(ask_ls(&bench, VERIFY_LS2, 1, "rs-info"));
	assert_true(pull(&bench, VERIFY_RS1, 1, "Transfer-Encoding: chunked"));
	assert_true(ask(&bench, VERIFY_RS1, RV_ARMSXML_PUSH_METHOD_QUERY, 1, "<result-code>502<"));
	assert_int_equal(bench.core.outcome, VERIFY_KEPT);
	assert_int_equal(verdict(&bench, 23), VERIFY_PASSED);
	/* Afterwards, too. */
	assert_true(ask_ls(&bench, VERIFY_LS1, 1, "<result-code>404<"));
}

static void what_was_to_be_accepted_and_was_not_fails(void **state)
{
	const struct verify_step step = named("one chunk");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	ask_ls(&bench, VERIFY_LS1, 1, "");
	pull(&bench, VERIFY_RS1, 1, "");
	assert_true(pull(&bench, VERIFY_RS2, 0, "<result-code>502<"));
	assert_int_equal(bench.core.outcome, VERIFY_BROKEN);
	assert_int_equal(verdict(&bench, 23), VERIFY_FAILED);
	assert_non_null(strstr(bench.core.note, "config-solicitation at RS 2"));
}

static void a_deviation_before_the_point_blames_nobody(void **state)
{
	const struct verify_step step = named("one chunk");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	ask_ls(&bench, VERIFY_LS1, 1, "");
	ask_ls(&bench, VERIFY_LS1, 1, "");
	assert_int_equal(bench.core.outcome, VERIFY_UNJUDGED);
	assert_int_equal(verdict(&bench, 23), VERIFY_NOT_JUDGED);
}

static void an_ls_step_may_have_to_begin_with_the_first(void **state)
{
	const struct verify_step step = named("LS code 503");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	assert_true(ask_ls(&bench, VERIFY_LS2, 1, "<result-code>404<"));
	assert_true(ask_ls(&bench, VERIFY_LS1, 0, "<result-code>503<"));
	ask_ls(&bench, VERIFY_LS2, 0, "");
	assert_int_equal(verdict(&bench, 56), VERIFY_FAILED);
}

static void the_other_ls_is_the_one_not_asked_last(void **state)
{
	const struct verify_step step = named("LS closes");

	(void)state;
	for (enum verify_place first = VERIFY_LS1; first <= VERIFY_LS2; first++) {
		for (enum verify_place second = VERIFY_LS1; second <= VERIFY_LS2; second++) {
			struct bench bench;

			begin(&bench, &step, false);
			ask_ls(&bench, first, 1, "");
			ask_ls(&bench, second, 0, "");
			assert_int_equal(verdict(&bench, 212),
					 first == second ? VERIFY_FAILED : VERIFY_PASSED);
		}
	}
}

static void the_wrong_place_has_a_number_of_its_own(void **state)
{
	const struct verify_step step = named("boot");
	struct bench bench;

	(void)state;
	begin(&bench, &step, true);
	ask_ls(&bench, VERIFY_LS1, 1, "");
	pull(&bench, VERIFY_RS1, 0, "");
	ask(&bench, VERIFY_RS1, RV_ARMSXML_PUSH_METHOD_QUERY, 0, "");
	ask_ls(&bench, VERIFY_LS1, 0, "");
	assert_int_equal(verdict(&bench, 219), VERIFY_FAILED);
	assert_int_equal(verdict(&bench, 76), VERIFY_NOT_JUDGED);
	assert_int_equal(verdict(&bench, 9), VERIFY_FAILED); /* `ask` shows no certificate */
}

/* -- time ------------------------------------------------------------------------------------ */

/* Seconds after the last answer at which "both LSs on stand-by" is asked again, and 213. */
static void a_wait_may_be_a_tenth_short_and_the_slack_long(void **state)
{
	static const struct {
		double after_s;
		enum verify_verdict verdict;
	} cases[] = { { 0, VERIFY_FAILED },  { 17.9, VERIFY_FAILED }, { 18, VERIFY_PASSED },
		      { 20, VERIFY_PASSED }, { 25, VERIFY_PASSED },   { 25.1, VERIFY_FAILED },
		      { 60, VERIFY_FAILED } };
	const struct verify_step step = named("both LSs on stand-by");

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct bench bench;

		begin(&bench, &step, false);
		ask_ls(&bench, VERIFY_LS1, 1, "");
		ask_ls(&bench, VERIFY_LS2, 0, "");
		ask_ls(&bench, VERIFY_LS1, cases[i].after_s, "");
		assert_int_equal(verdict(&bench, 213), cases[i].verdict);
	}
}

static void who_never_comes_back_fails_at_the_end_of_the_time(void **state)
{
	const struct verify_step step = named("both LSs on stand-by");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	ask_ls(&bench, VERIFY_LS1, 1, "");
	ask_ls(&bench, VERIFY_LS2, 0, "");
	tick(&bench, 24);
	assert_int_equal(bench.core.outcome, VERIFY_RUNNING);
	tick(&bench, 1);
	assert_int_equal(bench.core.outcome, VERIFY_BROKEN);
	assert_int_equal(verdict(&bench, 213), VERIFY_FAILED);
	assert_int_equal(bench.core.deadline_us, INT64_MAX);
}

static void quiet_is_what_is_wanted_after_an_order(void **state)
{
	const struct verify_step step = named("RS code 501");

	(void)state;
	for (int how = 0; how < 3; how++) {
		struct bench bench;

		begin(&bench, &step, false);
		ask_ls(&bench, VERIFY_LS1, 1, "");
		assert_true(pull(&bench, VERIFY_RS1, 0, "<result-code>501<"));
		if (how == 0)
			tick(&bench, 5);
		else if (how == 1)
			verify_core_ended(&bench.core, "exit status 1");
		else
			pull(&bench, VERIFY_RS2, 1, "");
		assert_int_equal(verdict(&bench, 232), how < 2 ? VERIFY_PASSED : VERIFY_FAILED);
	}
}

/* -- the rest -------------------------------------------------------------------------------- */

static void a_wrong_certificate_must_be_refused(void **state)
{
	const struct verify_step step = named("LS of another CA");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	verify_core_refused(&bench.core, VERIFY_RS1, "not an LS");
	assert_int_equal(bench.core.outcome, VERIFY_RUNNING);
	verify_core_refused(&bench.core, VERIFY_LS1, "unknown ca");
	assert_int_equal(verdict(&bench, 205), VERIFY_PASSED);
	begin(&bench, &step, false);
	ask_ls(&bench, VERIFY_LS1, 1, "");
	assert_int_equal(verdict(&bench, 205), VERIFY_FAILED);
}

static void a_good_certificate_must_not(void **state)
{
	struct verify_step step = named("expired certificates");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	verify_core_refused(&bench.core, VERIFY_LS1, "expired");
	assert_int_equal(verdict(&bench, 4), VERIFY_FAILED);
	/* Where it is not the point, once is nothing. */
	step = named("boot");
	begin(&bench, &step, false);
	for (int i = 0; i < 3; i++)
		verify_core_refused(&bench.core, VERIFY_LS1, "x");
	assert_int_equal(bench.core.outcome, VERIFY_RUNNING);
	verify_core_refused(&bench.core, VERIFY_LS1, "x");
	assert_int_equal(verdict(&bench, 5), VERIFY_FAILED);
}

static void clear_text_and_more_than_a_request_fail(void **state)
{
	const struct verify_step step = named("http URL");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	ask_ls(&bench, VERIFY_LS1, 1, "http://127.0.0.1:7003/arms");
	verify_core_extra(&bench.core, VERIFY_LS1);
	verify_core_plain(&bench.core, VERIFY_RS2);
	assert_int_equal(verdict(&bench, 207), VERIFY_FAILED);
	assert_int_equal(verdict(&bench, 11), VERIFY_FAILED);
}

static void who_does_not_come_is_absent(void **state)
{
	const struct verify_step step = named("one chunk");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	tick(&bench, WAIT_S);
	assert_int_equal(bench.core.outcome, VERIFY_ABSENT);
	assert_false(bench.core.has_come);
	begin(&bench, &step, false);
	verify_core_ended(&bench.core, "exit status 1");
	assert_int_equal(bench.core.outcome, VERIFY_ABSENT);
	begin(&bench, &step, false);
	verify_core_refused(&bench.core, VERIFY_LS1, "x");
	tick(&bench, WAIT_S);
	assert_int_equal(verdict(&bench, 5), VERIFY_FAILED);
}

static void what_a_query_would_show_is_skipped_without_queries(void **state)
{
	const struct verify_step step = named("one chunk"), other = named("RS closes");
	struct bench bench;

	(void)state;
	begin(&bench, &step, false);
	bench.board.findings[218].verdict = VERIFY_FAILED;
	verify_core_begin(&bench.core, &step, false, bench.now_us);
	assert_int_equal(bench.core.outcome, VERIFY_SKIPPED);
	verify_core_begin(&bench.core, &other, false, bench.now_us);
	assert_int_equal(bench.core.outcome, VERIFY_RUNNING);
}

static void only_a_device_just_switched_on_must_say_so(void **state)
{
	struct verify_step step = named("boot");
	struct bench bench;

	(void)state;
	step.turns[0].trigger = "no push method"; /* `ask` says another */
	for (int is_cold = 0; is_cold < 2; is_cold++) {
		begin(&bench, &step, is_cold);
		ask_ls(&bench, VERIFY_LS1, 1, "");
		assert_int_equal(verdict(&bench, 126), is_cold ? VERIFY_FAILED : VERIFY_PASSED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(until_the_device_comes_it_is_led_to_the_ls),
		cmocka_unit_test(what_was_to_be_accepted_and_was_not_fails),
		cmocka_unit_test(a_deviation_before_the_point_blames_nobody),
		cmocka_unit_test(an_ls_step_may_have_to_begin_with_the_first),
		cmocka_unit_test(the_other_ls_is_the_one_not_asked_last),
		cmocka_unit_test(the_wrong_place_has_a_number_of_its_own),
		cmocka_unit_test(a_wait_may_be_a_tenth_short_and_the_slack_long),
		cmocka_unit_test(who_never_comes_back_fails_at_the_end_of_the_time),
		cmocka_unit_test(quiet_is_what_is_wanted_after_an_order),
		cmocka_unit_test(a_wrong_certificate_must_be_refused),
		cmocka_unit_test(a_good_certificate_must_not),
		cmocka_unit_test(clear_text_and_more_than_a_request_fail),
		cmocka_unit_test(who_does_not_come_is_absent),
		cmocka_unit_test(what_a_query_would_show_is_skipped_without_queries),
		cmocka_unit_test(only_a_device_just_switched_on_must_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
