/* Both ends of a pull with nothing but OpenSSL: the bound that bench_pull.py measures against.
 *
 *   pull_peer serve PORT WORKERS 1.2[+]|1.3[+] CERTIFICATE KEY REQUEST-BYTES ANSWER-BYTES
 *       accepts, shakes hands, reads a request of that size, answers with one write, closes; one
 *       process per worker on the same port. Request 0: the handshake alone. Until SIGTERM.
 *   pull_peer load PORT 1.2[+]|1.3[+] full|resumed COUNT AT-ONCE SEED DEVICES ROOT|- [handshake]
 *       COUNT connections, AT-ONCE of them at a time; each pulls as one of the devices of
 *       `reeve sim register --seed SEED`, one after the other. With ROOT the server's chain is
 *       checked. Prints: connections resumed seconds cpu-seconds request-bytes answer-bytes codes
 *       where codes is how many answers had result code 100.
 *
 * A version may be followed by "+": suites and groups in the order of lib/tls too. Otherwise they
 * are OpenSSL's, with P-256, as when the budgets were set. The other options are always as of
 * lib/tls where they cost or save: no session cache, no tickets, read-ahead.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "sim/persona.h"

enum { EVENTS = 256, BUF = 16384, REQUEST_MAX = 4096, SOURCES = 16, BACKLOG = 4096 };

struct end {
	int epoll;
	SSL_CTX *ctx;
	size_t request_bytes, answer_bytes; /* what a server reads, and writes */
	char *answer;
	/* client */
	uint16_t port;
	bool is_handshake_only, is_resuming;
	uint64_t seed, resumed, left, open, ok, received, sent;
	uint32_t devices, next;
	SSL_SESSION *session;
};

struct conn {
	SSL *ssl;
	int fd;
	uint32_t events;
	size_t read;
	char head[64 + 1024]; /* client: of the answer */
	bool is_up, is_sent;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "pull_peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static SSL_CTX *make_ctx(const SSL_METHOD *method, const char *version)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	int number = strncmp(version, "1.2", 3) == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	bool is_like_ours = version[3] == '+';

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, number) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, number) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, is_like_ours ? "X25519:P-256" : "P-256") != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM") != 1)
		die("context");
	if (is_like_ours && (SSL_CTX_set_cipher_list(ctx, "ECDHE+AES128+AESGCM") != 1 ||
			     SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1))
		die("suites");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	return ctx;
}

static void watch(const struct end *e, struct conn *c, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (c != NULL && c->events == events)
		return;
	if (epoll_ctl(e->epoll, c != NULL && c->events != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
		      &ev) != 0)
		die("epoll_ctl");
	if (c != NULL)
		c->events = events;
}

/* True: wait for what SSL wants. False: it failed. */
static bool wants(const struct end *e, struct conn *c, int ret)
{
	int kind = SSL_get_error(c->ssl, ret);

	if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
		return false;
	watch(e, c, c->fd, kind == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
	return true;
}

static void drop(struct conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static struct conn *new_conn(const struct end *e, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	const int on = 1;

	if (c == NULL)
		die("conn");
	c->fd = fd;
	c->ssl = SSL_new(e->ctx);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1)
		die("SSL");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return c;
}

/* -- server --------------------------------------------------------------------------------- */

/* False: it is over. */
static bool serve_one(const struct end *e, struct conn *c)
{
	char buf[BUF];
	int n;

	if (!c->is_up) {
		n = SSL_accept(c->ssl);
		if (n != 1)
			return wants(e, c, n);
		c->is_up = true;
	}
	while (c->read < e->request_bytes) {
		n = SSL_read(c->ssl, buf, sizeof(buf));
		if (n <= 0)
			return wants(e, c, n);
		c->read += (size_t)n;
	}
	if (e->answer_bytes > 0)
		SSL_write(c->ssl, e->answer, (int)e->answer_bytes); /* fits the socket's buffer */
	SSL_shutdown(c->ssl);
	return false;
}

static void accept_all(const struct end *e, int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct conn *c;

		if (fd < 0)
			return;
		c = new_conn(e, fd);
		if (!serve_one(e, c))
			drop(c);
	}
}

static _Noreturn void serve_loop(struct end *e, int listener)
{
	struct epoll_event events[EVENTS];

	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(e, NULL, listener, EPOLLIN);
	for (;;) {
		int n = epoll_wait(e->epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;

			if (c == NULL)
				accept_all(e, listener);
			else if (!serve_one(e, c))
				drop(c);
		}
	}
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(fd, BACKLOG) != 0)
		die("listen");
	return fd;
}

