#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tls/hello.h"

enum { WIRE_MAX = 8192 };

struct hello_case {
	const char *what;
	bool is_ssl2;
	unsigned version;
	const char *suites;     /* hex */
	const char *extensions; /* hex, "" = an empty list, NULL = no list */
	enum rv_tls_hello kind;
};

static const struct hello_case hellos[] = {
	{ "TLS 1.0", false, 0x0301, "c00a002f0035", "000a00040002001700230000",
	  RV_TLS_HELLO_LEGACY },
	{ "TLS 1.0 without extensions", false, 0x0301, "002f", NULL, RV_TLS_HELLO_LEGACY },
	{ "TLS 1.1", false, 0x0302, "002f", "", RV_TLS_HELLO_LEGACY },
	{ "TLS 1.2", false, 0x0303, "c02b", "", RV_TLS_HELLO_MODERN },
	{ "TLS 1.3", false, 0x0303, "1301", "002b0003020304", RV_TLS_HELLO_MODERN },
	{ "TLS 1.2 after a failure", false, 0x0303, "c02b5600", NULL, RV_TLS_HELLO_MODERN },
	{ "1.0 on the outside, 1.3 inside", false, 0x0301, "1301", "00230000002b00050403010304",
	  RV_TLS_HELLO_MODERN },
	{ "1.0 inside, too", false, 0x0301, "002f", "002b00050403020301", RV_TLS_HELLO_LEGACY },
	{ "GREASE is no version", false, 0x0301, "002f", "002b0005047a7a0301",
	  RV_TLS_HELLO_LEGACY },
	{ "fallback", false, 0x0301, "002f5600", "", RV_TLS_HELLO_FALLBACK },
	{ "5600 across two suites", false, 0x0301, "00560000", "", RV_TLS_HELLO_LEGACY },
	{ "half a suite", false, 0x0301, "002f56", "", RV_TLS_HELLO_LEGACY },
	{ "an extension longer than the list", false, 0x0301, "002f", "000affff",
	  RV_TLS_HELLO_OTHER },
	{ "SSLv3", false, 0x0300, "002f", NULL, RV_TLS_HELLO_OTHER },
	{ "TLS 1.0 in an SSLv2 envelope", true, 0x0301, "00002f050080", NULL, RV_TLS_HELLO_LEGACY },
	{ "TLS 1.2 in one", true, 0x0303, "00002f", NULL, RV_TLS_HELLO_MODERN },
	{ "fallback in one", true, 0x0301, "00002f005600", NULL, RV_TLS_HELLO_FALLBACK },
	{ "SSLv2", true, 0x0002, "010080", NULL, RV_TLS_HELLO_OTHER },
};

static size_t put_hex(uint8_t *out, const char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

static void put16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static size_t make_ssl2(const struct hello_case *c, uint8_t *out)
{
	enum { CHALLENGE = 16 };
	size_t suites = put_hex(out + 11, c->suites);
	size_t len = 9 + suites + CHALLENGE;

	put16(out, 0x8000 | len);
	out[2] = 1;
	put16(out + 3, c->version);
	put16(out + 5, suites);
	put16(out + 7, 0);
	put16(out + 9, CHALLENGE);
	memset(out + 11 + suites, 0x55, CHALLENGE);
	return 2 + len;
}

static size_t make_message(const struct hello_case *c, uint8_t *out)
{
	size_t n = 4, suites, extensions;

	put16(out + n, c->version);
	memset(out + n + 2, 0x55, 32);
	out[n + 34] = 2; /* session id */
	put16(out + n + 35, 0xabcd);
	n += 37;
	suites = put_hex(out + n + 2, c->suites);
	put16(out + n, suites);
	n += 2 + suites;
	put16(out + n, 0x0100); /* one compression method, none */
	n += 2;
	if (c->extensions != NULL) {
		extensions = put_hex(out + n + 2, c->extensions);
		put16(out + n, extensions);
		n += 2 + extensions;
	}
	out[0] = 1;
	out[1] = 0;
	put16(out + 2, n - 4);
	return n;
}

/* In records of `cut` bytes. */
static size_t make_tls(const struct hello_case *c, size_t cut, uint8_t *out)
{
	uint8_t message[1024];
	size_t len = make_message(c, message), n = 0;

	for (size_t at = 0; at < len; at += cut) {
		size_t piece = len - at < cut ? len - at : cut;
		out[n] = 22;
		put16(out + n + 1, 0x0301);
		put16(out + n + 3, piece);
		memcpy(out + n + 5, message + at, piece);
		n += 5 + piece;
	}
	return n;
}

static void check(const struct hello_case *c, const uint8_t *wire, size_t len)
{
	enum rv_tls_hello kind = RV_TLS_HELLO_OTHER;
	size_t decided_at = 0;
	int err;

	for (size_t n = 0; n < len && decided_at == 0; n++) {
		assert_false(rv_tls_hello_is_whole(rv_strn(wire, n)));
		err = rv_tls_hello_read(rv_strn(wire, n), &kind);
		if (err == RV_OK)
			decided_at = n;
		else
			assert_int_equal(err, RV_EMORE);
	}
	if (rv_tls_hello_read(rv_strn(wire, len), &kind) != RV_OK || kind != c->kind)
		fail_msg("%s: kind %d", c->what, (int)kind);
	assert_true(rv_tls_hello_is_whole(rv_strn(wire, len)));
	/* Who might be sent away is heard out; who is modern is not. */
	if (c->kind == RV_TLS_HELLO_LEGACY || c->kind == RV_TLS_HELLO_FALLBACK)
		assert_int_equal(decided_at, 0);
	else if (c->kind == RV_TLS_HELLO_MODERN && c->version == 0x0303)
		assert_in_range(decided_at, 5, 11 + 5 * 10);
}

static void each_kind_is_told_apart_however_it_is_cut(void **state)
{
	static const size_t cuts[] = { 1024, 100, 7, 1 };
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(hellos); i++) {
		if (hellos[i].is_ssl2) {
			check(&hellos[i], wire, make_ssl2(&hellos[i], wire));
			continue;
		}
		for (size_t k = 0; k < RV_ARRAY_LEN(cuts); k++)
			check(&hellos[i], wire, make_tls(&hellos[i], cuts[k], wire));
	}
}

