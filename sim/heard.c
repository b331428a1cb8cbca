/* What the core calls, and what becomes known of it. */
#include <stdio.h>

#include "base/time.h"
#include "sim/device_priv.h"

/* -- what befell it ------------------------------------------------------------------------- */

void sim_device_tell(struct sim_device *d, enum sim_what what, int code, int64_t took_us)
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

void sim_device_tell_failure(struct sim_device *d, enum sim_failure why)
{
	d->is_told = true;
	sim_device_tell(d, SIM_FAILED, why, 0);
}

/* -- what the core tells -------------------------------------------------------------------- */

/* The config of a pull is applied once, however many modules it has. */
static void begin_apply(struct sim_device *d)
{
	struct sim_plan plan = sim_device_plan(d);
	int64_t apply_us = sim_plan_apply_us(&plan, d->pulls);

	if (d->busy_until_us > 0 || apply_us == 0)
		return;
	d->busy_until_us = rv_time_boot_us() + apply_us;
	sim_device_tell(d, SIM_APPLIES, 0, apply_us);
}

static int host_config(void *arg, const struct rv_sa_module *module, int action, const char *data,
		       size_t len, int next)
{
	struct sim_device *d = arg;
	struct sim_plan plan = sim_device_plan(d);
	bool is_right;

	(void)next; /* whole ones: fragment is 0 */
	if (action == ARMS_REMOVE_MODULE)
		return 0;
	is_right = sim_config_is_right(d->host->seed, d->number, module->id, rv_strn(data, len));
	if (!is_right || sim_plan_refuses(&plan, d->firmware, d->pulls)) {
		sim_device_tell_failure(d, is_right ? SIM_FAIL_REFUSED : SIM_FAIL_CONFIG);
		return -1;
	}
	begin_apply(d);
	return 0;
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
		sim_device_tell_failure(d, SIM_FAIL_CONFIG);
	return r;
}

/* What the core alone knows of a failed attempt it says in its log; the rest was told already. */
static void host_log(void *arg, int type, const char *text)
{
	struct sim_device *d = arg;
	int code;

	switch (type) {
	case ARMS_LOG_ENETTIMEOUT:
		sim_device_tell_failure(d, d->is_struck ? SIM_FAIL_LOST : SIM_FAIL_TIMEOUT);
		break;
	case ARMS_LOG_EHTTP:
		if (d->is_told)
			break;
		if (sscanf(text, "result %d", &code) == 1)
			sim_device_tell(d, SIM_REFUSED, code, 0);
		else
			sim_device_tell_failure(d, SIM_FAIL_HTTP);
		break;
	case ARMS_LOG_EURL:
	case ARMS_LOG_EHOST:
	case ARMS_LOG_ECERTIFICATE:
	case ARMS_LOG_ENETNOMEM:
		if (!d->is_told)
			sim_device_tell_failure(d, SIM_FAIL_OTHER);
		break;
	default:
		break;
	}
}

const struct rv_sa_host sim_device_hears = {
	.config = host_config,
	.identity = host_identity,
	.log = host_log,
};
