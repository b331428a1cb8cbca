/* broken_device: a device with the real core of libarms and one fault, for the tests of
 * `reeve verify-sa`.
 *
 *   broken_device DEFECT DISTRIBUTION-ID LS-SA-KEY LS-ROOT.pem INITIAL-CONFIG
 *   broken_device --list
 *
 * A defect changes what the core says or hears: the bytes of a request before they are sent, those
 * of an answer before it is read, the certificates that are trusted, the time. So everything else
 * is right, and the judge must find this fault and no other. "none" has no fault.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "device/libarms/conn.h"
#include "device/libarms/core/sa.h"
#include "device/libarms/include/libarms.h"

enum { TEXT_MAX = 262144, FILE_MAX = 16384 };

enum flag {
	ANY_LS = 1,       /* any certificate of an LS is good */
	ANY_LS_NAME = 2,  /* any name in it is */
	ANY_RS = 4,       /* any certificate of an RS is good */
	NO_WAIT = 8,      /* no pause between rounds */
	HALF = 16,        /* an answer that breaks off counts as complete */
	NO_QUERY = 32,    /* pulls only */
	NO_IDENTITY = 64, /* never shows its certificate */
	ONE_RS = 128,     /* forgets every RS but the first */
	NO_CHUNKS = 256,  /* takes a chunked answer for a failure */
	LENGTH = 512,     /* announces one byte too many */
	TWICE = 1024,     /* sends the request again */
	ANONYMOUS = 2048, /* without Authorization */
};

struct edit {
	const char *from, *to;
};

static const struct defect {
	const char *name;
	unsigned flags;
	struct edit request[2]; /* every occurrence; Content-Length follows */
	struct edit answer[6];
} defects[] = {
	{ "none", 0, { { 0 } }, { { 0 } } },
	{ "wrong-content-length", LENGTH, { { 0 } }, { { 0 } } },
	{ "no-authorization", ANONYMOUS, { { 0 } }, { { 0 } } },
	{ "lower-case-id", 0, { { "C0DE", "c0de" } }, { { 0 } } },
	{ "trusts-any-ls", ANY_LS, { { 0 } }, { { 0 } } },
	{ "ignores-ls-names", ANY_LS_NAME, { { 0 } }, { { 0 } } },
	{ "trusts-any-rs", ANY_RS, { { 0 } }, { { 0 } } },
	{ "never-waits", NO_WAIT, { { 0 } }, { { 0 } } },
	{ "never-gives-up", 0, { { 0 } }, { { "<rs-retry-max>1<", "<rs-retry-max>60<" } } },
	{ "knows-one-rs", ONE_RS, { { 0 } }, { { 0 } } },
	{ "accepts-half-a-config", HALF, { { 0 } }, { { 0 } } },
	{ "never-queries", NO_QUERY, { { 0 } }, { { 0 } } },
	{ "old-protocol-version", 0, { { ">4.0<", ">3.0<" } }, { { 0 } } },
	{ "own-trigger", 0, { { "<trigger>power on boot<", "<trigger>hello<" } }, { { 0 } } },
	{ "tells-the-ls-too-much",
	  0,
	  { { "</rs-solicitation-request>",
	      "<firmware-info>2.4.1</firmware-info></rs-solicitation-request>" } },
	  { { 0 } } },
	{ "speaks-http-1.1", 0, { { " HTTP/1.0\r\n", " HTTP/1.1\r\n" } }, { { 0 } } },
	{ "sends-a-declaration",
	  0,
	  { { "<arms-message>", "<?xml version=\"1.0\"?>\n<arms-message>" } },
	  { { 0 } } },
	{ "asks-for-the-root", 0, { { "POST /rs1 ", "POST / " } }, { { 0 } } },
	{ "offers-one-method",
	  0,
	  { { "<push-method>https-simple</push-method>", "" } },
	  { { 0 } } },
	{ "obeys-no-order",
	  0,
	  { { 0 } },
	  { { "<result-code>200<", "<result-code>404<" },
	    { "<result-code>501<", "<result-code>404<" },
	    { "<result-code>502<", "<result-code>404<" },
	    { "<result-code>503<", "<result-code>404<" } } },
	{ "ignores-the-http-status",
	  0,
	  { { 0 } },
	  { { "HTTP/1.1 401 ", "HTTP/1.1 200 " },
	    { "HTTP/1.1 500 ", "HTTP/1.1 200 " },
	    { "HTTP/1.1 503 ", "HTTP/1.1 200 " } } },
	{ "reads-no-chunks", NO_CHUNKS, { { 0 } }, { { 0 } } },
	{ "has-one-rs-key", 0, { { 0 } }, { { "verify-rs-key-2", "verify-rs-key-1" } } },
	{ "shows-no-certificate", NO_IDENTITY, { { 0 } }, { { 0 } } },
	{ "sends-twice", TWICE, { { 0 } }, { { 0 } } },
};

