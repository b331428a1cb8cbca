#include "pki/init.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/time.h"
#include "pki/chain.h"
#include "pki/files.h"

enum {
	PAIRS = 6,
};

static const int64_t day_us = 86400 * RV_US_PER_SEC;

/* Issuers stand before what they sign. */
static const struct pair_kind {
	const char *cert_name;
	const char *key_name;
	const char *common_name;
	enum rv_pki_kind kind;
	size_t issuer; /* index; unused for a root */
} kinds[PAIRS] = {
	{ "ls-root.crt", "ls-root.key", "ARMS Root CA 1", RV_PKI_ROOT, 0 },
	{ "ls.crt", "ls.key", "Location Server 1", RV_PKI_SERVER, 0 },
	{ "rs-ca.crt", "rs-ca.key", "Reeve RS CA", RV_PKI_ROOT, 0 },
	{ "rs.crt", "rs.key", "Reeve RS", RV_PKI_SERVER, 2 },
	{ "http-ca.crt", "http-ca.key", "Reeve HTTP CA", RV_PKI_ROOT, 0 },
	{ "http.crt", "http.key", "Reeve HTTP", RV_PKI_SERVER, 4 },
};

_Static_assert(RV_PKI_INIT_FILES == 2 * PAIRS, "two files a pair");

struct pair {
	struct rv_buf cert;
	struct rv_buf key;
	bool is_kept;
	bool is_offline; /* a CA whose key is kept elsewhere */
};

struct work {
	const struct rv_pki_init *opt;
	struct rv_pki_init_result *result;
	struct rv_diag *diag;
	struct rv_pki_files files;
	struct pair pairs[PAIRS];
};

static int fail_file(struct work *w, int err, const char *name, const char *what)
{
	return rv_pki_files_blame(&w->files, err, name, what, w->diag);
}

static int half_made(struct work *w, size_t i, const char *there, const char *missing)
{
	bool is_root = kinds[i].kind == RV_PKI_ROOT;

	return rv_diag_set(w->diag, RV_EINVALID, "pki.init.half", there,
			   "%s/%s is there but %s is missing: bring it back, or remove %s to have "
			   "both made anew%s",
			   w->opt->dir, there, missing, there,
			   is_root ? " (devices that know the old root will refuse the new)" : "");
}

/* Put the file's name before what pki.h says of its content; its key stays. */
static int blame(struct work *w, int err, const char *name, const struct rv_diag *detail)
{
	return rv_diag_set(w->diag, err, detail->key != NULL ? detail->key : "pki.init.file", name,
			   "%s/%s: %s", w->opt->dir, name, detail->text);
}

static int check_kept(struct work *w, size_t i)
{
	const struct pair_kind *kind = &kinds[i];
	struct pair *p = &w->pairs[i];
	const struct pair *issuer = &w->pairs[kind->issuer];
	struct rv_diag detail = { 0 };
	int err = p->is_offline
			  ? rv_pki_check_root(rv_buf_str(&p->cert), &detail)
			  : rv_pki_check_pair(rv_buf_str(&p->cert), rv_buf_str(&p->key), &detail);

	if (err != RV_OK)
		return blame(w, err,
			     strcmp(detail.where, "key") == 0 ? kind->key_name : kind->cert_name,
			     &detail);
	if (kind->kind == RV_PKI_ROOT)
		return RV_OK;
	if (!issuer->is_kept)
		return half_made(w, i, kind->cert_name, kinds[kind->issuer].cert_name);
	err = rv_pki_check_issued(rv_buf_str(&p->cert), rv_buf_str(&issuer->cert), &detail);
	return err == RV_OK ? RV_OK : blame(w, err, kind->cert_name, &detail);
}

static void record(struct work *w, size_t i, bool is_new)
{
	struct rv_pki_init_result *r = w->result;

	assert(r->count + 2 <= RV_PKI_INIT_FILES);
	r->files[r->count++] = (struct rv_pki_init_file){ kinds[i].cert_name, is_new };
	if (w->pairs[i].is_offline)
		return;
	r->files[r->count++] = (struct rv_pki_init_file){ kinds[i].key_name, is_new };
}

static int survey(struct work *w, size_t i)
{
	const struct pair_kind *kind = &kinds[i];
	struct pair *p = &w->pairs[i];
	bool has_cert, has_key;
	int err;

	err = rv_pki_files_read(&w->files, kind->cert_name, &p->cert, &has_cert, w->diag);
	if (err == RV_OK)
		err = rv_pki_files_read(&w->files, kind->key_name, &p->key, &has_key, w->diag);
	if (err != RV_OK)
		return err;
	p->is_offline = has_cert && !has_key && kind->kind == RV_PKI_ROOT;
	if (has_cert != has_key && !p->is_offline)
		return half_made(w, i, has_cert ? kind->cert_name : kind->key_name,
				 has_cert ? kind->key_name : kind->cert_name);
	p->is_kept = has_cert;
	return p->is_kept ? check_kept(w, i) : RV_OK;
}

