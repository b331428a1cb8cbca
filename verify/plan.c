#include "verify/plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const char *verify_place_name(enum verify_place place)
{
	static const char *const names[] = { "LS 1", "LS 2", "RS 1",    "RS 2",  "RS 3",
					     "RS 4", "RS 5", "RS down", "nobody" };

	return names[place];
}

/* -- one odd answer in a good pull ----------------------------------------------------------- */

enum side { LS, RS, QUERY };

/* What the device does with the odd answer. */
enum reaction {
	ACCEPTS,
	REFUSES,  /* and tries again, here or there */
	OBEYS,    /* does not try elsewhere: it restarts, or ends */
	GIVES_UP, /* nothing more comes */
	PULLS_AGAIN,
};

struct variant {
	uint8_t number;
	enum side side;
	enum reaction reaction;
	const char *name;
	struct verify_reply reply;
};

#define EDIT(a, b)        .edits = { { a, b } }
#define EDITS(a, b, c, d) .edits = { { a, b }, { c, d } }

static const struct variant variants[] = {
	/* The web. */
	{ 10, LS, ACCEPTS, "host name in a URL", { .ls.odd_url = "https://rs.invalid/arms" } },
	{ 11, LS, ACCEPTS, "http URL", { .ls.odd_url = "http://{rs2}/arms" } },
	{ 13, LS, ACCEPTS, "colon in a path", { .ls.odd_url = "https://{host}/a:b" } },
	{ 14, LS, ACCEPTS, "bracketed address alone", { .ls.odd_url = "https://[::1]" } },
	{ 16, LS, ACCEPTS, "IPv6 URL on an IPv4 line", { .ls.odd_url = "https://[::1]:7/arms" } },
	{ 18, RS, ACCEPTS, "bare LF", { .wire = VERIFY_WIRE_BARE_LF } },
	{ 19, RS, ACCEPTS, "100 Continue", { .wire = VERIFY_WIRE_CONTINUE } },
	{ 20, RS, ACCEPTS, "status 302 with a document", { .status = 302 } },
	{ 21, RS, REFUSES, "status 500 with a document", { .status = 500 } },
	{ 21, RS, REFUSES, "status 401", { .status = 401 } },
	{ 212, LS, REFUSES, "status 503 of an LS", { .status = 503 } },
	{ 22, RS, ACCEPTS, "several chunks", { .wire = VERIFY_WIRE_CHUNKS } },
	{ 23, RS, ACCEPTS, "one chunk", { .wire = VERIFY_WIRE_CHUNK } },
	{ 24, RS, ACCEPTS, "lower-case transfer-encoding", { .wire = VERIFY_WIRE_CHUNK_LOWER } },
	{ 25, RS, ACCEPTS, "odd chunk size", { .wire = VERIFY_WIRE_CHUNK_ODD } },
	{ 26, RS, ACCEPTS, "long header line", { .wire = VERIFY_WIRE_LONG_LINE } },
	{ 29,
	  RS,
	  ACCEPTS,
	  "white space behind",
	  { EDIT("</arms-message>", "</arms-message> \r\n\n") } },
	{ 30, RS, ACCEPTS, "connection held open", { .wire = VERIFY_WIRE_HELD } },
	{ 215, RS, ACCEPTS, "one byte per record", { .wire = VERIFY_WIRE_PIECES } },
	{ 217, RS, ACCEPTS, "no Content-Length", { .wire = VERIFY_WIRE_HTTP10 } },
	/* XML. */
	{ 32,
	  RS,
	  ACCEPTS,
	  "character reference",
	  { EDIT("hostname verify", "hostname caf&#233;") } },
	{ 33,
	  RS,
	  ACCEPTS,
	  "attribute of arms-response",
	  { EDIT("<arms-response ", "<arms-response x=\"y\" ") } },
	{ 35,
	  LS,
	  ACCEPTS,
	  "attributes of rs-info",
	  { EDITS("<arms-message>", "<arms-message xmlns=\"urn:x\">", "<rs-info>",
		  "<rs-info a=\"b\">") } },
	{ 36,
	  RS,
	  ACCEPTS,
	  "content-type on md-config",
	  { EDIT("<md-config id=\"1\"",
		 "<md-config id=\"1\" content-type=\"text\" commit-order=\"1\"") } },
	{ 37, RS, ACCEPTS, "white space behind an integer", { EDIT(">100<", ">100 <") } },
	{ 38, RS, ACCEPTS, "white space before an integer", { EDIT(">100<", "> 100<") } },
	{ 40,
	  RS,
	  ACCEPTS,
	  "unknown elements",
	  { EDIT("<module ", "<new><module id=\"9\">n</module></new><module ") } },
	{ 41,
	  RS,
	  ACCEPTS,
	  "wrong type",
	  { EDIT("type=\"config-solicitation\"", "type=\"weather\"") } },
	{ 41, LS, ACCEPTS, "no type", { EDIT(" type=\"rs-solicitation\"", "") } },
	{ 43,
	  RS,
	  REFUSES,
	  "upper-case element",
	  { EDITS("<result-code>", "<Result-Code>", "</result-code>", "</Result-Code>") } },
	{ 44,
	  RS,
	  REFUSES,
	  "prefixed element",
	  { EDITS("<result-code>", "<x:result-code>", "</result-code>", "</x:result-code>") } },
	{ 45, RS, ACCEPTS, "CDATA", { EDIT("hostname verify", "<![CDATA[<host&name>]]>") } },
	{ 216,
	  RS,
	  ACCEPTS,
	  "XML declaration",
	  { EDIT("<arms-message>",
		 "<?xml version=\"1.0\" encoding=\"US-ASCII\"?>\r\n<arms-message>") } },
	/* Answers of the LS. */
	{ 46, LS, OBEYS, "LS without result-code", { EDIT("<result-code>100</result-code>", "") } },
	{ 47,
	  LS,
	  OBEYS,
	  "LS with empty md-config",
	  { EDITS("<md-config>", "<md-config></md-config><x>", "</md-config></rs-info>",
		  "</x></rs-info>") } },
	{ 55, LS, ACCEPTS, "blanks before a URL", { EDIT("<url>", "<url>\n  ") } },
	{ 56, LS, OBEYS, "LS code 200", { .code = 200 } },
	{ 56, LS, OBEYS, "LS code 503", { .code = 503 } },
	{ 57, LS, REFUSES, "LS code 301", { .code = 301 } },
	{ 57, LS, REFUSES, "LS code 420", { .code = 420 } },
	{ 58, LS, ACCEPTS, "lifetime", { EDIT("<rs-info>", "<lifetime>1</lifetime><rs-info>") } },
	{ 212, LS, REFUSES, "LS closes", { .wire = VERIFY_WIRE_CLOSE } },
	{ 232, LS, GIVES_UP, "LS code 501", { .code = 501 } },
	{ 233, LS, PULLS_AGAIN, "LS code 502", { .code = 502 } },
	/* Answers of the RS. */
	{ 60,
	  RS,
	  ACCEPTS,
	  "six pull URLs",
	  { .pull_urls = 5,
	    EDIT("<module ",
		 "<rs-pull-server-url>https://192.0.2.6/</rs-pull-server-url><module ") } },
	{ 62, RS, ACCEPTS, "no SA certificate", { 0 } },
	{ 63,
	  RS,
	  REFUSES,
	  "unreadable SA certificate",
	  { .has_identity = true,
	    EDIT("<sa-certificate>-----BEGIN CERTIFICATE-----\nMII",
		 "<sa-certificate>-----BEGIN CERTIFICATE-----\n!!!") } },
	{ 66,
	  RS,
	  REFUSES,
	  "config without module",
	  { EDIT("<module id=\"1\"", "<module id=\"2\"") } },
	{ 69,
	  RS,
	  REFUSES,
	  "broken Base64",
	  { EDITS("<md-config id=\"1\"", "<md-config id=\"1\" encoding=\"base64\"",
		  "hostname verify", "aGVs bG8=") } },
	{ 72, RS, ACCEPTS, "config of 70,000 bytes", { .has_long_config = true } },
	{ 75,
	  RS,
	  ACCEPTS,
	  "no heartbeat-info",
	  { EDITS("<heartbeat-info>", "<x>", "</heartbeat-info>", "</x>") } },
	{ 75,
	  RS,
	  ACCEPTS,
	  "heartbeat interval 0",
	  { EDIT("<interval>60</interval>", "<interval>0</interval>") } },
	{ 226, RS, REFUSES, "truncated answer", { .wire = VERIFY_WIRE_TRUNCATED } },
	{ 227, RS, REFUSES, "RS closes", { .wire = VERIFY_WIRE_CLOSE } },
	{ 228, RS, REFUSES, "web page", { .wire = VERIFY_WIRE_HTML } },
	{ 229,
	  RS,
	  REFUSES,
	  "RS without result-code",
	  { EDIT("<result-code>100</result-code>", "") } },
	{ 230, RS, REFUSES, "RS code 301", { .code = 301 } },
	{ 230, RS, REFUSES, "RS code 404", { .code = 404 } },
	{ 231, RS, OBEYS, "RS code 200", { .code = 200 } },
	{ 231, RS, OBEYS, "RS code 503", { .code = 503 } },
	{ 232, RS, GIVES_UP, "RS code 501", { .code = 501 } },
	/* Answers to the query. */
	{ 77, QUERY, PULLS_AGAIN, "tunnel without URL", { .no_tunnel_url = true } },
	{ 224, QUERY, PULLS_AGAIN, "query code 200", { .code = 200 } },
	{ 224, QUERY, PULLS_AGAIN, "query code 502", { .code = 502 } },
};

