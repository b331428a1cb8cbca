/* The judge and the core of libarms in one process under a virtual clock: every step, the long ones
 * too, and devices whose clocks run wrong. Only TLS is left out: a certificate is good or not. */
#include "test/unit/lib/base/test_unit.h"

#include "verify/core.h"

#include "base/time.h"
#include "device/libarms/core/sa.h"
#include "device/libarms/include/libarms.h"
#include "test/unit/verify/world.h"

#define DISTID "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"

enum { ROUNDS_MAX = 100000 };

struct walk {
	struct verify_world world;
	struct verify_board board;
	struct verify_core core;
	const struct verify_step *step;
	struct rv_sa *sa;
	unsigned speed; /* of the device's clock, percent */
	int64_t now_us; /* of the judge's */
	/* The connection. */
	enum verify_place place;
	int64_t connected_us;
	bool shows_identity;
	struct verify_request request;
	struct verify_delivery delivery;
	size_t sent;
};

static int64_t device_us(const struct walk *walk)
{
	return walk->now_us / 100 * walk->speed;
}

/* Of the judge's, and no later than the judge wants to look. */
static void sleep_until(struct walk *walk, int64_t of_device_us)
{
	int64_t until_us = of_device_us / walk->speed * 100 + 1000;

	if (until_us > walk->core.deadline_us)
		until_us = walk->core.deadline_us;
	if (until_us > walk->now_us)
		walk->now_us = until_us;
}

/* -- the device ------------------------------------------------------------------------------ */

static int take_config(void *arg, const struct rv_sa_module *module, int action, const char *data,
		       size_t len, int next)
{
	(void)arg, (void)module, (void)action, (void)data, (void)len, (void)next;
	return 0;
}

static int take_identity(void *arg, struct rv_str certificate, struct rv_str key,
			 struct rv_diag *diag)
{
	(void)arg, (void)key;
	if (memmem(certificate.ptr, certificate.len, "!!!", 3) != NULL)
		return rv_diag_set(diag, RV_ETLS, NULL, "certificate", "unreadable");
	return RV_OK;
}

static void start_pull(struct walk *walk)
{
	static const struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	static const struct rv_sa_pull pull = { .timeout_s = 3600,
						.lines = &line,
						.line_count = 1 };

	rv_sa_start_pull(walk->sa, device_us(walk), &pull);
}

static void switch_on(struct walk *walk)
{
	static const struct rv_sa_host host = { take_config, take_identity, NULL, NULL, NULL };
	char initial[2 * VERIFY_URL_MAX + 16];
	struct rv_distid id;
	struct rv_diag diag;

	rv_sa_free(walk->sa);
	assert_int_equal(rv_distid_parse(DISTID, strlen(DISTID), &id, NULL), RV_OK);
	assert_int_equal(rv_sa_new(&host, &id, &walk->sa), RV_OK);
	assert_true(rv_sa_set_ls_key(walk->sa, rv_str("ls-key")));
	assert_int_equal(rv_sa_set_ls_anchor(walk->sa, walk->world.rs_ca), RV_OK);
	snprintf(initial, sizeof(initial), "%s\n%s\n\n1\n1\n", walk->world.urls[VERIFY_LS1],
		 walk->world.urls[VERIFY_LS2]);
	assert_int_equal(rv_sa_set_initial(walk->sa, rv_str(initial), &diag), RV_OK);
	start_pull(walk);
}

/* One of its calls has returned. */
static void returned(struct walk *walk, int code)
{
	bool was_pull = rv_sa_state(walk->sa) == ARMS_ST_PULLDONE &&
			rv_sa_service(walk->sa)->listed_count == 0;

	if (code != 0 && code != ARMS_EPULL) {
		verify_core_ended(&walk->core, "told to");
	} else if (code == 0 && was_pull) {
		rv_sa_start_query(walk->sa, device_us(walk));
	} else {
		if (code == 0)
			rv_sa_set_trigger(walk->sa, "no push method");
		start_pull(walk);
	}
}

/* -- the network ----------------------------------------------------------------------------- */

