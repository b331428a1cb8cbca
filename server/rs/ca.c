/* The ca duty: holds the key of the RS CA, has no network and no store, signs for rs.
 *
 * A request is answered at once while there are keys; one that finds none waits in a queue of
 * WAITING_MAX. Those who ask for one certificate (a pull) go before those who ask for many. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/metric.h"
#include "base/time.h"
#include "contract/rv_contract.h"
#include "log/log.h"
#include "pki/pki.h"
#include "server/rs/keypool.h"
#include "server/rs/rs.h"

enum {
	PEM_MAX = 8192,
	KEYS_PEM_MAX = 65536, /* several keys may stand in the key file */
	ARENA_MAX = 64 * 1024,
	DISTID_MAX = 39,
	MANY_MAX = 64,     /* as in contract/msg/ca.json */
	WAITING_MAX = 1024 /* requests; beyond them RV_EBUSY */
};

enum { KINDS = RV_CA_KEY_RSA2048 + 1 };

static const enum rv_pki_key_kind key_kinds[KINDS] = {
	[RV_CA_KEY_P256] = RV_PKI_P256, [RV_CA_KEY_RSA2048] = RV_PKI_RSA2048
};

struct ca {
	struct rv_duty *duty;
	struct rv_pki_signer *signer;
	struct rv_pki_info info; /* of the CA certificate */
	int64_t lifetime_us;
	struct rs_keypool *pools[KINDS];
	unsigned pools_open;
	struct rv_list waiting[KINDS]; /* struct wish */
	unsigned waiting_count;
	uint64_t issued, failed, refused;
};

/* A request that waits for a key; a single one holds no list. */
struct wish {
	struct rv_list link;
	struct rv_bus_call *call;
	bool is_many;
	size_t count;
	char distids[][DISTID_MAX + 1];
};

/* One certificate with its texts. */
struct made {
	struct rv_buf key, certificate;
	struct rv_pki_info info;
};

static void made_deinit(struct made *made)
{
	rv_buf_deinit(&made->key);
	rv_buf_deinit(&made->certificate);
}

static int make(struct ca *ca, const char *distid, const struct rv_pki_key *key, struct made *out)
{
	struct rv_diag diag = { 0 };
	struct rv_pki_request request = { .kind = RV_PKI_SA,
					  .subject = { .common_name = distid },
					  .now_us = rv_time_utc_us(),
					  .lifetime_us = ca->lifetime_us };
	int err;

	*out = (struct made){ .key = { .wipe = true, .max = PEM_MAX },
			      .certificate = { .max = PEM_MAX } };
	err = rv_pki_key_pem(key, &out->key);
	if (err == RV_OK)
		err = rv_pki_signer_issue(ca->signer, &request, key, &out->certificate, &out->info,
					  &diag);
	if (err == RV_OK) {
		ca->issued++;
		rv_log(RV_LOG_DEBUG, "ca.certificate.issued", RV_KS("device", distid),
		       RV_KS("serial", out->info.serial));
	} else {
		ca->failed++;
		rv_log(RV_LOG_ERROR, "ca.certificate.failed", RV_KS("device", distid),
		       RV_KS("error", rv_err_name(err)), RV_KS("text", diag.text));
	}
	return err;
}

static struct rv_ca_issued told(const struct ca *ca, const struct made *made)
{
	return (struct rv_ca_issued){ .certificate_pem = rv_buf_str(&made->certificate),
				      .private_key_pem = rv_buf_str(&made->key),
				      .expires_at = made->info.not_after_us,
				      .not_before = made->info.not_before_us,
				      .serial = rv_str(made->info.serial),
				      .subject = rv_str(made->info.subject),
				      .issuer = rv_str(made->info.issuer),
				      .key = rv_str(made->info.key),
				      .ca = rv_str(ca->info.print) };
}

static void answer(struct rv_bus_call *call, int err, struct rv_buf *reply)
{
	if (err == RV_OK)
		err = reply->err;
	rv_bus_reply(call, err, err == RV_OK ? rv_buf_str(reply) : (struct rv_str){ 0 });
	rv_buf_deinit(reply);
}

/* False: there is no key now. */
static bool serve_one(struct ca *ca, enum rv_ca_key kind, struct wish *wish)
{
	struct rv_pki_key *key = rs_keypool_take(ca->pools[kind]);
	struct rv_buf reply = { .wipe = true };
	struct made made;
	int err;

	if (key == NULL)
		return false;
	err = make(ca, wish->distids[0], key, &made);
	if (err == RV_OK) {
		struct rv_ca_issue_sa_out out = { .certificate_pem = rv_buf_str(&made.certificate),
						  .private_key_pem = rv_buf_str(&made.key),
						  .expires_at = made.info.not_after_us,
						  .has_issued = true,
						  .issued = told(ca, &made) };
		rv_ca_issue_sa_out_encode(&out, &reply);
	}
	answer(wish->call, err, &reply);
	made_deinit(&made);
	rv_pki_key_free(key);
	return true;
}

