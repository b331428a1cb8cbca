/* rollover.h - the files of an installation change: servers renewed, the RS CA rolled over.
 *
 *             rs-ca.key        rs.crt                       rs-ca.crt
 *   before    old              leaf(old)                    old
 *   start  1. new old       2. leaf(new) cross           3. new old       overlap: both are served
 *   abort                                                1. old new       and back
 *   finish 3. the anchor's  1. leaf(the anchor)          2. the anchor    the first of rs-ca.crt
 *
 * Each numbered step replaces one file, and after each the files are a working whole: the key file
 * may hold several keys, of which the one that belongs to the certificate is taken, and servers
 * keep their keys, so that a certificate is never without. A run that was cut is run again.
 * Processes see the files when they are started or told to reload.
 *
 * Blocking; for the command line only. Errors: those of files.h and pki.h; *diag names the file.
 */
#ifndef RV_PKI_ROLLOVER_H
#define RV_PKI_ROLLOVER_H

#include "pki/chain.h"
#include "pki/files.h"

/* A new RS CA with the old one's name. RV_EBUSY: a roll-over is under way (two certificates in
 * rs-ca.crt); RV_EINVALID: the old CA's key is not here. */
int rv_pki_roll_start(const struct rv_pki_files *files, int64_t now_us,
		      struct rv_diag *diag) RV_MUSTCHECK;
/* The old CA is handed out again. RV_ENOTFOUND: none is under way. */
int rv_pki_roll_abort(const struct rv_pki_files *files, struct rv_diag *diag) RV_MUSTCHECK;
/* Only the CA that is handed out stays. RV_ENOTFOUND: none is under way. */
int rv_pki_roll_finish(const struct rv_pki_files *files, int64_t now_us,
		       struct rv_diag *diag) RV_MUSTCHECK;

/* The server `name` ("ls", "rs", "http") gets a new certificate for its key, with the names it has,
 * from its CA. "ls-rsa" and "rs-rsa" are the same servers for devices of TLS 1.0 without elliptic
 * curves (legacy_certificate): where they are not there yet, they are made, with an RSA key. */
int rv_pki_renew(const struct rv_pki_files *files, const char *name, int64_t now_us,
		 struct rv_diag *diag) RV_MUSTCHECK;

/* A certificate from outside for the server `name`, and its key (empty: the one that is here),
 * after every check that can be made: pair, dates, chain to the CA's file, names. */
int rv_pki_import(const struct rv_pki_files *files, const char *name, struct rv_str chain_pem,
		  struct rv_str key_pem, int64_t now_us, struct rv_diag *diag) RV_MUSTCHECK;

/* A signing request for the server's key (made if there is none), appended. */
int rv_pki_request(const struct rv_pki_files *files, const char *name,
		   const struct rv_pki_name *subject, const char *const *alt_names,
		   struct rv_buf *out_csr, struct rv_diag *diag) RV_MUSTCHECK;

#endif
