#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "server/armsfront/front.h"
#include "server/certs/certs.h"

/* The parts that lib/tls blames, where they are not called as the items are. */
static const struct {
	const char *part, *item;
} items[] = {
	{ "ca", "client_ca" },
	{ "second certificate", "legacy_certificate" },
	{ "second key", "legacy_key" },
};

static void name_item(const char *section, struct rv_diag *diag)
{
	char part[RV_DIAG_WHERE_MAX / 2];
	const char *item = part;

	if (diag == NULL)
		return;
	snprintf(part, sizeof(part), "%.*s", (int)sizeof(part) - 1, diag->where);
	for (size_t i = 0; i < RV_ARRAY_LEN(items); i++) {
		if (strcmp(part, items[i].part) == 0)
			item = items[i].item;
	}
	snprintf(diag->where, sizeof(diag->where), "%.32s.%s", section, item);
}

/* All that is presented: the second pair, where there is one, only to old clients. */
static int check(const struct rv_conf_sec *sec, const struct rv_front_tls_opt *how,
		 struct rv_diag *diag)
{
	struct rv_certs_pair pair = { sec, how->section, "certificate", "key",
				      strcmp(how->section, "ls") == 0 };
	int err = rv_certs_check(&pair, rv_time_utc_us(), diag);

	if (err != RV_OK || !how->is_legacy || rv_conf_file(sec, "legacy_certificate").len == 0)
		return err;
	pair.certificate = "legacy_certificate";
	pair.key = "legacy_key";
	return rv_certs_check(&pair, rv_time_utc_us(), diag);
}

int rv_front_tls(const struct rv_conf *conf, const struct rv_front_tls_opt *how,
		 struct rv_tls_ctx **out, struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(conf, how->section, NULL);
	struct rv_tls_opt opt = { .is_server = true,
				  .cert_pem = rv_conf_file(sec, "certificate"),
				  .key_pem = rv_conf_file(sec, "key"),
				  .tickets = how->tickets,
				  .role = how->section };
	int err = check(sec, how, diag);

	if (err != RV_OK)
		return err;
	if (how->is_legacy) {
		opt.versions = RV_TLS_ONLY_10;
		opt.second_cert_pem = rv_conf_file(sec, "legacy_certificate");
		opt.second_key_pem = rv_conf_file(sec, "legacy_key");
	}
	if (how->asks_client_certificate)
		opt.ca_pem = rv_conf_file(sec, "client_ca");
	opt.peer = opt.ca_pem.len > 0 ? RV_TLS_PEER_OPTIONAL : RV_TLS_PEER_NONE;
	err = rv_tls_ctx_new(&opt, out, diag);
	if (err == RV_ETLS)
		name_item(how->section, diag);
	return err;
}
