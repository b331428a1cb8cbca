/* What a device that asks is told, and what its RS hears of it. */
#include <errno.h>

#include "server/ls/decide.h"
#include "server/ls/share.h"
#include "server/ls/sql/sql.h"
#include "server/ls/store_priv.h"

enum { CODE_SUCCESS = 100 };

struct found {
	struct ls_store *store;
	struct rv_arena *arena;
	bool is_there, is_enabled;
	const struct ls_operator *holder;
	struct rv_str mac, rs_key_box, location, group, body_box, next_box;
	/* What it was given last. */
	uint32_t version;
	struct rv_str anchor, given_location;
	int err;
};

static struct rv_str copy(struct found *f, const struct rv_db_row *row, unsigned col)
{
	struct rv_str s = rv_arena_str(f->arena, rv_db_col_str(row, col));

	if (s.ptr == NULL)
		f->err = -ENOMEM;
	return s;
}

static int take_claim(const struct rv_db_row *row, void *arg)
{
	struct found *f = arg;

	f->holder = ls_operator_find(f->store, rv_db_col_str(row, 0));
	f->is_there = f->holder != NULL;
	f->is_enabled = rv_db_col_int(row, 1) != 0;
	f->mac = copy(f, row, 2);
	f->rs_key_box = copy(f, row, 3);
	f->location = copy(f, row, 4);
	f->group = copy(f, row, 5);
	f->version = (uint32_t)rv_db_col_int(row, 6);
	f->anchor = copy(f, row, 7);
	f->given_location = copy(f, row, 8);
	return f->err;
}

static int take_place(const struct rv_db_row *row, void *arg)
{
	struct found *f = arg;

	f->body_box = copy(f, row, 0);
	f->next_box = copy(f, row, 1);
	return f->err;
}

static int look_up(struct rv_db_tx *tx, struct rv_str distid, struct found *f)
{
	int err = rv_db_query(tx, &ls_sql_claim_for_solicit, RV_DB_PARAMS(RV_DB_T(distid)),
			      take_claim, f);

	if (err == RV_OK && f->is_there)
		err = rv_db_query(
			tx, &ls_sql_place_get,
			RV_DB_PARAMS(RV_DB_T(rv_str(f->holder->name)), RV_DB_T(f->location)),
			take_place, f);
	return err;
}

/* -- the MAC of the key presented ------------------------------------------------------------- */

struct mac_key {
	uint8_t box[RV_SECRET_MAC_KEY_LEN + RV_SECRET_BOX_EXTRA];
	size_t len;
};

static int take_mac_key(const struct rv_db_row *row, void *arg)
{
	struct mac_key *key = arg;
	struct rv_str box = rv_db_col_str(row, 5);

	if (box.len > sizeof(key->box))
		return RV_ECORRUPT;
	for (key->len = 0; key->len < box.len; key->len++)
		key->box[key->len] = (uint8_t)box.ptr[key->len];
	return RV_OK;
}

/* Without a key of its RS the operator shares our key file: the RS on this machine, or a file. */
int ls_mac(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
	   struct rv_str distid, struct rv_str key, uint8_t out[static RV_SECRET_MAC_LEN])
{
	struct mac_key box = { .len = 0 };
	struct rv_buf plain = { .wipe = true };
	int err = rv_db_query(tx, &ls_sql_operator_get, RV_DB_PARAMS(RV_DB_T(rv_str(op->name))),
			      take_mac_key, &box);

	if (err == RV_OK && box.len == 0) {
		rv_secret_mac(store->secret, distid, key, out);
		return RV_OK;
	}
	if (err == RV_OK)
		err = rv_secret_unseal(store->secret, "ls.mac_key", rv_str(op->name),
				       rv_strn(box.box, box.len), &plain);
	if (err == RV_OK && plain.len != RV_SECRET_MAC_KEY_LEN)
		err = RV_ECORRUPT;
	if (err == RV_OK)
		rv_secret_mac_by((const uint8_t *)plain.ptr, distid, key, out);
	rv_buf_deinit(&plain);
	return err;
}

/* -- the answer ------------------------------------------------------------------------------- */

