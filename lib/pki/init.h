/* init.h - `reeve pki init`: every key and certificate that one installation starts with.
 *
 *   ls-root.crt .key   "CN=ARMS Root CA 1"      goes into every device; signs ls
 *   ls.crt      .key   "CN=Location Server 1"   the Location Server
 *   rs-ca.crt   .key   "CN=Reeve RS CA"         goes out in every Location-Config; signs rs
 *   rs.crt      .key   "CN=Reeve RS"            the proxies
 *   http-ca.crt .key   "CN=Reeve HTTP CA"       for people's browsers and reeve ctl; signs http
 *   http.crt    .key   "CN=Reeve HTTP"          the REST API
 *
 * Certificates are 0644, server keys 0600, keys of CAs 0400. The key of a CA may be kept elsewhere
 * (but rs-ca.key, which signs device certificates): as long as nothing is to be signed with it, it
 * is not missed; csr.h has the way to sign elsewhere. Roots live 20 years: a device in a drawer
 * must still find its Location Server. Servers live 825 days, the most that browsers take; ARMS
 * devices look at no date. `reeve pki renew` makes them anew.
 *
 * Blocking; for the command line only.
 */
#ifndef RV_PKI_INIT_H
#define RV_PKI_INIT_H

#include "base/diag.h"
#include "base/str.h"

enum {
	RV_PKI_INIT_FILES = 12, /* the keys of CAs kept elsewhere included */
	RV_PKI_ROOT_DAYS = 20 * 365,
	RV_PKI_SERVER_DAYS = 825,
};

struct rv_pki_init {
	const char *dir; /* made with mode 0700 when missing; its parent must exist */
	/* Addresses and host names (pki.h), NULL-terminated, or NULL for none. */
	const char *const *ls_names;
	const char *const *rs_names;
	const char *const *http_names;
	int64_t now_us; /* UTC */
};

struct rv_pki_init_result {
	size_t count; /* entries below; also after a failure: what was done before it */
	struct rv_pki_init_file {
		const char *name; /* within dir; static */
		bool is_new;      /* made now; false: was there and stays as it is */
	} files[RV_PKI_INIT_FILES];
};

/* Make what is missing. Nothing that exists is ever overwritten, and everything that exists is
 * checked before anything is made. Files appear whole or not at all and are synced.
 *
 * RV_EINVALID (a half-made pair, a key of another certificate, a certificate of another CA, a bad
 * name), RV_ESYNTAX (an unreadable file), RV_EDENIED (others may write in dir), RV_EBUSY (another
 * run is at work), RV_ELIMIT (a path or file too long) or an errno code, each with *diag naming the
 * file and what to do. */
int rv_pki_init_dir(const struct rv_pki_init *opt, struct rv_pki_init_result *out,
		    struct rv_diag *diag) RV_MUSTCHECK;

#endif
