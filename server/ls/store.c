#include "server/ls/store.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>

#include "base/rand.h"
#include "log/log.h"
#include "server/ls/claim.h"
#include "server/ls/sql/sql.h"
#include "server/ls/store_priv.h"

#define LOCAL "local"

struct rv_str ls_box_id(struct rv_str operator_name, struct rv_str name, struct ls_box_id *out)
{
	int n = rv_str_is(operator_name, LOCAL)
			? snprintf(out->text, sizeof(out->text), "%.*s", RV_STR_ARG(name))
			: snprintf(out->text, sizeof(out->text), "%.*s/%.*s",
				   RV_STR_ARG(operator_name), RV_STR_ARG(name));

	return rv_strn(out->text, (size_t)n);
}

int ls_unseal(struct ls_store *store, struct rv_arena *arena, const char *label, struct rv_str id,
	      struct rv_str box, struct rv_str *out)
{
	struct rv_buf plain = { .wipe = true };
	int err = rv_secret_unseal(store->secret, label, id, box, &plain);

	if (err == RV_OK) {
		*out = rv_arena_str(arena, rv_buf_str(&plain));
		err = out->ptr != NULL ? RV_OK : -ENOMEM;
	}
	rv_buf_deinit(&plain);
	return err;
}

const struct ls_operator *ls_operator_find(const struct ls_store *store, struct rv_str name)
{
	for (size_t i = 0; i < store->operator_count; i++)
		if (rv_str_is(name, store->operators[i].name))
			return &store->operators[i];
	return NULL;
}

/* -- opening -------------------------------------------------------------------------------- */

static int take_id(const struct rv_db_row *row, void *arg)
{
	return rv_str_copy(rv_db_col_str(row, 0), arg, LS_STORE_ID_LEN + 1) ? RV_OK : RV_ECORRUPT;
}

static int make_id(struct rv_db_tx *tx, struct ls_store *store)
{
	uint8_t bytes[LS_STORE_ID_LEN / 2];
	struct rv_str name = RV_STR_LIT("store-id");
	int err = rv_db_query(tx, &ls_sql_fact_get, RV_DB_PARAMS(RV_DB_T(name)), take_id,
			      store->id);

	if (err != RV_OK || store->id[0] != '\0')
		return err;
	rv_rand_secret(bytes, sizeof(bytes));
	sodium_bin2hex(store->id, sizeof(store->id), bytes, sizeof(bytes));
	return rv_db_exec(tx, &ls_sql_fact_put,
			  RV_DB_PARAMS(RV_DB_T(name), RV_DB_T(rv_str(store->id))), NULL);
}

struct names {
	const struct ls_store *store;
	struct ls_operator gone;
	bool has_gone;
};

static int take_gone(const struct rv_db_row *row, void *arg)
{
	struct names *n = arg;
	struct rv_str name = rv_db_col_str(row, 0);

	if (n->has_gone || ls_operator_find(n->store, name) != NULL)
		return RV_OK;
	n->has_gone = true;
	return rv_str_copy(name, n->gone.name, sizeof(n->gone.name)) ? RV_OK : RV_ECORRUPT;
}

static int purge_names(struct rv_db_tx *tx, const struct ls_operator *op, int64_t generation)
{
	struct rv_str name = rv_str(op->name);
	int err = rv_db_exec(tx, &ls_sql_place_purge,
			     RV_DB_PARAMS(RV_DB_T(name), RV_DB_I(generation)), NULL);

	if (err == RV_OK)
		err = rv_db_exec(tx, &ls_sql_member_purge,
				 RV_DB_PARAMS(RV_DB_T(name), RV_DB_I(generation)), NULL);
	return err;
}

static int release_all_stale(struct ls_store *store, struct rv_db_tx *tx,
			     const struct ls_operator *op, int64_t generation)
{
	bool is_more = true;
	int err = RV_OK;

	while (err == RV_OK && is_more)
		err = ls_claim_release_stale(store, tx, op, generation, &is_more);
	return err == RV_OK ? purge_names(tx, op, generation) : err;
}