static const char *const *names_of(const struct rv_pki_init *opt, size_t i)
{
	if (strcmp(kinds[i].cert_name, "ls.crt") == 0)
		return opt->ls_names;
	if (strcmp(kinds[i].cert_name, "rs.crt") == 0)
		return opt->rs_names;
	if (strcmp(kinds[i].cert_name, "http.crt") == 0)
		return opt->http_names;
	return NULL;
}

/* "rs" */
static struct rv_str name_of(size_t i)
{
	struct rv_str name = rv_str(kinds[i].cert_name);

	return rv_str_sub(name, 0, rv_str_find(name, '.'));
}

static int make_texts(struct work *w, size_t i)
{
	const struct pair_kind *kind = &kinds[i];
	bool is_root = kind->kind == RV_PKI_ROOT;
	const struct pair *issuer = &w->pairs[kind->issuer];
	struct pair *p = &w->pairs[i];
	struct rv_diag detail = { 0 };
	struct rv_pki_request req = {
		.kind = kind->kind,
		.subject = { .common_name = kind->common_name },
		.alt_names = names_of(w->opt, i),
		.now_us = w->opt->now_us,
		.lifetime_us = day_us * (is_root ? RV_PKI_ROOT_DAYS : RV_PKI_SERVER_DAYS),
	};
	int err;

	if (!is_root && issuer->is_offline)
		return rv_diag_set(w->diag, RV_EINVALID, "pki.init.offline", kind->cert_name,
				   "%s/%s has to be made, but %s is kept elsewhere: `reeve pki "
				   "request %.*s`, sign it there, `reeve pki import %.*s`",
				   w->opt->dir, kind->cert_name, kinds[kind->issuer].key_name,
				   RV_STR_ARG(name_of(i)), RV_STR_ARG(name_of(i)));
	err = rv_pki_key_new(&p->key);
	if (err != RV_OK)
		return fail_file(w, err, kind->key_name, "cannot make a key");
	err = rv_pki_issue(&req, rv_buf_str(&p->key),
			   is_root ? rv_str(NULL) : rv_buf_str(&issuer->cert),
			   is_root ? rv_str(NULL) : rv_buf_str(&issuer->key), &p->cert, &detail);
	return err == RV_OK ? RV_OK : blame(w, err, kind->cert_name, &detail);
}

static int store_pair(struct work *w, size_t i)
{
	const struct pair_kind *kind = &kinds[i];
	mode_t key_mode = kind->kind == RV_PKI_ROOT ? RV_PKI_CA_KEY_MODE : RV_PKI_SERVER_KEY_MODE;
	int err = rv_pki_files_add(&w->files, kind->key_name, key_mode,
				   rv_buf_str(&w->pairs[i].key), w->diag);

	if (err == RV_OK)
		err = rv_pki_files_add(&w->files, kind->cert_name, RV_PKI_CERT_MODE,
				       rv_buf_str(&w->pairs[i].cert), w->diag);
	return err;
}

/* All texts exist before the first file does: a bad name makes no file at all. */
static int run(struct work *w)
{
	int err = rv_pki_files_open(w->opt->dir, &w->files, w->diag);

	for (size_t i = 0; i < PAIRS && err == RV_OK; i++)
		err = survey(w, i);
	for (size_t i = 0; i < PAIRS && err == RV_OK; i++) {
		if (!w->pairs[i].is_kept)
			err = make_texts(w, i);
	}
	for (size_t i = 0; i < PAIRS && err == RV_OK; i++) {
		if (!w->pairs[i].is_kept)
			err = store_pair(w, i);
		if (err == RV_OK)
			record(w, i, !w->pairs[i].is_kept);
	}
	return err;
}

int rv_pki_init_dir(const struct rv_pki_init *opt, struct rv_pki_init_result *out,
		    struct rv_diag *diag)
{
	struct work w = { .opt = opt, .result = out, .diag = diag, .files.fd = -1 };
	int err;

	assert(opt != NULL && opt->dir != NULL && out != NULL);
	out->count = 0;
	for (size_t i = 0; i < PAIRS; i++) {
		rv_buf_init(&w.pairs[i].cert, RV_PKI_FILE_MAX);
		rv_buf_init(&w.pairs[i].key, RV_PKI_FILE_MAX);
		w.pairs[i].key.wipe = true;
	}
	err = run(&w);
	for (size_t i = 0; i < PAIRS; i++) {
		rv_buf_deinit(&w.pairs[i].cert);
		rv_buf_deinit(&w.pairs[i].key);
	}
	rv_pki_files_close(&w.files);
	return err;
}
