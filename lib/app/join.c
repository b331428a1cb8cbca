#include "app/join.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/control_priv.h"
#include "app/join_priv.h"
#include "base/time.h"

static int code_of_connect(int sys_errno)
{
	switch (sys_errno) {
	case ENOENT:
	case ECONNREFUSED: /* a socket left behind */
	case ENOTSOCK:
		return RV_ENOTFOUND;
	case EAGAIN:
		return RV_EBUSY;
	case EACCES:
	case EPERM:
		return RV_EDENIED;
	default:
		errno = sys_errno;
		return rv_err_from_errno();
	}
}

int rv_join_connect(const char *path, int *out_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd;

	if (len == 0 || len >= sizeof(addr.sun_path))
		return RV_EINVALID;
	memcpy(addr.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rv_err_from_errno();
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		int err = code_of_connect(errno);

		close(fd);
		return err;
	}
	*out_fd = fd;
	return RV_OK;
}

/* Wait until readable or the deadline. */
static int wait_readable(int fd, int64_t deadline_us)
{
	for (;;) {
		int64_t left_us = deadline_us - rv_time_boot_us();
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int n;

		if (left_us <= 0)
			return RV_ETIMEOUT;
		n = poll(&wait, 1, (int)(left_us / RV_US_PER_MS) + 1);
		if (n > 0)
			return RV_OK;
		if (n < 0 && errno != EINTR)
			return rv_err_from_errno();
	}
}

/* The mode belongs to the socket, not to our descriptor of it: the other end may have left it out.
 */
static int make_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? RV_OK : rv_err_from_errno();
}

/* The answer: a LINK with one descriptor, or REFUSED with a code of ours. */
static int receive_link(int fd, const char *peer, struct rv_app_link *out)
{
	int64_t deadline_us = rv_time_boot_us() + RV_APP_JOIN_TIMEOUT_MS * RV_US_PER_MS;
	char *packet = malloc(RV_CONTROL_PACKET_MAX);
	struct rv_control_msg msg;
	int err;

	if (packet == NULL)
		return -ENOMEM;
	do {
		err = wait_readable(fd, deadline_us);
		if (err == RV_OK)
			err = rv_control_recv(fd, packet, &msg);
	} while (err == RV_EWANTREAD);
	if (err != RV_OK)
		goto out;
	if (msg.kind == RV_CONTROL_REFUSED && msg.status < 0) {
		err = msg.status;
	} else if (msg.kind == RV_CONTROL_LINK && msg.fd_count == 1 &&
		   strcmp(msg.peer.name, peer) == 0) {
		err = make_nonblocking(msg.fds[0]);
		if (err == RV_OK) {
			*out = (struct rv_app_link){
				.fd = msg.fds[0],
				.self_instance = msg.self.instance,
				.peer_instance = msg.peer.instance,
			};
			msg.fds[0] = -1;
		}
	} else {
		err = RV_ESYNTAX;
	}
	rv_control_close_fds(&msg);
out:
	free(packet);
	return err;
}

int rv_app_join(const char *path, const char *self, unsigned instance, const char *peer,
		struct rv_app_link *out)
{
	struct rv_control_msg ask = { .kind = RV_CONTROL_JOIN };
	int fd;
	int err = rv_control_party_set(&ask.self, self, instance);

	if (err == RV_OK)
		err = rv_control_party_set(&ask.peer, peer, 0);
	if (err == RV_OK)
		err = rv_join_connect(path, &fd);
	if (err != RV_OK)
		return err;
	err = rv_control_send(fd, &ask);
	/* One who is refused at the door may find it closed already, the reason still to be read.
	 */
	if (err == RV_OK || err == RV_ECLOSED)
		err = receive_link(fd, peer, out);
	close(fd);
	return err;
}
