#include <errno.h>

#include "base/time.h"
#include "server/rs/config.h"
#include "server/rs/core.h"
#include "server/rs/decide.h"
#include "server/rs/hold.h"
#include "server/rs/roll.h"
#include "server/rs/secret.h"
#include "server/rs/sql/sql.h"

/* What the store has of a caller. */
struct device {
	struct rs_reader r;
	struct rs_hold_device hold;
	struct rs_guard_pace pace;
	int64_t id, startup_id, expires_at;
	bool is_enabled, is_ours, has_certificate, is_given, is_due;
	struct rv_str rs_key_box, heartbeat_box, certificate, private_key_box;
};

static int take_device(const struct rv_db_row *row, void *arg)
{
	struct device *d = arg;

	d->r.row = row;
	d->id = rs_read_int(&d->r);
	d->is_enabled = rs_read_bool(&d->r);
	d->is_ours = rv_str_is(rs_read_str(&d->r), d->r.ctx->rs->settings.name);
	d->rs_key_box = rs_read_str(&d->r);
	d->heartbeat_box = rs_read_str(&d->r);
	d->startup_id = rs_read_int(&d->r);
	d->hold.id = d->id;
	d->hold.startup_id = d->startup_id;
	d->hold.delivered_id = rs_read_int(&d->r);
	d->hold.running_id = rs_read_int(&d->r);
	d->hold.is_pending = rs_read_bool(&d->r);
	d->pace.from_us = rs_read_int(&d->r);
	d->pace.pulls = rs_read_int(&d->r);
	d->certificate = rs_read_str(&d->r);
	d->private_key_box = rs_read_str(&d->r);
	d->has_certificate = rs_read_opt(&d->r, &d->expires_at);
	d->is_given = rs_read_bool(&d->r);
	d->is_due = rs_read_bool(&d->r);
	return d->r.err;
}

/* Facts for the judgement of who calls himself `name`; unknown is no failure. *distid is the name
 * in its canonical form. */
static int find_caller(struct rs_ctx *ctx, struct rv_str name, struct rv_str *distid,
		       struct device *device, struct rs_facts *facts)
{
	int err = rs_distid(ctx, name, distid, NULL);

	*device = (struct device){ .r.ctx = ctx };
	*facts = (struct rs_facts){ 0 };
	if (err != RV_OK)
		return err;
	err = rs_query_one(ctx, &rs_sql_device_for_contact, RV_DB_PARAMS(RV_DB_T(*distid)),
			   take_device, device);
	if (err == RV_ENOTFOUND)
		return RV_OK;
	if (err == RV_OK)
		err = rs_unseal(ctx, "device.rs_key", device->id, device->rs_key_box,
				&facts->rs_key);
	if (err != RV_OK)
		return err;
	device->hold.distid = *distid;
	facts->is_known = true;
	facts->is_enabled = device->is_enabled;
	facts->is_ours = device->is_ours;
	facts->has_startup = device->startup_id != 0;
	return RV_OK;
}

/* -- those who wait ------------------------------------------------------------------------- */

struct waiter {
	struct rv_str distid, address, description, mac; /* mac empty: no LS-SA key was presented */
	enum rv_waiting_reason reason;
	enum rv_waiting_device_server server;
	int64_t at;
};

static int mark_found(const struct rv_db_row *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return RV_OK;
}

