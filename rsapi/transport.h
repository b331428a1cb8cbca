/* transport.h - one way to reach an rs: a struct of functions, chosen by the URL's scheme.
 *
 * A call takes a checked `in` and fills *out, all it points at in `arena`. On failure it returns
 * the code and has filled error (never NULL here).
 */
#ifndef RV_RSAPI_TRANSPORT_H
#define RV_RSAPI_TRANSPORT_H

#include "base/arena.h"
#include "contract/desc.h"
#include "rsapi/rsapi.h"

struct rsapi_transport {
	const char *scheme; /* "unix:" */
	int (*open)(const struct rsapi_opt *opt, void **state, struct rsapi_error *error);
	int (*call)(void *state, const struct rv_contract_op *op, const void *in,
		    struct rv_arena *arena, void *out, struct rsapi_error *error);
	void (*close)(void *state);
};

extern const struct rsapi_transport rsapi_unix, rsapi_https, rsapi_sqlite, rsapi_postgresql;

/* Fill the error and return code, as rv_diag_set does. */
int rsapi_fail(struct rsapi_error *error, int code, const char *key, const char *where,
	       const char *fmt, ...) RV_PRINTF(5, 6);
int rsapi_fail_diag(struct rsapi_error *error, int code, const struct rv_diag *diag);
int rsapi_fail_text(struct rsapi_error *error, int code, struct rv_str key, struct rv_str text,
		    struct rv_str where);

#endif
