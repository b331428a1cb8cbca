/* plan.h - the steps a device is walked through, as data.
 *
 *   step   the servers' certificates, then turns
 *   turn   who must be asked next, for what and when, and what is answered
 *
 *     LS: rs-solicitation -> answered      the first turn of every step: the device arrives
 *     RS 1: config-solicitation -> 500     turn 2, at once
 *     RS 2: config-solicitation -> ...     turn 3, at once; anything else is blamed on number 209
 *
 * A step ends with its last turn or at the first deviation, which is blamed on the number of the
 * turn that was not kept; the numbers of all turns that were kept have passed.
 *
 * Most steps are one odd answer in an otherwise good pull, which the device must accept, or refuse:
 * they come from a table of variants. Pure; strings are static.
 */
#ifndef RV_VERIFY_PLAN_H
#define RV_VERIFY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "proto/armsxml/message.h"

enum verify_place {
	VERIFY_LS1,
	VERIFY_LS2,
	VERIFY_RS1,
	VERIFY_RS2,
	VERIFY_RS3,
	VERIFY_RS4,
	VERIFY_RS5,
	VERIFY_DOWN, /* an RS whose port refuses connections */
	VERIFY_PLACES,
	VERIFY_PLACE_ANY = VERIFY_PLACES,
};

const char *verify_place_name(enum verify_place place); /* "LS 1" */

/* Sets of places, and of message types. */
#define VERIFY_AT(place) (1u << (place))
enum {
	VERIFY_AT_LS = 1u << VERIFY_LS1 | 1u << VERIFY_LS2,
	VERIFY_AT_RS = 1u << VERIFY_RS1 | 1u << VERIFY_RS2 | 1u << VERIFY_RS3 | 1u << VERIFY_RS4 |
		       1u << VERIFY_RS5,
	VERIFY_AT_OTHER_LS = 1u << 16, /* the LS that was not asked last */
	VERIFY_ASK_LS = 1u << RV_ARMSXML_RS_SOLICITATION,
	VERIFY_ASK_RS = 1u << RV_ARMSXML_CONFIG_SOLICITATION,
	VERIFY_ASK_QUERY = 1u << RV_ARMSXML_PUSH_METHOD_QUERY,
};

enum verify_certificate {
	VERIFY_CERT_GOOD,
	VERIFY_CERT_EXPIRED,
	VERIFY_CERT_FOREIGN,  /* right names, issued by a CA that the device does not have */
	VERIFY_CERT_SHORT,    /* LS: "CN=Location Server" */
	VERIFY_CERT_NAMELESS, /* LS: issued by its root, but named otherwise */
	VERIFY_CERTS,
};

/* How an answer's bytes look and travel. */
enum verify_wire {
	VERIFY_WIRE_PLAIN,
	VERIFY_WIRE_HTTP10, /* no headers but Content-Type; ends with the connection */
	VERIFY_WIRE_BARE_LF,
	VERIFY_WIRE_CONTINUE,    /* an interim 100 first */
	VERIFY_WIRE_CHUNK,       /* one */
	VERIFY_WIRE_CHUNKS,      /* of 7 bytes */
	VERIFY_WIRE_CHUNK_LOWER, /* "transfer-encoding: chunked" */
	VERIFY_WIRE_CHUNK_ODD,   /* leading zeros and an extension */
	VERIFY_WIRE_LONG_LINE,   /* a header line of 1,024 bytes */
	VERIFY_WIRE_HELD,        /* Content-Length too large, and the connection stays open */
	VERIFY_WIRE_PIECES,      /* one byte per TLS record */
	VERIFY_WIRE_DRIBBLE,     /* a few bytes each second: not complete after 30 s */
	VERIFY_WIRE_TRUNCATED,   /* all but the config's end and the end tags */
	VERIFY_WIRE_HTML,        /* a page */
	VERIFY_WIRE_CLOSE,       /* nothing */
};

/* In the document's text, the first place: from -> to. Has to apply. */
struct verify_edit {
	const char *from, *to;
};

