#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armshttp/url.h"

#define A10    "aaaaaaaaaa"
#define PATH79 A10 A10 A10 A10 A10 A10 A10 "aaaaaaaaa"

static const struct {
	const char *text;
	int result;
	const char *host;
	const char *path;
	unsigned port;
} cases[] = {
	{ "https://192.0.2.1", RV_OK, "192.0.2.1", "/", 443 },
	{ "https://192.0.2.1/", RV_OK, "192.0.2.1", "/", 443 },
	{ "HTTPS://192.0.2.1:8443/arms?x=1", RV_OK, "192.0.2.1", "/arms?x=1", 8443 },
	{ "https://[2001:db8::1]:8443/t", RV_OK, "2001:db8::1", "/t", 8443 },
	{ "https://[2001:db8::1]", RV_OK, "2001:db8::1", "/", 443 },
	{ "https://192.0.2.1/a:b", RV_OK, "192.0.2.1", "/a:b", 443 }, /* the original crashes */
	{ "https://192.0.2.1:1/a:b", RV_OK, "192.0.2.1", "/a:b", 1 },
	{ "https://192.0.2.1:00443/", RV_OK, "192.0.2.1", "/", 443 },
	{ "https://192.0.2.1/" PATH79, RV_OK, "192.0.2.1", "/" PATH79, 443 },
	{ "https://192.0.2.1/" PATH79 "a", RV_ELIMIT, NULL, NULL, 0 },
	{ "https://192.0.2.1:00000443/", RV_ELIMIT, NULL, NULL, 0 },
	{ "https://" PATH79 "a/", RV_ELIMIT, NULL, NULL, 0 },
	{ "http://192.0.2.1/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://rs.example/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://192.0.2.256/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://u@192.0.2.1/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://[192.0.2.1]/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://2001:db8::1/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://192.0.2.1:0/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://192.0.2.1:65536/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://192.0.2.1:/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://192.0.2.1:80a/", RV_EINVALID, NULL, NULL, 0 },
	{ "https://[2001:db8::1]x/", RV_ESYNTAX, NULL, NULL, 0 },
	{ "https://[2001:db8::1/", RV_ESYNTAX, NULL, NULL, 0 },
	{ "https://[]/", RV_ESYNTAX, NULL, NULL, 0 },
	{ "https:///path", RV_ESYNTAX, NULL, NULL, 0 },
	{ "https://", RV_ESYNTAX, NULL, NULL, 0 },
	{ "192.0.2.1/", RV_ESYNTAX, NULL, NULL, 0 },
	{ "", RV_ESYNTAX, NULL, NULL, 0 },
	{ "https://192.0.2.1/a b", RV_ESYNTAX, NULL, NULL, 0 },
	{ " https://192.0.2.1/", RV_ESYNTAX, NULL, NULL, 0 },
	{ "https://192.0.2.1/\r\nX: y", RV_ESYNTAX, NULL, NULL, 0 },
	{ "https://192.0.2.1/\xe3", RV_ESYNTAX, NULL, NULL, 0 },
};

static void parse_splits_what_is_right_and_names_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_armshttp_url url = { .port = 7 };
		struct rv_diag diag = { 0 };
		int r = rv_armshttp_url_parse(rv_str(cases[i].text), RV_ARMSHTTP_URL_MAX, &url,
					      &diag);

		if (r != cases[i].result)
			print_message("# %s\n", cases[i].text);
		assert_int_equal(r, cases[i].result);
		if (r != RV_OK) {
			assert_int_equal(url.port, 7); /* untouched */
			assert_non_null(diag.key);
			continue;
		}
		assert_string_equal(url.host, cases[i].host);
		assert_string_equal(url.path, cases[i].path);
		assert_int_equal(url.port, cases[i].port);
	}
}

static void address_is_in_network_order(void **state)
{
	static const uint8_t v4[16] = { 192, 0, 2, 1 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct rv_armshttp_url url;

	(void)state;
	assert_int_equal(rv_armshttp_url_parse(rv_str("https://192.0.2.1/"), 255, &url, NULL),
			 RV_OK);
	assert_false(url.is_ipv6);
	assert_memory_equal(url.address, v4, 16);
	assert_int_equal(rv_armshttp_url_parse(rv_str("https://[2001:db8::1]/"), 255, &url, NULL),
			 RV_OK);
	assert_true(url.is_ipv6);
	assert_memory_equal(url.address, v6, 16);
}

static void total_length_is_limited_by_the_caller(void **state)
{
	struct rv_str text = RV_STR_LIT("https://192.0.2.1/arms");
	struct rv_armshttp_url url;
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_armshttp_url_parse(text, text.len, &url, NULL), RV_OK);
	assert_int_equal(rv_armshttp_url_parse(text, text.len - 1, &url, &diag), RV_ELIMIT);
	assert_string_equal(diag.text, "URL: 22 characters, allowed are 21");
}

/* S13, S14: fine for us, deadly for the original client, so never sent by a server. */
static void urls_for_devices_spare_the_original_client(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{ "https://192.0.2.1/a:b", RV_EINVALID },
		{ "https://[2001:db8::1]", RV_EINVALID },
		{ "https://192.0.2.1:443/a:b", RV_OK },
		{ "https://[2001:db8::1]/", RV_OK },
		{ "https://[2001:db8::1]:443", RV_OK },
		{ "https://[2001:db8::1]/a:b", RV_EINVALID },
		{ "https://192.0.2.1", RV_OK },
		{ "http://192.0.2.1", RV_EINVALID },
		{ "https://localhost:443/", RV_EINVALID },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct rv_armshttp_url url;

		assert_int_equal(
			rv_armshttp_url_parse_for_device(rv_str(rows[i].text), 255, &url, NULL),
			rows[i].result);
	}
}

/* S15 */
static void host_header_has_no_brackets_but_connect_has(void **state)
{
	char text[RV_ARMSHTTP_AUTHORITY_SIZE];
	struct rv_armshttp_url url;

	(void)state;
	assert_int_equal(rv_armshttp_url_parse(rv_str("https://[2001:db8::1]"), 255, &url, NULL),
			 RV_OK);
	rv_armshttp_url_format_host(&url, text);
	assert_string_equal(text, "2001:db8::1:443");
	rv_armshttp_url_format_connect(&url, text);
	assert_string_equal(text, "[2001:db8::1]:443");
	assert_int_equal(rv_armshttp_url_parse(rv_str("https://192.0.2.1:65535"), 255, &url, NULL),
			 RV_OK);
	rv_armshttp_url_format_connect(&url, text);
	assert_string_equal(text, "192.0.2.1:65535");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_splits_what_is_right_and_names_what_is_wrong),
		cmocka_unit_test(address_is_in_network_order),
		cmocka_unit_test(total_length_is_limited_by_the_caller),
		cmocka_unit_test(urls_for_devices_spare_the_original_client),
		cmocka_unit_test(host_header_has_no_brackets_but_connect_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
