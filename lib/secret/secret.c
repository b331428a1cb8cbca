#include "secret/secret.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "secret/subkey.h"

enum {
	NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	AAD_MAX = 256,
};

_Static_assert(RV_SECRET_MAC_LEN == crypto_auth_hmacsha256_BYTES, "MAC length");
_Static_assert(RV_SECRET_BOX_EXTRA == 1 + NONCE_LEN + TAG_LEN, "box format");
_Static_assert(RV_KEYFILE_KEY_LEN == crypto_kdf_KEYBYTES, "master key length");
_Static_assert(RV_KEYFILE_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "box key");
_Static_assert(RV_KEYFILE_MAC_LEN == 2 * crypto_auth_hmacsha256_KEYBYTES, "MAC keys");

struct box_key {
	uint8_t number;
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};

struct rv_secret {
	uint8_t mac[crypto_auth_hmacsha256_KEYBYTES]; /* these two never change */
	uint8_t print[crypto_auth_hmacsha256_KEYBYTES];
	pthread_rwlock_t lock;                     /* of what follows */
	struct box_key boxes[RV_KEYFILE_KEYS_MAX]; /* the first one seals */
	size_t count;
};

static const char context[crypto_kdf_CONTEXTBYTES] = { 'r', 'e', 'e', 'v', 'e', 's', 'e', 'c' };

void rv_subkeys_mac(const uint8_t master[static RV_KEYFILE_KEY_LEN],
		    uint8_t out[static RV_KEYFILE_MAC_LEN])
{
	crypto_kdf_derive_from_key(out, RV_KEYFILE_MAC_LEN / 2, 1, context, master);
	crypto_kdf_derive_from_key(out + RV_KEYFILE_MAC_LEN / 2, RV_KEYFILE_MAC_LEN / 2, 2, context,
				   master);
}

void rv_subkey_box(const uint8_t master[static RV_KEYFILE_KEY_LEN],
		   uint8_t out[static RV_KEYFILE_KEY_LEN])
{
	crypto_kdf_derive_from_key(out, RV_KEYFILE_KEY_LEN, 3, context, master);
}

static void take_boxes(struct rv_secret *secret, const struct rv_keyfile *file)
{
	rv_wipe(secret->boxes, sizeof(secret->boxes));
	for (size_t i = 0; i < file->count; i++) {
		secret->boxes[i].number = file->keys[i].number;
		rv_subkey_box(file->keys[i].key, secret->boxes[i].key);
	}
	secret->count = file->count;
}

static void take_macs(struct rv_secret *secret, const struct rv_keyfile *file)
{
	uint8_t keys[RV_KEYFILE_MAC_LEN];

	if (file->has_mac)
		memcpy(keys, file->mac, sizeof(keys));
	else
		rv_subkeys_mac(file->keys[0].key, keys);
	memcpy(secret->mac, keys, sizeof(secret->mac));
	memcpy(secret->print, keys + sizeof(secret->mac), sizeof(secret->print));
	rv_wipe(keys, sizeof(keys));
}

int rv_secret_open(const char *path, struct rv_secret **out, struct rv_diag *diag)
{
	struct rv_keyfile file = { 0 };
	struct rv_secret *secret;
	int err;

	if (sodium_init() < 0)
		return rv_diag_set(diag, RV_EUNSUPPORTED, "secret.sodium", path,
				   "libsodium does not start");
	err = rv_keyfile_read(path, &file, diag);
	if (err == -ENOENT) {
		err = rv_keyfile_make(path);
		if (err != RV_OK)
			return rv_diag_set(diag, err, "secret.file", path, "cannot make %s (%s)",
					   path, rv_err_name(err));
		err = rv_keyfile_read(path, &file, diag);
	}
	if (err != RV_OK)
		return err;
	secret = calloc(1, sizeof(*secret));
	if (secret != NULL) {
		pthread_rwlock_init(&secret->lock, NULL);
		take_macs(secret, &file);
		take_boxes(secret, &file);
		*out = secret;
	}
	rv_wipe(&file, sizeof(file));
	return secret != NULL ? RV_OK : -ENOMEM;
}

int rv_secret_reload(struct rv_secret *secret, const char *path, struct rv_diag *diag)
{
	struct rv_keyfile file = { 0 };
	struct rv_secret now;
	int err = rv_keyfile_read(path, &file, diag);

	if (err == -ENOENT)
		return rv_diag_set(diag, err, "secret.none", path, "there is no key file %s", path);
	if (err != RV_OK)
		return err;
	take_macs(&now, &file);
	if (sodium_memcmp(now.mac, secret->mac, sizeof(now.mac)) != 0) {
		err = rv_diag_set(diag, RV_ECONFLICT, "secret.other", path,
				  "%s is the key file of another installation", path);
	} else {
		pthread_rwlock_wrlock(&secret->lock);
		take_boxes(secret, &file);
		pthread_rwlock_unlock(&secret->lock);
	}
	rv_wipe(&now, sizeof(now));
	rv_wipe(&file, sizeof(file));
	return err;
}

uint8_t rv_secret_number(struct rv_secret *secret)
{
	pthread_rwlock_rdlock(&secret->lock);
	uint8_t number = secret->boxes[0].number;
	pthread_rwlock_unlock(&secret->lock);
	return number;
}

