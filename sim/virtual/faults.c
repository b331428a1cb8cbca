#include "sim/virtual/faults.h"

#include "base/time.h"
#include "sim/virtual/run.h"

#define S(n) ((n)*RV_US_PER_SEC)

enum { SKIP_MAX = 40, WRITES_MAX = 60, SLOW_US = 3000000, SKEW_S = 3600 };

static int64_t draw(struct vw_faults *f, int64_t low, int64_t high)
{
	return vw_between(f->world, VW_FAULT, low, high);
}

static struct vw_device *any_device(struct vw_faults *f)
{
	return &f->fleet->devices[draw(f, 0, f->fleet->count - 1)];
}

static struct vw_machine *any_machine(struct vw_faults *f)
{
	return &f->site->machines[draw(f, 0, VW_MACHINES - 1)];
}

/* -- kinds ---------------------------------------------------------------------------------- */

static void at_fail_point(struct vw_faults *f)
{
	f->site->is_kill_armed = true;
	f->site->kill_skip = (unsigned)draw(f, 0, SKIP_MAX);
	f->site->kill_from_us = f->world->now_us;
	f->site->is_kill_power = (f->mask & VW_POWER) != 0 && draw(f, 0, 3) == 0;
}

static struct vw_proc *any_server(struct vw_faults *f)
{
	struct vw_proc *p = &f->site->procs[draw(f, 0, (int64_t)f->site->proc_count - 1)];

	return p->code != NULL ? p : NULL;
}

static void from_outside(struct vw_faults *f)
{
	struct vw_proc *p = any_server(f);

	if (p != NULL)
		vw_proc_kill(p);
}

static void while_writing(struct vw_faults *f)
{
	struct vw_proc *p = any_server(f);

	if (p == NULL || !p->has_store)
		return;
	f->site->is_kill_power = (f->mask & VW_POWER) != 0 && draw(f, 0, 1) == 0;
	vw_proc_kill_writing(p, draw(f, 0, WRITES_MAX));
}

static void in_order(struct vw_faults *f)
{
	struct vw_proc *p = any_server(f);

	if (p != NULL)
		vw_proc_stop(p);
}

static void no_power(struct vw_faults *f)
{
	struct vw_machine *m = any_machine(f);

	if (m->is_on)
		vw_machine_power_cut(m);
}

static void no_feed(struct vw_faults *f)
{
	f->site->feed_down_until_us = f->world->now_us + draw(f, S(1), S(120));
	vw_note(f->world, "feed", "is down", f->site->feed_down_until_us, 0);
}

static void slow_disk(struct vw_faults *f)
{
	struct vw_machine *m = any_machine(f);

	m->disk_slow_us = m->disk_slow_us > 10000 ? 2000 : draw(f, 10000, SLOW_US);
	vw_note(f->world, m->name, "disk takes", m->disk_slow_us, 0);
}

static void slow_bus(struct vw_faults *f)
{
	f->site->bus_slow_us = f->site->bus_slow_us > 1000 ? 500 : draw(f, 1000, S(2));
}

static void clock_steps(struct vw_faults *f)
{
	struct vw_machine *m = any_machine(f);

	m->skew_us = draw(f, -S(SKEW_S), S(SKEW_S));
	vw_note(f->world, m->name, "clock is off by", m->skew_us, 0);
}

static void rebinds(struct vw_faults *f)
{
	struct vw_device *d = any_device(f);

	vw_note(f->world, d->label, "has another address", 0, 0);
	vw_line_rebind(f->fleet->host.net, &d->line);
}

static void line_down(struct vw_faults *f)
{
	struct vw_device *d = any_device(f);
	int64_t until_us = f->world->now_us + draw(f, S(1), S(90));
	int64_t which = draw(f, 0, VW_MACHINES);

	for (int i = 0; i < VW_MACHINES; i++)
		if (which == i || which == VW_MACHINES)
			d->line.down_until_us[i] = until_us;
	vw_note(f->world, d->label, "cannot reach", which, until_us);
}

