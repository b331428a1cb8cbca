/* secret.h - how secrets rest in a store: as a MAC, or in a box.
 *
 *   <state>/secret.key     keyfile.h; mode 0400, made at first start
 *      |-- subkey 1: MAC of an LS-SA key:  HMAC-SHA256(k1, distid, 0, key)
 *      |-- subkey 2: its print for people: HMAC-SHA256(k2, mac), first 8 hex digits
 *      `-- subkey 3: box: key number 1 byte, nonce 24, XChaCha20-Poly1305 ciphertext and tag
 *
 * The LS only has to recognise an LS-SA key, so nobody keeps it; the RS-SA key, SA private keys,
 * line passwords and heartbeat passphrases must come out again, so they are boxed. Whoever has a
 * store but not the key file has neither. rs and ls of one installation share the file.
 *
 * A rotation (`reeve key rotate`) adds a key to the file; each owner of a store takes it into use
 * (rv_secret_reload), seals every box anew, and then the old key is dropped. All boxes open at any
 * moment. Subkeys 1 and 2 stay.
 *
 * Any thread may use a struct rv_secret.
 */
#ifndef RV_SECRET_SECRET_H
#define RV_SECRET_SECRET_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"

enum {
	RV_SECRET_MAC_LEN = 32,
	RV_SECRET_MAC_KEY_LEN = 32,
	RV_SECRET_PRINT_LEN = 8,
	RV_SECRET_BOX_EXTRA = 1 + 24 + 16, /* a box is this much longer than what is in it */
};

struct rv_secret;

/* Read the key file; when there is none, make it (complete or not at all, also when two processes
 * do so at once). RV_ESYNTAX, RV_ELIMIT: not a key file. RV_EDENIED: others may read it. Otherwise
 * an errno code. diag names the file. */
int rv_secret_open(const char *path, struct rv_secret **out, struct rv_diag *diag) RV_MUSTCHECK;
void rv_secret_free(struct rv_secret *secret); /* wipes; NULL allowed */

/* Take the keys that the file has now. RV_ECONFLICT: its MAC keys are others. On failure nothing
 * has changed. */
int rv_secret_reload(struct rv_secret *secret, const char *path, struct rv_diag *diag) RV_MUSTCHECK;
/* Of the key that seals: a box begins with the number of its key. */
uint8_t rv_secret_number(struct rv_secret *secret);

/* `distid` counts in upper case, however it is written. */
void rv_secret_mac(const struct rv_secret *secret, struct rv_str distid, struct rv_str key,
		   uint8_t out[static RV_SECRET_MAC_LEN]);
/* The key of these MACs (subkey 1), for an LS on another host: by it nothing can be done but to
 * recognise LS-SA keys. Wipe it. */
void rv_secret_mac_key(const struct rv_secret *secret, uint8_t out[static RV_SECRET_MAC_KEY_LEN]);
/* rv_secret_mac() under a key that came from there. */
void rv_secret_mac_by(const uint8_t mac_key[static RV_SECRET_MAC_KEY_LEN], struct rv_str distid,
		      struct rv_str key, uint8_t out[static RV_SECRET_MAC_LEN]);
/* For people to compare over the telephone: tells keys apart, reveals nothing. */
void rv_secret_print(const struct rv_secret *secret, const uint8_t mac[static RV_SECRET_MAC_LEN],
		     char out[static RV_SECRET_PRINT_LEN + 1]);

/* Append a box around `plain`. `label` ("device.rs_key") and `id` say where it belongs: a box
 * moved to another row or column does not open. Failures stick in out->err. */
void rv_secret_seal(struct rv_secret *secret, const char *label, struct rv_str id,
		    struct rv_str plain, struct rv_buf *out);
/* Append what is inside. RV_ECORRUPT: not a box for this place, or altered. RV_EVERSION: sealed
 * under a key number we do not have. Nothing is appended on failure. out should have .wipe set. */
int rv_secret_unseal(struct rv_secret *secret, const char *label, struct rv_str id,
		     struct rv_str box, struct rv_buf *out) RV_MUSTCHECK;
/* Append the same under the key that seals now. Codes of unseal, out's err. */
int rv_secret_reseal(struct rv_secret *secret, const char *label, struct rv_str id,
		     struct rv_str box, struct rv_buf *out) RV_MUSTCHECK;

#endif