static struct verify_turn after(const struct variant *v)
{
	struct verify_turn turn = { .number = v->number, .when = VERIFY_SOON };

	switch (v->reaction) {
	case ACCEPTS:
		turn.at = VERIFY_AT(VERIFY_RS1);
		turn.ask = v->side == LS ? VERIFY_ASK_RS : VERIFY_ASK_QUERY;
		break;
	case REFUSES:
		turn.at = v->side == LS ? VERIFY_AT_OTHER_LS : VERIFY_AT_LS | VERIFY_AT_RS;
		turn.ask = v->side == LS ? VERIFY_ASK_LS : VERIFY_ASK_LS | VERIFY_ASK_RS;
		break;
	case OBEYS: /* the second RS, or LS, would be the next attempt */
		turn.at = v->side == LS ? VERIFY_AT(VERIFY_LS1)
					: VERIFY_AT_LS | VERIFY_AT(VERIFY_RS1);
		turn.ask = VERIFY_ASK_LS | VERIFY_ASK_RS;
		turn.when = VERIFY_QUIET;
		break;
	case GIVES_UP:
		turn.when = VERIFY_QUIET;
		break;
	case PULLS_AGAIN:
		turn.at = v->side == LS ? VERIFY_AT_LS : VERIFY_AT_LS | VERIFY_AT_RS;
		turn.ask = VERIFY_ASK_LS | VERIFY_ASK_RS;
		break;
	}
	return turn;
}

