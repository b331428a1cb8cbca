#include "server/rs/core.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/rand.h"
#include "base/time.h"
#include "log/log.h"
#include "pki/chain.h"
#include "server/rs/incident.h"
#include "server/rs/line.h"
#include "server/rs/feed.h"
#include "server/rs/location.h"
#include "server/rs/role.h"
#include "server/rs/roll.h"
#include "server/rs/reseal.h"
#include "server/rs/sql/sql.h"
#include "server/rs/upgrade.h"

enum {
	CA_PEM_MAX = 5119,
	TOKEN_FILE_MAX = 128,
	ARENA_MAX = 64 * 1024 *
		    1024, /* of one operation: a config in and out, decoded and encoded */
};

/* -- running operations --------------------------------------------------------------------- */

typedef int (*op_fn)(struct rs_ctx *ctx, const void *in, void *out, struct rv_diag *diag);

#define RS_THUNK(name)                                                                             \
	static int run_##name(struct rs_ctx *ctx, const void *in, void *out, struct rv_diag *diag) \
	{                                                                                          \
		return rs_op_##name(ctx, in, out, diag);                                           \
	}
RS_OPERATIONS(RS_THUNK)
#undef RS_THUNK

static const struct {
	const struct rv_contract_type *in;
	op_fn run;
} operations[] = {
#define RS_ROW(name) { &rv_##name##_in_type, run_##name },
	RS_OPERATIONS(RS_ROW)
#undef RS_ROW
};

static op_fn find_operation(const struct rv_contract_op *op)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(operations); i++) {
		if (operations[i].in == op->in)
			return operations[i].run;
	}
	return NULL;
}

struct bearer {
	struct rs_reader r;
	enum rv_role role;
};

static int take_bearer(const struct rv_db_row *row, void *arg)
{
	struct bearer *b = arg;

	b->r.row = row;
	b->r.ctx->author = rs_read_str(&b->r);
	b->role = (enum rv_role)rs_read_int(&b->r);
	return b->r.err;
}

static int authorise(struct rs_ctx *ctx, const struct rv_rs_request *request, const char *right,
		     struct rv_diag *diag)
{
	struct bearer bearer = { .r.ctx = ctx };
	int err;

	if (request->is_trusted) {
		ctx->author = RV_STR_LIT("local");
		return RV_OK;
	}
	err = rs_query_one(ctx, &rs_sql_token_by_hash, RV_DB_PARAMS(RV_DB_B(request->token_sha256)),
			   take_bearer, &bearer);
	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, RV_EAUTH, "rs.token", "", "the bearer token is not known");
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (!rs_role_allows(bearer.role, right))
		return rv_diag_set(diag, RV_EDENIED, "rs.right", "",
				   "the token \"%.*s\" does not have the right %s",
				   RV_STR_ARG(ctx->author), right);
	return RV_OK;
}

int rs_check_token(struct rs_ctx *ctx, const struct rv_rs_token_check_in *in,
		   struct rv_rs_token_check_out *out, struct rv_diag *diag)
{
	const struct rv_rs_request request = { .token_sha256 = in->token_sha256 };
	const char *right = rv_arena_copy(ctx->arena, in->right.ptr, in->right.len);
	int err = right != NULL ? authorise(ctx, &request, right, diag) : -ENOMEM;

	if (err != RV_OK && err != RV_EAUTH && err != RV_EDENIED)
		return err;
	*out = (struct rv_rs_token_check_out){ .status = err };
	if (err == RV_OK) {
		out->name = ctx->author;
	} else {
		out->key = rv_str(diag->key);
		out->text = rv_str(diag->text);
	}
	return RV_OK;
}

/* Nobody waits behind this commit: how it stands now is all there is to tell. */
static int add_outcomes_now(struct rs_ctx *ctx, struct rv_buf *out)
{
	struct rv_ls_outcomes outcomes;
	int err = rs_ls_outcomes(ctx, ctx->wanted.seq, &outcomes);

	return err == RV_OK ? rs_add_outcomes(&outcomes, out) : err;
}

