/* API tokens. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/rand.h"
#include "server/rs/location.h"
#include "server/rs/sql/sql.h"

enum { TOKENS_MAX = 1000, TOKEN_BYTES = 32 };

#define TOKEN_PREFIX "rvt_"

static int count(struct rs_ctx *ctx, const struct rv_db_stmt *stmt, struct rv_str name,
		 int64_t *out)
{
	return rs_query_int(ctx, stmt, RV_DB_PARAMS(RV_DB_T(name)), out);
}

static int check_new(struct rs_ctx *ctx, struct rv_str name, struct rv_diag *diag)
{
	int64_t all = 0, same = 0;
	int err = rs_query_int(ctx, &rs_sql_token_count, RV_DB_NO_PARAMS, &all);

	if (err == RV_OK)
		err = count(ctx, &rs_sql_token_count_name, name, &same);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (same > 0 || rv_str_is(name, "local"))
		return rv_diag_set(diag, RV_EEXISTS, "token.exists", "name",
				   "there is a token \"%.*s\" already", RV_STR_ARG(name));
	if (all >= TOKENS_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "token.many", "name",
				   "there are %d tokens, which is the limit", TOKENS_MAX);
	return RV_OK;
}

int rs_op_token_create(struct rs_ctx *ctx, const struct rv_token_create_in *in,
		       struct rv_token_create_out *out, struct rv_diag *diag)
{
	uint8_t bytes[TOKEN_BYTES], sum[crypto_hash_sha256_BYTES];
	char text[sizeof(TOKEN_PREFIX) + 44] = TOKEN_PREFIX;
	int err = rs_check_name(in->name, diag);

	if (err == RV_OK)
		err = check_new(ctx, in->name, diag);
	if (err != RV_OK)
		return err;
	rv_rand_secret(bytes, sizeof(bytes));
	sodium_bin2base64(text + sizeof(TOKEN_PREFIX) - 1, 44, bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	crypto_hash_sha256(sum, (const uint8_t *)text, strlen(text));
	out->token = rv_arena_str(ctx->arena, rv_str(text));
	rv_wipe(bytes, sizeof(bytes));
	rv_wipe(text, sizeof(text));
	if (out->token.ptr == NULL)
		return -ENOMEM;
	out->name = in->name;
	out->role = in->role;
	err = rv_db_exec(ctx->tx, &rs_sql_token_insert,
			 RV_DB_PARAMS(RV_DB_B(rv_strn(sum, sizeof(sum))), RV_DB_T(in->name),
				      RV_DB_I(ctx->now_us), RV_DB_I(in->role)),
			 NULL);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

struct taking {
	struct rs_ctx *ctx;
	struct rv_token *list;
	size_t count;
};

static int take_token(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_token *token = &t->list[t->count++];

	token->name = rs_read_str(&r);
	token->role = (enum rv_role)rs_read_int(&r);
	token->created_at = rs_read_int(&r);
	return r.err;
}

int rs_op_token_list(struct rs_ctx *ctx, const struct rv_token_list_in *in,
		     struct rv_token_list_out *out, struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx };

	(void)in;
	t.list = rv_arena_array(ctx->arena, TOKENS_MAX, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_token_list, RV_DB_PARAMS(RV_DB_I(TOKENS_MAX)),
			      take_token, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->tokens = t.list;
	out->tokens_len = t.count;
	return RV_OK;
}

int rs_op_token_delete(struct rs_ctx *ctx, const struct rv_token_delete_in *in,
		       struct rv_token_delete_out *out, struct rv_diag *diag)
{
	int64_t there = 0, admins = 0;
	int err = count(ctx, &rs_sql_token_count_name, in->name, &there);

	(void)out;
	if (err == RV_OK)
		err = rs_query_int(ctx, &rs_sql_token_count_role,
				   RV_DB_PARAMS(RV_DB_I(RV_ROLE_ADMIN), RV_DB_T(in->name)),
				   &admins);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (there == 0)
		return rv_diag_set(diag, RV_ENOTFOUND, "token.unknown", "name",
				   "there is no token \"%.*s\"", RV_STR_ARG(in->name));
	if (admins == 0)
		return rv_diag_set(diag, RV_EBUSY, "token.last", "name",
				   "no token of role admin would be left");
	err = rv_db_exec(ctx->tx, &rs_sql_token_delete, RV_DB_PARAMS(RV_DB_T(in->name)), NULL);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}
