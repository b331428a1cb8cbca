#include "server/rs/upgrade.h"

#include <errno.h>
#include <sodium.h>

#include "pki/pki.h"
#include "server/rs/sql/sql.h"

enum { PAGE = 256 };

static const char done_mark[] = "certificates-read";

struct unread {
	int64_t id;
	struct rv_str pem;
	bool is_given;
};

struct page {
	struct rs_ctx *ctx;
	struct unread list[PAGE];
	size_t count;
};

static int take_unread(const struct rv_db_row *row, void *arg)
{
	struct page *page = arg;
	struct rs_reader r = { .row = row, .ctx = page->ctx };
	struct unread *next = &page->list[page->count++];

	next->id = rs_read_int(&r);
	next->pem = rs_read_str(&r);
	next->is_given = rs_read_bool(&r);
	return r.err;
}

/* When it was issued nobody wrote down; from when on it is valid is the nearest to it. */
static int describe(struct rs_ctx *ctx, const struct unread *c)
{
	struct rv_pki_info info;
	int err = rv_pki_inspect(c->pem, &info, NULL);

	if (err != RV_OK)
		return err == -ENOMEM ? err : RV_OK;
	bool is_ours = !c->is_given &&
		       rv_pki_check_issued(c->pem, rv_buf_str(&ctx->rs->ca_pem), NULL) == RV_OK;
	return rv_db_exec(ctx->tx, &rs_sql_certificate_describe,
			  RV_DB_PARAMS(RV_DB_I(c->id), RV_DB_T(rv_str(info.serial)),
				       RV_DB_T(rv_str(info.subject)), RV_DB_T(rv_str(info.issuer)),
				       RV_DB_T(rv_str(info.key)),
				       RV_DB_T(rv_str(is_ours ? ctx->rs->authority.print : "")),
				       RV_DB_I(info.not_before_us)),
			  NULL);
}

static int describe_page(struct rs_ctx *ctx, int64_t *after, size_t *count)
{
	struct rv_arena arena = { 0 };
	struct rs_ctx own = *ctx;
	struct page *page;
	int err;

	own.arena = &arena;
	page = rv_arena_alloc(&arena, sizeof(*page));
	if (page == NULL)
		return -ENOMEM;
	page->ctx = &own;
	err = rv_db_query(ctx->tx, &rs_sql_certificate_unread,
			  RV_DB_PARAMS(RV_DB_I(*after), RV_DB_I(PAGE)), take_unread, page);
	for (size_t i = 0; i < page->count && err == RV_OK; i++)
		err = describe(ctx, &page->list[i]);
	*count = page->count;
	if (page->count > 0)
		*after = page->list[page->count - 1].id;
	rv_arena_deinit(&arena);
	return err;
}

int rs_upgrade_certificates(struct rs_ctx *ctx)
{
	size_t count = PAGE;
	int64_t after = 0;
	struct rv_str done;
	int err = rs_meta_get(ctx, done_mark, &done);

	if (err != RV_OK || done.len > 0)
		return err;
	while (err == RV_OK && count == PAGE)
		err = describe_page(ctx, &after, &count);
	return err == RV_OK ? rs_meta_put(ctx, done_mark, "yes") : err;
}

int rs_upgrade_knows_ca(struct rs_ctx *ctx, bool *is_same)
{
	struct rv_str pem = rv_buf_str(&ctx->rs->ca_pem), was;
	uint8_t sum[crypto_hash_sha256_BYTES];
	char is[RS_PRINT_LEN + 1];
	int err = rs_meta_get(ctx, "rs-ca", &was);

	crypto_hash_sha256(sum, (const uint8_t *)pem.ptr, pem.len);
	sodium_bin2hex(is, sizeof(is), sum, sizeof(sum));
	if (err == RV_OK)
		*is_same = rv_str_is(was, is);
	return err;
}
