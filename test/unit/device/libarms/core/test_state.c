#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/codec.h"
#include "base/siphash.h"
#include "device/libarms/core/state.h"

enum { AT_VERSION = 8, AT_LENGTH = 12, AT_CHECKSUM = 16, AT_PAYLOAD = 24 };

static void fill(char *to, size_t size, char c)
{
	memset(to, c, size - 1);
	to[size - 1] = '\0';
}

/* Every field at its largest, every line type. */
static void largest(struct rv_sa_state *s)
{
	static const int types[ARMS_MAX_LINE] = { ARMS_LINE_MOBILE, ARMS_LINE_MOBILE,
						  ARMS_LINE_MOBILE, ARMS_LINE_MOBILE,
						  ARMS_LINE_MOBILE };

	memset(s, 0, sizeof(*s));
	fill(s->endpoint, sizeof(s->endpoint), 'e');
	fill(s->rs_key, sizeof(s->rs_key), 'k');
	s->last_result = 199;
	s->loc.rs_count = MAX_RS_INFO;
	s->loc.rs_index = MAX_RS_INFO - 1;
	for (size_t i = 0; i < MAX_RS_INFO; i++)
		fill(s->loc.rs_urls[i], sizeof(s->loc.rs_urls[i]), (char)('0' + i));
	s->loc.line_count = ARMS_MAX_LINE;
	s->loc.line_index = ARMS_MAX_LINE - 1;
	for (size_t i = 0; i < ARMS_MAX_LINE; i++) {
		arms_line_conf_mobile_t *m = &s->loc.lines[i].conf.mobile;

		s->loc.lines[i].type = types[i];
		m->ifindex = m->cid = INT32_MAX;
		fill(m->telno, sizeof(m->telno), 't');
		fill(m->apn, sizeof(m->apn), 'a');
		fill(m->pdp, sizeof(m->pdp), 'p');
		fill(m->id, sizeof(m->id), 'i');
		fill(m->pass, sizeof(m->pass), 's');
		fill(m->ipaddr, sizeof(m->ipaddr), 'x');
	}
	s->loc.anchor = calloc(1, ARMS_MAX_PEM_LEN);
	assert_non_null(s->loc.anchor);
	fill(s->loc.anchor, ARMS_MAX_PEM_LEN, 'c');
	s->loc.retry_max = s->loc.retry_interval_s = s->loc.ll_timeout_s = INT32_MAX;
}

static void assert_same(const struct rv_sa_state *a, const struct rv_sa_state *b)
{
	assert_string_equal(a->endpoint, b->endpoint);
	assert_string_equal(a->rs_key, b->rs_key);
	assert_int_equal(a->last_result, b->last_result);
	assert_int_equal(a->loc.rs_count, b->loc.rs_count);
	assert_int_equal(a->loc.rs_index, b->loc.rs_index);
	assert_int_equal(a->loc.line_count, b->loc.line_count);
	assert_int_equal(a->loc.line_index, b->loc.line_index);
	assert_memory_equal(a->loc.rs_urls, b->loc.rs_urls, sizeof(a->loc.rs_urls));
	assert_memory_equal(a->loc.lines, b->loc.lines, sizeof(a->loc.lines));
	assert_int_equal(a->loc.retry_max, b->loc.retry_max);
	assert_int_equal(a->loc.retry_interval_s, b->loc.retry_interval_s);
	assert_int_equal(a->loc.ll_timeout_s, b->loc.ll_timeout_s);
	if (a->loc.anchor == NULL)
		assert_null(b->loc.anchor);
	else
		assert_string_equal(a->loc.anchor, b->loc.anchor);
}

static void assert_round_trip(const struct rv_sa_state *in)
{
	char blob[RV_SA_STATE_SIZE], again[RV_SA_STATE_SIZE];
	struct rv_sa_state out;

	rv_sa_state_dump(in, blob);
	assert_int_equal(rv_sa_state_restore(blob, &out), RV_OK);
	assert_same(in, &out);
	rv_sa_state_dump(&out, again);
	assert_memory_equal(blob, again, sizeof(blob));
	rv_sa_location_deinit(&out.loc);
}

static void the_largest_and_the_empty_state_come_back_as_they_were(void **state)
{
	struct rv_sa_state s;

	(void)state;
	largest(&s);
	assert_round_trip(&s);
	rv_sa_location_deinit(&s.loc);
	memset(&s, 0, sizeof(s));
	assert_round_trip(&s);
}

static void every_line_type_comes_back(void **state)
{
	struct rv_sa_state s = { 0 };

	(void)state;
	s.loc.line_count = 5;
	s.loc.lines[0] = (struct rv_sa_line){ .type = ARMS_LINE_PPPOE };
	strcpy(s.loc.lines[0].conf.pppoe.id, "user01@isp.example");
	strcpy(s.loc.lines[0].conf.pppoe.pass, "s3cret");
	s.loc.lines[1] = (struct rv_sa_line){ .type = ARMS_LINE_DHCP, .conf.ifindex = 4 };
	s.loc.lines[2] = (struct rv_sa_line){ .type = ARMS_LINE_STATIC };
	strcpy(s.loc.lines[2].conf.fixed.ipaddr, "192.0.2.40");
	s.loc.lines[3] = (struct rv_sa_line){ .type = ARMS_LINE_RA, .conf.ifindex = 2 };
	s.loc.lines[4] = (struct rv_sa_line){ .type = ARMS_LINE_PPPOE_IPV6 };
	strcpy(s.loc.lines[4].conf.pppoe.id, "six");
	assert_round_trip(&s);
}

