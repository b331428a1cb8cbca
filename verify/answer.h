/* answer.h - what a server of the judge answers: a good document, the step's oddity, its wire form.
 *
 * Documents come from the builder of our servers, so the good ones are what real servers send;
 * edits are made in its text. Pure.
 */
#ifndef RV_VERIFY_ANSWER_H
#define RV_VERIFY_ANSWER_H

#include "base/buf.h"
#include "verify/plan.h"

enum {
	VERIFY_URL_MAX = 128,
	VERIFY_HOST_MAX = 64,
	VERIFY_KEY_MAX = 64,
	VERIFY_ANSWER_MAX = 262144
};

/* What the documents speak of. Lent, constant for the whole run. */
struct verify_world {
	char urls[VERIFY_PLACES][VERIFY_URL_MAX]; /* of every place */
	char long_url[VERIFY_URL_MAX];            /* of RS 1 with a path of 79 characters */
	char rs_host[VERIFY_HOST_MAX];            /* address of the RSs, IPv6 in brackets */
	char rs2_authority[VERIFY_URL_MAX];       /* the same with the port of RS 2 */
	const char *rs_key, *other_rs_key;
	struct rv_str rs_ca, foreign_ca;      /* PEM */
	struct rv_str sa_certificate, sa_key; /* PEM */
};

/* How the bytes are to be sent. */
struct verify_delivery {
	struct rv_buf bytes; /* may be empty: close without answer */
	size_t piece;        /* bytes per TLS record; 0: as much as fits */
	int64_t gap_us;      /* between pieces */
	bool stays_open;     /* until the device closes */
};

/* Append the answer to a request of `type`. -ENOMEM, RV_ELIMIT. RV_EINVALID: the plan is wrong, an
 * edit does not apply or the builder refuses the document (a bug, told by the unit test). */
int verify_answer(const struct verify_world *world, enum rv_armsxml_type type,
		  const struct verify_step *step, const struct verify_reply *reply,
		  struct verify_delivery *out) RV_MUSTCHECK;

#endif
