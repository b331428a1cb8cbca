#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "../tls/certs.h"
#include "pki/chain.h"

static struct {
	struct test_cert old_root, new_root, other_name, old_leaf, new_leaf, ls_root, ls_leaf;
	struct rv_buf cross, dual; /* dual: new leaf, then cross */
} pki;

static struct rv_str text_of(const struct rv_buf *buf)
{
	return rv_buf_str(buf);
}

static int make_pki(void **state)
{
	struct test_cert_spec root = { RV_PKI_ROOT, "Reeve RS CA", NULL, NULL, 0, 7300 };
	struct test_cert_spec named = { RV_PKI_ROOT, "Another CA", NULL, NULL, 0, 7300 };
	struct test_cert_spec ls_root = { RV_PKI_ROOT, "ARMS Root CA 1", NULL, NULL, 0, 7300 };
	struct test_cert_spec leaf = { RV_PKI_SERVER, "Reeve RS" };
	struct test_cert_spec ls_leaf = { RV_PKI_SERVER, "Location Server 1" };
	struct rv_diag diag = { 0 };

	(void)state;
	test_cert_make(&pki.old_root, &root, NULL);
	test_cert_make(&pki.new_root, &root, NULL);
	test_cert_make(&pki.other_name, &named, NULL);
	test_cert_make(&pki.old_leaf, &leaf, &pki.old_root);
	test_cert_make(&pki.new_leaf, &leaf, &pki.new_root);
	test_cert_make(&pki.ls_root, &ls_root, NULL);
	test_cert_make(&pki.ls_leaf, &ls_leaf, &pki.ls_root);
	if (rv_pki_cross(text_of(&pki.new_root.cert), text_of(&pki.old_root.cert),
			 text_of(&pki.old_root.key), rv_time_utc_us(), &pki.cross, &diag) != RV_OK)
		fail_msg("%s", diag.text);
	rv_buf_put_str(&pki.dual, text_of(&pki.new_leaf.cert));
	rv_buf_put_str(&pki.dual, text_of(&pki.cross));
	return 0;
}

static int free_pki(void **state)
{
	struct test_cert *all = (struct test_cert *)&pki;

	(void)state;
	for (size_t i = 0; i < offsetof(__typeof__(pki), cross) / sizeof(*all); i++)
		test_cert_free(&all[i]);
	rv_buf_deinit(&pki.cross);
	rv_buf_deinit(&pki.dual);
	return 0;
}

static void one_chain_serves_holders_of_either_root(void **state)
{
	struct rv_str old_leaf = text_of(&pki.old_leaf.cert), leaf = text_of(&pki.new_leaf.cert);
	struct rv_str old = text_of(&pki.old_root.cert), fresh = text_of(&pki.new_root.cert);
	const struct {
		struct rv_str chain, anchor;
		int result;
	} cases[] = {
		{ old_leaf, old, RV_OK },
		{ old_leaf, fresh, RV_EINVALID },
		{ leaf, fresh, RV_OK },
		{ leaf, old, RV_EINVALID },
		{ text_of(&pki.dual), old, RV_OK },
		{ text_of(&pki.dual), fresh, RV_OK },
		{ text_of(&pki.dual), text_of(&pki.other_name.cert), RV_EINVALID },
		{ leaf, text_of(&pki.cross), RV_EINVALID }, /* no root is no anchor */
		{ rv_str("-"), old, RV_ESYNTAX },
		{ leaf, rv_str("-"), RV_ESYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };
		int err = rv_pki_check_chain(cases[i].chain, cases[i].anchor, &diag);

		if (err != cases[i].result)
			fail_msg("%zu: %s: %s", i, rv_err_name(err), diag.text);
		assert_true((err == RV_OK) == (diag.text[0] == '\0'));
	}
}

static void the_cross_certificate_carries_the_new_roots_name_and_key(void **state)
{
	struct rv_pki_info info;

	(void)state;
	assert_int_equal(rv_pki_inspect(text_of(&pki.cross), &info, NULL), RV_OK);
	assert_string_equal(info.subject, "CN=Reeve RS CA");
	assert_true(info.is_ca);
	assert_false(info.is_self_signed);
	assert_int_equal(rv_pki_check_pair(text_of(&pki.cross), text_of(&pki.new_root.key), NULL),
			 RV_OK);
	assert_int_equal(
		rv_pki_check_issued(text_of(&pki.cross), text_of(&pki.old_root.cert), NULL), RV_OK);
}

static void roots_that_cannot_be_crossed_are_refused(void **state)
{
	struct rv_str old = text_of(&pki.old_root.cert), old_key = text_of(&pki.old_root.key);
	struct rv_str fresh = text_of(&pki.new_root.cert), none = rv_str("-");
	int64_t now = rv_time_utc_us();
	const struct {
		struct rv_str fresh, old, key;
		int64_t now_us;
		int result;
		const char *key_of_diag;
	} cases[] = {
		{ text_of(&pki.other_name.cert), old, old_key, now, RV_EINVALID, "pki.root" },
		{ text_of(&pki.new_leaf.cert), old, old_key, now, RV_EINVALID, "pki.root" },
		{ fresh, old, text_of(&pki.new_root.key), now, RV_EINVALID, "pki.mismatch" },
		{ fresh, old, old_key, now + 7301 * TEST_DAY_US, RV_EINVALID, "pki.expired" },
		{ fresh, old, old_key, now - 3 * TEST_DAY_US, RV_EINVALID, "pki.not_yet_valid" },
		{ none, old, old_key, now, RV_ESYNTAX, "pki.certificate" },
		{ fresh, none, old_key, now, RV_ESYNTAX, "pki.certificate" },
		{ fresh, old, none, now, RV_ESYNTAX, "pki.key" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };
		struct rv_buf out = { 0 };
		int err = rv_pki_cross(cases[i].fresh, cases[i].old, cases[i].key, cases[i].now_us,
				       &out, &diag);

		if (err != cases[i].result || strcmp(diag.key, cases[i].key_of_diag) != 0)
			fail_msg("%zu: %s: %s: %s", i, rv_err_name(err), diag.key, diag.text);
		assert_int_equal(out.len, 0);
		rv_buf_deinit(&out);
	}
}

