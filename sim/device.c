#include "sim/device.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* -- what befell it ------------------------------------------------------------------------- */

static void tell(struct sim_device *d, enum sim_what what, int code, int64_t took_us)
{
	struct sim_record record = { .device = d->number,
				     .took_us = took_us,
				     .code = (int16_t)code,
				     .what = (uint8_t)what,
				     .phase = (uint8_t)d->phase };

	d->host->tell(d->host->arg, d, &record);
	d->past[d->pasts % SIM_HISTORY] = (struct sim_past){ .at_ms = (uint32_t)(record.at_us /
										 RV_US_PER_MS),
							     .code = record.code,
							     .what = record.what,
							     .phase = record.phase };
	d->pasts++;
}

static void tell_failure(struct sim_device *d, enum sim_failure why)
{
	d->is_told = true;
	tell(d, SIM_FAILED, why, 0);
}

/* -- what the core tells -------------------------------------------------------------------- */

static int host_config(void *arg, const struct rv_sa_module *module, int action, const char *data,
		       size_t len, int next)
{
	struct sim_device *d = arg;

	(void)next; /* whole ones: fragment is 0 */
	if (action == ARMS_REMOVE_MODULE ||
	    sim_config_is_right(d->host->seed, d->number, module->id, rv_strn(data, len)))
		return 0;
	tell_failure(d, SIM_FAIL_CONFIG);
	return -1;
}

/* As libarms does it, but for one device in so many only: on this side of the wire it would be as
 * much work as the handshake was. The others find a wrong pair when they have to show it. */
static int host_identity(void *arg, struct rv_str certificate, struct rv_str key,
			 struct rv_diag *diag)
{
	struct sim_device *d = arg;
	struct rv_tls_opt opt = { .peer = RV_TLS_PEER_INSECURE,
				  .cert_pem = certificate,
				  .key_pem = key };
	struct rv_tls_ctx *tls = NULL;
	int r;

	if (d->number % SIM_IDENTITY_EVERY != 0)
		return RV_OK;
	r = rv_tls_ctx_new(&opt, &tls, diag);
	rv_tls_ctx_unref(tls);
	if (r != RV_OK)
		tell_failure(d, SIM_FAIL_CONFIG);
	return r;
}

/* What the core alone knows of a failed attempt it says in its log; the rest was told already. */
static void host_log(void *arg, int type, const char *text)
{
	struct sim_device *d = arg;
	int code;

	switch (type) {
	case ARMS_LOG_ENETTIMEOUT:
		tell_failure(d, SIM_FAIL_TIMEOUT);
		break;
	case ARMS_LOG_EHTTP:
		if (d->is_told)
			break;
		if (sscanf(text, "result %d", &code) == 1)
			tell(d, SIM_REFUSED, code, 0);
		else
			tell_failure(d, SIM_FAIL_HTTP);
		break;
	case ARMS_LOG_EURL:
	case ARMS_LOG_EHOST:
	case ARMS_LOG_ECERTIFICATE:
	case ARMS_LOG_ENETNOMEM:
		if (!d->is_told)
			tell_failure(d, SIM_FAIL_OTHER);
		break;
	default:
		break;
	}
}

/* -- trust ---------------------------------------------------------------------------------- */

/* Every certificate of an LS chain has one of these in its subject (spec 2.4). */
static const char *const ls_subjects[] = { "CN=ARMS Root CA", "CN=Location Server ", NULL };

static int new_tls(const struct sim_host *host, const struct rv_sa_action *act,
		   struct rv_tls_ctx **out)
{
	struct rv_tls_opt opt = { .peer = RV_TLS_PEER_ANCHOR,
				  .ca_pem = act->anchor,
				  .cert_pem = act->certificate,
				  .key_pem = act->private_key,
				  .subject_contains = act->phase == RV_SA_LS ? ls_subjects : NULL,
				  .versions = host->tls };

	return rv_tls_ctx_new(&opt, out, NULL);
}

/* A reference of the caller's. Without a certificate of its own a device shares its context with
 * all that trust the same anchor. */
