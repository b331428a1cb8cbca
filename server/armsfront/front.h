/* front.h - the edge towards devices: from TLS bytes to a checked ARMS message, and back.
 *
 *   accept -> TLS -> armshttp head -> credentials -> body -> armsxml request -> handle()
 *                                                            answer in one TLS write <-'  -> close
 *
 * One request per connection, as the original client does it. What is wrong on the way is
 * answered by an HTTP status of 400 and above, which every device takes for "try again", never
 * by a result code of 2xx or 5xx, which are orders to it (spec/arms-protocol.md 4.4):
 *
 *   400  malformed HTTP or XML; cut off; a DTD; not ASCII; nested too deep
 *   401  no credentials, or they do not name a distribution ID
 *   405 411 413 414 431 501 505  see armshttp/server.h
 *   503  a message that is not served here
 *
 * A message of a type that the other kind of server answers gets result code 400 with its type.
 * Budgets: connections, FRONT_TOTAL_US from handshake to the last byte of the answer,
 * RV_ARMSXML_REQUEST_MAX bytes of body. A chunked request without a body (somebody opens a tunnel)
 * is given FRONT_SILENT_US. All on one loop.
 */
#ifndef RV_ARMSFRONT_FRONT_H
#define RV_ARMSFRONT_FRONT_H

#include <uv.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "net/net.h"
#include "proto/armshttp/server.h"
#include "proto/armsxml/message.h"

enum {
	FRONT_TOTAL_US = 30 * 1000 * 1000,     /* the device gives up then, too (spec 2.3) */
	FRONT_HANDSHAKE_US = 30 * 1000 * 1000, /* likewise (spec appendix B) */
	FRONT_SILENT_US = 5 * 1000 * 1000,
	FRONT_ANSWER_MAX = 32 * 1024 *
			   1024, /* the largest config as Base64, escaped, and its frame */
};

struct rv_front;
struct rv_front_exchange;

/* A message, checked. Everything is lent until the exchange is answered. */
struct rv_front_request {
	const struct rv_armsxml_request *message;
	struct rv_str distid;  /* of the credentials, canonical */
	struct rv_str key;     /* secret */
	struct rv_str address; /* "192.0.2.7:40112" */
	struct rv_str path;    /* of the URL that it was given: "/arms" */
};

/* What it is called in metrics and log events; the logger keeps the pointers, so they are static.
 */
struct rv_front_words {
	const char *name; /* "ls", "proxy" */
	const char *refused, *abandoned, *answered, *unfit;
};
#define RV_FRONT_WORDS(name)                                                                       \
	{                                                                                          \
		name, name ".request.refused", name ".request.abandoned",                          \
			name ".request.answered", name ".answer.unfit"                             \
	}

struct rv_front_opt {
	uv_loop_t *loop;
	struct rv_front_words words;
	struct rv_tls_ctx *tls;
	const int *listen_fds;
	size_t listen_count;
	struct rv_net_limits limits;
	unsigned types; /* bit per enum rv_armsxml_type that is served */
	/* Must lead to exactly one rv_front_answer() or rv_front_fail(), now or later. */
	void (*handle)(void *owner, struct rv_front_exchange *exchange,
		       const struct rv_front_request *request);
	/* A client that offers TLS 1.1 at most: see on_old of net.h. Needed with listeners. */
	void (*on_old)(void *owner, int fd, enum rv_tls_hello hello, const char *peer);
	void *owner;
};

int rv_front_new(const struct rv_front_opt *opt, struct rv_front **out) RV_MUSTCHECK;
/* For newcomers. */
void rv_front_set_limits(struct rv_front *front, const struct rv_net_limits *limits);
void rv_front_set_tls(struct rv_front *front, struct rv_tls_ctx *tls);
/* Serve a socket that another process accepted; takes it over. */
void rv_front_take(struct rv_front *front, int fd);
/* Take no more connections; `drained` runs when those that are open have ended. */
void rv_front_drain(struct rv_front *front, void (*drained)(void *arg), void *arg);
/* Close everything; `done` runs when no exchange is open any more and may free the front. */
void rv_front_stop(struct rv_front *front, void (*done)(void *arg), void *arg);
void rv_front_free(struct rv_front *front); /* NULL allowed */

/* Memory for the answer, freed with the exchange. */
struct rv_arena *rv_front_arena(struct rv_front_exchange *exchange);
void *rv_front_owner(const struct rv_front_exchange *exchange);

/* Send the answer and end the exchange. type is filled in here. An answer that no device could take
 * (armsxml/build.h) is logged and becomes result code 401. Nothing of *res is needed afterwards. */
void rv_front_answer(struct rv_front_exchange *exchange, struct rv_armsxml_response *res);
/* Temporary trouble on our side: 301 "server busy" for what passes by itself (RV_EBUSY,
 * RV_ETIMEOUT, RV_ECLOSED, RV_ENOTFOUND, -ENOMEM, and a database that is away or full), 401
 * "server failure" for all else. */
void rv_front_fail(struct rv_front_exchange *exchange, int err);

struct rv_front_stats {
	uint64_t answered[RV_ARMSXML_TYPE_COUNT];      /* with any result code */
	uint64_t ok[RV_ARMSXML_TYPE_COUNT];            /* of these: with 100 */
	uint64_t failed[RV_ARMSXML_TYPE_COUNT];        /* of these: trouble on our side */
	uint64_t http_errors;                          /* 4xx and 5xx, all in all */
	uint64_t unauthorised, unsupported, malformed; /* of these */
	uint64_t gone; /* peer went, or was given up, before its answer */
	struct rv_net_stats net;
};
void rv_front_stats(const struct rv_front *front, struct rv_front_stats *out);
/* "reeve_<name>_..." */
void rv_front_metrics(const struct rv_front *front, struct rv_buf *out);

/* -- at start-up ----------------------------------------------------------------------------- */

struct rv_front_tls_opt {
	const char *section; /* of the configuration; sessions are resumed within it */
	bool asks_client_certificate;
	bool is_legacy; /* TLS 1.0 alone, with the second chain and without tickets */
	struct rv_tls_tickets *tickets; /* NULL = none */
};

/* TLS context of a server from the items of its section: certificate, key and, when it asks for
 * client certificates, client_ca (no file: none is asked for); for TLS 1.0 also legacy_certificate
 * and legacy_key, when there are. diag names the item. */
int rv_front_tls(const struct rv_conf *conf, const struct rv_front_tls_opt *how,
		 struct rv_tls_ctx **out, struct rv_diag *diag) RV_MUSTCHECK;

#endif
