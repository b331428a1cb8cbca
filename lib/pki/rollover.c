#include "pki/rollover.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "pki/csr.h"
#include "pki/init.h"

enum { NAME_MAX_LEN = 32 };

static const int64_t day_us = 86400 * RV_US_PER_SEC;

/* A certificate file with its key file. */
struct pair {
	char cert_name[NAME_MAX_LEN], key_name[NAME_MAX_LEN];
	struct rv_buf cert, key;
	bool has_cert, has_key;
	struct rv_pki_info info; /* of the first certificate */
};

static void pair_deinit(struct pair *pair)
{
	rv_buf_deinit(&pair->cert);
	rv_buf_deinit(&pair->key);
}

static int blame(const struct rv_pki_files *files, int err, const char *name,
		 const struct rv_diag *why, struct rv_diag *diag)
{
	return rv_diag_set(diag, err, why->key != NULL ? why->key : "pki.init.file", name,
			   "%s/%s: %s", files->path, name, why->text);
}

static int read_pair(const struct rv_pki_files *files, const char *name, struct pair *out,
		     struct rv_diag *diag)
{
	struct rv_diag why = { 0 };
	int err;

	*out = (struct pair){ .cert = { .max = RV_PKI_FILE_MAX },
			      .key = { .max = RV_PKI_FILE_MAX, .wipe = true } };
	snprintf(out->cert_name, sizeof(out->cert_name), "%s.crt", name);
	snprintf(out->key_name, sizeof(out->key_name), "%s.key", name);
	err = rv_pki_files_read(files, out->cert_name, &out->cert, &out->has_cert, diag);
	if (err == RV_OK)
		err = rv_pki_files_read(files, out->key_name, &out->key, &out->has_key, diag);
	if (err != RV_OK || !out->has_cert)
		return err;
	err = rv_pki_inspect(rv_buf_str(&out->cert), &out->info, &why);
	return err == RV_OK ? RV_OK : blame(files, err, out->cert_name, &why, diag);
}

static int missing(const struct rv_pki_files *files, const char *name, struct rv_diag *diag)
{
	return rv_pki_files_blame(files, -ENOENT, name, "is needed", diag);
}

enum { RS_SERVERS = 2 };

/* The servers that the RS CA has signed: the second, for devices of TLS 1.0, need not be there. */
static const char *const rs_servers[RS_SERVERS] = { "rs", "rs-rsa" };

/* The RS CA with its key, and the servers. */
struct rs {
	struct pair ca, servers[RS_SERVERS];
};

static void rs_deinit(struct rs *rs)
{
	pair_deinit(&rs->ca);
	for (size_t i = 0; i < RS_SERVERS; i++)
		pair_deinit(&rs->servers[i]);
}

static int read_rs(const struct rv_pki_files *files, struct rs *rs, struct rv_diag *diag)
{
	int err = read_pair(files, "rs-ca", &rs->ca, diag);

	for (size_t i = 0; i < RS_SERVERS && err == RV_OK; i++)
		err = read_pair(files, rs_servers[i], &rs->servers[i], diag);
	if (err == RV_OK && !rs->ca.has_cert)
		err = missing(files, rs->ca.cert_name, diag);
	if (err == RV_OK && !rs->ca.has_key)
		err = missing(files, rs->ca.key_name, diag);
	if (err == RV_OK && !rs->servers[0].has_cert)
		err = missing(files, rs->servers[0].cert_name, diag);
	return err;
}

static int put_cert(const struct rv_pki_files *files, const char *name, const struct rv_buf *text,
		    struct rv_diag *diag)
{
	if (text->err != RV_OK)
		return rv_pki_files_blame(files, text->err, name, "too large", diag);
	return rv_pki_files_replace(files, name, RV_PKI_CERT_MODE, rv_buf_str(text), diag);
}

