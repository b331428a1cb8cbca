/* The first byte is the size of the pieces, the rest a CSV file of devices. Rows are the same in
 * any pieces; what is read can be written and is read back; a row that is good is an input that the
 * contract takes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/ctl/csv.h"
#include "cmd/ctl/devfile.h"
#include "contract/rv_contract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *arg, const struct ctl_devfile_mistake *m)
{
	size_t *count = arg;

	assert(m->message.len > 0);
	assert(m->line > 0);
	(*count)++;
}

struct reading {
	struct ctl_csv csv;
	struct rv_buf rows; /* written again */
	struct ctl_devfile file;
	bool has_header, is_good;
};

static void take_row(struct reading *rd)
{
	struct rv_arena arena = { 0 };
	struct rv_buf err = { 0 };
	struct ctl_io io = { .arena = &arena, .err = &err };
	size_t mistakes = 0;
	struct ctl_devfile_ear ear = { &io, hear, &mistakes };
	struct rv_device_create_in in;

	for (size_t i = 0; i < rd->csv.count; i++)
		ctl_csv_put(&rd->rows, ctl_csv_cell(&rd->csv, i), i == 0);
	rv_buf_putc(&rd->rows, '\n');
	if (!rd->has_header) {
		rd->is_good = ctl_devfile_header(&rd->file, &rd->csv, &ear);
		assert(rd->is_good == (mistakes == 0));
	} else if (rd->is_good) {
		bool is_good = ctl_devfile_row(&rd->file, &rd->csv, &rv_device_create_in_type,
					       &arena, &in, &ear);

		assert(is_good == (mistakes == 0));
		assert(!is_good || rv_device_create_in_check(&in, NULL) == RV_OK);
	}
	/* Titles are in an arena that goes: only the first row's reading needs them. */
	rd->has_header = true;
	for (size_t i = 0; i < rd->file.count; i++)
		rd->file.titles[i] = rv_str(rd->file.fields[i]->name);
	rv_arena_deinit(&arena);
	rv_buf_deinit(&err);
}

static void read_all(struct rv_str in, size_t piece, struct rv_buf *out)
{
	struct reading rd = { 0 };
	int r;

	for (size_t at = 0; at < in.len;) {
		size_t used = 0;

		r = ctl_csv_feed(&rd.csv, rv_str_sub(in, at, piece), &used);
		assert(used > 0 || r == RV_ESYNTAX || r == RV_ELIMIT);
		at += used;
		if (r == RV_OK)
			take_row(&rd);
		else if (r != RV_EMORE)
			rv_buf_puts(&rd.rows, "!\n");
	}
	r = ctl_csv_end(&rd.csv);
	if (r == RV_OK)
		take_row(&rd);
	else
		assert(r == RV_ENOTFOUND || r == RV_ESYNTAX || r == RV_ELIMIT);
	ctl_csv_deinit(&rd.csv);
	*out = rd.rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_buf whole, split, again;

	if (size == 0)
		return 0;
	read_all(rv_strn(data + 1, size - 1), SIZE_MAX, &whole);
	read_all(rv_strn(data + 1, size - 1), (size_t)data[0] + 1, &split);
	assert(rv_str_eq(rv_buf_str(&whole), rv_buf_str(&split)));
	read_all(rv_buf_str(&whole), SIZE_MAX, &again);
	assert(rv_str_eq(rv_buf_str(&whole), rv_buf_str(&again)));
	rv_buf_deinit(&whole);
	rv_buf_deinit(&split);
	rv_buf_deinit(&again);
	return 0;
}
