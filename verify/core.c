#include "verify/core.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "verify/inspect.h"

enum {
	SOON_S = 90, /* a program may take this long to apply a config, or to pull again */
	QUIET_S = 5,
	LS_WAIT_S = 20, /* appendix B; so below */
	TIMEOUT_S = 30,
	NO_LINE_S = 60,
	EARLY_PERCENT = 10, /* of a wait that a device may come too early: clocks differ */
	REFUSALS_MAX = 4,   /* good connections given up: it will not do better */
	STEER_CODE = 502,   /* RS pull: back to the LS at once; query: pull again */
	BUSY_CODE = 404,
};

void verify_core_init(struct verify_core *core, const struct verify_core_opt *opt,
		      struct verify_board *board)
{
	*core = (struct verify_core){ .opt = *opt,
				      .board = board,
				      .deadline_us = INT64_MAX,
				      .outcome = VERIFY_KEPT,
				      .last_ls = VERIFY_PLACE_ANY };
	core->step.turn_count = 1;
}

static const struct verify_turn *turn_of(const struct verify_core *core)
{
	return &core->step.turns[core->turn];
}

/* -- ends ----------------------------------------------------------------------------------- */

static void over(struct verify_core *core, enum verify_outcome outcome)
{
	core->outcome = outcome;
	core->deadline_us = INT64_MAX;
}

/* The turn was not kept, in the way that `number` is about. */
static void broken(struct verify_core *core, unsigned number, const char *fmt, ...) RV_PRINTF(3, 4);

static void broken(struct verify_core *core, unsigned number, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(core->note, sizeof(core->note), fmt, args);
	va_end(args);
	if (number != 0)
		verify_board_fail(core->board, number, "%s", core->note);
	over(core, number != 0 ? VERIFY_BROKEN : VERIFY_UNJUDGED);
}

static void pass(struct verify_core *core, unsigned number)
{
	if (number != 0)
		verify_board_pass(core->board, number);
}

/* Earliest and latest second of a turn, counted from the answer before it. */
static void window_of(const struct verify_core *core, const struct verify_turn *turn,
		      int64_t *from_us, int64_t *to_us)
{
	int64_t wait_s = 0;
	int64_t slack_us = core->opt.slack_us;

	switch (turn->when) {
	case VERIFY_AT_ONCE:
		break;
	case VERIFY_SOON:
		slack_us += SOON_S * RV_US_PER_SEC;
		break;
	case VERIFY_AFTER_N:
		wait_s = core->interval;
		break;
	case VERIFY_AFTER_1:
		wait_s = 1;
		slack_us += SOON_S * RV_US_PER_SEC; /* nobody said how long */
		break;
	case VERIFY_AFTER_20:
		wait_s = LS_WAIT_S;
		break;
	case VERIFY_AFTER_30:
		wait_s = TIMEOUT_S;
		break;
	case VERIFY_AFTER_60:
		wait_s = NO_LINE_S;
		break;
	case VERIFY_QUIET:
		slack_us = QUIET_S * RV_US_PER_SEC;
		break;
	}
	*from_us = wait_s * RV_US_PER_SEC * (100 - EARLY_PERCENT) / 100;
	*to_us = wait_s * RV_US_PER_SEC + slack_us;
}

static void next_turn(struct verify_core *core, int64_t now_us)
{
	int64_t from_us, to_us;

	if (++core->turn >= core->step.turn_count) {
		over(core, VERIFY_KEPT);
		return;
	}
	core->since_us = now_us;
	window_of(core, turn_of(core), &from_us, &to_us);
	core->deadline_us = now_us + to_us;
}

static void keep_turn(struct verify_core *core, int64_t now_us)
{
	const struct verify_turn *turn = turn_of(core);

	pass(core, turn->number);
	pass(core, turn->when_number);
	pass(core, turn->place_number);
	next_turn(core, now_us);
}

void verify_core_begin(struct verify_core *core, const struct verify_step *step, bool is_cold,
		       int64_t now_us)
{
	core->step = *step;
	core->board->step = core->step.name;
	core->note[0] = '\0';
	core->turn = 0;
	core->since_us = now_us;
	core->deadline_us = now_us + core->opt.wait_us;
	core->last_ls = VERIFY_PLACE_ANY;
	core->refusals = 0;
	core->interval = 1;
	core->has_other_key = false;
	core->is_cold = is_cold;
	core->outcome = VERIFY_RUNNING;
	if (core->board->findings[218].verdict == VERIFY_FAILED && verify_step_needs_query(step)) {
		snprintf(core->note, sizeof(core->note), "needs a device that passes 218");
		over(core, VERIFY_SKIPPED);
	}
}

/* -- requests ------------------------------------------------------------------------------- */

static bool is_ls(enum verify_place place)
{
	return (VERIFY_AT_LS & VERIFY_AT(place)) != 0;
}

