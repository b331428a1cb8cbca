#include "server/ls/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "server/ls/decide.h"
#include "server/ls/sql/sql.h"

int ls_store_open(const char *state_dir, const char *url, uv_loop_t *loop, struct ls_store *out,
		  struct rv_diag *diag)
{
	char key_path[PATH_MAX], made_url[PATH_MAX];
	struct ls_store store = { 0 };

	if (snprintf(key_path, PATH_MAX, "%s/secret.key", state_dir) >= PATH_MAX ||
	    snprintf(made_url, PATH_MAX, "sqlite:%s/ls.db", state_dir) >= PATH_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "ls.path", state_dir, "the path %s is too long",
				   state_dir);
	struct rv_db_opt opt = { .url = url != NULL ? url : made_url,
				 .name = "ls",
				 .migrations = ls_sql_migrations,
				 .migration_count = ls_sql_migration_count,
				 .statements = ls_sql_all,
				 .statement_count = ls_sql_count,
				 .loop = loop };
	int err = rv_secret_open(key_path, &store.secret, diag);
	if (err == RV_OK)
		err = rv_db_open(&opt, &store.db, diag);
	if (err != RV_OK) {
		rv_secret_free(store.secret);
		return err;
	}
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

int ls_cursor_load(struct rv_db_tx *tx, struct ls_cursor *out)
{
	struct ls_cursor cursor = { 0 };
	int err = rv_db_query(tx, &ls_sql_feed_get, RV_DB_NO_PARAMS, take_cursor, &cursor);

	if (err == RV_OK)
		*out = cursor;
	return err;
}

static int cursor_save(struct rv_db_tx *tx, const struct ls_cursor *cursor)
{
	return rv_db_put(tx, &ls_sql_feed_put,
			 RV_DB_PARAMS(RV_DB_T(rv_str(cursor->epoch)), RV_DB_I(cursor->after),
				      RV_DB_I(cursor->generation), RV_DB_I(cursor->is_complete)));
}

static int apply_device(struct ls_store *store, struct rv_db_tx *tx, const struct rv_feed_record *r,
			int64_t generation)
{
	const struct rv_feed_device *d = &r->device;
	struct rv_buf box = { 0 };
	int err;

	if (r->is_deleted)
		return rv_db_put(tx, &ls_sql_device_delete, RV_DB_PARAMS(RV_DB_T(d->distid)));
	rv_secret_seal(store->secret, "ls.rs_key", d->distid, d->rs_key, &box);
	err = box.err;
	if (err == RV_OK)
		err = rv_db_put(tx, &ls_sql_device_put,
				RV_DB_PARAMS(RV_DB_T(d->distid), RV_DB_I(d->is_enabled),
					     RV_DB_B(d->ls_key_mac), RV_DB_B(rv_buf_str(&box)),
					     RV_DB_T(d->location), RV_DB_I(generation)));
	rv_buf_deinit(&box);
	return err;
}

static int apply_location(struct ls_store *store, struct rv_db_tx *tx,
			  const struct rv_feed_record *r, int64_t generation)
{
	const struct rv_feed_location *l = &r->location;
	struct rv_buf plain = { .wipe = true }, box = { 0 };
	int err;

	if (r->is_deleted)
		return rv_db_put(tx, &ls_sql_location_delete, RV_DB_PARAMS(RV_DB_T(l->name)));
	rv_feed_location_encode(l, &plain);
	err = plain.err;
	if (err == RV_OK) {
		rv_secret_seal(store->secret, "ls.location", l->name, rv_buf_str(&plain), &box);
		err = box.err;
	}
	if (err == RV_OK)
		err = rv_db_put(tx, &ls_sql_location_put,
				RV_DB_PARAMS(RV_DB_T(l->name), RV_DB_B(rv_buf_str(&box)),
					     RV_DB_I(generation)));
	rv_buf_deinit(&plain);
	rv_buf_deinit(&box);
	return err;
}

static int apply_records(struct ls_store *store, struct rv_db_tx *tx,
			 const struct rv_feed_record *records, size_t n, int64_t generation)
{
	int err = RV_OK;

	for (size_t i = 0; i < n && err == RV_OK; i++)
		err = records[i].kind == RV_FEED_RECORD_KIND_DEVICE
			      ? apply_device(store, tx, &records[i], generation)
			      : apply_location(store, tx, &records[i], generation);
	return err;
}

static int purge(struct rv_db_tx *tx, int64_t generation)
{
	int err = rv_db_put(tx, &ls_sql_device_purge, RV_DB_PARAMS(RV_DB_I(generation)));

	if (err == RV_OK)
		err = rv_db_put(tx, &ls_sql_location_purge, RV_DB_PARAMS(RV_DB_I(generation)));
	return err;
}

int ls_apply_page(struct ls_store *store, struct rv_db_tx *tx, const struct rv_rs_feed_out *page,
		  struct ls_cursor *cursor)
{
	struct ls_cursor next = *cursor;
	int err = RV_OK;

