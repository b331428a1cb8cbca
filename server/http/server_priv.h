/* server_priv.h - what server.c, conn.c and request.c know of each other. */
#ifndef RV_SERVER_HTTP_SERVER_PRIV_H
#define RV_SERVER_HTTP_SERVER_PRIV_H

#include <microhttpd.h>

#include "base/list.h"
#include "net/net.h"
#include "server/http/gate.h"
#include "server/http/server.h"

struct rv_http_server {
	struct rv_http_server_opt opt;
	struct rv_net_server *net;
	struct MHD_Daemon *mhd;
	uv_poll_t mhd_poll;
	uv_timer_t mhd_timer; /* work that libmicrohttpd has without any I/O */
	uv_timer_t grace_timer;
	unsigned holders; /* handles not yet closed, and connections */
	struct rv_list conns;
	struct rv_list requests;      /* handed to the handler, not answered */
	struct rv_http_conn *opening; /* being given to libmicrohttpd */
	struct rv_http_stats stats;
	size_t body_bytes; /* of all requests that have not been handed over */
	bool is_in_mhd;    /* inside of MHD_run() */
	bool is_stopping, is_ending;
	void (*done)(void *arg);
	void *done_arg;
};

/* A connection; freed when network, libmicrohttpd and loop have all let go of it. */
struct rv_http_conn {
	struct rv_list link;
	struct rv_http_server *server;
	struct rv_net_conn *net; /* NULL once closed */
	uv_poll_t poll;
	int fd; /* our end of the socketpair; -1: none */
	int events;
	unsigned holders;
	struct rv_http_gate gate;
	struct rv_buf rest;   /* from the network, not yet through the gate */
	struct rv_buf to_mhd; /* through the gate, not yet in the socketpair */
	bool has_deadline;
	bool is_eof; /* the peer sends no more */
	bool is_finished;
};

/* conn.c */
extern const struct rv_net_callbacks rv_http_net_callbacks;
void rv_http_conn_release(struct rv_http_conn *conn);
/* The answer to the request in libmicrohttpd has left it. */
void rv_http_conn_answered(struct rv_http_conn *conn);
/* End when nothing is in progress, else after it. */
void rv_http_conn_wind_up(struct rv_http_conn *conn);

/* server.c */
void rv_http_server_run(struct rv_http_server *server);
void rv_http_server_conn_gone(struct rv_http_server *server);

/* request.c: callbacks of libmicrohttpd; cls is the server. */
void *rv_http_on_target(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result rv_http_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				   const char *method, const char *version, const char *data,
				   size_t *len, void **context);
void rv_http_on_completed(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_RequestTerminationCode why);
/* Nobody waits for this answer any more: let libmicrohttpd go on. */
void rv_http_request_abandon(struct rv_http_request *request);
struct rv_http_request *rv_http_request_of_link(struct rv_list *link);

/* Appended to `out`: a whole answer for what never becomes a request. */
void rv_http_refusal_write(unsigned status, const char *reason, struct rv_buf *out);

#endif
