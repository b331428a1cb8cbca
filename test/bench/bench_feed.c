/* The feed at 100,000 devices: what the snapshot that a new Location Server takes costs the RS, and
 * what it costs to move all of them into another group at once.
 *
 * A real RS core on a real store (SQLite). Each page is one work function of the writer, as in the
 * duty, so what it takes is what everybody else waits. Devices have no certificates: the feed does
 * not carry them.
 *
 *   snapshot      until the last page is made
 *   held          the longest page: no pull is recorded meanwhile
 *   records       per second of the snapshot
 *   assign        `group assign` of all devices, called until none is left
 *   assign-held   the longest of these calls
 */
#include "../unit/server/rs/fixture.h"

#include <stdio.h>

#include "base/time.h"

enum { DEVICES = 100000, BATCH = 500, PAGE = 500 /* as an LS asks */ };

static bool is_short;

static void report(const char *figure, double value, const char *unit, double budget, bool is_max)
{
	bool is_ok = is_max ? value <= budget : value >= budget;

	printf("feed.%s %.3f %s budget %.3f %s\n", figure, value, unit, budget,
	       is_ok ? "ok" : "short");
	is_short |= !is_ok;
}

static int make_batch(struct rs_ctx *ctx, void *arg)
{
	const unsigned *first = arg;
	int err = RV_OK;

	for (unsigned i = 0; i < BATCH && err == RV_OK; i++) {
		char *id = rv_arena_printf(ctx->arena, "0001-0000-C0DE-0091-0000-0000-%04X-%04X",
					   (*first + i) >> 16, (*first + i) & 0xffff);
		struct rv_device_create_in in = { .distid = rv_str(id), .ls_key = S("ls-key") };
		struct rv_device_create_out out;

		err = id != NULL ? rs_op_device_create(ctx, &in, &out, NULL) : RV_ELIMIT;
	}
	return err;
}

static void make_devices(struct fixture *f)
{
	for (unsigned first = 0; first < DEVICES; first += BATCH) {
		assert_int_equal(run_tx(f, make_batch, &first), RV_OK);
		rv_arena_wipe(&f->arena);
	}
}

static void measure_snapshot(struct fixture *f)
{
	int64_t begin = rv_time_boot_us(), held = 0;
	struct rv_rs_feed_out page = { .has_more = true };
	size_t records = 0;

	while (page.has_more) {
		uint64_t after = page.cursor;
		int64_t start = rv_time_boot_us();

		assert_int_equal(run_feed(f, after, PAGE, &page), RV_OK);
		int64_t took = rv_time_boot_us() - start;
		held = took > held ? took : held;
		records += page.records_len;
		rv_arena_wipe(&f->arena);
	}
	double seconds = (double)(rv_time_boot_us() - begin) / RV_US_PER_SEC;
	assert_true(records >= DEVICES);
	report("snapshot", seconds, "s", 30, true);
	report("held", (double)held / RV_US_PER_MS, "ms", 100, true);
	report("records", (double)records / seconds, "1/s", 5000, false);
}

static void measure_assign(struct fixture *f)
{
	struct rv_group_set_in group = { .name = S("g"), .location = S("default") };
	struct rv_group_assign_in in = { .name = S("g"), .prefix = S("0001"), .has_prefix = true };
	struct rv_group_assign_out out;
	struct rv_group_set_out set;
	int64_t begin = rv_time_boot_us(), held = 0;
	uint64_t changed = 0;

	assert_int_equal(run_op(f, "group.set", &group, &set), RV_OK);
	do {
		int64_t start = rv_time_boot_us();

		assert_int_equal(run_op(f, "group.assign", &in, &out), RV_OK);
		int64_t took = rv_time_boot_us() - start;
		held = took > held ? took : held;
		changed += out.changed;
	} while (out.left > 0);
	assert_int_equal(changed, DEVICES);
	report("assign", (double)(rv_time_boot_us() - begin) / RV_US_PER_SEC, "s", 10, true);
	report("assign-held", (double)held / RV_US_PER_MS, "ms", 500, true);
}

int main(void)
{
	void *state;

	assert_int_equal(fixture_setup(&state), 0);
	make_devices(state);
	measure_snapshot(state);
	measure_assign(state);
	fixture_teardown(&state);
	return is_short;
}
