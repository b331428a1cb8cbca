#include "server/rs/roll.h"

#include <errno.h>
#include <string.h>

#include "log/log.h"
#include "pki/pki.h"
#include "proto/armshttp/server.h"
#include "server/rs/sql/sql.h"
#include "server/rs/upgrade.h"

enum {
	LIST_DEFAULT = 100,
	RS_URL_MAX = 127,                    /* spec/arms-protocol.md 2.1 */
	PATH_MAX_LEN = RV_ARMSHTTP_PATH_MAX, /* behind the first '/' */
};

static const char anchor_word[] = "?anchor=";

/* -- tags ------------------------------------------------------------------------------------ */

static struct rv_str tag_of_print(const char *print)
{
	return rv_str_sub(rv_str(print), 0, RS_TAG_LEN);
}

void rs_roll_tag_of(struct rv_str path, char out[static RS_TAG_LEN + 1])
{
	const size_t len = sizeof(anchor_word) - 1 + RS_TAG_LEN;
	struct rv_str end = path.len > len ? rv_str_sub(path, path.len - len, path.len)
					   : (struct rv_str){ 0 };
	struct rv_str tag;

	out[0] = '\0';
	if (!rv_str_starts(end, anchor_word))
		return;
	tag = rv_str_sub(end, sizeof(anchor_word) - 1, end.len);
	for (size_t i = 0; i < tag.len; i++) {
		if (memchr("0123456789abcdef", tag.ptr[i], 16) == NULL)
			return;
	}
	(void)rv_str_copy(tag, out, RS_TAG_LEN + 1);
}

/* "https://192.0.2.1:8443/arms" -> what stands behind the third '/', its length */
static size_t path_len(struct rv_str url)
{
	struct rv_str rest = rv_str_sub(url, sizeof("https://") - 1, url.len);
	size_t slash = rv_str_find(rest, '/');

	return slash < rest.len ? rest.len - slash - 1 : 0;
}

int rs_roll_tag_url(struct rs_ctx *ctx, struct rv_str url, struct rv_str anchor_pem,
		    struct rv_str *out, struct rv_diag *diag)
{
	struct rv_buf text = { 0 };
	struct rv_pki_info info;
	int err;

	*out = url;
	if (!ctx->rs->authority.is_tagged)
		return RV_OK;
	err = rv_pki_inspect(anchor_pem, &info, diag);
	if (err != RV_OK)
		return err;
	rv_buf_put_str(&text, url);
	if (path_len(url) == 0 && !(url.len > 0 && url.ptr[url.len - 1] == '/'))
		rv_buf_putc(&text, '/');
	rv_buf_puts(&text, anchor_word);
	rv_buf_put_str(&text, tag_of_print(info.print));
	err = text.err;
	if (err == RV_OK && (text.len > RS_URL_MAX || path_len(rv_buf_str(&text)) > PATH_MAX_LEN))
		err = rv_diag_set(diag, RV_ELIMIT, "roll.url", "rs_urls",
				  "%.*s: with \"%s\" and %d digits behind it, it is longer than a "
				  "device takes (%d, of which %d for the path)",
				  RV_STR_ARG(url), anchor_word, RS_TAG_LEN, RS_URL_MAX,
				  PATH_MAX_LEN);
	if (err == RV_OK) {
		*out = rv_arena_str(ctx->arena, rv_buf_str(&text));
		err = out->ptr != NULL ? RV_OK : -ENOMEM;
	}
	rv_buf_deinit(&text);
	return err;
}

bool rs_roll_is_current(const struct rv_rs *rs, struct rv_str ca)
{
	return rv_str_is(ca, rs->authority.print);
}

/* -- the state ------------------------------------------------------------------------------- */

struct taking {
	struct rs_reader r;
	int64_t id;
	struct rv_roll roll;
	int64_t left_at_end;
};

static int take_roll(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rv_roll *roll = &t->roll;

	t->r.row = row;
	t->id = rs_read_int(&t->r);
	roll->state = (enum rv_roll_state)rs_read_int(&t->r);
	roll->old_ca = rs_read_str(&t->r);
	roll->new_ca = rs_read_str(&t->r);
	roll->is_dual = rs_read_bool(&t->r);
	roll->has_started_at = rs_read_opt(&t->r, &roll->started_at);
	roll->has_ended_at = rs_read_opt(&t->r, &roll->ended_at);
	roll->ended_by = rs_read_str(&t->r);
	t->left_at_end = rs_read_int(&t->r);
	return t->r.err;
}