/* Operators that the config names no longer. */
static int remove_gone(struct rv_db_tx *tx, struct ls_store *store)
{
	struct names n = { .store = store, .has_gone = true };
	int err = RV_OK;

	while (err == RV_OK && n.has_gone) {
		n.has_gone = false;
		err = rv_db_query(tx, &ls_sql_operator_list, RV_DB_NO_PARAMS, take_gone, &n);
		if (err != RV_OK || !n.has_gone)
			break;
		err = release_all_stale(store, tx, &n.gone, INT64_MAX);
		if (err == RV_OK)
			err = rv_db_exec(tx, &ls_sql_operator_delete,
					 RV_DB_PARAMS(RV_DB_T(rv_str(n.gone.name))), NULL);
	}
	return err;
}

static int work_open(struct rv_db_tx *tx, void *arg)
{
	struct ls_store *store = arg;
	int err = make_id(tx, store);

	if (err == RV_OK)
		err = remove_gone(tx, store);
	for (size_t i = 0; err == RV_OK && i < store->operator_count; i++) {
		const struct ls_operator *op = &store->operators[i];

		err = rv_db_exec(tx, &ls_sql_operator_make, RV_DB_PARAMS(RV_DB_T(rv_str(op->name))),
				 NULL);
		if (err == RV_OK)
			err = ls_claim_use_room(store, tx, op);
	}
	return err;
}

static const struct rv_reseal_column reseal_columns[] = {
	{ "ls.rs_key", &ls_sql_reseal_claim, &ls_sql_reseal_claim_put, RV_RESEAL_PAIR },
	{ "ls.location", &ls_sql_reseal_place, &ls_sql_reseal_place_put, RV_RESEAL_PAIR },
	{ "ls.next", &ls_sql_reseal_next, &ls_sql_reseal_next_put, RV_RESEAL_PAIR },
	{ "ls.mac_key", &ls_sql_reseal_operator, &ls_sql_reseal_operator_put, RV_RESEAL_TEXT },
};

int ls_store_open(const struct ls_store_opt *what, struct ls_store *out, struct rv_diag *diag)
{
	char made_url[PATH_MAX];
	struct ls_store store = { .operators = what->operators,
				  .operator_count = what->operator_count };

	if (snprintf(store.key_path, PATH_MAX, "%s/secret.key", what->state_dir) >= PATH_MAX ||
	    snprintf(made_url, PATH_MAX, "sqlite:%s/ls.db", what->state_dir) >= PATH_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "ls.path", what->state_dir,
				   "the path %s is too long", what->state_dir);
	struct rv_db_opt opt = { .url = what->url != NULL ? what->url : made_url,
				 .password = what->password,
				 .name = "ls",
				 .migrations = ls_sql_migrations,
				 .migration_count = ls_sql_migration_count,
				 .statements = ls_sql_all,
				 .statement_count = ls_sql_count,
				 .loop = what->loop };
	int err = rv_secret_open(store.key_path, &store.secret, diag);
	if (err == RV_OK)
		err = rv_db_open(&opt, &store.db, diag);
	if (err == RV_OK)
		err = rv_db_run(store.db, work_open, &store);
	if (err != RV_OK) {
		ls_store_close(&store);
		return err;
	}
	store.reseal = (struct rv_reseal){ .columns = reseal_columns,
					   .count = RV_ARRAY_LEN(reseal_columns) };
	rv_reseal_restart(&store.reseal);
	*out = store;
	return RV_OK;
}

void ls_store_close(struct ls_store *store)
{
	rv_db_close(store->db);
	rv_secret_free(store->secret);
	*store = (struct ls_store){ 0 };
}

/* -- the copy ------------------------------------------------------------------------------- */

static int take_cursor(const struct rv_db_row *row, void *arg)
{
	struct ls_cursor *c = arg;

	if (!rv_str_copy(rv_db_col_str(row, 0), c->epoch, sizeof(c->epoch)))
		return RV_ECORRUPT;
	c->after = (uint64_t)rv_db_col_int(row, 1);
	c->generation = rv_db_col_int(row, 2);
	c->is_complete = rv_db_col_int(row, 3) != 0;
	return RV_OK;
}

