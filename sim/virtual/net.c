#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/virtual/net_priv.h"

enum {
	RTO_US = 200000,
	RETRIES_MAX = 6, /* then the connection is as good as a hole */
	PIECE_MAX = 16384,
	CUT_BYTES_MAX = 3000,
	HOST_LEN = 16,
};

const char vw_impostor_root[] = "-----BEGIN CERTIFICATE-----\nimpostor\n"
				"-----VW_END CERTIFICATE-----\n";

/* Where an address leads. */
static const struct {
	uint8_t address[HOST_LEN];
	bool is_ipv6;
	const char *name;
	unsigned instance;
	int machine;
} addresses[] = {
	{ { 192, 0, 2, 1 }, false, "ls", 0, VW_LS },
	{ { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x01 }, true, "ls", 0, VW_LS },
	{ { 192, 0, 2, 11 }, false, "proxy", 0, VW_RS },
	{ { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x11 }, true, "proxy", 0, VW_RS },
	{ { 192, 0, 2, 12 }, false, "proxy", 1, VW_RS },
	{ { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x12 }, true, "proxy", 1, VW_RS },
};

/* -- segments ------------------------------------------------------------------------------- */

void vw_wire_settle(struct vw_wire *wire)
{
	if (!wire->is_dropped || wire->conn != NULL || wire->under_way > 0)
		return;
	rv_list_del(&wire->link);
	free(wire);
}

void vw_wire_break(struct vw_wire *wire)
{
	wire->net->holes += !wire->is_hole;
	wire->is_hole = true;
}

/* How long until it is there; -1: it never is. */
static int64_t travel(struct vw_wire *wire)
{
	struct vw_world *w = wire->net->world;
	const struct vw_line *line = wire->line;
	int64_t us = line->delay_us + vw_between(w, VW_NET, 0, line->jitter_us), rto = RTO_US;

	if (wire->machine >= 0 && line->down_until_us[wire->machine] > w->now_us) {
		int64_t left = line->down_until_us[wire->machine] - w->now_us;

		wire->net->lost++;
		/* What the sender repeats gets through when the line is back soon. */
		if (left > (RTO_US << RETRIES_MAX))
			return -1;
		us += left + vw_between(w, VW_NET, 0, RTO_US);
	}
	for (unsigned i = 0; vw_chance(w, VW_NET, line->loss_ppm); i++, rto *= 2) {
		wire->net->lost++;
		if (i == RETRIES_MAX)
			return -1;
		us += rto;
	}
	return us;
}

static void segment_due(void *arg);

void vw_wire_put(struct vw_wire *wire, enum vw_kind kind, int way, struct rv_str bytes)
{
	struct vw_world *w = wire->net->world;
	struct vw_segment *s;
	int64_t us;

	if (wire->is_hole)
		return;
	us = travel(wire);
	wire->net->segments++;
	if (us < 0) {
		vw_wire_break(wire);
		return;
	}
	s = vw_alloc(1, sizeof(*s) + bytes.len + 1);
	*s = (struct vw_segment){ .wire = wire, .kind = kind, .way = way, .len = bytes.len };
	if (bytes.len > 0)
		memcpy(s->bytes, bytes.ptr, bytes.len);
	us += w->now_us;
	if (us < wire->last_us[way])
		us = wire->last_us[way];
	wire->last_us[way] = us;
	wire->under_way++;
	vw_post_owned(w, us - w->now_us, segment_due, s);
}

void vw_wire_put_bytes(struct vw_wire *wire, int way, struct rv_str bytes)
{
	struct vw_world *w = wire->net->world;

	while (bytes.len > 0) {
		size_t most = bytes.len < PIECE_MAX ? bytes.len : PIECE_MAX;
		/* Whole, mostly; sometimes a byte, sometimes anything. */
		size_t n = vw_chance(w, VW_NET, 700000)
				   ? most
				   : (size_t)vw_between(w, VW_NET, 1, (int64_t)most);

		vw_wire_put(wire, VW_DATA, way, rv_str_sub(bytes, 0, n));
		bytes = rv_str_sub(bytes, n, bytes.len);
	}
}