static enum rv_armsxml_type type_of(const struct verify_arrival *arrival)
{
	return arrival->request->is_message ? arrival->request->message.type
					    : RV_ARMSXML_TYPE_COUNT;
}

static bool is_at(const struct verify_core *core, const struct verify_turn *turn,
		  enum verify_place place)
{
	if ((turn->at & VERIFY_AT_OTHER_LS) != 0 && is_ls(place))
		return place != core->last_ls;
	return (turn->at & VERIFY_AT(place)) != 0;
}

/* What the turn waits for, if it comes in time. */
static bool is_asked(const struct verify_core *core, const struct verify_arrival *arrival)
{
	const struct verify_turn *turn = turn_of(core);

	return !turn->is_refusal && is_at(core, turn, arrival->place) &&
	       (turn->ask & 1u << type_of(arrival)) != 0;
}

static const char *path_of(const struct verify_core *core, enum verify_place place)
{
	const struct verify_world *world = core->opt.world;
	const char *url = place == VERIFY_RS1 && core->step.is_rs1_path_long ? world->long_url
									     : world->urls[place];

	return strchr(url + strlen("https://"), '/');
}

/* In the first turn a program just switched on can have one trigger only. */
static const char *trigger_of(const struct verify_core *core)
{
	if (core->outcome != VERIFY_RUNNING || (core->turn == 0 && !core->is_cold))
		return NULL;
	return turn_of(core)->trigger;
}

static void inspect(struct verify_core *core, const struct verify_arrival *arrival)
{
	const struct verify_world *world = core->opt.world;
	bool is_wanted = is_asked(core, arrival);
	const struct verify_turn *turn = turn_of(core);
	struct verify_expected expected = {
		.path = path_of(core, arrival->place),
		.distid = core->opt.distid,
		.trigger = is_wanted ? trigger_of(core) : NULL,
		.path_number = is_wanted ? turn->path_number : 0,
		.key_number = is_wanted ? turn->key_number : 0,
	};

	if (is_ls(arrival->place))
		expected.key = core->opt.ls_key;
	else if (core->turn > 0) /* before, it may hold the key of an earlier step */
		expected.key = core->has_other_key ? world->other_rs_key : world->rs_key;
	verify_inspect(arrival->request, &expected, core->board);
	verify_board_pass(core->board, 5);
	verify_board_pass(core->board, 207);
	verify_board_judge(core->board, 1,
			   strncmp(arrival->tls, "TLSv1.2", 7) == 0 ||
				   strncmp(arrival->tls, "TLSv1.3", 7) == 0,
			   "it speaks %s", arrival->tls);
}

static int answer(struct verify_core *core, enum rv_armsxml_type type,
		  const struct verify_reply *reply, struct verify_delivery *out)
{
	static const struct verify_reply none = { .wire = VERIFY_WIRE_CLOSE };

	if (type == RV_ARMSXML_TYPE_COUNT)
		return verify_answer(core->opt.world, RV_ARMSXML_RS_SOLICITATION, &core->step,
				     &none, out);
	return verify_answer(core->opt.world, type, &core->step, reply, out);
}

/* Towards the LS, or from one LS to the other. */
static int steer(struct verify_core *core, enum rv_armsxml_type type, struct verify_delivery *out)
{
	const struct verify_reply reply = { .code = type == RV_ARMSXML_RS_SOLICITATION
							    ? BUSY_CODE
							    : STEER_CODE };

	return answer(core, type, &reply, out);
}

/* The arrival at the LS; until then nothing is deviation. */
static bool is_first(const struct verify_core *core, const struct verify_arrival *arrival)
{
	if (type_of(arrival) != RV_ARMSXML_RS_SOLICITATION || !is_ls(arrival->place))
		return false;
	return !core->step.is_at_ls1 || arrival->place == VERIFY_LS1;
}

static const char *what_of(const struct verify_arrival *arrival)
{
	enum rv_armsxml_type type = type_of(arrival);

	return type == RV_ARMSXML_TYPE_COUNT ? "something unreadable" : rv_armsxml_type_name(type);
}

static double seconds(int64_t us)
{
	return (double)us / RV_US_PER_SEC;
}

/* False: the step is over. */
static bool judge_place(struct verify_core *core, const struct verify_arrival *arrival)
{
	const struct verify_turn *turn = turn_of(core);
	enum rv_armsxml_type type = type_of(arrival);
	bool is_pull = type == RV_ARMSXML_RS_SOLICITATION || type == RV_ARMSXML_CONFIG_SOLICITATION;
	bool is_kind = is_pull ? (turn->ask & (VERIFY_ASK_LS | VERIFY_ASK_RS)) != 0
			       : (turn->ask & 1u << type) != 0;
	unsigned number = is_kind && turn->place_number != 0 ? turn->place_number : turn->number;

	if (is_asked(core, arrival))
		return true;
	broken(core, number, "%s at %s %.1f s after the last answer", what_of(arrival),
	       verify_place_name(arrival->place), seconds(arrival->connected_us - core->since_us));
	return false;
}