static bool is_good(const struct walk *walk, enum verify_place place)
{
	const struct verify_step *step = walk->step;
	enum verify_certificate certificate = VERIFY_CERT_GOOD;

	if (place <= VERIFY_LS2)
		certificate = step->ls_certificate;
	else if (place == VERIFY_RS1)
		certificate = step->rs_certificate;
	else if (place == VERIFY_RS2)
		certificate = step->rs2_certificate;
	return certificate == VERIFY_CERT_GOOD || certificate == VERIFY_CERT_EXPIRED;
}

/* By port, as the addresses of the test's world have them. */
static void open_connection(struct walk *walk, const struct rv_sa_action *act)
{
	unsigned place = act->url->port - 7000u;

	if (place >= VERIFY_DOWN || act->url->is_ipv6) {
		rv_sa_on_fail(walk->sa, device_us(walk), ARMS_LOG_ECONNECT, "refused");
	} else if (place == VERIFY_RS1 && walk->step->is_rs1_mute) {
		sleep_until(walk, act->deadline_us);
	} else if (!is_good(walk, (enum verify_place)place)) {
		rv_sa_on_fail(walk->sa, device_us(walk), ARMS_LOG_ESSL, "certificate");
		verify_core_refused(&walk->core, (enum verify_place)place, "certificate");
	} else {
		walk->place = (enum verify_place)place;
		walk->connected_us = walk->now_us;
		walk->shows_identity = act->certificate.len > 0;
		rv_sa_on_ok(walk->sa, device_us(walk));
	}
}

static void send_request(struct walk *walk, const struct rv_sa_action *act)
{
	struct verify_arrival arrival = { .place = walk->place,
					  .connected_us = walk->connected_us,
					  .shows_identity = walk->shows_identity,
					  .tls = "TLSv1.3 test",
					  .request = &walk->request };
	size_t extra = 0;
	int r = verify_request_feed(&walk->request, act->bytes, &extra);

	if (r == RV_OK) {
		assert_int_equal(verify_request_read(&walk->request), RV_OK);
		assert_int_equal(
			verify_core_request(&walk->core, &arrival, walk->now_us, &walk->delivery),
			RV_OK);
	}
	rv_sa_on_ok(walk->sa, device_us(walk));
}

static void read_answer(struct walk *walk, const struct rv_sa_action *act)
{
	const struct verify_delivery *delivery = &walk->delivery;
	struct rv_str piece = rv_str_sub(rv_buf_str(&delivery->bytes), walk->sent,
					 delivery->piece > 0 ? delivery->piece : SIZE_MAX);

	if (piece.len == 0 && delivery->stays_open) {
		sleep_until(walk, act->deadline_us);
	} else if (piece.len == 0) {
		rv_sa_on_fail(walk->sa, device_us(walk), ARMS_LOG_EHTTP, "ended");
	} else if (walk->sent > 0 && delivery->gap_us > 0 &&
		   device_us(walk) + delivery->gap_us > act->deadline_us) {
		sleep_until(walk, act->deadline_us);
	} else {
		walk->now_us += walk->sent > 0 ? delivery->gap_us : 0;
		walk->sent += piece.len;
		rv_sa_on_data(walk->sa, device_us(walk), piece);
	}
}

static void close_connection(struct walk *walk)
{
	verify_request_deinit(&walk->request);
	verify_request_init(&walk->request);
	rv_buf_deinit(&walk->delivery.bytes);
	walk->delivery = (struct verify_delivery){ 0 };
	walk->sent = 0;
}

static void carry_out(struct walk *walk, const struct rv_sa_action *act)
{
	switch (act->act) {
	case RV_SA_ACT_LINE:
		rv_sa_on_line(walk->sa, device_us(walk),
			      act->line_action == ARMS_LINE_ACT_DISCONNECT ? ARMS_LINE_DISCONNECTED
									   : ARMS_LINE_CONNECTED);
		break;
	case RV_SA_ACT_OPEN:
		open_connection(walk, act);
		break;
	case RV_SA_ACT_SEND:
		send_request(walk, act);
		break;
	case RV_SA_ACT_READ:
		read_answer(walk, act);
		break;
	case RV_SA_ACT_CLOSE:
		close_connection(walk);
		rv_sa_on_ok(walk->sa, device_us(walk));
		break;
	case RV_SA_ACT_WAIT:
		sleep_until(walk, act->deadline_us);
		break;
	case RV_SA_ACT_DONE:
		returned(walk, act->code);
		break;
	}
}

