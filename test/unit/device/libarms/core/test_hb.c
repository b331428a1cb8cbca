#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/codec.h"
#include "device/libarms/core/hb.h"

static const struct rv_distid id = { .version = 1, .vendor = 1, .model = 2, .serial = 0xab };

/* The statistics of the recorded packet (test/interop/captures, tunnel-tls12-all #0028): all
 * but its HMAC, which is zero until the packet is sealed. */
static const char recorded[] =
	"00010014000000000000000000000000000000000000000000110010000100000001000200000000000000ab"
	"0033000300000100340007000132011e0f0400350012000000000000000100001122334455667788"
	"003700120002"
	"00000000000f424100000000001e8480"
	"00380032000000000000000003e81122334455667788000000000000000a0000000000000014"
	"00000000000000010000000000000000"
	"0039003200000000000000000400000000000000080000000000000000010000000000000002"
	"00000000000000000000000000000000"
	"002c00060003005a0a37";

static void put_recorded(struct rv_hb_packet *p)
{
	const uint8_t cpu[] = { 1 }, detail[] = { 50, 1, 30, 15, 4 }, radio[] = { 0, 90, 10, 55 };
	const uint64_t memory[] = { 65536, UINT64_C(0x1122334455667788) };
	const uint64_t disk[] = { 1000001, 2000000 };
	const uint64_t count[] = { 1000, UINT64_C(0x1122334455667788), 10, 20, 1, 0 };
	const uint64_t rate[] = { 1024, 2048, 1, 2, 0, 0 };

	rv_hb_clear(p, &id);
	assert_int_equal(rv_hb_put_octets(p, RV_HB_CPU, 0, cpu, sizeof(cpu)), RV_OK);
	assert_int_equal(rv_hb_put_octets(p, RV_HB_CPU_DETAIL, 1, detail, sizeof(detail)), RV_OK);
	assert_int_equal(rv_hb_put_words(p, RV_HB_MEMORY, 0, memory, 2), RV_OK);
	assert_int_equal(rv_hb_put_words(p, RV_HB_DISK, 2, disk, 2), RV_OK);
	assert_int_equal(rv_hb_put_words(p, RV_HB_TRAFFIC_COUNT, 0, count, 6), RV_OK);
	assert_int_equal(rv_hb_put_words(p, RV_HB_TRAFFIC_RATE, 0, rate, 6), RV_OK);
	assert_int_equal(rv_hb_put_octets(p, RV_HB_RADIO, 3, radio, sizeof(radio)), RV_OK);
}

static void statistics_are_the_bytes_of_the_recording(void **state)
{
	struct rv_hb_packet p;
	struct rv_buf hex = { 0 };

	(void)state;
	put_recorded(&p);
	rv_hex_encode(&hex, rv_strn(p.bytes, p.len));
	rv_buf_putc(&hex, '\0');
	assert_int_equal(hex.err, RV_OK);
	assert_string_equal(hex.ptr, recorded);
	rv_buf_deinit(&hex);
}

static void the_same_type_and_index_is_refused_and_another_is_not(void **state)
{
	struct rv_hb_packet p;
	uint8_t percent = 9;
	size_t len;

	(void)state;
	put_recorded(&p);
	len = p.len;
	assert_int_equal(rv_hb_put_octets(&p, RV_HB_CPU, 0, &percent, 1), RV_EEXISTS);
	assert_int_equal(p.len, len);
	assert_int_equal(rv_hb_put_octets(&p, RV_HB_CPU, 1, &percent, 1), RV_OK);
	rv_hb_clear(&p, &id);
	assert_int_equal(p.len, RV_HB_HEADER_LEN);
	assert_int_equal(rv_hb_put_octets(&p, RV_HB_CPU, 0, &percent, 1), RV_OK);
}

/* spec/heartbeat.md 4.3: 140 CPU fill exactly 1024 bytes; 18 interfaces give 1016. */
static void a_full_packet_refuses_and_stays_as_it_is(void **state)
{
	struct rv_hb_packet p;
	const uint64_t words[6] = { 0 };
	uint8_t percent = 0;

	(void)state;
	rv_hb_clear(&p, &id);
	for (uint16_t i = 0; i < 140; i++)
		assert_int_equal(rv_hb_put_octets(&p, RV_HB_CPU, i, &percent, 1), RV_OK);
	assert_int_equal(p.len, RV_HB_PACKET_MAX);
	assert_int_equal(rv_hb_put_octets(&p, RV_HB_CPU, 140, &percent, 1), RV_ELIMIT);
	assert_int_equal(p.len, RV_HB_PACKET_MAX);

	rv_hb_clear(&p, &id);
	for (uint16_t i = 0; i < 18; i++)
		assert_int_equal(rv_hb_put_words(&p, RV_HB_TRAFFIC_COUNT, i, words, 6), RV_OK);
	assert_int_equal(p.len, 44 + 18 * 54);
	assert_int_equal(rv_hb_put_words(&p, RV_HB_TRAFFIC_COUNT, 18, words, 6), RV_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statistics_are_the_bytes_of_the_recording),
		cmocka_unit_test(the_same_type_and_index_is_refused_and_another_is_not),
		cmocka_unit_test(a_full_packet_refuses_and_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
