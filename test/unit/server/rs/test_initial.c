/* Initial-Configs: versions per group, and the text that devices read. */
#include "fixture.h"

#include <string.h>

#include "proto/armsconf/initial.h"

static struct rv_str urls[] = { S("https://192.0.2.1/arms.cgi"), S("https://[2001:db8::1]:8442/") };

static struct rv_initial_set_in full(const char *group)
{
	return (struct rv_initial_set_in){
		.group = rv_str(group),
		.ls_urls = urls,
		.ls_urls_len = 2,
		.interval = 1,
		.has_interval = true,
		.max = 2,
		.has_max = true,
		.pppoe_account = S("anon@ppp.example"),
		.pppoe_password = S("s3cret-of-the-line"),
		.pppoe_ipv6_account = S("anon6@ppp.example"),
		.pppoe_ipv6_password = S("six"),
		.telno = S("0901234567"),
		.cid = 4,
		.apn = S("m2m.example"),
		.pdp_type = S("ip"),
		.mobile_account = S("anon@m2m.example"),
		.mobile_password = S("mob"),
	};
}

static void make_group(struct fixture *f, const char *name)
{
	struct rv_group_set_in in = { .name = rv_str(name), .location = S("default") };
	struct rv_group_set_out out;

	assert_int_equal(run_op(f, "group.set", &in, &out), RV_OK);
}

static int set(struct fixture *f, const struct rv_initial_set_in *in, struct rv_initial *out)
{
	struct rv_initial_set_out set_out;
	int err = run_op(f, "initial.set", in, &set_out);

	if (err == RV_OK && out != NULL)
		*out = set_out.initial;
	return err;
}

static struct rv_str text_of(struct fixture *f, const char *group)
{
	struct rv_initial_text_in in = { .group = rv_str(group) };
	struct rv_initial_text_out out;

	if (run_op(f, "initial.text", &in, &out) != RV_OK)
		fail_msg("%s", f->diag.text);
	assert_true(out.has_text);
	return out.body;
}

static void what_was_set_is_what_a_device_parses(void **state)
{
	struct fixture *f = *state;
	struct rv_initial_set_in in = full("lab");
	struct rv_armsconf_initial conf;
	struct rv_initial made;

	make_group(f, "lab");
	assert_int_equal(set(f, &in, &made), RV_OK);
	assert_int_equal(made.version, 1);
	assert_int_equal(made.pppoe_password.len, 0); /* shown in the text alone */
	assert_int_equal(rv_armsconf_initial_parse(text_of(f, "lab"), &conf, NULL), RV_OK);
	assert_int_equal(conf.url_count, 2);
	assert_true(rv_str_eq(conf.urls[1], urls[1]));
	assert_int_equal(conf.interval, 1);
	assert_int_equal(conf.max, 2);
	assert_true(rv_str_eq(conf.pppoe_password, in.pppoe_password));
	assert_true(rv_str_eq(conf.pppoe_ipv6_account, in.pppoe_ipv6_account));
	assert_true(conf.has_mobile);
	assert_int_equal(conf.cid, 4);
	assert_true(rv_str_eq(conf.mobile_password, in.mobile_password));
	fixture_close(f);
	if (!fixture_is_postgresql())
		assert_false(fixture_store_holds(f, "s3cret-of-the-line", 18));
}

static void a_group_without_its_own_has_that_of_default_or_of_the_configuration(void **state)
{
	struct fixture *f = *state;
	struct rv_initial_get_in get = { .group = S("lab") };
	struct rv_initial_set_in in = full("default");
	struct rv_initial_get_out got;

	make_group(f, "lab");
	assert_int_equal(run_op(f, "initial.get", &get, &got), RV_EINVALID);
	assert_string_equal(f->diag.key, "initial.none");
	fixture_reopen(f, "rs { ls_urls = {\"https://198.51.100.7/\"} }\n");
	assert_int_equal(run_op(f, "initial.get", &get, &got), RV_OK);
	assert_int_equal(got.initial.version, 0);
	assert_true(rv_str_is(text_of(f, "lab"), "https://198.51.100.7/\n\n3\n3\n"));
	assert_int_equal(set(f, &in, NULL), RV_OK);
	assert_int_equal(run_op(f, "initial.get", &get, &got), RV_OK);
	assert_true(rv_str_is(got.initial.group, "default"));
	assert_int_equal(got.initial.version, 1);
	get.group = S("nobody");
	assert_int_equal(run_op(f, "initial.get", &get, &got), RV_ENOTFOUND);
}

