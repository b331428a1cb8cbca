/* import_priv.h - device import from inside: import.c reads the file and reports, import_rows.c
 * knows what the server has and what to do with a row.
 *
 * The file is read twice. First all of it is checked, and against the server; only when nothing at
 * all is wrong the second walk changes anything. Memory: 24 bytes for each device of the server and
 * for each row, and one row.
 */
#ifndef RV_CMD_CTL_IMPORT_PRIV_H
#define RV_CMD_CTL_IMPORT_PRIV_H

#include <time.h>

#include "cmd/ctl/charset.h"
#include "cmd/ctl/csv.h"
#include "cmd/ctl/devfile.h"
#include "cmd/ctl/ids.h"
#include "cmd/ctl/local.h"
#include "contract/rv_contract.h"

enum { CTL_IMPORT_ERRORS_MAX = 50 };

/* Names that the server knows; not complete: more than one answer holds. */
struct import_names {
	struct rv_str *item;
	size_t count;
	bool is_complete;
};

struct import { /* of one device import */
	const struct ctl_local *local;
	const struct rv_device_import_in *in;
	struct ctl_text_file text;
	struct ctl_csv csv;
	struct ctl_devfile file;
	struct ctl_devfile_ear ear;
	struct ctl_ids existing, seen;
	struct import_names groups, locations;
	struct rv_arena row; /* of one row */
	struct rv_device_import_out out;
	struct rv_import_error errors[CTL_IMPORT_ERRORS_MAX];
	struct rsapi_error error; /* of the server, once it failed */
	time_t told_at;           /* progress */
	bool has_header, is_writing;
};

/* ---- import.c ---- */

void ctl_import_hear(void *arg, const struct ctl_devfile_mistake *mistake); /* arg: struct import */

/* ---- import_rows.c ---- */

/* Ask the server. Its errors, with im->error; -ENOMEM, RV_ELIMIT. */
int ctl_import_fetch(struct import *im) RV_MUSTCHECK;
/* A row of the first walk: what is wrong is told. -ENOMEM, RV_ELIMIT. */
int ctl_import_check_row(struct import *im) RV_MUSTCHECK;
/* Behind the first walk: ids that stand there more than once are told, but for their first line. */
void ctl_import_check_twice(struct import *im);
/* A row of the second walk is done. What failed is told. */
int ctl_import_write_row(struct import *im) RV_MUSTCHECK;

#endif
