/* places.h - the listening sockets of a run: two LSs, five RSs, and a port that refuses.
 *
 * Loop thread only.
 */
#ifndef RV_VERIFY_PLACES_H
#define RV_VERIFY_PLACES_H

#include <uv.h>

#include "verify/conn.h"
#include "verify/kit.h"

struct verify_places;

struct verify_listener {
	uv_poll_t poll;
	int fd;
	enum verify_place place;
	struct rv_tls_ctx *tls; /* of the step that runs, lent by the kit; NULL: mute */
	struct verify_places *places;
};

struct verify_places {
	uv_loop_t *loop;
	struct verify_listener listeners[VERIFY_PLACES];
	unsigned count; /* of those that are open */
	struct rv_list conns;
	unsigned era;
	struct verify_conn_events events; /* for every connection */
};

/* Binds all and fills the URLs of *world; a message on failure. */
bool verify_places_open(struct verify_places *places, uv_loop_t *loop,
			const struct verify_options *options, struct verify_world *world);
/* The certificates of a step; a new era begins. */
void verify_places_set(struct verify_places *places, const struct verify_kit *kit,
		       const struct verify_step *step);
/* Close every connection, and those that wait to be accepted: their device is gone. */
void verify_places_clear(struct verify_places *places);
void verify_places_close(struct verify_places *places);

#endif