static int serve(char **argv)
{
	struct end e = { .ctx = make_ctx(TLS_server_method(), argv[2]),
			 .request_bytes = (size_t)atoi(argv[5]),
			 .answer_bytes = (size_t)atoi(argv[6]) };

	if (SSL_CTX_use_certificate_chain_file(e.ctx, argv[3]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(e.ctx, argv[4], SSL_FILETYPE_PEM) != 1)
		die("certificate");
	e.answer = calloc(1, e.answer_bytes + 1);
	memset(e.answer, 'a', e.answer_bytes);
	for (int i = 0; i < atoi(argv[1]); i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve_loop(&e, listen_on((uint16_t)atoi(argv[0])));
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* -- client --------------------------------------------------------------------------------- */

static void base64(const char *in, struct rv_buf *out)
{
	char text[128];
	int n = EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)in, (int)strlen(in));

	rv_buf_put(out, text, (size_t)n);
}

/* As libarms writes it, in one piece. */
static void put_request(struct end *e, struct rv_buf *out)
{
	struct sim_persona p;
	struct rv_buf body = { 0 };
	char plain[96];

	sim_persona_make(e->seed, e->next++ % e->devices, &p);
	rv_buf_printf(&body,
		      "<arms-message><arms-request type=\"config-solicitation\"><distribution-id>"
		      "%s</distribution-id><description>bench</description>"
		      "<config-solicitation-request><protocol-version>4.0</protocol-version>"
		      "<trigger>power on boot</trigger><firmware-info>Version 5.33</firmware-info>"
		      "</config-solicitation-request></arms-request></arms-message>",
		      p.distid);
	snprintf(plain, sizeof(plain), "%s:%s", p.distid, p.rs_key);
	rv_buf_printf(out,
		      "POST /arms HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: "
		      "%zu\r\nAuthorization: Basic ",
		      body.len);
	base64(plain, out);
	rv_buf_puts(out, "\r\n\r\n");
	rv_buf_put_str(out, rv_buf_str(&body));
	rv_buf_deinit(&body);
}

static void send_request(struct end *e, struct conn *c)
{
	struct rv_buf request = { 0 };

	put_request(e, &request);
	e->sent = request.len;
	if (SSL_write(c->ssl, request.ptr, (int)request.len) <= 0)
		die("SSL_write");
	rv_buf_deinit(&request);
	c->is_sent = true;
}

/* False: it is over. */
static bool load_one(struct end *e, struct conn *c)
{
	char buf[BUF];
	int n;

	if (!c->is_up) {
		n = SSL_connect(c->ssl);
		if (n != 1)
			return wants(e, c, n);
		c->is_up = true;
		e->resumed += SSL_session_reused(c->ssl) == 1;
		if (e->is_handshake_only)
			SSL_shutdown(c->ssl);
		else
			send_request(e, c);
	}
	for (;;) {
		n = SSL_read(c->ssl, buf, sizeof(buf));
		if (n <= 0)
			break;
		if (c->read < sizeof(c->head) - 1)
			memcpy(c->head + c->read, buf,
			       (size_t)n < sizeof(c->head) - 1 - c->read
				       ? (size_t)n
				       : sizeof(c->head) - 1 - c->read);
		c->read += (size_t)n;
		e->received += (size_t)n;
	}
	if (wants(e, c, n))
		return true;
	e->ok += strstr(c->head, "<result-code>100<") != NULL;
	if (e->is_resuming && e->session == NULL)
		e->session = SSL_get1_session(c->ssl);
	return false;
}

static void start_one(struct end *e)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(e->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct conn *c;

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(e->left % SOURCES));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS))
		die("connect");
	c = new_conn(e, fd);
	if (e->session != NULL)
		SSL_set_session(c->ssl, e->session);
	e->left--;
	e->open++;
	watch(e, c, fd, EPOLLOUT);
}

static void run_load(struct end *e, uint64_t count, uint64_t at_once)
{
	struct epoll_event events[EVENTS];

	e->left = count;
	while (e->left > 0 || e->open > 0) {
		int n;

		while (e->left > 0 && e->open < at_once)
			start_one(e);
		n = epoll_wait(e->epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (load_one(e, events[i].data.ptr))
				continue;
			drop(events[i].data.ptr);
			e->open--;
		}
	}
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int load(int argc, char **argv)
{
	struct end e = { .ctx = make_ctx(TLS_client_method(), argv[1]),
			 .epoll = epoll_create1(EPOLL_CLOEXEC),
			 .port = (uint16_t)atoi(argv[0]),
			 .is_resuming = strcmp(argv[2], "resumed") == 0,
			 .seed = (uint64_t)atoi(argv[5]),
			 .devices = (uint32_t)atoi(argv[6]),
			 .is_handshake_only = argc > 8 };
	uint64_t count = (uint64_t)atoi(argv[3]);
	int64_t start_us;

	if (strcmp(argv[7], "-") != 0) {
		if (SSL_CTX_load_verify_locations(e.ctx, argv[7], NULL) != 1)
			die("root");
		SSL_CTX_set_verify(e.ctx, SSL_VERIFY_PEER, NULL);
	}
	if (e.is_resuming) { /* one full handshake gives the session of all */
		run_load(&e, 1, 1);
		e.received = e.resumed = e.ok = 0;
	}
	start_us = rv_time_boot_us();
	run_load(&e, count, (uint64_t)atoi(argv[4]));
	printf("%llu %llu %.3f %.3f %llu %llu %llu\n", (unsigned long long)count,
	       (unsigned long long)e.resumed, (double)(rv_time_boot_us() - start_us) / 1e6, cpu_s(),
	       (unsigned long long)e.sent, (unsigned long long)(e.received / count),
	       (unsigned long long)e.ok);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 9 && strcmp(argv[1], "serve") == 0)
		return serve(argv + 2);
	if (argc >= 10 && strcmp(argv[1], "load") == 0)
		return load(argc - 2, argv + 2);
	fprintf(stderr, "usage: see the head of pull_peer.c\n");
	return 2;
}
