#include <stdio.h>
#include <string.h>

#include "server/armsfront/front.h"

/* "key" -> the item of the configuration. */
static void name_item(const char *section, struct rv_diag *diag)
{
	char part[RV_DIAG_WHERE_MAX / 2];
	const char *item = part;

	if (diag == NULL)
		return;
	snprintf(part, sizeof(part), "%.*s", (int)sizeof(part) - 1, diag->where);
	if (strcmp(part, "ca") == 0)
		item = "client_ca";
	snprintf(diag->where, sizeof(diag->where), "%.32s.%s", section, item);
}

int rv_front_tls(const struct rv_conf *conf, const char *section, bool asks_client_certificate,
		 struct rv_tls_tickets *tickets, struct rv_tls_ctx **out, struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(conf, section, NULL);
	struct rv_tls_opt opt = { .is_server = true,
				  .cert_pem = rv_conf_file(sec, "certificate"),
				  .key_pem = rv_conf_file(sec, "key"),
				  .tickets = tickets,
				  .role = section };
	int err;

	if (asks_client_certificate)
		opt.ca_pem = rv_conf_file(sec, "client_ca");
	opt.peer = opt.ca_pem.len > 0 ? RV_TLS_PEER_OPTIONAL : RV_TLS_PEER_NONE;
	err = rv_tls_ctx_new(&opt, out, diag);
	if (err == RV_ETLS)
		name_item(section, diag);
	return err;
}
