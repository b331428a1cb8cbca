#include "sim/device_priv.h"

#include <assert.h>

#include "base/time.h"
#include "sim/clock.h"

struct sim_plan sim_device_plan(const struct sim_device *d)
{
	return (struct sim_plan){ .scenario = d->host->scenario,
				  .seed = d->host->seed,
				  .number = d->number };
}

/* -- carrying out what the core wants -------------------------------------------------------- */

static void run(struct sim_device *d);

void sim_device_woke(void *arg)
{
	run(arg);
}

static void on_timer(struct rv_timer *timer, int64_t now_us)
{
	(void)now_us;
	run(RV_CONTAINER_OF(timer, struct sim_device, timer));
}

static void start_pull(struct sim_device *d, int64_t now_us)
{
	static const struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	struct rv_sa_pull pull = { .timeout_s = ARMS_DEFAULT_TIMEOUT,
				   .lines = &line,
				   .line_count = 1 };

	d->is_querying = false;
	d->is_told = false;
	d->pulls++;
	rv_sa_start_pull(d->sa, now_us, &pull);
}

/* A call is over. True: the next one has begun. */
static bool do_done(struct sim_device *d, int code)
{
	int64_t now_us = rv_time_boot_us();
	int64_t took_us = now_us - d->asked_us;
	bool is_query = d->is_querying;

	if (code != 0) {
		d->is_querying = false;
		sim_device_tell(d, SIM_ENDED, code & INT16_MAX, 0);
		d->again_us = now_us + SIM_AGAIN_S * RV_US_PER_SEC;
	} else if (is_query) {
		sim_device_tell(d, SIM_QUERIED, 0, took_us);
	} else {
		d->is_up = true;
		if (took_us > d->slowest_us)
			d->slowest_us = took_us;
		sim_device_tell(d, SIM_UP, 0, took_us);
	}
	if (code == 0 && !is_query && d->host->does_query) {
		d->is_querying = true;
		rv_sa_start_query(d->sa, now_us);
		return true;
	}
	d->is_idle = true;
	if (code == 0)
		d->again_us = d->host->repeat_us > 0 ? now_us + d->host->repeat_us : INT64_MAX;
	rv_wheel_add(d->host->wheel, &d->timer, d->again_us);
	return false;
}

/* Between two calls. True: the time has come. */
static bool wake_idle(struct sim_device *d)
{
	int64_t now_us = rv_time_boot_us();

	if (now_us < d->again_us) {
		rv_wheel_add(d->host->wheel, &d->timer, d->again_us);
		return false;
	}
	d->is_idle = false;
	if (d->is_up)
		d->asked_us = now_us;
	sim_device_unfold(d);
	start_pull(d, now_us);
	return true;
}

static bool do_wait(struct sim_device *d, const struct rv_sa_action *act)
{
	if (act->deadline_us != d->waits_until_us) {
		d->waits_until_us = act->deadline_us;
		sim_device_tell(d, SIM_WAITS, 0, act->deadline_us - rv_time_boot_us());
	}
	return false;
}

/* True: ask the core again. */
static bool carry_out(struct sim_device *d, const struct rv_sa_action *act)
{
	if (act->act != RV_SA_ACT_OPEN && d->conn != NULL && !d->is_tls_up)
		sim_attempt_drop(d); /* given up while it was being made */
	switch (act->act) {
	case RV_SA_ACT_LINE:
		rv_sa_on_line(d->sa, rv_time_boot_us(),
			      act->line_action == ARMS_LINE_ACT_DISCONNECT ? ARMS_LINE_DISCONNECTED
									   : ARMS_LINE_CONNECTED);
		return true;
	case RV_SA_ACT_OPEN:
		return sim_attempt_open(d, act);
	case RV_SA_ACT_SEND:
	case RV_SA_ACT_READ:
		return sim_attempt_transfer(d, act);
	case RV_SA_ACT_CLOSE:
		sim_attempt_end(d);
		rv_sa_on_ok(d->sa, rv_time_boot_us());
		return true;
	case RV_SA_ACT_WAIT:
		return do_wait(d, act);
	case RV_SA_ACT_DONE:
		return do_done(d, act->code);
	}
	return false;
}

