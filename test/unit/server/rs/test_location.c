/* Operations on Location-Configs. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "pki/pki.h"

static struct rv_str url = S("https://192.0.2.10:8443/arms");
static struct rv_line dhcp = { .kind = RV_LINE_KIND_DHCP };

static struct rv_location_set_in plain(void)
{
	return (struct rv_location_set_in){ .name = S("branch"),
					    .rs_urls = &url,
					    .rs_urls_len = 1,
					    .lines = &dhcp,
					    .lines_len = 1 };
}

static void the_first_start_makes_a_default_from_the_config(void **state)
{
	struct fixture *f = *state;
	struct rv_location_list_out list;

	assert_int_equal(run_op(f, "location.list", &(struct rv_location_list_in){ 0 }, &list),
			 RV_OK);
	assert_int_equal(list.locations_len, 1);
	const struct rv_location *l = &list.locations[0];
	assert_true(rv_str_is(l->name, "default"));
	assert_true(rv_str_is(l->rs_urls[0], "https://127.0.0.1:8443/arms"));
	assert_int_equal(l->lines[0].kind, RV_LINE_KIND_DHCP);
	assert_int_equal(l->ll_timeout, 30);
	assert_int_equal(l->rs_retry_max, 5);
	assert_int_equal(l->rs_retry_interval, 60);
	assert_in_range(l->md_config_bytes, 300, 2047);
}

static void what_was_set_is_what_is_there_and_what_the_ls_gets(void **state)
{
	struct fixture *f = *state;
	struct rv_str urls[] = { S("https://192.0.2.10:8443/arms"),
				 S("https://[2001:db8::1]:8443/a") };
	struct rv_line lines[] = { { .kind = RV_LINE_KIND_PPPOE,
				     .ifindex = 1,
				     .account = S("a@b"),
				     .password = S("s3cret-of-the-line") },
				   { .kind = RV_LINE_KIND_RA } };
	struct rv_location_set_in in = { .name = S("branch"),
					 .rs_urls = urls,
					 .rs_urls_len = 2,
					 .lines = lines,
					 .lines_len = 2,
					 .rs_retry_interval = 7,
					 .has_rs_retry_interval = true };
	struct rv_location_set_out set;
	struct rv_location_get_out get;
	struct rv_rs_feed_out feed;

	assert_int_equal(run_op(f, "location.set", &in, &set), RV_OK);
	assert_int_equal(
		run_op(f, "location.get", &(struct rv_location_get_in){ S("branch") }, &get),
		RV_OK);
	assert_true(rv_contract_equal(&rv_location_type, &set.location, &get.location));
	assert_true(rv_str_is(get.location.lines[0].password, "s3cret-of-the-line"));
	assert_int_equal(run_feed(f, 0, 1000, &feed), RV_OK);
	const struct rv_feed_location *l = &feed.records[feed.records_len - 1].location;
	assert_int_equal(l->entries_len, 2);
	assert_int_equal(l->rs_retry_interval, 7);
	assert_true(rv_str_eq(l->entries[1].url, urls[1]));
	assert_true(rv_str_eq(l->entries[0].md_config, l->entries[1].md_config));
	assert_int_equal(l->entries[0].md_config.len, set.location.md_config_bytes);
	/* A line's password rests in a box. */
	fixture_reopen(f, NULL);
	if (!fixture_is_postgresql())
		assert_false(fixture_store_holds(f, "s3cret-of-the-line", 18));
}

/* Which field is blamed for what. `change` spoils one thing of a good input. */
static struct rv_str bad_url = S("https://rs.example/arms");
static struct rv_str http_url = S("http://192.0.2.1/");
static struct rv_str colon_url = S("https://192.0.2.1/a:b");
static struct rv_str bare_url = S("https://[2001:db8::1]");
static struct rv_str ipv6_url = S("https://[2001:db8::1]/");
static struct rv_line blank = { .kind = RV_LINE_KIND_PPPOE,
				.account = S("a b"),
				.password = S("p") };
static struct rv_line long_account = { .kind = RV_LINE_KIND_PPPOE,
				       .account = S("a123456789012345678901234567890123456"),
				       .password = S("p") };

