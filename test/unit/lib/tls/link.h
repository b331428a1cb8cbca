/* link.h - both ends of a TLS connection in the test's thread.
 *
 * Two non-blocking socket pairs are joined by a relay that notes the headers of the TLS records
 * passing by. Failures of the harness itself fail the test.
 */
#ifndef TEST_TLS_LINK_H
#define TEST_TLS_LINK_H

#include "certs.h"
#include "tls/tls_priv.h"

enum { RECORD_HEADER = 5, RECORDS_MAX = 64 };

struct test_pki {
	struct test_cert root;       /* CN=ARMS Root CA 1 */
	struct test_cert other_root; /* same subject, other key */
	struct test_cert leaf;       /* CN=Location Server 1 */
	struct test_cert leaf_multi; /* O=Example, CN=Location Server 1 */
	struct test_cert leaf_blank; /* CN=Location Server */
	struct test_cert expired, early;
	struct test_cert device, foreign_device, expired_device;
	struct test_cert odd_root, odd_leaf; /* right leaf subject, wrong root subject */
};

extern struct test_pki pki;

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

int make_pki(void **state); /* for cmocka: once per program */
int free_pki(void **state);

struct rv_tls_opt server_opt(const struct test_cert *cert);
struct rv_tls_opt client_opt(enum rv_tls_peer peer, const struct test_cert *ca); /* ca or NULL */

void read_data(struct rv_buf *out, const char *name); /* a file of data/ */

/* buffer: size of the sockets' send buffers, 0 = the system's. */
void link_open(struct link *l, const struct rv_tls_opt *client, const struct rv_tls_opt *server,
	       const char *host, int buffer);
void link_close(struct link *l);
void handshake(struct link *l, int *client_result,
	       int *server_result); /* to the end, good or bad */
void link_connect(struct link *l);  /* it must be good */
bool relay(struct lane *lane);      /* moves what can be moved; false when nothing could */
void relay_all(struct link *l);     /* until nothing moves */

#endif
