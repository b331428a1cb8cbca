#include "sim/fleet.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/time.h"
#include "sim/device.h"

enum {
	TIMERS_BATCH = 256,
	FLUSH_MS = 50,
	HEAP_KEPT = 64 * 1024 * 1024,
	QUIET_TICKS = 20,   /* flushes in a row with nothing to tell: all rest */
	RECORDS_MAX = 2048, /* in hand; then they are written at once */
};

/* Times of the run, in us since its start; INT64_MAX: never. */
struct member {
	struct sim_device device;
	struct fleet *fleet;
	struct rv_timer power; /* the next thing that the world does to it */
	int64_t on_us;         /* off: is switched on then */
	int64_t event_us;      /* the scenario's next event for it */
	int64_t past_us;       /* its last one; -1: none yet */
};

struct fleet {
	struct sim_fleet_opt opt;
	struct sim_host host;
	uv_loop_t loop;
	struct rv_wheel wheel;
	uv_timer_t tick;
	int64_t tick_us; /* when it fires; INT64_MAX: it does not */
	uv_check_t check;
	uv_timer_t flush;
	uv_signal_t term;
	struct member *members;
	uint32_t count;
	struct rv_buf initial;
	struct sim_record records[RECORDS_MAX];
	size_t record_count;
	unsigned quiet; /* flushes since there was something to tell */
	bool is_broken;
};

/* -- records -------------------------------------------------------------------------------- */

static void flush(struct fleet *f)
{
	const char *ptr = (const char *)f->records;
	size_t left = f->record_count * sizeof(f->records[0]);

	while (left > 0 && !f->is_broken) {
		ssize_t n = write(f->opt.out_fd, ptr, left);

		if (n > 0) {
			ptr += n;
			left -= (size_t)n;
		} else if (errno != EINTR) {
			f->is_broken = true; /* nobody listens any more */
			uv_stop(&f->loop);
		}
	}
	f->record_count = 0;
}

static void put(struct fleet *f, const struct sim_record *record)
{
	if (f->record_count == RECORDS_MAX)
		flush(f);
	f->records[f->record_count++] = *record;
}

static void tell(void *arg, const struct sim_device *device, struct sim_record *record)
{
	struct fleet *f = arg;

	(void)device;
	record->at_us = rv_time_boot_us() - f->opt.start_us;
	put(f, record);
}

/* The one that took longest, or is not up yet since the longest time. */
static const struct sim_device *find_slowest(const struct fleet *f)
{
	const struct sim_device *slowest = NULL;
	int64_t now_us = rv_time_boot_us(), longest_us = -1;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct sim_device *d = &f->members[i].device;
		int64_t us = d->slowest_us;

		if (d->is_on && !d->is_up) /* any of these before any that is up */
			us = INT64_MAX / 2 + now_us - d->asked_us;
		if (us > longest_us) {
			longest_us = us;
			slowest = d;
		}
	}
	return slowest;
}

static void tell_history(struct fleet *f)
{
	const struct sim_device *d = find_slowest(f);
	uint32_t from;

	if (d == NULL)
		return;
	from = d->pasts > SIM_HISTORY ? d->pasts - SIM_HISTORY : 0;
	for (uint32_t i = from; i < d->pasts; i++) {
		const struct sim_past *past = &d->past[i % SIM_HISTORY];
		struct sim_record record = { .at_us = (int64_t)past->at_ms * RV_US_PER_MS,
					     .took_us = d->is_up ? d->slowest_us : INT64_MAX,
					     .device = d->number,
					     .code = past->code,
					     .what = past->what,
					     .phase = past->phase,
					     .is_history = 1 };
		put(f, &record);
	}
}

/* -- time ----------------------------------------------------------------------------------- */

static void on_tick(uv_timer_t *handle)
{
	struct fleet *f = handle->data;

	f->tick_us = INT64_MAX;
	rv_wheel_advance(&f->wheel, rv_time_boot_us(), TIMERS_BATCH);
}

/* After each turn of the loop, whoever changed the wheel in it. */
static void on_check(uv_check_t *handle)
{
	struct fleet *f = handle->data;
	int64_t next_us = rv_wheel_next_us(&f->wheel), wait_us;

	if (next_us >= f->tick_us)
		return;
	f->tick_us = next_us;
	wait_us = next_us - rv_time_boot_us();
	uv_timer_start(&f->tick, on_tick,
		       wait_us <= 0 ? 0 : (uint64_t)((wait_us + RV_US_PER_MS - 1) / RV_US_PER_MS),
		       0);
}

/* Heap is kept while connections come and go, and given back when a fleet has come to rest. */
static void on_flush(uv_timer_t *handle)
{
	struct fleet *f = handle->data;

	f->quiet = f->record_count > 0 ? 0 : f->quiet + 1;
	if (f->quiet == QUIET_TICKS)
		malloc_trim(0);
	flush(f);
}

/* -- what the scenario does ----------------------------------------------------------------- */

static struct sim_plan plan_of(const struct member *m)
{
	const struct sim_options *o = m->fleet->opt.options;

	return (struct sim_plan){ .scenario = &o->scenario,
				  .seed = o->seed,
				  .number = m->device.number };
}