static bool serve_many(struct ca *ca, enum rv_ca_key kind, struct wish *wish)
{
	struct rv_ca_issued list[MANY_MAX];
	struct made *made = calloc(wish->count, sizeof(*made));
	struct rv_buf reply = { .wipe = true };
	struct rv_pki_key *key;
	size_t n = 0;
	int err = made == NULL ? -ENOMEM : RV_OK;

	while (err == RV_OK && n < wish->count &&
	       (key = rs_keypool_take(ca->pools[kind])) != NULL) {
		err = make(ca, wish->distids[n], key, &made[n]);
		rv_pki_key_free(key);
		if (err == RV_OK)
			list[n] = told(ca, &made[n]);
		n++;
	}
	if (n == 0 && err == RV_OK) {
		free(made);
		return false;
	}
	if (err == RV_OK) {
		struct rv_ca_issue_many_out out = { .issued = list, .issued_len = n };
		rv_ca_issue_many_out_encode(&out, &reply);
	}
	answer(wish->call, err, &reply);
	for (size_t i = 0; i < n; i++)
		made_deinit(&made[i]);
	free(made);
	return true;
}

static bool serve(struct ca *ca, enum rv_ca_key kind, struct wish *wish)
{
	return wish->is_many ? serve_many(ca, kind, wish) : serve_one(ca, kind, wish);
}

/* A single one goes before all that ask for many. */
static void enqueue(struct ca *ca, enum rv_ca_key kind, struct wish *wish)
{
	struct rv_list *at = &ca->waiting[kind];
	struct rv_list *link;

	if (!wish->is_many) {
		rv_list_for_each (link, &ca->waiting[kind]) {
			if (!RV_CONTAINER_OF(link, struct wish, link)->is_many)
				continue;
			at = link;
			break;
		}
	}
	rv_list_add_tail(at, &wish->link); /* before `at` */
	ca->waiting_count++;
}

static void serve_waiting(struct ca *ca)
{
	for (size_t kind = 0; kind < KINDS; kind++) {
		struct rv_list *list = &ca->waiting[kind];

		while (!rv_list_is_empty(list)) {
			struct wish *wish = RV_CONTAINER_OF(list->next, struct wish, link);

			if (!serve(ca, (enum rv_ca_key)kind, wish))
				break;
			rv_list_del(&wish->link);
			ca->waiting_count--;
			free(wish);
		}
	}
}

static void on_keys(void *arg)
{
	serve_waiting(arg);
}

static void begin(struct ca *ca, struct rv_bus_call *call, enum rv_ca_key kind,
		  const struct rv_str *distids, size_t count, bool is_many)
{
	struct wish *wish = NULL;
	int err = ca->waiting_count < WAITING_MAX ? RV_OK : RV_EBUSY;

	if (err == RV_OK && (count == 0 || (size_t)kind >= KINDS))
		err = RV_EINVALID;
	if (err == RV_OK) {
		wish = calloc(1, sizeof(*wish) + count * sizeof(wish->distids[0]));
		err = wish != NULL ? RV_OK : -ENOMEM;
	}
	for (size_t i = 0; i < count && err == RV_OK; i++)
		err = rv_str_copy(distids[i], wish->distids[i], sizeof(wish->distids[i]))
			      ? RV_OK
			      : RV_EINVALID;
	if (err != RV_OK) {
		ca->refused++;
		free(wish);
		rv_bus_reply(call, err, (struct rv_str){ 0 });
		return;
	}
	wish->call = call;
	wish->is_many = is_many;
	wish->count = count;
	if (rv_list_is_empty(&ca->waiting[kind]) && serve(ca, kind, wish))
		free(wish);
	else
		enqueue(ca, kind, wish);
}

static void on_issue(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct rv_ca_issue_sa_in in;
	struct rv_arena arena;

	rv_arena_init(&arena, ARENA_MAX);
	int err = rv_ca_issue_sa_in_decode(body, &arena, &in);
	if (err == RV_OK)
		begin(arg, call, in.key, &in.distid, 1, false);
	else
		rv_bus_reply(call, err, (struct rv_str){ 0 });
	rv_arena_deinit(&arena);
}

static void on_issue_many(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct rv_ca_issue_many_in in;
	struct rv_arena arena;

	rv_arena_init(&arena, ARENA_MAX);
	int err = rv_ca_issue_many_in_decode(body, &arena, &in);
	if (err == RV_OK)
		begin(arg, call, in.key, in.distids, in.distids_len, true);
	else
		rv_bus_reply(call, err, (struct rv_str){ 0 });
	rv_arena_deinit(&arena);
}