/* -- arriving ------------------------------------------------------------------------------- */

static bool is_served(const struct vw_wire *wire)
{
	return wire->proc != NULL && wire->proc->life == VW_UP && !wire->proc->is_dead &&
	       wire->proc->server != NULL;
}

static void tell_gone(struct vw_wire *wire, enum vw_gone why)
{
	if (wire->is_dropped || wire->is_gone)
		return;
	wire->is_gone = true;
	wire->ends.on_gone(wire->ends.arg, why);
}

/* The first packet: is somebody there? */
static void on_syn(struct vw_wire *wire)
{
	const struct vw_site *site = wire->net->site;

	if (wire->is_impostor) {
		vw_wire_put(wire, VW_ESTABLISHED, VW_TO_DEVICE, (struct rv_str){ 0 });
		return;
	}
	if (wire->machine < 0 || !site->machines[wire->machine].is_on) {
		vw_wire_break(wire);
		return;
	}
	if (!is_served(wire) || wire->proc->server->is_stopping) {
		wire->net->refused++;
		vw_wire_put(wire, VW_RST, VW_TO_DEVICE, (struct rv_str){ 0 });
		return;
	}
	wire->lives = wire->proc->lives;
	vw_conn_open(wire);
	vw_wire_put(wire, VW_ESTABLISHED, VW_TO_DEVICE, (struct rv_str){ 0 });
}

static void arrive_at_server(struct vw_wire *wire, const struct vw_segment *s)
{
	struct rv_virtual *before;

	if (wire->is_impostor && s->kind == VW_DATA)
		wire->net->impostor_bytes += s->len;
	if (s->kind != VW_SYN && (wire->conn == NULL || !is_served(wire)))
		return;
	if (!is_served(wire)) {
		on_syn(wire);
		return;
	}
	before = vw_proc_enter(wire->proc);
	if (s->kind == VW_SYN)
		on_syn(wire);
	else
		vw_conn_take(wire, s);
	vw_proc_leave(wire->proc, before);
}

static void arrive_at_device(struct vw_wire *wire, const struct vw_segment *s)
{
	if (wire->is_dropped || wire->is_gone)
		return;
	if (s->kind == VW_ESTABLISHED)
		wire->ends.on_up(wire->ends.arg, wire->root);
	else if (s->kind == VW_DATA)
		wire->ends.on_data(wire->ends.arg, rv_strn(s->bytes, s->len));
	else if (s->kind == VW_END)
		tell_gone(wire, VW_EOF);
	else
		tell_gone(wire, wire->lives == 0 ? VW_REFUSED : VW_RESET);
}

/* Somewhere on the way something resets it: both ends hear of it. */
static bool is_cut(struct vw_wire *wire, const struct vw_segment *s)
{
	if (wire->cut_bytes < 0 || s->kind != VW_DATA)
		return false;
	if (wire->cut_bytes >= (int64_t)s->len) {
		wire->cut_bytes -= (int64_t)s->len;
		return false;
	}
	wire->net->cuts++;
	return true;
}

/* A scenario's: before TLS, in it, or behind the request, before its answer. */
static bool is_struck(struct vw_wire *wire, const struct vw_segment *s)
{
	static const enum vw_kind kinds[] = { [SIM_LOSS_BEFORE_TLS] = VW_SYN,
					      [SIM_LOSS_IN_TLS] = VW_ESTABLISHED,
					      [SIM_LOSS_AFTER_REQUEST] = VW_DATA };

	return wire->loss != NULL && s->kind == kinds[wire->loss->when] &&
	       (s->kind != VW_DATA || s->way == VW_TO_DEVICE);
}

