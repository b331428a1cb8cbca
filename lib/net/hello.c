#include <errno.h>
#include <sys/socket.h>

#include "log/log.h"
#include "net/net_priv.h"
#include "tls/hello.h"

/* The bytes stay in the socket: TLS will read them, here or in another process. So that poll does
 * not report them again and again, it is told to wait for more (tcp(7): SO_RCVLOWAT). */
static void wait_for(struct rv_net_conn *conn, size_t bytes)
{
	const int lowat = (int)bytes;

	setsockopt(conn->fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof(lowat));
}

static void lose(struct rv_net_conn *conn, int reason)
{
	conn->server->stats.handshake_failures++;
	rv_log(RV_LOG_DEBUG, "net.handshake.failed", RV_KS("peer", conn->peer),
	       RV_KS("error", "the peer ended before its hello"));
	rv_net_conn_drop(conn, reason);
}

static void hand_over(struct rv_net_conn *conn, enum rv_tls_hello hello)
{
	struct rv_net_server *server = conn->server;
	int fd = rv_net_conn_give_up_fd(conn);

	server->stats.old++;
	server->opt.cb->on_old(server->opt.arg, fd, hello, conn->peer);
}

static void go_on(struct rv_net_conn *conn, enum rv_tls_hello hello)
{
	bool is_old = hello == RV_TLS_HELLO_LEGACY || hello == RV_TLS_HELLO_FALLBACK;

	if (conn->seen > 0)
		wait_for(conn, 1);
	if (is_old && conn->server->opt.cb->on_old != NULL)
		hand_over(conn, hello);
	else if (rv_net_admit_handshake(conn))
		rv_net_conn_start_tls(conn);
	else
		rv_net_conn_reset(conn);
}

void rv_net_hello_step(struct rv_net_conn *conn)
{
	struct rv_net_server *server = conn->server;
	enum rv_tls_hello hello;
	struct rv_str bytes;
	ssize_t n;

	do {
		n = recv(conn->fd, server->read_buf, sizeof(server->read_buf), MSG_PEEK);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return;
	/* Awake without new bytes: no more will come. */
	if (n <= 0 || (size_t)n == conn->seen) {
		lose(conn, n < 0 ? -errno : -ECONNRESET);
		return;
	}
	bytes = rv_strn(server->read_buf, (size_t)n);
	if (rv_tls_hello_read(bytes, &hello) == RV_OK && rv_tls_hello_is_whole(bytes)) {
		go_on(conn, hello);
		return;
	}
	conn->seen = (size_t)n;
	wait_for(conn, conn->seen + 1);
}
