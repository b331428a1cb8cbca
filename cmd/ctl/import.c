#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/ctl/ctl.h"
#include "cmd/ctl/import_priv.h"
#include "cmd/ctl/names.h"
#include "cmd/ctl/table.h"

typedef int (*row_fn)(struct import *im);

/* ---- Mistakes ------------------------------------------------------------------------------ */

void ctl_import_hear(void *arg, const struct ctl_devfile_mistake *m)
{
	struct import *im = arg;
	struct rv_arena *arena = im->local->io->arena;

	if (im->out.error_count++ >= CTL_IMPORT_ERRORS_MAX)
		return;
	im->errors[im->out.errors_len++] = (struct rv_import_error){
		m->line, rv_arena_str(arena, m->column), rv_arena_str(arena, m->value),
		rv_arena_str(arena, m->message)
	};
}

/* One that is not about a cell. */
static void wrong(struct import *im, uint64_t line, int code, const char *key, const char *text)
{
	struct rv_buf message = { 0 };
	struct ctl_devfile_mistake mistake = { .line = line };

	ctl_put_error(&message, im->local->io->lang, code, key, "", text);
	mistake.message = rv_buf_str(&message);
	ctl_import_hear(im, &mistake);
	rv_buf_deinit(&message);
}

/* ---- Walking over the file ----------------------------------------------------------------- */

/* "1,234 rows" on a terminal, once a second. */
static void show_progress(struct import *im)
{
	char rows[24];
	struct rv_buf text = { 0 };
	time_t now = time(NULL);

	if (now == im->told_at || !isatty(STDERR_FILENO))
		return;
	im->told_at = now;
	snprintf(rows, sizeof(rows), "%" PRIu64, im->out.rows);
	rv_text_put(&text, im->local->io->lang,
		    im->is_writing ? "ctl:import.writing" : "ctl:import.checking", rows, NULL);
	fprintf(stderr, "\r%.*s", RV_STR_ARG(rv_buf_str(&text)));
	rv_buf_deinit(&text);
}

static int on_row(struct import *im, row_fn fn)
{
	int r;

	if (ctl_csv_is_blank(&im->csv))
		return RV_OK;
	if (!im->has_header) {
		im->has_header = true;
		/* Without a good first line nothing else can be judged. */
		return ctl_devfile_header(&im->file, &im->csv, &im->ear) ? RV_OK : RV_EINVALID;
	}
	im->out.rows++;
	show_progress(im);
	r = fn(im);
	rv_arena_wipe(&im->row);
	return r;
}