/* A root certificate with a subject so long that little else fits beside it. */
static void replace_ca(struct fixture *f, const char *common_name)
{
	struct rv_pki_request request = { .kind = RV_PKI_ROOT,
					  .subject = { .common_name = common_name },
					  .now_us = rv_time_utc_us(),
					  .lifetime_us = INT64_C(86400000000) };
	struct rv_buf key = { 0 }, pem = { 0 };
	char path[96];

	assert_int_equal(rv_pki_key_new(&key), RV_OK);
	assert_int_equal(rv_pki_issue(&request, rv_buf_str(&key), S(""), S(""), &pem, NULL), RV_OK);
	snprintf(path, sizeof(path), "%s/pki/rs-ca.crt", f->dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(pem.ptr, 1, pem.len, file), pem.len);
	assert_int_equal(fclose(file), 0);
	rv_buf_deinit(&key);
	rv_buf_deinit(&pem);
}

static void a_new_ca_reaches_the_ls_or_is_refused_by_name(void **state)
{
	const struct rv_str long_word = S(
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	struct fixture *f = *state;
	struct rv_line lines[5];
	struct rv_location_set_in in = plain();
	struct rv_location_set_out set;
	struct rv_rs_feed_out before, feed;

	for (size_t i = 0; i < 5; i++)
		lines[i] = (struct rv_line){ .kind = RV_LINE_KIND_MOBILE,
					     .telno = S("0120-000-000"),
					     .cid = 1,
					     .apn = rv_str_sub(long_word, 0, 99),
					     .pdp_type = S("ip"),
					     .account = rv_str_sub(long_word, 0, 70),
					     .password = S("p") };
	in.lines = lines;
	in.lines_len = 5;
	if (run_op(f, "location.set", &in, &set) != RV_OK)
		fail_msg("%s", f->diag.text);
	assert_in_range(set.location.md_config_bytes, 1930, 2040); /* nearly full */
	assert_int_equal(run_feed(f, 0, 0, &before), RV_OK);
	replace_ca(f, "Another RS CA");
	fixture_reopen(f, NULL);
	assert_int_equal(run_feed(f, before.cursor, 0, &feed), RV_OK);
	assert_int_equal(feed.records_len, 2);

	replace_ca(f, "An RS CA whose name is as long as X.509 allows, 64 characters...");
	rv_rs_close(f->rs);
	f->rs = NULL;
	assert_int_equal(fixture_try(f, "rs { }\n"), RV_ELIMIT);
	assert_string_equal(f->diag.key, "location.ca");
	assert_non_null(strstr(f->diag.text, "\"branch\""));
	replace_ca(f, "Another RS CA");
	fixture_reopen(f, NULL);
	assert_int_equal(run_feed(f, feed.cursor, 0, &feed), RV_OK);
	assert_int_equal(feed.records_len, 2);
}

static void name_is_wrong(struct rv_location_set_in *in)
{
	in->name = S("a b");
}
static void url_has_a_host_name(struct rv_location_set_in *in)
{
	in->rs_urls = &bad_url;
}
static void url_is_http(struct rv_location_set_in *in)
{
	in->rs_urls = &http_url;
}
static void url_would_crash_a_device(struct rv_location_set_in *in)
{
	in->rs_urls = &colon_url;
}
static void url_is_a_bare_ipv6_address(struct rv_location_set_in *in)
{
	in->rs_urls = &bare_url;
}
static void no_line_reaches_the_url(struct rv_location_set_in *in)
{
	in->rs_urls = &ipv6_url;
}
static void line_has_a_blank(struct rv_location_set_in *in)
{
	in->lines = &blank;
}
static void line_is_too_long(struct rv_location_set_in *in)
{
	in->lines = &long_account;
}
static void certificate_is_none(struct rv_location_set_in *in)
{
	in->rs_certificate_pem = S("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n");
	in->has_rs_certificate_pem = true;
}
static void interval_is_zero(struct rv_location_set_in *in)
{
	in->has_rs_retry_interval = true;
}
static void there_is_no_line(struct rv_location_set_in *in)
{
	in->lines_len = 0;
}

static const struct {
	void (*spoil)(struct rv_location_set_in *in);
	int err;
	const char *where; /* NULL: not looked at */
} bad[] = {
	{ name_is_wrong, RV_EINVALID, "name" },
	{ url_has_a_host_name, RV_EINVALID, "rs_urls[0]" },
	{ url_is_http, RV_EINVALID, "rs_urls[0]" },
	{ url_would_crash_a_device, RV_EINVALID, "rs_urls[0]" },
	{ url_is_a_bare_ipv6_address, RV_EINVALID, "rs_urls[0]" },
	{ no_line_reaches_the_url, RV_EINVALID, "rs_urls" },
	{ line_has_a_blank, RV_EINVALID, "lines[0].account" },
	{ line_is_too_long, RV_ELIMIT, "lines[0].account" },
	{ certificate_is_none, RV_EINVALID, NULL },
	{ interval_is_zero, RV_EINVALID, NULL },
	{ there_is_no_line, RV_EINVALID, NULL },
};

static void a_bad_location_is_refused_with_the_field_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct rv_location_set_out out;
	struct rv_location_get_out get;

	for (size_t i = 0; i < RV_ARRAY_LEN(bad); i++) {
		struct rv_location_set_in in = plain();
		bad[i].spoil(&in);
		assert_int_equal(run_op(f, "location.set", &in, &out), bad[i].err);
		if (bad[i].where != NULL)
			assert_string_equal(f->diag.where, bad[i].where);
	}
	assert_int_equal(
		run_op(f, "location.get", &(struct rv_location_get_in){ S("branch") }, &get),
		RV_ENOTFOUND);
}

