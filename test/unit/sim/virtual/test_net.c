#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/virtual/net.h"

/* A site without a process, and a device that notes what it sees. */
struct scene {
	struct vw_world world;
	struct vw_site site;
	struct vw_net net;
	struct vw_line line;
	const struct sim_loss *loss;
	char seen[256];
};

static void on_up(void *arg, const char *root)
{
	struct scene *s = arg;

	strcat(s->seen, root == vw_impostor_root ? "up:impostor " : "up ");
}

static void on_data(void *arg, struct rv_str bytes)
{
	struct scene *s = arg;

	strncat(s->seen, bytes.ptr, bytes.len);
}

static void on_gone(void *arg, enum vw_gone why)
{
	static const char *const names[] = { "refused ", "reset ", "eof " };
	struct scene *s = arg;

	strcat(s->seen, names[why]);
}

static const struct vw_ends ends_of = { .on_up = on_up, .on_data = on_data, .on_gone = on_gone };

static void open_scene(struct scene *s, uint64_t seed)
{
	*s = (struct scene){
		.line = { .delay_us = 1000, .jitter_us = 500, .has_ipv4 = true, .has_ipv6 = true }
	};
	vw_init(&s->world, seed);
	s->site.world = &s->world;
	s->site.net = &s->net;
	for (size_t i = 0; i < VW_MACHINES; i++)
		s->site.machines[i].is_on = true;
	vw_net_init(&s->net, &s->site);
}

static void close_scene(struct scene *s)
{
	vw_net_deinit(&s->net);
	vw_deinit(&s->world);
}

static struct vw_wire *call(struct scene *s, const char *text)
{
	struct rv_armshttp_url url;
	struct vw_ends ends = ends_of;

	ends.arg = s;
	assert_int_equal(rv_armshttp_url_parse(rv_str(text), RV_ARMSHTTP_URL_MAX, &url, NULL),
			 RV_OK);
	return vw_connect(&s->net, &s->line, &url, &ends, s->loss);
}

static void play(struct scene *s, int64_t us)
{
	int64_t end_us = s->world.now_us + us;

	while (vw_step(&s->world, end_us)) {
	}
}

/* Who is called, in which state things are, and what the caller sees within ten seconds. */
static void who_is_not_there_answers_as_networks_do(void **state)
{
	static const struct {
		const char *url;
		bool is_on, has_ipv4, has_ipv6;
		int64_t down_us; /* the line */
		const char *seen;
	} cases[] = {
		{ "https://192.0.2.1/", true, true, true, 0, "refused " },
		{ "https://192.0.2.11/", true, true, true, 0, "refused " },
		{ "https://[2001:db8::12]/", true, true, true, 0, "refused " },
		{ "https://192.0.2.1/", false, true, true, 0, "" },
		{ "https://192.0.2.1/", true, false, true, 0, "" },
		{ "https://[2001:db8::1]/", true, true, false, 0, "" },
		{ "https://198.51.100.9/", true, true, true, 0, "" },
		{ "https://192.0.2.1/", true, true, true, 3000000, "refused " },
		{ "https://192.0.2.1/", true, true, true, 60000000, "" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct scene s;
		struct vw_wire *wire;

		open_scene(&s, i + 1);
		s.site.machines[VW_LS].is_on = cases[i].is_on;
		s.line.has_ipv4 = cases[i].has_ipv4;
		s.line.has_ipv6 = cases[i].has_ipv6;
		s.line.down_until_us[VW_LS] = cases[i].down_us;
		wire = call(&s, cases[i].url);
		play(&s, 10 * RV_US_PER_SEC);
		assert_string_equal(s.seen, cases[i].seen);
		vw_wire_drop(wire);
		close_scene(&s);
	}
}

static void a_scenario_s_loss_ends_a_connection_or_makes_it_a_hole(void **state)
{
	static const struct {
		struct sim_loss loss;
		const char *seen; /* of a call that would be refused */
	} cases[] = {
		{ { .when = SIM_LOSS_BEFORE_TLS }, "refused " },
		{ { .when = SIM_LOSS_BEFORE_TLS, .is_stall = true }, "" },
		{ { .when = SIM_LOSS_IN_TLS, .is_stall = true }, "refused " }, /* never so far */
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct scene s;
		struct vw_wire *wire;

		open_scene(&s, 1);
		s.loss = &cases[i].loss;
		wire = call(&s, "https://192.0.2.1/");
		play(&s, 10 * RV_US_PER_SEC);
		assert_string_equal(s.seen, cases[i].seen);
		vw_wire_drop(wire);
		close_scene(&s);
	}
}

static void an_impostor_is_heard_of_and_what_he_is_told_is_counted(void **state)
{
	struct scene s;
	struct vw_wire *wire;

	(void)state;
	open_scene(&s, 1);
	s.net.impostor_line = &s.line;
	s.net.impostor_until_us = RV_US_PER_SEC;
	wire = call(&s, "https://192.0.2.1/");
	play(&s, RV_US_PER_SEC / 2);
	assert_string_equal(s.seen, "up:impostor ");
	assert_int_equal(s.net.impostor_bytes, 0);
	vw_wire_send(wire, RV_STR_LIT("secret"));
	play(&s, RV_US_PER_SEC / 2);
	assert_int_equal(s.net.impostor_bytes, 6);
	vw_wire_drop(wire);
	wire = call(&s, "https://192.0.2.1/"); /* he is gone */
	play(&s, RV_US_PER_SEC);
	assert_string_equal(s.seen, "up:impostor refused ");
	vw_wire_drop(wire);
	close_scene(&s);
}

static void a_rebound_line_is_a_hole_for_what_was_open(void **state)
{
	struct scene s;
	struct vw_wire *wire;
	uint32_t address;

	(void)state;
	open_scene(&s, 1);
	address = s.line.address;
	wire = call(&s, "https://192.0.2.1/");
	vw_line_rebind(&s.net, &s.line);
	play(&s, 60 * RV_US_PER_SEC);
	assert_string_equal(s.seen, ""); /* not even the refusal */
	assert_int_equal(s.net.holes, 1);
	assert_true(s.line.address != address);
	vw_wire_drop(wire);
	vw_wire_drop(call(&s, "https://192.0.2.1/"));
	vw_wire_drop(NULL);
	play(&s, RV_US_PER_SEC);
	assert_string_equal(s.seen, ""); /* it was dropped: nobody is told */
	close_scene(&s);
}

static void lost_segments_come_later_and_too_many_losses_never(void **state)
{
	uint64_t refused = 0, holes = 0, lost = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct scene s;
		struct vw_wire *wire;

		open_scene(&s, seed);
		s.line.loss_ppm = 700000;
		wire = call(&s, "https://192.0.2.1/");
		play(&s, 60 * RV_US_PER_SEC);
		assert_true(s.seen[0] == '\0' ? s.net.holes == 1 : strcmp(s.seen, "refused ") == 0);
		refused += s.seen[0] != '\0';
		holes += s.net.holes;
		lost += s.net.lost;
		vw_wire_drop(wire);
		close_scene(&s);
	}
	assert_true(refused > 100 && holes > 0 && lost > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_not_there_answers_as_networks_do),
		cmocka_unit_test(a_scenario_s_loss_ends_a_connection_or_makes_it_a_hole),
		cmocka_unit_test(an_impostor_is_heard_of_and_what_he_is_told_is_counted),
		cmocka_unit_test(a_rebound_line_is_a_hole_for_what_was_open),
		cmocka_unit_test(lost_segments_come_later_and_too_many_losses_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
