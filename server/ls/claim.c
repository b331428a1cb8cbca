#include "server/ls/claim.h"

#include <errno.h>

#include "log/log.h"
#include "server/ls/sql/sql.h"
#include "server/ls/store_priv.h"

enum { CLAIMS_MAX = LS_OPERATORS_MAX + 1 }; /* of one id; an operator that is gone included */

enum ls_claim_state ls_claim_judge(bool is_mine, bool is_others, int64_t held, int64_t max)
{
	if (is_mine)
		return LS_CLAIM_HELD;
	if (is_others)
		return LS_CLAIM_TAKEN;
	return max > 0 && held >= max ? LS_CLAIM_LIMIT : LS_CLAIM_HELD;
}

/* -- reading -------------------------------------------------------------------------------- */

struct claims {
	struct ls_store *store;
	const struct ls_operator *operators[CLAIMS_MAX]; /* NULL: of no operator any more */
	enum ls_claim_state states[CLAIMS_MAX];
	size_t count;
	const struct ls_operator *mine; /* whose question it is */
	size_t mine_at;                 /* its place, or count */
};

static int take_claim(const struct rv_db_row *row, void *arg)
{
	struct claims *c = arg;
	struct rv_str name = rv_db_col_str(row, 0);

	if (c->count == CLAIMS_MAX)
		return RV_ECORRUPT;
	if (rv_str_is(name, c->mine->name))
		c->mine_at = c->count;
	c->operators[c->count] = ls_operator_find(c->store, name);
	c->states[c->count++] = (enum ls_claim_state)rv_db_col_int(row, 1);
	return RV_OK;
}

static int read_claims(struct ls_store *store, struct rv_db_tx *tx, struct rv_str distid,
		       const struct ls_operator *op, struct claims *out)
{
	*out = (struct claims){ .store = store, .mine = op, .mine_at = CLAIMS_MAX };
	return rv_db_query(tx, &ls_sql_claim_list, RV_DB_PARAMS(RV_DB_T(distid)), take_claim, out);
}

static bool is_mine(const struct claims *c)
{
	return c->mine_at < c->count && c->states[c->mine_at] == LS_CLAIM_HELD;
}

static bool is_others(const struct claims *c)
{
	return c->count > 0 && c->states[0] == LS_CLAIM_HELD && c->mine_at != 0;
}

static int take_int(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 4);
	return RV_OK;
}

static int count_held(struct rv_db_tx *tx, const struct ls_operator *op, int64_t *out)
{
	*out = 0;
	return rv_db_query(tx, &ls_sql_operator_get, RV_DB_PARAMS(RV_DB_T(rv_str(op->name))),
			   take_int, out);
}

/* -- writing -------------------------------------------------------------------------------- */

static int add_held(struct rv_db_tx *tx, const struct ls_operator *op, int64_t n)
{
	return rv_db_exec(tx, &ls_sql_operator_add_held,
			  RV_DB_PARAMS(RV_DB_I(n), RV_DB_T(rv_str(op->name))), NULL);
}

static int set_state(struct rv_db_tx *tx, const struct ls_operator *op, struct rv_str distid,
		     enum ls_claim_state state)
{
	return rv_db_exec(tx, &ls_sql_claim_set_state,
			  RV_DB_PARAMS(RV_DB_I(state), RV_DB_T(distid), RV_DB_T(rv_str(op->name))),
			  NULL);
}

static int put_claim(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		     const struct rv_feed_device *d, enum ls_claim_state state, int64_t generation,
		     int64_t now_us)
{
	struct rv_buf box = { 0 };
	struct ls_box_id room;
	int err;

	rv_secret_seal(store->secret, "ls.rs_key", ls_box_id(rv_str(op->name), d->distid, &room),
		       d->rs_key, &box);
	err = box.err;
	if (err == RV_OK)
		err = rv_db_exec(tx, &ls_sql_claim_put,
				 RV_DB_PARAMS(RV_DB_T(d->distid), RV_DB_T(rv_str(op->name)),
					      RV_DB_I(now_us), RV_DB_I(state),
					      RV_DB_I(d->is_enabled), RV_DB_B(d->ls_key_mac),
					      RV_DB_B(rv_buf_str(&box)), RV_DB_T(d->location),
					      RV_DB_T(d->group), RV_DB_I(generation)),
				 NULL);
	rv_buf_deinit(&box);
	return err;
}

