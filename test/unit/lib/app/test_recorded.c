/* Control messages of version 1 as they were written by releases, one of each kind, an entry of the
 * roster, and what starts a duty. What they mean to a reader must never change: contract/README.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app/control_priv.h"
#include "app/roster_priv.h"
#include "app/start_priv.h"
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
	/* 0.2 */
	{ V1 "01"
	     "00000000" PROXY NOBODY
	     "696e666f006a736f6e006f6e2039393020393835002f7661722f6c69622f7265657665",
	  RV_CONTROL_START, 0, "proxy", "", 3, 0,
	  RV_STR_LIT("info\0json\0on 990 985\0/var/lib/reeve") },
	{ V1 "09"
	     "00000000" NOBODY NOBODY "6b657973",
	  RV_CONTROL_TICKETS, 0, "", "", 0, 0, RV_STR_LIT("keys") },
	{ V1 "0a"
	     "00000001" PROXY RS,
	  RV_CONTROL_LINE, 1, "proxy", "rs", 3, 0, RV_STR_LIT("") },
	{ V1 "0b"
	     "00000000" NOBODY NOBODY "746c7331",
	  RV_CONTROL_SOCKET, 0, "", "", 0, 0, RV_STR_LIT("tls1") },
	{ V1 "0c"
	     "00000000" NOBODY NOBODY "7761726e006a736f6e00",
	  RV_CONTROL_RELOAD, 0, "", "", 0, 0, RV_STR_LIT("warn\0json\0") },
	{ V1 "0d"
	     "fffffc13" NOBODY NOBODY "776879",
	  RV_CONTROL_RELOADED, RV_EINVALID, "", "", 0, 0, RV_STR_LIT("why") },
	{ V1 "0e"
	     "00000000" NOBODY NOBODY,
	  RV_CONTROL_DRAIN, 0, "", "", 0, 0, RV_STR_LIT("") },
	{ V1 "0f"
	     "00000000" NOBODY NOBODY,
	  RV_CONTROL_TAKEOVER, 0, "", "", 0, 0, RV_STR_LIT("") },
	{ V1 "10"
	     "00000000" PROXY NOBODY "3132372e302e302e313a3834343300",
	  RV_CONTROL_LISTENER, 0, "proxy", "", 3, 0, RV_STR_LIT("127.0.0.1:8443\0") },
	{ V1 "11"
	     "00000000"
	     "0572656576650009" NOBODY "6b657973",
	  RV_CONTROL_HANDED, 0, "reeve", "", 9, 0, RV_STR_LIT("keys") },
	{ V1 "12"
	     "00000000" NOBODY NOBODY,
	  RV_CONTROL_YIELD, 0, "", "", 0, 0, RV_STR_LIT("") },
	{ V1 "13"
	     "00000000" NOBODY NOBODY,
	  RV_CONTROL_YIELDED, 0, "", "", 0, 0, RV_STR_LIT("") },
	{ V1 "14"
	     "00000000" NOBODY NOBODY,
	  RV_CONTROL_RETIRE, 0, "", "", 0, 0, RV_STR_LIT("") },
};

/* Bodies of START, as recorded above, and what a duty makes of them. */
static const struct {
	struct rv_str body;
	struct rv_start means;
} starts[] = {
	{ RV_STR_LIT("info\0logfmt\0/var/lib/reeve"),
	  { RV_LOG_INFO, RV_LOG_LOGFMT, { 0 }, RV_STR_LIT("/var/lib/reeve"), RV_STR_LIT("") } },
	{ RV_STR_LIT("info\0json\0on 990 985\0/var/lib/reeve"),
	  { RV_LOG_INFO,
	    RV_LOG_JSON,
	    { true, true, 990, 985 },
	    RV_STR_LIT("/var/lib/reeve"),
	    RV_STR_LIT("") } },
	{ RV_STR_LIT("warn\0logfmt\0on - -\0/srv/reeve\0k\0y"),
	  { RV_LOG_WARN,
	    RV_LOG_LOGFMT,
	    { .is_on = true },
	    RV_STR_LIT("/srv/reeve"),
	    RV_STR_LIT("k\0y") } },
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

static void a_recorded_start_means_what_it_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(starts); i++) {
		const struct rv_start *means = &starts[i].means;
		struct rv_start got;

		assert_int_equal(rv_start_decode(starts[i].body, &got), RV_OK);
		assert_int_equal(got.level, means->level);
		assert_int_equal(got.format, means->format);
		assert_int_equal(got.user.is_on, means->user.is_on);
		assert_int_equal(got.user.drops_uid, means->user.drops_uid);
		if (means->user.drops_uid) {
			assert_int_equal(got.user.uid, means->user.uid);
			assert_int_equal(got.user.gid, means->user.gid);
		}
		assert_true(rv_str_eq(got.state_dir, means->state_dir));
		assert_true(rv_str_eq(got.keys, means->keys));
	}
}

static const struct {
	struct rv_str body;
	int err;
} bad_starts[] = {
	{ RV_STR_LIT(""), RV_EINVALID },
	{ RV_STR_LIT("loud\0logfmt\0/d"), RV_EINVALID },
	{ RV_STR_LIT("info\0logfmt"), RV_ESYNTAX },
	{ RV_STR_LIT("info\0logfmt\0on 990 985"), RV_ESYNTAX },
	{ RV_STR_LIT("info\0logfmt\0on 990 985\0relative"), RV_ESYNTAX },
	{ RV_STR_LIT("info\0logfmt\0on 990\0/d"), RV_ESYNTAX },
	{ RV_STR_LIT("info\0logfmt\0no\0/d"), RV_ESYNTAX },
};

static void what_is_no_start_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_starts); i++) {
		struct rv_start got = { .level = RV_LOG_ERROR };

		if (rv_start_decode(bad_starts[i].body, &got) != bad_starts[i].err)
			fail_msg("start %zu is not refused as it should be", i);
		assert_int_equal(got.level, RV_LOG_ERROR);
	}
}

/* A kind that nobody recorded could change its meaning unseen. */
static void every_kind_was_recorded(void **state)
{
	(void)state;
	for (int kind = RV_CONTROL_START; kind < RV_CONTROL_KIND_END; kind++) {
		bool is_there = false;

		for (size_t i = 0; i < RV_ARRAY_LEN(recorded); i++)
			is_there |= (int)recorded[i].kind == kind;
		if (!is_there)
			fail_msg("no message of kind %d", kind);
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
		cmocka_unit_test(every_kind_was_recorded),
		cmocka_unit_test(a_recorded_start_means_what_it_meant),
		cmocka_unit_test(what_is_no_start_is_refused),
		cmocka_unit_test(a_recorded_roster_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
