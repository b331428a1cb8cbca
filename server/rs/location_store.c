/* The store of Location-Configs: versions, their rendering, and what the LS is told of them. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "proto/armsconf/location.h"
#include "server/rs/location.h"
#include "server/rs/roll.h"
#include "server/rs/sql/sql.h"

enum { DER_MAX = 4096 };

/* -- the anchor ----------------------------------------------------------------------------- */

static size_t find_text(struct rv_str s, const char *text)
{
	const char *at = s.len > 0 ? memmem(s.ptr, s.len, text, strlen(text)) : NULL;

	return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

int rs_anchor_of(struct rv_str pem, char out[static RS_ANCHOR_LEN + 1])
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	uint8_t der[DER_MAX], sum[crypto_hash_sha256_BYTES];
	size_t from = find_text(pem, begin), len = 0;

	if (from == pem.len)
		return RV_ESYNTAX;
	struct rv_str body = rv_str_sub(pem, from + sizeof(begin) - 1, pem.len);
	size_t to = find_text(body, "-----END CERTIFICATE-----");
	if (to == body.len || sodium_base642bin(der, sizeof(der), body.ptr, to, " \t\r\n", &len,
						NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return RV_ESYNTAX;
	crypto_hash_sha256(sum, der, len);
	sodium_bin2hex(out, RS_ANCHOR_LEN + 1, sum, sizeof(sum));
	return RV_OK;
}

/* -- rendering ------------------------------------------------------------------------------ */

static const enum rv_armsconf_line_kind wire_kinds[] = {
	[RV_LINE_KIND_PPPOE] = RV_ARMSCONF_LINE_PPPOE,
	[RV_LINE_KIND_DHCP] = RV_ARMSCONF_LINE_DHCP,
	[RV_LINE_KIND_MOBILE] = RV_ARMSCONF_LINE_MOBILE,
	[RV_LINE_KIND_STATIC] = RV_ARMSCONF_LINE_STATIC,
	[RV_LINE_KIND_RA] = RV_ARMSCONF_LINE_RA,
	[RV_LINE_KIND_PPPOE_IPV6] = RV_ARMSCONF_LINE_PPPOE_IPV6,
};

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
	err = rv_armsconf_location_render(lines, location->lines_len, location->rs_certificate_pem,
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
		err = rs_roll_tag_url(ctx, location->rs_urls[i], location->rs_certificate_pem,
				      &entries[i].url, diag);
	}
	if (err != RV_OK)
		goto fail;
	*out = (struct rv_feed_location){ .name = location->name,
					  .version = location->version,
					  .anchor = location->anchor,
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

/* -- boxes ---------------------------------------------------------------------------------- */

/* The whole thing in one box: passwords of lines are in it. Names do not change, so the name is the
 * place; the number of the version stands inside. */
static int seal(struct rs_ctx *ctx, const struct rv_location *location, struct rv_buf *box)
{
	struct rv_location spec = *location;
	struct rv_buf plain = { .wipe = true };

	spec.stable_version = spec.percent = 0; /* of the row, not of the version */
	spec.groups_len = spec.distids_len = 0;
	rv_location_encode(&spec, &plain);
	if (plain.err == RV_OK)
		rv_secret_seal(ctx->rs->secret, "location.spec", location->name, rv_buf_str(&plain),
			       box);
	else
		box->err = plain.err;
	rv_buf_deinit(&plain);
	return box->err;
}

/* What was made before there were versions says neither its number nor its certificate. */
static void complete(struct rs_ctx *ctx, uint32_t version, struct rv_location *out)
{
	char anchor[RS_ANCHOR_LEN + 1];

	if (out->version != 0)
		return;
	out->version = version;
	out->follows_ca = out->rs_certificate_pem.len == 0;
	if (out->follows_ca)
		out->rs_certificate_pem = rv_buf_str(&ctx->rs->ca_pem);
	if (rs_anchor_of(out->rs_certificate_pem, anchor) == RV_OK)
		out->anchor = rv_arena_str(ctx->arena, rv_str(anchor));
}

static int open_box(struct rs_ctx *ctx, struct rv_str name, uint32_t version, struct rv_str box,
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
	if (err == RV_OK)
		err = rv_location_decode(bytes, ctx->arena, out);
	if (err == RV_OK)
		complete(ctx, version, out);
	return err == RV_OK && out->version != version ? RV_ECORRUPT : err;
}

/* Columns name, spec, version. */
int rs_location_take(struct rs_reader *r, struct rv_location *out)
{
	struct rv_str name = rs_read_str(r), box = rs_read_str(r);
	uint32_t version = (uint32_t)rs_read_int(r);

	return r->err == RV_OK ? open_box(r->ctx, name, version, box, out) : r->err;
}

/* The same and stable, rollout. */
int rs_location_take_row(struct rs_reader *r, struct rv_location *out)
{
	struct rv_location_rollout_in share = { 0 };
	int err = rs_location_take(r, out);
	int64_t stable = rs_read_int(r);
	struct rv_str rollout = rs_read_str(r);

	if (err == RV_OK && rollout.len > 0)
		err = rv_location_rollout_in_decode(rollout, r->ctx->arena, &share);
	if (err != RV_OK)
		return err;
	out->stable_version = (uint32_t)stable;
	out->percent = out->stable_version == out->version ? 100 : share.percent;
	out->groups = share.groups;
	out->groups_len = share.groups_len;
	out->distids = share.distids;
	out->distids_len = share.distids_len;
	return r->err;
}

/* -- reading -------------------------------------------------------------------------------- */

struct taking {
	struct rs_reader r;
	struct rv_location *out;
};

static int take_row(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;

	t->r.row = row;
	return rs_location_take_row(&t->r, t->out);
}

static int take_version(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;

	t->r.row = row;
	return rs_location_take(&t->r, t->out);
}

int rs_location_find(struct rs_ctx *ctx, struct rv_str name, struct rv_location *out,
		     struct rv_diag *diag)
{
	struct rv_location found = { 0 };
	struct taking t = { .r.ctx = ctx, .out = &found };
	int err = rs_query_one(ctx, &rs_sql_location_get, RV_DB_PARAMS(RV_DB_T(name)), take_row,
			       &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "location.unknown", "name",
				   "there is no Location-Config \"%.*s\"", RV_STR_ARG(name));
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	return RV_OK;
}

int rs_location_version(struct rs_ctx *ctx, struct rv_str name, uint32_t version,
			struct rv_location *out, struct rv_diag *diag)
{
	struct rv_location found = { 0 };
	struct taking t = { .r.ctx = ctx, .out = &found };
	int err = rs_query_one(ctx, &rs_sql_location_version_get,
			       RV_DB_PARAMS(RV_DB_T(name), RV_DB_I(version)), take_version, &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "location.version", "version",
				   "Location-Config \"%.*s\" has no version %u", RV_STR_ARG(name),
				   version);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	return RV_OK;
}

static void make_next(const struct rv_location *newest, const struct rv_feed_location *rendered,
		      struct rv_feed_next *out)
{
	*out = (struct rv_feed_next){ .version = newest->version,
				      .anchor = newest->anchor,
				      .ll_timeout = rendered->ll_timeout,
				      .rs_retry_max = rendered->rs_retry_max,
				      .rs_retry_interval = rendered->rs_retry_interval,
				      .entries = rendered->entries,
				      .entries_len = rendered->entries_len,
				      .percent = newest->percent,
				      .groups = newest->groups,
				      .groups_len = newest->groups_len,
				      .distids = newest->distids,
				      .distids_len = newest->distids_len };
}

int rs_location_for_feed(struct rs_ctx *ctx, struct rv_str name, struct rv_feed_record *out)
{
	struct rv_location newest, stable;
	struct rv_feed_location rendered;
	int err = rs_location_find(ctx, name, &newest, NULL);

	if (err == RV_OK)
		err = rs_location_render(ctx, &newest, &rendered, NULL);
	if (err != RV_OK || newest.stable_version == newest.version) {
		if (err == RV_OK)
			out->location = rendered;
		return err;
	}
	out->has_next = true;
	make_next(&newest, &rendered, &out->next);
	err = rs_location_version(ctx, name, newest.stable_version, &stable, NULL);
	return err == RV_OK ? rs_location_render(ctx, &stable, &out->location, NULL) : err;
}

/* -- writing -------------------------------------------------------------------------------- */

int rs_location_put_share(struct rs_ctx *ctx, const struct rv_location *location,
			  struct rv_str *out)
{
	struct rv_location_rollout_in share = { .name = location->name,
						.percent = location->percent,
						.has_percent = true,
						.groups = location->groups,
						.groups_len = location->groups_len,
						.distids = location->distids,
						.distids_len = location->distids_len };
	struct rv_buf bytes = { 0 };
	int err;

	rv_location_rollout_in_encode(&share, &bytes);
	*out = rv_arena_str(ctx->arena, rv_buf_str(&bytes));
	err = bytes.err != RV_OK ? bytes.err : out->ptr == NULL ? -ENOMEM : RV_OK;
	rv_buf_deinit(&bytes);
	return err;
}

/* Everything of *location is set. */
static int put(struct rs_ctx *ctx, const struct rv_location *location)
{
	bool is_stable = location->stable_version == location->version;
	struct rv_buf box = { 0 };
	struct rv_str share = { 0 };
	int err = seal(ctx, location, &box);

	if (err == RV_OK && !is_stable)
		err = rs_location_put_share(ctx, location, &share);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_location_version_put,
				 RV_DB_PARAMS(RV_DB_T(location->name), RV_DB_I(location->version),
					      RV_DB_B(rv_buf_str(&box))),
				 NULL);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_location_put,
				 RV_DB_PARAMS(RV_DB_T(location->name), RV_DB_B(rv_buf_str(&box)),
					      RV_DB_I(location->version),
					      RV_DB_I(location->stable_version),
					      is_stable ? RV_DB_N : RV_DB_B(share)),
				 NULL);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_LOCATION, location->name, false);
	rv_buf_deinit(&box);
	return err;
}

