#include "rsapi/rsapi.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/time.h"
#include "pki/pki.h"
#include "test/unit/lib/db/pg_backend.h"
#include "test/unit/rsapi/calls.h"

struct fixture {
	char dir[64];
	char url[512];
	const char *state_dir; /* of a store that is no file */
};

/* A state directory as `reeve pki init` leaves it: the RS CA is there. */
static void make_ca(const char *dir)
{
	struct rv_pki_request request = { .kind = RV_PKI_ROOT,
					  .subject = { .common_name = "RS CA" },
					  .now_us = rv_time_utc_us(),
					  .lifetime_us = INT64_C(86400000000) };
	struct rv_buf key = { 0 };
	struct rv_buf cert = { 0 };
	char path[128];
	FILE *f;

	assert_int_equal(rv_pki_key_new(&key), RV_OK);
	assert_int_equal(rv_pki_issue(&request, rv_buf_str(&key), (struct rv_str){ 0 },
				      (struct rv_str){ 0 }, &cert, NULL),
			 RV_OK);
	snprintf(path, sizeof(path), "%s/pki", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/pki/rs-ca.crt", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(cert.ptr, 1, cert.len, f), cert.len);
	fclose(f);
	rv_buf_deinit(&key);
	rv_buf_deinit(&cert);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/reeve-rsapi-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->url, sizeof(f->url), "sqlite:%s/rs.db", f->dir);
	make_ca(f->dir);
	*state = f;
	return 0;
}

static int set_up_store(void **state)
{
	struct fixture *f;

	set_up(state);
	f = *state;
	if (pg_is_asked_for()) {
		pg_fresh(f->url);
		f->state_dir = f->dir;
	}
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void the_core_in_process_answers_like_any_rs(void **state)
{
	const struct fixture *f = *state;
	struct rsapi_opt opt = { .url = f->url, .state_dir = f->state_dir };
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;

	if (rsapi_open(&opt, &api, &error) != RV_OK)
		fail_msg("%s: %s", error.key, error.text);
	assert_calls(api);
	rsapi_close(api);
}

/* How processes are is no matter of a store. */
static void what_only_a_running_server_knows_is_refused(void **state)
{
	const struct fixture *f = *state;
	struct rsapi_opt opt = { .url = f->url, .state_dir = f->state_dir };
	struct rv_system_status_in in = { 0 };
	struct rv_system_status_out out;
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;

	assert_int_equal(rsapi_open(&opt, &api, &error), RV_OK);
	assert_int_equal(rsapi_system_status(api, &in, &out, &error), RV_EUNSUPPORTED);
	assert_string_equal(error.key, "rsapi.owner");
	assert_non_null(strstr(error.text, "system.status"));
	rsapi_close(api);
}

static void a_store_in_use_is_refused(void **state)
{
	const struct fixture *f = *state;
	struct rsapi_opt opt = { .url = f->url, .state_dir = f->state_dir };
	struct rsapi_error error = { 0 };
	struct rsapi *first = NULL;
	struct rsapi *second = NULL;

	assert_int_equal(rsapi_open(&opt, &first, &error), RV_OK);
	assert_int_equal(rsapi_open(&opt, &second, &error), RV_EBUSY);
	assert_int_equal(error.code, RV_EBUSY);
	assert_null(second);
	rsapi_close(first);
	assert_int_equal(rsapi_open(&opt, &second, &error), RV_OK);
	rsapi_close(second);
}

static void paths_that_are_no_store_are_refused(void **state)
{
	static const char *const urls[] = { "sqlite:", "sqlite:rs.db", "sqlite:/tmp/",
					    "sqlite:/tmp/a\"b", "postgresql:dbname=x" };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(urls); i++) {
		struct rsapi_opt opt = { .url = urls[i] };
		struct rsapi_error error = { 0 };
		struct rsapi *api = NULL;

		assert_int_equal(rsapi_open(&opt, &api, &error), RV_EINVALID);
		assert_string_equal(error.key, "rsapi.url");
		assert_null(api);
	}
}

static void a_missing_database_is_named(void **state)
{
	struct rsapi_opt opt = { .url = "sqlite:/nonexist.db" };
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;

	(void)state;
	assert_int_equal(rsapi_open(&opt, &api, &error), -ENOENT);
	assert_string_equal(error.key, "rsapi.store");
	assert_string_equal(error.where, "");
	assert_string_equal(error.text, "there is no database /nonexist.db");
	assert_null(api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_core_in_process_answers_like_any_rs,
						set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(what_only_a_running_server_knows_is_refused,
						set_up_store, tear_down),
		cmocka_unit_test_setup_teardown(a_store_in_use_is_refused, set_up_store, tear_down),
		cmocka_unit_test(a_missing_database_is_named),
		cmocka_unit_test(paths_that_are_no_store_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