static int feed(struct import *im, struct rv_str text, row_fn fn)
{
	while (text.len > 0) {
		size_t used = 0;
		int r = ctl_csv_feed(&im->csv, text, &used);

		text = rv_str_sub(text, used, text.len);
		if (r == RV_OK)
			r = on_row(im, fn);
		else if (r == RV_ESYNTAX || r == RV_ELIMIT) {
			wrong(im, im->csv.line, r, r == RV_ESYNTAX ? "csv.syntax" : "csv.row", "");
			r = im->has_header ? RV_OK : RV_EINVALID;
		} else if (r == RV_EMORE) {
			r = RV_OK;
		}
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

static int finish(struct import *im, row_fn fn)
{
	int r = ctl_csv_end(&im->csv);
	int done = r == RV_OK ? on_row(im, fn) : RV_OK;

	if (done != RV_OK)
		return done;
	if (r == RV_ESYNTAX || r == RV_ELIMIT)
		wrong(im, im->csv.line, r, r == RV_ESYNTAX ? "csv.quote" : "csv.row", "");
	else if (r != RV_OK && r != RV_ENOTFOUND)
		return r;
	if (!im->has_header) {
		wrong(im, 1, RV_EINVALID, "csv.empty", "");
		return RV_EINVALID;
	}
	return RV_OK;
}

static int walk(struct import *im, row_fn fn)
{
	struct rv_str text = { 0 };
	int r = ctl_text_rewind(&im->text);

	ctl_csv_deinit(&im->csv);
	im->out.rows = 0;
	im->has_header = false;
	while (r == RV_OK) {
		r = ctl_text_next(&im->text, &text);
		if (r == RV_OK)
			r = feed(im, text, fn);
	}
	r = r == RV_ENOTFOUND ? finish(im, fn) : r;
	if (im->told_at != 0)
		fputs("\r\033[K", stderr);
	im->told_at = 0;
	return r;
}

/* ---- The command --------------------------------------------------------------------------- */

static int check_all(struct import *im)
{
	int r = walk(im, ctl_import_check_row);

	if (r == RV_OK)
		ctl_import_check_twice(im);
	return r == RV_OK && im->out.error_count > 0 ? RV_EINVALID : r;
}

static int write_all(struct import *im)
{
	im->out.created = im->out.updated = im->out.skipped = 0;
	im->is_writing = true;
	return walk(im, ctl_import_write_row);
}

static int do_import(struct import *im)
{
	struct rv_diag diag = { 0 };
	int r = ctl_text_open(&im->text, im->in->file.ptr, im->in->encoding, &diag);

	if (r != RV_OK) {
		wrong(im, diag.line, r, diag.key != NULL ? diag.key : "", diag.text);
		return RV_EINVALID;
	}
	im->out.encoding = im->text.encoding;
	r = ctl_import_fetch(im);
	if (r == RV_OK)
		r = check_all(im);
	if (r == RV_OK && !im->in->dry_run)
		r = write_all(im);
	return r;
}

/* "FILE:17: group 'tokyo': there is no such group" for each, then how many more there are. */
static void print_errors(const struct import *im)
{
	struct rv_buf text = { 0 };
	char more[24];

	for (size_t i = 0; i < im->out.errors_len; i++) {
		const struct rv_import_error *e = &im->errors[i];

		rv_buf_clear(&text);
		ctl_put_safe(&text, im->in->file, false);
		if (e->line_number > 0)
			rv_buf_printf(&text, ":%" PRIu64, e->line_number);
		rv_buf_puts(&text, ": ");
		ctl_put_safe(&text, e->column, false);
		if (e->value.len > 0) {
			rv_buf_puts(&text, " '");
			ctl_put_safe(&text, e->value, false);
			rv_buf_puts(&text, "'");
		}
		rv_buf_puts(&text, e->column.len > 0 ? ": " : "");
		ctl_put_safe(&text, e->message, false);
		ctl_complain(&text);
	}
	if (im->out.error_count > im->out.errors_len) {
		rv_buf_clear(&text);
		snprintf(more, sizeof(more), "%" PRIu64, im->out.error_count - im->out.errors_len);
		rv_text_put(&text, im->local->io->lang, "ctl:import.more", more, NULL);
		ctl_complain(&text);
	}
	rv_buf_deinit(&text);
}

/* Somewhere on the way the server failed: how far it came, and how to go on. */
static void print_stop(const struct import *im)
{
	struct rv_buf text = { 0 };
	char done[24];

	snprintf(done, sizeof(done), "%" PRIu64,
		 im->out.created + im->out.updated + im->out.unchanged + im->out.skipped);
	rv_text_put(&text, im->local->io->lang, "ctl:import.stopped", done, NULL);
	ctl_complain(&text);
	rv_buf_deinit(&text);
}

static int report(struct import *im, int r)
{
	const struct ctl_local *local = im->local;
	const void *page = &im->out;

	im->out.is_dry_run = im->in->dry_run;
	im->out.errors = im->errors;
	if (r != RV_OK && im->out.error_count == 0)
		wrong(im, 0, r, im->error.key, im->error.text);
	if (r != RV_OK && !im->is_writing)
		im->out.created = im->out.updated = im->out.skipped = 0;
	if (!local->style->is_json) {
		print_errors(im);
		im->out.errors_len = 0;
	}
	if (im->is_writing && r != RV_OK && !local->style->is_json)
		print_stop(im);
	if (local->style->is_json || r == RV_OK || im->is_writing)
		ctl_show(local->style, local->op, &page, 1, local->out);
	return ctl_exit_of(r);
}

int ctl_import(const struct ctl_local *local)
{
	struct import im = { .local = local,
			     .in = local->in,
			     .text = CTL_TEXT_FILE_NONE,
			     .ear = { local->io, ctl_import_hear, NULL } };
	int status;

	im.ear.arg = &im;
	status = report(&im, do_import(&im));
	ctl_text_close(&im.text);
	ctl_csv_deinit(&im.csv);
	ctl_ids_deinit(&im.existing);
	ctl_ids_deinit(&im.seen);
	rv_arena_wipe(&im.row);
	return status;
}