static void versions_are_kept_compared_and_never_doubled(void **state)
{
	struct fixture *f = *state;
	struct rv_initial_set_in in = full("default");
	struct rv_initial_history_out history;
	struct rv_initial_diff_out diff;
	struct rv_initial_get_in get = { .group = S("default"), .version = 1, .has_version = true };
	struct rv_initial_get_out got;
	struct rv_initial made;

	assert_int_equal(set(f, &in, NULL), RV_OK);
	assert_int_equal(set(f, &in, &made), RV_OK);
	assert_int_equal(made.version, 1);
	in.pppoe_password = S("another");
	in.ls_urls_len = 1;
	in.comment = S("one LS less");
	assert_int_equal(set(f, &in, &made), RV_OK);
	assert_int_equal(made.version, 2);
	assert_int_equal(run_op(f, "initial.history",
				&(struct rv_initial_history_in){ .group = S("default") }, &history),
			 RV_OK);
	assert_int_equal(history.versions_len, 2);
	assert_true(rv_str_is(history.versions[0].comment, "one LS less"));
	assert_int_equal(run_op(f, "initial.diff",
				&(struct rv_initial_diff_in){ .group = S("default") }, &diff),
			 RV_OK);
	assert_int_equal(diff.changes_len, 2);
	assert_true(rv_str_is(diff.changes[0].field, "ls_urls"));
	assert_true(rv_str_is(diff.changes[0].after, "https://192.0.2.1/arms.cgi"));
	assert_true(rv_str_is(diff.changes[1].field, "pppoe_password"));
	assert_true(rv_str_is(diff.changes[1].after, "***"));
	assert_int_equal(run_op(f, "initial.get", &get, &got), RV_OK);
	assert_int_equal(got.initial.ls_urls_len, 2);
	get.version = 9;
	assert_int_equal(run_op(f, "initial.get", &get, &got), RV_ENOTFOUND);
}

/* `change` spoils one thing of a good input. */
static struct rv_str bad_url = S("https://ls.example/arms");

static void no_password(struct rv_initial_set_in *in)
{
	in->pppoe_password = S("");
}
static void blank(struct rv_initial_set_in *in)
{
	in->pppoe_account = S("a b");
}
static void mobile_alone(struct rv_initial_set_in *in)
{
	in->pppoe_account = in->pppoe_password = in->pppoe_ipv6_account = in->pppoe_ipv6_password =
		S("");
}
static void half_mobile(struct rv_initial_set_in *in)
{
	in->apn = S("");
}
static void named_host(struct rv_initial_set_in *in)
{
	in->ls_urls = &bad_url;
	in->ls_urls_len = 1;
}
static void no_root(struct rv_initial_set_in *in)
{
	in->ls_root_pem = S("-----BEGIN CERTIFICATE-----\n");
}

static void what_devices_cannot_use_is_refused_by_field(void **state)
{
	static const struct {
		void (*change)(struct rv_initial_set_in *in);
		const char *key, *where;
	} cases[] = {
		{ no_password, "initial.required", "pppoe_password" },
		{ blank, "initial.character", "pppoe_account" },
		{ mobile_alone, "initial.required", "pppoe_account" },
		{ half_mobile, "initial.required", "apn" },
		{ named_host, "initial.url", "ls_urls" },
		{ no_root, NULL, NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_initial_set_in in = full("default");

		cases[i].change(&in);
		assert_int_equal(set(f, &in, NULL), RV_EINVALID);
		if (cases[i].key == NULL)
			continue;
		assert_string_equal(f->diag.key, cases[i].key);
		assert_string_equal(f->diag.where, cases[i].where);
	}
}

static void the_root_of_the_ls_is_part_of_a_version(void **state)
{
	struct fixture *f = *state;
	struct rv_initial_set_in in = full("default");
	struct rv_initial first, second;

	in.ls_root_pem = rv_str(fixture_file(f, "pki/rs-ca.crt"));
	assert_int_equal(set(f, &in, &first), RV_OK);
	assert_int_equal(first.anchor.len, 64);
	in.ls_root_pem = S("");
	assert_int_equal(set(f, &in, &second), RV_OK);
	assert_int_equal(second.version, 2);
	assert_int_equal(second.anchor.len, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_set_is_what_a_device_parses),
		CASE(a_group_without_its_own_has_that_of_default_or_of_the_configuration),
		CASE(versions_are_kept_compared_and_never_doubled),
		CASE(what_devices_cannot_use_is_refused_by_field),
		CASE(the_root_of_the_ls_is_part_of_a_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
