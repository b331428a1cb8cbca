#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pki/pki.h"
#include "proto/armsconf/location.h"
#include "server/rs/core.h"
#include "server/rs/line.h"
#include "server/rs/roll.h"
#include "server/rs/sql/sql.h"
#include "server/rs/url.h"

enum { LIST_MAX = 1000 };

static const enum rv_armsconf_line_kind wire_kinds[] = {
	[RV_LINE_KIND_PPPOE] = RV_ARMSCONF_LINE_PPPOE,
	[RV_LINE_KIND_DHCP] = RV_ARMSCONF_LINE_DHCP,
	[RV_LINE_KIND_MOBILE] = RV_ARMSCONF_LINE_MOBILE,
	[RV_LINE_KIND_STATIC] = RV_ARMSCONF_LINE_STATIC,
	[RV_LINE_KIND_RA] = RV_ARMSCONF_LINE_RA,
	[RV_LINE_KIND_PPPOE_IPV6] = RV_ARMSCONF_LINE_PPPOE_IPV6,
};

/* -- rendering ------------------------------------------------------------------------------ */

static void to_wire(const struct rv_location *location, struct rv_armsconf_line *out)
{
	for (size_t i = 0; i < location->lines_len; i++) {
		const struct rv_line *line = &location->lines[i];

		out[i] = (struct rv_armsconf_line){ .kind = wire_kinds[line->kind],
						    .ifindex = line->ifindex,
						    .cid = line->cid,
						    .account = line->account,
						    .password = line->password,
						    .telno = line->telno,
						    .apn = line->apn,
						    .pdp_type = line->pdp_type,
						    .ipaddress = line->ipaddress };
	}
}

static struct rv_str certificate_of(struct rs_ctx *ctx, const struct rv_location *location)
{
	return location->rs_certificate_pem.len > 0 ? location->rs_certificate_pem
						    : rv_buf_str(&ctx->rs->ca_pem);
}

/* Every entry carries the lines and the same certificate: devices take both from the first one
 * only (spec 6.2, 10 #6, #54), so that any of them may become the first. */
int rs_location_render(struct rs_ctx *ctx, const struct rv_location *location,
		       struct rv_feed_location *out, struct rv_diag *diag)
{
	struct rv_armsconf_line lines[RV_ARMSCONF_LINES_MAX];
	struct rv_buf text = { .wipe = true };
	struct rv_rs_entry *entries;
	struct rv_str md_config;
	int err;

	to_wire(location, lines);
	err = rv_armsconf_location_render(lines, location->lines_len, certificate_of(ctx, location),
					  &text, diag);
	if (err == RV_OK)
		err = text.err;
	if (err != RV_OK)
		goto fail;
	err = -ENOMEM;
	md_config = rv_arena_str(ctx->arena, rv_buf_str(&text));
	entries = rv_arena_array(ctx->arena, location->rs_urls_len, sizeof(*entries));
	if (md_config.ptr == NULL || entries == NULL)
		goto fail;
	err = RV_OK;
	for (size_t i = 0; i < location->rs_urls_len && err == RV_OK; i++) {
		entries[i].md_config = md_config;
		err = rs_roll_tag_url(ctx, location->rs_urls[i], certificate_of(ctx, location),
				      &entries[i].url, diag);
	}
	if (err != RV_OK)
		goto fail;
	*out = (struct rv_feed_location){ .name = location->name,
					  .ll_timeout = location->ll_timeout,
					  .rs_retry_max = location->rs_retry_max,
					  .rs_retry_interval = location->rs_retry_interval,
					  .entries = entries,
					  .entries_len = location->rs_urls_len };
	err = RV_OK;
fail:
	rv_buf_deinit(&text);
	return err;
}

/* -- checks --------------------------------------------------------------------------------- */

static int check_name(struct rv_str name, struct rv_diag *diag)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	for (size_t i = 0; i < name.len; i++) {
		if (memchr(allowed, name.ptr[i], sizeof(allowed) - 1) == NULL)
			return rv_diag_set(
				diag, RV_EINVALID, "location.name", "name",
				"a name has letters, digits, '.', '_' and '-' only (character "
				"%zu)",
				i + 1);
	}
	return RV_OK;
}

