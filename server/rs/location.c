#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pki/pki.h"
#include "server/rs/location.h"
#include "server/rs/sql/sql.h"
#include "server/rs/url.h"

/* -- checks --------------------------------------------------------------------------------- */

int rs_check_name(struct rv_str name, struct rv_diag *diag)
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
static int check_urls(const struct rv_location *in, struct rv_diag *diag)
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
int rs_check_root(struct rv_str pem, const char *field, struct rv_diag *diag)
{
	struct rv_pki_info info;

	if (rv_pki_inspect(pem, &info, diag) != RV_OK)
		return RV_EINVALID;
	if (info.count != 1 || strcmp(info.subject, info.issuer) != 0)
		return rv_diag_set(diag, RV_EINVALID, "location.certificate", field,
				   "must be exactly one self-signed root certificate");
	return RV_OK;
}

/* All of them fit one answer of location.list. */
static int check_count(struct rs_ctx *ctx, struct rv_str name, struct rv_diag *diag)
{
	int64_t others = 0;
	int err = rs_query_int(ctx, &rs_sql_location_others, RV_DB_PARAMS(RV_DB_T(name)), &others);

	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (others >= RS_LOCATION_LIST_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "location.many", "name",
				   "there are %d Location-Configs, which is the limit",
				   RS_LOCATION_LIST_MAX);
	return RV_OK;
}

/* What devices of every kind must be able to use. The size is checked by rendering. */
static int check_content(const struct rv_location *location, struct rv_diag *diag)
{
	int err = check_urls(location, diag);

	return err == RV_OK
		       ? rs_check_root(location->rs_certificate_pem, "rs_certificate_pem", diag)
		       : err;
}

/* Groups that are there, ids in canonical form. */
static int check_share(struct rs_ctx *ctx, struct rv_location *location, struct rv_diag *diag)
{
	struct rv_str *ids = rv_arena_array(ctx->arena, location->distids_len + 1, sizeof(*ids));
	struct rv_group_get_out group;
	int err = ids != NULL ? RV_OK : -ENOMEM;

	for (size_t i = 0; err == RV_OK && i < location->groups_len; i++)
		err = rs_op_group_get(ctx, &(struct rv_group_get_in){ location->groups[i] }, &group,
				      diag);
	for (size_t i = 0; err == RV_OK && i < location->distids_len; i++)
		err = rs_distid(ctx, location->distids[i], &ids[i], diag);
	location->distids = ids;
	return err;
}

/* -- operations ----------------------------------------------------------------------------- */

static void from_input(struct rs_ctx *ctx, const struct rv_location_set_in *in,
		       struct rv_location *out)
{
	const struct rs_settings *s = &ctx->rs->settings;

	*out = (struct rv_location){
		.name = in->name,
		.rs_urls = in->rs_urls,
		.rs_urls_len = in->rs_urls_len,
		.lines = in->lines,
		.lines_len = in->lines_len,
		.follows_ca = in->rs_certificate_pem.len == 0,
		.rs_certificate_pem = in->rs_certificate_pem.len > 0 ? in->rs_certificate_pem
								     : rv_buf_str(&ctx->rs->ca_pem),
		.ll_timeout = in->has_ll_timeout ? in->ll_timeout : s->ll_timeout_s,
		.rs_retry_max = in->has_rs_retry_max ? in->rs_retry_max : s->rs_retry_max,
		.rs_retry_interval = in->has_rs_retry_interval ? in->rs_retry_interval
							       : s->rs_retry_interval_s,
		.comment = in->comment,
		.percent = in->has_percent ? in->percent : 0,
		.groups = in->groups,
		.groups_len = in->groups_len,
		.distids = in->distids,
		.distids_len = in->distids_len,
	};
}

/* Without a share it is for everybody. */
static bool is_for_all(const struct rv_location_set_in *in)
{
	return in->has_percent ? in->percent == 100 : in->groups_len + in->distids_len == 0;
}

/* The share of the newest version is as *location says. */
static int set_share(struct rs_ctx *ctx, struct rv_location *location, struct rv_diag *diag)
{
	struct rv_str share = { 0 };
	int err = RV_OK;

	if (location->percent == 100) {
		location->stable_version = location->version;
		location->groups_len = location->distids_len = 0;
	} else {
		err = rs_location_put_share(ctx, location, &share);
	}
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_location_set_rollout,
				 RV_DB_PARAMS(RV_DB_I(location->stable_version),
					      share.len > 0 ? RV_DB_B(share) : RV_DB_N,
					      RV_DB_T(location->name)),
				 NULL);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_LOCATION, location->name, false);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* What is the newest version already makes no other one. */
static int set_again(struct rs_ctx *ctx, const struct rv_location_set_in *in,
		     struct rv_location *newest, struct rv_diag *diag)
{
	if (newest->stable_version == newest->version)
		return RV_OK;
	newest->percent = is_for_all(in) ? 100 : in->percent;
	newest->groups = in->groups;
	newest->groups_len = in->groups_len;
	newest->distids = in->distids;
	newest->distids_len = in->distids_len;
	return set_share(ctx, newest, diag);
}