static void make_step(const struct variant *v, struct verify_step *out)
{
	uint8_t n = 0;

	*out = (struct verify_step){ .numbers = { v->number } };
	snprintf(out->name, sizeof(out->name), "%s", v->name);
	out->is_at_ls1 = v->side == LS && v->reaction == OBEYS;
	out->turns[n++] = (struct verify_turn){ .at = VERIFY_AT_LS, .ask = VERIFY_ASK_LS };
	if (v->side != LS)
		out->turns[n++] = (struct verify_turn){ .at = VERIFY_AT(VERIFY_RS1),
							.ask = VERIFY_ASK_RS,
							.when = VERIFY_SOON };
	if (v->side == QUERY)
		out->turns[n++] = (struct verify_turn){ .at = VERIFY_AT(VERIFY_RS1),
							.ask = VERIFY_ASK_QUERY,
							.when = VERIFY_SOON };
	out->turns[n - 1].reply = v->reply;
	out->turns[n++] = after(v);
	out->turn_count = n;
}

/* -- the others ------------------------------------------------------------------------------- */

#define ARRIVE      .at = VERIFY_AT_LS, .ask = VERIFY_ASK_LS
#define PULL(place) .at = VERIFY_AT(VERIFY_##place), .ask = VERIFY_ASK_RS
#define ASKS(place) .at = VERIFY_AT(VERIFY_##place), .ask = VERIFY_ASK_QUERY
#define TO_LS       .at = VERIFY_AT_LS, .ask = VERIFY_ASK_LS
#define REFUSAL     .at = VERIFY_AT_LS, .is_refusal = true
#define STANDBY     .reply.code = 404

