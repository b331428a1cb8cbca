/* Initial-Configs: versions per group of what is burnt into devices. A group without one of its own
 * has that of "default"; that one, as long as nobody set it, is made from the configuration and has
 * the number 0. */
#include <errno.h>
#include <string.h>

#include "contract/view.h"
#include "proto/armsconf/initial.h"
#include "proto/armshttp/url.h"
#include "server/rs/location.h"
#include "server/rs/sql/sql.h"

enum { INTERVAL_DEFAULT = 3, MAX_DEFAULT = 3, HISTORY_DEFAULT = 100, CHANGES_MAX = 32 };

#define DEFAULT_GROUP RV_STR_LIT("default")

/* -- the text ------------------------------------------------------------------------------- */

static void to_wire(const struct rv_initial *initial, struct rv_armsconf_initial *out)
{
	*out = (struct rv_armsconf_initial){
		.url_count = initial->ls_urls_len,
		.interval = initial->interval,
		.max = initial->max,
		.pppoe_account = initial->pppoe_account,
		.pppoe_password = initial->pppoe_password,
		.pppoe_ipv6_account = initial->pppoe_ipv6_account,
		.pppoe_ipv6_password = initial->pppoe_ipv6_password,
		.has_mobile = initial->telno.len + initial->apn.len + initial->pdp_type.len +
				      initial->mobile_account.len + initial->mobile_password.len >
			      0,
		.telno = initial->telno,
		.cid = initial->cid,
		.apn = initial->apn,
		.pdp_type = initial->pdp_type,
		.mobile_account = initial->mobile_account,
		.mobile_password = initial->mobile_password,
	};
	for (size_t i = 0; i < initial->ls_urls_len; i++)
		out->urls[i] = initial->ls_urls[i];
}

/* In the arena. RV_EINVALID, RV_ELIMIT with diag. */
static int render(struct rs_ctx *ctx, const struct rv_initial *initial, struct rv_str *out,
		  struct rv_diag *diag)
{
	struct rv_armsconf_initial wire;
	struct rv_buf text = { .wipe = true };
	int err;

	to_wire(initial, &wire);
	err = rv_armsconf_initial_render(&wire, &text, diag);
	if (err == RV_OK) {
		*out = rv_arena_str(ctx->arena, rv_buf_str(&text));
		err = out->ptr != NULL ? RV_OK : -ENOMEM;
	}
	rv_buf_deinit(&text);
	return err;
}

/* -- the store ------------------------------------------------------------------------------ */

/* The whole thing in one box: passwords are in it. The number stands inside, too. */
static int put(struct rs_ctx *ctx, const struct rv_initial *initial)
{
	struct rv_buf plain = { .wipe = true }, box = { 0 };
	int err;

	rv_initial_encode(initial, &plain);
	err = plain.err;
	if (err == RV_OK) {
		rv_secret_seal(ctx->rs->secret, "initial.spec", initial->group, rv_buf_str(&plain),
			       &box);
		err = box.err;
	}
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_initial_put,
				 RV_DB_PARAMS(RV_DB_T(initial->group), RV_DB_I(initial->version),
					      RV_DB_B(rv_buf_str(&box))),
				 NULL);
	rv_buf_deinit(&box);
	rv_buf_deinit(&plain);
	return err;
}

/* Columns group_name, spec. */
static int take(struct rs_ctx *ctx, const struct rv_db_row *row, struct rv_initial *out)
{
	struct rs_reader r = { .row = row, .ctx = ctx };
	struct rv_str group = rs_read_str(&r), box = rs_read_str(&r), bytes;
	struct rv_buf plain = { .wipe = true };
	int err = r.err;

	if (err == RV_OK)
		err = rv_secret_unseal(ctx->rs->secret, "initial.spec", group, box, &plain);
	if (err == RV_OK) {
		bytes = rv_arena_str(ctx->arena, rv_buf_str(&plain));
		err = bytes.ptr != NULL ? rv_initial_decode(bytes, ctx->arena, out) : -ENOMEM;
	}
	rv_buf_deinit(&plain);
	return err;
}

struct taking {
	struct rs_ctx *ctx;
	struct rv_initial *out;
};

static int take_one(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;

	return take(t->ctx, row, t->out);
}

/* -- finding -------------------------------------------------------------------------------- */

