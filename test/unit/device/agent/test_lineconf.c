#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <libarms.h>

#include "device/agent/lineconf.h"

#define DHCP   "line dhcp\naccount a@isp.example\n"
#define STATIC "line static\naddress 203.0.113.7/24\ngateway 203.0.113.1\n"

static const struct {
	const char *text;
	struct agent_lineconf conf;
} good[] = {
	{ DHCP, { ARMS_LINE_DHCP, "wan0", "a@isp.example", "", "", 30 } },
	{ "wait 300\r\naccount a@isp.example\r\ninterface eth1.7\r\nline dhcp",
	  { ARMS_LINE_DHCP, "eth1.7", "a@isp.example", "", "", 300 } },
	{ STATIC, { ARMS_LINE_STATIC, "wan0", "", "203.0.113.7/24", "203.0.113.1", 30 } },
	{ "line static\naddress 203.0.113.7\ngateway 198.51.100.1\naccount x\nwait 1\n",
	  { ARMS_LINE_STATIC, "wan0", "x", "203.0.113.7/32", "198.51.100.1", 1 } },
	{ "line static\naddress 2001:db8::7\ngateway fe80::1\n",
	  { ARMS_LINE_STATIC, "wan0", "", "2001:db8::7/128", "fe80::1", 30 } },
};

static void a_line_is_read_with_its_defaults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct agent_lineconf conf;
		struct agent_error error;

		memset(&conf, 0xa5, sizeof(conf));
		assert_int_equal(agent_lineconf_parse(good[i].text, strlen(good[i].text), "wan0",
						      &conf, &error),
				 0);
		assert_memory_equal(&conf, &good[i].conf, sizeof(conf));
	}
}

static const struct {
	const char *text;
	unsigned line;
	const char *error;
} bad[] = {
	{ "", 0, "there is no \"line\"" },
	{ "account a\n", 0, "there is no \"line\"" },
	{ "line\n", 1, "line: \"\" is none" },
	{ "line isdn\n", 1, "line: \"isdn\" is none" },
	{ "account a\nline pppoe\n", 2, "this device has no line of type pppoe" },
	{ "line mobile\n", 1, "this device has no line of type mobile" },
	{ "line ra\n", 1, "this device has no line of type ra" },
	{ "line pppoe-ipv6\n", 1, "this device has no line of type pppoe-ipv6" },
	{ "line dhcp\n", 0, "a line of type dhcp needs account" },
	{ "line static\naddress 203.0.113.7/24\n", 0,
	  "a line of type static needs address and gateway" },
	{ "line static\ngateway 203.0.113.1\n", 0,
	  "a line of type static needs address and gateway" },
	{ DHCP "address 203.0.113.7/24\n", 3, "a line of type dhcp has no address" },
	{ DHCP "gateway 203.0.113.1\n", 3, "a line of type dhcp has no gateway" },
	{ DHCP "account b\n", 3, "account is there already, in line 2" },
	{ DHCP "vlan 7\n", 3, "\"vlan\" is no word of a line" },
	{ DHCP "wait 0\n", 3, "wait: \"0\" is none" },
	{ DHCP "wait 301\n", 3, "wait: \"301\" is none" },
	{ DHCP "interface -eth0\n", 3, "interface: \"-eth0\" is none" },
	{ DHCP "interface ../x\n", 3, "interface: \"../x\" is none" },
	{ DHCP "interface a123456789012345\n", 3, "interface: \"a123456789012345\" is none" },
	{ "line dhcp\naccount a b\n", 2, "account: \"a b\" is none" },
	{ "line dhcp\naccount -a\n", 2, "account: \"-a\" is none" },
	{ "line dhcp\naccount $(id)\n", 2, "account: \"$(id)\" is none" },
	{ "line static\naddress 203.0.113.7/33\n", 2, "address: \"203.0.113.7/33\" is none" },
	{ "line static\naddress 203.0.113.7/\n", 2, "address: \"203.0.113.7/\" is none" },
	{ "line static\naddress 203.0.113/24\n", 2, "address: \"203.0.113/24\" is none" },
	{ "line static\naddress 203.0.113.7/24\ngateway 203.0.113.1/24\n", 3,
	  "gateway: \"203.0.113.1/24\" is none" },
	{ "line static\naddress 203.0.113.7/24\ngateway fe80::1\n", 3,
	  "the gateway is of another address family" },
	{ "line dhcp\n\x7f\n", 2, "character 1 is not printable ASCII" },
};

static void what_is_wrong_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct agent_lineconf conf, untouched;
		struct agent_error error = { 0 };

		memset(&conf, 0xa5, sizeof(conf));
		untouched = conf;
		assert_int_equal(agent_lineconf_parse(bad[i].text, strlen(bad[i].text), "wan0",
						      &conf, &error),
				 -1);
		assert_string_equal(error.text, bad[i].error);
		assert_int_equal(error.line, bad[i].line);
		assert_memory_equal(&conf, &untouched, sizeof(conf));
	}
}

static void an_account_may_have_127_characters(void **state)
{
	char text[200] = "line dhcp\naccount ";
	size_t start = strlen(text);
	struct agent_lineconf conf;
	struct agent_error error;

	(void)state;
	memset(text + start, 'a', 127);
	assert_int_equal(agent_lineconf_parse(text, start + 127, "wan0", &conf, &error), 0);
	text[start + 127] = 'a';
	assert_int_equal(agent_lineconf_parse(text, start + 128, "wan0", &conf, &error), -1);
}

static void every_type_has_a_word(void **state)
{
	(void)state;
	for (int type = ARMS_LINE_NONE + 1; type < ARMS_LINE_LAST; type++) {
		const char *word = agent_line_word(type);

		assert_int_equal(agent_line_type((struct agent_piece){ word, strlen(word) }), type);
	}
	assert_string_equal(agent_line_word(ARMS_LINE_NONE), "?");
	assert_string_equal(agent_line_word(ARMS_LINE_LAST), "?");
	assert_int_equal(agent_line_type((struct agent_piece){ "?", 1 }), ARMS_LINE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_with_its_defaults),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(an_account_may_have_127_characters),
		cmocka_unit_test(every_type_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