static const struct verify_step steps[] = {
	{ "boot",
	  { 1, 5, 9, 209, 218, 219, 74, 76 },
	  { { ARRIVE, .trigger = "power on boot" },
	    { PULL(RS1), .when = VERIFY_SOON, .number = 209, .reply.has_identity = true },
	    { ASKS(RS1), .when = VERIFY_SOON, .number = 218, .needs_identity = true,
	      .reply.no_method = true },
	    { PULL(RS1), .when = VERIFY_SOON, .number = 76, .place_number = 219,
	      .trigger = "no push method", .reply.code = 502 },
	    { TO_LS, .when = VERIFY_AT_ONCE, .number = 74,
	      .trigger = "received 502 Push failed" } },
	  5 },
	{ "LS of another CA", { 205 }, { { REFUSAL, .number = 205 } }, 1, VERIFY_CERT_FOREIGN },
	{ "LS named short", { 2 }, { { REFUSAL, .number = 2 } }, 1, VERIFY_CERT_SHORT },
	{ "LS named otherwise", { 3 }, { { REFUSAL, .number = 3 } }, 1, VERIFY_CERT_NAMELESS },
	{ "expired certificates",
	  { 4 },
	  { { ARRIVE, .number = 4 }, { PULL(RS1), .when = VERIFY_SOON, .number = 4 } },
	  2,
	  VERIFY_CERT_EXPIRED,
	  VERIFY_CERT_EXPIRED },
	{ "RS of another CA",
	  { 206 },
	  { { ARRIVE },
	    { .at = VERIFY_AT_LS | VERIFY_AT(VERIFY_RS2),
	      .ask = VERIFY_ASK_LS | VERIFY_ASK_RS,
	      .when = VERIFY_SOON,
	      .number = 206 } },
	  2,
	  .rs_certificate = VERIFY_CERT_FOREIGN },
	{ "RS of the CA of its own rs-info",
	  { 6 },
	  { { ARRIVE, .reply.ls = { .rs = { VERIFY_DOWN, VERIFY_RS2 },
				    .rs_count = 2,
				    .second_has_ca = true } },
	    { TO_LS, .when = VERIFY_SOON, .number = 6 } },
	  2,
	  .rs2_certificate = VERIFY_CERT_FOREIGN },
	{ "no rs-certificate",
	  { 7 },
	  { { ARRIVE, .reply.ls.no_certificate = true },
	    { TO_LS, .when = VERIFY_SOON, .number = 7 } },
	  2 },
	{ "path of 79 characters",
	  { 12 },
	  { { ARRIVE }, { PULL(RS1), .when = VERIFY_SOON, .number = 12, .path_number = 12 } },
	  2,
	  .is_rs1_path_long = true },
	{ "another RS-SA key",
	  { 225 },
	  { { ARRIVE, .reply.ls.has_other_key = true },
	    { PULL(RS1), .when = VERIFY_SOON, .key_number = 225 } },
	  2 },
	{ "five RSs, one of them down",
	  { 209, 210, 211 },
	  { { ARRIVE,
	      .reply.ls = { .rs = { VERIFY_RS1, VERIFY_DOWN, VERIFY_RS2, VERIFY_RS3, VERIFY_RS4 },
			    .rs_count = 5,
			    .retry_max = 1,
			    .retry_interval = 2 } },
	    { PULL(RS1), .when = VERIFY_SOON, .number = 209, STANDBY },
	    { PULL(RS2), .when = VERIFY_AT_ONCE, .number = 209, .reply.status = 500 },
	    { PULL(RS3), .when = VERIFY_AT_ONCE, .number = 209, .reply.wire = VERIFY_WIRE_CLOSE },
	    { PULL(RS4), .when = VERIFY_AT_ONCE, .number = 209, STANDBY },
	    { PULL(RS1), .when = VERIFY_AFTER_N, .number = 211, .when_number = 210, STANDBY },
	    { PULL(RS2), .when = VERIFY_AT_ONCE, .number = 209, STANDBY },
	    { PULL(RS3), .when = VERIFY_AT_ONCE, .number = 209, STANDBY },
	    { PULL(RS4), .when = VERIFY_AT_ONCE, .number = 209, STANDBY },
	    { TO_LS, .when = VERIFY_AT_ONCE, .number = 211 } },
	  10 },
	{ "the second RS answers",
	  { 220, 221 },
	  { { ARRIVE },
	    { PULL(RS1), .when = VERIFY_SOON, STANDBY },
	    { PULL(RS2), .when = VERIFY_AT_ONCE, .reply.pull_urls = 2 },
	    { ASKS(RS2), .when = VERIFY_SOON, .place_number = 221, .reply.no_method = true },
	    { PULL(RS2), .when = VERIFY_SOON, .place_number = 220 } },
	  5 },
	{ "blank before a pull URL",
	  { 61 },
	  { { ARRIVE },
	    { PULL(RS1), .when = VERIFY_SOON,
	      .reply = { .pull_urls = 2, EDIT("<rs-pull-server-url>", "<rs-pull-server-url> ") } },
	    { ASKS(RS2), .when = VERIFY_SOON, .number = 61 } },
	  3 },
	{ "query repeated",
	  { 223 },
	  { { ARRIVE, .reply.ls = { .retry_max = 1, .retry_interval = 2 } },
	    { PULL(RS1), .when = VERIFY_SOON, .reply.pull_urls = 2 },
	    { ASKS(RS1), .when = VERIFY_SOON, STANDBY },
	    { ASKS(RS2), .when = VERIFY_AT_ONCE, .number = 223, STANDBY },
	    { ASKS(RS1), .when = VERIFY_AFTER_N, .number = 223, STANDBY },
	    { ASKS(RS2), .when = VERIFY_AT_ONCE, .number = 223, STANDBY },
	    { .at = VERIFY_AT_LS | VERIFY_AT_RS,
	      .ask = VERIFY_ASK_LS | VERIFY_ASK_RS,
	      .when = VERIFY_SOON,
	      .number = 223,
	      .trigger = "retry is over" } },
	  7 },
	{ "no rs-retry-interval",
	  { 49 },
	  { { ARRIVE, .reply = { .ls = { .rs = { VERIFY_RS1 }, .rs_count = 1, .retry_max = 2 },
				 EDIT("<rs-retry-interval>1</rs-retry-interval>", "") } },
	    { PULL(RS1), .when = VERIFY_SOON, STANDBY },
	    { PULL(RS1), .when = VERIFY_AFTER_1, .when_number = 49, STANDBY },
	    { PULL(RS1), .when = VERIFY_AFTER_1, .when_number = 49, STANDBY } },
	  4 },
	/* Those that take long. */
	{ "both LSs on stand-by",
	  { 57, 213 },
	  { { ARRIVE, STANDBY },
	    { .at = VERIFY_AT_OTHER_LS,
	      .ask = VERIFY_ASK_LS,
	      .when = VERIFY_SOON,
	      .number = 57,
	      STANDBY },
	    { TO_LS, .when = VERIFY_AFTER_20, .number = 213 } },
	  3,
	  .is_at_ls1 = true,
	  .seconds = 20 },
	{ "answer that drips",
	  { 27 },
	  { { ARRIVE },
	    { PULL(RS1), .when = VERIFY_SOON, .reply.wire = VERIFY_WIRE_DRIBBLE },
	    { .at = VERIFY_AT_LS | VERIFY_AT_RS,
	      .ask = VERIFY_ASK_LS | VERIFY_ASK_RS,
	      .when = VERIFY_AFTER_30,
	      .number = 27 } },
	  3,
	  .seconds = 30 },
	{ "RS that says nothing",
	  { 214 },
	  { { ARRIVE },
	    { .at = VERIFY_AT_LS | VERIFY_AT(VERIFY_RS2),
	      .ask = VERIFY_ASK_LS | VERIFY_ASK_RS,
	      .when = VERIFY_AFTER_30,
	      .number = 214 } },
	  2,
	  .is_rs1_mute = true,
	  .seconds = 30 },
	{ "no line",
	  { 51 },
	  { { ARRIVE, .reply.ls.no_line = true },
	    { TO_LS, .when = VERIFY_AFTER_60, .number = 51 } },
	  2,
	  .seconds = 60 },
};

