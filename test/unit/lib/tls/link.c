#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { TYPE_DATA = 23 };

static const char *const loopback_names[] = { "127.0.0.1", "::1", "rs.example", NULL };

struct test_pki pki;

int make_pki(void **state)
{
	const char *ls = "Location Server 1";
	struct test_cert_spec root = { RV_PKI_ROOT, "ARMS Root CA 1", 0 };
	struct test_cert_spec odd = { RV_PKI_ROOT, "Odd Root", 0 };
	struct test_cert_spec leaf = { RV_PKI_SERVER, ls, NULL, loopback_names, 0, 0 };
	struct test_cert_spec multi = { RV_PKI_SERVER, ls, "Example, Inc.", NULL, 0, 0 };
	struct test_cert_spec blank = { RV_PKI_SERVER, "Location Server", NULL, NULL, 0, 0 };
	struct test_cert_spec expired = { RV_PKI_SERVER, ls, NULL, loopback_names, -90, 30 };
	struct test_cert_spec early = { RV_PKI_SERVER, ls, NULL, loopback_names, 90, 30 };
	struct test_cert_spec device = { RV_PKI_SA, "device-1", NULL, NULL, 0, 0 };
	struct test_cert_spec old_device = { RV_PKI_SA, "device-1", NULL, NULL, -90, 30 };

	(void)state;
	test_cert_make(&pki.root, &root, NULL);
	test_cert_make(&pki.other_root, &root, NULL);
	test_cert_make(&pki.odd_root, &odd, NULL);
	test_cert_make(&pki.leaf, &leaf, &pki.root);
	test_cert_make(&pki.leaf_multi, &multi, &pki.root);
	test_cert_make(&pki.leaf_blank, &blank, &pki.root);
	test_cert_make(&pki.expired, &expired, &pki.root);
	test_cert_make(&pki.early, &early, &pki.root);
	test_cert_make(&pki.device, &device, &pki.root);
	test_cert_make(&pki.expired_device, &old_device, &pki.root);
	test_cert_make(&pki.foreign_device, &device, &pki.odd_root);
	test_cert_make(&pki.odd_leaf, &leaf, &pki.odd_root);
	return 0;
}

int free_pki(void **state)
{
	struct test_cert *all = (struct test_cert *)&pki;

	(void)state;
	for (size_t i = 0; i < sizeof(pki) / sizeof(*all); i++)
		test_cert_free(&all[i]);
	return 0;
}

static void note_records(struct lane *lane, const char *p, size_t n)
{
	while (n > 0) {
		size_t skip = lane->need < n ? lane->need : n;
		lane->need -= skip;
		p += skip;
		n -= skip;
		while (n > 0 && lane->need == 0 && lane->head_len < RECORD_HEADER) {
			lane->head[lane->head_len++] = *p++;
			n--;
		}
		if (lane->head_len < RECORD_HEADER)
			continue;
		lane->head_len = 0;
		lane->need = (size_t)((unsigned char)lane->head[3] << 8 |
				      (unsigned char)lane->head[4]);
		if (lane->head[0] == TYPE_DATA && lane->data_records < RECORDS_MAX)
			lane->record_len[lane->data_records++] = lane->need;
	}
}

bool relay(struct lane *lane)
{
	bool has_moved = false;
	ssize_t n = recv(lane->from, lane->buf + lane->len, sizeof(lane->buf) - lane->len, 0);

	if (n > 0) {
		note_records(lane, lane->buf + lane->len, (size_t)n);
		lane->len += (size_t)n;
		has_moved = true;
	}
	n = lane->len == 0 ? 0 : send(lane->to, lane->buf, lane->len, MSG_NOSIGNAL);
	if (n > 0) {
		lane->len -= (size_t)n;
		memmove(lane->buf, lane->buf + n, lane->len);
		has_moved = true;
	}
	return has_moved;
}

void relay_all(struct link *l)
{
	bool has_moved;

	do {
		has_moved = relay(&l->up);
		has_moved = relay(&l->down) || has_moved;
	} while (has_moved);
}

static void socket_pair(int *a, int *b, int buffer)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2 && buffer > 0; i++)
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)),
				 0);
	*a = fds[0];
	*b = fds[1];
}

void link_open(struct link *l, const struct rv_tls_opt *client, const struct rv_tls_opt *server,
	       const char *host, int buffer)
{
	struct rv_diag diag = { 0 };

	memset(l, 0, sizeof(*l));
	if (rv_tls_ctx_new(client, &l->client_ctx, &diag) != RV_OK ||
	    rv_tls_ctx_new(server, &l->server_ctx, &diag) != RV_OK)
		fail_msg("%s", diag.text);
	socket_pair(&l->client_fd, &l->up.from, buffer);
	socket_pair(&l->server_fd, &l->down.from, buffer);
	l->up.to = l->down.from;
	l->down.to = l->up.from;
	assert_int_equal(rv_tls_new(l->client_ctx, l->client_fd, host, &l->client), RV_OK);
	assert_int_equal(rv_tls_new(l->server_ctx, l->server_fd, NULL, &l->server), RV_OK);
}

void link_close(struct link *l)
{
	rv_tls_free(l->client);
	rv_tls_free(l->server);
	rv_tls_ctx_unref(l->client_ctx);
	rv_tls_ctx_unref(l->server_ctx);
	close(l->client_fd);
	close(l->server_fd);
	close(l->up.from);
	close(l->down.from);
}

static bool is_waiting(int result)
{
	return result == RV_EWANTREAD || result == RV_EWANTWRITE;
}

void handshake(struct link *l, int *client_result, int *server_result)
{
	*client_result = *server_result = RV_EWANTREAD;
	for (int i = 0; i < 100 && (is_waiting(*client_result) || is_waiting(*server_result));
	     i++) {
		if (is_waiting(*client_result))
			*client_result = rv_tls_handshake(l->client);
		relay_all(l);
		if (is_waiting(*server_result))
			*server_result = rv_tls_handshake(l->server);
		relay_all(l);
	}
}

void link_connect(struct link *l)
{
	int client_result, server_result;

	handshake(l, &client_result, &server_result);
	if (client_result != RV_OK || server_result != RV_OK)
		fail_msg("client: %s, server: %s", rv_tls_error(l->client),
			 rv_tls_error(l->server));
}

void read_data(struct rv_buf *out, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/test/unit/lib/tls/data/%s", getenv("REEVE_SRC"), name);
	rv_buf_init(out, 0);
	assert_int_equal(rv_buf_read_file(out, path, 65536), RV_OK);
}

struct rv_tls_opt server_opt(const struct test_cert *cert)
{
	return (struct rv_tls_opt){
		.is_server = true,
		.peer = RV_TLS_PEER_NONE,
		.cert_pem = rv_buf_str(&cert->cert),
		.key_pem = rv_buf_str(&cert->key),
	};
}

struct rv_tls_opt client_opt(enum rv_tls_peer peer, const struct test_cert *ca)
{
	return (struct rv_tls_opt){
		.peer = peer,
		.ca_pem = ca == NULL ? rv_str(NULL) : rv_buf_str(&ca->cert),
	};
}
