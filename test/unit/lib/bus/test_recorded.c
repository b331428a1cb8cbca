/* Frames of version 1 as they were written by the first release, one of each kind. What they mean
 * to a reader must never change: contract/README.md tells when a row may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/codec.h"
#include "bus/frame.h"

static const struct {
	const char *hex;
	enum rv_bus_kind kind;
	uint32_t id, stream;
	int32_t number;
	uint32_t total;
	const char *name, *body;
} recorded[] = {
	{ "01010500"
	  "00000000"
	  "00000000"
	  "00000003"
	  "00000000"
	  "70726f7879"
	  "72732e6368616e6765640a",
	  RV_BUS_HELLO, 0, 0, 3, 0, "proxy", "rs.changed\n" },
	{ "01020a00"
	  "00000000"
	  "00000000"
	  "00000000"
	  "00000000"
	  "72732e6368616e676564",
	  RV_BUS_SUBSCRIBE, 0, 0, 0, 0, "rs.changed", "" },
	{ "01030700"
	  "00000007"
	  "00000000"
	  "00000000"
	  "00000000"
	  "72732e70756c6c"
	  "01020304",
	  RV_BUS_REQUEST, 7, 0, 0, 0, "rs.pull", "\1\2\3\4" },
	{ "01030700"
	  "00000008"
	  "00000009"
	  "00000000"
	  "00012000"
	  "72732e70756c6c",
	  RV_BUS_REQUEST, 8, 9, 0, 73728, "rs.pull", "" },
	{ "01040000"
	  "00000007"
	  "00000000"
	  "00000000"
	  "00000000"
	  "616e73776572",
	  RV_BUS_REPLY, 7, 0, 0, 0, "", "answer" },
	{ "01040000"
	  "00000007"
	  "00000000"
	  "fffffc0d"
	  "00000000",
	  RV_BUS_REPLY, 7, 0, -1011, 0, "", "" },
	{ "01050a00"
	  "00000000"
	  "00000000"
	  "00000000"
	  "00000000"
	  "72732e6368616e676564",
	  RV_BUS_EVENT, 0, 0, 0, 0, "rs.changed", "" },
	{ "01060000"
	  "00000000"
	  "00000009"
	  "00000000"
	  "00000000"
	  "7069656365",
	  RV_BUS_MORE, 0, 9, 0, 0, "", "piece" },
	{ "01070000"
	  "00000000"
	  "00000009"
	  "00010000"
	  "00000000",
	  RV_BUS_CREDIT, 0, 9, 65536, 0, "", "" },
	{ "01080000"
	  "00000000"
	  "00000009"
	  "00000000"
	  "00000000",
	  RV_BUS_STOP, 0, 9, 0, 0, "", "" },
	{ "01090000"
	  "00000007"
	  "00000000"
	  "00000000"
	  "00000000",
	  RV_BUS_CANCEL, 7, 0, 0, 0, "", "" },
};

static void recorded_frames_are_read_as_they_were_meant(void **state)
{
	unsigned kinds = 0;

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(recorded); i++) {
		struct rv_buf bytes = { 0 };
		struct rv_bus_frame f = { 0 };

		assert_int_equal(rv_hex_decode(&bytes, rv_str(recorded[i].hex), NULL), RV_OK);
		assert_int_equal(rv_bus_frame_parse(rv_buf_str(&bytes), &f), RV_OK);
		assert_int_equal(f.kind, recorded[i].kind);
		assert_int_equal(f.id, recorded[i].id);
		assert_int_equal(f.stream, recorded[i].stream);
		assert_int_equal(f.number, recorded[i].number);
		assert_int_equal(f.total, recorded[i].total);
		assert_true(rv_str_is(f.name, recorded[i].name));
		assert_true(rv_str_is(f.body, recorded[i].body));
		kinds |= 1U << f.kind;
		rv_buf_deinit(&bytes);
	}
	assert_int_equal(kinds, 0x3fe); /* every kind, 1..9 */
}

/* As long as version 1 is also what is written. */
static void frames_are_written_as_they_were_recorded(void **state)
{
	(void)state;
	for (size_t i = 0; RV_BUS_VERSION == 1 && i < RV_ARRAY_LEN(recorded); i++) {
		struct rv_bus_frame f = { recorded[i].kind,        recorded[i].id,
					  recorded[i].stream,      recorded[i].number,
					  recorded[i].total,       rv_str(recorded[i].name),
					  rv_str(recorded[i].body) };
		uint8_t head[RV_BUS_HEAD_MAX];
		struct rv_buf hex = { 0 };

		rv_hex_encode(&hex, rv_strn(head, rv_bus_frame_head(&f, head)));
		rv_hex_encode(&hex, f.body);
		assert_true(rv_str_is(rv_buf_str(&hex), recorded[i].hex));
		rv_buf_deinit(&hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_frames_are_read_as_they_were_meant),
		cmocka_unit_test(frames_are_written_as_they_were_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
