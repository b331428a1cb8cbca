/* What servers may send: every (S) item of spec section 10 that concerns the content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armsxml/build.h"
#include "proto/armsxml/code.h"

#define S(l)   ((struct rv_str){ l, sizeof(l) - 1 })
#define INT(v) ((struct rv_armsxml_int){ true, v })

static struct rv_armsxml_module modules[3];

/* A good answer of each type, for the cases to spoil. */
static struct rv_armsxml_response good(enum rv_armsxml_type type)
{
	struct rv_armsxml_response res = { .type = type, .code = INT(100) };

	modules[0] = (struct rv_armsxml_module){ .id = 1,
						 .version = S("1.0"),
						 .infostring = S("i"),
						 .has_config = true,
						 .config = S("text\n") };
	modules[1] = (struct rv_armsxml_module){ .id = 2,
						 .infostring = S("j"),
						 .has_config = true,
						 .is_binary = true,
						 .config = S("\x00\xff") };
	modules[2] = (struct rv_armsxml_module){ .id = 3 };
	switch (type) {
	case RV_ARMSXML_RS_SOLICITATION:
		res.rs_key = S("key");
		res.ll_timeout = INT(30);
		res.rs_retry_max = INT(5);
		res.rs_retry_interval = INT(60);
		res.rs[0] = (struct rv_armsxml_rs_info){ S("https://192.0.2.1/"),
							 S("line-ra { };") };
		res.rs_count = 1;
		break;
	case RV_ARMSXML_CONFIG_SOLICITATION:
		res.heartbeats[0] = (struct rv_armsxml_heartbeat){ .host = S("192.0.2.1"),
								   .port = INT(5115),
								   .passphrase = S("p"),
								   .interval = INT(60) };
		res.heartbeats[1] = res.heartbeats[0];
		res.heartbeat_count = 1;
		res.pull_urls = (struct rv_armsxml_list){ { S("https://192.0.2.1:443/a:b") }, 1 };
		res.modules = modules;
		res.module_count = 3;
		break;
	default:
		res.methods = (struct rv_armsxml_list){ { S("https-simple"), S("https-tunnel") },
							2 };
		res.tunnel_urls = (struct rv_armsxml_list){ { S("https://[2001:db8::1]:8444/t") },
							    1 };
		break;
	}
	return res;
}

static void answers_have_the_order_and_shape_of_the_recordings(void **state)
{
	static const char *const want[RV_ARMSXML_TYPE_COUNT] = {
		"<arms-message><arms-response "
		"type=\"rs-solicitation\"><result-code>100</result-code>"
		"<description>Success</description><rs-solicitation-response>"
		"<rs-preshared-key>key</rs-preshared-key><ll-timeout>30</ll-timeout>"
		"<rs-retry-max>5</rs-retry-max><rs-retry-interval>60</rs-retry-interval>"
		"<rs-info><url>https://192.0.2.1/</url><md-config>line-ra { "
		"};</md-config></rs-info>"
		"</rs-solicitation-response></arms-response></arms-message>",
		"<arms-message><arms-response type=\"config-solicitation\">"
		"<result-code>100</result-code><description>Success</description>"
		"<config-solicitation-response><heartbeat-info><host>192.0.2.1</host>"
		"<port>5115</port><passphrase>p</passphrase><interval>60</interval></"
		"heartbeat-info>"
		"<rs-pull-server-url>https://192.0.2.1:443/a:b</rs-pull-server-url>"
		"<module id=\"1\" version=\"1.0\">i</module><module id=\"2\">j</module>"
		"<module id=\"3\"></module><md-config id=\"1\">text\n</md-config>"
		"<md-config id=\"2\" encoding=\"base64\">AP8=</md-config>"
		"</config-solicitation-response></arms-response></arms-message>",
		"<arms-message><arms-response type=\"push-method-query\">"
		"<result-code>100</result-code><description>Success</description>"
		"<push-method-query-response><push-method>https-simple</push-method>"
		"<push-method>https-tunnel</push-method>"
		"<https-tunnel-url>https://[2001:db8::1]:8444/t</https-tunnel-url>"
		"</push-method-query-response></arms-response></arms-message>",
	};

	(void)state;
	for (unsigned type = 0; type < RV_ARMSXML_TYPE_COUNT; type++) {
		struct rv_armsxml_response res = good(type);
		struct rv_buf out = { 0 };

		assert_int_equal(rv_armsxml_build_response(&res, &out, NULL), RV_OK);
		assert_true(rv_str_is(rv_buf_str(&out), want[type]));
		rv_buf_deinit(&out);
	}
}

