/* net_priv.h - a connection and its two ends: net.c has the way and the device's end, server.c the
 * server's, which is net/net.h. Private to these two. */
#ifndef RV_SIM_VIRTUAL_NET_PRIV_H
#define RV_SIM_VIRTUAL_NET_PRIV_H

#include "sim/virtual/net.h"

enum { VW_TO_SERVER, VW_TO_DEVICE };

struct vw_wire {
	struct rv_list link;
	struct vw_net *net;
	struct vw_line *line;
	struct vw_ends ends;
	const char *root;
	struct rv_net_conn *conn; /* the server's end; NULL: none (any more) */
	struct vw_proc *proc;     /* NULL: nobody is there, or the impostor */
	uint64_t lives;
	int machine; /* -1: nowhere */
	int64_t last_us[2];
	int64_t cut_bytes; /* until the reset; -1: never */
	unsigned under_way;
	const struct sim_loss *loss; /* NULL: none is left for it */
	bool is_hole, is_dropped, is_gone, is_impostor;
};

struct rv_net_server {
	struct vw_proc *proc;
	struct rv_net_server_opt opt;
	struct rv_list conns;
	bool is_stopping;
	void (*done)(void *arg);
	void *done_arg;
	struct rv_net_stats stats;
};

struct rv_net_conn {
	struct rv_list link;
	struct rv_net_server *server;
	struct vw_wire *wire; /* NULL: gone */
	void *user;
	struct vw_task *deadline, *closing;
	char peer[RV_NET_ADDR_MAX];
	int reason;
	bool is_finished, is_closed;
};

enum vw_kind { VW_SYN, VW_ESTABLISHED, VW_DATA, VW_END, VW_RST };

struct vw_segment {
	struct vw_wire *wire;
	enum vw_kind kind;
	int way;
	size_t len;
	char bytes[];
};

void vw_wire_put(struct vw_wire *wire, enum vw_kind kind, int way, struct rv_str bytes);
void vw_wire_put_bytes(struct vw_wire *wire, int way, struct rv_str bytes);
void vw_wire_break(struct vw_wire *wire);  /* it becomes a hole */
void vw_wire_settle(struct vw_wire *wire); /* freed when nobody has it any more */

/* As the server's process: somebody has come; something from him. */
void vw_conn_open(struct vw_wire *wire);
void vw_conn_take(struct vw_wire *wire, const struct vw_segment *segment);

#endif
