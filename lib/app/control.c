#include "app/control_priv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"

/* "RVC" and the version, a digit. */
static const char magic[] = "RVC";
enum { VERSION = 1, MAGIC_LEN = 4, HEAD_LEN = MAGIC_LEN + 1 + 4 };

static bool is_name(const char *name, size_t len)
{
	if (len > RV_BUS_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-')
			return false;
	}
	return true;
}

int rv_control_party_set(struct rv_control_party *party, const char *name, unsigned instance)
{
	size_t len = strlen(name);

	if (len == 0 || !is_name(name, len) || instance > UINT16_MAX)
		return RV_EINVALID;
	*party = (struct rv_control_party){ .instance = (uint16_t)instance };
	memcpy(party->name, name, len);
	return RV_OK;
}

static void encode_party(const struct rv_control_party *party, struct rv_buf *out)
{
	size_t len = strlen(party->name);
	uint8_t instance[2];

	assert(len <= RV_BUS_NAME_MAX);
	rv_put_be16(instance, party->instance);
	rv_buf_putc(out, (char)len);
	rv_buf_put(out, party->name, len);
	rv_buf_put(out, instance, sizeof(instance));
}

void rv_control_encode(const struct rv_control_msg *msg, struct rv_buf *out)
{
	uint8_t status[4];

	rv_put_be32(status, (uint32_t)msg->status);
	rv_buf_put(out, magic, MAGIC_LEN - 1);
	rv_buf_putc(out, '0' + VERSION);
	rv_buf_putc(out, (char)msg->kind);
	rv_buf_put(out, status, sizeof(status));
	encode_party(&msg->self, out);
	encode_party(&msg->peer, out);
	rv_buf_put_str(out, msg->body);
}

/* Reads one party off the front of *rest. */
static int decode_party(struct rv_str *rest, struct rv_control_party *out)
{
	size_t len;

	if (rest->len < 3)
		return RV_ESYNTAX;
	len = (uint8_t)rest->ptr[0];
	if (rest->len < 3 + len || !is_name(rest->ptr + 1, len))
		return RV_ESYNTAX;
	*out = (struct rv_control_party){
		.instance = rv_be16((const uint8_t *)rest->ptr + 1 + len),
	};
	memcpy(out->name, rest->ptr + 1, len);
	rest->ptr += 3 + len;
	rest->len -= 3 + len;
	return RV_OK;
}

int rv_control_decode(struct rv_str packet, struct rv_control_msg *out)
{
	const uint8_t *p = (const uint8_t *)packet.ptr;
	struct rv_control_party self, peer;
	struct rv_str rest;
	int err;

	if (packet.len < HEAD_LEN || memcmp(p, magic, MAGIC_LEN - 1) != 0)
		return RV_ESYNTAX;
	if (p[MAGIC_LEN - 1] < '0' || !rv_version_is_read(p[MAGIC_LEN - 1] - '0', VERSION))
		return RV_EVERSION;
	if (p[MAGIC_LEN] < RV_CONTROL_START || p[MAGIC_LEN] >= RV_CONTROL_KIND_END)
		return RV_ESYNTAX;
	rest = (struct rv_str){ packet.ptr + HEAD_LEN, packet.len - HEAD_LEN };
	err = decode_party(&rest, &self);
	if (err == RV_OK)
		err = decode_party(&rest, &peer);
	if (err != RV_OK)
		return err;
	out->kind = (enum rv_control_kind)p[MAGIC_LEN];
	out->status = (int)rv_be32(p + MAGIC_LEN + 1);
	out->self = self;
	out->peer = peer;
	out->body = rest;
	return RV_OK;
}

/* Room for the descriptors of one message, aligned as cmsg(3) wants it. */
union fd_space {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int) * RV_CONTROL_FDS_MAX)];
};

int rv_control_send(int fd, const struct rv_control_msg *msg)
{
	struct rv_buf packet = { .max = RV_CONTROL_PACKET_MAX, .wipe = true }; /* perhaps keys */
	union fd_space space = { 0 };
	struct msghdr head = { 0 };
	struct iovec iov;
	int err = RV_OK;

	assert(msg->fd_count <= RV_CONTROL_FDS_MAX);
	rv_control_encode(msg, &packet);
	if (packet.err != RV_OK) {
		err = packet.err;
		goto out;
	}
	iov = (struct iovec){ packet.ptr, packet.len };
	head.msg_iov = &iov;
	head.msg_iovlen = 1;
	if (msg->fd_count > 0) {
		struct cmsghdr *c = &space.head;

		head.msg_control = space.bytes;
		head.msg_controllen = CMSG_SPACE(sizeof(int) * msg->fd_count);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * msg->fd_count);
		memcpy(CMSG_DATA(c), msg->fds, sizeof(int) * msg->fd_count);
	}
	while (sendmsg(fd, &head, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
			err = RV_EBUSY;
		else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			err = RV_ECLOSED;
		else
			err = rv_err_from_errno();
		break;
	}
out:
	rv_buf_deinit(&packet);
	return err;
}