struct device {
	const struct defect *defect;
	struct rv_sa *sa;
	struct rv_conn conn;
	int64_t skipped_us; /* time that was not waited */
	char request[TEXT_MAX];
	char answer[TEXT_MAX]; /* so far */
	size_t answer_len;
	bool is_in_rs_phase;
};

static int64_t now_us(const struct device *d)
{
	return rv_time_boot_us() + d->skipped_us;
}

static void die(const char *what)
{
	fprintf(stderr, "broken_device: %s\n", what);
	exit(2);
}

/* Every `from` in text[0..len), which has room for TEXT_MAX; the new length. */
static size_t replace(char *text, size_t len, const struct edit *edit)
{
	size_t from_len, to_len;
	char *at = text;

	if (edit->from == NULL)
		return len;
	from_len = strlen(edit->from);
	to_len = strlen(edit->to);
	while ((at = memmem(at, len - (size_t)(at - text), edit->from, from_len)) != NULL) {
		size_t behind = len - (size_t)(at - text) - from_len;

		if (len + to_len > TEXT_MAX)
			die("too long");
		memmove(at + to_len, at + from_len, behind);
		memcpy(at, edit->to, to_len);
		at += to_len;
		len += to_len - from_len;
	}
	return len;
}

/* -- what it says ---------------------------------------------------------------------------- */

/* The length that the body has now. */
static size_t set_length(char *text, size_t len, unsigned too_many)
{
	char *body = memmem(text, len, "\r\n\r\n", 4);
	char *at = memmem(text, len, "Content-Length: ", 16);
	char old[64], new[64];
	size_t digits;

	if (body == NULL || at == NULL)
		die("the core has sent something odd");
	digits = strspn(at + 16, "0123456789");
	snprintf(old, sizeof(old), "%.*s\r\n", (int)(16 + digits), at);
	snprintf(new, sizeof(new), "Content-Length: %zu\r\n",
		 len - (size_t)(body + 4 - text) + too_many);
	return replace(text, len, &(struct edit){ old, new });
}

static size_t remove_authorization(char *text, size_t len)
{
	char *at = memmem(text, len, "Authorization: ", 15);
	char *end = at != NULL ? memmem(at, len - (size_t)(at - text), "\r\n", 2) : NULL;

	if (end == NULL)
		die("the core has sent something odd");
	memmove(at, end + 2, len - (size_t)(end + 2 - text));
	return len - (size_t)(end + 2 - at);
}

/* Head and body come in two pieces; the fault may be in both. */
static int say(struct device *d, const struct rv_sa_action *act)
{
	static size_t held;
	size_t len = held + act->bytes.len;
	int r;

	if (len > TEXT_MAX)
		die("too long");
	memcpy(d->request + held, act->bytes.ptr, act->bytes.len);
	held = act->has_more ? len : 0;
	if (act->has_more)
		return RV_OK;
	for (size_t i = 0; i < RV_ARRAY_LEN(d->defect->request); i++)
		len = replace(d->request, len, &d->defect->request[i]);
	if ((d->defect->flags & ANONYMOUS) != 0)
		len = remove_authorization(d->request, len);
	len = set_length(d->request, len, (d->defect->flags & LENGTH) != 0);
	r = rv_conn_send(&d->conn, rv_strn(d->request, len), false,
			 act->deadline_us - d->skipped_us);
	if (r == RV_OK && (d->defect->flags & TWICE) != 0)
		r = rv_conn_send(&d->conn, rv_strn(d->request, len), false,
				 act->deadline_us - d->skipped_us);
	return r;
}

/* -- what it hears --------------------------------------------------------------------------- */

static void forget_other_rs(struct device *d)
{
	char *first = memmem(d->answer, d->answer_len, "</rs-info>", 10);
	char *last;

	if (first == NULL)
		return;
	first += 10;
	last = memmem(first, d->answer_len - (size_t)(first - d->answer),
		      "</rs-solicitation-response>", 27);
	if (last == NULL)
		return;
	memmove(first, last, d->answer_len - (size_t)(last - d->answer));
	d->answer_len -= (size_t)(last - first);
}

