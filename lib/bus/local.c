/* The local driver: one end of a SOCK_SEQPACKET socketpair. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "bus/bus.h"
#include "bus/port.h"

enum { FRAMES_PER_WAKEUP = 64 }; /* then the other handles of the loop get their turn */

struct local_port {
	struct rv_bus_port port;
	uv_poll_t poll;
	int fd;
	char *rx;
	int watched; /* events asked of poll */
	bool is_closing;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct local_port *lp, int events)
{
	int err;

	if (events == lp->watched)
		return;
	err = uv_poll_start(&lp->poll, events, on_poll);
	assert(err == 0); /* what can fail was done by uv_poll_init */
	lp->watched = events;
}

static int local_send(struct rv_bus_port *port, struct rv_str head, struct rv_str rest)
{
	struct local_port *lp = RV_CONTAINER_OF(port, struct local_port, port);
	struct iovec iov[2] = {
		{ (void *)(uintptr_t)head.ptr, head.len },
		{ (void *)(uintptr_t)rest.ptr, rest.len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = rest.len > 0 ? 2 : 1 };
	ssize_t n;

	do
		n = sendmsg(lp->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return RV_OK;
	if (errno == EAGAIN || errno == ENOBUFS) {
		watch(lp, UV_READABLE | UV_WRITABLE);
		return RV_EWANTWRITE;
	}
	/* What the peer had sent before it went is still to be read; the end comes behind it. */
	if (errno == EPIPE || errno == ECONNRESET)
		return RV_EWANTWRITE;
	return rv_err_from_errno();
}

/* RV_EMORE: a frame of *out_len bytes is in rx. */
static int receive(struct local_port *lp, size_t *out_len)
{
	ssize_t n;

	/* ECONNRESET comes once, ahead of what the peer had sent before it died. */
	do
		n = recv(lp->fd, lp->rx, RV_BUS_FRAME_MAX, MSG_DONTWAIT | MSG_TRUNC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n == 0)
		return RV_ECLOSED;
	if (n < 0)
		return errno == EAGAIN ? RV_OK : rv_err_from_errno();
	if (n > RV_BUS_FRAME_MAX)
		return RV_ELIMIT;
	*out_len = (size_t)n;
	return RV_EMORE;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct local_port *lp = RV_CONTAINER_OF(poll, struct local_port, poll);
	const struct rv_bus_port_events *ev = lp->port.events;

	if (status != 0) { /* the socket has an error: libuv has stopped, recv tells which */
		int wanted = lp->watched;

		lp->watched = 0;
		watch(lp, wanted);
	} else if ((events & UV_WRITABLE) != 0) {
		watch(lp, UV_READABLE);
		ev->on_writable(lp->port.arg);
	}
	for (int i = 0; i < FRAMES_PER_WAKEUP && !lp->is_closing; i++) {
		size_t len = 0;
		int err = receive(lp, &len);

		if (err == RV_OK)
			return;
		if (err != RV_EMORE) {
			ev->on_end(lp->port.arg, err);
			return;
		}
		ev->on_frame(lp->port.arg, rv_strn(lp->rx, len));
	}
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct local_port *lp = RV_CONTAINER_OF((uv_poll_t *)handle, struct local_port, poll);

	lp->port.events->on_closed(lp->port.arg);
	free(lp);
}

static void local_close(struct rv_bus_port *port)
{
	struct local_port *lp = RV_CONTAINER_OF(port, struct local_port, port);

	lp->is_closing = true;
	uv_poll_stop(&lp->poll);
	close(lp->fd); /* now, not in the close callback: the peer shall learn of it at once */
	uv_close((uv_handle_t *)&lp->poll, on_poll_closed);
}

static const struct rv_bus_port_driver local_driver = { .send = local_send, .close = local_close };

int rv_bus_local_open(uv_loop_t *loop, int fd, char *rx, const struct rv_bus_port_events *events,
		      void *arg, struct rv_bus_port **out)
{
	struct local_port *lp = NULL;
	int type = 0;
	int err;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){ sizeof(type) }) < 0 ||
	    type != SOCK_SEQPACKET) {
		err = RV_EINVALID;
		goto fail;
	}
	lp = calloc(1, sizeof(*lp));
	if (lp == NULL) {
		err = -ENOMEM;
		goto fail;
	}
	lp->port = (struct rv_bus_port){ &local_driver, events, arg };
	lp->fd = fd;
	lp->rx = rx;
	err = uv_poll_init(loop, &lp->poll, fd);
	if (err != RV_OK)
		goto fail;
	watch(lp, UV_READABLE);
	*out = &lp->port;
	return RV_OK;

fail:
	free(lp);
	if (fd >= 0)
		close(fd);
	return err;
}
