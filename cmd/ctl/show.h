/* show.h - an answer, for people or for programs.
 *
 * For people: a list of things as a table with the columns of the contract; one thing as "heading:
 * value" lines; a module's config as it is; a report as both. For programs: JSON, one object, pages
 * merged.
 */
#ifndef RV_CMD_CTL_SHOW_H
#define RV_CMD_CTL_SHOW_H

#include "base/buf.h"
#include "cmd/ctl/source.h"
#include "contract/desc.h"
#include "contract/texts.h"

struct ctl_style {
	enum rv_lang lang;
	bool is_json;
	bool is_utc;        /* otherwise local time, as TZ says */
	bool has_no_header; /* a table begins with its first row */
	const char *
		columns; /* of a table: fields of its things, by ','; NULL: those of the contract */
};

/* Are style->columns such of the command's table? RV_EINVALID: told in io->err, with what there
 * is. RV_OK also when the answer is no table: then they are not looked at. */
int ctl_show_check(const struct ctl_style *style, const struct rv_contract_op *op,
		   struct ctl_io *io) RV_MUSTCHECK;

/* Append the answer: `pages` are n structs of op->out, in order; more than one only for operations
 * with pages. Errors: out's sticky err. */
void ctl_show(const struct ctl_style *style, const struct rv_contract_op *op,
	      const void *const *pages, size_t n, struct rv_buf *out);

#endif
