#include "sim/virtual/run.h"

#include <string.h>
#include <time.h>

#include "base/time.h"
#include "sim/virtual/faults.h"

enum { AUDIT_MAX_S = 120, ON_WITHIN_S = 20 };

struct run {
	const struct vw_opt *opt;
	struct vw_world world;
	struct vw_site site;
	struct vw_net net;
	struct vw_fleet fleet;
	struct vw_orders orders;
	struct vw_faults faults;
	struct vw_story story;
};

int64_t vw_bound_us(const struct vw_fleet *fleet)
{
	enum {
		HOLE_S = RV_SA_CONNECT_S + 2 * RV_SA_SEND_S + RV_SA_ANSWER_S,
		ADDRESSES = 2 + 4 + 2, /* LS, RS, and those of the query */
		INTERVAL_S = 45,       /* the longest pause between rounds at the RS */
		ORDERS_S = 60,         /* operators' last orders, and the LS hears of them */
		DARK_S = 45,           /* a machine that lost its power at the last moment */
	};
	/* It is stuck, waits, tries all addresses of which half are out of its reach, comes up;
	 * pulls again, and, because the orders came in between, once more. */
	int64_t once_s = HOLE_S + VW_AGAIN_S + INTERVAL_S + ADDRESSES / 2 * RV_SA_CONNECT_S;

	return (DARK_S + ORDERS_S + 2 * once_s) * RV_US_PER_SEC + 2 * fleet->host.repeat_us;
}

static void tell(void *arg, const struct vw_device *device, enum sim_what what, int code)
{
	struct run *run = arg;

	run->opt->tell(run->opt->arg, run->world.now_us, device, what, code);
}

static void switch_on(void *arg)
{
	vw_device_switch_on(arg);
}

static int begin(struct run *run)
{
	const struct vw_opt *opt = run->opt;
	int err;

	vw_init(&run->world, opt->seed);
	run->world.sabotage = opt->sabotage;
	run->world.trace = opt->trace;
	run->world.trace_who = opt->trace_who;
	err = vw_site_open(&run->site, &run->world, &run->net);
	if (err != RV_OK)
		return err;
	vw_net_init(&run->net, &run->site);
	vw_fleet_init(&run->fleet, &run->world, &run->net, opt->devices);
	if (opt->tell != NULL) {
		run->fleet.tell = tell;
		run->fleet.arg = run;
	}
	vw_site_start(&run->site);
	vw_orders_start(&run->orders, &run->site, &run->fleet);
	vw_faults_start(&run->faults, opt->faults, &run->site, &run->fleet);
	if (opt->scenario != NULL)
		vw_story_start(&run->story, opt->scenario, &run->site, &run->fleet);
	for (uint32_t i = opt->scenario != NULL ? opt->devices : 0; i < opt->devices + VW_STRANGERS;
	     i++)
		vw_post(&run->world,
			vw_between(&run->world, VW_DEVICE, 0, ON_WITHIN_S * RV_US_PER_SEC),
			switch_on, &run->fleet.devices[i]);
	return RV_OK;
}

static bool is_fine(const struct run *run)
{
	return run->world.invariant[0] == '\0';
}

/* Until `is_done`, or that long. True: it is. */
static bool play(struct run *run, int64_t us, bool (*is_done)(const struct run *run))
{
	int64_t end_us = run->world.now_us + us;

	while (is_fine(run) && (is_done == NULL || !is_done(run)))
		if (!vw_step(&run->world, end_us))
			return is_done != NULL && is_done(run);
	return is_fine(run);
}

static bool is_settled(const struct run *run)
{
	return vw_orders_is_final(&run->orders) && vw_fleet_is_settled(&run->fleet);
}

static bool is_audited(const struct run *run)
{
	return vw_orders_is_audited(&run->orders);
}

static void play_all(struct run *run, struct vw_result *out)
{
	int64_t calm_us;

	play(run, run->opt->storm_us, NULL);
	vw_story_end(&run->story);
	vw_faults_end(&run->faults);
	vw_orders_finish(&run->orders);
	calm_us = run->world.now_us;
	vw_note(&run->world, "run", "calm", 0, 0);
	if (play(run, vw_bound_us(&run->fleet), is_settled))
		out->settled_us = run->world.now_us - calm_us;
	if (!is_fine(run))
		return;
	if (!vw_orders_is_final(&run->orders))
		vw_complain(&run->world, "up", "operators cannot bring it to a last state");
	vw_fleet_judge_end(&run->fleet);
	vw_orders_audit(&run->orders);
	if (is_fine(run) && !play(run, AUDIT_MAX_S * RV_US_PER_SEC, is_audited))
		vw_complain(&run->world, "up", "the store does not answer after all is over");
}

static void collect(const struct run *run, struct vw_result *out)
{
	const struct vw_world *w = &run->world;

	memcpy(out->invariant, w->invariant, sizeof(out->invariant));
	memcpy(out->complaint, w->complaint, sizeof(out->complaint));
	out->complained_us = w->complained_us;
	out->hash = w->hash;
	out->events = w->events;
	out->end_us = w->now_us;
	out->crashes = run->site.crashes;
	out->power_cuts = run->site.power_cuts;
	out->fail_points = run->site.fail_points;
	out->connections = run->net.connections;
	out->segments = run->net.segments;
	out->lost = run->net.lost;
	out->cuts = run->net.cuts;
	out->holes = run->net.holes;
	out->orders = run->orders.given;
	out->acknowledged = run->orders.acknowledged;
	out->unknown = run->orders.unknown;
	out->looks = run->orders.looks;
	for (size_t i = 0; i < VW_MACHINES; i++) {
		struct vw_disk_stats stats;

		vw_disk_stats(run->site.machines[i].disk, &stats);
		out->dropped += stats.dropped;
		out->torn += stats.torn;
	}
	for (uint32_t i = 0; i < run->fleet.count; i++) {
		const struct vw_device *d = &run->fleet.devices[i];

		out->up += d->is_up;
		out->pulls += d->ups;
		out->attempts += d->attempts;
		if (d->first_up_us >= 0 &&
		    (out->first_up_us < 0 || d->first_up_us < out->first_up_us))
			out->first_up_us = d->first_up_us;
		if (d->first_up_us > out->last_up_us)
			out->last_up_us = d->first_up_us;
	}
}

/* A dependence on what is no function of the seed, for the checker of that. */
static void break_replay(struct run *run)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	vw_note(&run->world, "run", "unseeded", t.tv_sec, t.tv_nsec);
}

int vw_run(const struct vw_opt *opt, struct vw_result *out)
{
	struct run run = { .opt = opt };
	int err = begin(&run);

	*out = (struct vw_result){ .first_up_us = -1, .last_up_us = -1, .settled_us = -1 };
	if (err == RV_OK) {
		if (opt->sabotage == VW_UNSEEDED)
			break_replay(&run);
		play_all(&run, out);
		collect(&run, out);
	}
	vw_site_close(&run.site);
	vw_fleet_deinit(&run.fleet);
	vw_orders_deinit(&run.orders);
	vw_story_deinit(&run.story);
	vw_net_deinit(&run.net);
	vw_deinit(&run.world);
	return err;
}