void rv_secret_free(struct rv_secret *secret)
{
	if (secret == NULL)
		return;
	pthread_rwlock_destroy(&secret->lock);
	rv_wipe(secret, sizeof(*secret));
	free(secret);
}

/* The key of that number, 0: the one that seals. False: there is none. */
static bool find_key(struct rv_secret *secret, uint8_t number, struct box_key *out)
{
	bool is_there = false;

	pthread_rwlock_rdlock(&secret->lock);
	for (size_t i = 0; i < secret->count && !is_there; i++) {
		is_there = number == 0 || secret->boxes[i].number == number;
		*out = secret->boxes[i];
	}
	pthread_rwlock_unlock(&secret->lock);
	return is_there;
}

void rv_secret_mac_key(const struct rv_secret *secret, uint8_t out[static RV_SECRET_MAC_KEY_LEN])
{
	memcpy(out, secret->mac, RV_SECRET_MAC_KEY_LEN);
}

void rv_secret_mac(const struct rv_secret *secret, struct rv_str distid, struct rv_str key,
		   uint8_t out[static RV_SECRET_MAC_LEN])
{
	rv_secret_mac_by(secret->mac, distid, key, out);
}

void rv_secret_mac_by(const uint8_t mac_key[static RV_SECRET_MAC_KEY_LEN], struct rv_str distid,
		      struct rv_str key, uint8_t out[static RV_SECRET_MAC_LEN])
{
	crypto_auth_hmacsha256_state state;
	static const uint8_t zero = 0;

	crypto_auth_hmacsha256_init(&state, mac_key, RV_SECRET_MAC_KEY_LEN);
	for (size_t i = 0; i < distid.len; i++) {
		uint8_t c = (uint8_t)distid.ptr[i];
		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		crypto_auth_hmacsha256_update(&state, &c, 1);
	}
	crypto_auth_hmacsha256_update(&state, &zero, 1);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)key.ptr, key.len);
	crypto_auth_hmacsha256_final(&state, out);
	rv_wipe(&state, sizeof(state));
}

void rv_secret_print(const struct rv_secret *secret, const uint8_t mac[static RV_SECRET_MAC_LEN],
		     char out[static RV_SECRET_PRINT_LEN + 1])
{
	uint8_t full[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256(full, mac, RV_SECRET_MAC_LEN, secret->print);
	sodium_bin2hex(out, RV_SECRET_PRINT_LEN + 1, full, RV_SECRET_PRINT_LEN / 2);
}

/* "device.rs_key", 0, row id: both ends see the same bytes or the tag does not fit. */
static size_t make_aad(const char *label, struct rv_str id, uint8_t out[static AAD_MAX])
{
	size_t n = strlen(label) + 1;

	assert(n + id.len <= AAD_MAX);
	memcpy(out, label, n);
	if (id.len > 0)
		memcpy(out + n, id.ptr, id.len);
	return n + id.len;
}

void rv_secret_seal(struct rv_secret *secret, const char *label, struct rv_str id,
		    struct rv_str plain, struct rv_buf *out)
{
	uint8_t aad[AAD_MAX];
	size_t aad_len = make_aad(label, id, aad);
	uint8_t *box = (uint8_t *)rv_buf_reserve(out, plain.len + RV_SECRET_BOX_EXTRA);
	unsigned long long len = 0;
	struct box_key with;

	if (box == NULL)
		return;
	find_key(secret, 0, &with);
	box[0] = with.number;
	rv_rand_secret(box + 1, NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(box + 1 + NONCE_LEN, &len,
						   (const uint8_t *)plain.ptr, plain.len, aad,
						   aad_len, NULL, box + 1, with.key);
	rv_wipe(&with, sizeof(with));
	assert(len == plain.len + TAG_LEN);
	rv_buf_commit(out, plain.len + RV_SECRET_BOX_EXTRA);
}

int rv_secret_unseal(struct rv_secret *secret, const char *label, struct rv_str id,
		     struct rv_str box, struct rv_buf *out)
{
	const uint8_t *in = (const uint8_t *)box.ptr;
	uint8_t aad[AAD_MAX];
	size_t aad_len = make_aad(label, id, aad);
	unsigned long long len = 0;
	struct box_key with;

	if (box.len < RV_SECRET_BOX_EXTRA)
		return RV_ECORRUPT;
	if (in[0] == 0 || !find_key(secret, in[0], &with))
		return RV_EVERSION;
	/* One byte more than needed, so that an empty text has a place to be written to. */
	uint8_t *plain = (uint8_t *)rv_buf_reserve(out, box.len - RV_SECRET_BOX_EXTRA + 1);
	if (plain == NULL)
		return out->err;
	int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, in + 1 + NONCE_LEN,
							     box.len - 1 - NONCE_LEN, aad, aad_len,
							     in + 1, with.key);
	rv_wipe(&with, sizeof(with));
	if (bad != 0)
		return RV_ECORRUPT;
	rv_buf_commit(out, (size_t)len);
	return RV_OK;
}

int rv_secret_reseal(struct rv_secret *secret, const char *label, struct rv_str id,
		     struct rv_str box, struct rv_buf *out)
{
	struct rv_buf plain = { .wipe = true };
	int err = rv_secret_unseal(secret, label, id, box, &plain);

	if (err == RV_OK) {
		rv_secret_seal(secret, label, id, rv_buf_str(&plain), out);
		err = out->err;
	}
	rv_buf_deinit(&plain);
	return err;
}