static void line_lossy(struct vw_faults *f)
{
	struct vw_device *d = any_device(f);

	d->line.loss_ppm = d->line.loss_ppm > 0 ? 0 : (uint32_t)draw(f, 1000, 300000);
	d->line.cut_ppm = d->line.cut_ppm > 0 ? 0 : (uint32_t)draw(f, 0, 500000);
	vw_note(f->world, d->label, "line loses, cuts", d->line.loss_ppm, d->line.cut_ppm);
}

static void line_far(struct vw_faults *f)
{
	struct vw_device *d = any_device(f);

	d->line.delay_us = d->line.delay_us > S(1) ? 20000 : draw(f, 1000, S(8));
	vw_note(f->world, d->label, "line takes", d->line.delay_us, 0);
}

static void on_again(void *arg)
{
	vw_device_switch_on(arg);
}

static void device_off(struct vw_faults *f)
{
	struct vw_device *d = any_device(f);

	if (d->sa == NULL)
		return;
	vw_device_cut(d);
	vw_post(f->world, draw(f, S(2), S(60)), on_again, d);
}

static void impostor(struct vw_faults *f)
{
	struct vw_net *net = f->fleet->host.net;

	net->impostor_line = &any_device(f)->line;
	net->impostor_until_us = f->world->now_us + draw(f, S(1), S(60));
}

static const struct {
	unsigned of; /* enum vw_fault */
	void (*strike)(struct vw_faults *f);
	int64_t every_s; /* at most; so often on the whole */
} kinds[] = {
	{ VW_KILLS, at_fail_point, 40 }, { VW_KILLS, from_outside, 120 },
	{ VW_KILLS, in_order, 240 },     { VW_KILLS, while_writing, 20 },
	{ VW_POWER, no_power, 240 },     { VW_FEED, no_feed, 240 },
	{ VW_DISKS, slow_disk, 120 },    { VW_DISKS, slow_bus, 200 },
	{ VW_CLOCKS, clock_steps, 400 }, { VW_LINES, rebinds, 30 },
	{ VW_LINES, line_down, 60 },     { VW_LINES, line_lossy, 40 },
	{ VW_LINES, line_far, 120 },     { VW_OFF, device_off, 40 },
	{ VW_MIDDLE, impostor, 120 },
};

_Static_assert(RV_ARRAY_LEN(kinds) <= VW_FAULT_KINDS, "a turn for each");

/* -- turns ---------------------------------------------------------------------------------- */

static void strike(void *arg)
{
	struct vw_fault_turn *turn = arg;
	struct vw_faults *f = turn->faults;

	if (f->is_over)
		return;
	kinds[turn->kind].strike(f);
	vw_post(f->world, draw(f, 0, S(kinds[turn->kind].every_s)), strike, turn);
}

void vw_faults_start(struct vw_faults *f, unsigned mask, struct vw_site *site,
		     struct vw_fleet *fleet)
{
	*f = (struct vw_faults){
		.world = fleet->world, .site = site, .fleet = fleet, .mask = mask
	};
	for (unsigned i = 0; i < RV_ARRAY_LEN(kinds); i++) {
		f->turns[i] = (struct vw_fault_turn){ f, i };
		if (kinds[i].of & mask)
			vw_post(f->world, draw(f, 0, S(kinds[i].every_s)), strike, &f->turns[i]);
	}
}

void vw_faults_end(struct vw_faults *f)
{
	f->is_over = true;
	f->site->is_calm = true;
	f->site->is_kill_armed = f->site->is_kill_power = false;
	f->site->feed_down_until_us = 0;
	f->site->bus_slow_us = 500;
	f->fleet->host.net->impostor_until_us = 0;
	for (size_t i = 0; i < VW_MACHINES; i++) {
		f->site->machines[i].disk_slow_us = 2000;
		vw_disk_arm(f->site->machines[i].disk, -1, NULL, NULL);
	}
	for (uint32_t i = 0; i < f->fleet->count; i++) {
		struct vw_line *line = &f->fleet->devices[i].line;

		line->loss_ppm = line->cut_ppm = 0;
		if (line->delay_us > S(1))
			line->delay_us = 20000;
		for (size_t m = 0; m < VW_MACHINES; m++)
			line->down_until_us[m] = 0;
		vw_device_switch_on(&f->fleet->devices[i]);
	}
}