static void complete_half(struct device *d)
{
	static const char rest[] = "</md-config></config-solicitation-response></arms-response>"
				   "</arms-message>";

	if (memmem(d->answer, d->answer_len, "<md-config", 10) == NULL ||
	    d->answer_len + sizeof(rest) > TEXT_MAX)
		return;
	memcpy(d->answer + d->answer_len, rest, sizeof(rest) - 1);
	d->answer_len += sizeof(rest) - 1;
}

static bool is_complete(const struct device *d)
{
	return memmem(d->answer, d->answer_len, "</arms-message>", 15) != NULL;
}

/* The whole answer, changed, to the core, which may have had enough before its end. */
static void hear(struct device *d)
{
	bool is_chunked = memmem(d->answer, d->answer_len, "hunked\r\n", 8) != NULL;
	struct rv_sa_action act;

	if ((d->defect->flags & HALF) != 0 && !is_complete(d))
		complete_half(d);
	if ((d->defect->flags & ONE_RS) != 0)
		forget_other_rs(d);
	for (size_t i = 0; i < RV_ARRAY_LEN(d->defect->answer); i++)
		d->answer_len = replace(d->answer, d->answer_len, &d->defect->answer[i]);
	if (is_chunked && (d->defect->flags & NO_CHUNKS) != 0)
		rv_sa_on_fail(d->sa, now_us(d), ARMS_LOG_EHTTP, "chunks");
	else if (d->answer_len > 0)
		rv_sa_on_data(d->sa, now_us(d), rv_strn(d->answer, d->answer_len));
	d->answer_len = 0;
	rv_sa_next(d->sa, now_us(d), &act);
	if (act.act == RV_SA_ACT_READ)
		rv_sa_on_fail(d->sa, now_us(d), ARMS_LOG_EHTTP, "the server has ended");
}

static void read_some(struct device *d, const struct rv_sa_action *act)
{
	size_t len = 0;
	int r = RV_OK;

	while (r == RV_OK && !is_complete(d) && d->answer_len < TEXT_MAX) {
		r = rv_conn_read(&d->conn, d->answer + d->answer_len, TEXT_MAX - d->answer_len,
				 &len, act->deadline_us - d->skipped_us);
		if (r == RV_OK)
			d->answer_len += len;
	}
	if (r != RV_ETIMEOUT) /* the core sees that itself */
		hear(d);
	d->answer_len = 0;
}

/* -- the rest -------------------------------------------------------------------------------- */

static int open_connection(struct device *d, const struct rv_sa_action *act)
{
	static const char *const names[] = { "CN=ARMS Root CA", "CN=Location Server ", NULL };
	static const struct rv_conn_source anywhere;
	unsigned flags = d->defect->flags;
	bool is_ls = act->phase == RV_SA_LS;
	struct rv_conn_opt opt = { .url = act->url, .source = &anywhere };

	opt.tls.peer = (flags & (is_ls ? ANY_LS : ANY_RS)) != 0 ? RV_TLS_PEER_INSECURE
								: RV_TLS_PEER_ANCHOR;
	opt.tls.ca_pem = act->anchor;
	if ((flags & NO_IDENTITY) == 0) {
		opt.tls.cert_pem = act->certificate;
		opt.tls.key_pem = act->private_key;
	}
	if (is_ls && (flags & (ANY_LS | ANY_LS_NAME)) == 0)
		opt.tls.subject_contains = names;
	return rv_conn_open(&d->conn, &opt, act->deadline_us - d->skipped_us);
}

static void report(struct device *d, int r)
{
	if (r == RV_OK)
		rv_sa_on_ok(d->sa, now_us(d));
	else if (r != RV_ETIMEOUT)
		rv_sa_on_fail(d->sa, now_us(d), d->conn.log_type, d->conn.error);
}

static void pause_until(struct device *d, int64_t deadline_us)
{
	int64_t left_us = deadline_us - now_us(d);

	if (left_us <= 0)
		return;
	if ((d->defect->flags & NO_WAIT) != 0)
		d->skipped_us += left_us;
	else
		(void)poll(NULL, 0, (int)((left_us + 999) / RV_US_PER_MS));
}