static void an_intermediate_or_a_leaf_is_no_anchor(void **state)
{
	struct fixture *f = *state;
	struct rv_location_set_in in = plain();
	struct rv_location_set_out out;

	in.rs_certificate_pem = rv_str(fixture_file(f, "pki/rs.crt"));
	in.has_rs_certificate_pem = true;
	assert_int_equal(run_op(f, "location.set", &in, &out), RV_EINVALID);
	assert_string_equal(f->diag.key, "location.certificate");
	in.rs_certificate_pem = rv_str(fixture_file(f, "pki/http-ca.crt"));
	assert_int_equal(run_op(f, "location.set", &in, &out), RV_OK);
}

static void over_2047_bytes_is_refused_with_the_size(void **state)
{
	struct fixture *f = *state;
	struct rv_line lines[5];
	char account[128], size[16];
	struct rv_location_set_in in = plain();
	struct rv_location_set_out out;

	memset(account, 'a', sizeof(account));
	for (size_t i = 0; i < 5; i++)
		lines[i] = (struct rv_line){ .kind = RV_LINE_KIND_MOBILE,
					     .account = rv_strn(account, 127),
					     .password = rv_strn(account, 127),
					     .apn = S("m2m.example"),
					     .pdp_type = S("ip") };
	in.lines = lines;
	in.lines_len = 4;
	assert_int_equal(run_op(f, "location.set", &in, &out), RV_OK);
	uint32_t four = out.location.md_config_bytes;
	in.lines_len = 3;
	assert_int_equal(run_op(f, "location.set", &in, &out), RV_OK);
	uint32_t three = out.location.md_config_bytes;
	in.lines_len = 5;
	assert_int_equal(run_op(f, "location.set", &in, &out), RV_ELIMIT);
	snprintf(size, sizeof(size), "%u", four + (four - three));
	if (strstr(f->diag.text, size) == NULL)
		fail_msg("no \"%s\" in \"%s\"", size, f->diag.text);
}

static void a_location_in_use_stays(void **state)
{
	struct fixture *f = *state;
	struct rv_location_delete_in in = { S("default") };
	struct rv_location_delete_out out;
	struct rv_location_set_in set = plain();
	struct rv_location_set_out set_out;

	make_device(f, DID);
	assert_int_equal(run_op(f, "location.delete", &in, &out), RV_EBUSY);
	assert_int_equal(run_op(f, "location.set", &set, &set_out), RV_OK);
	in.name = S("branch");
	assert_int_equal(run_op(f, "location.delete", &in, &out), RV_OK);
	assert_int_equal(run_op(f, "location.delete", &in, &out), RV_ENOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_start_makes_a_default_from_the_config,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_new_ca_reaches_the_ls_or_is_refused_by_name,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_was_set_is_what_is_there_and_what_the_ls_gets,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_bad_location_is_refused_with_the_field_and_changes_nothing, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(an_intermediate_or_a_leaf_is_no_anchor,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(over_2047_bytes_is_refused_with_the_size,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_location_in_use_stays, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
