/* show.h - an answer, for people or for programs.
 *
 * For people: a list of things as a table with the columns of the contract; one thing as "heading:
 * value" lines; a module's config as it is; a report as both. For programs: JSON, one object, pages
 * merged.
 */
#ifndef RV_CMD_CTL_SHOW_H
#define RV_CMD_CTL_SHOW_H

#include "base/buf.h"
#include "contract/desc.h"
#include "contract/texts.h"

struct ctl_style {
	enum rv_lang lang;
	bool is_json;
	bool is_utc; /* otherwise local time, as TZ says */
};

/* Append the answer: `pages` are n structs of op->out, in order; more than one only for operations
 * with pages. Errors: out's sticky err. */
void ctl_show(const struct ctl_style *style, const struct rv_contract_op *op,
	      const void *const *pages, size_t n, struct rv_buf *out);

#endif