/* "boot" first, then the variants, then the rest: the quick and simple before the slow. */
size_t verify_plan_count(void)
{
	return RV_ARRAY_LEN(steps) + RV_ARRAY_LEN(variants);
}

void verify_plan_step(size_t index, struct verify_step *out)
{
	assert(index < verify_plan_count());
	if (index == 0)
		*out = steps[0];
	else if (index <= RV_ARRAY_LEN(variants))
		make_step(&variants[index - 1], out);
	else
		*out = steps[index - RV_ARRAY_LEN(variants)];
}

bool verify_step_judges(const struct verify_step *step, unsigned number)
{
	return memchr(step->numbers, (int)number, sizeof(step->numbers)) != NULL;
}

bool verify_plan_is_long(unsigned number)
{
	bool is_judged = false;

	for (size_t i = 0; i < verify_plan_count(); i++) {
		struct verify_step step;

		verify_plan_step(i, &step);
		if (!verify_step_judges(&step, number))
			continue;
		if (step.seconds == 0)
			return false;
		is_judged = true;
	}
	return is_judged;
}

bool verify_step_needs_query(const struct verify_step *step)
{
	for (size_t i = 0; i < step->turn_count; i++) {
		if (step->turns[i].ask == VERIFY_ASK_QUERY && i > 0 && step->turns[i].number != 218)
			return true;
	}
	return false;
}
