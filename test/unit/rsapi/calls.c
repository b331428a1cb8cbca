#include "test/unit/rsapi/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define DISTID  "0001-0002-0003-0004-0005-0006-0007-0008"
#define DISTID2 "0001-0002-0003-0004-0005-0006-0007-0009"

/* Every error: its code, key and place must be the same however it travelled. */
static void expect(int r, const struct rsapi_error *error, int code, const char *key,
		   const char *where)
{
	if (r != code || strcmp(error->key, key) != 0 || strcmp(error->where, where) != 0)
		fail_msg("expected %d %s at '%s', got %d %s at '%s': %s", code, key, where, r,
			 error->key, error->where, error->text);
	assert_int_equal(error->code, code);
	assert_true(error->text[0] != '\0');
}

#define OK(call)                                                                                   \
	do {                                                                                       \
		int r_ = (call);                                                                   \
		if (r_ != RV_OK)                                                                   \
			fail_msg(#call ": %d %s: %s", r_, error.key, error.text);                  \
	} while (0)

static bool is(struct rv_str s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || memcmp(s.ptr, text, s.len) == 0);
}

static void call_devices(struct rsapi *api)
{
	struct rv_device_get_in get = { .distid = rsapi_str(DISTID) };
	struct rv_device_get_out got = { .device.id = 77 };
	struct rv_device_create_in create = { .distid = rsapi_str(DISTID),
					      .ls_key = rsapi_str("hush"),
					      .has_description = true,
					      .description = rsapi_str("東京 1") };
	struct rv_device_create_out created;
	struct rv_device_update_in update = { .distid = rsapi_str(DISTID),
					      .has_is_enabled = true,
					      .is_enabled = false };
	struct rv_device_update_out updated;
	struct rsapi_error error = { 0 };

	expect(rsapi_device_get(api, &get, &got, &error), &error, RV_ENOTFOUND, "device.unknown",
	       "distid");
	assert_int_equal(got.device.id, 77); /* untouched */
	get.distid = rsapi_str("XXXX-0002-0003-0004-0005-0006-0007-0008");
	expect(rsapi_device_get(api, &get, &got, &error), &error, RV_EINVALID, "device.distid",
	       "distid");
	get.distid = rsapi_str("short");
	expect(rsapi_device_get(api, &get, &got, &error), &error, RV_EINVALID, "contract.too_short",
	       "distid");

	OK(rsapi_device_create(api, &create, &created, &error));
	assert_true(is(created.device.distid, DISTID));
	assert_true(is(created.device.description, "東京 1"));
	assert_true(is(created.device.location, "default"));
	assert_true(created.device.is_enabled && created.device.id > 0);
	assert_int_equal(created.device.state, RV_DEVICE_STATE_NEW);
	assert_false(created.device.has_last_contact_at);
	expect(rsapi_device_create(api, &create, &created, &error), &error, RV_EEXISTS,
	       "device.exists", "distid");
	create.distid = rsapi_str(DISTID2);
	create.has_location = true;
	create.location = rsapi_str("nowhere");
	expect(rsapi_device_create(api, &create, &created, &error), &error, RV_ENOTFOUND,
	       "location.unknown", "location");
	create.has_location = false;
	OK(rsapi_device_create(api, &create, &created, &error));

	OK(rsapi_device_update(api, &update, &updated, &error));
	assert_false(updated.device.is_enabled);
	assert_true(is(updated.device.description, "東京 1"));
}

static void call_lists(struct rsapi *api)
{
	struct rv_device_list_in in = { .has_limit = true, .limit = 1 };
	struct rv_device_list_out out;
	struct rv_device_waiting_in waiting_in = { 0 };
	struct rv_device_waiting_out waiting;
	struct rv_pull_list_in pull_in = { .has_distid = true, .distid = rsapi_str(DISTID) };
	struct rv_pull_list_out pulls;
	struct rsapi_error error = { 0 };

	OK(rsapi_device_list(api, &in, &out, &error));
	assert_int_equal(out.devices_len, 1);
	assert_true(is(out.devices[0].distid, DISTID) && is(out.next, DISTID));
	in.has_after = true;
	in.after = out.next; /* as it came, out of the results of the last call */
	OK(rsapi_device_list(api, &in, &out, &error));
	assert_int_equal(out.devices_len, 1);
	assert_true(is(out.devices[0].distid, DISTID2) && is(out.next, ""));
	in.has_after = false; /* gone with the call before */
	in.limit = 0;
	expect(rsapi_device_list(api, &in, &out, &error), &error, RV_EINVALID, "contract.range",
	       "limit");

	OK(rsapi_device_waiting(api, &waiting_in, &waiting, &error));
	assert_int_equal(waiting.devices_len, 0);
	OK(rsapi_pull_list(api, &pull_in, &pulls, &error));
	assert_int_equal(pulls.pulls_len, 0);
}