static void plan_next(struct member *m)
{
	struct sim_plan plan = plan_of(m);
	struct sim_plan_event event;
	bool has = sim_plan_next(&plan, m->device.firmware, m->past_us, &event);
	int64_t at_us;

	m->event_us = has ? event.at_us : INT64_MAX;
	at_us = m->on_us < m->event_us ? m->on_us : m->event_us;
	rv_wheel_add(&m->fleet->wheel, &m->power,
		     at_us == INT64_MAX ? at_us : m->fleet->opt.start_us + at_us);
}

static void switch_on(struct member *m)
{
	int err = sim_device_switch_on(&m->device);

	m->on_us = INT64_MAX;
	if (err != RV_OK) {
		sim_error("device %u: %s", m->device.number, rv_err_name(err));
		exit(SIM_EXIT_FAILURE);
	}
}

/* A device that is off already stays so for longer. */
static void strike(struct member *m)
{
	struct sim_plan plan = plan_of(m);
	struct sim_record record = { .device = m->device.number, .what = SIM_CUT };
	struct sim_plan_event event;
	int64_t back_us;

	if (!sim_plan_next(&plan, m->device.firmware, m->past_us, &event))
		return;
	back_us = event.at_us + event.off_us;
	record.code = event.index;
	if (event.kind == SIM_PLAN_UPGRADE) {
		record.what = SIM_UPGRADED;
		m->device.firmware = event.index;
	}
	m->past_us = event.at_us;
	m->on_us = m->on_us == INT64_MAX || m->on_us < back_us ? back_us : m->on_us;
	tell(m->fleet, &m->device, &record);
	sim_device_cut(&m->device, event.keeps_state);
}

static void on_power(struct rv_timer *timer, int64_t now_us)
{
	struct member *m = RV_CONTAINER_OF(timer, struct member, power);
	int64_t at_us = now_us - m->fleet->opt.start_us;

	/* However late it is: in order, one at a time. */
	if (m->on_us <= at_us && m->on_us <= m->event_us)
		switch_on(m);
	else if (m->event_us <= at_us)
		strike(m);
	plan_next(m);
}

static uint32_t index_of(const struct fleet *f, uint32_t i)
{
	return f->opt.process + i * f->opt.processes;
}

static void on_term(uv_signal_t *handle, int number)
{
	struct fleet *f = handle->data;

	(void)number;
	uv_stop(&f->loop);
}

/* -- life ----------------------------------------------------------------------------------- */

/* Each device in an exchange has a descriptor. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void init_handles(struct fleet *f)
{
	uv_timer_t *const timers[] = { &f->tick, &f->flush };

	for (size_t i = 0; i < RV_ARRAY_LEN(timers); i++) {
		uv_timer_init(&f->loop, timers[i]);
		timers[i]->data = f;
	}
	uv_check_init(&f->loop, &f->check);
	uv_signal_init(&f->loop, &f->term);
	f->check.data = f->term.data = f;
	uv_check_start(&f->check, on_check);
	uv_signal_start(&f->term, on_term, SIGTERM);
	uv_timer_start(&f->flush, on_flush, FLUSH_MS, FLUSH_MS);
}

static bool init_members(struct fleet *f)
{
	const struct sim_options *o = f->opt.options;

	f->count = (o->devices + f->opt.processes - 1 - f->opt.process) / f->opt.processes;
	f->members = calloc(f->count + 1, sizeof(*f->members));
	if (f->members == NULL)
		return false;
	for (uint32_t i = 0; i < f->count; i++) {
		uint32_t index = index_of(f, i);
		struct member *m = &f->members[i];

		sim_device_init(&m->device, &f->host, o->first + index);
		m->fleet = f;
		m->power.fn = on_power;
		m->on_us = f->opt.arrival_us[index];
		m->past_us = -1;
		plan_next(m);
	}
	return true;
}

static void init_host(struct fleet *f)
{
	const struct sim_options *o = f->opt.options;

	rv_buf_printf(&f->initial, "%s\n\n%u\n%u\n", o->ls_url, o->interval, o->rounds);
	f->host = (struct sim_host){ .loop = &f->loop,
				     .does_resume = o->does_resume,
				     .wheel = &f->wheel,
				     .initial = rv_buf_str(&f->initial),
				     .ls_anchor = f->opt.ls_anchor,
				     .seed = o->seed,
				     .sources = o->sources,
				     .does_query = o->scenario.does_query,
				     .tls = o->tls,
				     .scenario = &o->scenario,
				     .start_us = f->opt.start_us,
				     .repeat_us = o->scenario.repeat_us,
				     .tell = tell,
				     .arg = f };
}

int sim_fleet_run(const struct sim_fleet_opt *opt)
{
	struct fleet *f = calloc(1, sizeof(*f));

	if (f == NULL || uv_loop_init(&f->loop) != 0)
		return SIM_EXIT_FAILURE;
	raise_limit();
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT); /* connections come and go, as in a server */
	signal(SIGPIPE, SIG_IGN);
	f->opt = *opt;
	f->tick_us = INT64_MAX;
	rv_wheel_init(&f->wheel, opt->start_us);
	init_host(f);
	init_handles(f);
	if (f->initial.err != RV_OK || !init_members(f))
		return SIM_EXIT_FAILURE;
	on_check(&f->check);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	tell_history(f);
	flush(f);
	return f->is_broken ? SIM_EXIT_FAILURE : SIM_EXIT_OK;
}