static int set_first(struct rs_ctx *ctx, struct rv_location *location, bool is_all,
		     struct rv_diag *diag)
{
	if (!is_all)
		return rv_diag_set(
			diag, RV_EINVALID, "location.first", "percent",
			"the first version of a Location-Config is for all devices: there "
			"is nothing else to give them");
	return rs_location_append(ctx, location, true, diag);
}

int rs_op_location_set(struct rs_ctx *ctx, const struct rv_location_set_in *in,
		       struct rv_location_set_out *out, struct rv_diag *diag)
{
	struct rv_location location, newest;
	bool is_same = false, is_all = is_for_all(in);
	int err = rs_check_name(in->name, diag);

	from_input(ctx, in, &location);
	if (err == RV_OK)
		err = check_count(ctx, in->name, diag);
	if (err == RV_OK)
		err = check_content(&location, diag);
	if (err == RV_OK)
		err = check_share(ctx, &location, diag);
	if (err != RV_OK)
		return err;
	err = rs_location_find(ctx, in->name, &newest, diag);
	if (err == RV_ENOTFOUND) {
		err = set_first(ctx, &location, is_all, diag);
	} else if (err == RV_OK) {
		err = rs_location_is_same(ctx->arena, &location, &newest, &is_same);
		location.stable_version = newest.stable_version;
		if (err == RV_OK && is_same) {
			err = set_again(ctx, in, &newest, diag);
			location = newest;
		} else if (err == RV_OK) {
			err = rs_location_append(ctx, &location, is_all, diag);
		}
	}
	if (err == RV_OK)
		out->location = location;
	return err;
}

int rs_op_location_get(struct rs_ctx *ctx, const struct rv_location_get_in *in,
		       struct rv_location_get_out *out, struct rv_diag *diag)
{
	struct rv_location newest;
	int err = rs_location_find(ctx, in->name, &newest, diag);

	if (err != RV_OK || !in->has_version || in->version == newest.version) {
		if (err == RV_OK)
			out->location = newest;
		return err;
	}
	err = rs_location_version(ctx, in->name, in->version, &out->location, diag);
	out->location.stable_version = newest.stable_version;
	return err;
}

struct taking {
	struct rs_ctx *ctx;
	struct rv_location *list;
	size_t count;
};

static int take_location(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };

	return rs_location_take_row(&r, &t->list[t->count++]);
}

int rs_op_location_list(struct rs_ctx *ctx, const struct rv_location_list_in *in,
			struct rv_location_list_out *out, struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx };

	(void)in;
	t.list = rv_arena_array(ctx->arena, RS_LOCATION_LIST_MAX, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_location_list,
			      RV_DB_PARAMS(RV_DB_I(RS_LOCATION_LIST_MAX)), take_location, &t);
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
				   "Location-Config \"%.*s\" is in use: devices and groups %lld",
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

int rs_op_location_rollout(struct rs_ctx *ctx, const struct rv_location_rollout_in *in,
			   struct rv_location_rollout_out *out, struct rv_diag *diag)
{
	struct rv_location location;
	int err = rs_location_find(ctx, in->name, &location, diag);

	if (err != RV_OK)
		return err;
	if (location.stable_version == location.version)
		return rv_diag_set(diag, RV_ECONFLICT, "location.no-rollout", "name",
				   "version %u of \"%.*s\" is given to all devices: no roll-out is "
				   "under way",
				   location.version, RV_STR_ARG(in->name));
	if (in->has_percent)
		location.percent = in->percent;
	location.groups = in->groups;
	location.groups_len = in->groups_len;
	location.distids = in->distids;
	location.distids_len = in->distids_len;
	err = check_share(ctx, &location, diag);
	if (err == RV_OK)
		err = set_share(ctx, &location, diag);
	if (err == RV_OK)
		out->location = location;
	return err;
}

int rs_op_location_rollback(struct rs_ctx *ctx, const struct rv_location_rollback_in *in,
			    struct rv_location_rollback_out *out, struct rv_diag *diag)
{
	struct rv_location newest, old;
	int err = rs_location_find(ctx, in->name, &newest, diag);

	if (err != RV_OK)
		return err;
	uint32_t version = in->has_version                           ? in->version
			   : newest.stable_version != newest.version ? newest.stable_version
								     : newest.version - 1;
	err = rs_location_version(ctx, in->name, version, &old, diag);
	if (err != RV_OK)
		return err;
	old.comment = rv_str(rv_arena_printf(ctx->arena, "back to version %u", version));
	if (old.follows_ca) /* a root that the RS no longer has would cut the devices off */
		old.rs_certificate_pem = rv_buf_str(&ctx->rs->ca_pem);
	err = check_content(&old, diag);
	if (err == RV_OK)
		err = rs_location_append(ctx, &old, true, diag);
	if (err == RV_OK)
		out->location = old;
	return err;
}
