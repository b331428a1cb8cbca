/* Both ends live in this thread, on non-blocking socket pairs joined by a relay that notes the
 * headers of the TLS records passing by. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "certs.h"
#include "tls/tls_priv.h"

enum { RECORD_HEADER = 5, RECORDS_MAX = 64, TYPE_DATA = 23, TINY_BUFFER = 4096 };

static const char *const loopback_names[] = { "127.0.0.1", "::1", "rs.example", NULL };
static const char *const ls_subjects[] = { "CN=ARMS Root CA", "CN=Location Server ", NULL };

static struct {
	struct test_cert root;       /* CN=ARMS Root CA 1 */
	struct test_cert other_root; /* same subject, other key */
	struct test_cert leaf;       /* CN=Location Server 1 */
	struct test_cert leaf_multi; /* O=Example, CN=Location Server 1 */
	struct test_cert leaf_blank; /* CN=Location Server */
	struct test_cert expired, early;
	struct test_cert device, foreign_device, expired_device;
	struct test_cert odd_root, odd_leaf; /* right leaf subject, wrong root subject */
} pki;

static int make_pki(void **state)
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

static int free_pki(void **state)
{
	struct test_cert *all = (struct test_cert *)&pki;

	(void)state;
	for (size_t i = 0; i < sizeof(pki) / sizeof(*all); i++)
		test_cert_free(&all[i]);
	return 0;
}

/* One direction of the relay. */
struct lane {
	int from, to;
	char buf[65536];
	size_t len;
	size_t need; /* bytes until the next record header */
	char head[RECORD_HEADER];
	size_t head_len;
	size_t data_records;            /* application data records seen ... */
	size_t record_len[RECORDS_MAX]; /* ... and the length in each header */
};

struct link {
	struct rv_tls_ctx *client_ctx, *server_ctx;
	struct rv_tls *client, *server;
	int client_fd, server_fd;
	struct lane up, down; /* client to server, server to client */
};

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

/* Moves what can be moved; false when nothing could. */
static bool relay(struct lane *lane)
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

static void relay_all(struct link *l)
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

static void link_open(struct link *l, const struct rv_tls_opt *client,
		      const struct rv_tls_opt *server, const char *host, int buffer)
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

static void link_close(struct link *l)
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

static void handshake(struct link *l, int *client_result, int *server_result)
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

static void link_connect(struct link *l)
{
	int client_result, server_result;

	handshake(l, &client_result, &server_result);
	if (client_result != RV_OK || server_result != RV_OK)
		fail_msg("client: %s, server: %s", rv_tls_error(l->client),
			 rv_tls_error(l->server));
}

static struct rv_tls_opt server_opt(const struct test_cert *cert)
{
	return (struct rv_tls_opt){
		.is_server = true,
		.peer = RV_TLS_PEER_NONE,
		.cert_pem = rv_buf_str(&cert->cert),
		.key_pem = rv_buf_str(&cert->key),
	};
}

static struct rv_tls_opt client_opt(enum rv_tls_peer peer, const struct test_cert *ca)
{
	return (struct rv_tls_opt){
		.peer = peer,
		.ca_pem = ca == NULL ? rv_str(NULL) : rv_buf_str(&ca->cert),
	};
}

/* The server's certificate against the client's demands. */
static const struct {
	const char *what;
	enum rv_tls_peer peer;
	const struct test_cert *ca, *cert;
	const char *const *subjects;
	const char *host;
	int result;
	const char *error; /* part of rv_tls_error on the client's side */
} judgements[] = {
	{ "anchor, no demands", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf, NULL, NULL, RV_OK, "" },
	{ "anchor, LS subjects", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf, ls_subjects, NULL, RV_OK,
	  "" },
	{ "subject of several parts", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf_multi, ls_subjects,
	  NULL, RV_OK, "" },
	{ "no blank after Server", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf_blank, ls_subjects,
	  NULL, RV_ETLS, "depth 0, subject \"CN=Location Server\"" },
	{ "root's subject counts too", RV_TLS_PEER_ANCHOR, &pki.odd_root, &pki.odd_leaf,
	  ls_subjects, NULL, RV_ETLS, "depth 1, subject \"CN=Odd Root\"" },
	{ "subjects not asked", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf_blank, NULL, NULL, RV_OK,
	  "" },
	{ "expired, anchor", RV_TLS_PEER_ANCHOR, &pki.root, &pki.expired, ls_subjects, NULL, RV_OK,
	  "" },
	{ "not yet valid, anchor", RV_TLS_PEER_ANCHOR, &pki.root, &pki.early, ls_subjects, NULL,
	  RV_OK, "" },
	{ "other root, anchor", RV_TLS_PEER_ANCHOR, &pki.odd_root, &pki.leaf, NULL, NULL, RV_ETLS,
	  "certificate refused" },
	{ "same subject, other key", RV_TLS_PEER_ANCHOR, &pki.other_root, &pki.leaf, NULL, NULL,
	  RV_ETLS, "certificate refused" },
	{ "host name", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "rs.example", RV_OK, "" },
	{ "address", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "127.0.0.1", RV_OK, "" },
	{ "address, version 6", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "::1", RV_OK, "" },
	{ "other host name", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "ls.example", RV_ETLS,
	  "hostname mismatch" },
	{ "other address", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "127.0.0.2", RV_ETLS,
	  "IP address mismatch" },
	{ "expired, name", RV_TLS_PEER_NAME, &pki.root, &pki.expired, NULL, "127.0.0.1", RV_ETLS,
	  "certificate has expired" },
	{ "not yet valid, name", RV_TLS_PEER_NAME, &pki.root, &pki.early, NULL, "127.0.0.1",
	  RV_ETLS, "not yet valid" },
	{ "system trust knows us not", RV_TLS_PEER_NAME, NULL, &pki.leaf, NULL, "127.0.0.1",
	  RV_ETLS, "certificate refused" },
	{ "encryption only", RV_TLS_PEER_INSECURE, NULL, &pki.expired, NULL, NULL, RV_OK, "" },
};

