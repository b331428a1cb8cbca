/* devfile.h - a CSV file of devices: which column is what, and a row as an operation's input.
 *
 *   distid,LS-SA key,group,description      the first line: names of fields, or their headings
 *   0001-...,secret,tokyo,"Shinjuku, 3F"    an empty cell is the same as no column
 *
 * Columns are the fields of device.create that are about the device. A heading is compared without
 * case, blanks, '-' and '_'; English or Japanese, whatever the user's language. Pure.
 */
#ifndef RV_CMD_CTL_DEVFILE_H
#define RV_CMD_CTL_DEVFILE_H

#include "cmd/ctl/csv.h"
#include "cmd/ctl/source.h"
#include "contract/desc.h"

/* Is this field of device.create a column? */
bool ctl_devfile_is_column(const struct rv_contract_field *field);

struct ctl_devfile {
	size_t count;
	struct rv_str titles[CTL_CSV_CELLS_MAX]; /* as they stand there */
	const struct rv_contract_field *fields[CTL_CSV_CELLS_MAX];
};

/* Somebody is told of a mistake: where in the file, what stands there ("" when it is a secret), and
 * what is wrong, in the user's language. All are valid during the call. */
struct ctl_devfile_mistake {
	uint64_t line;
	struct rv_str column, value, message;
};
typedef void (*ctl_devfile_tell)(void *arg, const struct ctl_devfile_mistake *mistake);

struct ctl_devfile_ear {
	struct ctl_io *io; /* language; arena for what is kept */
	ctl_devfile_tell tell;
	void *arg;
};

/* Read the first row. False: told what is wrong (each column that is unknown or there twice; no
 * distid). Titles are copied to io's arena. */
bool ctl_devfile_header(struct ctl_devfile *file, const struct ctl_csv *row,
			const struct ctl_devfile_ear *ear);

/* Make `out`, a struct of `type` (device.create.in or device.update.in), of a row; its strings are
 * in `arena`. False: told what is wrong, all of it. */
bool ctl_devfile_row(const struct ctl_devfile *file, const struct ctl_csv *row,
		     const struct rv_contract_type *type, struct rv_arena *arena, void *out,
		     const struct ctl_devfile_ear *ear);

/* The cell of a field in a row; empty when there is no such column. */
struct rv_str ctl_devfile_cell(const struct ctl_devfile *file, const struct ctl_csv *row,
			       const char *field);

/* Tell of a mistake by a key of the catalogue ("error:<key>"), with English detail or "". `field`
 * NULL: none; a secret one's value is never told. */
void ctl_devfile_wrong(const struct ctl_devfile *file, const struct ctl_csv *row, const char *field,
		       int code, const char *key, const char *text,
		       const struct ctl_devfile_ear *ear);

#endif
