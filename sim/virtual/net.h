/* net.h - connections between devices and servers over lines that lose, delay, cut and forget.
 *
 *   device --SYN--> | address -> process? | --> handshake (2 round trips) --> plain bytes
 *                   |  no: refused, or silence
 *
 * As TCP shows itself to its ends: bytes come in order, or not any more. A lost segment comes later
 * (0.2 s, doubled each time); writes arrive in pieces cut anywhere; a connection may be cut by a
 * reset after any byte; after its NAT forgot it, and while a line is down, it is a hole: both ends
 * send, nothing arrives, nobody is told. TLS is a fact that the device is told: which root the
 * other end proves to be of.
 */
#ifndef RV_SIM_VIRTUAL_NET_H
#define RV_SIM_VIRTUAL_NET_H

#include "net/net.h"
#include "proto/armshttp/url.h"
#include "sim/scenario.h"
#include "sim/virtual/site.h"

/* What a device's line is like. */
struct vw_line {
	int64_t delay_us, jitter_us; /* one way */
	uint32_t loss_ppm;           /* of segments */
	uint32_t cut_ppm;            /* of connections: reset somewhere on the way */
	int64_t down_until_us[VW_MACHINES];
	bool has_ipv4, has_ipv6;
	uint32_t address; /* as servers see it; another one after each rebinding */
};

enum vw_gone { VW_REFUSED, VW_RESET, VW_EOF };

/* A connection as its device sees it; told nothing any more once it has dropped it. */
struct vw_wire;
struct vw_ends {
	void (*on_up)(void *arg, const char *root); /* the certificate's, PEM */
	void (*on_data)(void *arg, struct rv_str bytes);
	void (*on_gone)(void *arg, enum vw_gone why);
	void *arg;
};

struct vw_net {
	struct vw_site *site;
	struct vw_world *world;
	struct rv_list wires;
	/* Somebody in between who answers in the servers' place, before this: with a root of his
	 * own. He keeps what he is told. */
	int64_t impostor_until_us;
	const struct vw_line *impostor_line; /* whose line he sits on */
	uint64_t impostor_bytes;
	uint64_t connections, refused, segments, lost, cuts, holes;
};

extern const char vw_impostor_root[];

void vw_net_init(struct vw_net *net, struct vw_site *site);
/* Wires that are left are freed; nobody is told. */
void vw_net_deinit(struct vw_net *net);

/* `line` must live as long as the wire. loss: strikes it; NULL: none does. */
struct vw_wire *vw_connect(struct vw_net *net, struct vw_line *line,
			   const struct rv_armshttp_url *url, const struct vw_ends *ends,
			   const struct sim_loss *loss);
void vw_wire_send(struct vw_wire *wire, struct rv_str bytes);
/* The device closes it. NULL allowed. */
void vw_wire_drop(struct vw_wire *wire);

/* All connections over this line become holes, and later ones come from another address. */
void vw_line_rebind(struct vw_net *net, struct vw_line *line);

#endif
