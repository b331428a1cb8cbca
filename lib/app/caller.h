/* caller.h - blocking calls of a duty through bus.sock, for programs that have no loop.
 *
 *   caller ==> <state>/bus.sock ==> the duty      join.h, then a bus link of our own
 *
 * For librsapi and the commands of `reeve`. As caller it is the pseudo duty "rsapi", which may call
 * what the supervisor's tables let it. One thread at a time.
 */
#ifndef RV_APP_CALLER_H
#define RV_APP_CALLER_H

#include "base/arena.h"
#include "base/str.h"

struct rv_app_caller;

/* `path` of the socket; `peer`: the duty, lent. Nothing is connected yet. -ENOMEM. */
int rv_app_caller_new(const char *path, const char *peer, int64_t timeout_us,
		      struct rv_app_caller **out) RV_MUSTCHECK;
void rv_app_caller_free(struct rv_app_caller *caller); /* NULL allowed */

/* Make sure that the link stands: it may have ended since the last call, when the duty was started
 * anew. Codes of rv_app_join; RV_ETIMEOUT: the duty does not answer. */
int rv_app_caller_connect(struct rv_app_caller *caller) RV_MUSTCHECK;

/* Over the link that connect made. *answer is in the arena. The status of the call; RV_ELIMIT: body
 * too long. */
int rv_app_caller_call(struct rv_app_caller *caller, const char *method, struct rv_str body,
		       struct rv_arena *arena, struct rv_str *answer) RV_MUSTCHECK;

#endif