/* The line callback has a pointer to the parameters: what it leaves there must not end the dump. */
static void whatever_a_callback_writes_into_a_line_is_dumped(void **state)
{
	struct rv_sa_state s = { .loc.line_count = 2 }, out;
	char blob[RV_SA_STATE_SIZE];

	(void)state;
	s.loc.lines[0] = (struct rv_sa_line){ .type = ARMS_LINE_MOBILE };
	memset(&s.loc.lines[0].conf.mobile, 0xff, sizeof(s.loc.lines[0].conf.mobile));
	s.loc.lines[1] = (struct rv_sa_line){ .type = ARMS_LINE_PPPOE };
	memset(&s.loc.lines[1].conf.pppoe, 'x', sizeof(s.loc.lines[1].conf.pppoe));
	rv_sa_state_dump(&s, blob);
	assert_int_equal(rv_sa_state_restore(blob, &out), RV_OK);
	assert_int_equal(out.loc.lines[0].conf.ifindex, -1);
	assert_int_equal(out.loc.lines[0].conf.mobile.cid, -1);
	assert_int_equal(strlen(out.loc.lines[0].conf.mobile.pass), MAX_MOBILE_PPP_PASS - 1);
	assert_int_equal(strlen(out.loc.lines[1].conf.pppoe.id), MAX_PPP_ID - 1);
	rv_sa_location_deinit(&out.loc);
}

static void the_format_is_the_documented_one(void **state)
{
	char blob[RV_SA_STATE_SIZE];
	struct rv_sa_state s = { .endpoint = "https://192.0.2.10/" };

	(void)state;
	rv_sa_state_dump(&s, blob);
	assert_memory_equal(blob, "REEVESA", 8);
	assert_memory_equal(blob + AT_VERSION, "\0\0\0\1", 4);
	assert_memory_equal(blob + AT_PAYLOAD, "\0\23https://192.0.2.10/\0\0", 23);
}

/* What a flash cell or a cut write does: any single byte, any length. */
static void damage_anywhere_is_found(void **state)
{
	char blob[RV_SA_STATE_SIZE];
	struct rv_sa_state s, out = { .last_result = 7 };

	(void)state;
	largest(&s);
	rv_sa_state_dump(&s, blob);
	for (size_t i = 0; i < sizeof(blob); i += i < AT_PAYLOAD ? 1 : 97) {
		blob[i] ^= 0x40;
		assert_true(rv_sa_state_restore(blob, &out) != RV_OK);
		blob[i] ^= 0x40;
	}
	for (size_t len = 0; len < 4000; len += 333) {
		char cut[RV_SA_STATE_SIZE] = { 0 };

		memcpy(cut, blob, len);
		assert_int_equal(rv_sa_state_restore(cut, &out), RV_ECORRUPT);
	}
	assert_int_equal(out.last_result, 7);
	rv_sa_location_deinit(&s.loc);
}

static void another_version_and_a_foreign_blob_are_told_apart(void **state)
{
	char blob[RV_SA_STATE_SIZE];
	struct rv_sa_state s = { 0 }, out;

	(void)state;
	rv_sa_state_dump(&s, blob);
	blob[AT_VERSION + 3] = 2;
	assert_int_equal(rv_sa_state_restore(blob, &out), RV_EVERSION);
	memset(blob, 0x5a, sizeof(blob));
	assert_int_equal(rv_sa_state_restore(blob, &out), RV_ECORRUPT);
}

/* A blob whose checksum is right but whose values no dump has: made by hand. */
static const struct {
	const char *payload;
	size_t len;
} forged[] = {
	{ "", 0 },
	{ "\0\0", 2 },                                                      /* ends early */
	{ "\377\377", 2 },                                                  /* text too long */
	{ "\0\3a\0b\0\0\0\0\0\0", 11 },                                     /* NUL in a text */
	{ "\0\0\0\0\0\0\0\0\0\0\0\6", 12 },                                 /* 6 RSs */
	{ "\0\0\0\0\0\0\0\0\377\377\377\377", 12 },                         /* -1 RSs */
	{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16 },                         /* RS 1 of 0 */
	{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0", 28 }, /* anonymous line */
	{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	  "\0\0\0\0\0\0\0\0\0\0\0\0x",
	  39 }, /* one byte too many */
};

static void forged_values_are_refused(void **state)
{
	struct rv_sa_state s = { 0 }, out;

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(forged); i++) {
		char blob[RV_SA_STATE_SIZE];
		uint8_t *b = (uint8_t *)blob;

		rv_sa_state_dump(&s, blob);
		memset(b + AT_PAYLOAD, 0, sizeof(blob) - AT_PAYLOAD);
		memcpy(b + AT_PAYLOAD, forged[i].payload, forged[i].len);
		rv_put_be32(b + AT_LENGTH, (uint32_t)forged[i].len);
		rv_put_be64(b + AT_CHECKSUM,
			    rv_siphash(UINT64_C(0x5265657665205341), UINT64_C(0x2073746174652031),
				       rv_strn(b + AT_PAYLOAD, sizeof(blob) - AT_PAYLOAD)));
		assert_int_equal(rv_sa_state_restore(blob, &out), RV_ECORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_and_the_empty_state_come_back_as_they_were),
		cmocka_unit_test(every_line_type_comes_back),
		cmocka_unit_test(whatever_a_callback_writes_into_a_line_is_dumped),
		cmocka_unit_test(the_format_is_the_documented_one),
		cmocka_unit_test(damage_anywhere_is_found),
		cmocka_unit_test(another_version_and_a_foreign_blob_are_told_apart),
		cmocka_unit_test(forged_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