static int put_ca_key(const struct rv_pki_files *files, const struct rv_buf *text,
		      struct rv_diag *diag)
{
	if (text->err != RV_OK)
		return rv_pki_files_blame(files, text->err, "rs-ca.key", "too large", diag);
	return rv_pki_files_replace(files, "rs-ca.key", RV_PKI_CA_KEY_MODE, rv_buf_str(text), diag);
}

/* -- start ----------------------------------------------------------------------------------- */

struct start {
	struct rs rs;
	struct rv_buf key, root, cross; /* of the new CA */
	struct rv_buf own_key;          /* of the old one, alone */
	struct rv_buf chains[RS_SERVERS];
	struct rv_pki_signer *signer; /* the new CA */
};

static void start_deinit(struct start *s)
{
	rs_deinit(&s->rs);
	rv_buf_deinit(&s->key);
	rv_buf_deinit(&s->root);
	rv_buf_deinit(&s->cross);
	rv_buf_deinit(&s->own_key);
	for (size_t i = 0; i < RS_SERVERS; i++)
		rv_buf_deinit(&s->chains[i]);
	rv_pki_signer_free(s->signer);
}

/* A server's chain, and the proof that holders of either root will accept it. */
static int make_chain(struct start *s, size_t i, int64_t now_us, struct rv_diag *diag)
{
	struct rv_buf *chain = &s->chains[i];
	int err;

	if (!s->rs.servers[i].has_cert)
		return RV_OK;
	err = rv_pki_reissue(rv_buf_str(&s->rs.servers[i].cert), s->signer, NULL, now_us, chain,
			     diag);
	if (err != RV_OK)
		return err;
	rv_buf_put_str(chain, rv_buf_str(&s->cross));
	err = rv_pki_check_chain(rv_buf_str(chain), rv_buf_str(&s->root), diag);
	return err == RV_OK
		       ? rv_pki_check_chain(rv_buf_str(chain), rv_buf_str(&s->rs.ca.cert), diag)
		       : err;
}

static int make_texts(struct start *s, int64_t now_us, struct rv_diag *diag)
{
	struct rv_str old = rv_buf_str(&s->rs.ca.cert);
	int err = rv_pki_key_new(&s->key);

	if (err == RV_OK)
		err = rv_pki_pick_key(rv_buf_str(&s->rs.ca.key), old, &s->own_key, diag);
	if (err == RV_OK)
		err = rv_pki_successor(old, rv_buf_str(&s->key), now_us, RV_PKI_ROOT_DAYS * day_us,
				       &s->root, diag);
	if (err == RV_OK)
		err = rv_pki_cross(rv_buf_str(&s->root), old, rv_buf_str(&s->own_key), now_us,
				   &s->cross, diag);
	if (err == RV_OK)
		err = rv_pki_signer_new(rv_buf_str(&s->root), rv_buf_str(&s->key), &s->signer,
					diag);
	for (size_t i = 0; i < RS_SERVERS && err == RV_OK; i++)
		err = make_chain(s, i, now_us, diag);
	return err;
}

static int put_start(const struct rv_pki_files *files, struct start *s, struct rv_diag *diag)
{
	int err;

	rv_buf_put_str(&s->key, rv_buf_str(&s->own_key));
	err = put_ca_key(files, &s->key, diag);
	for (size_t i = 0; i < RS_SERVERS && err == RV_OK; i++) {
		if (s->chains[i].len > 0)
			err = put_cert(files, s->rs.servers[i].cert_name, &s->chains[i], diag);
	}
	rv_buf_put_str(&s->root, rv_buf_str(&s->rs.ca.cert));
	return err == RV_OK ? put_cert(files, s->rs.ca.cert_name, &s->root, diag) : err;
}