/* Address families a line can carry (spec 2.1, 6.1). */
static bool line_carries(enum rv_line_kind kind, bool is_ipv6)
{
	switch (kind) {
	case RV_LINE_KIND_PPPOE:
	case RV_LINE_KIND_DHCP:
	case RV_LINE_KIND_MOBILE:
		return !is_ipv6;
	case RV_LINE_KIND_RA:
	case RV_LINE_KIND_PPPOE_IPV6:
		return is_ipv6;
	case RV_LINE_KIND_STATIC:
		break;
	}
	return true;
}

/* Each must be one that devices can use, and one of them must be reachable over one of the lines.
 */
static int check_urls(const struct rv_location_set_in *in, struct rv_diag *diag)
{
	bool is_reachable = false;

	for (size_t i = 0; i < in->rs_urls_len; i++) {
		struct rv_diag why = { 0 };
		char where[RV_DIAG_WHERE_MAX];
		bool is_ipv6;

		if (rs_url_check(in->rs_urls[i], &is_ipv6, &why) != RV_OK) {
			snprintf(where, sizeof(where), "rs_urls[%zu]", i);
			return rv_diag_set(diag, RV_EINVALID, "location.url", where, "%s: %.200s",
					   where, why.text);
		}
		for (size_t k = 0; k < in->lines_len; k++)
			is_reachable |= line_carries(in->lines[k].kind, is_ipv6);
	}
	if (!is_reachable)
		return rv_diag_set(
			diag, RV_EINVALID, "location.unreachable", "rs_urls",
			"none of the lines carries the address family of any of the URLs");
	return RV_OK;
}

/* The anchor of a device is one self-signed root: an intermediate is not accepted (spec 2.4). */
static int check_certificate(struct rv_str pem, struct rv_diag *diag)
{
	struct rv_pki_info info;

	if (rv_pki_inspect(pem, &info, diag) != RV_OK)
		return RV_EINVALID;
	if (info.count != 1 || strcmp(info.subject, info.issuer) != 0)
		return rv_diag_set(diag, RV_EINVALID, "location.certificate", "rs_certificate_pem",
				   "must be exactly one self-signed root certificate");
	return RV_OK;
}

/* -- storing -------------------------------------------------------------------------------- */

/* The whole thing in one box: passwords of lines are in it. Names do not change, so the name is the
 * place. */
static int put(struct rs_ctx *ctx, const struct rv_location *location)
{
	struct rv_buf plain = { .wipe = true }, box = { 0 };
	int err;

	rv_location_encode(location, &plain);
	err = plain.err;
	if (err == RV_OK) {
		rv_secret_seal(ctx->rs->secret, "location.spec", location->name, rv_buf_str(&plain),
			       &box);
		err = box.err;
	}
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_location_put,
				 RV_DB_PARAMS(RV_DB_T(location->name), RV_DB_B(rv_buf_str(&box))),
				 NULL);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_LOCATION, location->name, false);
	rv_buf_deinit(&plain);
	rv_buf_deinit(&box);
	return err;
}

static int open_box(struct rs_ctx *ctx, struct rv_str name, struct rv_str box,
		    struct rv_location *out)
{
	struct rv_buf plain = { .wipe = true };
	struct rv_str bytes = { 0 };
	int err = rv_secret_unseal(ctx->rs->secret, "location.spec", name, box, &plain);

	if (err == RV_OK) {
		bytes = rv_arena_str(ctx->arena, rv_buf_str(&plain));
		err = bytes.ptr != NULL ? RV_OK : -ENOMEM;
	}
	rv_buf_deinit(&plain);
	return err == RV_OK ? rv_location_decode(bytes, ctx->arena, out) : err;
}

struct taking {
	struct rs_ctx *ctx;
	struct rv_location *list;
	size_t count;
};

static int take_location(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;

	return open_box(t->ctx, rv_db_col_str(row, 0), rv_db_col_str(row, 1), &t->list[t->count++]);
}