int rs_dispatch(struct rs_ctx *ctx, const struct rv_rs_request *request, struct rv_buf *out,
		struct rv_diag *diag)
{
	const struct rv_contract_op *op = rv_contract_op_find(request->op);
	op_fn run = op != NULL ? find_operation(op) : NULL;
	void *in, *result;
	int err;

	if (run == NULL)
		return rv_diag_set(diag, RV_EUNSUPPORTED, "rs.operation", "",
				   "there is no operation \"%.*s\"", RV_STR_ARG(request->op));
	err = authorise(ctx, request, op->right, diag);
	if (err != RV_OK)
		return err;
	in = rv_arena_alloc(ctx->arena, op->in->size);
	result = rv_arena_alloc(ctx->arena, op->out->size);
	if (in == NULL || result == NULL)
		return -ENOMEM;
	err = rv_contract_decode(op->in, request->body, ctx->arena, in);
	if (err != RV_OK)
		return rv_diag_set(diag, err, "rs.input", "", "the input of %s cannot be read (%s)",
				   op->name, rv_err_name(err));
	err = rv_contract_check(op->in, in, diag);
	if (err == RV_OK)
		err = run(ctx, in, result, diag);
	if (err != RV_OK)
		return err;
	rv_contract_encode(op->out, result, out);
	if (out->err != RV_OK || !ctx->wanted.is_wanted || ctx->can_wait)
		return out->err;
	err = add_outcomes_now(ctx, out);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

struct sync_op {
	struct rv_rs *rs;
	const struct rv_rs_request *request;
	struct rv_buf *out;
	struct rv_diag *diag;
};

static int run_sync(struct rv_db_tx *tx, void *arg)
{
	struct sync_op *op = arg;
	struct rv_arena arena;
	struct rs_ctx ctx = { .rs = op->rs, .tx = tx, .arena = &arena, .now_us = rv_time_utc_us() };

	rv_arena_init(&arena, ARENA_MAX);
	int err = rs_dispatch(&ctx, op->request, op->out, op->diag);
	rv_arena_wipe(&arena);
	return err;
}

int rv_rs_op_run(struct rv_rs *rs, const struct rv_rs_request *request, struct rv_buf *out,
		 struct rv_diag *diag)
{
	struct sync_op op = { rs, request, out, diag };

