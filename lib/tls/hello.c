#include "tls/hello.h"

#include <stdbool.h>
#include <string.h>

enum {
	RECORD_HANDSHAKE = 22,
	RECORD_HEADER = 5,
	RECORD_MAX = 16384,
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_HEADER = 4,
	RANDOM_LEN = 32,
	VERSION_SSL3 = 0x0300,
	VERSION_TLS10 = 0x0301,
	VERSION_TLS12 = 0x0303,
	SUITE_FALLBACK = 0x5600,
	EXTENSION_SUPPORTED_VERSIONS = 43,
	SSL2_HEADER = 2,
	SSL2_MIN = 9,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_INAPPROPRIATE_FALLBACK = 86,
};

/* The handshake message, without the record headers between its bytes. */
struct reader {
	struct rv_str in;
	size_t at;     /* in `in` */
	size_t record; /* bytes left of the current record */
	size_t left;   /* bytes left of the message, once its length is known */
	int err;       /* RV_OK, RV_EMORE: at the end of the input, RV_ESYNTAX */
};

static unsigned byte_at(struct rv_str s, size_t i)
{
	return (unsigned char)s.ptr[i];
}

/* A record of length 0 is no TLS, and would let a client send headers for ever. */
static bool next_record(struct reader *r)
{
	struct rv_str head = rv_str_sub(r->in, r->at, RECORD_HEADER);

	if ((head.len > 0 && byte_at(head, 0) != RECORD_HANDSHAKE) ||
	    (head.len > 1 && byte_at(head, 1) != VERSION_SSL3 >> 8)) {
		r->err = RV_ESYNTAX;
		return false;
	}
	if (head.len < RECORD_HEADER) {
		r->err = RV_EMORE;
		return false;
	}
	r->record = byte_at(head, 3) << 8 | byte_at(head, 4);
	r->at += RECORD_HEADER;
	if (r->record == 0 || r->record > RECORD_MAX)
		r->err = RV_ESYNTAX;
	return r->err == RV_OK;
}

/* 0 after the first error. */
static unsigned get_byte(struct reader *r)
{
	if (r->err == RV_OK && r->left == 0)
		r->err = RV_ESYNTAX;
	if (r->err != RV_OK || (r->record == 0 && !next_record(r)))
		return 0;
	if (r->at == r->in.len) {
		r->err = RV_EMORE;
		return 0;
	}
	r->left--;
	r->record--;
	return byte_at(r->in, r->at++);
}

static unsigned get_number(struct reader *r, unsigned bytes)
{
	unsigned value = 0;

	while (bytes-- > 0)
		value = value << 8 | get_byte(r);
	return value;
}

static void skip(struct reader *r, size_t n)
{
	while (n-- > 0 && r->err == RV_OK)
		get_byte(r);
}

static bool has_fallback(struct reader *r)
{
	unsigned len = get_number(r, 2);
	bool is_found = false;

	for (; len >= 2 && r->err == RV_OK; len -= 2)
		is_found |= get_number(r, 2) == SUITE_FALLBACK;
	skip(r, len);
	return is_found;
}

/* In supported_versions, `len` bytes of it: is there TLS 1.2 or newer? GREASE (0x?a?a) is none. */
static bool names_modern(struct reader *r, unsigned len)
{
	bool is_found = false;

	skip(r, 1);
	for (len = len == 0 ? 0 : len - 1; len >= 2 && r->err == RV_OK; len -= 2) {
		unsigned version = get_number(r, 2);
		is_found |= version >= VERSION_TLS12 && version >> 8 == VERSION_SSL3 >> 8;
	}
	skip(r, len);
	return is_found;
}

static bool offers_modern(struct reader *r)
{
	bool is_found = false;
	unsigned all;

	if (r->err != RV_OK || r->left == 0)
		return false; /* extensions are optional */
	all = get_number(r, 2);
	while (all >= 4 && r->err == RV_OK) {
		unsigned type = get_number(r, 2), len = get_number(r, 2);

		if (len > all - 4) {
			r->err = RV_ESYNTAX;
			break;
		}
		if (type == EXTENSION_SUPPORTED_VERSIONS)
			is_found |= names_modern(r, len);
		else
			skip(r, len);
		all -= 4 + len;
	}
	return is_found;
}

static int decide(int err, unsigned version, bool is_modern, bool is_fallback,
		  enum rv_tls_hello *out)
{
	if (err == RV_EMORE)
		return RV_EMORE;
	if (err != RV_OK || version < VERSION_TLS10)
		*out = RV_TLS_HELLO_OTHER;
	else if (version >= VERSION_TLS12 || is_modern)
		*out = RV_TLS_HELLO_MODERN;
	else
		*out = is_fallback ? RV_TLS_HELLO_FALLBACK : RV_TLS_HELLO_LEGACY;
	return RV_OK;
}

