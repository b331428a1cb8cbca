#include "secret/secret.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/rand.h"

enum {
	KEY_NUMBER = 1,
	KEY_LEN = 32,
	KEY_LINE_LEN = 2 + KEY_LEN * 2 + 1, /* "1 ", hex, newline */
	NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	AAD_MAX = 256,
};

_Static_assert(RV_SECRET_MAC_LEN == crypto_auth_hmacsha256_BYTES, "MAC length");
_Static_assert(RV_SECRET_BOX_EXTRA == 1 + NONCE_LEN + TAG_LEN, "box format");
_Static_assert(KEY_LEN == crypto_kdf_KEYBYTES, "master key length");

struct rv_secret {
	uint8_t mac[crypto_auth_hmacsha256_KEYBYTES];
	uint8_t print[crypto_auth_hmacsha256_KEYBYTES];
	uint8_t box[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};

static void format_line(const uint8_t key[static KEY_LEN], char line[static KEY_LINE_LEN + 1])
{
	char hex[KEY_LEN * 2 + 1];

	sodium_bin2hex(hex, sizeof(hex), key, KEY_LEN);
	snprintf(line, KEY_LINE_LEN + 1, "%d %s\n", KEY_NUMBER, hex);
	rv_wipe(hex, sizeof(hex));
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0)
			return rv_err_from_errno();
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0 ? RV_OK : rv_err_from_errno();
}

/* The file appears under its name only when it is complete and on disk; link(2) lets exactly one
 * of several makers win, and the others then read the winner's. */
static int make_file(const char *path)
{
	char temp[PATH_MAX];
	char line[KEY_LINE_LEN + 1];
	uint8_t key[KEY_LEN];
	int fd, err;

	if (snprintf(temp, sizeof(temp), "%s.%ld", path, (long)getpid()) >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return rv_err_from_errno();
	rv_rand_secret(key, sizeof(key));
	format_line(key, line);
	err = write_all(fd, line, KEY_LINE_LEN);
	rv_wipe(key, sizeof(key));
	rv_wipe(line, sizeof(line));
	close(fd);
	if (err == RV_OK && link(temp, path) != 0 && errno != EEXIST)
		err = rv_err_from_errno();
	unlink(temp);
	return err;
}

static int parse_line(struct rv_str text, uint8_t key[static KEY_LEN])
{
	uint64_t number;
	size_t blank = rv_str_find(text, ' ');

	if (!rv_str_to_u64(rv_str_sub(text, 0, blank), 255, &number))
		return RV_ESYNTAX;
	if (number != KEY_NUMBER)
		return RV_EVERSION;
	struct rv_str hex = rv_str_trim(rv_str_sub(text, blank, text.len));
	size_t len = 0;
	if (hex.len != KEY_LEN * 2 ||
	    sodium_hex2bin(key, KEY_LEN, hex.ptr, hex.len, NULL, &len, NULL) != 0 || len != KEY_LEN)
		return RV_ESYNTAX;
	return RV_OK;
}

static int read_file(const char *path, uint8_t key[static KEY_LEN], struct rv_diag *diag)
{
	struct rv_buf text = { .wipe = true };
	struct stat st;
	int err;

	if (stat(path, &st) != 0)
		return rv_err_from_errno();
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return rv_diag_set(diag, RV_EDENIED, "secret.mode", path,
				   "%s may be read by others (mode %03o): give it mode 400", path,
				   (unsigned)st.st_mode & 0777);
	err = rv_buf_read_file(&text, path, 4096);
	if (err == RV_OK)
		err = parse_line(rv_buf_str(&text), key);
	rv_buf_deinit(&text);
	if (err == RV_ESYNTAX || err == RV_EVERSION)
		return rv_diag_set(diag, err, "secret.format", path,
				   "%s is not a key file (expected \"%d\", a blank, %d hex digits)",
				   path, KEY_NUMBER, KEY_LEN * 2);
	return err;
}

static void derive(struct rv_secret *secret, const uint8_t master[static KEY_LEN])
{
	static const char context[crypto_kdf_CONTEXTBYTES] = { 'r', 'e', 'e', 'v',
							       'e', 's', 'e', 'c' };

	crypto_kdf_derive_from_key(secret->mac, sizeof(secret->mac), 1, context, master);
	crypto_kdf_derive_from_key(secret->print, sizeof(secret->print), 2, context, master);
	crypto_kdf_derive_from_key(secret->box, sizeof(secret->box), 3, context, master);
}

int rv_secret_open(const char *path, struct rv_secret **out, struct rv_diag *diag)
{
	struct rv_secret *secret = NULL;
	uint8_t master[KEY_LEN];
	int err;

	if (sodium_init() < 0)
		return rv_diag_set(diag, RV_EUNSUPPORTED, "secret.sodium", path,
				   "libsodium does not start");
	err = read_file(path, master, diag);
	if (err == -ENOENT) {
		err = make_file(path);
		if (err == RV_OK)
			err = read_file(path, master, diag);
	}
	if (err != RV_OK)
		goto fail;
	secret = calloc(1, sizeof(*secret));
	if (secret == NULL) {
		err = -ENOMEM;
		goto fail;
	}
	derive(secret, master);
	rv_wipe(master, sizeof(master));
	*out = secret;
	return RV_OK;
fail:
	rv_wipe(master, sizeof(master));
	if (err > -1000) /* the others have said it already */
		rv_diag_set(diag, err, "secret.file", path, "%s: %s", path, strerror(-err));
	return err;
}

void rv_secret_free(struct rv_secret *secret)
{
	if (secret == NULL)
		return;
	rv_wipe(secret, sizeof(*secret));
	free(secret);
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

void rv_secret_seal(const struct rv_secret *secret, const char *label, struct rv_str id,
		    struct rv_str plain, struct rv_buf *out)
{
	uint8_t aad[AAD_MAX];
	size_t aad_len = make_aad(label, id, aad);
	uint8_t *box = (uint8_t *)rv_buf_reserve(out, plain.len + RV_SECRET_BOX_EXTRA);
	unsigned long long len = 0;

	if (box == NULL)
		return;
	box[0] = KEY_NUMBER;
	rv_rand_secret(box + 1, NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(box + 1 + NONCE_LEN, &len,
						   (const uint8_t *)plain.ptr, plain.len, aad,
						   aad_len, NULL, box + 1, secret->box);
	assert(len == plain.len + TAG_LEN);
	rv_buf_commit(out, plain.len + RV_SECRET_BOX_EXTRA);
}

int rv_secret_unseal(const struct rv_secret *secret, const char *label, struct rv_str id,
		     struct rv_str box, struct rv_buf *out)
{
	const uint8_t *in = (const uint8_t *)box.ptr;
	uint8_t aad[AAD_MAX];
	size_t aad_len = make_aad(label, id, aad);
	unsigned long long len = 0;

	if (box.len < RV_SECRET_BOX_EXTRA)
		return RV_ECORRUPT;
	if (in[0] != KEY_NUMBER)
		return RV_EVERSION;
	/* One byte more than needed, so that an empty text has a place to be written to. */
	uint8_t *plain = (uint8_t *)rv_buf_reserve(out, box.len - RV_SECRET_BOX_EXTRA + 1);
	if (plain == NULL)
		return out->err;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, in + 1 + NONCE_LEN,
						       box.len - 1 - NONCE_LEN, aad, aad_len,
						       in + 1, secret->box) != 0)
		return RV_ECORRUPT;
	rv_buf_commit(out, (size_t)len);
	return RV_OK;
}
