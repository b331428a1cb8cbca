/* inspect.h - the shape of one request, judged: what holds of every request of the pull phase.
 *
 * Numbers 17, 126, 127, 201 - 204, 208, 222. Each fault is blamed on one number, so that a device
 * with one fault fails one number. Pure.
 */
#ifndef RV_VERIFY_INSPECT_H
#define RV_VERIFY_INSPECT_H

#include "verify/board.h"
#include "verify/request.h"

struct verify_expected {
	const char *path;     /* of the URL that the device was given */
	const char *distid;   /* upper case */
	const char *key;      /* NULL: unknown, not judged */
	const char *trigger;  /* NULL: any of appendix C */
	unsigned path_number; /* blamed for another path; 0: 208 */
	unsigned key_number;  /* blamed for another key; 0: 202 */
};

/* req has been read. */
void verify_inspect(const struct verify_request *req, const struct verify_expected *expected,
		    struct verify_board *board);

#endif