static int latest(struct rs_ctx *ctx, struct taking *t)
{
	*t = (struct taking){ .r.ctx = ctx };
	int err = rs_query_one(ctx, &rs_sql_roll_latest, RV_DB_NO_PARAMS, take_roll, t);

	return err == RV_ENOTFOUND ? RV_OK : err;
}

static int meta_print(struct rs_ctx *ctx, const char *name, char out[static RS_PRINT_LEN + 1])
{
	struct rv_str value;
	int err = rs_meta_get(ctx, name, &value);

	if (err != RV_OK)
		return err;
	return rv_str_copy(value, out, RS_PRINT_LEN + 1) ? RV_OK : RV_ECORRUPT;
}

static int begin(struct rs_ctx *ctx, const char *was)
{
	const struct rs_authority *a = &ctx->rs->authority;
	bool is_dual = strcmp(a->second, was) == 0;
	struct taking open;
	int err = latest(ctx, &open);

	if (err == RV_OK && open.roll.state == RV_ROLL_STATE_OVERLAP)
		err = rv_db_exec(ctx->tx, &rs_sql_roll_end,
				 RV_DB_PARAMS(RV_DB_I(open.id), RV_DB_I(RV_ROLL_STATE_REPLACED),
					      RV_DB_I(ctx->now_us), RV_DB_T(ctx->author),
					      RV_DB_I(0)),
				 NULL);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_roll_insert,
				 RV_DB_PARAMS(RV_DB_I(rv_id_make(&ctx->rs->ids, ctx->now_us)),
					      RV_DB_T(rv_str(was)), RV_DB_T(rv_str(a->print)),
					      RV_DB_I(is_dual), RV_DB_I(ctx->now_us)),
				 NULL);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_certificate_due_before,
				 RV_DB_PARAMS(RV_DB_I(INT64_MAX)), NULL);
	if (err == RV_OK)
		rv_log(is_dual ? RV_LOG_INFO : RV_LOG_WARN, "rs.ca_roll.began",
		       RV_KV("old", tag_of_print(was)), RV_KV("new", tag_of_print(a->print)),
		       RV_KS("old_is_accepted", is_dual ? "yes" : "no"));
	return err;
}

/* The store may be opened with the old CA taken out of the file, or put back into it. */
static int note_dual(struct rs_ctx *ctx, const struct taking *open)
{
	bool is_dual = rv_str_is(open->roll.old_ca, ctx->rs->authority.second);

	if (open->roll.state != RV_ROLL_STATE_OVERLAP || open->roll.is_dual == is_dual)
		return RV_OK;
	return rv_db_exec(ctx->tx, &rs_sql_roll_dual,
			  RV_DB_PARAMS(RV_DB_I(open->id), RV_DB_I(is_dual)), NULL);
}

/* Was this CA handed out by this store before? A store of the first release kept no anchor. */
static int is_known(struct rs_ctx *ctx, const char *was, bool *out)
{
	if (was[0] == '\0')
		return rs_upgrade_knows_ca(ctx, out);
	*out = strcmp(was, ctx->rs->authority.print) == 0;
	return RV_OK;
}

int rs_roll_note(struct rs_ctx *ctx, bool *has_changed)
{
	struct rs_authority *a = &ctx->rs->authority;
	char was[RS_PRINT_LEN + 1], first[RS_PRINT_LEN + 1];
	struct taking open;
	bool is_same = false;
	int err = meta_print(ctx, "anchor", was);

	if (err == RV_OK)
		err = is_known(ctx, was, &is_same);
	*has_changed = !is_same;
	if (err == RV_OK && was[0] != '\0' && !is_same)
		err = begin(ctx, was);
	if (err == RV_OK && strcmp(was, a->print) != 0)
		err = rs_meta_put(ctx, "anchor", a->print);
	if (err == RV_OK && was[0] == '\0')
		err = rs_meta_put(ctx, "anchor-first", a->print);
	if (err == RV_OK)
		err = meta_print(ctx, "anchor-first", first);
	if (err == RV_OK)
		err = latest(ctx, &open);
	if (err == RV_OK)
		err = note_dual(ctx, &open);
	if (err != RV_OK)
		return err;
	a->is_tagged = open.id != 0;
	return rv_str_copy(tag_of_print(first), a->untagged, sizeof(a->untagged)) ? RV_OK
										  : RV_ECORRUPT;
}

/* -- operations ------------------------------------------------------------------------------ */

/* The words in device_state.anchor that mean the current anchor: its tag, and perhaps "". */
struct done_words {
	struct rv_str tag, other;
};

static struct done_words done_words(struct rs_ctx *ctx)
{
	const struct rs_authority *a = &ctx->rs->authority;
	struct rv_str tag = tag_of_print(a->print);