int rv_pki_roll_start(const struct rv_pki_files *files, int64_t now_us, struct rv_diag *diag)
{
	struct start s = { .key.wipe = true, .own_key.wipe = true };
	struct rv_diag why = { 0 };
	int err = read_rs(files, &s.rs, diag);

	if (err == RV_OK && s.rs.ca.info.count > 1)
		err = rv_diag_set(diag, RV_EBUSY, "pki.roll.busy", s.rs.ca.cert_name,
				  "%s/%s: a roll-over is under way: finish or abort it first",
				  files->path, s.rs.ca.cert_name);
	if (err == RV_OK) {
		err = make_texts(&s, now_us, &why);
		if (err != RV_OK)
			blame(files, err, s.rs.ca.cert_name, &why, diag);
	}
	if (err == RV_OK)
		err = put_start(files, &s, diag);
	start_deinit(&s);
	return err;
}

/* -- abort and finish ------------------------------------------------------------------------ */

static int none_under_way(const struct rv_pki_files *files, struct rv_diag *diag)
{
	return rv_diag_set(diag, RV_ENOTFOUND, "pki.roll.none", "rs-ca.crt",
			   "%s/rs-ca.crt: no roll-over is under way", files->path);
}

int rv_pki_roll_abort(const struct rv_pki_files *files, struct rv_diag *diag)
{
	struct rv_buf text = { .max = RV_PKI_FILE_MAX };
	struct rv_diag why = { 0 };
	struct pair ca;
	int err = read_pair(files, "rs-ca", &ca, diag);

	if (err == RV_OK && (!ca.has_cert || ca.info.count < 2))
		err = none_under_way(files, diag);
	if (err == RV_OK) {
		err = rv_pki_pick(rv_buf_str(&ca.cert), 1, &text, &why);
		if (err == RV_OK)
			err = rv_pki_pick(rv_buf_str(&ca.cert), 0, &text, &why);
		if (err != RV_OK)
			blame(files, err, ca.cert_name, &why, diag);
	}
	if (err == RV_OK)
		err = put_cert(files, ca.cert_name, &text, diag);
	pair_deinit(&ca);
	rv_buf_deinit(&text);
	return err;
}

struct finish {
	struct rs rs;
	struct rv_buf anchor, key;
	struct rv_buf leaves[RS_SERVERS];
};

/* The leaf as it is if the anchor has signed it, else another one by the anchor. */
static int make_leaf(struct finish *f, size_t i, int64_t now_us, struct rv_diag *diag)
{
	struct rv_str server = rv_buf_str(&f->rs.servers[i].cert);
	struct rv_buf *leaf = &f->leaves[i];
	struct rv_pki_signer *signer = NULL;
	int err;

	if (!f->rs.servers[i].has_cert)
		return RV_OK;
	err = rv_pki_pick(server, 0, leaf, diag);
	if (err != RV_OK ||
	    rv_pki_check_chain(rv_buf_str(leaf), rv_buf_str(&f->anchor), NULL) == RV_OK)
		return err;
	rv_buf_clear(leaf);
	err = rv_pki_signer_new(rv_buf_str(&f->anchor), rv_buf_str(&f->key), &signer, diag);
	if (err == RV_OK)
		err = rv_pki_reissue(server, signer, NULL, now_us, leaf, diag);
	rv_pki_signer_free(signer);
	return err;
}

static int finish(const struct rv_pki_files *files, struct finish *f, int64_t now_us,
		  struct rv_diag *diag)
{
	struct rv_diag why = { 0 };
	int err = rv_pki_pick(rv_buf_str(&f->rs.ca.cert), 0, &f->anchor, &why);

	if (err == RV_OK)
		err = rv_pki_pick_key(rv_buf_str(&f->rs.ca.key), rv_buf_str(&f->anchor), &f->key,
				      &why);
	for (size_t i = 0; i < RS_SERVERS && err == RV_OK; i++)
		err = make_leaf(f, i, now_us, &why);
	if (err != RV_OK)
		return blame(files, err, f->rs.ca.cert_name, &why, diag);
	for (size_t i = 0; i < RS_SERVERS && err == RV_OK; i++) {
		if (f->leaves[i].len > 0)
			err = put_cert(files, f->rs.servers[i].cert_name, &f->leaves[i], diag);
	}
	if (err == RV_OK)
		err = put_cert(files, f->rs.ca.cert_name, &f->anchor, diag);
	return err == RV_OK ? put_ca_key(files, &f->key, diag) : err;
}

