#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "net/net.h"

static const struct {
	const char *text;
	int result;
} cases[] = {
	{ "127.0.0.1:8443", RV_OK },
	{ "0.0.0.0:0", RV_OK },
	{ "255.255.255.255:65535", RV_OK },
	{ "[::]:443", RV_OK },
	{ "[2001:db8::1]:9", RV_OK },
	{ "", RV_ESYNTAX },
	{ "127.0.0.1", RV_ESYNTAX },
	{ "127.0.0.1:", RV_ESYNTAX },
	{ ":443", RV_ESYNTAX },
	{ "127.0.0.1:65536", RV_ESYNTAX },
	{ "127.0.0.1:+1", RV_ESYNTAX },
	{ "127.0.0.1:80 ", RV_ESYNTAX },
	{ "127.0.0:80", RV_ESYNTAX },
	{ "localhost:80", RV_ESYNTAX },
	{ "::1:80", RV_ESYNTAX }, /* no brackets */
	{ "[::1]", RV_ESYNTAX },
	{ "[::1", RV_ESYNTAX },
	{ "[", RV_ESYNTAX },
	{ "[]:1", RV_ESYNTAX },
	{ "[::1]80", RV_ESYNTAX },
	{ "[127.0.0.1]:80", RV_ESYNTAX },
	{ "[fe80::1%lo]:80", RV_ESYNTAX }, /* numeric only */
	{ "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1", RV_ESYNTAX },
};

static void numeric_addresses_come_back_and_others_touch_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct sockaddr_storage addr = { .ss_family = 0x7777 };
		char text[RV_NET_ADDR_MAX];
		size_t len = 42;
		int r = rv_net_addr_parse(rv_str(cases[i].text), &addr, &len);

		if (r != cases[i].result)
			fail_msg("%s: %s", cases[i].text, rv_err_name(r));
		if (r != RV_OK) {
			assert_int_equal(addr.ss_family, 0x7777);
			assert_int_equal(len, 42);
			continue;
		}
		rv_net_addr_format(&addr, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(len, addr.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
								 : sizeof(struct sockaddr_in));
	}
}

static void an_unknown_family_is_shown_as_such(void **state)
{
	const struct sockaddr_storage addr = { .ss_family = AF_UNIX };
	char text[RV_NET_ADDR_MAX];

	(void)state;
	rv_net_addr_format(&addr, text);
	assert_string_equal(text, "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numeric_addresses_come_back_and_others_touch_nothing),
		cmocka_unit_test(an_unknown_family_is_shown_as_such),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
