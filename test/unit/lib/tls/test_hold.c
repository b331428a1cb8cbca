/* rv_tls_hold on a TCP connection, where packets can be counted: what the peer's kernel has taken
 * in (TCP_INFO). A pause of this program may let the kernel send what is held before its time, and
 * acknowledgements are packets, too; so the fewest packets of several attempts count. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "link.h"
#include "packets.h"

enum { WRITES = 3, ATTEMPTS = 200 };

struct pair {
	struct rv_tls_ctx *client_ctx, *server_ctx;
	struct rv_tls *reader, *writer;
	int reader_fd, writer_fd;
};

static void tcp_pair(struct pair *p)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	p->reader_fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p->reader_fd, (struct sockaddr *)&addr, len), 0);
	p->writer_fd = accept(listener, NULL, NULL);
	assert_true(p->writer_fd >= 0);
	close(listener);
	/* Without a hold each write is a packet. */
	assert_int_equal(setsockopt(p->writer_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	assert_int_equal(fcntl(p->reader_fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(p->writer_fd, F_SETFL, O_NONBLOCK), 0);
}

/* TLS 1.2: the reader has had the last word of the handshake when it is done. */
static void open_pair(struct pair *p)
{
	const struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, &pki.root);
	const struct rv_tls_opt s = server_opt(&pki.leaf);
	int reader = RV_EWANTREAD, writer = RV_EWANTREAD;

	tcp_pair(p);
	assert_int_equal(rv_tls_ctx_new(&c, &p->client_ctx, NULL), RV_OK);
	assert_int_equal(rv_tls_ctx_new(&s, &p->server_ctx, NULL), RV_OK);
	assert_int_equal(rv_tls_new(p->client_ctx, p->reader_fd, NULL, &p->reader), RV_OK);
	assert_int_equal(rv_tls_new(p->server_ctx, p->writer_fd, NULL, &p->writer), RV_OK);
	assert_int_equal(SSL_set_max_proto_version(p->reader->ssl, TLS1_2_VERSION), 1);
	while (reader == RV_EWANTREAD || writer == RV_EWANTREAD) {
		reader = rv_tls_handshake(p->reader);
		writer = rv_tls_handshake(p->writer);
	}
	assert_int_equal(reader, RV_OK);
	assert_int_equal(writer, RV_OK);
}

static void close_writer(struct pair *p)
{
	if (p->writer_fd >= 0)
		close(p->writer_fd);
	p->writer_fd = -1;
}

static void close_pair(struct pair *p)
{
	close_writer(p);
	close(p->reader_fd);
	rv_tls_free(p->reader);
	rv_tls_free(p->writer);
	rv_tls_ctx_unref(p->client_ctx);
	rv_tls_ctx_unref(p->server_ctx);
}

/* The next record, or how it ended. */
static int next_record(struct pair *p, size_t *len)
{
	char buf[100];
	int r;

	do {
		r = rv_tls_read(p->reader, buf, sizeof(buf), len);
	} while (r == RV_EWANTREAD);
	return r;
}

static void wait_for_fin(const struct pair *p)
{
	char byte;
	ssize_t n;

	do {
		n = recv(p->reader_fd, &byte, 1, 0);
	} while (n < 0 && errno == EAGAIN);
	assert_int_equal(n, 0);
}

/* What ends the hold. */
enum end { BY_WRITE, BY_SHUTDOWN, BY_CLOSE };

/* Records of 1, 2 ... bytes, all but the last of them held, or none; how many packets they came in,
 * the end of the stream included. */
static unsigned send_records(enum end end, bool is_held)
{
	unsigned before, packets;
	struct pair p;
	size_t len = 0;

	open_pair(&p);
	before = packets_in(p.reader_fd);
	for (size_t i = 1; i <= WRITES; i++) {
		rv_tls_hold(p.writer, is_held && (end != BY_WRITE || i < WRITES));
		assert_int_equal(rv_tls_write(p.writer, "abc", i), RV_OK);
	}
	if (end != BY_WRITE)
		assert_int_equal(rv_tls_shutdown(p.writer), RV_OK);
	if (end == BY_SHUTDOWN)
		assert_int_equal(shutdown(p.writer_fd, SHUT_WR), 0);
	else if (end == BY_CLOSE)
		close_writer(&p);
	for (size_t i = 1; i <= WRITES; i++) { /* records stay what they are */
		assert_int_equal(next_record(&p, &len), RV_OK);
		assert_int_equal(len, i);
	}
	if (end != BY_WRITE) {
		assert_int_equal(next_record(&p, &len), RV_ECLOSED); /* its close_notify */
		wait_for_fin(&p);
	}
	packets = packets_in(p.reader_fd) - before;
	close_pair(&p);
	return packets;
}

static const struct {
	enum end end;
	unsigned held, not_held; /* packets */
} cases[] = {
	{ BY_WRITE, 1, WRITES },
	{ BY_SHUTDOWN, 1, WRITES + 2 }, /* close_notify, FIN */
	{ BY_CLOSE, 1, WRITES + 2 },
};

static unsigned fewest(enum end end, bool is_held, unsigned wanted)
{
	unsigned least = UINT_MAX;

	for (int i = 0; i < ATTEMPTS && least > wanted; i++) {
		unsigned n = send_records(end, is_held);

		least = n < least ? n : least;
	}
	return least;
}

static void held_records_leave_in_one_packet_with_what_ends_the_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(fewest(cases[i].end, true, cases[i].held), cases[i].held);
}

static void records_that_are_not_held_leave_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(fewest(cases[i].end, false, cases[i].not_held), cases[i].not_held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_records_leave_in_one_packet_with_what_ends_the_hold),
		cmocka_unit_test(records_that_are_not_held_leave_at_once),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
