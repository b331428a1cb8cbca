/* pki.h - keys and certificates as PEM text: made, signed, looked at.
 *
 * Everything is P-256 with SHA-256. Subjects follow what the original client demands
 * (spec/arms-protocol.md 2.4): the LS root is "CN=ARMS Root CA ...", an LS leaf
 * "CN=Location Server 1" (the blank after "Server" is part of the check); RS side names
 * are free. Functions are synchronous and pure but for randomness and the time given.
 */
#ifndef RV_PKI_PKI_H
#define RV_PKI_PKI_H

#include "base/buf.h"
#include "base/diag.h"

struct rv_pki_name {
	const char *common_name;  /* 1..64 characters, printable ASCII */
	const char *organization; /* the same, or NULL = leave out */
};

enum rv_pki_kind {
	RV_PKI_ROOT,   /* self-signed CA, path length 0 */
	RV_PKI_SERVER, /* serverAuth; names in alt_names */
	RV_PKI_SA,     /* a device's: clientAuth and serverAuth (it listens in https-simple) */
};

struct rv_pki_request {
	enum rv_pki_kind kind;
	struct rv_pki_name subject;
	const char *const
		*alt_names; /* "127.0.0.1", "::1", "rs.example"; NULL-terminated, or NULL */
	int64_t now_us;     /* not-before is one day earlier: device clocks are poor */
	int64_t lifetime_us;
};

/* Unencrypted PKCS#8 PEM of a new P-256 key. The buffer should have .wipe set. */
int rv_pki_key_new(struct rv_buf *out_pem) RV_MUSTCHECK;

/* Certificate for key_pem (P-256), signed by ca_cert_pem/ca_key_pem (both empty for RV_PKI_ROOT),
 * appended to *out_pem. RV_EINVALID: a name, the lifetime, another kind of key, an issuer that is
 * no CA or not the CA key's owner; RV_ESYNTAX: an unreadable PEM text. *diag names the part.
 * A root with a common name of up to 16 characters is at most 640 bytes of PEM, so the RS CA
 * fits the 2,047-byte Location-Config beside five lines (spec/arms-protocol.md 3.4). */
int rv_pki_issue(const struct rv_pki_request *req, struct rv_str key_pem, struct rv_str ca_cert_pem,
		 struct rv_str ca_key_pem, struct rv_buf *out_pem,
		 struct rv_diag *diag) RV_MUSTCHECK;

struct rv_pki_info {
	char subject[256]; /* RFC 2253 text */
	char issuer[256];
	int64_t not_before_us;
	int64_t not_after_us;
	bool is_ca;
	size_t count; /* certificates in the text */
};

/* The first certificate of a PEM text. RV_ESYNTAX with *diag when there is none. */
int rv_pki_inspect(struct rv_str pem, struct rv_pki_info *out, struct rv_diag *diag) RV_MUSTCHECK;
/* RV_EINVALID with *diag when the CA's key has not signed the (first) certificate. Dates and
 * usages are not looked at. */
int rv_pki_check_issued(struct rv_str cert_pem, struct rv_str ca_pem,
			struct rv_diag *diag) RV_MUSTCHECK;
/* RV_EINVALID with *diag when the key does not belong to the (first) certificate. */
int rv_pki_check_pair(struct rv_str cert_pem, struct rv_str key_pem,
		      struct rv_diag *diag) RV_MUSTCHECK;

#endif