/* Is it time to do anything? Others than the timer may ask too early. */
static bool is_due(struct sim_device *d)
{
	int64_t now_us = rv_time_boot_us();

	if (!d->is_on || now_us < d->busy_until_us)
		return false;
	d->busy_until_us = 0;
	if (d->is_idle)
		return wake_idle(d);
	if (d->sa != NULL)
		return true;
	if (now_us < d->waits_until_us) {
		rv_wheel_add(d->host->wheel, &d->timer, d->waits_until_us);
		return false;
	}
	sim_device_unfold(d);
	return true;
}

static void step(struct sim_device *d)
{
	struct rv_sa_action act;

	if (!is_due(d))
		return;
	do
		rv_sa_next(d->sa, rv_time_boot_us(), &act);
	while (carry_out(d, &act));
	if (!d->is_idle)
		rv_wheel_add(d->host->wheel, &d->timer,
			     d->busy_until_us > 0 ? d->busy_until_us : act.deadline_us);
	sim_device_fold(d);
}

static void run(struct sim_device *d)
{
	struct sim_plan plan = sim_device_plan(d);

	sim_clock_set(sim_plan_clock_days(&plan));
	step(d);
	sim_clock_set(0);
}

/* -- life ----------------------------------------------------------------------------------- */

void sim_device_init(struct sim_device *device, struct sim_host *host, uint32_t number)
{
	struct sim_plan plan;

	device->host = host;
	device->number = number;
	device->timer.fn = on_timer;
	device->loss = -1;
	plan = sim_device_plan(device);
	device->firmware = (uint8_t)sim_plan_firmware(&plan);
}

/* A device that is switched on knows what its maker wrote into it, and its state cache if that
 * survived. */
static int make_core(struct sim_device *d)
{
	struct rv_sa_host host = sim_device_hears;
	struct sim_persona persona;
	struct rv_diag diag;
	int err;

	host.arg = d;
	sim_persona_make(d->host->seed, d->number, &persona);
	err = rv_sa_new(&host, &persona.id, &d->sa);
	if (err == RV_OK)
		err = rv_sa_set_initial(d->sa, d->host->initial, &diag);
	if (err == RV_OK)
		err = rv_sa_set_ls_anchor(d->sa, d->host->ls_anchor);
	if (err == RV_OK &&
	    (!rv_sa_set_ls_key(d->sa, rv_str(persona.ls_key)) ||
	     !rv_sa_set_description(d->sa, RV_STR_LIT("reeve sim")) ||
	     !rv_sa_set_firmware(d->sa, rv_str(sim_plan_version(d->host->scenario, d->firmware)))))
		err = RV_ELIMIT;
	if (err == RV_OK && d->folded != NULL)
		err = sim_device_restore_state(d);
	if (err != RV_OK) {
		rv_sa_free(d->sa);
		d->sa = NULL;
	}
	return err;
}

int sim_device_switch_on(struct sim_device *d)
{
	int64_t now_us = rv_time_boot_us();
	int err;

	assert(!d->is_on);
	sim_conn_abort(d->conn); /* from before the power cut */
	d->conn = NULL;
	err = make_core(d);
	if (err != RV_OK)
		return err;
	d->is_on = true;
	d->asked_us = now_us;
	d->phase = RV_SA_LS;
	sim_device_tell(d, SIM_STARTED, 0, 0);
	start_pull(d, now_us);
	run(d);
	return RV_OK;
}

void sim_device_cut(struct sim_device *d, bool keeps_state)
{
	rv_wheel_del(d->host->wheel, &d->timer);
	if (!d->is_on)
		return;
	if (keeps_state)
		sim_device_keep_state(d);
	else
		sim_device_forget(d);
	if (d->conn != NULL)
		sim_conn_mute(d->conn);
	rv_sa_free(d->sa);
	d->sa = NULL;
	for (size_t i = 0; i < RV_ARRAY_LEN(d->sessions); i++)
		rv_buf_deinit(&d->sessions[i]);
	d->busy_until_us = d->waits_until_us = 0;
	d->is_on = d->is_tls_up = d->is_up = d->is_idle = d->is_querying = false;
}

void sim_host_deinit(struct sim_host *host)
{
	sim_trust_deinit(&host->trust);
	sim_pool_deinit(&host->pool);
	rv_buf_deinit(&host->scratch);
}
