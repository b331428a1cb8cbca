#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/tls/certs.h"
#include "log/log.h"
#include "server/certs/certs.h"

static void each_level_begins_at_its_day(void **state)
{
	static const struct {
		int64_t days;
		unsigned level;
	} cases[] = { { 1000, 0 }, { 91, 0 }, { 90, 1 }, { 31, 1 }, { 30, 2 },   { 8, 2 },
		      { 7, 3 },    { 1, 3 },  { 0, 4 },  { -1, 4 }, { -1000, 4 } };
	int64_t now = INT64_C(1700000000) * RV_US_PER_SEC;

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(rv_certs_level(now + cases[i].days * TEST_DAY_US, now),
				 cases[i].level);
	assert_int_equal(rv_certs_level(now + 90 * TEST_DAY_US + 1, now), 0);
}

/* -- checking -------------------------------------------------------------------------------- */

static const struct rv_conf_item items[] = {
	{ .name = "certificate", .type = RV_CONF_FILE, .def = "x.crt", .max = RV_CONF_PEM_MAX },
	{ .name = "key", .type = RV_CONF_FILE, .def = "x.key", .max = RV_CONF_PEM_MAX },
};
static const struct rv_conf_section section = { .name = "ls",
						.items = items,
						.item_count = RV_ARRAY_LEN(items) };

static void write_file(const char *dir, const char *name, const struct rv_buf *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text->ptr, 1, text->len, file), text->len);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

static int check_files(const struct test_cert *cert, const struct test_cert *key, bool is_ls,
		       struct rv_diag *diag)
{
	const char *const files[] = { "ls.certificate", "ls.key", NULL };
	char dir[] = "/tmp/reeve-certs-XXXXXX";
	struct rv_conf *conf = NULL;

	assert_non_null(mkdtemp(dir));
	write_file(dir, "x.crt", &cert->cert);
	write_file(dir, "x.key", &key->key);
	assert_int_equal(rv_conf_parse(&section, 1, rv_str(""), "t", &conf, diag), RV_OK);
	assert_int_equal(rv_conf_files_read(conf, files, dir, diag), RV_OK);
	struct rv_certs_pair pair = { rv_conf_get(conf, "ls", NULL), "ls", "certificate", "key",
				      is_ls };
	int err = rv_certs_check(&pair, rv_time_utc_us(), diag);
	rv_conf_free(conf);
	remove_file(dir, "x.crt");
	remove_file(dir, "x.key");
	assert_int_equal(rmdir(dir), 0);
	return err;
}

static void what_clients_would_refuse_is_refused_by_item_file_and_date(void **state)
{
	struct test_cert root, good, expired, later, named;
	struct test_cert_spec specs[] = {
		{ RV_PKI_ROOT, "ARMS Root CA 1", NULL, NULL, 0, 7300 },
		{ RV_PKI_SERVER, "Location Server 1" },
		{ RV_PKI_SERVER, "Location Server 2", NULL, NULL, -30, 10 },
		{ RV_PKI_SERVER, "Location Server 3", NULL, NULL, 30, 10 },
		{ RV_PKI_SERVER, "Location Server" },
	};

	(void)state;
	test_cert_make(&root, &specs[0], NULL);
	test_cert_make(&good, &specs[1], &root);
	test_cert_make(&expired, &specs[2], &root);
	test_cert_make(&later, &specs[3], &root);
	test_cert_make(&named, &specs[4], &root);
	const struct {
		const struct test_cert *cert, *key;
		bool is_ls;
		int result;
		const char *key_of_diag, *where, *words;
	} cases[] = {
		{ &good, &good, true, RV_OK, NULL, "", "" },
		{ &expired, &expired, true, RV_EINVALID, "pki.expired", "ls.certificate",
		  "(x.crt): \"CN=Location Server 2\" has expired" },
		{ &later, &later, false, RV_EINVALID, "pki.not_yet_valid", "ls.certificate",
		  "CN=Location Server 3" },
		{ &good, &later, true, RV_EINVALID, "pki.mismatch", "ls.key", "(x.key)" },
		{ &named, &named, true, RV_EINVALID, "pki.ls_name", "ls.certificate", "CN=" },
		{ &named, &named, false, RV_OK, NULL, "", "" },
	};
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };
		int err = check_files(cases[i].cert, cases[i].key, cases[i].is_ls, &diag);

		if (err != cases[i].result || strstr(diag.text, cases[i].words) == NULL)
			fail_msg("%zu: %s: %s", i, rv_err_name(err), diag.text);
		assert_string_equal(diag.where, cases[i].where);
		if (err != RV_OK)
			assert_string_equal(diag.key, cases[i].key_of_diag);
	}
	test_cert_free(&root);
	test_cert_free(&good);
	test_cert_free(&expired);
	test_cert_free(&later);
	test_cert_free(&named);
}

/* -- watching -------------------------------------------------------------------------------- */

static void what_is_watched_stands_in_the_metrics(void **state)
{
	struct test_cert_spec root = { RV_PKI_ROOT, "CA", NULL, NULL, 0, 7300 };
	struct test_cert_spec leaf = { RV_PKI_SERVER, "x", NULL, NULL, 0, 20 };
	struct test_cert ca, cert;
	struct rv_certs *certs;
	struct rv_buf out = { 0 }, chain = { 0 };
	uv_loop_t loop;

	(void)state;
	test_cert_make(&ca, &root, NULL);
	test_cert_make(&cert, &leaf, &ca);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(rv_certs_new(&loop, false, &certs), RV_OK);
	rv_certs_metrics(certs, &out);
	assert_int_equal(out.len, 0);
	rv_certs_watch(certs, "ls.certificate", rv_str("no certificate"));
	rv_certs_metrics(certs, &out);
	assert_int_equal(out.len, 0);
	rv_buf_put_str(&chain, rv_buf_str(&ca.cert));
	rv_buf_put_str(&chain, rv_buf_str(&cert.cert)); /* the first to expire counts */
	rv_certs_watch(certs, "ls.certificate", rv_buf_str(&ca.cert));
	rv_certs_watch(certs, "ls.certificate", rv_buf_str(&chain));
	rv_certs_watch(certs, "ls.root", rv_buf_str(&ca.cert));
	rv_certs_metrics(certs, &out);
	rv_buf_putc(&out, '\0');
	long seconds = 0;
	const char *line = strstr(out.ptr, "\nreeve_certificate_expires_seconds{");
	assert_non_null(line);
	assert_int_equal(sscanf(line,
				"\nreeve_certificate_expires_seconds{name=\"ls.certificate\"} %ld",
				&seconds),
			 1);
	assert_in_range(seconds, 19 * 86400, 20 * 86400);
	assert_non_null(strstr(out.ptr, "{name=\"ls.root\"}"));
	rv_certs_free(certs);
	rv_certs_free(NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	rv_buf_deinit(&out);
	rv_buf_deinit(&chain);
	test_cert_free(&ca);
	test_cert_free(&cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_level_begins_at_its_day),
		cmocka_unit_test(what_clients_would_refuse_is_refused_by_item_file_and_date),
		cmocka_unit_test(what_is_watched_stands_in_the_metrics),
	};

	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
