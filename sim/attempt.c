/* One connection of a device, and what the scenario's network does to it. */
#include "base/time.h"
#include "sim/device_priv.h"

void sim_attempt_drop(struct sim_device *d)
{
	sim_conn_drop(d->conn);
	d->conn = NULL;
	d->is_tls_up = false;
}

static void fail(struct sim_device *d, enum sim_failure why, int log_type, const char *text)
{
	sim_device_tell_failure(d, why);
	rv_sa_on_fail(d->sa, rv_time_boot_us(), log_type, text);
}

/* -- what the scenario's network does ------------------------------------------------------- */

/* Has the connection come where its loss waits? Then it has struck now, or before. */
static bool is_lost(struct sim_device *d, enum sim_loss_when when)
{
	if (d->loss < 0 || d->host->scenario->losses[d->loss].when != when)
		return false;
	if (!d->is_struck)
		sim_device_tell(d, SIM_LOST, d->loss, 0);
	d->is_struck = true;
	return true;
}

/* True: the core is to be asked; false: silence, until it gives up by itself. */
static bool lose(struct sim_device *d, int log_type)
{
	if (d->host->scenario->losses[d->loss].is_stall) {
		sim_conn_pause(d->conn);
		return false;
	}
	sim_conn_abort(d->conn);
	d->conn = NULL;
	fail(d, SIM_FAIL_LOST, log_type, "the scenario's network");
	return true;
}

static struct rv_buf *session_of(struct sim_device *d)
{
	return &d->sessions[d->phase == RV_SA_LS ? 0 : 1];
}

static enum sim_tls tls_of(const struct sim_device *d)
{
	const struct sim_host *host = d->host;

	return host->tls != SIM_TLS_ANY ? host->tls : sim_plan_tls(host->scenario, d->firmware);
}

static void begin_attempt(struct sim_device *d, const struct rv_sa_action *act)
{
	struct sim_plan plan = sim_device_plan(d);

	sim_attempt_drop(d);
	d->phase = act->phase;
	d->is_told = d->is_struck = false;
	d->open_us = act->deadline_us;
	d->loss = (int8_t)sim_plan_loss(&plan, d->opens++, rv_time_boot_us() - d->host->start_us,
					act->phase == RV_SA_LS);
	sim_device_tell(d, SIM_ASKS, 0, 0);
}

static void begin_open(struct sim_device *d, const struct rv_sa_action *act)
{
	struct sim_host *host = d->host;
	struct sim_conn_opt opt = {
		.loop = host->loop, .url = act->url, .woke = sim_device_woke, .arg = d
	};
	int err;

	begin_attempt(d, act);
	if (host->sources > 0)
		opt.source = (uint8_t)(1 + d->number % host->sources);
	opt.session = rv_buf_str(session_of(d));
	err = sim_trust_get(&host->trust, act, tls_of(d), &opt.tls);
	if (err == RV_OK)
		err = sim_conn_open(&opt, &d->conn);
	rv_tls_ctx_unref(opt.tls);
	if (err != RV_OK)
		fail(d, SIM_FAIL_CONNECT, ARMS_LOG_ESOCKET, rv_err_name(err));
}

/* Each returns true when the core has something new to say, false when it must wait. */
bool sim_attempt_open(struct sim_device *d, const struct rv_sa_action *act)
{
	enum sim_failure why = SIM_FAIL_OTHER;
	int r;

	if (d->conn == NULL || d->open_us != act->deadline_us) {
		begin_open(d, act);
		if (d->conn == NULL)
			return true;
	}
	if (is_lost(d, SIM_LOSS_BEFORE_TLS))
		return lose(d, ARMS_LOG_ECONNECT);
	r = sim_conn_shake(d->conn, &why);
	if (r == RV_EWANTREAD && is_lost(d, SIM_LOSS_IN_TLS)) /* it has said hello */
		return lose(d, ARMS_LOG_ESSL);
	if (r == RV_EWANTREAD || r == RV_EWANTWRITE)
		return false;
	if (r == RV_OK) {
		d->is_tls_up = true;
		if (sim_conn_is_resumed(d->conn))
			sim_device_tell(d, SIM_RESUMED, 0, 0);
		rv_sa_on_ok(d->sa, rv_time_boot_us());
	} else {
		sim_attempt_drop(d);
		fail(d, why, why == SIM_FAIL_TLS ? ARMS_LOG_ESSL : ARMS_LOG_ECONNECT,
		     rv_err_name(r));
	}
	return true;
}

bool sim_attempt_transfer(struct sim_device *d, const struct rv_sa_action *act)
{
	struct sim_host *host = d->host;
	size_t len = 0;
	int r;

	if (act->act == RV_SA_ACT_READ && is_lost(d, SIM_LOSS_AFTER_REQUEST))
		return lose(d, ARMS_LOG_EHTTP);
	r = act->act == RV_SA_ACT_SEND ? sim_conn_write(d->conn, act->bytes, act->has_more)
				       : sim_conn_read(d->conn, host->buf, sizeof(host->buf), &len);
	if (r == RV_EWANTREAD || r == RV_EWANTWRITE)
		return false;
	if (r != RV_OK)
		fail(d, SIM_FAIL_CUT, ARMS_LOG_EHTTP, rv_err_name(r));
	else if (act->act == RV_SA_ACT_SEND)
		rv_sa_on_ok(d->sa, rv_time_boot_us());
	else
		rv_sa_on_data(d->sa, rv_time_boot_us(), rv_strn(host->buf, len));
	if (d->busy_until_us == 0)
		return true;
	sim_conn_pause(d->conn); /* a program that writes its flash sees to nothing else */
	return false;
}

void sim_attempt_end(struct sim_device *d)
{
	if (d->is_struck) { /* nothing of it arrives any more */
		sim_conn_abort(d->conn);
		d->conn = NULL;
	} else if (d->host->does_resume && d->is_tls_up) {
		sim_conn_save(d->conn, session_of(d));
	}
	sim_attempt_drop(d);
}

/* True: ask the core again. */