	return rv_db_run(rs->db, run_sync, &op);
}

/* -- first start ---------------------------------------------------------------------------- */

static int make_epoch(struct rs_ctx *ctx)
{
	char text[RS_EPOCH_LEN + 1];
	uint8_t bytes[RS_EPOCH_LEN / 2];
	struct rv_str known;
	int err = rs_meta_get(ctx, "epoch", &known);

	if (err == RV_OK && known.len == 0) {
		rv_rand_secret(bytes, sizeof(bytes));
		sodium_bin2hex(text, sizeof(text), bytes, sizeof(bytes));
		known = rv_str(text);
		err = rs_meta_put(ctx, "epoch", text);
	}
	if (err == RV_OK && !rv_str_copy(known, ctx->rs->epoch, sizeof(ctx->rs->epoch)))
		err = RV_ECORRUPT;
	return err;
}

/* A new RS CA makes every Location-Config another text. One that does not fit would hold up the
 * feed for everybody: it is told now, not then. */
static int note_ca(struct rs_ctx *ctx, struct rv_diag *diag)
{
	bool has_changed = false;
	int err = rs_roll_note(ctx, &has_changed);

	if (err != RV_OK || !has_changed)
		return err;
	return rs_location_follow_ca(ctx, diag);
}

static int make_default_location(struct rs_ctx *ctx, struct rv_diag *diag)
{
	const struct rs_settings *s = &ctx->rs->settings;
	struct rv_location_set_in in = { .name = RV_STR_LIT("default") };
	struct rv_location_set_out out;
	struct rv_location there;
	struct rv_line lines[RS_URLS_MAX];
	struct rv_str urls[RS_URLS_MAX];
	int err = rs_location_find(ctx, in.name, &there, NULL);

	if (err != RV_ENOTFOUND)
		return err;
	for (size_t i = 0; i < s->location_urls.count; i++)
		urls[i] = rv_str(s->location_urls.items[i]);
	for (size_t i = 0; i < s->lines.count; i++) {
		err = rs_line_parse(rv_str(s->lines.items[i]), &lines[i], diag);
		if (err != RV_OK)
			return err;
	}
	in.rs_urls = urls;
	in.rs_urls_len = s->location_urls.count;
	in.lines = lines;
	in.lines_len = s->lines.count;
	err = rv_location_set_in_check(&in, diag);
	return err == RV_OK ? rs_op_location_set(ctx, &in, &out, diag) : err;
}

struct first_start {
	struct rv_rs *rs;
	struct rv_diag *diag;
	char token_path[PATH_MAX]; /* admin-token.sha256, which `reeve` leaves at its first start */
	bool has_token;
	uint8_t token_sum[crypto_hash_sha256_BYTES];
};

/* The hash of a token to be let in, if somebody put it there: only who owns the state
 * directory can. */
static int read_token(struct first_start *first)
{
	struct rv_buf text = { 0 }, sum = { 0 };
	int err = rv_buf_read_file(&text, first->token_path, TOKEN_FILE_MAX);

	if (err == -ENOENT) {
		rv_buf_deinit(&text);
		return RV_OK;
	}
	if (err == RV_OK)
		err = rv_hex_decode(&sum, rv_str_trim(rv_buf_str(&text)), NULL);
	if (err == RV_OK && sum.len != sizeof(first->token_sum))
		err = RV_ESYNTAX;
	if (err == RV_OK)
		memcpy(first->token_sum, sum.ptr, sum.len);
	first->has_token = err == RV_OK;
	rv_buf_deinit(&text);
	rv_buf_deinit(&sum);
	if (err != RV_OK)
		return rv_diag_set(first->diag, err, "rs.token-file", first->token_path,
				   "%s is not the SHA-256 of a token in hex (%s)",
				   first->token_path, rv_err_name(err));
	return RV_OK;
}

static int import_token(struct rs_ctx *ctx, const struct first_start *first)
{
	struct rv_str sum = rv_strn(first->token_sum, sizeof(first->token_sum));
	int64_t count = 0;
	int err = rs_query_int(ctx, &rs_sql_token_count_hash, RV_DB_PARAMS(RV_DB_B(sum)), &count);

	if (err != RV_OK || count > 0)
		return err; /* committed before, but the file was not removed */
	return rv_db_exec(ctx->tx, &rs_sql_token_insert,
			  RV_DB_PARAMS(RV_DB_B(sum), RV_DB_T(RV_STR_LIT("admin")),
				       RV_DB_I(ctx->now_us), RV_DB_I(RV_ROLE_ADMIN)),
			  NULL);
}

static int follow_ids(struct rs_ctx *ctx)
{
	int64_t latest = 0;
	int err = rs_query_int(ctx, &rs_sql_id_latest, RV_DB_NO_PARAMS, &latest);

	if (err == RV_OK)
		rv_idgen_follow(&ctx->rs->ids, latest);
	return err;
}

static int prepare_store(struct rv_db_tx *tx, void *arg)
{
	struct first_start *first = arg;
	struct rv_arena arena = { 0 };
	struct rs_ctx ctx = { .rs = first->rs,
			      .tx = tx,
			      .arena = &arena,
			      .now_us = rv_time_utc_us(),
			      .author = RV_STR_LIT("reeve") };
	int err = follow_ids(&ctx);

	if (err == RV_OK)
		err = make_epoch(&ctx);
	if (err == RV_OK)
		err = note_ca(&ctx, first->diag);
	if (err == RV_OK)
		err = rs_upgrade_certificates(&ctx);
	if (err == RV_OK)
		err = make_default_location(&ctx, first->diag);
	if (err == RV_OK && first->has_token)
		err = import_token(&ctx, first);
	if (err == RV_OK)
		err = rs_incident_trim(&ctx);
	rv_arena_wipe(&arena);
	return err;
}

/* -- opening -------------------------------------------------------------------------------- */

static int make_path(const char *state_dir, const char *name, char out[static PATH_MAX],
		     struct rv_diag *diag)
{
	int n = name[0] == '/' ? snprintf(out, PATH_MAX, "%s", name)
			       : snprintf(out, PATH_MAX, "%s/%s", state_dir, name);

