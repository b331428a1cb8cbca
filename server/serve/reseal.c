#include "server/serve/reseal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fail.h"

struct row {
	int64_t number;
	struct rv_str text[2]; /* of the key */
	struct rv_str id;      /* that the box was sealed for */
	struct rv_str box;     /* empty: there is none */
};

struct page {
	struct rv_arena *arena;
	struct row *rows;
	size_t count;
	enum rv_reseal_key key;
};

static int take_text(struct page *page, struct rv_str text, struct rv_str *out)
{
	*out = rv_arena_str(page->arena, text);
	return out->ptr == NULL ? -ENOMEM : out->len > RV_RESEAL_KEY_MAX ? RV_ELIMIT : RV_OK;
}

static int take_row(const struct rv_db_row *db, void *arg)
{
	struct page *page = arg;
	struct row *row = &page->rows[page->count++];
	unsigned box = page->key == RV_RESEAL_PAIR ? 2 : 1;
	char number[24];
	int err = RV_OK;

	row->number = page->key == RV_RESEAL_NUMBER ? rv_db_col_int(db, 0) : 0;
	for (unsigned i = 0; i < box && page->key != RV_RESEAL_NUMBER && err == RV_OK; i++)
		err = take_text(page, rv_db_col_str(db, i), &row->text[i]);
	snprintf(number, sizeof(number), "%lld", (long long)row->number);
	if (err == RV_OK)
		err = take_text(page,
				page->key == RV_RESEAL_NUMBER ? rv_str(number)
							      : rv_db_col_str(db, box + 1),
				&row->id);
	if (err != RV_OK || rv_db_col_is_null(db, box))
		return err;
	row->box = rv_arena_str(page->arena, rv_db_col_str(db, box));
	return row->box.ptr != NULL ? RV_OK : -ENOMEM;
}

/* Values of the key, as the statements take them. */
static size_t key_values(enum rv_reseal_key key, int64_t number, struct rv_str first,
			 struct rv_str second, struct rv_db_value out[static 2])
{
	out[0] = key == RV_RESEAL_NUMBER ? RV_DB_I(number) : RV_DB_T(first);
	out[1] = RV_DB_T(second);
	return key == RV_RESEAL_PAIR ? 2 : 1;
}

static int read_page(const struct rv_reseal *r, struct rv_db_tx *tx, uint32_t limit,
		     struct page *page)
{
	const struct rv_reseal_column *column = &r->columns[r->at];
	struct rv_db_value params[3];
	size_t n = key_values(column->key, r->number, rv_str(r->text[0]), rv_str(r->text[1]),
			      params);

	params[n++] = RV_DB_I(limit);
	page->key = column->key;
	page->rows = rv_arena_array(page->arena, limit, sizeof(*page->rows));
	if (page->rows == NULL)
		return -ENOMEM;
	return rv_db_query(tx, column->select, params, n, take_row, page);
}

static int reseal_row(const struct rv_reseal_column *column, struct rv_db_tx *tx,
		      struct rv_secret *secret, const struct row *row)
{
	struct rv_db_value params[3];
	struct rv_buf box = { 0 };
	int err = rv_secret_reseal(secret, column->label, row->id, row->box, &box);
	size_t n = key_values(column->key, row->number, row->text[0], row->text[1], params + 1);

	params[0] = RV_DB_B(rv_buf_str(&box));
	if (err == RV_OK)
		err = rv_db_exec(tx, column->update, params, n + 1, NULL);
	rv_buf_deinit(&box);
	return err;
}

static void move_on(struct rv_reseal *r, const struct page *page, uint32_t limit)
{
	const struct row *last = page->count > 0 ? &page->rows[page->count - 1] : NULL;

	if (page->count < limit) {
		size_t at = r->at + 1;

		rv_reseal_restart(r);
		r->at = at;
		return;
	}
	r->number = last->number;
	for (size_t i = 0; i < RV_ARRAY_LEN(r->text); i++)
		rv_str_copy(last->text[i], r->text[i], sizeof(r->text[i]));
}

static int work(struct rv_reseal *r, struct rv_db_tx *tx, struct rv_secret *secret, uint32_t limit,
		struct page *page, uint64_t *resealed)
{
	uint8_t number = rv_secret_number(secret);
	int err = read_page(r, tx, limit, page);

	for (size_t i = 0; i < page->count && err == RV_OK; i++) {
		const struct row *row = &page->rows[i];

		if (row->box.len == 0 || (uint8_t)row->box.ptr[0] == number)
			continue;
		err = reseal_row(&r->columns[r->at], tx, secret, row);
		rv_fail_point("serve.box.resealed");
		*resealed += err == RV_OK;
	}
	return err;
}

int rv_reseal_step(struct rv_reseal *r, struct rv_db_tx *tx, struct rv_secret *secret,
		   uint32_t limit, struct rv_reseal_done *out)
{
	struct rv_arena arena = { 0 };
	struct page page = { .arena = &arena };
	uint64_t resealed = 0;
	int err = RV_OK;

	if (limit > RV_RESEAL_LIMIT_MAX)
		limit = RV_RESEAL_LIMIT_MAX;
	if (r->at < r->count)
		err = work(r, tx, secret, limit, &page, &resealed);
	if (err == RV_OK && r->at < r->count)
		move_on(r, &page, limit);
	if (err == RV_OK)
		*out = (struct rv_reseal_done){ resealed, r->at == r->count };
	rv_arena_wipe(&arena);
	return err;
}

void rv_reseal_restart(struct rv_reseal *r)
{
	r->at = 0;
	r->number = INT64_MIN;
	r->text[0][0] = r->text[1][0] = '\0';
}