static void call_configs(struct rsapi *api)
{
	static char binary[] = "\0\1\xff";
	struct rv_module modules[] = {
		{ .id = 1,
		  .version = rsapi_str("1.0"),
		  .infostring = rsapi_str("https://h/?a=b&c"),
		  .has_config = true,
		  .body = rsapi_str("hostname \"a\"\n\t<&>\n") },
		{ .id = 2, .is_binary = true, .has_config = true, .body = { binary, 3 } },
		{ .id = 3 },
	};
	struct rv_config_set_in set = { .distid = rsapi_str(DISTID),
					.kind = RV_CONFIG_KIND_WORKING,
					.modules = modules,
					.modules_len = 3 };
	struct rv_config_set_out was_set;
	struct rv_config_get_in get = { .distid = rsapi_str(DISTID),
					.kind = RV_CONFIG_KIND_STARTUP };
	struct rv_config_get_out got;
	struct rv_config_apply_in apply = { .distid = rsapi_str(DISTID),
					    .has_expect = true,
					    .expect = 1 };
	struct rv_config_apply_out applied;
	struct rv_config_history_in history = { .distid = rsapi_str(DISTID) };
	struct rv_config_history_out versions;
	struct rsapi_error error = { 0 };

	expect(rsapi_config_get(api, &get, &got, &error), &error, RV_ENOTFOUND, "config.none",
	       "kind");
	OK(rsapi_config_set(api, &set, &was_set, &error));
	assert_true(was_set.version.is_working && !was_set.version.is_startup);
	expect(rsapi_config_apply(api, &apply, &applied, &error), &error, RV_ECONFLICT,
	       "config.changed", "expect");
	apply.expect = was_set.version.id;
	OK(rsapi_config_apply(api, &apply, &applied, &error));
	assert_true(applied.version.is_startup && applied.version.id == was_set.version.id);

	OK(rsapi_config_get(api, &get, &got, &error));
	assert_int_equal(got.modules_len, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(got.modules[i].id, modules[i].id);
		assert_int_equal(got.modules[i].is_binary, modules[i].is_binary);
		assert_int_equal(got.modules[i].has_config, modules[i].has_config);
		assert_int_equal(got.modules[i].body.len, modules[i].body.len);
		assert_memory_equal(got.modules[i].body.ptr != NULL ? got.modules[i].body.ptr : "",
				    modules[i].body.ptr != NULL ? modules[i].body.ptr : "",
				    modules[i].body.len);
	}
	assert_true(is(got.modules[0].infostring, "https://h/?a=b&c"));

	set.kind = RV_CONFIG_KIND_RUNNING;
	expect(rsapi_config_set(api, &set, &was_set, &error), &error, RV_EINVALID, "config.running",
	       "kind");
	set.kind = RV_CONFIG_KIND_STARTUP;
	modules[1].id = 1;
	expect(rsapi_config_set(api, &set, &was_set, &error), &error, RV_EINVALID,
	       "config.duplicate", "modules[1].id");
	OK(rsapi_config_history(api, &history, &versions, &error));
	assert_int_equal(versions.versions_len, 1);
}

static void call_locations(struct rsapi *api)
{
	struct rv_str urls[] = { rsapi_str("https://192.0.2.1/arms") };
	struct rv_line lines[] = { { .kind = RV_LINE_KIND_PPPOE,
				     .account = rsapi_str("user@example.net"),
				     .password = rsapi_str("hush") } };
	struct rv_location_set_in set = { .name = rsapi_str("tokyo.1"),
					  .rs_urls = urls,
					  .rs_urls_len = 1,
					  .lines = lines,
					  .lines_len = 1 };
	struct rv_location_set_out was_set;
	struct rv_location_get_in get = { .name = rsapi_str("tokyo.1") };
	struct rv_location_get_out got;
	struct rv_location_list_in list_in = { 0 };
	struct rv_location_list_out list;
	struct rv_location_delete_in del = { .name = rsapi_str("default") };
	struct rv_location_delete_out deleted;
	struct rsapi_error error = { 0 };

	OK(rsapi_location_set(api, &set, &was_set, &error));
	assert_true(was_set.location.md_config_bytes > 0);
	OK(rsapi_location_get(api, &get, &got, &error));
	assert_int_equal(got.location.lines_len, 1);
	assert_true(is(got.location.lines[0].account, "user@example.net"));
	assert_true(is(got.location.lines[0].password, "")); /* secrets never come back */
	OK(rsapi_location_list(api, &list_in, &list, &error));
	assert_int_equal(list.locations_len, 2);

	set.lines_len = 0;
	expect(rsapi_location_set(api, &set, &was_set, &error), &error, RV_EINVALID,
	       "contract.too_short", "lines");
	set.name = rsapi_str("a/b c");
	set.lines_len = 1;
	expect(rsapi_location_set(api, &set, &was_set, &error), &error, RV_EINVALID,
	       "location.name", "name");
	expect(rsapi_location_delete(api, &del, &deleted, &error), &error, RV_EBUSY,
	       "location.in-use", "name");
	del.name = rsapi_str("tokyo.1");
	OK(rsapi_location_delete(api, &del, &deleted, &error));
	expect(rsapi_location_delete(api, &del, &deleted, &error), &error, RV_ENOTFOUND,
	       "location.unknown", "name");
}

static void call_delete(struct rsapi *api)
{
	struct rv_device_delete_in del = { .distid = rsapi_str(DISTID2) };
	struct rv_device_delete_out deleted;
	struct rsapi_error error = { 0 };

	OK(rsapi_device_delete(api, &del, &deleted, &error));
	expect(rsapi_device_delete(api, &del, &deleted, &error), &error, RV_ENOTFOUND,
	       "device.unknown", "distid");
}

void assert_calls(struct rsapi *api)
{
	call_devices(api);
	call_lists(api);
	call_configs(api);
	call_locations(api);
	call_delete(api);
}
