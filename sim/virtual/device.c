#include "sim/virtual/device.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/virtual/story.h"

static void run(struct vw_device *d);

static int64_t now_of(const struct vw_device *d)
{
	return d->host->world->now_us;
}

static void tell(struct vw_device *d, enum sim_what what, int code)
{
	d->host->tell(d->host->arg, d, what, code);
}

/* -- what the core tells -------------------------------------------------------------------- */

static int host_config(void *arg, const struct rv_sa_module *module, int action, const char *data,
		       size_t len, int next)
{
	struct vw_device *d = arg;

	(void)next; /* whole ones: fragment is 0 */
	if (action == ARMS_PULL_STORE_CONFIG && vw_role_refuses(d->role)) {
		tell(d, SIM_FAILED, SIM_FAIL_REFUSED);
		return -1;
	}
	if (action == ARMS_REMOVE_MODULE)
		vw_set_remove(&d->staged, module->id);
	else if (!vw_set_put(&d->staged, module->id, rv_strn(data, len)))
		return -1;
	return 0;
}

static int host_identity(void *arg, struct rv_str certificate, struct rv_str key,
			 struct rv_diag *diag)
{
	struct vw_device *d = arg;

	if (d->host->is_pair(d->host->arg, d, certificate, key))
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "sim.pair", "", "not a pair");
}

static void host_log(void *arg, int type, const char *text)
{
	struct vw_device *d = arg;

	d->has_failed |= type == ARMS_LOG_EHTTP;
	vw_note(d->host->world, d->label, text, type, 0);
}

/* -- the wire ------------------------------------------------------------------------------- */

static void wake(void *arg)
{
	struct vw_device *d = arg;

	d->timer = NULL;
	run(d);
}

static void on_up(void *arg, const char *root)
{
	struct vw_device *d = arg;
	struct rv_sa_action act;

	rv_sa_next(d->sa, now_of(d), &act);
	d->is_wire_up = true;
	if (act.act == RV_SA_ACT_OPEN)
		d->is_verified = rv_str_is(act.anchor, root) ||
				 d->host->world->sabotage == VW_TRUSTING;
	run(d);
}

static void on_data(void *arg, struct rv_str bytes)
{
	struct vw_device *d = arg;

	rv_buf_put_str(&d->in, bytes);
	rv_buf_put_str(&d->heard, bytes);
	run(d);
}

static void on_gone(void *arg, enum vw_gone why)
{
	static const char *const texts[] = { "refused", "reset", "closed by the server" };
	struct vw_device *d = arg;

	d->is_eof = true;
	d->fail_text = texts[why];
	run(d);
}

static void drop(struct vw_device *d)
{
	if (d->wire == NULL)
		return;
	vw_wire_drop(d->wire);
	d->wire = NULL;
	d->host->heard(d->host->arg, d, rv_buf_str(&d->heard));
	rv_buf_clear(&d->heard);
	rv_buf_clear(&d->in);
	d->is_wire_up = d->is_verified = d->is_eof = false;
}

static void fail(struct vw_device *d, int log_type, const char *text)
{
	tell(d, SIM_FAILED, log_type == ARMS_LOG_ESSL ? SIM_FAIL_TLS : SIM_FAIL_CUT);
	d->has_failed = true;
	rv_sa_on_fail(d->sa, now_of(d), log_type, text);
}

static void begin_open(struct vw_device *d, const struct rv_sa_action *act)
{
	struct vw_ends ends = { .on_up = on_up, .on_data = on_data, .on_gone = on_gone, .arg = d };

	drop(d);
	d->phase = act->phase;
	d->open_us = act->deadline_us;
	d->attempts++;
	d->host->opens(d->host->arg, d, act->phase);
	tell(d, SIM_ASKS, 0);
	d->wire = vw_connect(d->host->net, &d->line, act->url, &ends,
			     vw_role_loss(d->role, act->phase == RV_SA_LS));
}

