/* location.h - the Location-Config text an LS hands to a device, in its md-config elements.
 *
 *   line-pppoe {
 *   	ifindex 0;
 *   	account user01@isp.example;
 *   	password s3cret;
 *   };
 *   rs-certificate {
 *   -----BEGIN CERTIFICATE-----
 *   ...
 *   -----END CERTIFICATE-----
 *   };
 *
 * Lexical rules are those of the original parser: tokens end at blanks, ';' and line ends; a
 * tab separates only next to a blank, a ';' or a line end and is part of the token elsewhere;
 * '{' and '}' count only as tokens of their own; no comments, quotes or escapes; unknown
 * words are skipped one by one. Up to 5 lines, in order of preference.
 *
 * Pure, any thread. Source: spec/arms-protocol.md 6.1, 6.2, appendix A.
 */
#ifndef RV_PROTO_ARMSCONF_LOCATION_H
#define RV_PROTO_ARMSCONF_LOCATION_H

#include "base/buf.h"
#include "base/diag.h"

enum {
	RV_ARMSCONF_LOCATION_MAX = 2047, /* bytes the original device has room for */
	RV_ARMSCONF_TEXT_LINE_MAX = 255, /* characters of one physical line */
	RV_ARMSCONF_LINES_MAX = 5,
	RV_ARMSCONF_PPP_ID_MAX = 35,     /* characters; account and password of PPPoE */
	RV_ARMSCONF_MOBILE_ID_MAX = 127, /* the same of a mobile line */
	RV_ARMSCONF_TELNO_MAX = 39,
	RV_ARMSCONF_APN_MAX = 99,
	RV_ARMSCONF_PDP_TYPE_MAX = 7,
	RV_ARMSCONF_IPADDRESS_MAX = 47,
	RV_ARMSCONF_CERTIFICATE_MAX = 5119, /* bytes of PEM */
};

/* The numbers are those of the protocol and of libarms.h. */
enum rv_armsconf_line_kind {
	RV_ARMSCONF_LINE_PPPOE = 2,
	RV_ARMSCONF_LINE_DHCP = 3,
	RV_ARMSCONF_LINE_MOBILE = 5,
	RV_ARMSCONF_LINE_STATIC = 6,
	RV_ARMSCONF_LINE_RA = 7,
	RV_ARMSCONF_LINE_PPPOE_IPV6 = 8,
};

/* Which of the values a kind has: PPPOE and PPPOE_IPV6 account, password; MOBILE all;
 * STATIC ipaddress; DHCP and RA none. A value that was not given is the empty string or 0. */
struct rv_armsconf_line {
	enum rv_armsconf_line_kind kind;
	uint32_t ifindex; /* 0 .. INT32_MAX */
	uint32_t cid;     /* 0 .. INT32_MAX */
	struct rv_str account;
	struct rv_str password; /* secret */
	struct rv_str telno;
	struct rv_str apn;
	struct rv_str pdp_type; /* "ip" or "ppp" */
	struct rv_str ipaddress;
};

struct rv_armsconf_location {
	struct rv_armsconf_line lines[RV_ARMSCONF_LINES_MAX];
	size_t line_count;
	size_t certificate_len;                            /* 0: none given */
	char certificate[RV_ARMSCONF_CERTIFICATE_MAX + 1]; /* PEM, one per text, NUL-terminated */
};

/* Name in the text, "line-pppoe"; NULL when `kind` is not one of the above. */
const char *rv_armsconf_line_name(enum rv_armsconf_line_kind kind);

/* Read a text of any length (device side; untrusted). The values of *out point into `text`.
 * A value that its kind does not have is read and dropped. The first certificate counts.
 *   RV_ELIMIT   physical line, number of lines, a value, or the certificate too long
 *   RV_ESYNTAX  a block that does not end, a certificate whose label is not CERTIFICATE
 *   RV_EINVALID a number that is not plain decimal or above INT32_MAX; a value or certificate
 *               with a byte outside 0x21 .. 0x7E and tab
 * *out untouched then; diag (may be NULL) has line and column. */
int rv_armsconf_location_parse(struct rv_str text, struct rv_armsconf_location *out,
			       struct rv_diag *diag) RV_MUSTCHECK;

/* Append the text (server side) that every device, original ones included, reads as meant.
 * line_count 0 .. 5; certificate_pem must hold one "CERTIFICATE" block, what stands around it
 * is left out; an empty certificate_pem leaves out rs-certificate.
 *   RV_EINVALID a value missing that its kind needs (PPPoE: account and password, static:
 *               ipaddress) or given though its kind has none such; a value with blanks, ';',
 *               braces, controls or non-ASCII; a kind that is none; no PEM certificate
 *   RV_ELIMIT   more than 5 lines, a value too long, or the text over
 *               RV_ARMSCONF_LOCATION_MAX: the size stands in diag->text
 *   -ENOMEM     and out->err, sticking
 * Nothing is appended then; diag->where names the field ("lines[1].account"). */
int rv_armsconf_location_render(const struct rv_armsconf_line *lines, size_t line_count,
				struct rv_str certificate_pem, struct rv_buf *out,
				struct rv_diag *diag) RV_MUSTCHECK;

#endif
