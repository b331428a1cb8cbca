#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <cmocka.h>

#include "net/net.h"

static const struct {
	const char *text;
	int result;
	const char *formatted; /* NULL: the same */
} cases[] = {
	{ "127.0.0.1:8443", RV_OK, NULL },
	{ "0.0.0.0:0", RV_OK, NULL },
	{ "255.255.255.255:65535", RV_OK, NULL },
	{ "[::]:443", RV_OK, NULL },
	{ "[2001:DB8:0::1]:65535", RV_OK, "[2001:db8::1]:65535" },
	{ "[::ffff:192.0.2.7]:40112", RV_OK, "192.0.2.7:40112" },
	{ "[1234:5678:9abc:def0:1234:5678:9abc:def0]:65535", RV_OK, NULL },
	{ "", RV_ESYNTAX, NULL },
	{ "127.0.0.1", RV_ESYNTAX, NULL },
	{ "127.0.0.1:", RV_ESYNTAX, NULL },
	{ "127.0.0.1:65536", RV_ESYNTAX, NULL },
	{ "127.0.0.1:+1", RV_ESYNTAX, NULL },
	{ "127.0.0.1: 1", RV_ESYNTAX, NULL },
	{ "127.0.0.1:1 ", RV_ESYNTAX, NULL },
	{ "127.1:80", RV_ESYNTAX, NULL },
	{ "256.0.0.1:80", RV_ESYNTAX, NULL },
	{ "localhost:80", RV_ESYNTAX, NULL },
	{ "::1:80", RV_ESYNTAX, NULL },
	{ "[::1]", RV_ESYNTAX, NULL },
	{ "[::1]80", RV_ESYNTAX, NULL },
	{ "[::1", RV_ESYNTAX, NULL },
	{ "[]:80", RV_ESYNTAX, NULL },
	{ "[127.0.0.1]:80", RV_ESYNTAX, NULL },
	{ "[fe80::1%lo]:80", RV_ESYNTAX, NULL },
	{ "[:80", RV_ESYNTAX, NULL },
	{ "[", RV_ESYNTAX, NULL },
	{ ":80", RV_ESYNTAX, NULL },
	{ "[1234:5678:9abc:def0:1234:5678:9abc:def0:1234:5678:9abc:def0]:1", RV_ESYNTAX, NULL },
};

static void addresses_are_numeric_and_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		const char *expected = cases[i].formatted == NULL ? cases[i].text
								  : cases[i].formatted;
		struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
		char text[RV_NET_ADDR_MAX];
		size_t len = 77;
		int err = rv_net_addr_parse(rv_str(cases[i].text), &addr, &len);

		if (err != cases[i].result)
			fail_msg("%s: %s", cases[i].text, rv_err_name(err));
		if (err != RV_OK) {
			assert_int_equal(len, 77); /* untouched */
			assert_int_equal(addr.ss_family, AF_UNSPEC);
			continue;
		}
		rv_net_addr_format(&addr, text);
		assert_string_equal(text, expected);
	}
}

static void a_nul_inside_is_no_end(void **state)
{
	struct sockaddr_storage addr;
	size_t len;

	(void)state;
	assert_int_equal(rv_net_addr_parse(rv_strn("1.2.3.4\0:80", 11), &addr, &len), RV_ESYNTAX);
}

static void other_families_have_a_name_too(void **state)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNIX };
	char text[RV_NET_ADDR_MAX];

	(void)state;
	rv_net_addr_format(&addr, text);
	assert_string_equal(text, "unix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_numeric_and_exact),
		cmocka_unit_test(a_nul_inside_is_no_end),
		cmocka_unit_test(other_families_have_a_name_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