/* S71 */
static void refusals_carry_nothing_but_the_code(void **state)
{
	static const int32_t codes[] = { 0, 99, 200, 301, 420, 501, 999 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(codes); i++) {
		struct rv_armsxml_response res = good(RV_ARMSXML_CONFIG_SOLICITATION);
		struct rv_buf out = { 0 };
		struct rv_buf want = { 0 };

		res.code = INT(codes[i]);
		res.pull_urls.item[0] = S("bad"); /* not looked at */
		assert_int_equal(rv_armsxml_build_response(&res, &out, NULL), RV_OK);
		rv_buf_printf(&want,
			      "<arms-message><arms-response type=\"config-solicitation\">"
			      "<result-code>%d</result-code><description>%s</description>"
			      "<config-solicitation-response></config-solicitation-response>"
			      "</arms-response></arms-message>",
			      codes[i], rv_arms_code_text(codes[i]));
		assert_true(rv_str_eq(rv_buf_str(&out), rv_buf_str(&want)));
		rv_buf_deinit(&out);
		rv_buf_deinit(&want);
	}
}

static void texts_are_escaped_so_that_they_arrive(void **state)
{
	struct rv_armsxml_response res = good(RV_ARMSXML_CONFIG_SOLICITATION);
	struct rv_buf out = { 0 };

	(void)state;
	res.description = S("no");
	modules[0].version = S("\"\r\n\t<");
	modules[0].config = S("<a b='\"'>&\r\n\t]]>");
	assert_int_equal(rv_armsxml_build_response(&res, &out, NULL), RV_OK);
	rv_buf_putc(&out, '\0');
	assert_non_null(strstr(out.ptr, "<description>no</description>"));
	assert_non_null(strstr(out.ptr, "version=\"&quot;&#13;&#10;&#9;&lt;\""));
	assert_non_null(strstr(out.ptr, "&lt;a b=&apos;&quot;&apos;&gt;&amp;&#13;\n\t]]&gt;<"));
	rv_buf_deinit(&out);
}

/* Where a config is set its size is judged without building it. */
static void the_size_of_a_module_is_known_before_it_is_built(void **state)
{
	static const struct rv_armsxml_module cases[] = {
		{ .id = 4294967295, .version = S("") },
		{ .id = 4294967295, .version = S("a\"\t"), .infostring = S("<&>") },
		{ .id = 4294967295, .version = S(""), .has_config = true, .is_binary = true },
		{ .id = 4294967295,
		  .version = S("1"),
		  .has_config = true,
		  .is_binary = true,
		  .config = S("\xff\0<>") },
		{ .id = 4294967295,
		  .version = S("1"),
		  .has_config = true,
		  .config = S("\r\n\t'\"&<>]]>x") },
	};
	enum { SLACK = sizeof("<md-config id=\"4294967295\" encoding=\"base64\"></md-config>") };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_armsxml_response res = good(RV_ARMSXML_CONFIG_SOLICITATION);
		struct rv_armsxml_module module = cases[i];
		struct rv_buf with = { 0 }, without = { 0 };
		size_t size = rv_armsxml_module_size(&module);

		res.modules = &module;
		res.module_count = 0;
		assert_int_equal(rv_armsxml_build_response(&res, &without, NULL), RV_OK);
		res.module_count = 1;
		assert_int_equal(rv_armsxml_build_response(&res, &with, NULL), RV_OK);
		assert_in_range(size, with.len - without.len, with.len - without.len + SLACK);
		if (module.is_binary)
			assert_int_equal(size, with.len - without.len);
		rv_buf_deinit(&with);
		rv_buf_deinit(&without);
	}
}

static void full_buffers_are_reported(void **state)
{
	struct rv_armsxml_response res = good(RV_ARMSXML_PUSH_METHOD_QUERY);
	struct rv_buf out = { .max = 100 };

	(void)state;
	assert_int_equal(rv_armsxml_build_response(&res, &out, NULL), RV_ELIMIT);
	rv_buf_deinit(&out);
}

/* Each case spoils one thing; a macro per row keeps the statement next to its expectation. */
struct spoil {
	enum rv_armsxml_type type;
	void (*make)(struct rv_armsxml_response *res);
	int result;
	const char *where;
};

#define LSA RV_ARMSXML_RS_SOLICITATION
#define RSA RV_ARMSXML_CONFIG_SOLICITATION
#define PMQ RV_ARMSXML_PUSH_METHOD_QUERY
#define A10 "aaaaaaaaaa"
#define A80 A10 A10 A10 A10 A10 A10 A10 A10
#define PEM "-----BEGIN X-----\n"

