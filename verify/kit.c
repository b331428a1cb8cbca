#include "verify/kit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/time.h"
#include "pki/files.h"
#include "pki/pki.h"
#include "proto/armsconf/initial.h"

#define DAY_US (86400 * RV_US_PER_SEC)

enum { LIFETIME_DAYS = 3650, EXPIRED_DAYS = 400, KEY_BYTES = 10 };

/* A key and its certificate, PEM. */
struct pair {
	struct rv_buf cert, key;
};

static void pair_deinit(struct pair *pair)
{
	rv_buf_deinit(&pair->cert);
	rv_buf_deinit(&pair->key);
}

static bool told(int err, const struct rv_diag *diag)
{
	if (err != RV_OK)
		verify_error("%s", diag->text[0] != '\0' ? diag->text : rv_err_name(err));
	return err == RV_OK;
}

/* -- certificates ---------------------------------------------------------------------------- */

struct wish {
	enum rv_pki_kind kind;
	const char *name;
	bool is_expired;
	bool is_rsa; /* for those that know TLS 1.0 only */
};

static int make_key(const struct wish *wish, struct rv_buf *out)
{
	struct rv_pki_key *key = NULL;
	int err = rv_pki_key_make(wish->is_rsa ? RV_PKI_RSA2048 : RV_PKI_P256, &key);

	out->wipe = true;
	if (err == RV_OK)
		err = rv_pki_key_pem(key, out);
	rv_pki_key_free(key);
	return err;
}

/* All are made for another address than the one they are used at: number 5. */
static int make_pair(const struct wish *wish, const struct pair *issuer, struct pair *out,
		     struct rv_diag *diag)
{
	static const char *const elsewhere[] = { "elsewhere.invalid", NULL };
	int64_t now_us = rv_time_utc_us();
	const struct rv_pki_request req = {
		.kind = wish->kind,
		.subject.common_name = wish->name,
		.alt_names = wish->kind == RV_PKI_SERVER ? elsewhere : NULL,
		.now_us = wish->is_expired ? now_us - EXPIRED_DAYS * DAY_US : now_us,
		.lifetime_us = wish->is_expired ? DAY_US : LIFETIME_DAYS * DAY_US,
	};
	const struct pair none = { 0 };
	int err = make_key(wish, &out->key);

	if (issuer == NULL)
		issuer = &none;
	return err != RV_OK ? err
			    : rv_pki_issue(&req, rv_buf_str(&out->key), rv_buf_str(&issuer->cert),
					   rv_buf_str(&issuer->key), &out->cert, diag);
}

/* A server's context with a certificate of that issuer. */
static int make_ctx(const struct verify_kit *kit, const struct wish *wish,
		    const struct pair *issuer, struct rv_tls_ctx **out, struct rv_diag *diag)
{
	struct pair pair = { 0 };
	struct rv_tls_opt opt = { .is_server = true,
				  .peer = RV_TLS_PEER_OPTIONAL,
				  .ca_pem = rv_buf_str(&kit->rs_ca),
				  .versions = wish->is_rsa ? RV_TLS_ONLY_10 : RV_TLS_MODERN };
	int err = make_pair(wish, issuer, &pair, diag);

	opt.cert_pem = rv_buf_str(&pair.cert);
	opt.key_pem = rv_buf_str(&pair.key);
	if (err == RV_OK)
		err = rv_tls_ctx_new(&opt, out, diag);
	pair_deinit(&pair);
	return err;
}

static int make_servers(struct verify_kit *kit, bool is_rsa, const struct pair *ls_root,
			const struct pair *rs_root, const struct pair *foreign,
			struct rv_diag *diag)
{
	const struct {
		struct rv_tls_ctx **to;
		const char *name;
		const struct pair *issuer;
		bool is_expired;
	} servers[] = {
		{ &kit->ls[VERIFY_CERT_GOOD], "Location Server 1", ls_root, false },
		{ &kit->ls[VERIFY_CERT_EXPIRED], "Location Server 1", ls_root, true },
		{ &kit->ls[VERIFY_CERT_FOREIGN], "Location Server 1", foreign, false },
		{ &kit->ls[VERIFY_CERT_SHORT], "Location Server", ls_root, false },
		{ &kit->ls[VERIFY_CERT_NAMELESS], "Web Server 1", ls_root, false },
		{ &kit->rs[VERIFY_CERT_GOOD], "Verify RS", rs_root, false },
		{ &kit->rs[VERIFY_CERT_EXPIRED], "Verify RS", rs_root, true },
		{ &kit->rs[VERIFY_CERT_FOREIGN], "Verify RS", foreign, false },
	};
	int err = RV_OK;

