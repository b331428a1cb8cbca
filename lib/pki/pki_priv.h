/* pki_priv.h - what the files of lib/pki share. */
#ifndef RV_PKI_PKI_PRIV_H
#define RV_PKI_PKI_PRIV_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pki/pki.h"

/* Both: RV_ESYNTAX with *diag (part names the text) or -ENOMEM; the caller frees *out. */
int rv_pki_read_key(struct rv_str pem, const char *part, EVP_PKEY **out,
		    struct rv_diag *diag) RV_MUSTCHECK;
/* The first certificate; *count (NULL allowed) gets the number of certificates in the text. */
int rv_pki_read_cert(struct rv_str pem, const char *part, X509 **out, size_t *count,
		     struct rv_diag *diag) RV_MUSTCHECK;

/* Every failure of a call that can only fail for lack of memory or by a bug of ours. */
int rv_pki_openssl_failed(struct rv_diag *diag, const char *what);

#endif
