/* What versions of a Location-Config say, and in what they differ. */
#include <errno.h>
#include <string.h>

#include "server/rs/location.h"
#include "server/rs/sql/sql.h"

enum { HISTORY_DEFAULT = 100 };

/* -- facts ---------------------------------------------------------------------------------- */

struct facts {
	struct rv_arena *arena;
	struct rs_location_fact *list;
	size_t count;
	int err;
};

static void put_fact(struct facts *f, const char *field, struct rv_str value, bool is_secret)
{
	if (field == NULL || (value.len > 0 && value.ptr == NULL) ||
	    f->count == RS_LOCATION_FACTS_MAX)
		f->err = -ENOMEM;
	else if (value.len > 0)
		f->list[f->count++] = (struct rs_location_fact){ rv_str(field), value, is_secret };
}

static void put_number(struct facts *f, const char *field, uint32_t value)
{
	put_fact(f, field, rv_str(rv_arena_printf(f->arena, "%u", value)), false);
}

static void put_line(struct facts *f, const struct rv_line *line, size_t index)
{
	static const char *const kinds[] = {
		"pppoe", "dhcp", "mobile", "static", "ra", "pppoe_ipv6"
	};
	const struct {
		const char *name;
		struct rv_str value;
		bool is_secret;
	} texts[] = {
		{ "kind", rv_str(kinds[line->kind]), false },
		{ "account", line->account, false },
		{ "password", line->password, true },
		{ "telno", line->telno, false },
		{ "apn", line->apn, false },
		{ "pdp_type", line->pdp_type, false },
		{ "ipaddress", line->ipaddress, false },
	};

	for (size_t i = 0; i < RV_ARRAY_LEN(texts); i++)
		if (texts[i].value.len > 0)
			put_fact(f,
				 rv_arena_printf(f->arena, "lines[%zu].%s", index, texts[i].name),
				 texts[i].value, texts[i].is_secret);
	put_number(f, rv_arena_printf(f->arena, "lines[%zu].ifindex", index), line->ifindex);
	if (line->kind == RV_LINE_KIND_MOBILE)
		put_number(f, rv_arena_printf(f->arena, "lines[%zu].cid", index), line->cid);
}

static void put_anchor(struct facts *f, const struct rv_location *location)
{
	char anchor[RS_ANCHOR_LEN + 1];

	f->err = rs_anchor_of(location->rs_certificate_pem, anchor);
	if (f->err == RV_OK)
		put_fact(f, "rs_certificate_pem", rv_arena_str(f->arena, rv_str(anchor)), false);
}

int rs_location_facts(struct rv_arena *arena, const struct rv_location *location,
		      struct rs_location_fact out[static RS_LOCATION_FACTS_MAX], size_t *count)
{
	struct facts f = { .arena = arena, .list = out };

	put_anchor(&f, location);
	put_fact(&f, "follows_ca", rv_str(location->follows_ca ? "true" : "false"), false);
	for (size_t i = 0; i < location->rs_urls_len; i++)
		put_fact(&f, rv_arena_printf(arena, "rs_urls[%zu]", i), location->rs_urls[i],
			 false);
	for (size_t i = 0; i < location->lines_len; i++)
		put_line(&f, &location->lines[i], i);
	put_number(&f, "ll_timeout", location->ll_timeout);
	put_number(&f, "rs_retry_max", location->rs_retry_max);
	put_number(&f, "rs_retry_interval", location->rs_retry_interval);
	if (f.err == RV_OK)
		*count = f.count;
	return f.err;
}

/* -- differences ---------------------------------------------------------------------------- */

static const struct rs_location_fact *find_fact(const struct rs_location_fact *list, size_t n,
						struct rv_str field)
{
	for (size_t i = 0; i < n; i++)
		if (rv_str_eq(list[i].field, field))
			return &list[i];
	return NULL;
}

static struct rv_str show(const struct rs_location_fact *fact)
{
	if (fact == NULL)
		return RV_STR_LIT("");
	return fact->is_secret ? RV_STR_LIT("***") : fact->value;
}

struct both {
	struct rs_location_fact a[RS_LOCATION_FACTS_MAX], b[RS_LOCATION_FACTS_MAX];
	size_t a_len, b_len;
};

