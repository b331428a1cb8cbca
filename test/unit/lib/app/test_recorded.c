/* Control messages of version 1 as they were written by the first release, one of each kind, and an
 * entry of the roster. What they mean to a reader must never change: contract/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app/control_priv.h"
#include "app/roster_priv.h"
#include "base/codec.h"

#define V1     "52564331"
#define NOBODY "000000"
#define PROXY  "0570726f78790003"
#define RS     "0272730000"

static const struct {
	const char *hex;
	enum rv_control_kind kind;
	int status;
	const char *self, *peer;
	unsigned self_instance, peer_instance;
	struct rv_str body;
} recorded[] = {
	{ V1 "01"
	     "00000000" PROXY NOBODY "696e666f006c6f67666d74002f7661722f6c69622f7265657665",
	  RV_CONTROL_START, 0, "proxy", "", 3, 0, RV_STR_LIT("info\0logfmt\0/var/lib/reeve") },
	{ V1 "02"
	     "00000000" PROXY RS "72732e70756c6c0a",
	  RV_CONTROL_LINK, 0, "proxy", "rs", 3, 0, RV_STR_LIT("rs.pull\n") },
	{ V1 "03"
	     "00000000" NOBODY NOBODY,
	  RV_CONTROL_STOP, 0, "", "", 0, 0, RV_STR_LIT("") },
	{ V1 "04"
	     "00000000" NOBODY NOBODY "027273"
	     "0000"
	     "01"
	     "00000539"
	     "0000000000000002"
	     "00066134d5a1b000"
	     "0465786974",
	  RV_CONTROL_ROSTER, 0, "", "", 0, 0,
	  RV_STR_LIT("\2rs\0\0\1\0\0\5\x39\0\0\0\0\0\0\0\2\0\x06\x61\x34\xd5\xa1\xb0\0\4exit") },
	{ V1 "05"
	     "00000000" NOBODY NOBODY,
	  RV_CONTROL_READY, 0, "", "", 0, 0, RV_STR_LIT("") },
	{ V1 "06"
	     "fffffc13" NOBODY NOBODY "6c732e6b65793a20776879",
	  RV_CONTROL_FAILED, RV_EINVALID, "", "", 0, 0, RV_STR_LIT("ls.key: why") },
	{ V1 "07"
	     "00000000"
	     "057273617069ffff" RS,
	  RV_CONTROL_JOIN, 0, "rsapi", "rs", 65535, 0, RV_STR_LIT("") },
	{ V1 "08"
	     "fffffc11" PROXY RS,
	  RV_CONTROL_REFUSED, RV_EDENIED, "proxy", "rs", 3, 0, RV_STR_LIT("") },
};

static void recorded_messages_are_read_as_they_were_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(recorded); i++) {
		struct rv_buf bytes = { 0 }, again = { 0 };
		struct rv_control_msg msg = { 0 };

		assert_int_equal(rv_hex_decode(&bytes, rv_str(recorded[i].hex), NULL), RV_OK);
		assert_int_equal(rv_control_decode(rv_buf_str(&bytes), &msg), RV_OK);
		assert_int_equal(msg.kind, recorded[i].kind);
		assert_int_equal(msg.status, recorded[i].status);
		assert_string_equal(msg.self.name, recorded[i].self);
		assert_string_equal(msg.peer.name, recorded[i].peer);
		assert_int_equal(msg.self.instance, recorded[i].self_instance);
		assert_int_equal(msg.peer.instance, recorded[i].peer_instance);
		/* Newer releases may append to a body, never change what stands there. */
		assert_true(
			rv_str_eq(rv_str_sub(msg.body, 0, recorded[i].body.len), recorded[i].body));
		rv_control_encode(&msg, &again); /* as long as version 1 is what is written */
		assert_true(rv_str_eq(rv_buf_str(&again), rv_buf_str(&bytes)));
		rv_buf_deinit(&again);
		rv_buf_deinit(&bytes);
	}
}

static void a_recorded_roster_is_read(void **state)
{
	struct rv_duty_info list[2];
	size_t n = 0;

	(void)state;
	assert_int_equal(rv_roster_decode(recorded[3].body, list, 2, &n), RV_OK);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].name, "rs");
	assert_int_equal(list[0].run, RV_DUTY_READY);
	assert_int_equal(list[0].pid, 1337);
	assert_int_equal(list[0].restarts, 2);
	assert_int_equal(list[0].started_us, INT64_C(0x00066134d5a1b000));
	assert_string_equal(list[0].note, "exit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_messages_are_read_as_they_were_meant),
		cmocka_unit_test(a_recorded_roster_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
