/* csr.h - signing requests (PKCS #10), for CAs whose key is kept off-line or by somebody else.
 *
 *   where the server is                       where the CA's key is
 *   key, rv_pki_csr_new() --request.csr-->    rv_pki_csr_issue() --server.crt--> rv_pki_check_*()
 *
 * A request is foreign bytes: of what it asks for, subject, public key and alternative names are
 * taken, after the same checks as in rv_pki_issue(); everything else (usages, CA bits, extensions)
 * follows from the kind that the signer chooses.
 */
#ifndef RV_PKI_CSR_H
#define RV_PKI_CSR_H

#include "pki/pki.h"

enum { RV_PKI_CSR_NAMES_MAX = 64 };

/* Appended to *out_pem. Errors as of rv_pki_issue. */
int rv_pki_csr_new(const struct rv_pki_name *subject, const char *const *alt_names,
		   struct rv_str key_pem, struct rv_buf *out_pem,
		   struct rv_diag *diag) RV_MUSTCHECK;

struct rv_pki_csr_info {
	char subject[256];                 /* RFC 2253 text */
	char key[RV_PKI_KEY_TEXT_MAX + 1]; /* as in struct rv_pki_info */
	size_t names;                      /* alternative names */
};

/* RV_ESYNTAX: no request; RV_EINVALID: its signature is not by its own key. */
int rv_pki_csr_inspect(struct rv_str csr_pem, struct rv_pki_csr_info *out,
		       struct rv_diag *diag) RV_MUSTCHECK;

/* Sign it as req->kind (RV_PKI_SERVER or RV_PKI_SA); req's subject and names are not used.
 * RV_EINVALID: its signature, key, subject (exactly one CN, at most one O), or a name that is
 * neither address nor host; otherwise as rv_pki_issue. */
int rv_pki_csr_issue(const struct rv_pki_request *req, struct rv_str csr_pem,
		     struct rv_str ca_cert_pem, struct rv_str ca_key_pem, struct rv_buf *out_pem,
		     struct rv_diag *diag) RV_MUSTCHECK;

#endif
