#include "server/certs/certs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "base/time.h"
#include "log/log.h"
#include "pki/chain.h"

enum { DAY_MS = 86400 * 1000 };

static const int64_t day_us = 86400 * RV_US_PER_SEC;

unsigned rv_certs_level(int64_t not_after_us, int64_t now_us)
{
	static const int64_t days[] = { 90, 30, 7, 0 };
	unsigned level = 0;

	while (level < RV_ARRAY_LEN(days) && not_after_us - now_us <= days[level] * day_us)
		level++;
	return level;
}

int rv_certs_check(const struct rv_certs_pair *pair, int64_t now_us, struct rv_diag *diag)
{
	struct rv_pki_server server = { .chain_pem = rv_conf_file(pair->sec, pair->certificate),
					.key_pem = rv_conf_file(pair->sec, pair->key),
					.is_ls = pair->is_ls,
					.now_us = now_us };
	struct rv_diag why = { 0 };
	char where[RV_DIAG_WHERE_MAX];
	int err = rv_pki_check_server(&server, &why);
	const char *item = strcmp(why.where, "key") == 0 ? pair->key : pair->certificate;

	if (err == RV_OK)
		return RV_OK;
	snprintf(where, sizeof(where), "%.32s.%.32s", pair->section, item);
	return rv_diag_set(diag, err, why.key != NULL ? why.key : "pki.certificate", where,
			   "%s (%.120s): %.160s", where, rv_conf_str(pair->sec, item), why.text);
}

/* -- watching -------------------------------------------------------------------------------- */

struct watched {
	char name[RV_CERTS_NAME_MAX + 1]; /* "": the rest of the list is free */
	char subject[256];
	int64_t not_after_us;
	unsigned told; /* the highest level that was */
};

struct rv_certs {
	uv_timer_t timer;
	bool is_silent;
	struct watched list[RV_CERTS_MAX];
};

static void tell(struct rv_certs *certs, struct watched *w)
{
	int64_t now_us = rv_time_utc_us();
	unsigned level = rv_certs_level(w->not_after_us, now_us);
	char date[RV_TIME_TEXT_LEN + 1];

	if (level <= w->told)
		return;
	w->told = level;
	if (certs->is_silent)
		return;
	rv_time_format(w->not_after_us, date);
	rv_log(level >= 3 ? RV_LOG_ERROR : RV_LOG_WARN, "certificate.expiry.near",
	       RV_KS("name", w->name), RV_KS("subject", w->subject), RV_KS("until", date),
	       RV_KI("days", (w->not_after_us - now_us) / day_us));
}

static void on_day(uv_timer_t *timer)
{
	struct rv_certs *certs = timer->data;

	for (size_t i = 0; i < RV_CERTS_MAX && certs->list[i].name[0] != '\0'; i++)
		tell(certs, &certs->list[i]);
}

int rv_certs_new(uv_loop_t *loop, bool is_silent, struct rv_certs **out)
{
	struct rv_certs *certs = calloc(1, sizeof(*certs));
	int err;

	if (certs == NULL)
		return -ENOMEM;
	certs->is_silent = is_silent;
	certs->timer.data = certs;
	err = uv_timer_init(loop, &certs->timer);
	if (err != 0) {
		free(certs);
		return err;
	}
	uv_timer_start(&certs->timer, on_day, DAY_MS, DAY_MS);
	uv_unref((uv_handle_t *)&certs->timer);
	*out = certs;
	return RV_OK;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void rv_certs_free(struct rv_certs *certs)
{
	if (certs != NULL)
		uv_close((uv_handle_t *)&certs->timer, on_closed);
}

/* The first to expire. */
static bool read_end(struct rv_str pem, struct watched *out)
{
	struct rv_pki_info info = { .count = 1 };

	for (size_t i = 0; i < info.count && i < RV_PKI_CHAIN_MAX; i++) {
		if (rv_pki_inspect_at(pem, i, &info, NULL) != RV_OK)
			return false;
		if (i > 0 && info.not_after_us >= out->not_after_us)
			continue;
		out->not_after_us = info.not_after_us;
		memcpy(out->subject, info.subject, sizeof(out->subject));
	}
	return true;
}

void rv_certs_watch(struct rv_certs *certs, const char *name, struct rv_str pem)
{
	struct watched fresh = { .told = 0 };

	if (!rv_str_copy(rv_str(name), fresh.name, sizeof(fresh.name)) || !read_end(pem, &fresh))
		return;
	for (size_t i = 0; i < RV_CERTS_MAX; i++) {
		struct watched *w = &certs->list[i];

		if (w->name[0] != '\0' && strcmp(w->name, name) != 0)
			continue;
		*w = fresh;
		tell(certs, w);
		return;
	}
}

void rv_certs_metrics(const struct rv_certs *certs, struct rv_buf *out)
{
	int64_t now_us = rv_time_utc_us();

	if (certs->list[0].name[0] == '\0')
		return;
	rv_metric_head(out, "certificate", "expires_seconds",
		       "Time until a certificate in use expires; negative: since.");
	for (size_t i = 0; i < RV_CERTS_MAX && certs->list[i].name[0] != '\0'; i++)
		rv_buf_printf(out, "reeve_certificate_expires_seconds{name=\"%s\"} %" PRId64 "\n",
			      certs->list[i].name,
			      (certs->list[i].not_after_us - now_us) / RV_US_PER_SEC);
}
