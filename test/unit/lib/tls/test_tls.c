#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "link.h"

enum { TINY_BUFFER = 4096 };

static const struct {
	int client_min, client_max;
	enum rv_tls_versions client, server;
	int result;
	const char *describe, *error; /* of the server */
} versions[] = {
	{ TLS1_3_VERSION, TLS1_3_VERSION, RV_TLS_MODERN, RV_TLS_MODERN, RV_OK,
	  "TLSv1.3 TLS_AES_128_GCM_SHA256" },
	{ TLS1_2_VERSION, TLS1_2_VERSION, RV_TLS_MODERN, RV_TLS_MODERN, RV_OK,
	  "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256" },
	{ TLS1_1_VERSION, TLS1_1_VERSION, RV_TLS_FROM_10, RV_TLS_MODERN, RV_ETLS, "",
	  "unsupported protocol" },
	{ TLS1_VERSION, TLS1_VERSION, RV_TLS_FROM_10, RV_TLS_MODERN, RV_ETLS, "",
	  "unsupported protocol" },
	{ TLS1_VERSION, TLS1_VERSION, RV_TLS_ONLY_10, RV_TLS_ONLY_10, RV_OK,
	  "TLSv1 ECDHE-ECDSA-AES256-SHA" },
	{ TLS1_VERSION, TLS1_3_VERSION, RV_TLS_FROM_10, RV_TLS_MODERN, RV_OK,
	  "TLSv1.3 TLS_AES_128_GCM_SHA256" },
	/* A hello of 1.1 at best is answered in 1.0; the process for 1.0 knows nothing else. */
	{ TLS1_VERSION, TLS1_1_VERSION, RV_TLS_FROM_10, RV_TLS_ONLY_10, RV_OK,
	  "TLSv1 ECDHE-ECDSA-AES256-SHA" },
	{ TLS1_1_VERSION, TLS1_1_VERSION, RV_TLS_FROM_10, RV_TLS_ONLY_10, RV_ETLS, "",
	  "wrong version number" },
};

static void link_open_version(struct link *l, size_t i, int buffer)
{
	struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, &pki.root);
	struct rv_tls_opt s = server_opt(&pki.leaf);

	c.versions = versions[i].client;
	s.versions = versions[i].server;
	link_open(l, &c, &s, NULL, buffer);
	assert_int_equal(SSL_set_min_proto_version(l->client->ssl, versions[i].client_min), 1);
	assert_int_equal(SSL_set_max_proto_version(l->client->ssl, versions[i].client_max), 1);
}

static void only_tls_1_2_and_1_3_unless_told_otherwise(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(versions); i++) {
		int client_result, server_result;
		struct link l;

		link_open_version(&l, i, 0);
		handshake(&l, &client_result, &server_result);
		assert_int_equal(server_result, versions[i].result);
		assert_int_equal(client_result, versions[i].result);
		assert_string_equal(rv_tls_describe(l.server), versions[i].describe);
		if (versions[i].result != RV_OK)
			assert_string_equal(rv_tls_error(l.server), versions[i].error);
		link_close(&l);
	}
}

#define AES128_12 "ECDHE-ECDSA-AES128-GCM-SHA256"
#define AES256_12 "ECDHE-ECDSA-AES256-GCM-SHA384"
#define CHACHA_12 "ECDHE-ECDSA-CHACHA20-POLY1305"
#define AES128_13 "TLS_AES_128_GCM_SHA256"
#define AES256_13 "TLS_AES_256_GCM_SHA384"
#define CHACHA_13 "TLS_CHACHA20_POLY1305_SHA256"