	return (struct done_words){ tag, rv_str_is(tag, a->untagged) ? RV_STR_LIT("") : tag };
}

static int count_devices(struct rs_ctx *ctx, struct rv_roll *roll)
{
	struct rv_str name = rv_str(ctx->rs->settings.name);
	struct done_words words = done_words(ctx);
	int64_t devices = 0, left = 0;
	int err = rs_query_int(ctx, &rs_sql_roll_devices, RV_DB_PARAMS(RV_DB_T(name)), &devices);

	if (err == RV_OK)
		err = rs_query_int(
			ctx, &rs_sql_roll_left_count,
			RV_DB_PARAMS(RV_DB_T(words.tag), RV_DB_T(words.other), RV_DB_T(name)),
			&left);
	roll->devices = (uint64_t)devices;
	roll->left = (uint64_t)left;
	roll->done = (uint64_t)(devices - left);
	return err;
}

static int read_roll(struct rs_ctx *ctx, struct taking *t, struct rv_diag *diag)
{
	int err = latest(ctx, t);

	if (err == RV_OK)
		err = count_devices(ctx, &t->roll);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (t->id == 0)
		t->roll.new_ca = rv_str(ctx->rs->authority.print);
	return RV_OK;
}

int rs_op_roll_status(struct rs_ctx *ctx, const struct rv_roll_status_in *in,
		      struct rv_roll_status_out *out, struct rv_diag *diag)
{
	struct taking t;
	int err = read_roll(ctx, &t, diag);

	(void)in;
	out->roll = t.roll;
	return err;
}

struct listing {
	struct rs_ctx *ctx;
	struct rv_roll_device *list;
	size_t count;
};

static int take_left(const struct rv_db_row *row, void *arg)
{
	struct listing *l = arg;
	struct rs_reader r = { .row = row, .ctx = l->ctx };

	struct rv_roll_device *device = &l->list[l->count++];

	device->distid = rs_read_str(&r);
	device->last_contact_at = rs_read_int(&r);
	device->last_address = rs_read_str(&r);
	return r.err;
}

int rs_op_roll_left(struct rs_ctx *ctx, const struct rv_roll_left_in *in,
		    struct rv_roll_left_out *out, struct rv_diag *diag)
{
	size_t limit = in->has_limit ? in->limit : LIST_DEFAULT;
	struct done_words words = done_words(ctx);
	struct listing l = { .ctx = ctx };

	l.list = rv_arena_array(ctx->arena, limit + 1, sizeof(*l.list));
	if (l.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_roll_left_list,
			      RV_DB_PARAMS(RV_DB_T(words.tag), RV_DB_T(words.other),
					   RV_DB_T(rv_str(ctx->rs->settings.name)),
					   RV_DB_T(in->after), RV_DB_I(limit + 1)),
			      take_left, &l);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->devices = l.list;
	out->devices_len = l.count > limit ? limit : l.count;
	if (l.count > limit)
		out->next = l.list[limit - 1].distid;
	return RV_OK;
}

int rs_op_roll_finish(struct rs_ctx *ctx, const struct rv_roll_finish_in *in,
		      struct rv_roll_finish_out *out, struct rv_diag *diag)
{
	struct taking t;
	int err = read_roll(ctx, &t, diag);

	if (err != RV_OK)
		return err;
	if (t.roll.state == RV_ROLL_STATE_NONE)
		return rv_diag_set(diag, RV_ENOTFOUND, "roll.none", "",
				   "there is no roll-over of the RS CA");
	if (t.roll.state == RV_ROLL_STATE_OVERLAP && t.roll.left > 0 && !in->is_forced)
		return rv_diag_set(diag, RV_ECONFLICT, "roll.left", "",
				   "devices not seen on the new CA yet: %llu of %llu",
				   (unsigned long long)t.roll.left,
				   (unsigned long long)t.roll.devices);
	if (t.roll.state == RV_ROLL_STATE_OVERLAP) {
		err = rv_db_exec(ctx->tx, &rs_sql_roll_end,
				 RV_DB_PARAMS(RV_DB_I(t.id), RV_DB_I(RV_ROLL_STATE_FINISHED),
					      RV_DB_I(ctx->now_us), RV_DB_T(ctx->author),
					      RV_DB_I(t.roll.left)),
				 NULL);
		if (err != RV_OK)
			return rs_db_failed(diag, err);
		rv_log(RV_LOG_INFO, "rs.ca_roll.finished", RV_KV("by", ctx->author),
		       RV_KI("left", t.roll.left));
		err = read_roll(ctx, &t, diag);
	}
	out->roll = t.roll;
	return err;
}
