/* The devices file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ls/devices.h"

#define DID "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
#define CERT                                                                                       \
	"rs-certificate {\\n-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END "                        \
	"CERTIFICATE-----\\n};\\n"
#define CONF  "line-dhcp {\\n ifindex 0;\\n};\\n" CERT
#define ENTRY "{\"url\":\"https://192.0.2.1:8443/a\",\"md_config\":\"" CONF "\"}"
#define LOC   "{\"kind\":\"location\",\"name\":\"default\",\"entries\":[" ENTRY "]}\n"
#define DEV                                                                                        \
	"{\"kind\":\"device\",\"distid\":\"" DID                                                   \
	"\",\"ls_key\":\"k\",\"rs_key\":\"r\",\"location\":\"default\"}\n"

static struct rv_secret *secret;

static int open_secret(void **state)
{
	char dir[] = "/tmp/reeve-ls-XXXXXX", path[64];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/secret.key", dir);
	int err = rv_secret_open(path, &secret, NULL);
	unlink(path);
	rmdir(dir);
	return err;
}

static int close_secret(void **state)
{
	(void)state;
	rv_secret_free(secret);
	return 0;
}

static void a_good_file_gives_the_records_of_a_feed(void **state)
{
	static const char text[] = "# two records\n\n" LOC DEV;
	struct rv_arena arena = { 0 };
	struct rv_feed_record *records;
	uint8_t mac[RV_SECRET_MAC_LEN];
	size_t n;

	(void)state;
	assert_int_equal(ls_devices_parse(rv_str(text), secret, &arena, &records, &n, NULL), RV_OK);
	assert_int_equal(n, 2);
	assert_true(records[0].has_location);
	assert_int_equal(records[0].location.ll_timeout, 30);
	assert_int_equal(records[0].location.rs_retry_max, 5);
	assert_int_equal(records[0].location.rs_retry_interval, 60);
	assert_int_equal(records[0].location.entries_len, 1);
	assert_true(records[1].has_device);
	assert_true(records[1].device.is_enabled);
	assert_true(rv_str_is(records[1].device.rs_key, "r"));
	rv_secret_mac(secret, RV_STR_LIT(DID), RV_STR_LIT("k"), mac);
	assert_memory_equal(records[1].device.ls_key_mac.ptr, mac, sizeof(mac));
	assert_int_equal(ls_devices_parse(RV_STR_LIT(""), secret, &arena, &records, &n, NULL),
			 RV_OK);
	assert_int_equal(n, 0);
	rv_arena_deinit(&arena);
}

#define LONG64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *text;
	int err;
	unsigned line;
	const char *says;
} bad[] = {
	{ "nonsense\n", RV_ESYNTAX, 1, "no JSON object" },
	{ "\n[1]\n", RV_ESYNTAX, 2, "no JSON object" },
	{ LOC "{\"kind\":\"device\"", RV_ESYNTAX, 2, "no JSON object" },
	{ "{\"kind\":1}", RV_EINVALID, 1, "\"kind\" must be a string" },
	{ "{\"kind\":\"router\"}", RV_EINVALID, 1, "\"kind\" must be" },
	{ "{}", RV_EINVALID, 1, "\"kind\" is missing" },
	{ LOC DEV DEV, RV_EINVALID, 3, "listed twice" },
	{ "{\"kind\":\"device\",\"colour\":1}", RV_EINVALID, 1, "\"colour\" is not known" },
	{ "{\"kind\":\"device\",\"distid\":\"0001\"}", RV_EINVALID, 1, "\"distid\" is not" },
	{ "{\"kind\":\"device\",\"distid\":\"" DID "\",\"rs_key\":\"r\",\"location\":\"d\"}",
	  RV_EINVALID, 1, "\"ls_key\" is missing" },
	{ "{\"kind\":\"device\",\"distid\":\"" DID
	  "\",\"ls_key\":\"\",\"rs_key\":\"r\",\"location\":\"d\"}",
	  RV_EINVALID, 1, "\"ls_key\" must have" },
	{ "{\"kind\":\"device\",\"distid\":\"" DID "\",\"ls_key\":\"" LONG64 "0\",\"rs_key\":\"r\","
	  "\"location\":\"d\"}",
	  RV_EINVALID, 1, "\"ls_key\" must have" },
	{ "{\"kind\":\"device\",\"distid\":\"" DID "\",\"ls_key_mac\":\"00\",\"rs_key\":\"r\","
	  "\"location\":\"d\"}",
	  RV_EINVALID, 1, "64 hex digits" },
	{ "{\"kind\":\"device\",\"distid\":\"" DID
	  "\",\"ls_key\":\"k\",\"rs_key\":\"r\",\"location\":\"d\","
	  "\"is_enabled\":1}",
	  RV_EINVALID, 1, "\"is_enabled\" must be true or false" },
	{ "{\"kind\":\"device\",\"distid\":\"" DID "\",\"ls_key\":\"k\",\"rs_key\":\"" LONG64 "0\","
	  "\"location\":\"d\"}",
	  RV_ELIMIT, 1, "" },
	{ "{\"kind\":\"location\",\"name\":\"d\",\"entries\":[]}", RV_EINVALID, 1, "1 to 5" },
	{ "{\"kind\":\"location\",\"name\":\"d\",\"rs_retry_interval\":0,\"entries\":[" ENTRY "]}",
	  RV_EINVALID, 1, "without pause" },
	{ "{\"kind\":\"location\",\"name\":\"d\",\"ll_timeout\":-1,\"entries\":[" ENTRY "]}",
	  RV_EINVALID, 1, "\"ll_timeout\" must be a whole number" },
	{ "{\"kind\":\"location\",\"name\":\"d\",\"entries\":[{\"url\":\"https://rs.example/\","
	  "\"md_config\":\"" CONF "\"}]}",
	  RV_EINVALID, 1, "" },
	{ "{\"kind\":\"location\",\"name\":\"d\",\"entries\":[{\"url\":\"https://192.0.2.1/\","
	  "\"md_config\":\"" CERT "\"}]}",
	  RV_EINVALID, 1, "needs a line and an rs-certificate" },
	{ "{\"kind\":\"location\",\"name\":\"d\",\"entries\":[{\"url\":\"https://192.0.2.1/\","
	  "\"md_config\":\"line-dhcp {\\n ifindex 0;\\n\"}]}",
	  RV_ESYNTAX, 1, "" },
};

static void a_bad_file_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad); i++) {
		struct rv_arena arena = { 0 };
		struct rv_feed_record *records = NULL;
		struct rv_diag diag = { 0 };
		size_t n = 77;

		int err = ls_devices_parse(rv_str(bad[i].text), secret, &arena, &records, &n,
					   &diag);
		if (err != bad[i].err || strstr(diag.text, bad[i].says) == NULL ||
		    diag.line != bad[i].line)
			fail_msg("case %zu: %d, line %u, \"%s\"", i, err, diag.line, diag.text);
		assert_int_equal(n, 77);
		assert_null(records);
		rv_arena_deinit(&arena);
	}
}

static void an_md_config_over_2047_bytes_is_refused_with_its_size(void **state)
{
	struct rv_buf text = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_feed_record *records;
	struct rv_diag diag = { 0 };
	size_t n;

	(void)state;
	rv_buf_puts(&text, "{\"kind\":\"location\",\"name\":\"d\",\"entries\":[{\"url\":"
			   "\"https://192.0.2.1/\",\"md_config\":\"");
	for (unsigned i = 0; i < 2048; i++)
		rv_buf_putc(&text, ' ');
	rv_buf_puts(&text, "\"}]}");
	assert_int_equal(ls_devices_parse(rv_buf_str(&text), secret, &arena, &records, &n, &diag),
			 RV_ELIMIT);
	assert_non_null(strstr(diag.text, "2048"));
	rv_buf_deinit(&text);
	rv_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_gives_the_records_of_a_feed),
		cmocka_unit_test(a_bad_file_is_refused_with_its_line),
		cmocka_unit_test(an_md_config_over_2047_bytes_is_refused_with_its_size),
	};

	return cmocka_run_group_tests(tests, open_secret, close_secret);
}