/* Foreign clients put them in an order of their own. */
static void the_server_chooses_what_costs_least(void **state)
{
	static const struct {
		enum rv_tls_versions version;
		const char *suites, *groups; /* of the client */
		const char *describe;
		int group;
	} cases[] = {
		{ RV_TLS_ONLY_13, AES256_13 ":" CHACHA_13 ":" AES128_13, "X25519:P-256",
		  "TLSv1.3 " AES128_13, NID_X25519 },
		{ RV_TLS_ONLY_13, CHACHA_13 ":" AES256_13 ":" AES128_13, "P-256:X25519",
		  "TLSv1.3 " CHACHA_13, NID_X9_62_prime256v1 },
		{ RV_TLS_ONLY_13, AES256_13, "P-384", "TLSv1.3 " AES256_13, NID_secp384r1 },
		{ RV_TLS_ONLY_12, AES256_12 ":" CHACHA_12 ":" AES128_12, "P-256:X25519",
		  "TLSv1.2 " AES128_12, NID_X25519 },
		{ RV_TLS_ONLY_12, CHACHA_12 ":" AES128_12, "P-256", "TLSv1.2 " CHACHA_12,
		  NID_X9_62_prime256v1 },
		{ RV_TLS_ONLY_12, AES256_12, "P-384:P-256", "TLSv1.2 " AES256_12,
		  NID_X9_62_prime256v1 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, &pki.root);
		struct rv_tls_opt s = server_opt(&pki.leaf);
		struct link l;
		SSL *ssl;

		c.versions = cases[i].version;
		link_open(&l, &c, &s, NULL, 0);
		ssl = l.client->ssl;
		assert_int_equal(cases[i].version == RV_TLS_ONLY_13
					 ? SSL_set_ciphersuites(ssl, cases[i].suites)
					 : SSL_set_cipher_list(ssl, cases[i].suites),
				 1);
		assert_int_equal(SSL_set1_groups_list(ssl, cases[i].groups), 1);
		link_connect(&l);
		assert_string_equal(rv_tls_describe(l.server), cases[i].describe);
		assert_int_equal(SSL_get_negotiated_group(l.server->ssl), cases[i].group);
		link_close(&l);
	}
}

/* Write all and read all through the relay; returns how often the writer had to wait. */
static unsigned transfer(struct link *l, const char *data, size_t len, char *out)
{
	int result = RV_EWANTWRITE;
	unsigned waits = 0;
	size_t got = 0;

	while (got < len) {
		size_t n = 0;
		if (result != RV_OK) {
			result = rv_tls_write(l->server, data, len);
			if (result != RV_OK)
				assert_int_equal(result, RV_EWANTWRITE);
			waits += result != RV_OK;
		}
		relay(&l->down);
		int r = rv_tls_read(l->client, out + got, len - got, &n);
		if (r != RV_EWANTREAD)
			assert_int_equal(r, RV_OK);
		got += n;
	}
	assert_int_equal(result, RV_OK);
	return waits;
}

static void one_write_is_one_record(void **state)
{
	static const size_t lengths[] = { 1, 100, 8192, RV_TLS_RECORD_MAX };
	static char data[RV_TLS_RECORD_MAX], out[RV_TLS_RECORD_MAX];

	(void)state;
	memset(data, 'x', sizeof(data));
	for (size_t i = 0; i < RV_ARRAY_LEN(versions); i++) {
		struct link l;

		if (versions[i].result != RV_OK)
			continue;
		link_open_version(&l, i, 0);
		link_connect(&l);
		for (size_t k = 0; k < RV_ARRAY_LEN(lengths); k++) {
			l.down.data_records = 0;
			memset(out, 0, sizeof(out));
			assert_int_equal(transfer(&l, data, lengths[k], out), 0);
			assert_memory_equal(out, data, lengths[k]);
			assert_int_equal(l.down.data_records, 1);
			assert_true(l.down.record_len[0] >= lengths[k]);
		}
		link_close(&l);
	}
}