static void client_judges_the_server_certificate(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(judgements); i++) {
		struct rv_tls_opt c = client_opt(judgements[i].peer, judgements[i].ca);
		struct rv_tls_opt s = server_opt(judgements[i].cert);
		int client_result, server_result;
		struct link l;

		c.subject_contains = judgements[i].subjects;
		link_open(&l, &c, &s, judgements[i].host, 0);
		handshake(&l, &client_result, &server_result);
		if (client_result != judgements[i].result ||
		    strstr(rv_tls_error(l.client), judgements[i].error) == NULL)
			fail_msg("%s: %s, \"%s\"", judgements[i].what, rv_err_name(client_result),
				 rv_tls_error(l.client));
		/* The server hears of the refusal by an alert. */
		assert_int_equal(server_result, judgements[i].result);
		if (server_result != RV_OK)
			assert_non_null(strstr(rv_tls_error(l.server), "refused by the peer"));
		link_close(&l);
	}
}

static const struct {
	const char *what;
	const struct test_cert *client;
	enum rv_tls_peer peer;
	int result;
	const char *subject;
} client_certs[] = {
	{ "none sent", NULL, RV_TLS_PEER_OPTIONAL, RV_OK, "" },
	{ "ours", &pki.device, RV_TLS_PEER_OPTIONAL, RV_OK, "CN=device-1" },
	{ "foreign", &pki.foreign_device, RV_TLS_PEER_OPTIONAL, RV_ETLS, "" },
	{ "expired", &pki.expired_device, RV_TLS_PEER_OPTIONAL, RV_ETLS, "" },
	{ "expired, sent to a device", &pki.expired_device, RV_TLS_PEER_ANCHOR, RV_OK,
	  "CN=device-1" },
	{ "a server's", &pki.leaf, RV_TLS_PEER_OPTIONAL, RV_ETLS, "" },
	{ "not asked for", &pki.foreign_device, RV_TLS_PEER_NONE, RV_OK, "" },
	{ "none sent to a device", NULL, RV_TLS_PEER_ANCHOR, RV_OK, "" },
	{ "ours, sent to a device", &pki.device, RV_TLS_PEER_ANCHOR, RV_OK, "CN=device-1" },
	{ "foreign, sent to a device", &pki.foreign_device, RV_TLS_PEER_ANCHOR, RV_ETLS, "" },
};

static void server_asks_for_a_client_certificate_but_does_not_insist(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(client_certs); i++) {
		struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, &pki.root);
		struct rv_tls_opt s = server_opt(&pki.leaf);
		int client_result, server_result;
		struct link l;

		if (client_certs[i].client != NULL) {
			c.cert_pem = rv_buf_str(&client_certs[i].client->cert);
			c.key_pem = rv_buf_str(&client_certs[i].client->key);
		}
		s.peer = client_certs[i].peer;
		s.ca_pem = rv_buf_str(&pki.root.cert);
		link_open(&l, &c, &s, NULL, 0);
		handshake(&l, &client_result, &server_result);
		if (server_result != client_certs[i].result)
			fail_msg("%s: %s, \"%s\"", client_certs[i].what, rv_err_name(server_result),
				 rv_tls_error(l.server));
		assert_string_equal(rv_tls_peer_subject(l.server), client_certs[i].subject);
		assert_string_equal(rv_tls_peer_subject(l.client), "CN=Location Server 1");
		link_close(&l);
	}
}