int rv_pki_roll_finish(const struct rv_pki_files *files, int64_t now_us, struct rv_diag *diag)
{
	struct finish f = { .key.wipe = true };
	int err = read_rs(files, &f.rs, diag);

	if (err == RV_OK && f.rs.ca.info.count < 2)
		err = none_under_way(files, diag);
	if (err == RV_OK)
		err = finish(files, &f, now_us, diag);
	rs_deinit(&f.rs);
	rv_buf_deinit(&f.anchor);
	rv_buf_deinit(&f.key);
	for (size_t i = 0; i < RS_SERVERS; i++)
		rv_buf_deinit(&f.leaves[i]);
	return err;
}

/* -- servers --------------------------------------------------------------------------------- */

static bool is_of(const char *name, const char *server)
{
	return strncmp(name, server, strlen(server)) == 0;
}

/* "rs", "rs-rsa" -> "rs-ca" */
static const char *ca_of(const char *name)
{
	if (is_of(name, "ls"))
		return "ls-root";
	return is_of(name, "rs") ? "rs-ca" : "http-ca";
}

static int read_server(const struct rv_pki_files *files, const char *name, struct pair *server,
		       struct pair *ca, struct rv_diag *diag)
{
	int err = read_pair(files, name, server, diag);

	*ca = (struct pair){ 0 };
	if (err == RV_OK)
		err = read_pair(files, ca_of(name), ca, diag);
	if (err == RV_OK && !ca->has_cert)
		err = missing(files, ca->cert_name, diag);
	return err;
}

/* The new leaf; during a roll-over the cross certificate stays behind it. */
static int renewed(const struct pair *server, const struct pair *ca, int64_t now_us,
		   struct rv_buf *out, struct rv_diag *diag)
{
	struct rv_pki_signer *signer = NULL;
	int err = rv_pki_signer_new(rv_buf_str(&ca->cert), rv_buf_str(&ca->key), &signer, diag);

	if (err == RV_OK)
		err = rv_pki_reissue(rv_buf_str(&server->cert), signer, NULL, now_us, out, diag);
	for (size_t i = 1; i < server->info.count && err == RV_OK; i++)
		err = rv_pki_pick(rv_buf_str(&server->cert), i, out, diag);
	if (err == RV_OK)
		err = rv_pki_check_chain(rv_buf_str(out), rv_buf_str(&ca->cert), diag);
	rv_pki_signer_free(signer);
	return err;
}

/* An RSA key for a pair that is not there yet, and the certificate of `model` made for it; what
 * stands behind that in its file stands behind this one, too. */
static int make_rsa(const struct rv_pki_files *files, const char *model_name, struct pair *server,
		    struct rv_pki_signer *signer, int64_t now_us, struct rv_buf *out,
		    struct rv_diag *diag)
{
	struct rv_pki_key *key = NULL;
	struct pair model = { 0 };
	int err = rv_pki_key_make(RV_PKI_RSA2048, &key);

	if (err != RV_OK)
		return err;
	err = rv_pki_key_pem(key, &server->key);
	if (err == RV_OK)
		err = read_pair(files, model_name, &model, diag);
	if (err == RV_OK && !model.has_cert)
		err = missing(files, model.cert_name, diag);
	if (err == RV_OK)
		err = rv_pki_reissue(rv_buf_str(&model.cert), signer, key, now_us, out, diag);
	for (size_t i = 1; i < model.info.count && err == RV_OK; i++)
		err = rv_pki_pick(rv_buf_str(&model.cert), i, out, diag);
	if (err == RV_OK)
		err = rv_pki_files_add(files, server->key_name, RV_PKI_SERVER_KEY_MODE,
				       rv_buf_str(&server->key), diag);
	pair_deinit(&model);
	rv_pki_key_free(key);
	return err;
}