static int put_waiting(struct rs_ctx *ctx, const struct waiter *w)
{
	char print[RV_SECRET_PRINT_LEN + 1] = "";
	bool is_known = false;
	int err = rv_db_query(ctx->tx, &rs_sql_waiting_exists, RV_DB_PARAMS(RV_DB_T(w->distid)),
			      mark_found, &is_known);

	if (w->mac.len == RV_SECRET_MAC_LEN)
		rv_secret_print(ctx->rs->secret, (const uint8_t *)w->mac.ptr, print);
	if (err == RV_OK)
		err = rv_db_exec(
			ctx->tx, &rs_sql_waiting_put,
			RV_DB_PARAMS(RV_DB_T(w->distid), RV_DB_I(w->reason), RV_DB_I(w->server),
				     RV_DB_I(w->at), RV_DB_T(w->address), RV_DB_T(w->description),
				     w->mac.len == RV_SECRET_MAC_LEN ? RV_DB_B(w->mac) : RV_DB_N,
				     RV_DB_T(rv_str(print))),
			NULL);
	if (err == RV_OK && !is_known)
		err = rv_db_exec(ctx->tx, &rs_sql_waiting_trim,
				 RV_DB_PARAMS(RV_DB_I(ctx->rs->settings.waiting_max)), NULL);
	return err;
}

/* Outcomes that make a caller wait. A device that names two ids at once waits for nothing. */
static bool waiting_reason(enum rv_pull_outcome outcome, enum rv_waiting_reason *out)
{
	switch (outcome) {
	case RV_PULL_OUTCOME_UNKNOWN:
		*out = RV_WAITING_REASON_UNKNOWN;
		return true;
	case RV_PULL_OUTCOME_NO_CONFIG:
		*out = RV_WAITING_REASON_NO_CONFIG;
		return true;
	case RV_PULL_OUTCOME_WRONG_KEY:
		*out = RV_WAITING_REASON_WRONG_KEY;
		return true;
	case RV_PULL_OUTCOME_DISABLED:
		*out = RV_WAITING_REASON_DISABLED;
		return true;
	case RV_PULL_OUTCOME_OTHER_RS:
		*out = RV_WAITING_REASON_OTHER_RS;
		return true;
	case RV_PULL_OUTCOME_DELIVERED:
	case RV_PULL_OUTCOME_ERROR:
	case RV_PULL_OUTCOME_HELD:
	case RV_PULL_OUTCOME_FALLBACK:
		break;
	}
	return false;
}

int rs_contact_note(struct rs_ctx *ctx, const struct rv_rs_waiting_note_in *in)
{
	struct waiter w = { .address = in->address,
			    .description = in->description,
			    .mac = in->key_mac,
			    .reason = in->reason,
			    .server = RV_WAITING_DEVICE_SERVER_LS,
			    .at = in->at };
	int err = rs_distid(ctx, in->distid, &w.distid, NULL);

	return err == RV_OK ? put_waiting(ctx, &w) : err;
}

/* -- config-solicitation -------------------------------------------------------------------- */

/* What becomes of a pull. */
struct pulling {
	const struct rv_rs_pull_in *in;
	struct rv_str distid; /* canonical */
	struct device device;
	struct rs_verdict verdict;
	int64_t pull_id, config_id; /* config_id: delivered, 0 = nothing */
};

static int record_pull(struct rs_ctx *ctx, const struct pulling *p)
{
	const struct rv_rs_pull_in *in = p->in;
	int err = rv_db_exec(ctx->tx, &rs_sql_pull_insert,
			     RV_DB_PARAMS(RV_DB_I(p->pull_id), RV_DB_T(p->distid),
					  RV_DB_I(ctx->now_us), RV_DB_T(in->trigger),
					  RV_DB_T(in->address), RV_DB_T(in->description),
					  RV_DB_T(in->firmware), RV_DB_T(in->protocol_version),
					  RV_DB_I(p->verdict.code), RV_DB_I(p->verdict.outcome),
					  p->config_id != 0 ? RV_DB_I(p->config_id) : RV_DB_N,
					  RV_DB_I(p->verdict.is_stranger)),
			     NULL);

	if (err != RV_OK || !p->verdict.is_stranger)
		return err;
	if (++ctx->rs->stranger_pulls < RS_PULLS_TRIM_EVERY)
		return RV_OK;
	ctx->rs->stranger_pulls = 0;
	return rv_db_exec(ctx->tx, &rs_sql_pull_trim,
			  RV_DB_PARAMS(RV_DB_I(ctx->rs->settings.strangers_max)), NULL);
}

