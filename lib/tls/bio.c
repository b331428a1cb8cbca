#include "tls/tls_priv.h"

#include <errno.h>
#include <sys/socket.h>

/* OpenSSL's own socket BIO calls write(2), which raises SIGPIPE in programs that do not
 * ignore it; a library (libarms) must not decide that for its host. */
static int socket_write(BIO *bio, const char *data, int len)
{
	struct rv_tls *tls = BIO_get_data(bio);
	int flags = MSG_NOSIGNAL | (tls->is_held ? MSG_MORE : 0);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	do {
		n = send(tls->fd, data, (size_t)len, flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_write(bio);
	else if (n < 0)
		tls->socket_errno = errno;
	return (int)n;
}

static int socket_read(BIO *bio, char *buf, int size)
{
	struct rv_tls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (tls->recvs == RV_TLS_RECVS_MAX) {
		BIO_set_retry_read(bio);
		return -1;
	}
	tls->recvs++;
	do {
		n = recv(tls->fd, buf, (size_t)size, 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		tls->is_eof = true;
	else if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	else if (n < 0)
		tls->socket_errno = errno;
	return (int)n;
}

static long socket_ctrl(BIO *bio, int command, long number, void *ptr)
{
	const struct rv_tls *tls = BIO_get_data(bio);

	(void)number;
	(void)ptr;
	switch (command) {
	case BIO_CTRL_FLUSH: /* nothing is buffered here */
		return 1;
	case BIO_CTRL_EOF:
		return tls->is_eof;
	default:
		return 0;
	}
}

BIO_METHOD *rv_tls_socket_method_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "reeve socket");

	if (method == NULL)
		return NULL;
	BIO_meth_set_write(method, socket_write);
	BIO_meth_set_read(method, socket_read);
	BIO_meth_set_ctrl(method, socket_ctrl);
	return method;
}