static const struct {
	const char *hex;
	int result;
	bool is_whole;
} others[] = {
	{ "", RV_EMORE, false },
	{ "16", RV_EMORE, false },
	{ "160301", RV_EMORE, false },
	{ "474554", RV_OK, true },                   /* "GET" */
	{ "1602", RV_OK, true },                     /* no such major version */
	{ "1603010000", RV_OK, true },               /* an empty record */
	{ "1603014001", RV_OK, true },               /* longer than a record may be */
	{ "160301000402", RV_OK, false },            /* a server's hello */
	{ "15030100020228", RV_OK, true },           /* an alert */
	{ "1603010006010000020301", RV_OK, true },   /* its random is missing */
	{ "160301000601000002030100", RV_OK, true }, /* the same, and more */
	{ "8009020301", RV_OK, false },              /* SSLv2, another message */
	{ "8008010301", RV_OK, false },              /* shorter than its head */
	{ "8009010301", RV_EMORE, false },
	{ "800901030100010000000000", RV_OK, true }, /* suites beyond its end */
};

static void what_is_no_hello_is_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(others); i++) {
		enum rv_tls_hello kind = RV_TLS_HELLO_FALLBACK;
		uint8_t wire[64];
		size_t n = put_hex(wire, others[i].hex);
		int err = rv_tls_hello_read(rv_strn(wire, n), &kind);

		if (rv_tls_hello_is_whole(rv_strn(wire, n)) != others[i].is_whole)
			fail_msg("%s: whole, or not", others[i].hex);
		if (err != others[i].result ||
		    kind != (err == RV_OK ? RV_TLS_HELLO_OTHER : RV_TLS_HELLO_FALLBACK))
			fail_msg("%s: %d, kind %d", others[i].hex, err, (int)kind);
	}
}

static void nobody_is_listened_to_for_ever(void **state)
{
	static uint8_t wire[WIRE_MAX];
	const struct hello_case c = { "endless", false,      0x0301,
				      "002f",    "00151fff", RV_TLS_HELLO_OTHER };
	enum rv_tls_hello kind = RV_TLS_HELLO_MODERN;
	uint8_t small[1024];
	size_t len = make_message(&c, small);

	(void)state;
	put16(small + len - 6, 0x2003); /* the list is as long as its padding says */
	put16(small + 2, 0x2100);
	memcpy(wire, "\x16\x03\x01\x21\x04", 5);
	memcpy(wire + 5, small, len);
	assert_int_equal(rv_tls_hello_read(rv_strn(wire, RV_TLS_HELLO_MAX - 1), &kind), RV_EMORE);
	assert_int_equal(rv_tls_hello_read(rv_strn(wire, RV_TLS_HELLO_MAX), &kind), RV_OK);
	assert_int_equal(kind, RV_TLS_HELLO_OTHER);
	assert_false(rv_tls_hello_is_whole(rv_strn(wire, RV_TLS_HELLO_MAX - 1)));
	assert_true(rv_tls_hello_is_whole(rv_strn(wire, RV_TLS_HELLO_MAX)));
	assert_int_equal(rv_tls_hello_read(rv_strn(wire, WIRE_MAX), &kind), RV_OK);
}

static void the_alert_says_why(void **state)
{
	uint8_t alert[RV_TLS_ALERT_LEN];

	(void)state;
	rv_tls_hello_alert(RV_TLS_HELLO_LEGACY, alert);
	assert_memory_equal(alert, "\x15\x03\x01\x00\x02\x02\x46", RV_TLS_ALERT_LEN);
	rv_tls_hello_alert(RV_TLS_HELLO_FALLBACK, alert);
	assert_memory_equal(alert, "\x15\x03\x01\x00\x02\x02\x56", RV_TLS_ALERT_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_told_apart_however_it_is_cut),
		cmocka_unit_test(what_is_no_hello_is_other),
		cmocka_unit_test(nobody_is_listened_to_for_ever),
		cmocka_unit_test(the_alert_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