static int find_version(struct rs_ctx *ctx, struct rv_str group, uint32_t version,
			struct rv_initial *out, struct rv_diag *diag)
{
	struct rv_initial found = { 0 };
	struct taking t = { ctx, &found };
	int err = rs_query_one(ctx, &rs_sql_initial_get,
			       RV_DB_PARAMS(RV_DB_T(group), RV_DB_I(version)), take_one, &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "initial.version", "version",
				   "the Initial-Config of \"%.*s\" has no version %u",
				   RV_STR_ARG(group), version);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	return RV_OK;
}

/* RV_ENOTFOUND: no group of this name. */
static int check_group(struct rs_ctx *ctx, struct rv_str group, struct rv_diag *diag)
{
	struct rv_group_get_out ignored;

	return rv_str_eq(group, DEFAULT_GROUP)
		       ? RV_OK
		       : rs_op_group_get(ctx, &(struct rv_group_get_in){ group }, &ignored, diag);
}

static int newest_of(struct rs_ctx *ctx, struct rv_str group, uint32_t *out, struct rv_diag *diag)
{
	int64_t newest = 0;
	int err = rs_query_int(ctx, &rs_sql_initial_newest, RV_DB_PARAMS(RV_DB_T(group)), &newest);

	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = (uint32_t)newest;
	return RV_OK;
}

static int configured_urls(struct rs_ctx *ctx, struct rv_initial *out, struct rv_diag *diag)
{
	const struct rs_list *list = &ctx->rs->settings.ls_urls;
	struct rv_str *urls = rv_arena_array(ctx->arena, list->count + 1, sizeof(*urls));

	if (urls == NULL)
		return -ENOMEM;
	if (list->count == 0)
		return rv_diag_set(diag, RV_EINVALID, "initial.none", "ls_urls",
				   "no LS URLs: give ls_urls, or configure rs.ls_urls");
	for (size_t i = 0; i < list->count; i++) {
		urls[i] = rv_arena_str(ctx->arena, rv_str(list->items[i]));
		if (urls[i].ptr == NULL)
			return -ENOMEM;
	}
	out->ls_urls = urls;
	out->ls_urls_len = list->count;
	return RV_OK;
}

/* What its devices have burnt in: its own, that of "default", or that of the configuration. */
static int find_newest(struct rs_ctx *ctx, struct rv_str group, struct rv_initial *out,
		       struct rv_diag *diag)
{
	uint32_t newest = 0;
	int err = newest_of(ctx, group, &newest, diag);

	if (err == RV_OK && newest == 0 && !rv_str_eq(group, DEFAULT_GROUP)) {
		group = DEFAULT_GROUP;
		err = newest_of(ctx, group, &newest, diag);
	}
	if (err != RV_OK)
		return err;
	if (newest > 0)
		return find_version(ctx, group, newest, out, diag);
	*out = (struct rv_initial){ .group = DEFAULT_GROUP,
				    .interval = INTERVAL_DEFAULT,
				    .max = MAX_DEFAULT };
	return configured_urls(ctx, out, diag);
}

static int find(struct rs_ctx *ctx, struct rv_str group, uint32_t version, struct rv_initial *out,
		struct rv_diag *diag)
{
	int err = check_group(ctx, group, diag);

	if (err != RV_OK)
		return err;
	return version != 0 ? find_version(ctx, group, version, out, diag)
			    : find_newest(ctx, group, out, diag);
}

/* -- differences ---------------------------------------------------------------------------- */

/* Who made it and when is no difference; the root is shown by its anchor. */
static bool is_content(const struct rv_contract_field *field)
{
	static const char *const others[] = { "group",   "version",    "ls_root_pem", "author",
					      "comment", "created_at", NULL };

	for (const char *const *name = others; *name != NULL; name++)
		if (strcmp(field->name, *name) == 0)
			return false;
	return true;
}

/* A value as text, in the arena; a list's items side by side. */
static struct rv_str text_of(struct rs_ctx *ctx, const struct rv_contract_field *field,
			     const struct rv_initial *initial)
{
	const void *at = rv_contract_at(initial, field->offset);
	char *text;

	if (!rv_contract_is(field, RV_CONTRACT_LIST))
		return field->kind == RV_CONTRACT_STR
			       ? rv_contract_load_str(at)
			       : rv_str(rv_arena_printf(
					 ctx->arena, "%llu",
					 (unsigned long long)rv_contract_load_number(field, at)));
	text = rv_arena_printf(ctx->arena, "%s", "");
	for (size_t i = 0; i < initial->ls_urls_len && text != NULL; i++)
		text = rv_arena_printf(ctx->arena, "%s%s%.*s", text, i > 0 ? " " : "",
				       RV_STR_ARG(initial->ls_urls[i]));
	return rv_str(text);
}

