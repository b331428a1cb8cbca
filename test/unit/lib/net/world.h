/* world.h - a real server on loopback in the test's thread, real TLS clients in threads of their
 * own.
 *
 * What a client sends tells the server what to do, by its first byte:
 *   e echo    f echo and finish    b a big answer, then finish    w a big one, then small ones
 *   l write until the queue is full, then close    p pause for SHORT_US
 *   d deadline in SHORT_US    D the same, disarmed, and echo    s other certificate, and echo
 *   X echo and end, in one go    Y the same with a big answer
 *   Z an end that is too long, then three small answers    q stop the server
 *   o settle, make all others as old as those that stalled, and echo
 *   anything else is counted
 * A client of TLS 1.0 is told so in one byte, 'o' or 'f' (fallback), or served by a second server.
 * A close_notify is answered by "bye" and the end.
 *
 * Clients cannot fail a test from their threads: they leave their verdict in is_ok.
 */
#ifndef TEST_NET_WORLD_H
#define TEST_NET_WORLD_H

#include <netinet/in.h>

#include "../tls/certs.h"
#include "net/net.h"

enum {
	PATIENCE_MS = 20000, /* of a client; longer is a failure */
	SHORT_US = 60000,
	BIG = 1048576,
	SMALL_MESSAGES = 10,
	THREADS_MAX = 64,
};

struct shared {
	struct test_cert root, first, second;
	struct rv_tls_ctx *first_ctx, *second_ctx, *client_ctx;
	struct rv_tls_ctx *old_ctx, *old_client_ctx; /* TLS 1.0 only */
	char big[BIG];
};

extern struct shared shared;

struct world {
	uv_loop_t loop;
	uv_async_t client_done;
	uv_timer_t resume_timer;
	struct rv_net_server *server, *old_server; /* the second one: NULL, or for TLS 1.0 */
	bool has_old_server;
	struct rv_net_server_opt opt;
	int listen_fd;
	struct sockaddr_in addr;
	int clients_left; /* atomic */
	/* What the server saw; read when all is over. */
	unsigned opens, closes, eofs, drains, data_while_paused;
	size_t data_bytes;
	int last_reason, stopped;
	size_t old_bytes; /* of a hello, as on_old found them */
	char last_peer[RV_NET_ADDR_MAX];
	bool is_stopped, is_stopping, is_resumed;
	struct rv_net_conn *paused;
	int flood_result;
};

struct client {
	struct world *world;
	void (*fn)(struct client *c);
	int fd;
	uint32_t source; /* address to come from, host order; 0 = any */
	struct rv_tls *tls;
	int result; /* of the last step */
	size_t len; /* bytes read */
	char buf[2 * RV_NET_READ_MAX];
	bool is_ok; /* the client's own verdict */
};

int make_shared(void **state); /* for cmocka: once per program */
int free_shared(void **state);

void world_open(struct world *w); /* then change w->opt as the test needs */
/* Serve n clients running fn until the last is done; then all must be gone. */
void world_run(struct world *w, void (*fn)(struct client *c), int n);
void world_close(struct world *w, struct rv_net_stats *stats);

/* The clients' side; false: see c->result. */
bool wait_for(struct client *c, int result); /* what RV_EWANTREAD, RV_EWANTWRITE wait for */
bool connect_tcp(struct client *c);
bool start_tls(struct client *c);
bool start_tls_with(struct client *c, struct rv_tls_ctx *ctx);
bool connect_tls(struct client *c); /* both */
bool send_all(struct client *c, const void *data, size_t len);
bool receive(struct client *c); /* one record, as it came, in c->buf */
bool echo(struct client *c, const char *text);
bool ends_properly(struct client *c);
bool ends_abruptly(struct client *c);
bool is_reset(struct client *c); /* before any byte came */
void leave(struct client *c);    /* closes what is open */

#endif