static int read_tls(struct rv_str bytes, enum rv_tls_hello *out)
{
	struct reader r = { .in = bytes, .left = MESSAGE_HEADER };
	bool is_fallback, is_modern;
	unsigned version;

	if (get_byte(&r) != MESSAGE_CLIENT_HELLO && r.err == RV_OK)
		r.err = RV_ESYNTAX;
	r.left = get_number(&r, 3);
	version = get_number(&r, 2);
	if (r.err != RV_OK || version >= VERSION_TLS12 || version < VERSION_TLS10)
		return decide(r.err, version, false, false, out);
	skip(&r, RANDOM_LEN);
	skip(&r, get_byte(&r)); /* session id */
	is_fallback = has_fallback(&r);
	skip(&r, get_byte(&r)); /* compression methods */
	is_modern = offers_modern(&r);
	return decide(r.err, version, is_modern, is_fallback, out);
}

/* Suites are of three bytes; those of TLS begin with 00. */
static bool has_ssl2_fallback(struct rv_str suites)
{
	for (size_t i = 0; i + 3 <= suites.len; i += 3)
		if (byte_at(suites, i) == 0 && byte_at(suites, i + 1) == SUITE_FALLBACK >> 8 &&
		    byte_at(suites, i + 2) == (SUITE_FALLBACK & 0xff))
			return true;
	return false;
}

static int read_ssl2(struct rv_str bytes, enum rv_tls_hello *out)
{
	size_t len = 0, suites = 0;
	unsigned version = 0;
	struct rv_str message;

	if (bytes.len < SSL2_HEADER + 3)
		return RV_EMORE;
	len = (byte_at(bytes, 0) & 0x7f) << 8 | byte_at(bytes, 1);
	version = byte_at(bytes, 3) << 8 | byte_at(bytes, 4);
	if (byte_at(bytes, 2) != MESSAGE_CLIENT_HELLO || len < SSL2_MIN)
		return decide(RV_ESYNTAX, 0, false, false, out);
	if (version < VERSION_TLS10 || version >= VERSION_TLS12)
		return decide(RV_OK, version, false, false, out);
	message = rv_str_sub(bytes, SSL2_HEADER, len);
	if (message.len < len)
		return RV_EMORE;
	suites = byte_at(message, 3) << 8 | byte_at(message, 4);
	if (suites > len - SSL2_MIN)
		return decide(RV_ESYNTAX, 0, false, false, out);
	return decide(RV_OK, version, false,
		      has_ssl2_fallback(rv_str_sub(message, SSL2_MIN, suites)), out);
}

int rv_tls_hello_read(struct rv_str bytes, enum rv_tls_hello *out)
{
	int err = RV_EMORE;

	bytes = rv_str_sub(bytes, 0, RV_TLS_HELLO_MAX);
	if (bytes.len > 0)
		err = (byte_at(bytes, 0) & 0x80) != 0 ? read_ssl2(bytes, out)
						      : read_tls(bytes, out);
	if (err == RV_EMORE && bytes.len == RV_TLS_HELLO_MAX)
		return decide(RV_ESYNTAX, 0, false, false, out);
	return err;
}

bool rv_tls_hello_is_whole(struct rv_str bytes)
{
	struct reader r = { .in = bytes, .left = MESSAGE_HEADER };

	if (bytes.len >= RV_TLS_HELLO_MAX)
		return true;
	if (bytes.len > 0 && (byte_at(bytes, 0) & 0x80) != 0)
		return bytes.len >= SSL2_HEADER &&
		       bytes.len - SSL2_HEADER >=
			       ((byte_at(bytes, 0) & 0x7f) << 8 | byte_at(bytes, 1));
	skip(&r, 1);
	r.left = get_number(&r, 3);
	skip(&r, r.left);
	return r.err != RV_EMORE;
}

void rv_tls_hello_alert(enum rv_tls_hello hello, uint8_t out[static RV_TLS_ALERT_LEN])
{
	/* A record of type alert, TLS 1.0, two bytes: fatal, the reason. */
	uint8_t alert[RV_TLS_ALERT_LEN] = { 21, 3, 1, 0, 2, 2, ALERT_PROTOCOL_VERSION };

	if (hello == RV_TLS_HELLO_FALLBACK)
		alert[RV_TLS_ALERT_LEN - 1] = ALERT_INAPPROPRIATE_FALLBACK;
	memcpy(out, alert, sizeof(alert));
}
