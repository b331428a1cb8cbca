/* fixture.h - the whole way of a request: a TLS client in a thread of its own, our server on
 * loopback, the bus, and an rs of few words:
 *
 *   device.get, device.create   the distid that was given
 *   device.list                 many devices
 *   device.delete               no answer, ever
 *   location.list               EDENIED; with another token than "good" everything is EAUTH
 *   all others                  bytes that are no answer
 */
#ifndef TEST_HTTP_FIXTURE_H
#define TEST_HTTP_FIXTURE_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "server/http/api.h"
#include "server/http/server.h"

#define DISTID "0000-0000-0000-0001-0000-0000-0000-0001"

enum { PADDING = 400000, DEVICES = 1000 };

struct world {
	uv_loop_t loop;
	uv_async_t client_done;
	struct rv_bus *http_bus, *rs_bus;
	struct rv_http_api api;
	struct rv_http_server *server;
	struct rv_http_stats stats; /* at the end */
	struct sockaddr_in addr;
	int listen_fd;
	unsigned ops;          /* that rs saw */
	bool loses_rs;         /* device.delete is the end of rs */
	bool is_stopped_early; /* stop as soon as rs has an operation */
	bool is_stopping;
};

struct client {
	struct world *world;
	const char *const *parts; /* NULL-terminated; a pause follows each but the last */
	bool is_half_closed;      /* close_notify after the last */
	struct rv_buf answer;
	int result;
};

extern char fixture_padding[PADDING + 1]; /* blanks */

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Let the client talk to a new server; c->answer then holds all it got, and a NUL. */
void fixture_run(struct world *w, struct client *c, bool has_rs);

#endif
