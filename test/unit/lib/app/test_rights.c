/* From tables and configuration to a sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/rights_priv.h"

static void what_the_supervisor_wants_travels_whole(void **state)
{
	static const struct rv_rights_user users[] = {
		{ 0 },
		{ .is_on = true },
		{ .is_on = true, .drops_uid = true, .uid = 990, .gid = 985 },
		{ .is_on = true, .drops_uid = true, .uid = UINT32_MAX - 1, .gid = 0 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(users); i++) {
		struct rv_rights_user back = { 0 };
		struct rv_buf text = { 0 };

		rv_rights_encode(&users[i], &text);
		assert_int_equal(rv_rights_decode(rv_buf_str(&text), &back), RV_OK);
		assert_int_equal(back.is_on, users[i].is_on);
		assert_int_equal(back.drops_uid, users[i].drops_uid);
		assert_int_equal(back.uid, users[i].uid);
		assert_int_equal(back.gid, users[i].gid);
		rv_buf_deinit(&text);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const wrong[] = { "",         "on",      "maybe - -", "on 1",
					     "on - 1",   "on 1 -",  "on -1 0",   "on 4294967295 0",
					     "on 1 2 3", "on 1  2", "on 1 2 " };
	struct rv_rights_user user = { .uid = 42 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(wrong); i++) {
		if (rv_rights_decode(rv_str(wrong[i]), &user) != RV_ESYNTAX)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_int_equal(user.uid, 42);
	}
}

static const struct rv_conf_item items[] = {
	{ .name = "store", .type = RV_CONF_STR },
	{ .name = "file", .type = RV_CONF_STR },
};
static const struct rv_conf_section sections[] = {
	{ .name = "x", .items = items, .item_count = RV_ARRAY_LEN(items) },
};
static const char *const files[] = { "x.", NULL };
static const struct rv_duty_place places[] = {
	{ "x", "store", RV_DUTY_PLACE_STORE },
	{ "x", "file", RV_DUTY_PLACE_FILE },
	{ 0 },
};

#define STORE  (RV_RIGHT_FILES | RV_RIGHT_STORE)
#define CALLER (RV_RIGHT_CONNECT | RV_RIGHT_CONNECT_UNIX)

static void places_become_paths(void **state)
{
	static const struct {
		const char *conf;
		unsigned rights;
		const char *paths; /* "r" or "w" before each */
	} cases[] = {
		{ "", STORE, "w/state " },
		{ "x { store = \"sqlite:/data/x.db\" }", STORE, "w/state w/data " },
		{ "x { store = \"sqlite:sub/x.db\" }", STORE, "w/state w/state/sub " },
		{ "x { store = \"sqlite:/x.db\" }", STORE, "w/state w/ " },
		{ "x { file = \"/etc/reeve/list\" }", STORE, "w/state r/etc/reeve " },
		{ "x { file = \"list\" }", STORE, "w/state r/state " },
		{ "x { store = \"postgresql:///reeve\" }", STORE | CALLER,
		  "w/state r/etc r/usr r/lib r/run/systemd/resolve " },
	};
	static const struct rv_duty_spec spec = {
		.name = "x",
		.rights = { .bits = STORE, .state_files = files, .places = places },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_rights_place place = { .spec = &spec, .state_dir = "/state" };
		struct rv_arena texts = { .max = 4096 };
		struct rv_sandbox box;
		struct rv_conf *conf;
		struct rv_diag diag;
		char got[256] = "";

		assert_int_equal(
			rv_conf_parse(sections, 1, rv_str(cases[i].conf), "test", &conf, &diag),
			RV_OK);
		place.conf = conf;
		assert_int_equal(rv_rights_resolve(&place, &texts, &box), RV_OK);
		for (size_t p = 0; p < box.path_count; p++) {
			size_t n = strlen(got);

			snprintf(got + n, sizeof(got) - n, "%c%s ",
				 box.paths[p].may_write ? 'w' : 'r', box.paths[p].path);
		}
		assert_string_equal(got, cases[i].paths);
		assert_int_equal(box.rights, cases[i].rights);
		assert_false(box.drops_uid);
		rv_arena_wipe(&texts);
		rv_conf_free(conf);
	}
}

static void a_duty_without_files_reaches_none(void **state)
{
	static const struct rv_duty_spec spec = { .name = "x",
						  .rights = { .bits = RV_RIGHT_ACCEPT } };
	const struct rv_rights_place place = { .spec = &spec, .state_dir = "/state" };
	struct rv_arena texts = { .max = 4096 };
	struct rv_sandbox box;

	(void)state;
	assert_int_equal(rv_rights_resolve(&place, &texts, &box), RV_OK);
	assert_int_equal(box.path_count, 0);
	assert_int_equal(box.rights, RV_RIGHT_ACCEPT);
	rv_arena_wipe(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_supervisor_wants_travels_whole),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(places_become_paths),
		cmocka_unit_test(a_duty_without_files_reaches_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
