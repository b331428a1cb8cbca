/* control_priv.h - messages between the supervisor and its duties, and over bus.sock.
 *
 * One packet of a SOCK_SEQPACKET socket is one message; every kind has the same layout, so one
 * codec and one fuzzer serve all. Big-endian; file descriptors travel beside it (SCM_RIGHTS):
 *
 *   "RVC1" 4 | kind u8 | status i32 | self | peer | body: the rest
 *   self, peer:  length u8 | name [a-z0-9.-] | instance u16
 *
 *   kind     from            carries                                    fds
 *   START    supervisor      self; body: start_priv.h                    config, listeners
 *   LINK     supervisor      self, peer: a link of self to peer; body:   one end of a pair
 *                            methods that peer may call, one a line
 *   STOP     supervisor
 *   ROSTER   supervisor      body: app/roster_priv.h
 *   READY    duty
 *   FAILED   duty            status, body: why start() refused
 *   JOIN     outsider        self; peer: the duty wanted, "" = all that the tables allow, and
 *                            again whenever one of them is restarted
 *   REFUSED  supervisor      status, self, peer: answer to JOIN
 *   TICKETS  supervisor      body: ticket keys, tls/tickets.h
 *   LINE     supervisor      self, peer: a line over which self hands    one end of a pair
 *                            sockets to peer (status 0) or takes them
 *                            from it (status 1)
 *   RELOAD   supervisor      body: start_priv.h                          config
 *   RELOADED duty            status, body: why it keeps its old config
 *   DRAIN    supervisor
 *   TAKEOVER new supervisor
 *   LISTENER old supervisor  self; body: addresses, one a line           their sockets
 *   HANDED   old supervisor  self: "reeve" and its first instance;       lock on the state
 *                            body: ticket keys                           directory
 *   YIELD    new supervisor: stop what serves others (stores); the answer
 *   YIELDED  old supervisor: when it is done
 *   RETIRE   new supervisor: all runs; end what is left
 *   SOCKET   duty, over a    body: the label of the socket               the socket
 *            LINE
 *
 * What comes in is untrusted (bus.sock), and treated alike from a duty. Wire integers only here.
 */
#ifndef RV_APP_CONTROL_PRIV_H
#define RV_APP_CONTROL_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "app/duty.h"
#include "base/buf.h"
#include "bus/bus.h"

enum {
	RV_CONTROL_PACKET_MAX = 48 * 1024,
	RV_CONTROL_FDS_MAX = 1 + RV_DUTY_LISTEN_MAX,
	RV_CONTROL_BATCH = 32, /* messages read per wake-up of a channel */
};

enum rv_control_kind {
	RV_CONTROL_START = 1,
	RV_CONTROL_LINK,
	RV_CONTROL_STOP,
	RV_CONTROL_ROSTER,
	RV_CONTROL_READY,
	RV_CONTROL_FAILED,
	RV_CONTROL_JOIN,
	RV_CONTROL_REFUSED,
	RV_CONTROL_TICKETS,
	RV_CONTROL_LINE,
	RV_CONTROL_SOCKET,
	RV_CONTROL_RELOAD,
	RV_CONTROL_RELOADED,
	RV_CONTROL_DRAIN,
	RV_CONTROL_TAKEOVER,
	RV_CONTROL_LISTENER,
	RV_CONTROL_HANDED,
	RV_CONTROL_YIELD,
	RV_CONTROL_YIELDED,
	RV_CONTROL_RETIRE,
	RV_CONTROL_KIND_END,
};

struct rv_control_party {
	char name[RV_BUS_NAME_MAX + 1]; /* "" = nobody */
	uint16_t instance;
};

struct rv_control_msg {
	enum rv_control_kind kind;
	int status;
	struct rv_control_party self;
	struct rv_control_party peer;
	struct rv_str body; /* lent */
	int fds[RV_CONTROL_FDS_MAX];
	size_t fd_count; /* received: the receiver's; one that is kept is overwritten by -1 */
};

/* RV_EINVALID: name empty, too long or with characters outside [a-z0-9.-]. */
int rv_control_party_set(struct rv_control_party *party, const char *name,
			 unsigned instance) RV_MUSTCHECK;

/* Pure halves. Decode leaves fds alone. RV_ESYNTAX: not this layout; RV_EVERSION: other magic,
 * "RVC" and another digit. */
void rv_control_encode(const struct rv_control_msg *msg, struct rv_buf *out);
int rv_control_decode(struct rv_str packet, struct rv_control_msg *out) RV_MUSTCHECK;

/* Send without blocking; fds stay the caller's. RV_EBUSY: the socket is full. RV_ECLOSED: nobody
 * there. RV_ELIMIT: longer than RV_CONTROL_PACKET_MAX. */
int rv_control_send(int fd, const struct rv_control_msg *msg) RV_MUSTCHECK;

/* Receive without blocking into `buf` of RV_CONTROL_PACKET_MAX bytes, to which out->body points.
 * RV_EWANTREAD; RV_ECLOSED at the end; RV_ELIMIT: cut packet; or as decode. On failure no received
 * fd stays open. */
int rv_control_recv(int fd, char *buf, struct rv_control_msg *out) RV_MUSTCHECK;
void rv_control_close_fds(struct rv_control_msg *msg);

/* A control socket on the loop. */
struct rv_control_chan;

/* on_msg may free the channel. on_end: the peer closed (RV_ECLOSED) or sent rubbish (any other
 * code); exactly once, nothing follows; the owner then frees the channel. */
struct rv_control_chan_callbacks {
	void (*on_msg)(void *arg, struct rv_control_msg *msg);
	void (*on_end)(void *arg, int reason);
};

/* Owns fd, also on failure. */
int rv_control_chan_new(uv_loop_t *loop, int fd, const struct rv_control_chan_callbacks *cb,
			void *arg, struct rv_control_chan **out) RV_MUSTCHECK;
int rv_control_chan_send(struct rv_control_chan *chan,
			 const struct rv_control_msg *msg) RV_MUSTCHECK;
/* Dispatch what has arrived and is unread; for a peer known to be dead. on_end is not called. */
void rv_control_chan_drain(struct rv_control_chan *chan);
void rv_control_chan_free(
	struct rv_control_chan *chan); /* memory follows on the loop; NULL allowed */

#endif