int ls_claim_put(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		 const struct rv_feed_device *device, int64_t generation, int64_t now_us)
{
	struct claims c;
	int64_t held = 0;
	int err = read_claims(store, tx, device->distid, op, &c);

	if (err == RV_OK && op->devices_max > 0)
		err = count_held(tx, op, &held);
	if (err != RV_OK)
		return err;
	bool was_held = is_mine(&c), is_known = c.mine_at < c.count;
	enum ls_claim_state state = ls_claim_judge(was_held, is_others(&c), held, op->devices_max);

	err = put_claim(store, tx, op, device, state, generation, now_us);
	if (err == RV_OK && state == LS_CLAIM_HELD && !was_held)
		err = add_held(tx, op, 1);
	if (err == RV_OK && state != LS_CLAIM_HELD && !is_known)
		rv_log(RV_LOG_WARN, "ls.claim.refused", RV_KS("operator", op->name),
		       RV_KV("device", device->distid),
		       RV_KS("reason", state == LS_CLAIM_TAKEN ? "taken" : "limit"));
	return err;
}

/* Nobody holds it: the oldest claim whose operator has room does now. */
static int promote(struct ls_store *store, struct rv_db_tx *tx, struct rv_str distid,
		   const struct ls_operator *releaser)
{
	struct claims c;
	int err = read_claims(store, tx, distid, releaser, &c);
	bool is_free = true;

	for (size_t i = 0; err == RV_OK && i < c.count && is_free; i++) {
		const struct ls_operator *op = c.operators[i];
		int64_t held = 0;

		if (op == NULL)
			continue;
		err = count_held(tx, op, &held);
		if (err != RV_OK)
			break;
		enum ls_claim_state state = ls_claim_judge(false, false, held, op->devices_max);
		is_free = state != LS_CLAIM_HELD;
		err = set_state(tx, op, distid, state);
		if (err == RV_OK && !is_free)
			err = add_held(tx, op, 1);
		if (err == RV_OK && !is_free)
			rv_log(RV_LOG_INFO, "ls.claim.moved", RV_KV("device", distid),
			       RV_KS("from", releaser->name), RV_KS("to", op->name));
	}
	return err;
}

static int take_distid(const struct rv_db_row *row, void *arg)
{
	return rv_str_copy(rv_db_col_str(row, 0), arg, 40) ? RV_OK : RV_ECORRUPT;
}

int ls_claim_use_room(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op)
{
	for (;;) {
		char distid[40] = "";
		struct claims c;
		int64_t held = 0;
		int err = count_held(tx, op, &held);

		if (err != RV_OK || (op->devices_max > 0 && held >= op->devices_max))
			return err;
		err = rv_db_query(tx, &ls_sql_claim_over_limit,
				  RV_DB_PARAMS(RV_DB_T(rv_str(op->name))), take_distid, distid);
		if (err != RV_OK || distid[0] == '\0')
			return err;
		err = read_claims(store, tx, rv_str(distid), op, &c);
		if (err != RV_OK)
			return err;
		enum ls_claim_state state = is_others(&c) ? LS_CLAIM_TAKEN : LS_CLAIM_HELD;
		err = set_state(tx, op, rv_str(distid), state);
		if (err == RV_OK && state == LS_CLAIM_HELD)
			err = add_held(tx, op, 1);
		if (err != RV_OK)
			return err;
	}
}

int ls_claim_release(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		     struct rv_str distid)
{
	struct rv_str name = rv_str(op->name);
	struct claims c;
	int err = read_claims(store, tx, distid, op, &c);

	if (err != RV_OK || c.mine_at >= c.count)
		return err;
	err = rv_db_exec(tx, &ls_sql_claim_delete, RV_DB_PARAMS(RV_DB_T(distid), RV_DB_T(name)),
			 NULL);
	if (err == RV_OK)
		err = rv_db_exec(tx, &ls_sql_given_delete,
				 RV_DB_PARAMS(RV_DB_T(distid), RV_DB_T(name)), NULL);
	if (err != RV_OK || !is_mine(&c))
		return err;
	err = add_held(tx, op, -1);
	if (err == RV_OK)
		err = promote(store, tx, distid, op);
	return err == RV_OK && op->devices_max > 0 ? ls_claim_use_room(store, tx, op) : err;
}

struct stale {
	char distids[LS_STALE_STEP][40];
	size_t count;
};

static int take_stale(const struct rv_db_row *row, void *arg)
{
	struct stale *s = arg;

	return take_distid(row, s->distids[s->count++]);
}

int ls_claim_release_stale(struct ls_store *store, struct rv_db_tx *tx,
			   const struct ls_operator *op, int64_t generation, bool *is_more)
{
	struct stale s = { .count = 0 };
	int err = rv_db_query(tx, &ls_sql_claim_stale,
			      RV_DB_PARAMS(RV_DB_T(rv_str(op->name)), RV_DB_I(generation),
					   RV_DB_I(LS_STALE_STEP)),
			      take_stale, &s);

	for (size_t i = 0; err == RV_OK && i < s.count; i++)
		err = ls_claim_release(store, tx, op, rv_str(s.distids[i]));
	*is_more = s.count == LS_STALE_STEP;
	return err;
}