static const struct {
	int client_min, client_max;
	bool is_client_legacy, is_server_legacy;
	int result;
	const char *describe;
} versions[] = {
	{ TLS1_3_VERSION, TLS1_3_VERSION, false, false, RV_OK, "TLSv1.3 TLS_AES_256_GCM_SHA384" },
	{ TLS1_2_VERSION, TLS1_2_VERSION, false, false, RV_OK,
	  "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384" },
	{ TLS1_1_VERSION, TLS1_1_VERSION, true, false, RV_ETLS, "" },
	{ TLS1_VERSION, TLS1_VERSION, true, false, RV_ETLS, "" },
	{ TLS1_VERSION, TLS1_VERSION, true, true, RV_OK, "TLSv1 ECDHE-ECDSA-AES256-SHA" },
	{ TLS1_VERSION, TLS1_3_VERSION, true, true, RV_OK, "TLSv1.3 TLS_AES_256_GCM_SHA384" },
};

static void link_open_version(struct link *l, size_t i, int buffer)
{
	struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, &pki.root);
	struct rv_tls_opt s = server_opt(&pki.leaf);

	c.allow_tls10 = versions[i].is_client_legacy;
	s.allow_tls10 = versions[i].is_server_legacy;
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
			assert_string_equal(rv_tls_error(l.server), "unsupported protocol");
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

static void bad_material_is_named(void **state)
{
	static const char damaged[] =
		"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
	static const char encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n"
					"-----END ENCRYPTED PRIVATE KEY-----\n";
	const struct {
		struct rv_str cert, key, ca;
		const char *where, *text;
	} cases[] = {
		{ rv_str(NULL), rv_str(NULL), rv_str(NULL), "certificate", "no certificate" },
		{ rv_str(damaged), rv_str(NULL), rv_str(NULL), "certificate", "damaged" },
		{ rv_buf_str(&pki.leaf.cert), rv_str(NULL), rv_str(NULL), "key", "no readable" },
		{ rv_buf_str(&pki.leaf.cert), rv_str(encrypted), rv_str(NULL), "key",
		  "no readable" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.device.key), rv_str(NULL), "key",
		  "does not belong" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_str(NULL), "ca",
		  "no certificate" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_str(damaged), "ca",
		  "damaged" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_buf_str(&pki.leaf.cert),
		  "ca", "not self-signed" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_tls_opt opt = { true,         RV_TLS_PEER_ANCHOR, cases[i].cert,
					  cases[i].key, cases[i].ca,        NULL,
					  false };
		struct rv_tls_ctx *ctx = NULL;
		struct rv_diag diag = { 0 };

		assert_int_equal(rv_tls_ctx_new(&opt, &ctx, &diag), RV_ETLS);
		assert_null(ctx);
		assert_string_equal(diag.where, cases[i].where);
		if (strstr(diag.text, cases[i].text) == NULL)
			fail_msg("%zu: %s", i, diag.text);
	}
}

/* The anchor is the first certificate of the text; what follows is not trusted. */
static void only_the_first_certificate_of_the_text_is_the_anchor(void **state)
{
	struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, NULL);
	struct rv_tls_opt s = server_opt(&pki.leaf);
	int client_result, server_result;
	struct rv_buf both;
	struct link l;

	(void)state;
	rv_buf_init(&both, 0);
	rv_buf_puts(&both, "a preamble, as openssl x509 -text prints\n");
	rv_buf_put_str(&both, rv_buf_str(&pki.odd_root.cert));
	rv_buf_put_str(&both, rv_buf_str(&pki.root.cert));
	c.ca_pem = rv_buf_str(&both);
	link_open(&l, &c, &s, NULL, 0);
	handshake(&l, &client_result, &server_result);
	assert_int_equal(client_result, RV_ETLS);
	link_close(&l);
	rv_buf_deinit(&both);
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
		cmocka_unit_test(client_judges_the_server_certificate),
		cmocka_unit_test(server_asks_for_a_client_certificate_but_does_not_insist),
		cmocka_unit_test(only_tls_1_2_and_1_3_unless_told_otherwise),
		cmocka_unit_test(one_write_is_one_record),
		cmocka_unit_test(tiny_socket_buffers_only_make_it_wait),
		cmocka_unit_test(small_reads_leave_the_rest_pending),
		cmocka_unit_test(half_a_record_is_not_pending),
		cmocka_unit_test(a_proper_end_and_an_abrupt_one_differ),
		cmocka_unit_test(a_peer_that_is_gone_is_an_error_and_no_signal),
		cmocka_unit_test(the_end_during_a_handshake_is_told),
		cmocka_unit_test(plain_http_is_not_tls),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(bad_material_is_named),
		cmocka_unit_test(only_the_first_certificate_of_the_text_is_the_anchor),
		cmocka_unit_test(an_unusable_host_is_refused),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