	for (size_t i = 0; i < RV_ARRAY_LEN(servers) && err == RV_OK; i++) {
		const struct wish wish = { .kind = RV_PKI_SERVER,
					   .name = servers[i].name,
					   .is_expired = servers[i].is_expired,
					   .is_rsa = is_rsa };

		err = make_ctx(kit, &wish, servers[i].issuer, servers[i].to, diag);
	}
	return err;
}

static int make_all(struct verify_kit *kit, bool is_rsa, const struct pair *ls_root,
		    struct rv_diag *diag)
{
	/* The foreign one's name is right, so that only its key is wrong. */
	static const struct wish foreign_wish = { RV_PKI_ROOT, "ARMS Root CA 2", false, false };
	static const struct wish rs_wish = { RV_PKI_ROOT, "Verify RS CA", false, false };
	const struct wish sa_wish = { RV_PKI_SA, "verified device", false, is_rsa };
	struct pair foreign = { 0 }, rs_root = { 0 }, sa = { 0 };
	int err = make_pair(&foreign_wish, NULL, &foreign, diag);

	if (err == RV_OK)
		err = make_pair(&rs_wish, NULL, &rs_root, diag);
	if (err == RV_OK)
		err = make_pair(&sa_wish, &rs_root, &sa, diag);
	kit->rs_ca = rs_root.cert;
	kit->foreign_ca = foreign.cert;
	kit->sa_certificate = sa.cert;
	kit->sa_key = sa.key;
	if (err == RV_OK)
		err = make_servers(kit, is_rsa, ls_root, &rs_root, &foreign, diag);
	rv_buf_deinit(&foreign.key);
	rv_buf_deinit(&rs_root.key);
	return err;
}

/* -- the directory --------------------------------------------------------------------------- */

static bool choose_directory(struct verify_kit *kit, const struct verify_options *options)
{
	if (options->kit != NULL) {
		if (!rv_str_copy(rv_str(options->kit), kit->path, sizeof(kit->path))) {
			verify_error("%s: %s", options->kit, strerror(ENAMETOOLONG));
			return false;
		}
		return true;
	}
	snprintf(kit->path, sizeof(kit->path), "/tmp/reeve-verify-XXXXXX");
	kit->is_temporary = mkdtemp(kit->path) != NULL;
	if (!kit->is_temporary)
		verify_error("%s: %s", kit->path, strerror(errno));
	return kit->is_temporary;
}

/* What an earlier run left, or a new one: the device keeps the root that it was given once. */
static int root_of(const struct rv_pki_files *files, struct pair *root, struct rv_diag *diag)
{
	static const struct wish wish = { RV_PKI_ROOT, "ARMS Root CA 1", false, false };
	bool has_cert = false, has_key = false;
	int err = rv_pki_files_read(files, "ls-root.crt", &root->cert, &has_cert, diag);

	if (err == RV_OK)
		err = rv_pki_files_read(files, "ls-root.key", &root->key, &has_key, diag);
	if (err != RV_OK)
		return err;
	if (has_cert && has_key)
		return rv_pki_check_pair(rv_buf_str(&root->cert), rv_buf_str(&root->key), diag);
	if (has_cert || has_key)
		return rv_pki_files_blame(files, -ENOENT, has_cert ? "ls-root.key" : "ls-root.crt",
					  "open", diag);
	err = make_pair(&wish, NULL, root, diag);
	if (err == RV_OK)
		err = rv_pki_files_add(files, "ls-root.crt", RV_PKI_CERT_MODE,
				       rv_buf_str(&root->cert), diag);
	if (err == RV_OK)
		err = rv_pki_files_add(files, "ls-root.key", RV_PKI_CA_KEY_MODE,
				       rv_buf_str(&root->key), diag);
	return err;
}