int ls_cursor_load(struct rv_db_tx *tx, const struct ls_operator *op, struct ls_cursor *out)
{
	struct ls_cursor cursor = { 0 };
	int err = rv_db_query(tx, &ls_sql_operator_get, RV_DB_PARAMS(RV_DB_T(rv_str(op->name))),
			      take_cursor, &cursor);

	if (err == RV_OK)
		*out = cursor;
	return err;
}

/* An empty key leaves the one that is there. */
static int cursor_save(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		       const struct ls_cursor *cursor, struct rv_str mac_key, int64_t now_us)
{
	struct rv_buf box = { 0 };
	int err = RV_OK;

	if (mac_key.len > 0) {
		rv_secret_seal(store->secret, "ls.mac_key", rv_str(op->name), mac_key, &box);
		err = box.err;
	}
	if (err == RV_OK)
		err = rv_db_exec(tx, &ls_sql_operator_put,
				 RV_DB_PARAMS(RV_DB_T(rv_str(cursor->epoch)),
					      RV_DB_I(cursor->after), RV_DB_I(cursor->generation),
					      RV_DB_I(cursor->is_complete),
					      box.len > 0 ? RV_DB_B(rv_buf_str(&box)) : RV_DB_N,
					      RV_DB_I(now_us), RV_DB_T(rv_str(op->name))),
				 NULL);
	rv_buf_deinit(&box);
	return err;
}

static int put_place(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		     const struct rv_feed_record *r, int64_t generation)
{
	struct rv_buf plain = { .wipe = true }, box = { 0 }, next = { 0 };
	struct rv_str name = r->location.name, operator_name = rv_str(op->name);
	struct ls_box_id room;
	struct rv_str id = ls_box_id(operator_name, name, &room);

	rv_feed_location_encode(&r->location, &plain);
	rv_secret_seal(store->secret, "ls.location", id, rv_buf_str(&plain), &box);
	if (r->has_next) {
		rv_buf_clear(&plain);
		rv_feed_next_encode(&r->next, &plain);
		rv_secret_seal(store->secret, "ls.next", id, rv_buf_str(&plain), &next);
	}
	int err = plain.err != RV_OK ? plain.err : box.err != RV_OK ? box.err : next.err;
	if (err == RV_OK)
		err = rv_db_exec(tx, &ls_sql_place_put,
				 RV_DB_PARAMS(RV_DB_T(operator_name), RV_DB_T(name),
					      RV_DB_B(rv_buf_str(&box)),
					      r->has_next ? RV_DB_B(rv_buf_str(&next)) : RV_DB_N,
					      RV_DB_I(generation)),
				 NULL);
	rv_buf_deinit(&plain);
	rv_buf_deinit(&box);
	rv_buf_deinit(&next);
	return err;
}

static int apply_deletion(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
			  const struct rv_feed_record *r)
{
	struct rv_str operator_name = rv_str(op->name);

	if (r->kind == RV_FEED_RECORD_KIND_DEVICE)
		return ls_claim_release(store, tx, op, r->device.distid);
	if (r->kind == RV_FEED_RECORD_KIND_GROUP)
		return rv_db_exec(tx, &ls_sql_member_delete,
				  RV_DB_PARAMS(RV_DB_T(operator_name), RV_DB_T(r->group.name)),
				  NULL);
	return rv_db_exec(tx, &ls_sql_place_delete,
			  RV_DB_PARAMS(RV_DB_T(operator_name), RV_DB_T(r->location.name)), NULL);
}

static int apply_record(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
			const struct rv_feed_record *r, int64_t generation, int64_t now_us)
{
	if (r->is_deleted)
		return apply_deletion(store, tx, op, r);
	if (r->kind == RV_FEED_RECORD_KIND_DEVICE)
		return ls_claim_put(store, tx, op, &r->device, generation, now_us);
	if (r->kind == RV_FEED_RECORD_KIND_LOCATION)
		return put_place(store, tx, op, r, generation);
	return rv_db_exec(tx, &ls_sql_member_put,
			  RV_DB_PARAMS(RV_DB_T(rv_str(op->name)), RV_DB_T(r->group.name),
				       RV_DB_T(r->group.location), RV_DB_I(generation)),
			  NULL);
}

