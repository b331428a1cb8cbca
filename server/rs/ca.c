/* The ca duty: holds the key of the RS CA, has no network and no store, signs for rs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metric.h"
#include "base/time.h"
#include "contract/rv_contract.h"
#include "log/log.h"
#include "pki/pki.h"
#include "server/rs/rs.h"

enum { PEM_MAX = 8192, ARENA_MAX = 64 * 1024 };

struct ca {
	struct rv_duty *duty;
	struct rv_buf certificate, key;
	int64_t lifetime_us;
	uint64_t issued, failed;
};

static int issue(struct ca *ca, struct rv_str distid, struct rv_buf *reply, struct rv_diag *diag)
{
	struct rv_buf key = { .wipe = true, .max = PEM_MAX }, certificate = { .max = PEM_MAX };
	char name[64];
	struct rv_pki_request request = { .kind = RV_PKI_SA,
					  .subject = { .common_name = name },
					  .now_us = rv_time_utc_us(),
					  .lifetime_us = ca->lifetime_us };
	int err = RV_EINVALID;

	if (rv_str_copy(distid, name, sizeof(name)))
		err = rv_pki_key_new(&key);
	if (err == RV_OK)
		err = rv_pki_issue(&request, rv_buf_str(&key), rv_buf_str(&ca->certificate),
				   rv_buf_str(&ca->key), &certificate, diag);
	if (err == RV_OK) {
		struct rv_ca_issue_sa_out out = { .certificate_pem = rv_buf_str(&certificate),
						  .private_key_pem = rv_buf_str(&key),
						  .expires_at = request.now_us +
								request.lifetime_us };
		rv_ca_issue_sa_out_encode(&out, reply);
		err = reply->err;
	}
	rv_buf_deinit(&key);
	rv_buf_deinit(&certificate);
	return err;
}

static void on_issue(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct ca *ca = arg;
	struct rv_buf reply = { .wipe = true };
	struct rv_ca_issue_sa_in in;
	struct rv_diag diag = { 0 };
	struct rv_arena arena;

	rv_arena_init(&arena, ARENA_MAX);
	int err = rv_ca_issue_sa_in_decode(body, &arena, &in);
	if (err == RV_OK)
		err = issue(ca, in.distid, &reply, &diag);
	if (err == RV_OK) {
		ca->issued++;
		rv_log(RV_LOG_INFO, "ca.certificate.issued", RV_KV("device", in.distid));
	} else {
		ca->failed++;
		rv_log(RV_LOG_ERROR, "ca.certificate.failed", RV_KS("error", rv_err_name(err)),
		       RV_KS("text", diag.text));
	}
	rv_bus_reply(call, err, err == RV_OK ? rv_buf_str(&reply) : (struct rv_str){ 0 });
	rv_buf_deinit(&reply);
	rv_arena_deinit(&arena);
}

static int keep(struct rv_str pem, struct rv_buf *out)
{
	rv_buf_put_str(out, pem);
	return out->err;
}

static void ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	rv_buf_deinit(&ca->certificate);
	rv_buf_deinit(&ca->key);
	free(ca);
}

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(rv_duty_conf(duty), "ca", NULL);
	struct ca *ca = calloc(1, sizeof(*ca));
	int err;

	if (ca == NULL)
		return -ENOMEM;
	ca->duty = duty;
	ca->key.wipe = true;
	ca->lifetime_us = rv_conf_int(sec, "lifetime");
	err = keep(rv_conf_file(sec, "certificate"), &ca->certificate);
	if (err == RV_OK)
		err = keep(rv_conf_file(sec, "key"), &ca->key);
	if (err == RV_OK)
		err = rv_pki_check_pair(rv_buf_str(&ca->certificate), rv_buf_str(&ca->key), diag);
	if (err == RV_OK)
		err = rv_bus_serve(rv_duty_bus(duty), "ca.issue-sa", on_issue, ca);
	if (err != RV_OK)
		goto fail;
	*state = ca;
	return RV_OK;
fail:
	ca_free(ca);
	return err;
}

static void stop(void *state)
{
	struct ca *ca = state;
	struct rv_duty *duty = ca->duty;

	ca_free(ca);
	rv_duty_stopped(duty);
}

static void metrics(void *state, struct rv_buf *out)
{
	const struct ca *ca = state;
	const struct rv_metric rows[] = {
		{ "certificates_total", "Device certificates signed.", ca->issued },
		{ "certificates_failed_total", "Requests for one refused or failed.", ca->failed },
	};

	rv_metric_put(out, "ca", rows, RV_ARRAY_LEN(rows));
}

/* The last of rv_rs_sections is the ca's own. */
const struct rv_duty_code rv_ca_code = {
	.spec = &rv_ca_duty_spec,
	.schema = &rv_rs_sections[1],
	.schema_count = 1,
	.start = start,
	.stop = stop,
	.metrics = metrics,
};