static enum rv_device_state state_after(enum rv_pull_outcome outcome)
{
	switch (outcome) {
	case RV_PULL_OUTCOME_DELIVERED:
		return RV_DEVICE_STATE_CONFIGURED;
	case RV_PULL_OUTCOME_NO_CONFIG:
		return RV_DEVICE_STATE_WAITING;
	case RV_PULL_OUTCOME_HELD:
	case RV_PULL_OUTCOME_FALLBACK:
		return RV_DEVICE_STATE_HELD;
	default:
		return RV_DEVICE_STATE_FAILED;
	}
}

/* A stranger changes nothing of the device whose name it uses. */
static int record_contact(struct rs_ctx *ctx, const struct pulling *p)
{
	struct rs_guard_pace pace = p->device.pace;
	const struct rv_rs_pull_in *in = p->in;
	int err = RV_OK;

	if (p->verdict.is_stranger)
		return RV_OK;
	if (p->config_id != 0)
		err = rs_hold_pace(ctx, p->distid, in->trigger, &pace);
	if (err != RV_OK)
		return err;
	err = rv_db_exec(ctx->tx, &rs_sql_device_contact,
			 RV_DB_PARAMS(RV_DB_I(state_after(p->verdict.outcome)),
				      RV_DB_I(ctx->now_us), RV_DB_T(in->address),
				      in->firmware.len > 0 ? RV_DB_T(in->firmware) : RV_DB_N,
				      p->config_id != 0 ? RV_DB_I(p->config_id) : RV_DB_N,
				      RV_DB_I(p->config_id != 0), RV_DB_I(pace.from_us),
				      RV_DB_I(pace.pulls), RV_DB_I(p->device.id)),
			 NULL);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_device_seen,
				 RV_DB_PARAMS(RV_DB_I(ctx->now_us), RV_DB_I(p->device.id)), NULL);
	return err;
}

static int record_waiting(struct rs_ctx *ctx, const struct pulling *p)
{
	struct waiter w = { .distid = p->distid,
			    .address = p->in->address,
			    .description = p->in->description,
			    .server = RV_WAITING_DEVICE_SERVER_RS,
			    .at = ctx->now_us };

	if (waiting_reason(p->verdict.outcome, &w.reason))
		return put_waiting(ctx, &w);
	if (p->config_id == 0)
		return RV_OK;
	return rv_db_exec(ctx->tx, &rs_sql_waiting_delete, RV_DB_PARAMS(RV_DB_T(p->distid)), NULL);
}