static void tiny_socket_buffers_only_make_it_wait(void **state)
{
	static char data[RV_TLS_RECORD_MAX], out[RV_TLS_RECORD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	for (size_t i = 0; i < 2; i++) {
		struct link l;

		link_open_version(&l, i, TINY_BUFFER);
		link_connect(&l);
		l.down.data_records = 0;
		assert_true(transfer(&l, data, sizeof(data), out) > 0);
		assert_memory_equal(out, data, sizeof(data));
		assert_int_equal(l.down.data_records, 1);
		link_close(&l);
	}
}

static void small_reads_leave_the_rest_pending(void **state)
{
	struct link l;
	char out[4];
	size_t n;

	(void)state;
	link_open_version(&l, 0, 0);
	link_connect(&l);
	assert_false(rv_tls_has_pending(l.client));
	assert_int_equal(rv_tls_write(l.server, "abcdef", 6), RV_OK);
	assert_int_equal(rv_tls_write(l.server, "gh", 2), RV_OK);
	relay_all(&l);
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_OK);
	assert_int_equal(n, 4);
	assert_true(rv_tls_has_pending(l.client));
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_OK);
	assert_memory_equal(out, "ef", 2);
	assert_true(rv_tls_has_pending(l.client)); /* a whole record, not yet decrypted */
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_OK);
	assert_memory_equal(out, "gh", 2);
	n = 77;
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_EWANTREAD);
	assert_int_equal(n, 77); /* untouched */
	assert_false(rv_tls_has_pending(l.client));
	link_close(&l);
}

static void half_a_record_is_not_pending(void **state)
{
	struct link l;
	char out[16];
	size_t n;

	(void)state;
	link_open_version(&l, 0, 0);
	link_connect(&l);
	assert_int_equal(rv_tls_write(l.server, "abcdef", 6), RV_OK);
	ssize_t len = recv(l.down.from, l.down.buf, sizeof(l.down.buf), 0);
	assert_true(len > 10);
	assert_int_equal(send(l.down.to, l.down.buf, 10, 0), 10);
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_EWANTREAD);
	assert_false(rv_tls_has_pending(l.client)); /* or callers would spin */
	assert_int_equal(send(l.down.to, l.down.buf + 10, (size_t)len - 10, 0), len - 10);
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_OK);
	assert_memory_equal(out, "abcdef", 6);
	link_close(&l);
}

/* TLS 1.3 knows records that carry nothing for the reader; OpenSSL would read them on for as long
 * as they come. */
static void a_flood_of_key_updates_is_read_a_piece_at_a_time(void **state)
{
	enum { FLOOD = 4000, LUMP = 200 };
	struct link l;
	char out[16];
	int unread = 0;
	int r = RV_EWANTREAD;
	size_t n;

	(void)state;
	link_open_version(&l, 0, 0);
	link_connect(&l);
	for (int i = 0; i < FLOOD; i++) {
		assert_int_equal(SSL_key_update(l.client->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(l.client->ssl), 1);
		if (i % LUMP == LUMP - 1)
			relay_all(&l);
	}
	assert_int_equal(rv_tls_write(l.client, "after", 5), RV_OK);
	relay_all(&l);
	assert_int_equal(rv_tls_read(l.server, out, sizeof(out), &n), RV_EWANTREAD);
	assert_int_equal(ioctl(l.server_fd, FIONREAD, &unread), 0);
	assert_true(unread > 0); /* poll tells: nothing is forgotten */
	for (int i = 0; i < FLOOD && r == RV_EWANTREAD; i++)
		r = rv_tls_read(l.server, out, sizeof(out), &n);
	assert_int_equal(r, RV_OK);
	assert_int_equal(n, 5);
	link_close(&l);
}

static void a_proper_end_and_an_abrupt_one_differ(void **state)
{
	struct link l;
	char out[16];
	size_t n;

	(void)state;
	link_open_version(&l, 0, 0);
	link_connect(&l);
	assert_int_equal(rv_tls_shutdown(l.server), RV_OK);
	relay_all(&l);
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_ECLOSED);
	/* Half closed: the other direction still works. */
	assert_int_equal(rv_tls_write(l.client, "late", 4), RV_OK);
	relay_all(&l);
	assert_int_equal(rv_tls_read(l.server, out, sizeof(out), &n), RV_OK);
	assert_int_equal(n, 4);
	link_close(&l);

	link_open_version(&l, 0, 0);
	link_connect(&l);
	shutdown(l.down.to, SHUT_WR);
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), -ECONNRESET);
	assert_string_equal(rv_tls_error(l.client), "the peer ended without close_notify");
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), -ECONNRESET);
	assert_int_equal(rv_tls_write(l.client, "x", 1), -ECONNRESET);
	assert_int_equal(rv_tls_shutdown(l.client), -ECONNRESET);
	link_close(&l);
}