	if (n >= PATH_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "rs.path", name, "the path of %s is too long",
				   name);
	return RV_OK;
}

/* The first certificate is handed out to devices, alone; the second is the one before it. */
static int read_ca(struct rv_rs *rs, const struct rv_rs_opt *opt, struct rv_diag *diag)
{
	struct rv_str pem = rv_conf_file(rv_conf_get(opt->conf, "ca", NULL), "certificate");
	struct rs_authority *a = &rs->authority;
	struct rv_pki_info info;
	int err = rv_pki_inspect(pem, &info, diag);

	if (err == RV_OK)
		err = rv_pki_check_root(pem, diag);
	if (err != RV_OK)
		return err;
	memcpy(a->print, info.print, sizeof(a->print));
	rv_buf_init(&rs->ca_pem, CA_PEM_MAX);
	err = rv_pki_pick(pem, 0, &rs->ca_pem, diag);
	if (err == RV_ELIMIT)
		return rv_diag_set(diag, err, "conf.file", "ca.certificate",
				   "has more than %d bytes", CA_PEM_MAX);
	if (err != RV_OK || info.count == 1)
		return err;
	err = rv_pki_inspect_at(pem, 1, &info, diag);
	if (err == RV_OK)
		memcpy(a->second, info.print, sizeof(a->second));
	return err;
}

static int open_store(struct rv_rs *rs, const struct rv_rs_opt *opt, struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(opt->conf, "rs", NULL);
	const char *url = rv_conf_str(sec, "store");
	char path[PATH_MAX], made[PATH_MAX + 8];
	int err = make_path(opt->state_dir, "rs.db", path, diag);

	if (err != RV_OK)
		return err;
	snprintf(made, sizeof(made), "sqlite:%s", path);
	struct rv_db_opt db = { .url = url != NULL ? url : made,
				.password = rv_conf_file(sec, "store_password_file"),
				.name = "rs",
				.migrations = rs_sql_migrations,
				.migration_count = rs_sql_migration_count,
				.statements = rs_sql_all,
				.statement_count = rs_sql_count,
				.loop = opt->loop };
	return rv_db_open(&db, &rs->db, diag);
}

int rv_rs_open(const struct rv_rs_opt *opt, struct rv_rs **out, struct rv_diag *diag)
{
	struct rv_rs *rs = calloc(1, sizeof(*rs));
	struct first_start first = { .rs = rs, .diag = diag };
	int err;

	if (rs == NULL)
		return -ENOMEM;
	rv_idgen_init(&rs->ids, opt->node);
	rs->reseal = (struct rv_reseal){ .columns = rs_reseal_columns,
					 .count = rs_reseal_column_count };
	rv_reseal_restart(&rs->reseal);
	rs_settings_read(opt->conf, &rs->settings);
	err = read_ca(rs, opt, diag);
	if (err == RV_OK)
		err = make_path(opt->state_dir, "secret.key", rs->key_path, diag);
	if (err == RV_OK)
		err = rv_secret_open(rs->key_path, &rs->secret, diag);
	if (err == RV_OK)
		err = make_path(opt->state_dir, "admin-token.sha256", first.token_path, diag);
	if (err == RV_OK)
		err = read_token(&first);
	if (err == RV_OK)
		err = open_store(rs, opt, diag);
	if (err == RV_OK)
		err = rv_db_run(rs->db, prepare_store, &first);
	if (err != RV_OK)
		goto fail;
	if (first.has_token && unlink(first.token_path) == 0)
		rv_log(RV_LOG_INFO, "rs.token.imported", RV_KS("name", "admin"));
	*out = rs;
	return RV_OK;
fail:
	if (diag != NULL && diag->key == NULL)
		rs_db_failed(diag, err);
	rv_rs_close(rs);
	return err;
}

void rv_rs_close(struct rv_rs *rs)
{
	if (rs == NULL)
		return;
	rv_db_close(rs->db);
	rv_secret_free(rs->secret);
	rv_buf_deinit(&rs->ca_pem);
	free(rs);
}