/* out: room for all facts of both, or NULL to count only. */
static size_t compare(const struct both *both, struct rv_location_change *out)
{
	const struct rs_location_fact *other;
	size_t n = 0;

	for (size_t i = 0; i < both->a_len; i++) {
		const struct rs_location_fact *fact = &both->a[i];
		other = find_fact(both->b, both->b_len, fact->field);
		if (other != NULL && rv_str_eq(other->value, fact->value))
			continue;
		if (out != NULL)
			out[n] = (struct rv_location_change){ fact->field, show(fact),
							      show(other) };
		n++;
	}
	for (size_t i = 0; i < both->b_len; i++) {
		const struct rs_location_fact *fact = &both->b[i];
		if (find_fact(both->a, both->a_len, fact->field) != NULL)
			continue;
		if (out != NULL)
			out[n] = (struct rv_location_change){ fact->field, RV_STR_LIT(""),
							      show(fact) };
		n++;
	}
	return n;
}

static int read_both(struct rv_arena *arena, const struct rv_location *a,
		     const struct rv_location *b, struct both **out)
{
	struct both *both = rv_arena_alloc(arena, sizeof(*both));
	int err = both != NULL ? RV_OK : -ENOMEM;

	if (err == RV_OK)
		err = rs_location_facts(arena, a, both->a, &both->a_len);
	if (err == RV_OK)
		err = rs_location_facts(arena, b, both->b, &both->b_len);
	if (err == RV_OK)
		*out = both;
	return err;
}

int rs_location_is_same(struct rv_arena *arena, const struct rv_location *a,
			const struct rv_location *b, bool *out)
{
	struct both *both;
	int err = read_both(arena, a, b, &both);

	if (err == RV_OK)
		*out = compare(both, NULL) == 0;
	return err;
}

int rs_op_location_diff(struct rs_ctx *ctx, const struct rv_location_diff_in *in,
			struct rv_location_diff_out *out, struct rv_diag *diag)
{
	struct rv_location newest, from, to;
	struct both *both;
	int err = rs_location_find(ctx, in->name, &newest, diag);

	if (err != RV_OK)
		return err;
	uint32_t last = in->has_to ? in->to : newest.version;
	uint32_t first = in->has_from ? in->from : last - 1;
	err = rs_location_version(ctx, in->name, last, &to, diag);
	if (err == RV_OK)
		err = rs_location_version(ctx, in->name, first, &from, diag);
	if (err == RV_OK)
		err = read_both(ctx->arena, &from, &to, &both);
	if (err != RV_OK)
		return err;
	out->changes = rv_arena_array(ctx->arena, 2 * RS_LOCATION_FACTS_MAX, sizeof(*out->changes));
	if (out->changes == NULL)
		return -ENOMEM;
	out->changes_len = compare(both, out->changes);
	return RV_OK;
}

/* -- history -------------------------------------------------------------------------------- */

struct taking {
	struct rs_ctx *ctx;
	struct rv_location_version *list;
	size_t count;
};

static int take_version(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_location location = { 0 };
	int err = rs_location_take(&r, &location);
	uint64_t given = (uint64_t)rs_read_int(&r), seen = (uint64_t)rs_read_int(&r);

	t->list[t->count++] = (struct rv_location_version){
		.version = location.version,
		.created_at = location.updated_at,
		.author = location.author,
		.comment = location.comment,
		.given = given,
		.seen = seen,
		.anchor = location.anchor,
		.md_config_bytes = location.md_config_bytes,
	};
	return err;
}

int rs_op_location_history(struct rs_ctx *ctx, const struct rv_location_history_in *in,
			   struct rv_location_history_out *out, struct rv_diag *diag)
{
	uint32_t limit = in->has_limit ? in->limit : HISTORY_DEFAULT;
	uint32_t before = in->has_before && in->before > 0 ? in->before : UINT32_MAX;
	struct taking t = { .ctx = ctx };

	t.list = rv_arena_array(ctx->arena, limit, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_location_version_list,
			      RV_DB_PARAMS(RV_DB_T(in->name), RV_DB_I(before), RV_DB_I(limit)),
			      take_version, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (t.count == 0 && before == UINT32_MAX)
		return rv_diag_set(diag, RV_ENOTFOUND, "location.unknown", "name",
				   "there is no Location-Config \"%.*s\"", RV_STR_ARG(in->name));
	out->versions = t.list;
	out->versions_len = t.count;
	return RV_OK;
}