/* -- steps ----------------------------------------------------------------------------------- */

static void init(struct walk *walk, unsigned speed)
{
	static struct verify_world world;

	*walk = (struct walk){ .speed = speed, .now_us = 1000 * RV_US_PER_SEC };
	walk->world = world = test_world();
	verify_request_init(&walk->request);
	verify_core_init(&walk->core,
			 &(struct verify_core_opt){ .world = &world,
						    .distid = DISTID,
						    .ls_key = "ls-key",
						    .slack_us = 5 * RV_US_PER_SEC,
						    .wait_us = 300 * RV_US_PER_SEC },
			 &walk->board);
}

/* Plays one step with a device just switched on; seconds it took. */
static double play(struct walk *walk, const struct verify_step *step)
{
	int64_t begun_us = walk->now_us;

	walk->step = step;
	close_connection(walk);
	verify_core_begin(&walk->core, step, true, walk->now_us);
	switch_on(walk);
	for (unsigned i = 0; walk->core.outcome == VERIFY_RUNNING; i++) {
		struct rv_sa_action act;

		assert_true(i < ROUNDS_MAX);
		rv_sa_next(walk->sa, device_us(walk), &act);
		carry_out(walk, &act);
		verify_core_tick(&walk->core, walk->now_us);
	}
	return (double)(walk->now_us - begun_us) / RV_US_PER_SEC;
}

static void deinit(struct walk *walk)
{
	close_connection(walk);
	verify_request_deinit(&walk->request);
	rv_sa_free(walk->sa);
}

static void libarms_keeps_every_step_and_the_long_ones_take_their_time(void **state)
{
	struct walk walk;

	(void)state;
	init(&walk, 100);
	for (size_t i = 0; i < verify_plan_count(); i++) {
		struct verify_step step;
		double took;

		verify_plan_step(i, &step);
		took = play(&walk, &step);
		if (walk.core.outcome != VERIFY_KEPT)
			fail_msg("%s: %s", step.name, walk.core.note);
		assert_true(took >= step.seconds && took <= step.seconds + 6);
	}
	for (size_t i = 0; i < verify_check_count; i++) {
		const struct verify_finding *finding =
			&walk.board.findings[verify_checks[i].number];

		if (finding->verdict != VERIFY_PASSED)
			fail_msg("%u: %s %s", verify_checks[i].number,
				 verify_verdict_name(finding->verdict), finding->detail);
	}
	deinit(&walk);
}

/* A clock that runs fast makes every wait too short, a slow one too long. */
static void a_device_whose_clock_is_wrong_fails_every_wait(void **state)
{
	static const unsigned waits[] = { 27, 51, 210, 213, 214, 223 };
	static const unsigned speeds[] = { 25, 400 };

	(void)state;
	for (size_t s = 0; s < RV_ARRAY_LEN(speeds); s++) {
		struct walk walk;

		init(&walk, speeds[s]);
		for (size_t i = 0; i < verify_plan_count(); i++) {
			struct verify_step step;

			verify_plan_step(i, &step);
			(void)play(&walk, &step);
		}
		for (size_t i = 0; i < RV_ARRAY_LEN(waits); i++) {
			if (walk.board.findings[waits[i]].verdict != VERIFY_FAILED)
				fail_msg("at %u%% %u did not fail", speeds[s], waits[i]);
		}
		assert_int_equal(walk.board.findings[23].verdict, VERIFY_PASSED);
		deinit(&walk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libarms_keeps_every_step_and_the_long_ones_take_their_time),
		cmocka_unit_test(a_device_whose_clock_is_wrong_fails_every_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
