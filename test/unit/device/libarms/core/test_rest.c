/* A device that is folded whenever it may be does what one does that never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/libarms/core/rest.h"
#include "world.h"

enum { PULL_S = 900, BYTES_MAX = 2048 };

static const int dhcp[] = { ARMS_LINE_DHCP };
static unsigned folds;
static size_t largest;

static void fold_and_unfold(struct world *w)
{
	static const struct rv_str texts[] = { { "nobody's", 8 }, { "anchor", 6 } };
	const struct rv_sa_shared shared = { texts, RV_ARRAY_LEN(texts) };
	struct rv_buf bytes = { .wipe = true };

	if (!rv_sa_can_rest(w->sa))
		return;
	assert_int_equal(rv_sa_fold(w->sa, &shared, &bytes), RV_OK);
	assert_int_equal(rv_sa_unfold(rv_buf_str(&bytes), &shared, &w->sa), RV_OK);
	largest = bytes.len > largest ? bytes.len : largest;
	rv_buf_deinit(&bytes);
	folds++;
}

/* Three calls in a row; what happened, as a string. */
static void live(struct world *w, struct rv_buf *out)
{
	for (int i = 0; i < 3; i++) {
		int code = world_pull(w, PULL_S, dhcp, 1);

		rv_buf_printf(out, "%d %s | ", code, world_trace(w));
	}
	rv_buf_put_str(out, rv_buf_str(&w->configs));
	rv_buf_put_str(out, rv_buf_str(&w->log));
	rv_buf_putc(out, '\0');
}

/* What the hosts do in each case; what is not named is down. */
static void set_up(struct world *w, unsigned number)
{
	world_init(w, INITIAL_1_1_0);
	w->location = ls_answer("11 12 6:13", ONE_LINE, 3, 10);
	w->hosts[1].kind = HOST_ANSWERS;
	w->hosts[11].kind = HOST_ANSWERS;
	w->hosts[12].kind = HOST_ANSWERS;
	if (number == 1)
		w->hosts[1].down_first = 40; /* rounds to the LS */
	if (number == 2)
		w->hosts[11].kind = w->hosts[12].kind =
			HOST_DOWN; /* to the RSs, and back to the LS */
	if (number == 3)
		w->hosts[11].kind = w->hosts[12].kind = HOST_CUTS;
	if (number == 4)
		w->hosts[11].body = coded("config-solicitation", 501);
	if (number == 5)
		w->config_result = -1;
}

static void a_folded_device_lives_as_one_that_never_was(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct rv_buf lives[2] = { { 0 }, { 0 } };

		folds = 0;
		for (unsigned k = 0; k < 2; k++) {
			struct world w;

			set_up(&w, i);
			w.on_pause = k == 1 ? fold_and_unfold : NULL;
			live(&w, &lives[k]);
			world_deinit(&w);
		}
		assert_true(folds >= 3); /* after each call at least */
		assert_string_equal(lives[0].ptr, lives[1].ptr);
		rv_buf_deinit(&lives[0]);
		rv_buf_deinit(&lives[1]);
	}
	assert_in_range(largest, 100, BYTES_MAX);
}

static void modules_are_remembered(void **state)
{
	char other[1024], *id;
	struct world w;

	(void)state;
	set_up(&w, 0);
	w.on_pause = fold_and_unfold;
	assert_int_equal(world_pull(&w, PULL_S, dhcp, 1), 0);
	assert_non_null(rv_sa_modules_find(rv_sa_modules(w.sa), 1));
	snprintf(other, sizeof(other), "%s", RS_OK);
	while ((id = strstr(other, "id=\"1\"")) != NULL)
		id[4] = '2';
	w.hosts[11].body = other;
	(void)world_trace(&w);
	assert_int_equal(world_pull(&w, PULL_S, dhcp, 1), 0);
	assert_non_null(strstr(world_trace(&w), "r1"));
	world_deinit(&w);
}

static void texts_in_common_are_left_with_the_caller(void **state)
{
	static const char pem[] = "-----a long anchor that every device has-----";
	const struct rv_str texts[] = { RV_STR_LIT(
		"-----a long anchor that every device has-----") };
	const struct rv_sa_shared shared[] = { { NULL, 0 }, { texts, 1 } };
	struct world w;
	size_t len[2];

	(void)state;
	set_up(&w, 0);
	assert_int_equal(rv_sa_set_ls_anchor(w.sa, rv_str(pem)), RV_OK);
	for (size_t i = 0; i < 2; i++) {
		struct rv_buf bytes = { .wipe = true };

		assert_int_equal(rv_sa_fold(w.sa, &shared[i], &bytes), RV_OK);
		len[i] = bytes.len;
		assert_int_equal(memmem(bytes.ptr, bytes.len, pem, strlen(pem)) == NULL, i == 1);
		assert_int_equal(rv_sa_unfold(rv_buf_str(&bytes), &shared[i], &w.sa), RV_OK);
		rv_buf_deinit(&bytes);
	}
	assert_int_equal(len[0] - len[1], strlen(pem));
	assert_int_equal(world_pull(&w, PULL_S, dhcp, 1), 0);
	world_deinit(&w);
}

static void a_device_in_the_middle_of_something_does_not_rest(void **state)
{
	struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	struct rv_sa_pull pull = { .timeout_s = 300, .lines = &line, .line_count = 1 };
	struct rv_sa_action act;
	struct world w;

	(void)state;
	set_up(&w, 0);
	assert_true(rv_sa_can_rest(w.sa));
	rv_sa_start_pull(w.sa, 0, &pull);
	assert_false(rv_sa_can_rest(w.sa));
	rv_sa_next(w.sa, 0, &act);
	assert_int_equal(act.act, RV_SA_ACT_LINE);
	assert_false(rv_sa_can_rest(w.sa));
	rv_sa_on_line(w.sa, 0, ARMS_LINE_CONNECTED);
	rv_sa_next(w.sa, 0, &act);
	assert_int_equal(act.act, RV_SA_ACT_OPEN);
	assert_false(rv_sa_can_rest(w.sa));
	world_deinit(&w);
}

static void a_buffer_that_is_full_leaves_the_device(void **state)
{
	const struct rv_sa_shared shared = { 0 };
	struct rv_buf bytes = { .max = 50 };
	struct world w;

	(void)state;
	set_up(&w, 0);
	assert_int_equal(rv_sa_fold(w.sa, &shared, &bytes), RV_ELIMIT);
	assert_int_equal(world_pull(&w, PULL_S, dhcp, 1), 0);
	rv_buf_deinit(&bytes);
	world_deinit(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folded_device_lives_as_one_that_never_was),
		cmocka_unit_test(modules_are_remembered),
		cmocka_unit_test(texts_in_common_are_left_with_the_caller),
		cmocka_unit_test(a_device_in_the_middle_of_something_does_not_rest),
		cmocka_unit_test(a_buffer_that_is_full_leaves_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