static bool judge_time(struct verify_core *core, const struct verify_arrival *arrival)
{
	const struct verify_turn *turn = turn_of(core);
	int64_t after_us = arrival->connected_us - core->since_us;
	int64_t from_us, to_us;

	window_of(core, turn, &from_us, &to_us);
	if (after_us >= from_us && after_us <= to_us)
		return true;
	broken(core, turn->when_number != 0 ? turn->when_number : turn->number,
	       "%s at %s came after %.1f s instead of %.1f to %.1f", what_of(arrival),
	       verify_place_name(arrival->place), seconds(after_us), seconds(from_us),
	       seconds(to_us));
	return false;
}

/* A request while the step runs. */
static int play(struct verify_core *core, const struct verify_arrival *arrival, int64_t now_us,
		struct verify_delivery *out)
{
	const struct verify_turn *turn = turn_of(core);
	const struct verify_reply *reply = &turn->reply;
	enum rv_armsxml_type type = type_of(arrival);
	bool is_last = core->turn + 1u == core->step.turn_count;
	bool is_arrival = core->turn == 0;

	inspect(core, arrival);
	if (is_arrival && !is_first(core, arrival))
		return steer(core, type, out);
	if (!judge_place(core, arrival) || (!is_arrival && !judge_time(core, arrival)))
		return steer(core, type, out);
	if (is_ls(arrival->place))
		core->last_ls = arrival->place;
	if (turn->needs_identity)
		verify_board_judge(core->board, 9, arrival->shows_identity,
				   "no certificate was shown at %s",
				   verify_place_name(arrival->place));
	if (type == RV_ARMSXML_RS_SOLICITATION) {
		core->interval = reply->ls.retry_interval > 0 ? reply->ls.retry_interval : 1;
		core->has_other_key = reply->ls.has_other_key;
	}
	keep_turn(core, now_us);
	return is_last ? steer(core, type, out) : answer(core, type, reply, out);
}

int verify_core_request(struct verify_core *core, const struct verify_arrival *arrival,
			int64_t now_us, struct verify_delivery *out)
{
	core->has_come = true;
	if (core->outcome == VERIFY_RUNNING)
		return play(core, arrival, now_us, out);
	return steer(core, type_of(arrival), out);
}

/* -- everything else ------------------------------------------------------------------------- */

void verify_core_refused(struct verify_core *core, enum verify_place place, const char *why)
{
	const struct verify_turn *turn = turn_of(core);

	if (core->outcome != VERIFY_RUNNING || core->turn > 0 || !is_ls(place))
		return;
	core->refusals++;
	if (turn->is_refusal)
		keep_turn(core, core->since_us);
	else if (turn->number != 0)
		broken(core, turn->number, "the device gave up the connection to %s: %s",
		       verify_place_name(place), why);
	else if (core->refusals == REFUSALS_MAX)
		broken(core, 5, "the device gave up %u connections to the LS: %s", REFUSALS_MAX,
		       why);
}

void verify_core_plain(struct verify_core *core, enum verify_place place)
{
	if (core->outcome == VERIFY_RUNNING)
		broken(core, 11, "clear text was sent to %s", verify_place_name(place));
}

void verify_core_extra(struct verify_core *core, enum verify_place place)
{
	verify_board_fail(core->board, 207, "more came behind the request at %s",
			  verify_place_name(place));
}

void verify_core_ended(struct verify_core *core, const char *how)
{
	const struct verify_turn *turn = turn_of(core);

	if (core->outcome != VERIFY_RUNNING)
		return;
	if (core->turn == 0) {
		snprintf(core->note, sizeof(core->note), "the device ended before it came: %s",
			 how);
		over(core, VERIFY_ABSENT);
	} else if (turn->when == VERIFY_QUIET) {
		keep_turn(core, core->since_us);
	} else {
		broken(core, turn->number, "the device ended instead: %s", how);
	}
}

void verify_core_tick(struct verify_core *core, int64_t now_us)
{
	const struct verify_turn *turn = turn_of(core);
	double after = seconds(now_us - core->since_us);

	if (core->outcome != VERIFY_RUNNING || now_us < core->deadline_us)
		return;
	if (core->turn == 0) {
		snprintf(core->note, sizeof(core->note), "the device did not come within %.0f s",
			 after);
		if (core->refusals > 0)
			verify_board_fail(core->board, 5, "no TLS connection to the LS succeeded");
		over(core, core->refusals > 0 ? VERIFY_BROKEN : VERIFY_ABSENT);
	} else if (turn->when == VERIFY_QUIET) {
		keep_turn(core, now_us);
	} else {
		broken(core, turn->when_number != 0 ? turn->when_number : turn->number,
		       "nothing came within %.0f s", after);
	}
}
