#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"

static const struct {
	const char *text, *host;
	bool is_v6;
	uint16_t port;
} good[] = {
	{ "192.0.2.1:5115", "192.0.2.1", false, 5115 },
	{ "0.0.0.0:0", "0.0.0.0", false, 0 },
	{ "[::]:65535", "::", true, 65535 },
	{ "[2001:db8::1]:443", "2001:db8::1", true, 443 },
};

static const char *const bad[] = {
	"",           "foo",          "x:1",       "1.2.3.4", "1.2.3.4:",      "1.2.3.4:99999",
	"1.2.3.4:-1", "1.2.3.4:1 ",   "1.2.3:1",   "::1:80",  "[::1]",         "[::1]80",
	"[::1:80",    "[1.2.3.4]:80", "[::1%l]:8", "[]:80",   "hb.example:80", ":80",
};

static void an_address_is_read_with_its_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(good); i++) {
		struct rv_addr addr;

		assert_true(rv_addr_parse(rv_str(good[i].text), &addr));
		assert_string_equal(addr.host, good[i].host);
		assert_int_equal(addr.is_v6, good[i].is_v6);
		assert_int_equal(addr.port, good[i].port);
	}
}

static void what_is_no_address_leaves_the_output_untouched(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad); i++) {
		struct rv_addr addr = { .port = 7 };

		if (rv_addr_parse(rv_str(bad[i]), &addr))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(addr.port, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_read_with_its_port),
		cmocka_unit_test(what_is_no_address_leaves_the_output_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