/* name, type, statement, result, field */
#define SPOILS(X)                                                                                  \
	X(no_code, LSA, res->code.is_set = false, RV_EINVALID, "result-code")                      \
	X(big_code, LSA, res->code.value = 1000, RV_EINVALID, "result-code")                       \
	X(utf8, LSA, res->description = S("\xe3\x81\x82"), RV_EINVALID, "description")             \
	X(long_text, LSA, res->error_reason = S(A80 A80 A80 A80), RV_ELIMIT, "error-reason")       \
	X(no_key, LSA, res->rs_key = S(""), RV_EINVALID, "rs-preshared-key")                       \
	X(long_key, LSA, res->rs_key = S(A80), RV_ELIMIT, "rs-preshared-key")                      \
	X(no_timeout, LSA, res->ll_timeout.is_set = false, RV_EINVALID, "ll-timeout") /* S50 */    \
	X(no_max, LSA, res->rs_retry_max.is_set = false, RV_EINVALID, "rs-retry-max")              \
	X(no_wait, LSA, res->rs_retry_interval = INT(0), RV_EINVALID, "rs-retry-interval")         \
	X(no_rs, LSA, res->rs_count = 0, RV_EINVALID, "rs-info")                                   \
	X(six_rs, LSA, res->rs_count = 6, RV_ELIMIT, "rs-info")                                    \
	X(rs_name, LSA, res->rs[0].url = S("https://a.b/"), RV_EINVALID,                           \
	  "rs-info[0].url") /* S10 */                                                              \
	X(rs_http, LSA, res->rs[0].url = S("http://192.0.2.1/"), RV_EINVALID, "rs-info[0].url")    \
	X(rs_colon, LSA, res->rs[0].url = S("https://192.0.2.1/a:b"), RV_EINVALID,                 \
	  "rs-info[0].url")                                                                        \
	X(rs_path, LSA, res->rs[0].url = S("https://192.0.2.1/" A80), RV_ELIMIT, "rs-info[0].url") \
	X(rs_blank, LSA, res->rs[0].url = S("https://192.0.2.1/ "), RV_ESYNTAX, "rs-info[0].url")  \
	X(no_lines, LSA, res->rs[0].md_config = S(""), RV_EINVALID, "rs-info[0].md-config")        \
	X(big_lines, LSA, res->rs[0].md_config = rv_strn(zeros, 2048), RV_ELIMIT,                  \
	  "rs-info[0].md-config")                                                                  \
	X(no_hb, RSA, res->heartbeat_count = 0, RV_EINVALID, "heartbeat-info")                     \
	X(six_hb, RSA, res->heartbeat_count = 6, RV_ELIMIT, "heartbeat-info") /* S60 */            \
	X(hb_name, RSA, res->heartbeats[0].host = S("a.b"), RV_EINVALID, "heartbeat-info[0].host") \
	X(hb_port, RSA, res->heartbeats[0].port = INT(65536), RV_EINVALID,                         \
	  "heartbeat-info[0].port")                                                                \
	X(hb_pass, RSA, res->heartbeats[0].passphrase = S(""), RV_EINVALID,                        \
	  "heartbeat-info[0].passphrase")                                                          \
	X(hb_zero, RSA, res->heartbeats[0].interval = INT(0), RV_EINVALID,                         \
	  "heartbeat-info[0].interval")                                                            \
	X(hb_unequal, RSA, (res->heartbeat_count = 2, res->heartbeats[1].interval = INT(61)),      \
	  RV_EINVALID, "heartbeat-info[1].interval")                                               \
	X(no_pull, RSA, res->pull_urls.count = 0, RV_EINVALID, "rs-pull-server-url")               \
	X(six_pull, RSA, res->pull_urls.count = 6, RV_ELIMIT, "rs-pull-server-url")                \
	X(pull_blank, RSA, res->pull_urls.item[0] = S(" https://192.0.2.1/"), RV_ESYNTAX,          \
	  "rs-pull-server-url[0]")                                                                 \
	X(cert_only, RSA, res->sa_certificate = S(PEM), RV_EINVALID, "sa-private-key")             \
	X(key_only, RSA, res->sa_private_key = S(PEM), RV_EINVALID, "sa-certificate")              \
	X(indented, RSA, (res->sa_certificate = S(" " PEM), res->sa_private_key = S(PEM)),         \
	  RV_EINVALID, "sa-certificate") /* S63 */                                                 \
	X(encrypted, RSA,                                                                          \
	  (res->sa_certificate = S(PEM),                                                           \
	   res->sa_private_key = S("\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n")),                  \
	  RV_EINVALID, "sa-private-key") /* S64 */                                                 \
	X(big_cert, RSA, (res->sa_certificate = rv_strn(zeros, 5120)), RV_ELIMIT,                  \
	  "sa-certificate")                                                                        \
	X(port, RSA, res->push_port = INT(0), RV_EINVALID, "push-port")                            \
	X(timeout, RSA, res->push_timeout = INT(0), RV_EINVALID, "push-timeout")                   \
	X(twice, RSA, modules[2].id = 1, RV_EINVALID, "module")                                    \
	X(info, RSA, modules[1].infostring = S("\xff"), RV_EINVALID, "module[1]")                  \
	X(version, RSA, modules[1].version = S("\x01"), RV_EINVALID, "module[1]")                  \
	X(config, RSA, modules[0].config = S("a\x80"), RV_EINVALID, "md-config[0]") /* S32 */      \
	X(config_nul, RSA, modules[0].config = S("a\0"), RV_EINVALID, "md-config[0]")              \
	X(no_method, PMQ, res->methods.count = 0, RV_EINVALID, "push-method")                      \
	X(method, PMQ, res->methods.item[0] = S("https-simple "), RV_EINVALID, "push-method")      \
	X(no_tunnel, PMQ, res->tunnel_urls.count = 0, RV_EINVALID, "https-tunnel-url")             \
	X(tunnel, PMQ, res->tunnel_urls.item[0] = S("https://[2001:db8::1]"), RV_EINVALID,         \
	  "https-tunnel-url[0]") /* S14 */                                                         \
	X(echo, PMQ, res->echo_interval = INT(0), RV_EINVALID,                                     \
	  "https-tunnel-echo-interval") /* S110 */

