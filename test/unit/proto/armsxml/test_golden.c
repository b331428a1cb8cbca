/* Against recorded bytes of the original client and of a server it was content with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collect.h"
#include "proto/armsxml/build.h"

#define S(l)                                                                                       \
	{                                                                                          \
		l, sizeof(l) - 1                                                                   \
	}

static const struct {
	const char *file;
	struct rv_armsxml_request req;
} requests[] = {
	{ "ls-request.xml",
	  { .type = RV_ARMSXML_RS_SOLICITATION,
	    .distid = S("0001-0000-0001-0002-0000-0000-0000-00AB"),
	    .description = S("libarms test client"),
	    .trigger = S("power on boot") } },
	{ "rs-request.xml",
	  { .type = RV_ARMSXML_CONFIG_SOLICITATION,
	    .distid = S("0001-0000-0001-0002-0000-0000-0000-00AB"),
	    .description = S("libarms test client"),
	    .protocol_version = S("4.0"),
	    .trigger = S("power on boot"),
	    .firmware = S("Version 5.33") } },
	{ "query-request.xml",
	  { .type = RV_ARMSXML_PUSH_METHOD_QUERY,
	    .distid = S("0001-0000-0001-0002-0000-0000-0000-00AB"),
	    .description = S("libarms test client"),
	    .methods = { S("https-simple"), S("https-tunnel") },
	    .method_count = 2 } },
};

static void requests_are_built_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(requests); i++) {
		struct rv_buf recorded = { 0 };
		struct rv_buf built = { 0 };

		load(requests[i].file, &recorded);
		rv_armsxml_build_request(&requests[i].req, &built);
		assert_int_equal(built.err, RV_OK);
		assert_true(rv_str_eq(rv_buf_str(&built), rv_buf_str(&recorded)));
		rv_buf_deinit(&recorded);
		rv_buf_deinit(&built);
	}
}

static void recorded_requests_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(requests); i++) {
		const struct rv_armsxml_request *want = &requests[i].req;
		struct rv_buf recorded = { 0 };
		struct rv_arena arena = { 0 };
		struct rv_armsxml_request req;

		load(requests[i].file, &recorded);
		assert_int_equal(
			rv_armsxml_parse_request(&arena, rv_buf_str(&recorded), &req, NULL), RV_OK);
		rv_buf_deinit(&recorded);
		assert_int_equal(req.type, want->type);
		assert_true(rv_str_eq(req.distid, want->distid));
		assert_true(rv_str_eq(req.description, want->description));
		assert_true(rv_str_eq(req.trigger, want->trigger));
		assert_true(rv_str_eq(req.protocol_version, want->protocol_version));
		assert_true(rv_str_eq(req.firmware, want->firmware));
		assert_int_equal(req.method_count, want->method_count);
		for (size_t k = 0; k < req.method_count; k++)
			assert_true(rv_str_eq(req.methods[k], want->methods[k]));
		rv_arena_deinit(&arena);
	}
}

/* Building what was read gives the recorded bytes again. */
static void recorded_answers_are_read_and_rebuilt(void **state)
{
	static const struct {
		const char *file;
		enum rv_armsxml_type type;
	} rows[] = {
		{ "ls-answer.xml", RV_ARMSXML_RS_SOLICITATION },
		{ "query-answer.xml", RV_ARMSXML_PUSH_METHOD_QUERY },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct rv_buf recorded = { 0 };
		struct rv_buf built = { 0 };

		load(rows[i].file, &recorded);
		for (size_t piece = 1; piece < 2000; piece += 333) {
			struct collected c = { 0 };

			assert_int_equal(
				read_answer(&c, rows[i].type, rv_buf_str(&recorded), piece), RV_OK);
			assert_int_equal(rv_armsxml_build_response(c.res, &built, NULL), RV_OK);
			assert_true(rv_str_eq(rv_buf_str(&built), rv_buf_str(&recorded)));
			rv_buf_clear(&built);
			collected_free(&c);
		}
		rv_buf_deinit(&recorded);
		rv_buf_deinit(&built);
	}
}

static void recorded_ls_answer_has_its_values(void **state)
{
	struct rv_buf recorded = { 0 };
	struct collected c = { 0 };

	(void)state;
	load("ls-answer.xml", &recorded);
	assert_int_equal(read_answer(&c, RV_ARMSXML_RS_SOLICITATION, rv_buf_str(&recorded), 7),
			 RV_OK);
	assert_true(c.is_done);
	assert_true(c.res->code.is_set);
	assert_int_equal(c.res->code.value, 100);
	assert_true(rv_str_is(c.res->rs_key, "rs-sa-key-4567"));
	assert_int_equal(c.res->ll_timeout.value, 5);
	assert_int_equal(c.res->rs_retry_max.value, 1);
	assert_int_equal(c.res->rs_retry_interval.value, 1);
	assert_false(c.res->lifetime.is_set);
	assert_int_equal(c.res->rs_count, 1);
	assert_true(rv_str_is(c.res->rs[0].url, "https://127.0.0.1:18444/rs/pull"));
	assert_true(
		rv_str_starts(c.res->rs[0].md_config, "line-dhcp {\n\tifindex 0;\n};\nrs-cert"));
	rv_buf_deinit(&recorded);
	collected_free(&c);
}

static void recorded_rs_answer_has_its_values(void **state)
{
	struct rv_buf recorded = { 0 };
	struct collected c = { 0 };

	(void)state;
	load("rs-answer.xml", &recorded);
	assert_int_equal(read_answer(&c, RV_ARMSXML_CONFIG_SOLICITATION, rv_buf_str(&recorded), 64),
			 RV_OK);
	assert_true(rv_str_starts(c.res->sa_certificate, "-----BEGIN CERTIFICATE-----\nMIIDVjCC"));
	assert_true(rv_str_is(c.res->sa_private_key, "[private key removed]\n"));
	assert_int_equal(c.res->push_port.value, 10443);
	assert_int_equal(c.res->push_timeout.value, 30);
	assert_int_equal(c.res->heartbeat_count, 1);
	assert_true(rv_str_is(c.res->heartbeats[0].host, "127.0.0.1"));
	assert_int_equal(c.res->heartbeats[0].port.value, 18446);
	assert_true(rv_str_is(c.res->heartbeats[0].passphrase, "heartbeat-passphrase"));
	assert_int_equal(c.res->heartbeats[0].interval.value, 1);
	assert_int_equal(c.res->heartbeats[0].algorithm_count, 1);
	assert_true(rv_str_is(c.res->heartbeats[0].algorithms[0], "HMAC-SHA-1"));
	assert_int_equal(c.res->push_addresses.count, 1);
	assert_int_equal(c.res->pull_urls.count, 1);
	assert_true(rv_str_is(c.res->pull_urls.item[0], "https://127.0.0.1:18444/rs/pull"));
	assert_int_equal(c.res->module_count, 1);
	assert_true(rv_str_is(c.res->modules[0].version, "1.0"));
	assert_true(rv_str_is(c.res->modules[0].infostring, "http://127.0.0.1/mod1"));
	assert_true(rv_str_is(rv_buf_str(&c.events), "[1](1:^hostname sa1\ninterface eth0 up\n$)"));
	rv_buf_deinit(&recorded);
	collected_free(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_built_byte_for_byte),
		cmocka_unit_test(recorded_requests_are_understood),
		cmocka_unit_test(recorded_answers_are_read_and_rebuilt),
		cmocka_unit_test(recorded_ls_answer_has_its_values),
		cmocka_unit_test(recorded_rs_answer_has_its_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