int rs_location_append(struct rs_ctx *ctx, struct rv_location *location, bool is_stable,
		       struct rv_diag *diag)
{
	char anchor[RS_ANCHOR_LEN + 1];
	struct rv_feed_location rendered;
	int64_t newest = 0;
	int err = rs_location_render(ctx, location, &rendered, diag);

	if (err == RV_OK && rs_anchor_of(location->rs_certificate_pem, anchor) != RV_OK)
		err = rv_diag_set(diag, RV_EINVALID, "location.certificate", "rs_certificate_pem",
				  "must be exactly one self-signed root certificate");
	if (err != RV_OK)
		return err;
	err = rs_query_int(ctx, &rs_sql_location_version_newest,
			   RV_DB_PARAMS(RV_DB_T(location->name)), &newest);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	location->version = (uint32_t)newest + 1;
	location->md_config_bytes = (uint32_t)rendered.entries[0].md_config.len;
	location->updated_at = ctx->now_us;
	location->has_updated_at = true;
	location->author = ctx->author;
	location->anchor = rv_arena_str(ctx->arena, rv_str(anchor));
	if (is_stable) {
		location->stable_version = location->version;
		location->percent = 100;
		location->groups_len = location->distids_len = 0;
	}
	err = location->anchor.ptr != NULL ? put(ctx, location) : -ENOMEM;
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* -- another CA ----------------------------------------------------------------------------- */

static int append_with_ca(struct rs_ctx *ctx, struct rv_location *location, bool is_stable,
			  struct rv_diag *diag)
{
	struct rv_diag why = { 0 };
	int err;