static struct rv_str show(const struct rv_contract_field *field, struct rv_str value)
{
	return value.len > 0 && rv_contract_is(field, RV_CONTRACT_SECRET) ? RV_STR_LIT("***")
									  : value;
}

/* out: room for CHANGES_MAX. */
static int compare(struct rs_ctx *ctx, const struct rv_initial *a, const struct rv_initial *b,
		   struct rv_initial_change *out, size_t *count)
{
	size_t n = 0;

	for (size_t i = 0; i < rv_initial_type.count && n < CHANGES_MAX; i++) {
		const struct rv_contract_field *field = &rv_initial_type.fields[i];

		if (!is_content(field))
			continue;
		struct rv_str before = text_of(ctx, field, a), after = text_of(ctx, field, b);
		if (before.ptr == NULL && before.len > 0)
			return -ENOMEM;
		if (!rv_str_eq(before, after))
			out[n++] = (struct rv_initial_change){ rv_str(field->name),
							       show(field, before),
							       show(field, after) };
	}
	*count = n;
	return RV_OK;
}

/* -- operations ----------------------------------------------------------------------------- */

static void hide(struct rv_initial *initial)
{
	initial->pppoe_password = initial->pppoe_ipv6_password = initial->mobile_password =
		(struct rv_str){ 0 };
}

static int from_input(struct rs_ctx *ctx, const struct rv_initial_set_in *in,
		      struct rv_initial *out, struct rv_diag *diag)
{
	*out = (struct rv_initial){ .group = in->group,
				    .ls_urls = in->ls_urls,
				    .ls_urls_len = in->ls_urls_len,
				    .interval = in->has_interval ? in->interval : INTERVAL_DEFAULT,
				    .max = in->has_max ? in->max : MAX_DEFAULT,
				    .pppoe_account = in->pppoe_account,
				    .pppoe_password = in->pppoe_password,
				    .pppoe_ipv6_account = in->pppoe_ipv6_account,
				    .pppoe_ipv6_password = in->pppoe_ipv6_password,
				    .telno = in->telno,
				    .cid = in->cid,
				    .apn = in->apn,
				    .pdp_type = in->pdp_type,
				    .mobile_account = in->mobile_account,
				    .mobile_password = in->mobile_password,
				    .ls_root_pem = in->ls_root_pem,
				    .author = ctx->author,
				    .comment = in->comment,
				    .created_at = ctx->now_us,
				    .has_created_at = true };
	return in->ls_urls_len > 0 ? RV_OK : configured_urls(ctx, out, diag);
}

static int check_content(struct rs_ctx *ctx, struct rv_initial *initial, struct rv_diag *diag)
{
	char anchor[RS_ANCHOR_LEN + 1];
	struct rv_armshttp_url url;
	struct rv_diag why = { 0 };
	struct rv_str text;
	int err;

	for (size_t i = 0; i < initial->ls_urls_len; i++)
		if (rv_armshttp_url_parse_for_device(initial->ls_urls[i], RV_ARMSHTTP_URL_MAX, &url,
						     &why) != RV_OK)
			return rv_diag_set(diag, RV_EINVALID, "initial.url", "ls_urls",
					   "ls_urls[%zu]: %.200s", i, why.text);
	err = render(ctx, initial, &text, diag);
	if (err != RV_OK || initial->ls_root_pem.len == 0)
		return err;
	err = rs_check_root(initial->ls_root_pem, "ls_root_pem", diag);
	if (err == RV_OK)
		err = rs_anchor_of(initial->ls_root_pem, anchor);
	if (err != RV_OK)
		return err;
	initial->anchor = rv_arena_str(ctx->arena, rv_str(anchor));
	return initial->anchor.ptr != NULL ? RV_OK : -ENOMEM;
}