/* Each returns true when the core has something new to say, false when it must wait. */
static bool do_open(struct vw_device *d, const struct rv_sa_action *act)
{
	if (d->wire == NULL || d->open_us != act->deadline_us)
		begin_open(d, act);
	if (d->is_eof) {
		drop(d);
		fail(d, ARMS_LOG_ECONNECT, d->fail_text);
		return true;
	}
	if (!d->is_wire_up)
		return false;
	if (d->is_verified) {
		rv_sa_on_ok(d->sa, now_of(d));
		return true;
	}
	drop(d);
	fail(d, ARMS_LOG_ESSL, "the server is not of the root that was told");
	return true;
}

static bool do_send(struct vw_device *d, const struct rv_sa_action *act)
{
	if (d->is_eof) {
		fail(d, ARMS_LOG_EHTTP, d->fail_text);
		return true;
	}
	vw_wire_send(d->wire, act->bytes);
	rv_sa_on_ok(d->sa, now_of(d));
	return true;
}

/* What has come is taken before its end counts. */
static bool do_read(struct vw_device *d)
{
	struct rv_buf bytes = d->in;

	if (bytes.len > 0) {
		d->in = (struct rv_buf){ 0 };
		rv_sa_on_data(d->sa, now_of(d), rv_buf_str(&bytes));
		rv_buf_deinit(&bytes);
		return true;
	}
	if (!d->is_eof)
		return false;
	fail(d, ARMS_LOG_EHTTP, d->fail_text);
	return true;
}

/* -- calls ---------------------------------------------------------------------------------- */

static void start_pull(struct vw_device *d)
{
	static const struct rv_sa_line lines[] = { { .type = ARMS_LINE_DHCP },
						   { .type = ARMS_LINE_RA } };
	struct rv_sa_pull pull = { .timeout_s = ARMS_DEFAULT_TIMEOUT,
				   .lines = lines,
				   .line_count = RV_ARRAY_LEN(lines) };

	d->is_querying = d->is_idle = false;
	rv_sa_start_pull(d->sa, now_of(d), &pull);
}

/* What it was given runs from now on. */
static void came_up(struct vw_device *d)
{
	d->is_applying = false;
	d->is_up = true;
	d->ups++;
	d->delivered++;
	d->has_queried = false;
	d->last_up_us = now_of(d);
	if (d->first_up_us < 0)
		d->first_up_us = d->last_up_us;
	if (d->keeps_state) {
		rv_sa_dump(d->sa, d->flash);
		d->has_flash = true;
	}
	tell(d, SIM_UP, 0);
	d->host->runs(d->host->arg, d);
}

/* A call is over. */
static void do_done(struct vw_device *d, int code)
{
	bool is_query = d->is_querying;
	int64_t apply_us = 0;

	if (code != 0) {
		tell(d, SIM_ENDED, code & INT16_MAX);
		d->is_up = false;
	} else if (is_query) {
		d->has_queried = true;
		tell(d, SIM_QUERIED, 0);
	} else {
		apply_us = vw_role_apply_us(d->role);
		d->is_applying = true;
		tell(d, SIM_APPLIES, 0);
	}
	d->is_idle = true;
	if (d->is_applying) {
		d->again_us = now_of(d) + apply_us;
		return;
	}
	d->again_us = now_of(d) + (code == 0 ? d->host->repeat_us : VW_AGAIN_S * RV_US_PER_SEC);
}

/* One line for each family. */
static int use_line(const struct vw_device *d, const struct rv_sa_action *act)
{
	bool is_there = act->line_type == ARMS_LINE_RA ? d->line.has_ipv6 : d->line.has_ipv4;

	if (act->line_action == ARMS_LINE_ACT_DISCONNECT)
		return ARMS_LINE_DISCONNECTED;
	return is_there ? ARMS_LINE_CONNECTED : ARMS_LINE_NOTAVAILABLE;
}

/* True: ask the core again. */
static bool carry_out(struct vw_device *d, const struct rv_sa_action *act)
{
	if (act->act != RV_SA_ACT_OPEN && d->wire != NULL && !d->is_wire_up)
		drop(d); /* given up while it was being made */
	switch (act->act) {
	case RV_SA_ACT_LINE:
		rv_sa_on_line(d->sa, now_of(d), use_line(d, act));
		return true;
	case RV_SA_ACT_OPEN:
		return do_open(d, act);
	case RV_SA_ACT_SEND:
		return do_send(d, act);
	case RV_SA_ACT_READ:
		return do_read(d);
	case RV_SA_ACT_CLOSE:
		drop(d);
		rv_sa_on_ok(d->sa, now_of(d));
		return true;
	case RV_SA_ACT_WAIT:
		return false;
	case RV_SA_ACT_DONE:
		do_done(d, act->code);
		return false;
	}
	return false;
}

