/* first.h - what a state directory gets at the first start: keys, certificates, a token.
 *
 *   pki/                  lib/pki/init.h
 *   admin-token.sha256    0600: the SHA-256, in hex, of the first bearer token; rs takes it into
 * its store and removes the file
 *
 * The token itself is written nowhere: it is shown on stdout, once.
 */
#ifndef RV_CMD_REEVE_FIRST_H
#define RV_CMD_REEVE_FIRST_H

#include "conf/conf.h"
#include "base/diag.h"
#include "pki/init.h"
#include "pki/rollover.h"

enum { RV_FIRST_TOKEN_MAX = 64 };

/* Make what is missing under <state_dir>/pki. names: extra addresses and host names for all
 * certificates, NULL-terminated; NULL or empty: those of the listen items, of this host's
 * interfaces where they are wildcards, and the loopback ones. Errors as of rv_pki_init_dir. */
int rv_first_pki(const struct rv_conf *conf, const char *state_dir, const char *const *names,
		 struct rv_pki_init_result *out, struct rv_diag *diag) RV_MUSTCHECK;

/* For a first start: all of <state_dir>/pki or nothing of it, whenever the power goes; the
 * directory does not exist yet. Errors as of rv_pki_init_dir, or an errno code. */
int rv_first_pki_whole(const struct rv_conf *conf, const char *state_dir,
		       struct rv_pki_init_result *out, struct rv_diag *diag) RV_MUSTCHECK;

/* True when rs has not been started with this directory yet. */
bool rv_first_needs_token(const char *state_dir);

/* Make a token, "rvt_" and 32 random bytes in base64url, and write its hash. The caller shows and
 * wipes it. An errno code with *diag. */
int rv_first_token(const char *state_dir, char out[static RV_FIRST_TOKEN_MAX],
		   struct rv_diag *diag) RV_MUSTCHECK;

/* A signing request (pki/rollover.h) for the server `name` ("ls", "rs", "http"), with the subject
 * that rv_first_pki() gives it and names found in the same way. */
int rv_first_request(const struct rv_conf *conf, const struct rv_pki_files *files, const char *name,
		     const char *const *names, struct rv_buf *out_csr,
		     struct rv_diag *diag) RV_MUSTCHECK;

#endif
