/* check.h - the checklist as data: what is judged of a device, by number.
 *
 *   1 .. 127    the statements of section 10 of the protocol's specification that are about a
 * device 201 ..      our own: the shape of requests, appendix B (retries), appendix D (new clients)
 *
 * Every statement of section 10 is either here or in verify_gaps with the reason why not. MUST: a
 * device without it does not work with a server that follows the specification, or is not secure.
 * SHOULD: what a new device is asked to do better than the original, or what only unusual servers
 * notice. Texts: contract/texts/verify.json. Pure, any thread.
 */
#ifndef RV_VERIFY_CHECK_H
#define RV_VERIFY_CHECK_H

#include <stddef.h>

#include "contract/texts.h"

enum { VERIFY_NUMBER_MAX = 255, VERIFY_STATEMENTS = 127 };

enum verify_weight { VERIFY_MUST, VERIFY_SHOULD };

struct verify_check {
	unsigned number;
	enum verify_weight weight;
	const char *section; /* of the specification */
};

/* In order of number. */
extern const struct verify_check verify_checks[];
extern const size_t verify_check_count;

/* NULL: no such check. */
const struct verify_check *verify_check_find(unsigned number);
/* What the device does when it passes, without subject. */
const char *verify_check_text(unsigned number, enum rv_lang lang);
const char *verify_weight_name(enum verify_weight weight); /* "MUST", "SHOULD" */

enum verify_why { VERIFY_NEEDS_PUSH, VERIFY_OF_SERVERS, VERIFY_UNSEEN, VERIFY_WHYS };

struct verify_gap {
	unsigned from, to; /* numbers, both included */
	enum verify_why why;
};

extern const struct verify_gap verify_gaps[];
extern const size_t verify_gap_count;
const char *verify_why_text(enum verify_why why, enum rv_lang lang);

#endif