static void dates_are_judged_with_the_day_in_the_words(void **state)
{
	int64_t now = rv_time_utc_us();
	struct rv_diag diag = { 0 };
	char day[RV_TIME_TEXT_LEN + 1];

	(void)state;
	assert_int_equal(rv_pki_check_dates(text_of(&pki.dual), now, NULL), RV_OK);
	assert_int_equal(rv_pki_check_dates(text_of(&pki.dual), now + 366 * TEST_DAY_US, &diag),
			 RV_EINVALID);
	assert_string_equal(diag.key, "pki.expired");
	rv_time_format(now + 365 * TEST_DAY_US, day);
	day[10] = '\0';
	assert_non_null(strstr(diag.text, "CN=Reeve RS"));
	assert_non_null(strstr(diag.text, day));
	assert_int_equal(rv_pki_check_dates(text_of(&pki.dual), now - 2 * TEST_DAY_US, &diag),
			 RV_EINVALID);
	assert_string_equal(diag.key, "pki.not_yet_valid");
	assert_int_equal(rv_pki_check_dates(rv_str("-"), now, &diag), RV_ESYNTAX);
}

static void a_location_server_has_the_names_that_devices_demand(void **state)
{
	static const struct {
		const char *name;
		int result;
	} cases[] = {
		{ "Location Server 1", RV_OK },
		{ "Location Server", RV_EINVALID },
		{ "ARMS Root CA x", RV_OK },
		{ "arms root ca", RV_EINVALID },
		{ "My Location Server 1", RV_EINVALID },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct test_cert_spec spec = { RV_PKI_SERVER, cases[i].name };
		struct rv_diag diag = { 0 };
		struct test_cert cert;

		test_cert_make(&cert, &spec, &pki.ls_root);
		assert_int_equal(rv_pki_check_ls_names(text_of(&cert.cert), &diag),
				 cases[i].result);
		if (cases[i].result != RV_OK)
			assert_non_null(strstr(diag.text, cases[i].name));
		test_cert_free(&cert);
	}
	assert_int_equal(rv_pki_check_ls_names(rv_str(""), NULL), RV_ESYNTAX);
}

static void a_server_is_checked_as_a_whole(void **state)
{
	int64_t now = rv_time_utc_us();
	struct rv_pki_server good = { text_of(&pki.ls_leaf.cert), text_of(&pki.ls_leaf.key), true,
				      now };
	struct rv_pki_server wrong_key = good, wrong_name = good, late = good;
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_pki_check_server(&good, &diag), RV_OK);
	wrong_key.key_pem = text_of(&pki.ls_root.key);
	assert_int_equal(rv_pki_check_server(&wrong_key, &diag), RV_EINVALID);
	assert_string_equal(diag.key, "pki.mismatch");
	wrong_name.chain_pem = text_of(&pki.new_leaf.cert);
	wrong_name.key_pem = text_of(&pki.new_leaf.key);
	assert_int_equal(rv_pki_check_server(&wrong_name, &diag), RV_EINVALID);
	assert_string_equal(diag.key, "pki.ls_name");
	late.now_us = now + 366 * TEST_DAY_US;
	assert_int_equal(rv_pki_check_server(&late, &diag), RV_EINVALID);
	assert_string_equal(diag.key, "pki.expired");
}

static void an_anchor_is_a_root(void **state)
{
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_pki_check_root(text_of(&pki.old_root.cert), NULL), RV_OK);
	assert_int_equal(rv_pki_check_root(text_of(&pki.cross), &diag), RV_EINVALID);
	assert_string_equal(diag.key, "pki.root");
	assert_int_equal(rv_pki_check_root(text_of(&pki.new_leaf.cert), &diag), RV_EINVALID);
	assert_int_equal(rv_pki_check_root(rv_str("x"), &diag), RV_ESYNTAX);
}

static void a_text_is_taken_apart_by_place(void **state)
{
	struct rv_pki_info info = { .count = 77 };
	struct rv_buf picked = { 0 };
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_pki_inspect_at(text_of(&pki.dual), 1, &info, NULL), RV_OK);
	assert_string_equal(info.issuer, "CN=Reeve RS CA");
	assert_int_equal(info.count, 2);
	assert_int_equal(rv_pki_inspect_at(text_of(&pki.dual), 2, &info, &diag), RV_ENOTFOUND);
	assert_int_equal(rv_pki_pick(text_of(&pki.dual), 1, &picked, NULL), RV_OK);
	assert_true(rv_str_eq(text_of(&picked), text_of(&pki.cross)));
	assert_int_equal(rv_pki_pick(text_of(&pki.dual), 2, &picked, &diag), RV_ENOTFOUND);
	rv_buf_deinit(&picked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_chain_serves_holders_of_either_root),
		cmocka_unit_test(the_cross_certificate_carries_the_new_roots_name_and_key),
		cmocka_unit_test(roots_that_cannot_be_crossed_are_refused),
		cmocka_unit_test(dates_are_judged_with_the_day_in_the_words),
		cmocka_unit_test(a_location_server_has_the_names_that_devices_demand),
		cmocka_unit_test(a_server_is_checked_as_a_whole),
		cmocka_unit_test(an_anchor_is_a_root),
		cmocka_unit_test(a_text_is_taken_apart_by_place),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
