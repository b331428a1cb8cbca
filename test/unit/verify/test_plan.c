#include "test/unit/lib/base/test_unit.h"

#include "verify/check.h"
#include "verify/plan.h"

#include "test/unit/verify/world.h"

/* Judged with every request, not by a step. */
static const unsigned of_requests[] = { 17, 126, 127, 201, 202, 203, 204, 207, 208, 222 };

static void every_check_is_judged_somewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < verify_check_count; i++) {
		unsigned number = verify_checks[i].number;
		bool is_judged = false;

		for (size_t k = 0; k < RV_ARRAY_LEN(of_requests); k++)
			is_judged |= of_requests[k] == number;
		for (size_t k = 0; k < verify_plan_count() && !is_judged; k++) {
			struct verify_step step;

			verify_plan_step(k, &step);
			is_judged = verify_step_judges(&step, number);
		}
		if (!is_judged)
			fail_msg("nothing judges %u", number);
	}
}

/* Numbers that a turn blames stand in the step's list, or are judged elsewhere with it. */
static void a_step_names_what_it_blames(void **state)
{
	(void)state;
	for (size_t i = 0; i < verify_plan_count(); i++) {
		struct verify_step step;

		verify_plan_step(i, &step);
		for (size_t n = 0; n < VERIFY_NUMBERS_MAX && step.numbers[n] != 0; n++)
			assert_non_null(verify_check_find(step.numbers[n]));
		for (size_t t = 0; t < step.turn_count; t++) {
			const struct verify_turn *turn = &step.turns[t];
			const unsigned blamed[] = { turn->number, turn->when_number,
						    turn->place_number, turn->key_number,
						    turn->path_number };

			for (size_t k = 0; k < RV_ARRAY_LEN(blamed); k++) {
				if (blamed[k] != 0 && !verify_step_judges(&step, blamed[k]))
					fail_msg("%s blames %u", step.name, blamed[k]);
			}
		}
	}
}

static void every_step_begins_at_the_ls_and_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < verify_plan_count(); i++) {
		struct verify_step step, other;

		verify_plan_step(i, &step);
		assert_true(step.turn_count >= 1 && step.turn_count <= VERIFY_TURNS_MAX);
		assert_int_equal(step.turns[0].at, VERIFY_AT_LS);
		assert_true(step.turns[0].is_refusal || step.turns[0].ask == VERIFY_ASK_LS);
		assert_true(strlen(step.name) > 0 && strlen(step.name) + 1 < sizeof(step.name));
		for (size_t k = 0; k < i; k++) {
			verify_plan_step(k, &other);
			assert_string_not_equal(step.name, other.name);
		}
	}
}

/* An edit that does not apply would let a step test nothing. */
static void every_answer_can_be_made(void **state)
{
	const struct verify_world world = test_world();

	(void)state;
	for (size_t i = 0; i < verify_plan_count(); i++) {
		struct verify_step step;

		verify_plan_step(i, &step);
		for (size_t t = 0; t + 1 < step.turn_count; t++) {
			struct verify_delivery delivery = { 0 };
			enum rv_armsxml_type type = RV_ARMSXML_RS_SOLICITATION;

			while ((step.turns[t].ask & 1u << type) == 0)
				type++;
			if (verify_answer(&world, type, &step, &step.turns[t].reply, &delivery) !=
			    RV_OK)
				fail_msg("%s, turn %zu", step.name, t);
			assert_true(delivery.bytes.len > 0 ||
				    step.turns[t].reply.wire == VERIFY_WIRE_CLOSE);
			rv_buf_deinit(&delivery.bytes);
		}
	}
}

static void only_the_slow_steps_make_a_number_slow(void **state)
{
	static const unsigned slow[] = { 27, 51, 213, 214 };

	(void)state;
	for (unsigned n = 0; n <= VERIFY_NUMBER_MAX; n++) {
		bool is_slow = false;

		for (size_t i = 0; i < RV_ARRAY_LEN(slow); i++)
			is_slow |= slow[i] == n;
		assert_int_equal(verify_plan_is_long(n), is_slow);
	}
}

static void a_dripping_answer_takes_longer_than_the_time_out(void **state)
{
	const struct verify_world world = test_world();
	const struct verify_reply reply = { .wire = VERIFY_WIRE_DRIBBLE };
	const struct verify_step step = { .name = "drip" };
	struct verify_delivery delivery = { 0 };

	(void)state;
	assert_int_equal(
		verify_answer(&world, RV_ARMSXML_CONFIG_SOLICITATION, &step, &reply, &delivery),
		RV_OK);
	assert_true((int64_t)(delivery.bytes.len / delivery.piece) * delivery.gap_us >
		    60 * INT64_C(1000000));
	rv_buf_deinit(&delivery.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_check_is_judged_somewhere),
		cmocka_unit_test(a_step_names_what_it_blames),
		cmocka_unit_test(every_step_begins_at_the_ls_and_has_a_name_of_its_own),
		cmocka_unit_test(every_answer_can_be_made),
		cmocka_unit_test(only_the_slow_steps_make_a_number_slow),
		cmocka_unit_test(a_dripping_answer_takes_longer_than_the_time_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
