#include <limits.h>
#include <stdio.h>

#include "server/armsfront/front.h"

enum { FILE_MAX = 64 * 1024 };

static int read_pem(const char *dir, const char *name, struct rv_buf *out, struct rv_diag *diag)
{
	char path[PATH_MAX];
	int n = name[0] == '/' ? snprintf(path, sizeof(path), "%s", name)
			       : snprintf(path, sizeof(path), "%s/%s", dir, name);
	int err = n < PATH_MAX ? rv_buf_read_file(out, path, FILE_MAX) : RV_ELIMIT;

	if (err == RV_OK)
		return RV_OK;
	return rv_diag_set(diag, err, "front.file", name,
			   "cannot read %s (%s); `reeve pki init` makes it",
			   n < PATH_MAX ? path : name, rv_err_name(err));
}

int rv_front_tls(const char *dir, const char *certificate, const char *key, const char *client_ca,
		 struct rv_tls_ctx **out, struct rv_diag *diag)
{
	struct rv_buf cert_pem = { 0 }, key_pem = { .wipe = true }, ca_pem = { 0 };
	bool has_ca = client_ca != NULL && client_ca[0] != '\0';
	int err = read_pem(dir, certificate, &cert_pem, diag);

	if (err == RV_OK)
		err = read_pem(dir, key, &key_pem, diag);
	if (err == RV_OK && has_ca)
		err = read_pem(dir, client_ca, &ca_pem, diag);
	if (err == RV_OK) {
		struct rv_tls_opt opt = { .is_server = true,
					  .peer = has_ca ? RV_TLS_PEER_OPTIONAL : RV_TLS_PEER_NONE,
					  .cert_pem = rv_buf_str(&cert_pem),
					  .key_pem = rv_buf_str(&key_pem),
					  .ca_pem = rv_buf_str(&ca_pem) };
		err = rv_tls_ctx_new(&opt, out, diag);
	}
	rv_buf_deinit(&cert_pem);
	rv_buf_deinit(&key_pem);
	rv_buf_deinit(&ca_pem);
	return err;
}