static int get_tls(struct sim_host *host, const struct rv_sa_action *act, struct rv_tls_ctx **out)
{
	struct sim_trust *trust = &host->trust[act->phase == RV_SA_LS ? 0 : 1];
	struct rv_tls_ctx *tls = NULL;
	char *anchor;
	int err;

	if (act->certificate.len > 0)
		return new_tls(host, act, out);
	if (trust->tls == NULL || !rv_str_is(act->anchor, trust->anchor)) {
		err = new_tls(host, act, &tls);
		if (err != RV_OK)
			return err;
		anchor = strndup(act->anchor.ptr, act->anchor.len);
		if (anchor == NULL) {
			rv_tls_ctx_unref(tls);
			return -ENOMEM;
		}
		free(trust->anchor);
		rv_tls_ctx_unref(trust->tls);
		*trust = (struct sim_trust){ anchor, tls };
	}
	*out = rv_tls_ctx_ref(trust->tls);
	return RV_OK;
}

void sim_host_deinit(struct sim_host *host)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(host->trust); i++) {
		rv_tls_ctx_unref(host->trust[i].tls);
		free(host->trust[i].anchor);
		host->trust[i] = (struct sim_trust){ 0 };
	}
}

/* -- carrying out what the core wants -------------------------------------------------------- */

static void run(struct sim_device *d);

static void woke(void *arg)
{
	run(arg);
}

static void on_timer(struct rv_timer *timer, int64_t now_us)
{
	(void)now_us;
	run(RV_CONTAINER_OF(timer, struct sim_device, timer));
}

static void drop(struct sim_device *d)
{
	sim_conn_drop(d->conn);
	d->conn = NULL;
	d->is_tls_up = false;
}

static void fail(struct sim_device *d, enum sim_failure why, int log_type, const char *text)
{
	tell_failure(d, why);
	rv_sa_on_fail(d->sa, rv_time_boot_us(), log_type, text);
}

static struct rv_buf *session_of(struct sim_device *d)
{
	return &d->sessions[d->phase == RV_SA_LS ? 0 : 1];
}

static void begin_open(struct sim_device *d, const struct rv_sa_action *act)
{
	struct sim_host *host = d->host;
	struct sim_conn_opt opt = { .loop = host->loop, .url = act->url, .woke = woke, .arg = d };
	int err;

	drop(d);
	d->phase = act->phase;
	d->is_told = false;
	d->open_us = act->deadline_us;
	if (host->sources > 0)
		opt.source = (uint8_t)(1 + d->number % host->sources);
	opt.session = rv_buf_str(session_of(d));
	err = get_tls(host, act, &opt.tls);
	if (err == RV_OK)
		err = sim_conn_open(&opt, &d->conn);
	rv_tls_ctx_unref(opt.tls);
	if (err != RV_OK)
		fail(d, SIM_FAIL_CONNECT, ARMS_LOG_ESOCKET, rv_err_name(err));
}

/* Each returns true when the core has something new to say, false when it must wait. */
static bool do_open(struct sim_device *d, const struct rv_sa_action *act)
{
	enum sim_failure why = SIM_FAIL_OTHER;
	int r;

	if (d->conn == NULL || d->open_us != act->deadline_us) {
		begin_open(d, act);
		if (d->conn == NULL)
			return true;
	}
	r = sim_conn_shake(d->conn, &why);
	if (r == RV_EWANTREAD || r == RV_EWANTWRITE)
		return false;
	if (r == RV_OK) {
		d->is_tls_up = true;
		if (sim_conn_is_resumed(d->conn))
			tell(d, SIM_RESUMED, 0, 0);
		rv_sa_on_ok(d->sa, rv_time_boot_us());
	} else {
		drop(d);
		fail(d, why, why == SIM_FAIL_TLS ? ARMS_LOG_ESSL : ARMS_LOG_ECONNECT,
		     rv_err_name(r));
	}
	return true;
}

static bool do_transfer(struct sim_device *d, const struct rv_sa_action *act)
{
	struct sim_host *host = d->host;
	size_t len = 0;
	int r = act->act == RV_SA_ACT_SEND
			? sim_conn_write(d->conn, act->bytes, act->has_more)
			: sim_conn_read(d->conn, host->buf, sizeof(host->buf), &len);

	if (r == RV_EWANTREAD || r == RV_EWANTWRITE)
		return false;
	if (r != RV_OK)
		fail(d, SIM_FAIL_CUT, ARMS_LOG_EHTTP, rv_err_name(r));
	else if (act->act == RV_SA_ACT_SEND)
		rv_sa_on_ok(d->sa, rv_time_boot_us());
	else
		rv_sa_on_data(d->sa, rv_time_boot_us(), rv_strn(host->buf, len));
	return true;
}

