/* ask.h - one question to every duty of the roster, answers collected.
 *
 * Single-threaded. The list of duties is copied; answers are those duties' words, untrusted.
 */
#ifndef RV_SERVER_STATUS_ASK_H
#define RV_SERVER_STATUS_ASK_H

#include "app/duty.h"
#include "base/buf.h"

#define RV_ASK_TIMEOUT_US INT64_C(2000000)

struct rv_ask_answer {
	struct rv_duty_info duty;
	int status; /* RV_OK, or as of rv_bus_request; RV_ENOTFOUND: it does not run now */
	struct rv_buf body;
};

/* Called once, never from inside rv_ask_all; the answers are lent. */
typedef void (*rv_ask_fn)(void *arg, const struct rv_ask_answer *answers, size_t n);

/* Answers come in the order of `list`; entries of this very duty are asked nothing (status RV_OK,
 * empty). -ENOMEM. Freeing the bus ends it (RV_ECANCELED to each). */
int rv_ask_all(struct rv_duty *self, const char *method, const struct rv_duty_info *list, size_t n,
	       rv_ask_fn fn, void *arg) RV_MUSTCHECK;

#endif
