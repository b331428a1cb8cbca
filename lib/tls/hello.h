/* hello.h - what a client offers, from the first bytes it sends. Pure: no socket, no OpenSSL.
 *
 *   TLS record      16 03 xx LL LL | handshake: 01 LL LL LL | client_version 03 yy | random 32 |
 *                   session id 1+n | suites 2+n | compression 1+n | extensions 2+n
 *   SSLv2 envelope  8L LL 01 | 03 yy | suites, session id, challenge: 2+2+2 lengths | suites 3 each
 *
 * The handshake message may be cut into records at any byte; the SSLv2 envelope is what OpenSSL
 * before 1.1 sends when SSLv2 suites are enabled. Facts: RFC 5246 7.4.1.2 and appendix E.2,
 * RFC 8446 4.1.2 and 4.2.1, RFC 7507.
 */
#ifndef RV_TLS_HELLO_H
#define RV_TLS_HELLO_H

#include "base/err.h"
#include "base/str.h"

enum {
	/* Of a hello that says less than TLS 1.2; clients of that time send 50 to 600. */
	RV_TLS_HELLO_MAX = 4096,
	RV_TLS_ALERT_LEN = 7,
};

enum rv_tls_hello {
	RV_TLS_HELLO_MODERN, /* TLS 1.2 or newer: client_version, or supported_versions */
	RV_TLS_HELLO_LEGACY, /* TLS 1.0 or 1.1 at most */
	/* The same, but it says that it could do better and was refused (TLS_FALLBACK_SCSV):
	 * somebody between us may have done that to weaken it. */
	RV_TLS_HELLO_FALLBACK,
	RV_TLS_HELLO_OTHER, /* SSLv3, no TLS at all, damaged, or longer than RV_TLS_HELLO_MAX */
};

/* `bytes`: all that came so far, untrusted. RV_OK with *out, or RV_EMORE: not decided yet (never
 * with RV_TLS_HELLO_MAX bytes or more). Eleven bytes decide for a modern client. */
int rv_tls_hello_read(struct rv_str bytes, enum rv_tls_hello *out) RV_MUSTCHECK;

/* Has it come in whole? True as well when it never will: no TLS, or RV_TLS_HELLO_MAX bytes and
 * more. Who waits for this spends nothing on clients that do not go on. */
bool rv_tls_hello_is_whole(struct rv_str bytes);

/* The fatal alert that such a client can read: protocol_version, or for FALLBACK
 * inappropriate_fallback. */
void rv_tls_hello_alert(enum rv_tls_hello hello, uint8_t out[static RV_TLS_ALERT_LEN]);

#endif