static void start_pull(struct sim_device *d, int64_t now_us)
{
	static const struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	struct rv_sa_pull pull = { .timeout_s = ARMS_DEFAULT_TIMEOUT,
				   .lines = &line,
				   .line_count = 1 };

	d->is_querying = false;
	d->is_told = false;
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
		tell(d, SIM_ENDED, code & INT16_MAX, 0);
		d->again_us = now_us + SIM_AGAIN_S * RV_US_PER_SEC;
	} else if (is_query) {
		tell(d, SIM_QUERIED, 0, took_us);
	} else {
		d->is_up = true;
		if (took_us > d->slowest_us)
			d->slowest_us = took_us;
		tell(d, SIM_UP, 0, took_us);
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
	start_pull(d, now_us);
	return true;
}

static bool do_wait(struct sim_device *d, const struct rv_sa_action *act)
{
	if (act->deadline_us != d->waits_until_us) {
		d->waits_until_us = act->deadline_us;
		tell(d, SIM_WAITS, 0, act->deadline_us - rv_time_boot_us());
	}
	return false;
}

/* True: ask the core again. */
static bool carry_out(struct sim_device *d, const struct rv_sa_action *act)
{
	if (act->act != RV_SA_ACT_OPEN && d->conn != NULL && !d->is_tls_up)
		drop(d); /* given up while it was being made */
	switch (act->act) {
	case RV_SA_ACT_LINE:
		rv_sa_on_line(d->sa, rv_time_boot_us(),
			      act->line_action == ARMS_LINE_ACT_DISCONNECT ? ARMS_LINE_DISCONNECTED
									   : ARMS_LINE_CONNECTED);
		return true;
	case RV_SA_ACT_OPEN:
		return do_open(d, act);
	case RV_SA_ACT_SEND:
	case RV_SA_ACT_READ:
		return do_transfer(d, act);
	case RV_SA_ACT_CLOSE:
		if (d->host->does_resume && d->is_tls_up)
			sim_conn_save(d->conn, session_of(d));
		drop(d);
		rv_sa_on_ok(d->sa, rv_time_boot_us());
		return true;
	case RV_SA_ACT_WAIT:
		return do_wait(d, act);
	case RV_SA_ACT_DONE:
		return do_done(d, act->code);
	}
	return false;
}

static void run(struct sim_device *d)
{
	struct rv_sa_action act;

	if (d->sa == NULL || (d->is_idle && !wake_idle(d)))
		return;
	do
		rv_sa_next(d->sa, rv_time_boot_us(), &act);
	while (carry_out(d, &act));
	if (!d->is_idle)
		rv_wheel_add(d->host->wheel, &d->timer, act.deadline_us);
}

/* -- life ----------------------------------------------------------------------------------- */

void sim_device_init(struct sim_device *device, struct sim_host *host, uint32_t number)
{
	device->host = host;
	device->number = number;
	device->timer.fn = on_timer;
}

/* A device that is switched on knows what its maker wrote into it, and nothing else. */
static int make_core(struct sim_device *d)
{
	struct rv_sa_host host = {
		.config = host_config, .identity = host_identity, .log = host_log, .arg = d
	};
	struct sim_persona persona;
	struct rv_diag diag;
	int err;

	sim_persona_make(d->host->seed, d->number, &persona);
	err = rv_sa_new(&host, &persona.id, &d->sa);
	if (err == RV_OK)
		err = rv_sa_set_initial(d->sa, d->host->initial, &diag);
	if (err == RV_OK)
		err = rv_sa_set_ls_anchor(d->sa, d->host->ls_anchor);
	if (err == RV_OK && (!rv_sa_set_ls_key(d->sa, rv_str(persona.ls_key)) ||
			     !rv_sa_set_description(d->sa, RV_STR_LIT("reeve sim")) ||
			     !rv_sa_set_firmware(d->sa, RV_STR_LIT("1.0"))))
		err = RV_ELIMIT;
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

	assert(d->sa == NULL);
	err = make_core(d);
	if (err != RV_OK)
		return err;
	d->asked_us = now_us;
	d->phase = RV_SA_LS;
	tell(d, SIM_STARTED, 0, 0);
	start_pull(d, now_us);
	run(d);
	return RV_OK;
}

void sim_device_cut(struct sim_device *d)
{
	rv_wheel_del(d->host->wheel, &d->timer);
	if (d->sa == NULL)
		return;
	drop(d);
	rv_sa_free(d->sa);
	d->sa = NULL;
	for (size_t i = 0; i < RV_ARRAY_LEN(d->sessions); i++)
		rv_buf_deinit(&d->sessions[i]);
	d->is_up = d->is_idle = d->is_querying = false;
}