/* What an LS answer says about the world. Zero values: RS 1 and RS 2, M = 0, N = 1, all good. */
struct verify_ls_says {
	uint8_t rs[RV_ARMSXML_URLS_MAX]; /* places, in order */
	uint8_t rs_count;                /* 0: RS 1 and RS 2 */
	uint8_t retry_max;               /* M */
	uint8_t retry_interval;          /* N, seconds; 0 = 1 */
	bool no_line, no_certificate;
	bool second_has_ca; /* rs-info 1 names the CA that issues VERIFY_CERT_FOREIGN */
	bool has_other_key; /* rs-preshared-key is another one than usual */
	/* An unusable URL before the others; "{rs2}" in it is address and port of RS 2, "{host}"
	 * the address alone. */
	const char *odd_url;
};

struct verify_reply {
	int code;   /* of the document; 0 = 100 */
	int status; /* HTTP; 0 = 200 */
	enum verify_wire wire;
	struct verify_edit edits[2]; /* from NULL: none */
	struct verify_ls_says ls;
	/* RS answers. */
	bool has_identity; /* SA certificate and key */
	bool has_long_config;
	uint8_t pull_urls; /* RS 1 .. RS n; 0 = 1 */
	/* Query answers name https-tunnel with a URL, or: an unknown method; no URL. */
	bool no_method, no_tunnel_url;
};

/* Seconds since the answer to the turn before, or for the first one since the step began. */
enum verify_when {
	VERIFY_AT_ONCE,  /* within the slack */
	VERIFY_SOON,     /* within 90 s: the program's part, not the library's, comes between */
	VERIFY_AFTER_N,  /* N of the LS answer */
	VERIFY_AFTER_1,  /* at least a second, for who was told no N */
	VERIFY_AFTER_20, /* 20 x the Initial-Config's interval of 1 */
	VERIFY_AFTER_30, /* appendix B: connect, handshake, answer */
	VERIFY_AFTER_60, /* no line */
	VERIFY_QUIET,    /* nothing else within 5 s, or the end of the device */
};

struct verify_turn {
	uint32_t at; /* set of places; 0: nobody may be asked */
	uint8_t ask; /* set of message types */
	enum verify_when when;
	/* Blamed for any other request, or for none; 0: nobody is, the step ends unjudged. */
	uint8_t number;
	uint8_t when_number;  /* blamed for the wrong time; 0: number */
	uint8_t place_number; /* blamed for the right request at the wrong place; 0: number */
	uint8_t key_number;   /* blamed for the wrong key; 0: 202 */
	uint8_t path_number;  /* blamed for the wrong path; 0: 208 */
	bool is_refusal;      /* a connection at one of the places that brings no request */
	bool needs_identity;  /* the connection shows the SA certificate: number 9 */
	const char *trigger;  /* number 126 */
	struct verify_reply reply;
};

enum { VERIFY_TURNS_MAX = 12, VERIFY_NUMBERS_MAX = 8 };

struct verify_step {
	char name[48];
	uint8_t numbers[VERIFY_NUMBERS_MAX]; /* judged here beside those of every request; 0 ends */
	struct verify_turn turns[VERIFY_TURNS_MAX];
	uint8_t turn_count;
	enum verify_certificate ls_certificate, rs_certificate; /* the latter of RS 1 */
	enum verify_certificate rs2_certificate;
	bool is_rs1_mute;      /* accepts connections and says nothing */
	bool is_rs1_path_long; /* 79 characters */
	bool is_at_ls1;        /* begins with LS 1: where the next one matters */
	unsigned seconds;      /* that it takes at least, of those above 5 */
};

size_t verify_plan_count(void);
/* index < count. */
void verify_plan_step(size_t index, struct verify_step *out);
/* Only steps that take long judge it. */
bool verify_plan_is_long(unsigned number);
bool verify_step_judges(const struct verify_step *step, unsigned number);
/* It can be judged only of a device that passes 218. */
bool verify_step_needs_query(const struct verify_step *step);

#endif