/* -- life ------------------------------------------------------------------------------------ */

static void on_pool_closed(void *arg)
{
	struct ca *ca = arg;
	struct rv_duty *duty = ca->duty;

	if (--ca->pools_open > 0)
		return;
	rv_pki_signer_free(ca->signer);
	free(ca);
	rv_duty_stopped(duty);
}

static int open_pools(struct ca *ca, const struct rv_conf_sec *sec)
{
	const unsigned targets[KINDS] = {
		[RV_CA_KEY_P256] = (unsigned)rv_conf_int(sec, "keys_ready"),
		[RV_CA_KEY_RSA2048] = (unsigned)rv_conf_int(sec, "rsa_keys_ready"),
	};

	for (size_t i = 0; i < KINDS; i++) {
		struct rs_keypool_opt opt = { .loop = rv_duty_loop(ca->duty),
					      .kind = key_kinds[i],
					      .target = targets[i],
					      .on_ready = on_keys,
					      .arg = ca };
		int err = rs_keypool_new(&opt, &ca->pools[i]);
		if (err != RV_OK)
			return err;
		ca->pools_open++;
	}
	return RV_OK;
}

static int read_ca(const struct rv_conf_sec *sec, struct rv_pki_signer **signer,
		   struct rv_pki_info *info, struct rv_diag *diag)
{
	struct rv_str certificate = rv_conf_file(sec, "certificate");
	int err = rv_pki_inspect(certificate, info, diag);

	return err == RV_OK ? rv_pki_signer_new(certificate, rv_conf_file(sec, "key"), signer, diag)
			    : err;
}

static void ca_free(struct ca *ca)
{
	for (size_t i = 0; i < ca->pools_open; i++)
		rs_keypool_close(ca->pools[i], NULL, NULL);
	rv_pki_signer_free(ca->signer);
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
	ca->lifetime_us = rv_conf_int(sec, "lifetime");
	for (size_t i = 0; i < KINDS; i++)
		rv_list_init(&ca->waiting[i]);
	err = read_ca(sec, &ca->signer, &ca->info, diag);
	if (err == RV_OK)
		err = open_pools(ca, sec);
	if (err == RV_OK)
		err = rv_bus_serve(rv_duty_bus(duty), "ca.issue-sa", on_issue, ca);
	if (err == RV_OK)
		err = rv_bus_serve(rv_duty_bus(duty), "ca.issue-many", on_issue_many, ca);
	if (err != RV_OK)
		goto fail;
	*state = ca;
	return RV_OK;
fail:
	ca_free(ca);
	return err;
}

static int reload(void *state, struct rv_conf *conf, struct rv_diag *diag)
{
	struct ca *ca = state;

	(void)diag;
	ca->lifetime_us = rv_conf_int(rv_conf_get(conf, "ca", NULL), "lifetime");
	return RV_OK;
}

static void stop(void *state)
{
	struct ca *ca = state;

	for (size_t i = 0; i < KINDS; i++) {
		struct rv_list *link;

		while ((link = rv_list_pop(&ca->waiting[i])) != NULL) {
			struct wish *wish = RV_CONTAINER_OF(link, struct wish, link);

			rv_bus_reply(wish->call, RV_ECANCELED, (struct rv_str){ 0 });
			free(wish);
		}
	}
	for (size_t i = 0; i < KINDS; i++)
		rs_keypool_close(ca->pools[i], on_pool_closed, ca);
}

static void metrics(void *state, struct rv_buf *out)
{
	const struct ca *ca = state;
	const struct rv_metric rows[] = {
		{ "certificates_total", "Device certificates signed.", ca->issued },
		{ "certificates_failed_total", "Certificates that could not be made.", ca->failed },
		{ "requests_refused_total", "Requests refused: too many, or wrong.", ca->refused },
		{ "requests_waiting", "Requests that wait for a key.", ca->waiting_count },
		{ "keys_ready", "P-256 keys made ahead.",
		  rs_keypool_ready(ca->pools[RV_CA_KEY_P256]) },
		{ "rsa_keys_ready", "RSA keys made ahead.",
		  rs_keypool_ready(ca->pools[RV_CA_KEY_RSA2048]) },
	};

	rv_metric_put(out, "ca", rows, RV_ARRAY_LEN(rows));
}

/* The last of rv_rs_sections is the ca's own. */
const struct rv_duty_code rv_ca_code = {
	.spec = &rv_ca_duty_spec,
	.schema = &rv_rs_sections[1],
	.schema_count = 1,
	.start = start,
	.reload = reload,
	.stop = stop,
	.metrics = metrics,
};