/* What is the newest version already makes no other one. */
static int append(struct rs_ctx *ctx, struct rv_initial *initial, struct rv_diag *diag)
{
	struct rv_initial_change changes[CHANGES_MAX];
	struct rv_initial there;
	uint32_t newest = 0;
	size_t count = 1;
	int err = newest_of(ctx, initial->group, &newest, diag);

	if (err == RV_OK && newest > 0) {
		err = find_version(ctx, initial->group, newest, &there, diag);
		if (err == RV_OK)
			err = compare(ctx, &there, initial, changes, &count);
	}
	if (err != RV_OK)
		return err;
	if (count == 0) {
		*initial = there;
		return RV_OK;
	}
	initial->version = newest + 1;
	err = put(ctx, initial);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_initial_set(struct rs_ctx *ctx, const struct rv_initial_set_in *in,
		      struct rv_initial_set_out *out, struct rv_diag *diag)
{
	struct rv_initial initial;
	int err = check_group(ctx, in->group, diag);

	if (err == RV_OK)
		err = from_input(ctx, in, &initial, diag);
	if (err == RV_OK)
		err = check_content(ctx, &initial, diag);
	if (err == RV_OK)
		err = append(ctx, &initial, diag);
	if (err != RV_OK)
		return err;
	hide(&initial);
	out->initial = initial;
	return RV_OK;
}

int rs_op_initial_get(struct rs_ctx *ctx, const struct rv_initial_get_in *in,
		      struct rv_initial_get_out *out, struct rv_diag *diag)
{
	struct rv_initial initial;
	int err = find(ctx, in->group, in->version, &initial, diag);

	if (err != RV_OK)
		return err;
	hide(&initial);
	out->initial = initial;
	return RV_OK;
}

int rs_op_initial_text(struct rs_ctx *ctx, const struct rv_initial_text_in *in,
		       struct rv_initial_text_out *out, struct rv_diag *diag)
{
	struct rv_initial initial;
	struct rv_str text;
	int err = find(ctx, in->group, in->version, &initial, diag);

	if (err == RV_OK)
		err = render(ctx, &initial, &text, diag);
	if (err == RV_OK)
		*out = (struct rv_initial_text_out){ .has_text = true, .body = text };
	return err;
}

struct history {
	struct rs_ctx *ctx;
	struct rv_initial_version *list;
	size_t count;
};

static int take_version(const struct rv_db_row *row, void *arg)
{
	struct history *h = arg;
	struct rv_initial initial = { 0 };
	int err = take(h->ctx, row, &initial);

	h->list[h->count++] = (struct rv_initial_version){ .version = initial.version,
							   .created_at = initial.created_at,
							   .author = initial.author,
							   .comment = initial.comment,
							   .anchor = initial.anchor };
	return err;
}

int rs_op_initial_history(struct rs_ctx *ctx, const struct rv_initial_history_in *in,
			  struct rv_initial_history_out *out, struct rv_diag *diag)
{
	uint32_t limit = in->has_limit ? in->limit : HISTORY_DEFAULT;
	uint32_t before = in->before > 0 ? in->before : UINT32_MAX;
	struct history h = { .ctx = ctx };

	h.list = rv_arena_array(ctx->arena, limit, sizeof(*h.list));
	if (h.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_initial_list,
			      RV_DB_PARAMS(RV_DB_T(in->group), RV_DB_I(before), RV_DB_I(limit)),
			      take_version, &h);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->versions = h.list;
	out->versions_len = h.count;
	return RV_OK;
}

int rs_op_initial_diff(struct rs_ctx *ctx, const struct rv_initial_diff_in *in,
		       struct rv_initial_diff_out *out, struct rv_diag *diag)
{
	struct rv_initial from = { 0 }, to = { 0 };
	uint32_t newest = 0;
	int err = newest_of(ctx, in->group, &newest, diag);

	if (err != RV_OK)
		return err;
	uint32_t last = in->has_to ? in->to : newest;
	uint32_t first = in->has_from || last == 0 ? in->from : last - 1;
	err = find_version(ctx, in->group, last, &to, diag);
	if (err == RV_OK)
		err = find_version(ctx, in->group, first, &from, diag);
	if (err != RV_OK)
		return err;
	out->changes = rv_arena_array(ctx->arena, CHANGES_MAX, sizeof(*out->changes));
	if (out->changes == NULL)
		return -ENOMEM;
	return compare(ctx, &from, &to, out->changes, &out->changes_len);
}