static int copy_list(struct rs_ctx *ctx, const struct rs_list *list, struct rv_str **out, size_t *n)
{
	struct rv_str *strings = rv_arena_array(ctx->arena, list->count + 1, sizeof(*strings));

	if (strings == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		strings[i] = rv_str(list->items[i]);
	*out = strings;
	*n = list->count;
	return RV_OK;
}

static int fill_heartbeats(struct rs_ctx *ctx, const struct device *device,
			   struct rv_rs_pull_out *out)
{
	const struct rs_settings *s = &ctx->rs->settings;
	struct rv_str passphrase;
	int err = rs_unseal(ctx, "device.heartbeat_key", device->id, device->heartbeat_box,
			    &passphrase);

	if (err != RV_OK)
		return err;
	out->heartbeats = rv_arena_array(ctx->arena, s->heartbeat_count + 1,
					 sizeof(*out->heartbeats));
	if (out->heartbeats == NULL)
		return -ENOMEM;
	out->heartbeats_len = s->heartbeat_count;
	for (size_t i = 0; i < s->heartbeat_count; i++)
		out->heartbeats[i] = (struct rv_heartbeat_server){
			.host = rv_str(s->heartbeats[i].host),
			.port = s->heartbeats[i].port,
			.passphrase = passphrase,
			.interval = s->heartbeat_interval_s,
			.algorithm = RV_STR_LIT("hmac-sha1")
		};
	return RV_OK;
}

/* Everything the answer of a delivered pull holds. */
static int fill_answer(struct rs_ctx *ctx, const struct pulling *p, struct rv_rs_pull_out *out)
{
	const struct rs_settings *s = &ctx->rs->settings;
	const struct device *device = &p->device;
	int err = RV_OK;

	out->push_port = s->push_port;
	out->push_timeout = s->push_timeout_s;
	if (device->has_certificate) {
		out->sa_certificate = device->certificate;
		err = rs_unseal(ctx, "certificate.key", device->id, device->private_key_box,
				&out->sa_private_key);
	}
	if (err == RV_OK)
		err = fill_heartbeats(ctx, device, out);
	if (err == RV_OK)
		err = copy_list(ctx, &s->push_addresses, &out->push_addresses,
				&out->push_addresses_len);
	if (err == RV_OK)
		err = copy_list(ctx, &s->pull_urls, &out->pull_urls, &out->pull_urls_len);
	if (err == RV_OK)
		err = rs_config_load(ctx, p->config_id, &out->modules, &out->modules_len);
	if (err == RV_OK)
		err = rs_secret_deliver(ctx, p->pull_id, out->modules, out->modules_len);
	return err;
}

/* The device may have what it asks for; which config is that? */
static int choose_config(struct rs_ctx *ctx, struct pulling *p)
{
	struct rs_guard_choice choice;
	int err = rs_hold_choose(ctx, &p->device.hold, p->in, &choice);

	if (err != RV_OK)
		return err;
	p->config_id = choice.serve;
	if (choice.is_held)
		p->verdict = choice.serve != 0 ? rs_verdict_fallback() : rs_verdict_held();
	return RV_OK;
}

/* Has it none, or one of ours that is due or ends soon? */
static bool wants_certificate(const struct rs_ctx *ctx, const struct device *device)
{
	if (!device->has_certificate)
		return true;
	return !device->is_given &&
	       (device->is_due || device->expires_at < ctx->now_us + ctx->rs->settings.sa_renew_us);
}

/* Which CA the device trusts is told by the URL that it got beside it (roll.h). It counts only when
 * it gets no certificate of an older CA any more: so with one to come it is kept together with
 * that. */
static int record_anchor(struct rs_ctx *ctx, const struct rv_rs_pull_in *in, int64_t device_id,
			 struct rs_pull_extra *extra)
{
	rs_roll_tag_of(in->path, extra->anchor);
	if (!ctx->rs->authority.is_tagged || extra->wants_certificate)
		return RV_OK;
	return rv_db_exec(ctx->tx, &rs_sql_device_anchor,
			  RV_DB_PARAMS(RV_DB_I(device_id), RV_DB_T(rv_str(extra->anchor))), NULL);
}

int rs_contact_keep(struct rs_ctx *ctx, const struct rs_pull_extra *extra,
		    const struct rv_ca_issued *made)
{
	int err = rs_certificate_put(ctx, extra->device_id, made, false);

	if (err != RV_OK || !ctx->rs->authority.is_tagged || !rs_roll_is_current(ctx->rs, made->ca))
		return err;
	return rv_db_exec(ctx->tx, &rs_sql_device_anchor,
			  RV_DB_PARAMS(RV_DB_I(extra->device_id), RV_DB_T(rv_str(extra->anchor))),
			  NULL);
}

int rs_contact_pull(struct rs_ctx *ctx, const struct rv_rs_pull_in *in, struct rv_rs_pull_out *out,
		    struct rs_pull_extra *extra)
{
	struct rs_claim claim = { in->distid, in->key, in->message_distid };
	struct pulling p = { .in = in };
	struct rs_facts facts;
	int err = find_caller(ctx, in->distid, &p.distid, &p.device, &facts);

	if (err != RV_OK)
		return err;
	p.verdict = rs_decide_pull(&facts, &claim);
	p.pull_id = rv_id_make(&ctx->rs->ids, ctx->now_us);
	if (p.verdict.outcome == RV_PULL_OUTCOME_DELIVERED)
		err = choose_config(ctx, &p);
	if (err != RV_OK)
		return err;
	*out = (struct rv_rs_pull_out){ .code = p.verdict.code,
					.description = rv_str(p.verdict.description) };
	if (p.config_id != 0)
		err = fill_answer(ctx, &p, out);
	if (err == RV_OK)
		err = record_pull(ctx, &p);
	if (err == RV_OK)
		err = record_contact(ctx, &p);
	if (err == RV_OK)
		err = record_waiting(ctx, &p);
	extra->outcome = p.verdict.outcome;
	extra->device_id = p.device.id;
	extra->wants_certificate = p.config_id != 0 && wants_certificate(ctx, &p.device);
	if (err == RV_OK && p.config_id != 0)
		err = record_anchor(ctx, in, p.device.id, extra);
	return err;
}

/* -- push-method-query ---------------------------------------------------------------------- */

/* A device asks for push methods once it has applied what it pulled: so this is the sign by which
 * the RS knows its running config. */
static int record_accepted(struct rs_ctx *ctx, const struct rv_rs_method_query_in *in,
			   const struct rs_hold_device *device)
{
	const struct rs_config_event event = { .device_id = device->id,
					       .version_id = device->delivered_id,
					       .previous_id = device->running_id,
					       .kind = RV_CONFIG_KIND_RUNNING,
					       .cause = RV_CONFIG_CAUSE_TAKEN,
					       .author = RV_STR_LIT("device") };
	int err = rv_db_exec(
		ctx->tx, &rs_sql_device_accepted,
		RV_DB_PARAMS(RV_DB_I(ctx->now_us), RV_DB_T(in->address), RV_DB_I(device->id)),
		NULL);

	if (err == RV_OK && device->delivered_id != device->running_id)
		err = rs_config_log(ctx, &event);
	return err == RV_OK && device->is_pending ? rs_hold_taken(ctx, device) : err;
}

static int fill_methods(struct rs_ctx *ctx, const struct rv_rs_method_query_in *in,
			struct rv_rs_method_query_out *out)
{
	const struct rs_settings *s = &ctx->rs->settings;
	struct rs_methods methods;

	rs_choose_methods(s->push_methods.items, s->push_methods.count, in->methods,
			  in->methods_len, s->tunnel_urls.count > 0, &methods);
	if (methods.count == 0) {
		out->code = RS_CODE_MISMATCH;
		out->description = RV_STR_LIT("no push method in common");
		return RV_OK;
	}
	out->methods = rv_arena_array(ctx->arena, methods.count, sizeof(*out->methods));
	if (out->methods == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < methods.count; i++)
		out->methods[i] = methods.names[i];
	out->methods_len = methods.count;
	out->echo_interval = s->echo_interval_s;
	return methods.has_tunnel
		       ? copy_list(ctx, &s->tunnel_urls, &out->tunnel_urls, &out->tunnel_urls_len)
		       : RV_OK;
}

int rs_contact_query(struct rs_ctx *ctx, const struct rv_rs_method_query_in *in,
		     struct rv_rs_method_query_out *out)
{
	struct rs_claim claim = { in->distid, in->key, in->message_distid };
	struct rs_facts facts;
	struct device device;
	struct rv_str distid;
	int err = find_caller(ctx, in->distid, &distid, &device, &facts);

	if (err != RV_OK)
		return err;
	struct rs_verdict verdict = rs_decide_query(&facts, &claim);

	*out = (struct rv_rs_method_query_out){ .code = verdict.code,
						.description = rv_str(verdict.description) };
	if (verdict.outcome != RV_PULL_OUTCOME_DELIVERED)
		return RV_OK;
	err = record_accepted(ctx, in, &device.hold);
	return err == RV_OK ? fill_methods(ctx, in, out) : err;
}