static void new_key(char out[static VERIFY_KEY_MAX + 1])
{
	uint8_t bytes[KEY_BYTES];

	rv_rand_secret(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static int ls_key_of(const struct rv_pki_files *files, const struct verify_options *options,
		     struct verify_kit *kit, struct rv_diag *diag)
{
	struct rv_buf text = { .wipe = true };
	bool is_there = false;
	int err = rv_pki_files_read(files, "ls-sa-key", &text, &is_there, diag);

	if (err == RV_OK && options->key != NULL)
		snprintf(kit->ls_key, sizeof(kit->ls_key), "%s", options->key);
	else if (err == RV_OK && is_there &&
		 !rv_str_copy(rv_str_trim(rv_buf_str(&text)), kit->ls_key, sizeof(kit->ls_key)))
		err = rv_diag_set(diag, RV_EINVALID, NULL, "ls-sa-key", "%s/ls-sa-key: no key",
				  files->path);
	else if (err == RV_OK && !is_there)
		new_key(kit->ls_key);
	rv_buf_deinit(&text);
	return err;
}

static bool absolute(struct verify_kit *kit)
{
	char real[VERIFY_PATH_MAX];

	if (realpath(kit->path, real) == NULL) {
		verify_error("%s: %s", kit->path, strerror(errno));
		return false;
	}
	snprintf(kit->path, sizeof(kit->path), "%s", real);
	return true;
}

bool verify_kit_open(struct verify_kit *kit, const struct verify_options *options)
{
	struct rv_pki_files files = { .fd = -1 };
	struct rv_diag diag = { 0 };
	struct pair root = { 0 };
	int err;

	*kit = (struct verify_kit){ 0 };
	root.key.wipe = true;
	if (!choose_directory(kit, options))
		return false;
	err = rv_pki_files_open(kit->path, &files, &diag);
	if (err == RV_OK)
		err = root_of(&files, &root, &diag);
	if (err == RV_OK)
		err = ls_key_of(&files, options, kit, &diag);
	rv_pki_files_close(&files);
	if (err == RV_OK)
		err = make_all(kit, options->is_old_tls, &root, &diag);
	kit->ls_root = root.cert;
	rv_buf_deinit(&root.key);
	return told(err, &diag) && absolute(kit);
}

static int put_text(const struct rv_pki_files *files, const char *name, mode_t mode,
		    const char *text, struct rv_diag *diag)
{
	struct rv_buf line = { .wipe = true };
	int err;

	rv_buf_puts(&line, text);
	rv_buf_putc(&line, '\n');
	err = line.err != RV_OK ? line.err
				: rv_pki_files_replace(files, name, mode, rv_buf_str(&line), diag);
	rv_buf_deinit(&line);
	return err;
}

bool verify_kit_finish(struct verify_kit *kit, const struct verify_options *options,
		       const struct verify_world *world)
{
	const struct rv_armsconf_initial conf = { .urls = { rv_str(world->urls[VERIFY_LS1]),
							    rv_str(world->urls[VERIFY_LS2]) },
						  .url_count = 2,
						  .interval = 1,
						  .max = 1 };
	struct rv_pki_files files = { .fd = -1 };
	struct rv_buf initial = { 0 };
	struct rv_diag diag = { 0 };
	int err = rv_pki_files_open(kit->path, &files, &diag);

	if (err == RV_OK)
		err = rv_armsconf_initial_render(&conf, &initial, &diag);
	if (err == RV_OK)
		err = rv_pki_files_replace(&files, "initial.conf", RV_PKI_CERT_MODE,
					   rv_buf_str(&initial), &diag);
	if (err == RV_OK)
		err = put_text(&files, "distribution-id", RV_PKI_CERT_MODE, options->distid, &diag);
	if (err == RV_OK)
		err = put_text(&files, "ls-sa-key", RV_PKI_SERVER_KEY_MODE, kit->ls_key, &diag);
	rv_buf_deinit(&initial);
	rv_pki_files_close(&files);
	return told(err, &diag);
}

static void remove_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

void verify_kit_close(struct verify_kit *kit)
{
	for (size_t i = 0; i < VERIFY_CERTS; i++) {
		rv_tls_ctx_unref(kit->ls[i]);
		rv_tls_ctx_unref(kit->rs[i]);
	}
	rv_buf_deinit(&kit->ls_root);
	rv_buf_deinit(&kit->rs_ca);
	rv_buf_deinit(&kit->foreign_ca);
	rv_buf_deinit(&kit->sa_certificate);
	rv_buf_deinit(&kit->sa_key);
	rv_wipe(kit->ls_key, sizeof(kit->ls_key));
	if (kit->is_temporary)
		remove_directory(kit->path);
}