/* Two ways in which a device may be wrong. */
static bool is_misbehaving(struct vw_device *d)
{
	if (!d->has_failed)
		return false;
	if (d->host->world->sabotage == VW_LAZY_DEVICE)
		return true;
	if (d->host->world->sabotage == VW_HAMMER) {
		vw_device_cut(d);
		vw_device_switch_on(d);
		return true;
	}
	return false;
}

/* The time has come: its config is written, or it pulls again. */
static void go_on(struct vw_device *d)
{
	if (!d->is_applying) {
		d->asked_us = now_of(d);
		start_pull(d);
		return;
	}
	came_up(d);
	d->is_idle = false;
	d->is_querying = true;
	rv_sa_start_query(d->sa, now_of(d));
}

static void run(struct vw_device *d)
{
	struct rv_sa_action act;
	int64_t until_us;

	if (d->sa == NULL || d->is_running || is_misbehaving(d))
		return;
	if (d->is_idle && now_of(d) >= d->again_us)
		go_on(d);
	d->is_running = true;
	if (!d->is_idle)
		do
			rv_sa_next(d->sa, now_of(d), &act);
		while (carry_out(d, &act));
	d->is_running = false;
	until_us = d->is_idle ? d->again_us : act.deadline_us;
	vw_cancel(d->timer);
	d->timer = vw_post(d->host->world, until_us > now_of(d) ? until_us - now_of(d) : 0, wake,
			   d);
}

/* -- life ----------------------------------------------------------------------------------- */

void vw_device_init(struct vw_device *d, const struct vw_device_host *host)
{
	d->host = host;
	d->first_up_us = d->last_up_us = -1;
	d->in.max = d->heard.max = VW_HEARD_MAX;
}

static void make_core(struct vw_device *d)
{
	struct rv_sa_host host = {
		.config = host_config, .identity = host_identity, .log = host_log, .arg = d
	};
	struct rv_diag diag;
	int err = rv_sa_new(&host, &d->persona.id, &d->sa);

	if (err == RV_OK)
		err = rv_sa_set_initial(d->sa, d->host->initial, &diag);
	if (err == RV_OK)
		err = rv_sa_set_ls_anchor(d->sa, rv_str(vw_ls_root));
	if (err != RV_OK || !rv_sa_set_ls_key(d->sa, rv_str(d->persona.ls_key)) ||
	    !rv_sa_set_description(d->sa, RV_STR_LIT("reeve sim virtual")) ||
	    !rv_sa_set_firmware(d->sa, rv_str(vw_role_version(d->role))))
		abort(); /* constants that do not fit */
}

void vw_device_switch_on(struct vw_device *d)
{
	if (d->sa != NULL)
		return;
	make_core(d);
	d->asked_us = now_of(d);
	d->phase = RV_SA_LS;
	d->has_failed = false;
	/* A blob that it wrote itself is read again, or the core is at fault. */
	if (d->has_flash && rv_sa_restore(d->sa, d->flash) != RV_OK)
		vw_complain(d->host->world, "state", "%s does not read its own state", d->label);
	tell(d, SIM_STARTED, 0);
	start_pull(d);
	d->timer = vw_post(d->host->world, 0, wake, d);
}

void vw_device_cut(struct vw_device *d)
{
	if (d->sa == NULL)
		return;
	vw_cancel(d->timer);
	d->timer = NULL;
	drop(d);
	rv_sa_free(d->sa);
	d->sa = NULL;
	vw_set_clear(&d->staged);
	rv_buf_deinit(&d->in);
	rv_buf_deinit(&d->heard);
	d->is_up = d->is_idle = d->is_querying = d->has_queried = d->is_applying = false;
	tell(d, SIM_CUT, 0);
}
