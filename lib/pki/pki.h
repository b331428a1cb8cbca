/* pki.h - keys and certificates as PEM text: made, signed, looked at.
 *
 * Everything made here is signed with SHA-256. Roots are P-256; leaves are P-256, or RSA of 2,048
 * bits for devices and servers that know no other key exchange (spec/arms-protocol.md 2.5). A CA
 * that comes from elsewhere may be RSA, too. Subjects follow what the original client demands
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

enum rv_pki_key_kind { RV_PKI_P256, RV_PKI_RSA2048 };

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

/* Certificate for key_pem (P-256; or RSA, for all but a root), signed by ca_cert_pem/ca_key_pem
 * (both empty for RV_PKI_ROOT), appended to *out_pem. RV_EINVALID: a name, the lifetime, another
 * kind of key, an issuer that is no CA or not the CA key's owner; RV_ESYNTAX: an unreadable PEM
 * text. *diag names the part. A root with a common name of up to 16 characters is at most 640 bytes
 * of PEM, so the RS CA fits the 2,047-byte Location-Config beside five lines
 * (spec/arms-protocol.md 3.4). */
int rv_pki_issue(const struct rv_pki_request *req, struct rv_str key_pem, struct rv_str ca_cert_pem,
		 struct rv_str ca_key_pem, struct rv_buf *out_pem,
		 struct rv_diag *diag) RV_MUSTCHECK;

/* -- many certificates by one CA: nothing is parsed twice ------------------------------------ */

struct rv_pki_key;    /* a private key; immutable, may go from thread to thread */
struct rv_pki_signer; /* a CA certificate and its key; one thread at a time */
struct rv_pki_info;

/* RSA takes 0.1 s and more; P-256 microseconds. -ENOMEM. The memory is wiped by the free. */
int rv_pki_key_make(enum rv_pki_key_kind kind, struct rv_pki_key **out) RV_MUSTCHECK;
/* Unencrypted PKCS#8 PEM, appended. */
int rv_pki_key_pem(const struct rv_pki_key *key, struct rv_buf *out_pem) RV_MUSTCHECK;
void rv_pki_key_free(struct rv_pki_key *key);

/* The first certificate of ca_cert_pem, and the one key of ca_key_pem that belongs to it: the text
 * may hold several, the old CA's beside the new one's. Errors as of rv_pki_issue. */
int rv_pki_signer_new(struct rv_str ca_cert_pem, struct rv_str ca_key_pem,
		      struct rv_pki_signer **out, struct rv_diag *diag) RV_MUSTCHECK;
/* *info, when not NULL, gets what rv_pki_inspect() would say of it. */
int rv_pki_signer_issue(const struct rv_pki_signer *signer, const struct rv_pki_request *req,
			const struct rv_pki_key *key, struct rv_buf *out_pem,
			struct rv_pki_info *info, struct rv_diag *diag) RV_MUSTCHECK;
void rv_pki_signer_free(struct rv_pki_signer *signer);

/* -- looking --------------------------------------------------------------------------------- */

enum {
	RV_PKI_SERIAL_MAX = 40, /* hex digits: 20 bytes, RFC 5280 4.1.2.2 */
	RV_PKI_PRINT_LEN = 64,  /* hex digits of SHA-256 */
	RV_PKI_KEY_TEXT_MAX = 15,
};

struct rv_pki_info {
	char subject[256]; /* RFC 2253 text */
	char issuer[256];
	char serial[RV_PKI_SERIAL_MAX + 1]; /* upper-case hex; cut when longer */
	char print[RV_PKI_PRINT_LEN + 1];   /* SHA-256 of the certificate, lower-case hex */
	char key[RV_PKI_KEY_TEXT_MAX + 1];  /* "P-256", "RSA-2048", "EC-384", ... */
	int64_t not_before_us;
	int64_t not_after_us;
	bool is_ca;
	bool is_self_signed; /* names and key identifiers say so; the signature is not looked at */
	size_t count;        /* certificates in the text */
};

/* The first certificate of a PEM text. RV_ESYNTAX with *diag when there is none. */
int rv_pki_inspect(struct rv_str pem, struct rv_pki_info *out, struct rv_diag *diag) RV_MUSTCHECK;
/* The same of certificate `index`, 0 is the first; RV_ENOTFOUND: there are not as many. */
int rv_pki_inspect_at(struct rv_str pem, size_t index, struct rv_pki_info *out,
		      struct rv_diag *diag) RV_MUSTCHECK;
/* That certificate alone as PEM, appended: without what stood around it. */
int rv_pki_pick(struct rv_str pem, size_t index, struct rv_buf *out_pem,
		struct rv_diag *diag) RV_MUSTCHECK;
/* The key of a text with one or several that belongs to the (first) certificate, as PEM, appended.
 * RV_EINVALID: none does. */
int rv_pki_pick_key(struct rv_str key_pem, struct rv_str cert_pem, struct rv_buf *out_pem,
		    struct rv_diag *diag) RV_MUSTCHECK;
/* RV_EINVALID with *diag when the CA's key has not signed the (first) certificate. Dates and
 * usages are not looked at. */
int rv_pki_check_issued(struct rv_str cert_pem, struct rv_str ca_pem,
			struct rv_diag *diag) RV_MUSTCHECK;
/* RV_EINVALID with *diag when the key does not belong to the (first) certificate. */
int rv_pki_check_pair(struct rv_str cert_pem, struct rv_str key_pem,
		      struct rv_diag *diag) RV_MUSTCHECK;

#endif
