/* chain.h - what the other side of a connection will say of certificates, asked beforehand.
 *
 *   server sends   leaf(new) --signed by--> cross(new) --signed by--> [old root]   holder of the
 * old leaf(new) --signed by--> [new root]                             holder of the new
 *
 * During a roll-over of a CA both groups of devices must be served by one chain: devices send no
 * SNI and trust exactly one self-signed root (spec/arms-protocol.md 2.4). The cross certificate
 * carries name and key of the new root, signed by the old. Old and new have the same name, so the
 * cross certificate is "self-issued" and no path length of the old root forbids it (RFC 5280
 * 4.2.1.9, RFC 4210 4.4). OpenSSL before 1.0.1n knows no alternative chains: there a holder of
 * the new root refuses the chain, because it follows the cross certificate only.
 *
 * Pure but for randomness; time is a parameter.
 */
#ifndef RV_PKI_CHAIN_H
#define RV_PKI_CHAIN_H

#include "pki/pki.h"

enum { RV_PKI_DEPTH_MAX = 10, RV_PKI_CHAIN_MAX = 16 };

/* The cross certificate of new_root_pem, valid as long as both roots are, appended to *out_pem.
 * RV_EINVALID: new_root_pem is no self-signed CA, the two have different names or one of them no
 * key identifier (then nothing tells them apart), the key is not the old root's, a root has
 * expired; RV_ESYNTAX: an unreadable text. */
int rv_pki_cross(struct rv_str new_root_pem, struct rv_str old_root_pem, struct rv_str old_key_pem,
		 int64_t now_us, struct rv_buf *out_pem, struct rv_diag *diag) RV_MUSTCHECK;

/* A root with the name of old_root_pem, for key_pem (P-256): what can follow it in a roll-over. */
int rv_pki_successor(struct rv_str old_root_pem, struct rv_str key_pem, int64_t now_us,
		     int64_t lifetime_us, struct rv_buf *out_pem,
		     struct rv_diag *diag) RV_MUSTCHECK;
/* The server certificate old_pem (the first of the text) once more: same subject and alternative
 * names, by that CA, for RV_PKI_SERVER_DAYS from now on; for the same key, or for `key` (not NULL).
 */
int rv_pki_reissue(struct rv_str old_pem, const struct rv_pki_signer *signer,
		   const struct rv_pki_key *key, int64_t now_us, struct rv_buf *out_pem,
		   struct rv_diag *diag) RV_MUSTCHECK;

/* Would a device whose only anchor is the first certificate of anchor_pem accept the chain (leaf
 * first, then what is sent along)? Dates are not looked at, as devices do not. RV_EINVALID with
 * OpenSSL's words and the subject; RV_ESYNTAX. */
int rv_pki_check_chain(struct rv_str chain_pem, struct rv_str anchor_pem,
		       struct rv_diag *diag) RV_MUSTCHECK;

/* RV_EINVALID: a certificate of the text is expired, or not valid yet, at now_us; *diag has its
 * subject and the date. */
int rv_pki_check_dates(struct rv_str pem, int64_t now_us, struct rv_diag *diag) RV_MUSTCHECK;

/* Every subject of the text must contain "CN=ARMS Root CA" or "CN=Location Server " with the
 * blank: a device refuses a Location Server without. RV_EINVALID names the subject. */
int rv_pki_check_ls_names(struct rv_str pem, struct rv_diag *diag) RV_MUSTCHECK;

/* Is it one that can be handed out as the anchor: a CA, self-signed, with a good signature?
 * The first certificate alone is looked at. RV_EINVALID. */
int rv_pki_check_root(struct rv_str pem, struct rv_diag *diag) RV_MUSTCHECK;

struct rv_pki_server {
	struct rv_str chain_pem; /* leaf, then intermediates */
	struct rv_str key_pem;
	bool is_ls; /* names as devices demand them of a Location Server */
	int64_t now_us;
};

/* All that can be known of a server's own certificate without its anchor: it is readable, the key
 * belongs to the leaf, every date holds, the names are right. */
int rv_pki_check_server(const struct rv_pki_server *server, struct rv_diag *diag) RV_MUSTCHECK;

#endif