static void a_peer_that_is_gone_is_an_error_and_no_signal(void **state)
{
	int result, i;
	struct link l;

	(void)state;
	link_open_version(&l, 0, 0);
	link_connect(&l);
	close(l.down.from);
	l.down.from = socket(AF_UNIX, SOCK_STREAM, 0); /* for link_close */
	for (i = 0, result = RV_OK; i < 3 && result == RV_OK; i++)
		result = rv_tls_write(l.server, "x", 1);
	assert_int_equal(result, -EPIPE);
	assert_string_equal(rv_tls_error(l.server), strerror(EPIPE));
	link_close(&l);
}

static void the_end_during_a_handshake_is_told(void **state)
{
	struct link l;

	(void)state;
	link_open_version(&l, 0, 0);
	assert_int_equal(rv_tls_handshake(l.server), RV_EWANTREAD);
	shutdown(l.down.from, SHUT_WR);
	assert_int_equal(rv_tls_handshake(l.server), -ECONNRESET);
	assert_string_equal(rv_tls_error(l.server), "the peer ended during the handshake");
	assert_int_equal(rv_tls_shutdown(l.client), RV_OK); /* nothing to end yet */
	link_close(&l);
}

static void plain_http_is_not_tls(void **state)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct link l;

	(void)state;
	link_open_version(&l, 0, 0);
	assert_int_equal(send(l.down.from, request, sizeof(request), 0), sizeof(request));
	assert_int_equal(rv_tls_handshake(l.server), RV_ETLS);
	assert_string_equal(rv_tls_error(l.server), "http request");
	link_close(&l);
}

static void renegotiation_is_refused(void **state)
{
	struct link l;
	char out[8];
	size_t n;

	(void)state;
	link_open_version(&l, 1, 0);
	link_connect(&l);
	SSL_clear_options(l.client->ssl, SSL_OP_NO_RENEGOTIATION);
	assert_int_equal(SSL_renegotiate(l.client->ssl), 1);
	SSL_do_handshake(l.client->ssl);
	relay_all(&l);
	assert_int_equal(rv_tls_read(l.server, out, sizeof(out), &n), RV_EWANTREAD);
	relay_all(&l);
	assert_int_equal(rv_tls_read(l.client, out, sizeof(out), &n), RV_ETLS);
	assert_string_equal(rv_tls_error(l.client), "no renegotiation");
	link_close(&l);
}

static void an_unusable_host_is_refused(void **state)
{
	struct rv_tls_opt c = client_opt(RV_TLS_PEER_NAME, &pki.root);
	struct rv_tls_ctx *ctx;
	struct rv_tls *tls = NULL;

	(void)state;
	assert_int_equal(rv_tls_ctx_new(&c, &ctx, NULL), RV_OK);
	assert_int_equal(rv_tls_new(ctx, 0, "", &tls), RV_EINVALID);
	assert_null(tls);
	rv_tls_ctx_unref(ctx);
	rv_tls_ctx_unref(NULL);
	rv_tls_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_tls_1_2_and_1_3_unless_told_otherwise),
		cmocka_unit_test(the_server_chooses_what_costs_least),
		cmocka_unit_test(one_write_is_one_record),
		cmocka_unit_test(tiny_socket_buffers_only_make_it_wait),
		cmocka_unit_test(small_reads_leave_the_rest_pending),
		cmocka_unit_test(half_a_record_is_not_pending),
		cmocka_unit_test(a_flood_of_key_updates_is_read_a_piece_at_a_time),
		cmocka_unit_test(a_proper_end_and_an_abrupt_one_differ),
		cmocka_unit_test(a_peer_that_is_gone_is_an_error_and_no_signal),
		cmocka_unit_test(the_end_during_a_handshake_is_told),
		cmocka_unit_test(plain_http_is_not_tls),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(an_unusable_host_is_refused),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
