#include "pki/init.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "pki/pki.h"

enum {
	PAIRS = 6,
	FILE_MAX = 65536, /* bytes of one PEM file */
	TEMP_NAME_MAX = 64,
	CERT_MODE = 0644,
	SERVER_KEY_MODE = 0600,
	CA_KEY_MODE = 0400,
	DIR_MODE = 0700,
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
};

struct work {
	const struct rv_pki_init *opt;
	struct rv_pki_init_result *result;
	struct rv_diag *diag;
	int dir_fd;
	struct pair pairs[PAIRS];
};

static int fail_file(struct work *w, int err, const char *name, const char *what)
{
	return rv_diag_set(w->diag, err, "pki.init.file", name, "%s/%s: %s: %s", w->opt->dir, name,
			   what, rv_err_name(err));
}

/* A new directory is lost with its keys in a power cut until its parent is synced, too. A parent
 * that we may not open is somebody else's to keep. */
static int sync_parent(int dir_fd)
{
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = RV_OK;

	if (fd < 0)
		return RV_OK;
	if (fsync(fd) != 0)
		err = rv_err_from_errno();
	close(fd);
	return err;
}

static int open_dir(struct work *w)
{
	const char *dir = w->opt->dir;
	struct stat st;
	int err;

	if (mkdir(dir, DIR_MODE) != 0 && errno != EEXIST)
		goto fail;
	w->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dir_fd < 0 || fstat(w->dir_fd, &st) != 0)
		goto fail;
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return rv_diag_set(w->diag, RV_EDENIED, "pki.init.dir", dir,
				   "%s: others may write here (mode %04o); keys need a directory "
				   "of their own with mode 0700",
				   dir, (unsigned)st.st_mode & 07777U);
	if (flock(w->dir_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			goto fail;
		return rv_diag_set(w->diag, RV_EBUSY, "pki.init.busy", dir,
				   "%s: another run is at work in this directory", dir);
	}
	err = sync_parent(w->dir_fd);
	if (err == RV_OK)
		return RV_OK;
	return rv_diag_set(w->diag, err, "pki.init.dir", dir, "%s: %s", dir, rv_err_name(err));

fail:
	err = rv_err_from_errno();
	return rv_diag_set(w->diag, err, "pki.init.dir", dir, "%s: %s", dir, rv_err_name(err));
}

/* *is_there tells whether the file exists; only an existing one is read. */
static int read_file(struct work *w, const char *name, struct rv_buf *out, bool *is_there)
{
	char path[PATH_MAX];
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", w->opt->dir, name) >= (int)sizeof(path))
		return fail_file(w, RV_ELIMIT, name, "path too long");
	err = rv_buf_read_file(out, path, FILE_MAX);
	*is_there = err != -ENOENT;
	if (err == RV_OK || err == -ENOENT)
		return RV_OK;
	return fail_file(w, err, name, "cannot read");
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
	int err = rv_pki_check_pair(rv_buf_str(&p->cert), rv_buf_str(&p->key), &detail);

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
	r->files[r->count++] = (struct rv_pki_init_file){ kinds[i].key_name, is_new };
}

static int survey(struct work *w, size_t i)
{
	const struct pair_kind *kind = &kinds[i];
	struct pair *p = &w->pairs[i];
	bool has_cert, has_key;
	int err;

	err = read_file(w, kind->cert_name, &p->cert, &has_cert);
	if (err == RV_OK)
		err = read_file(w, kind->key_name, &p->key, &has_key);
	if (err != RV_OK)
		return err;
	if (has_cert != has_key)
		return half_made(w, i, has_cert ? kind->cert_name : kind->key_name,
				 has_cert ? kind->key_name : kind->cert_name);
	p->is_kept = has_cert;
	return p->is_kept ? check_kept(w, i) : RV_OK;
}

static int write_all(int fd, struct rv_str data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);
		if (n < 0 && errno != EINTR)
			return rv_err_from_errno();
		if (n > 0)
			data = rv_strn(data.ptr + n, data.len - (size_t)n);
	}
	return RV_OK;
}

/* A temporary file, synced, then linked to its name: link(2) refuses to replace anything. The
 * directory is locked, so a temporary file found is one of a run that died. */
static int store(struct work *w, const char *name, mode_t mode, struct rv_str data)
{
	char temp[TEMP_NAME_MAX];
	int fd, err;

	snprintf(temp, sizeof(temp), ".%s.new", name);
	if (unlinkat(w->dir_fd, temp, 0) != 0 && errno != ENOENT)
		return fail_file(w, rv_err_from_errno(), name, "cannot write");
	fd = openat(w->dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return fail_file(w, rv_err_from_errno(), name, "cannot write");
	err = write_all(fd, data);
	if (err == RV_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		err = rv_err_from_errno();
	if (close(fd) != 0 && err == RV_OK)
		err = rv_err_from_errno();
	if (err == RV_OK && linkat(w->dir_fd, temp, w->dir_fd, name, 0) != 0)
		err = rv_err_from_errno();
	unlinkat(w->dir_fd, temp, 0);
	return err == RV_OK ? RV_OK : fail_file(w, err, name, "cannot write");
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
	int err = rv_pki_key_new(&p->key);

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
	mode_t key_mode = kind->kind == RV_PKI_ROOT ? CA_KEY_MODE : SERVER_KEY_MODE;
	int err = store(w, kind->key_name, key_mode, rv_buf_str(&w->pairs[i].key));

	if (err == RV_OK)
		err = store(w, kind->cert_name, CERT_MODE, rv_buf_str(&w->pairs[i].cert));
	if (err == RV_OK && fsync(w->dir_fd) != 0)
		err = fail_file(w, rv_err_from_errno(), kind->cert_name, "cannot sync");
	return err;
}

/* All texts exist before the first file does: a bad name makes no file at all. */
static int run(struct work *w)
{
	int err = open_dir(w);

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
	struct work w = { .opt = opt, .result = out, .diag = diag, .dir_fd = -1 };
	int err;

	assert(opt != NULL && opt->dir != NULL && out != NULL);
	out->count = 0;
	for (size_t i = 0; i < PAIRS; i++) {
		rv_buf_init(&w.pairs[i].cert, FILE_MAX);
		rv_buf_init(&w.pairs[i].key, FILE_MAX);
		w.pairs[i].key.wipe = true;
	}
	err = run(&w);
	for (size_t i = 0; i < PAIRS; i++) {
		rv_buf_deinit(&w.pairs[i].cert);
		rv_buf_deinit(&w.pairs[i].key);
	}
	if (w.dir_fd >= 0)
		close(w.dir_fd);
	return err;
}