	location->rs_certificate_pem = rv_buf_str(&ctx->rs->ca_pem);
	location->comment = RV_STR_LIT("another root certificate of the RS");
	err = rs_location_append(ctx, location, is_stable, &why);
	if (err == RV_OK)
		return RV_OK;
	return rv_diag_set(diag, err, "location.ca", "ca.certificate",
			   "Location-Config \"%.*s\" does not go with the new RS CA certificate: "
			   "%.160s",
			   RV_STR_ARG(location->name), why.text);
}

static int follow_ca(struct rs_ctx *ctx, struct rv_location *newest, struct rv_diag *diag)
{
	struct rv_location stable;
	int err;

	if (newest->stable_version == newest->version)
		return append_with_ca(ctx, newest, true, diag);
	err = rs_location_version(ctx, newest->name, newest->stable_version, &stable, diag);
	if (err == RV_OK && stable.follows_ca) {
		err = append_with_ca(ctx, &stable, true, diag);
		newest->stable_version = stable.version;
	}
	return err == RV_OK ? append_with_ca(ctx, newest, false, diag) : err;
}

int rs_location_follow_ca(struct rs_ctx *ctx, struct rv_diag *diag)
{
	const struct rv_location_list_in all = { 0 };
	struct rv_location_list_out list;
	int err = rs_op_location_list(ctx, &all, &list, diag);

	for (size_t i = 0; err == RV_OK && i < list.locations_len; i++) {
		if (list.locations[i].follows_ca)
			err = follow_ca(ctx, &list.locations[i], diag);
	}
	return err;
}