static char zeros[8192]; /* made printable in main */

#define DEFINE(name, type, statement, result, where)                                               \
	static void make_##name(struct rv_armsxml_response *res)                                   \
	{                                                                                          \
		(void)res;                                                                         \
		statement;                                                                         \
	}
#define ROW(name, type, statement, result, where) { type, make_##name, result, where },

SPOILS(DEFINE)
static const struct spoil spoils[] = { SPOILS(ROW) };

static void what_the_original_trips_over_is_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(spoils); i++) {
		struct rv_armsxml_response res = good(spoils[i].type);
		struct rv_diag diag = { 0 };
		struct rv_buf out = { 0 };

		spoils[i].make(&res);
		int r = rv_armsxml_build_response(&res, &out, &diag);
		if (r != spoils[i].result || strcmp(diag.where, spoils[i].where) != 0)
			print_message("# case %zu: %d %s: %s\n", i, r, diag.where, diag.text);
		assert_int_equal(r, spoils[i].result);
		assert_string_equal(diag.where, spoils[i].where);
		assert_int_equal(out.len, 0);
		assert_int_equal(out.err, RV_OK);
		rv_buf_deinit(&out);
	}
}

static void limits_themselves_are_allowed(void **state)
{
	struct rv_armsxml_response ls = good(RV_ARMSXML_RS_SOLICITATION);
	struct rv_armsxml_response rs = good(RV_ARMSXML_CONFIG_SOLICITATION);

	(void)state;
	ls.rs_key = rv_strn(zeros, 64);
	ls.rs[0].md_config = rv_strn(zeros, 2047);
	for (size_t i = 0; i < 5; i++)
		ls.rs[i] = ls.rs[0];
	ls.rs_count = 5;
	assert_int_equal(rv_armsxml_check_response(&ls, NULL), RV_OK);
	rs.heartbeats[0].passphrase = rv_strn(zeros, 1024);
	rs.heartbeat_count = 2;
	rs.heartbeats[1].host = S("2001:db8::1");
	rs.sa_certificate = S("x\n" PEM);
	rs.sa_private_key = S(PEM);
	rs.push_port = INT(65535);
	assert_int_equal(rv_armsxml_check_response(&rs, NULL), RV_OK);
}

static void codes_have_the_texts_of_the_original(void **state)
{
	(void)state;
	assert_string_equal(rv_arms_code_text(100), "Success");
	assert_string_equal(rv_arms_code_text(403), "Authentication Falure");
	assert_string_equal(rv_arms_code_text(508), "Rollback Failure");
	assert_string_equal(rv_arms_code_text(101), "Unknown result");
	assert_string_equal(rv_arms_code_text(-1), "Unknown result");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_have_the_order_and_shape_of_the_recordings),
		cmocka_unit_test(refusals_carry_nothing_but_the_code),
		cmocka_unit_test(texts_are_escaped_so_that_they_arrive),
		cmocka_unit_test(the_size_of_a_module_is_known_before_it_is_built),
		cmocka_unit_test(full_buffers_are_reported),
		cmocka_unit_test(what_the_original_trips_over_is_refused_by_name),
		cmocka_unit_test(limits_themselves_are_allowed),
		cmocka_unit_test(codes_have_the_texts_of_the_original),
	};

	memset(zeros, '0', sizeof(zeros));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
