#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus/bus.h"
#include "bus/frame.h"

#define HEAD(version, kind, name_len, zero) version kind name_len zero
#define U0                                  "\0\0\0\0"
#define U1                                  "\0\0\0\1"
#define U7                                  "\0\0\0\7"
#define MINUS_1                             "\xff\xff\xff\xff"

#define CASE(r, bytes)                                                                             \
	{                                                                                          \
		r,                                                                                 \
		{                                                                                  \
			bytes, sizeof(bytes) - 1                                                   \
		}                                                                                  \
	}

/* id, stream, number, total, then name and body. */
static const struct {
	int result;
	struct rv_str bytes;
} cases[] = {
	CASE(RV_OK, HEAD("\1", "\1", "\2", "\0") U0 U0 U7 U0 "rs"
							     "a.b\nc\n"),
	CASE(RV_OK, HEAD("\1", "\1", "\2", "\0") U0 U0 U0 U0 "rs"),
	CASE(RV_OK, HEAD("\1", "\2", "\3", "\0") U0 U0 U0 U0 "a.b"),
	CASE(RV_OK, HEAD("\1", "\3", "\3", "\0") U7 U0 U0 U0 "a-9"
							     "body"),
	CASE(RV_OK, HEAD("\1", "\3", "\3", "\0") U7 U1 U0 "\1\0\0\0"
							  "a-9"),
	CASE(RV_OK, HEAD("\1", "\4", "\0", "\0") U7 U0 MINUS_1 U0 "body"),
	CASE(RV_OK, HEAD("\1", "\5", "\1", "\0") U0 U0 U0 U0 "t"),
	CASE(RV_OK, HEAD("\1", "\6", "\0", "\0") U0 U7 U0 U0 "piece"),
	CASE(RV_OK, HEAD("\1", "\7", "\0", "\0") U0 U7 U1 U0),
	CASE(RV_OK, HEAD("\1", "\x8", "\0", "\0") U0 U7 U0 U0),
	CASE(RV_OK, HEAD("\1", "\x9", "\0", "\0") U7 U0 U0 U0),

	CASE(RV_ESYNTAX, ""),
	CASE(RV_ESYNTAX, HEAD("\1", "\x9", "\0", "\0") U7 U0 U0 "\0\0\0"),    /* one byte short */
	CASE(RV_EVERSION, HEAD("\2", "\x9", "\0", "\0") U7 U0 U0 U0),         /* version */
	CASE(RV_ESYNTAX, HEAD("\1", "\0", "\0", "\0") U7 U0 U0 U0),           /* no kind */
	CASE(RV_ESYNTAX, HEAD("\1", "\xa", "\0", "\0") U7 U0 U0 U0),          /* unknown kind */
	CASE(RV_ESYNTAX, HEAD("\1", "\x9", "\0", "\1") U7 U0 U0 U0),          /* reserved byte */
	CASE(RV_ESYNTAX, HEAD("\1", "\x9", "\0", "\0") U0 U0 U0 U0),          /* id missing */
	CASE(RV_ESYNTAX, HEAD("\1", "\x9", "\0", "\0") U7 U7 U0 U0),          /* stream too much */
	CASE(RV_ESYNTAX, HEAD("\1", "\x9", "\0", "\0") U7 U0 U0 U0 "x"),      /* body too much */
	CASE(RV_ESYNTAX, HEAD("\1", "\2", "\4", "\0") U0 U0 U0 U0 "a.b"),     /* name beyond end */
	CASE(RV_ESYNTAX, HEAD("\1", "\2", "\0", "\0") U0 U0 U0 U0),           /* name missing */
	CASE(RV_ESYNTAX, HEAD("\1", "\2", "\3", "\0") U0 U0 U0 U0 "a_b"),     /* bad character */
	CASE(RV_ESYNTAX, HEAD("\1", "\2", "\3", "\0") U0 U0 U0 U0 "A.b"),     /* upper case */
	CASE(RV_ESYNTAX, HEAD("\1", "\1", "\2", "\0") U0 U0 MINUS_1 U0 "rs"), /* instance < 0 */
	CASE(RV_ESYNTAX, HEAD("\1", "\4", "\0", "\0") U7 U0 U1 U0),           /* status > 0 */
	CASE(RV_ESYNTAX, HEAD("\1", "\6", "\0", "\0") U0 U7 U0 U0),           /* empty MORE */
	CASE(RV_ESYNTAX, HEAD("\1", "\7", "\0", "\0") U0 U7 MINUS_1 U0),      /* credit < 0 */
	CASE(RV_ESYNTAX, HEAD("\1", "\7", "\0", "\0") U0 U7 U0 U0),           /* no credit */
	CASE(RV_ESYNTAX, HEAD("\1", "\3", "\1", "\0") U7 U1 U0 U0 "m"),       /* stream, no total */
	CASE(RV_ESYNTAX, HEAD("\1", "\3", "\1", "\0") U7 U0 U0 U1 "m"),       /* total, no stream */
	CASE(RV_ESYNTAX, HEAD("\1", "\3", "\1", "\0") U7 U1 U0 U1 "m"
								  "x"), /* both bodies */
	CASE(RV_ELIMIT, HEAD("\1", "\3", "\1", "\0") U7 U1 U0 "\1\0\0\1"
							      "m"), /* over 16 MiB */
};

static void parse_takes_what_the_table_allows_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_bus_frame frame = { .id = 99 };
		int r = rv_bus_frame_parse(cases[i].bytes, &frame);

		if (r != cases[i].result)
			print_message("# case %zu\n", i);
		assert_int_equal(r, cases[i].result);
		if (r != RV_OK)
			assert_int_equal(frame.id, 99);
	}
}

static void head_writes_what_parse_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases) && cases[i].result == RV_OK; i++) {
		struct rv_bus_frame frame;
		uint8_t head[RV_BUS_HEAD_MAX];
		size_t len;

		assert_int_equal(rv_bus_frame_parse(cases[i].bytes, &frame), RV_OK);
		len = rv_bus_frame_head(&frame, head);
		assert_int_equal(len + frame.body.len, cases[i].bytes.len);
		assert_memory_equal(head, cases[i].bytes.ptr, len);
	}
}

static void parse_refuses_a_frame_over_64_kib(void **state)
{
	static char big[RV_BUS_FRAME_MAX + 1] = "\1\6\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0";
	struct rv_bus_frame frame;

	(void)state;
	assert_int_equal(rv_bus_frame_parse(rv_strn(big, RV_BUS_FRAME_MAX), &frame), RV_OK);
	assert_int_equal(rv_bus_frame_parse(rv_strn(big, RV_BUS_FRAME_MAX + 1), &frame), RV_ELIMIT);
}

static void names_are_short_and_plain(void **state)
{
	char name[RV_BUS_NAME_MAX + 2];

	(void)state;
	memset(name, 'z', sizeof(name));
	assert_true(rv_bus_name_ok(rv_strn(name, 1)));
	assert_true(rv_bus_name_ok(rv_strn(name, RV_BUS_NAME_MAX)));
	assert_false(rv_bus_name_ok(rv_strn(name, RV_BUS_NAME_MAX + 1)));
	assert_false(rv_bus_name_ok(rv_strn(name, 0)));
	assert_false(rv_bus_name_ok(RV_STR_LIT("a\nb")));
	assert_true(rv_bus_name_ok(RV_STR_LIT("rs.method-query.0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_takes_what_the_table_allows_and_nothing_else),
		cmocka_unit_test(head_writes_what_parse_reads),
		cmocka_unit_test(parse_refuses_a_frame_over_64_kib),
		cmocka_unit_test(names_are_short_and_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