static int apply_records(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
			 const struct rv_feed_record *records, size_t n, int64_t generation,
			 int64_t now_us)
{
	int err = RV_OK;

	for (size_t i = 0; i < n && err == RV_OK; i++)
		err = apply_record(store, tx, op, &records[i], generation, now_us);
	return err;
}

/* Another epoch: its RS knows nothing of what it was told before. */
static int begin_anew(struct rv_db_tx *tx, const struct ls_operator *op, struct rv_str epoch,
		      struct ls_cursor *next)
{
	struct rv_str name = rv_str(op->name);

	if (!rv_str_copy(epoch, next->epoch, sizeof(next->epoch)))
		return RV_EINVALID;
	next->generation++;
	next->is_complete = false;
	next->after = 0;
	int err = rv_db_exec(tx, &ls_sql_given_forget_told, RV_DB_PARAMS(RV_DB_T(name)), NULL);
	if (err == RV_OK)
		err = rv_db_exec(tx, &ls_sql_claim_forget_told, RV_DB_PARAMS(RV_DB_T(name)), NULL);
	return err;
}

/* The snapshot is here: remove what was not in it, step by step. */
static int finish_snapshot(struct ls_store *store, struct rv_db_tx *tx,
			   const struct ls_operator *op, struct ls_cursor *next)
{
	bool is_more = false;
	int err = ls_claim_release_stale(store, tx, op, next->generation, &is_more);

	if (err != RV_OK || is_more)
		return err;
	next->is_complete = true;
	return purge_names(tx, op, next->generation);
}

int ls_apply_page(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		  const struct rv_rs_feed_out *page, struct ls_cursor *cursor, int64_t now_us)
{
	struct ls_cursor next = *cursor;
	int err = RV_OK;

	if (page->mac_key.len != 0 && page->mac_key.len != RV_SECRET_MAC_KEY_LEN)
		return RV_EINVALID;
	if (!rv_str_is(page->epoch, cursor->epoch))
		err = begin_anew(tx, op, page->epoch, &next);
	if (err == RV_OK && next.after == cursor->after) { /* else: it begins in the middle */
		err = apply_records(store, tx, op, page->records, page->records_len,
				    next.generation, now_us);
		next.after = page->cursor;
		if (err == RV_OK && !next.is_complete && !page->has_more && page->epoch.len > 0)
			err = finish_snapshot(store, tx, op, &next);
	}
	if (err == RV_OK)
		err = cursor_save(store, tx, op, &next, page->mac_key, now_us);
	if (err == RV_OK)
		*cursor = next;
	return err;
}

int ls_apply_all(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		 const struct rv_feed_record *records, size_t n, struct ls_cursor *cursor,
		 int64_t now_us)
{
	struct ls_cursor next = { .generation = cursor->generation + 1, .is_complete = true };
	int err = apply_records(store, tx, op, records, n, next.generation, now_us);

	if (err == RV_OK)
		err = release_all_stale(store, tx, op, next.generation);
	if (err == RV_OK)
		err = cursor_save(store, tx, op, &next, RV_STR_LIT(""), now_us);
	if (err == RV_OK)
		*cursor = next;
	return err;
}

int ls_reseal(struct ls_store *store, struct rv_db_tx *tx, const struct rv_key_reseal_ls_in *in,
	      struct rv_key_reseal_ls_out *out)
{
	struct rv_diag diag = { 0 };
	struct rv_reseal_done done;
	int err = rv_secret_reload(store->secret, store->key_path, &diag);

	if (err != RV_OK) {
		rv_log(RV_LOG_ERROR, "ls.key.unreadable", RV_KS("error", diag.text));
		return err;
	}
	if (in->is_first)
		rv_reseal_restart(&store->reseal);
	err = rv_reseal_step(&store->reseal, tx, store->secret, in->limit, &done);
	if (err == RV_OK)
		*out = (struct rv_key_reseal_ls_out){ rv_secret_number(store->secret),
						      done.resealed, done.is_done };
	return err;
}