static void arrive(struct vw_wire *wire, const struct vw_segment *s)
{
	struct vw_segment reset = { .wire = wire, .kind = VW_RST };
	bool is_lost = is_struck(wire, s);

	if (!is_lost && !is_cut(wire, s)) {
		if (s->way == VW_TO_SERVER)
			arrive_at_server(wire, s);
		else
			arrive_at_device(wire, s);
		return;
	}
	if (!is_lost || !wire->loss->is_stall) {
		arrive_at_server(wire, &reset);
		arrive_at_device(wire, &reset);
	}
	vw_wire_break(wire);
}

static void segment_due(void *arg)
{
	struct vw_segment *s = arg;
	struct vw_wire *wire = s->wire;

	if (!wire->is_hole)
		arrive(wire, s);
	wire->under_way--;
	vw_wire_settle(wire);
}

/* -- the device's end ----------------------------------------------------------------------- */

static void find_target(struct vw_wire *wire, const struct rv_armshttp_url *url)
{
	wire->machine = -1;
	for (size_t i = 0; i < RV_ARRAY_LEN(addresses); i++) {
		if (addresses[i].is_ipv6 != url->is_ipv6 ||
		    memcmp(addresses[i].address, url->address, HOST_LEN) != 0)
			continue;
		wire->machine = addresses[i].machine;
		wire->proc = vw_site_find(wire->net->site, addresses[i].name,
					  addresses[i].instance);
		wire->root = wire->machine == VW_LS ? vw_ls_root : vw_rs_root;
	}
}

struct vw_wire *vw_connect(struct vw_net *net, struct vw_line *line,
			   const struct rv_armshttp_url *url, const struct vw_ends *ends,
			   const struct sim_loss *loss)
{
	struct vw_world *w = net->world;
	struct vw_wire *wire = vw_alloc(1, sizeof(*wire));

	*wire = (struct vw_wire){
		.net = net, .line = line, .ends = *ends, .loss = loss, .cut_bytes = -1
	};
	rv_list_add_tail(&net->wires, &wire->link);
	net->connections++;
	find_target(wire, url);
	if (net->impostor_line == line && net->impostor_until_us > w->now_us) {
		wire->is_impostor = true;
		wire->proc = NULL;
		wire->root = vw_impostor_root;
	}
	if (vw_chance(w, VW_NET, line->cut_ppm))
		wire->cut_bytes = vw_between(w, VW_NET, 0, CUT_BYTES_MAX);
	if (url->is_ipv6 ? !line->has_ipv6 : !line->has_ipv4)
		vw_wire_break(wire);
	vw_wire_put(wire, VW_SYN, VW_TO_SERVER, (struct rv_str){ 0 });
	return wire;
}

void vw_wire_send(struct vw_wire *wire, struct rv_str bytes)
{
	vw_wire_put_bytes(wire, VW_TO_SERVER, bytes);
}

void vw_wire_drop(struct vw_wire *wire)
{
	if (wire == NULL || wire->is_dropped)
		return;
	vw_wire_put(wire, wire->is_gone ? VW_END : VW_RST, VW_TO_SERVER, (struct rv_str){ 0 });
	wire->is_dropped = true;
	vw_wire_settle(wire);
}

void vw_line_rebind(struct vw_net *net, struct vw_line *line)
{
	struct rv_list *link;

	line->address = (uint32_t)vw_between(net->world, VW_NET, 0, UINT32_MAX);
	rv_list_for_each (link, &net->wires) {
		struct vw_wire *wire = RV_CONTAINER_OF(link, struct vw_wire, link);

		if (wire->line == line && !wire->is_dropped)
			vw_wire_break(wire);
	}
}

void vw_net_init(struct vw_net *net, struct vw_site *site)
{
	*net = (struct vw_net){ .site = site, .world = site->world };
	rv_list_init(&net->wires);
}

void vw_net_deinit(struct vw_net *net)
{
	struct rv_list *link;

	while ((link = rv_list_pop(&net->wires)) != NULL)
		free(RV_CONTAINER_OF(link, struct vw_wire, link));
}