int rs_location_find(struct rs_ctx *ctx, struct rv_str name, struct rv_location *out,
		     struct rv_diag *diag)
{
	struct rv_location found = { 0 };
	struct taking t = { .ctx = ctx, .list = &found };
	int err = rs_query_one(ctx, &rs_sql_location_get, RV_DB_PARAMS(RV_DB_T(name)),
			       take_location, &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "location.unknown", "name",
				   "there is no Location-Config \"%.*s\"", RV_STR_ARG(name));
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	return RV_OK;
}

/* -- operations ----------------------------------------------------------------------------- */

/* All of them fit one answer of location.list. */
static int check_count(struct rs_ctx *ctx, struct rv_str name, struct rv_diag *diag)
{
	int64_t others = 0;
	int err = rs_query_int(ctx, &rs_sql_location_others, RV_DB_PARAMS(RV_DB_T(name)), &others);

	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (others >= LIST_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "location.many", "name",
				   "there are %d Location-Configs, which is the limit", LIST_MAX);
	return RV_OK;
}

int rs_op_location_set(struct rs_ctx *ctx, const struct rv_location_set_in *in,
		       struct rv_location_set_out *out, struct rv_diag *diag)
{
	const struct rs_settings *s = &ctx->rs->settings;
	struct rv_location location = {
		.name = in->name,
		.rs_urls = in->rs_urls,
		.rs_urls_len = in->rs_urls_len,
		.lines = in->lines,
		.lines_len = in->lines_len,
		.rs_certificate_pem = in->rs_certificate_pem,
		.ll_timeout = in->has_ll_timeout ? in->ll_timeout : s->ll_timeout_s,
		.rs_retry_max = in->has_rs_retry_max ? in->rs_retry_max : s->rs_retry_max,
		.rs_retry_interval = in->has_rs_retry_interval ? in->rs_retry_interval
							       : s->rs_retry_interval_s,
		.updated_at = ctx->now_us,
		.has_updated_at = true,
	};
	struct rv_feed_location rendered;
	int err = check_name(in->name, diag);

	if (err == RV_OK)
		err = check_count(ctx, in->name, diag);
	if (err == RV_OK)
		err = check_urls(in, diag);
	if (err == RV_OK && in->rs_certificate_pem.len > 0)
		err = check_certificate(in->rs_certificate_pem, diag);
	if (err == RV_OK)
		err = rs_location_render(ctx, &location, &rendered, diag);
	if (err != RV_OK)
		return err;
	location.md_config_bytes = (uint32_t)rendered.entries[0].md_config.len;
	err = put(ctx, &location);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->location = location;
	return RV_OK;
}

int rs_op_location_get(struct rs_ctx *ctx, const struct rv_location_get_in *in,
		       struct rv_location_get_out *out, struct rv_diag *diag)
{
	return rs_location_find(ctx, in->name, &out->location, diag);
}

int rs_op_location_list(struct rs_ctx *ctx, const struct rv_location_list_in *in,
			struct rv_location_list_out *out, struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx };

	(void)in;
	t.list = rv_arena_array(ctx->arena, LIST_MAX, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_location_list, RV_DB_PARAMS(RV_DB_I(LIST_MAX)),
			      take_location, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->locations = t.list;
	out->locations_len = t.count;
	return RV_OK;
}

int rs_op_location_delete(struct rs_ctx *ctx, const struct rv_location_delete_in *in,
			  struct rv_location_delete_out *out, struct rv_diag *diag)
{
	int64_t users = 0, changed = 0;
	int err = rs_query_int(ctx, &rs_sql_location_users, RV_DB_PARAMS(RV_DB_T(in->name)),
			       &users);

	(void)out;
	if (err == RV_OK && users > 0)
		return rv_diag_set(diag, RV_EBUSY, "location.in-use", "name",
				   "Location-Config \"%.*s\" is in use: devices %lld",
				   RV_STR_ARG(in->name), (long long)users);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_location_delete, RV_DB_PARAMS(RV_DB_T(in->name)),
				 &changed);
	if (err == RV_OK && changed == 0)
		return rv_diag_set(diag, RV_ENOTFOUND, "location.unknown", "name",
				   "there is no Location-Config \"%.*s\"", RV_STR_ARG(in->name));
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_LOCATION, in->name, true);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}