static int run(struct device *d)
{
	struct rv_sa_action act;

	for (;;) {
		rv_sa_next(d->sa, now_us(d), &act);
		switch (act.act) {
		case RV_SA_ACT_LINE:
			rv_sa_on_line(d->sa, now_us(d),
				      act.line_action == ARMS_LINE_ACT_DISCONNECT
					      ? ARMS_LINE_DISCONNECTED
					      : ARMS_LINE_CONNECTED);
			break;
		case RV_SA_ACT_OPEN:
			report(d, open_connection(d, &act));
			break;
		case RV_SA_ACT_SEND:
			report(d, say(d, &act));
			break;
		case RV_SA_ACT_READ:
			read_some(d, &act);
			break;
		case RV_SA_ACT_CLOSE:
			rv_conn_close(&d->conn);
			rv_sa_on_ok(d->sa, now_us(d));
			break;
		case RV_SA_ACT_WAIT:
			pause_until(d, act.deadline_us);
			break;
		case RV_SA_ACT_DONE:
			return act.code;
		}
	}
}

static int take_config(void *arg, const struct rv_sa_module *module, int action, const char *data,
		       size_t len, int next)
{
	(void)arg, (void)module, (void)action, (void)data, (void)len, (void)next;
	return 0;
}

static int take_identity(void *arg, struct rv_str certificate, struct rv_str key,
			 struct rv_diag *diag)
{
	const struct rv_tls_opt opt = { .peer = RV_TLS_PEER_INSECURE,
					.cert_pem = certificate,
					.key_pem = key };
	struct rv_tls_ctx *tls = NULL;
	int r = rv_tls_ctx_new(&opt, &tls, diag);

	(void)arg;
	rv_tls_ctx_unref(tls);
	return r;
}

static void set_up(struct device *d, char **args)
{
	static const struct rv_sa_host host = { take_config, take_identity, NULL, NULL, NULL };
	struct rv_buf root = { 0 }, initial = { 0 };
	struct rv_distid id;
	struct rv_diag diag;

	if (rv_distid_parse(args[0], strlen(args[0]), &id, NULL) != RV_OK ||
	    rv_sa_new(&host, &id, &d->sa) != RV_OK || !rv_sa_set_ls_key(d->sa, rv_str(args[1])) ||
	    rv_buf_read_file(&root, args[2], FILE_MAX) != RV_OK ||
	    rv_sa_set_ls_anchor(d->sa, rv_buf_str(&root)) != RV_OK ||
	    rv_buf_read_file(&initial, args[3], FILE_MAX) != RV_OK ||
	    rv_sa_set_initial(d->sa, rv_buf_str(&initial), &diag) != RV_OK)
		die("set-up failed");
	rv_buf_deinit(&root);
	rv_buf_deinit(&initial);
}

/* As a program does whose library has no push yet: 60 s, then "no push method". */
static void event_loop(struct device *d)
{
	const struct rv_sa_service *service = rv_sa_service(d->sa);

	if (service->method_count > 0 && service->tunnel_urls.count > 0)
		(void)poll(NULL, 0, 60 * 1000);
	rv_sa_set_trigger(d->sa, "no push method");
}

static const struct defect *find(const char *name)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(defects); i++) {
		if (strcmp(defects[i].name, name) == 0)
			return &defects[i];
	}
	die("no such defect");
	return NULL;
}

static void list(void)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(defects); i++)
		puts(defects[i].name);
}

int main(int argc, char **argv)
{
	static const struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	static struct device d = { .conn = { .fd = -1 } };
	struct rv_sa_pull pull = { .timeout_s = 3600, .lines = &line, .line_count = 1 };
	int code;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list();
		return 0;
	}
	if (argc != 6)
		die("usage: broken_device DEFECT ID KEY ROOT INITIAL");
	signal(SIGPIPE, SIG_IGN);
	d.defect = find(argv[1]);
	set_up(&d, argv + 2);
	do {
		rv_sa_start_pull(d.sa, now_us(&d), &pull);
		code = run(&d);
		if (code == 0 && (d.defect->flags & NO_QUERY) == 0) {
			rv_sa_start_query(d.sa, now_us(&d));
			code = run(&d);
			if (code == 0)
				event_loop(&d);
		}
	} while (code == 0 || code == ARMS_EPULL);
	rv_sa_free(d.sa);
	return code == ARMS_EREBOOT ? 0 : 1;
}