/* "ls-rsa" or "rs-rsa", whose key is made together with its first certificate. */
static int renew_rsa(const struct rv_pki_files *files, const char *name, struct pair *server,
		     const struct pair *ca, int64_t now_us, struct rv_diag *diag)
{
	struct rv_buf text = { .max = RV_PKI_FILE_MAX };
	struct rv_pki_signer *signer = NULL;
	int err = rv_pki_signer_new(rv_buf_str(&ca->cert), rv_buf_str(&ca->key), &signer, diag);

	if (err == RV_OK)
		err = make_rsa(files, is_of(name, "ls") ? "ls" : "rs", server, signer, now_us,
			       &text, diag);
	if (err == RV_OK)
		err = put_cert(files, server->cert_name, &text, diag);
	rv_pki_signer_free(signer);
	rv_buf_deinit(&text);
	return err;
}

int rv_pki_renew(const struct rv_pki_files *files, const char *name, int64_t now_us,
		 struct rv_diag *diag)
{
	struct rv_buf text = { .max = RV_PKI_FILE_MAX };
	struct rv_diag why = { 0 };
	struct pair server, ca;
	int err = read_server(files, name, &server, &ca, diag);

	if (err == RV_OK && !ca.has_key)
		err = missing(files, ca.key_name, diag);
	if (err == RV_OK && !server.has_cert && !server.has_key && strstr(name, "-rsa") != NULL) {
		err = renew_rsa(files, name, &server, &ca, now_us, diag);
		goto out;
	}
	if (err == RV_OK && !server.has_cert)
		err = missing(files, server.cert_name, diag);
	if (err == RV_OK) {
		err = renewed(&server, &ca, now_us, &text, &why);
		if (err != RV_OK)
			blame(files, err, server.cert_name, &why, diag);
	}
	if (err == RV_OK)
		err = put_cert(files, server.cert_name, &text, diag);
out:
	pair_deinit(&server);
	pair_deinit(&ca);
	rv_buf_deinit(&text);
	return err;
}

int rv_pki_import(const struct rv_pki_files *files, const char *name, struct rv_str chain_pem,
		  struct rv_str key_pem, int64_t now_us, struct rv_diag *diag)
{
	struct pair server, ca;
	int err = read_server(files, name, &server, &ca, diag);
	struct rv_pki_server check = { chain_pem, key_pem, is_of(name, "ls"), now_us };

	if (err == RV_OK && key_pem.len == 0)
		check.key_pem = rv_buf_str(&server.key);
	if (err == RV_OK)
		err = rv_pki_check_server(&check, diag);
	if (err == RV_OK)
		err = rv_pki_check_chain(chain_pem, rv_buf_str(&ca.cert), diag);
	/* The certificate is the last to come, so a key alone is replaced only together with it;
	 * between the two a start fails and says so. */
	if (err == RV_OK && key_pem.len > 0)
		err = rv_pki_files_replace(files, server.key_name, RV_PKI_SERVER_KEY_MODE, key_pem,
					   diag);
	if (err == RV_OK)
		err = rv_pki_files_replace(files, server.cert_name, RV_PKI_CERT_MODE, chain_pem,
					   diag);
	pair_deinit(&server);
	pair_deinit(&ca);
	return err;
}

int rv_pki_request(const struct rv_pki_files *files, const char *name,
		   const struct rv_pki_name *subject, const char *const *alt_names,
		   struct rv_buf *out_csr, struct rv_diag *diag)
{
	struct pair server;
	int err = read_pair(files, name, &server, diag);

	if (err == RV_OK && !server.has_key) {
		err = rv_pki_key_new(&server.key);
		if (err == RV_OK)
			err = rv_pki_files_add(files, server.key_name, RV_PKI_SERVER_KEY_MODE,
					       rv_buf_str(&server.key), diag);
	}
	if (err == RV_OK)
		err = rv_pki_csr_new(subject, alt_names, rv_buf_str(&server.key), out_csr, diag);
	pair_deinit(&server);
	return err;
}