/* Every descriptor that came with the packet, whatever else it holds: none may leak. Surplus
 * ones the kernel closes itself, setting MSG_CTRUNC. */
static void take_fds(struct msghdr *head, struct rv_control_msg *out)
{
	out->fd_count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c != NULL; c = CMSG_NXTHDR(head, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		assert(out->fd_count + n <= RV_CONTROL_FDS_MAX);
		memcpy(out->fds + out->fd_count, CMSG_DATA(c), n * sizeof(int));
		out->fd_count += n;
	}
}

int rv_control_recv(int fd, char *buf, struct rv_control_msg *out)
{
	union fd_space space;
	struct iovec iov = { buf, RV_CONTROL_PACKET_MAX };
	struct msghdr head = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = CMSG_LEN(sizeof(int) * RV_CONTROL_FDS_MAX), /* not one more */
	};
	struct rv_control_msg msg = { 0 };
	ssize_t n;
	int err;

	do {
		n = recvmsg(fd, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		/* A peer that closed with messages of ours unread: the error comes once, and before
		 * what it said last, which may be why it closed. */
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return errno == EAGAIN ? RV_EWANTREAD : rv_err_from_errno();
	take_fds(&head, &msg);
	if (n == 0)
		err = RV_ECLOSED;
	else if (head.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		err = RV_ELIMIT;
	else
		err = rv_control_decode((struct rv_str){ buf, (size_t)n }, &msg);
	if (err != RV_OK) {
		rv_control_close_fds(&msg);
		return err;
	}
	*out = msg;
	return RV_OK;
}

void rv_control_close_fds(struct rv_control_msg *msg)
{
	for (size_t i = 0; i < msg->fd_count; i++) {
		if (msg->fds[i] >= 0)
			close(msg->fds[i]);
	}
	msg->fd_count = 0;
}

struct rv_control_chan {
	uv_poll_t poll;
	int fd;
	const struct rv_control_chan_callbacks *cb;
	void *arg;
	bool is_freed; /* by its owner, perhaps inside on_msg; memory goes in on_closed */
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Dispatch up to `max` messages; the code that ended it, RV_OK when there may be more. */
static int dispatch(struct rv_control_chan *chan, unsigned max)
{
	char *buf = malloc(RV_CONTROL_PACKET_MAX);
	int err = buf != NULL ? RV_OK : -ENOMEM;

	for (unsigned i = 0; err == RV_OK && i < max && !chan->is_freed; i++) {
		struct rv_control_msg msg;

		err = rv_control_recv(chan->fd, buf, &msg);
		if (err != RV_OK)
			break;
		chan->cb->on_msg(chan->arg, &msg);
		rv_control_close_fds(&msg);
		if (msg.kind == RV_CONTROL_TICKETS)
			explicit_bzero(buf, RV_CONTROL_PACKET_MAX);
	}
	free(buf);
	return err;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct rv_control_chan *chan = poll->data;
	int err = dispatch(chan, RV_CONTROL_BATCH);

	(void)status; /* an error condition shows itself in recvmsg */
	(void)events;
	if (err == RV_OK || err == RV_EWANTREAD || chan->is_freed)
		return;
	uv_poll_stop(&chan->poll);
	chan->cb->on_end(chan->arg, err);
}

void rv_control_chan_drain(struct rv_control_chan *chan)
{
	int err = dispatch(chan, UINT_MAX);

	(void)err; /* the owner knows that it ended */
}

int rv_control_chan_new(uv_loop_t *loop, int fd, const struct rv_control_chan_callbacks *cb,
			void *arg, struct rv_control_chan **out)
{
	struct rv_control_chan *chan = calloc(1, sizeof(*chan));
	int err;

	if (chan == NULL) {
		close(fd);
		return -ENOMEM;
	}
	*chan = (struct rv_control_chan){ .fd = fd, .cb = cb, .arg = arg };
	chan->poll.data = chan;
	err = uv_poll_init(loop, &chan->poll, fd);
	if (err != 0) {
		close(fd);
		free(chan);
		return err;
	}
	err = uv_poll_start(&chan->poll, UV_READABLE, on_readable);
	if (err != 0) {
		rv_control_chan_free(chan);
		return err;
	}
	*out = chan;
	return RV_OK;
}

int rv_control_chan_send(struct rv_control_chan *chan, const struct rv_control_msg *msg)
{
	return rv_control_send(chan->fd, msg);
}

void rv_control_chan_free(struct rv_control_chan *chan)
{
	if (chan == NULL || chan->is_freed)
		return;
	chan->is_freed = true;
	uv_close((uv_handle_t *)&chan->poll, on_closed);
	close(chan->fd);
}