static void take_next(const struct rv_feed_next *next, struct rv_feed_location *out)
{
	out->version = next->version;
	out->anchor = next->anchor;
	out->ll_timeout = next->ll_timeout;
	out->rs_retry_max = next->rs_retry_max;
	out->rs_retry_interval = next->rs_retry_interval;
	out->entries = next->entries;
	out->entries_len = next->entries_len;
}

static int fill_next(struct ls_store *store, struct rv_str distid, const struct found *f,
		     struct rv_str id, struct rv_feed_location *out)
{
	struct rv_feed_next next = { 0 };
	struct rv_str body;
	int err = ls_unseal(store, f->arena, "ls.next", id, f->next_box, &body);

	if (err == RV_OK)
		err = rv_feed_next_decode(body, f->arena, &next);
	if (err == RV_OK && ls_share_has(&next, distid, f->group))
		take_next(&next, out);
	return err;
}

static int fill_answer(struct ls_store *store, struct rv_str distid, const struct found *f,
		       struct rv_ls_solicit_out *out)
{
	struct rv_str operator_name = rv_str(f->holder->name), body;
	struct ls_box_id room;
	int err = ls_unseal(store, f->arena, "ls.rs_key", ls_box_id(operator_name, distid, &room),
			    f->rs_key_box, &out->rs_key);
	struct rv_str id = ls_box_id(operator_name, f->location, &room);

	if (err == RV_OK)
		err = ls_unseal(store, f->arena, "ls.location", id, f->body_box, &body);
	if (err == RV_OK)
		err = rv_feed_location_decode(body, f->arena, &out->location);
	if (err == RV_OK && f->next_box.len > 0)
		err = fill_next(store, distid, f, id, &out->location);
	return err;
}

/* Only what its RS does not know yet. A source without versions tells nothing. */
static void note_given(struct rv_str distid, const struct found *f,
		       const struct rv_feed_location *given, struct ls_outcome *out)
{
	out->has_given = given->version != 0 &&
			 (given->version != f->version || !rv_str_eq(given->anchor, f->anchor) ||
			  !rv_str_eq(f->location, f->given_location));
	if (out->has_given)
		out->given = (struct rv_ls_given){ .distid = distid,
						   .location = f->location,
						   .version = given->version,
						   .anchor = given->anchor };
}

static int make_mac(struct ls_store *store, struct rv_db_tx *tx, struct found *f,
		    const struct rv_ls_solicit_in *in, struct rv_str *out)
{
	uint8_t mac[RV_SECRET_MAC_LEN];
	int err = ls_mac(store, tx, f->holder, in->distid, in->key, mac);

	if (err == RV_OK) {
		*out = rv_arena_str(f->arena, rv_strn(mac, sizeof(mac)));
		err = out->ptr != NULL ? RV_OK : -ENOMEM;
	}
	return err;
}

int ls_solicit(struct ls_store *store, struct rv_db_tx *tx, struct rv_arena *arena, int64_t now_us,
	       const struct rv_ls_solicit_in *in, struct rv_ls_solicit_out *out,
	       struct ls_outcome *outcome)
{
	struct found f = { .store = store, .arena = arena };
	struct ls_claim claim = { .distid = in->distid, .message_distid = in->message_distid };
	int err = look_up(tx, in->distid, &f);

	if (err == RV_OK && f.is_there)
		err = make_mac(store, tx, &f, in, &claim.key_mac);
	if (err != RV_OK)
		return err;
	struct ls_facts facts = { .is_known = f.is_there,
				  .key_mac = f.mac,
				  .is_enabled = f.is_enabled,
				  .has_location = f.body_box.len > 0 };
	struct ls_verdict verdict = ls_decide(&facts, &claim);

	*out = (struct rv_ls_solicit_out){ .code = verdict.code,
					   .description = rv_str(verdict.description) };
	*outcome = (struct ls_outcome){ .holder = f.holder };
	if (verdict.is_waiting)
		outcome->note = (struct rv_rs_waiting_note_in){ .distid = in->distid,
								.reason = verdict.reason,
								.address = in->address,
								.description = in->description,
								.key_mac = claim.key_mac,
								.at = now_us };
	if (verdict.code != CODE_SUCCESS)
		return RV_OK;
	err = fill_answer(store, in->distid, &f, out);
	if (err == RV_OK)
		note_given(in->distid, &f, &out->location, outcome);
	return err;
}