	if (!rv_str_is(page->epoch, cursor->epoch)) {
		if (!rv_str_copy(page->epoch, next.epoch, sizeof(next.epoch)))
			return RV_EINVALID;
		next.generation++;
		next.is_complete = false;
		next.after = 0;
	}
	if (next.after == cursor->after) { /* else: the page begins somewhere in the middle */
		err = apply_records(store, tx, page->records, page->records_len, next.generation);
		next.after = page->cursor;
		if (err == RV_OK && !next.is_complete && !page->has_more) {
			next.is_complete = true;
			err = purge(tx, next.generation);
		}
	}
	if (err == RV_OK)
		err = cursor_save(tx, &next);
	if (err == RV_OK)
		*cursor = next;
	return err;
}

int ls_apply_all(struct ls_store *store, struct rv_db_tx *tx, const struct rv_feed_record *records,
		 size_t n, struct ls_cursor *cursor)
{
	struct ls_cursor next = { .generation = cursor->generation + 1, .is_complete = true };
	int err = apply_records(store, tx, records, n, next.generation);

	if (err == RV_OK)
		err = purge(tx, next.generation);
	if (err == RV_OK)
		err = cursor_save(tx, &next);
	if (err == RV_OK)
		*cursor = next;
	return err;
}

/* -- solicitations -------------------------------------------------------------------------- */

struct found {
	struct rv_arena *arena;
	bool is_there, is_enabled;
	struct rv_str mac, rs_key_box, location, body_box;
};

static int take_device(const struct rv_db_row *row, void *arg)
{
	struct found *f = arg;

	f->is_there = true;
	f->is_enabled = rv_db_col_int(row, 0) != 0;
	f->mac = rv_arena_str(f->arena, rv_db_col_str(row, 1));
	f->rs_key_box = rv_arena_str(f->arena, rv_db_col_str(row, 2));
	f->location = rv_arena_str(f->arena, rv_db_col_str(row, 3));
	return f->mac.ptr != NULL && f->rs_key_box.ptr != NULL && f->location.ptr != NULL ? RV_OK
											  : -ENOMEM;
}

static int take_body(const struct rv_db_row *row, void *arg)
{
	struct found *f = arg;

	f->body_box = rv_arena_str(f->arena, rv_db_col_str(row, 0));
	return f->body_box.ptr != NULL ? RV_OK : -ENOMEM;
}

static int unseal(struct ls_store *store, struct rv_arena *arena, const char *label,
		  struct rv_str id, struct rv_str box, struct rv_str *out)
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

static int look_up(struct rv_db_tx *tx, struct rv_str distid, struct found *f)
{
	int err = rv_db_query(tx, &ls_sql_device_get, RV_DB_PARAMS(RV_DB_T(distid)), take_device,
			      f);

	if (err == RV_OK && f->is_there)
		err = rv_db_query(tx, &ls_sql_location_get, RV_DB_PARAMS(RV_DB_T(f->location)),
				  take_body, f);
	return err;
}

static int fill_answer(struct ls_store *store, struct rv_arena *arena, struct rv_str distid,
		       const struct found *f, struct rv_ls_solicit_out *out)
{
	struct rv_str body;
	int err = unseal(store, arena, "ls.rs_key", distid, f->rs_key_box, &out->rs_key);

	if (err == RV_OK)
		err = unseal(store, arena, "ls.location", f->location, f->body_box, &body);
	return err == RV_OK ? rv_feed_location_decode(body, arena, &out->location) : err;
}

int ls_solicit(struct ls_store *store, struct rv_db_tx *tx, struct rv_arena *arena, int64_t now_us,
	       const struct rv_ls_solicit_in *in, struct rv_ls_solicit_out *out,
	       struct rv_rs_waiting_note_in *note, uint8_t mac[static RV_SECRET_MAC_LEN])
{
	struct found f = { .arena = arena };
	int err = look_up(tx, in->distid, &f);

	if (err != RV_OK)
		return err;
	rv_secret_mac(store->secret, in->distid, in->key, mac);
	struct ls_facts facts = { .is_known = f.is_there,
				  .key_mac = f.mac,
				  .is_enabled = f.is_enabled,
				  .has_location = f.body_box.len > 0 };
	struct ls_claim claim = { .distid = in->distid,
				  .key_mac = rv_strn(mac, RV_SECRET_MAC_LEN),
				  .message_distid = in->message_distid };
	struct ls_verdict verdict = ls_decide(&facts, &claim);

	*out = (struct rv_ls_solicit_out){ .code = verdict.code,
					   .description = rv_str(verdict.description) };
	*note = (struct rv_rs_waiting_note_in){ 0 };
	if (verdict.is_waiting)
		*note = (struct rv_rs_waiting_note_in){ .distid = in->distid,
							.reason = verdict.reason,
							.address = in->address,
							.description = in->description,
							.key_mac = claim.key_mac,
							.at = now_us };
	return verdict.code == 100 ? fill_answer(store, arena, in->distid, &f, out) : RV_OK;
}

static int take_count(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 0);
	return RV_OK;
}

int ls_count(struct rv_db_tx *tx, int64_t *devices)
{
	return rv_db_query(tx, &ls_sql_device_count, RV_DB_NO_PARAMS, take_count, devices);
}
