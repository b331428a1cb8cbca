#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/agent/born.h"

#define ID    "id 0001-0000-C0DE-0091-0000-0000-00A1-B2C3\n"
#define FILES "key k\nroot r\ninitial i\ndriver d\n"
#define LINES "interface wan0\nline dhcp\n"

static struct agent_born born;

static int parse(const char *text, struct agent_error *error)
{
	return agent_born_parse(text, strlen(text), &born, error);
}

static void everything_that_a_device_is_born_with_is_read(void **state)
{
	static const char text[] =
		"# EdgeBox\n" ID FILES
		"model EdgeBox E1\nfirmware 2.4.1\ninterface wan0\ninterface wwan0\n"
		"account setup@maker.example\ngateway 10.66.1.1\nline static 10.66.1.9/24\n"
		"line dhcp\nline static 10.66.1.10\nretry 5\n";
	struct agent_error error;
	arms_line_conf_static_t *fixed;

	(void)state;
	assert_int_equal(parse(text, &error), 0);
	assert_int_equal(born.id.version, 1);
	assert_int_equal(born.id.vendor_code, 0xC0DE);
	assert_int_equal(born.id.sa_type, 0x91);
	assert_int_equal(born.id.sa_code, 0xA1B2C3);
	assert_string_equal(born.key, "k");
	assert_string_equal(born.model, "EdgeBox E1");
	assert_string_equal(born.firmware, "2.4.1");
	assert_string_equal(born.root, "r");
	assert_string_equal(born.initial, "i");
	assert_string_equal(born.driver, "d");
	assert_int_equal(born.interface_count, 2);
	assert_string_equal(born.interfaces[1], "wwan0");
	assert_string_equal(born.account, "setup@maker.example");
	assert_string_equal(born.gateway, "10.66.1.1");
	assert_int_equal(born.retry_s, 5);
	assert_int_equal(born.line_count, 3);
	assert_int_equal(born.lines[0].type, ARMS_LINE_STATIC);
	fixed = born.lines[0].line_conf;
	assert_string_equal(fixed->ipaddr, "10.66.1.9/24");
	assert_int_equal(born.lines[1].type, ARMS_LINE_DHCP);
	fixed = born.lines[2].line_conf;
	assert_string_equal(fixed->ipaddr, "10.66.1.10/32");
	assert_int_equal(born.lines[3].type, ARMS_LINE_NONE);
}

static void what_need_not_be_said_has_defaults(void **state)
{
	struct agent_error error;

	(void)state;
	assert_int_equal(parse(ID FILES LINES, &error), 0);
	assert_int_equal(born.retry_s, AGENT_RETRY_DEFAULT_S);
	assert_string_equal(born.account, "");
	assert_string_equal(born.model, "");
}

static const struct {
	const char *text;
	unsigned line;
	const char *error;
} bad[] = {
	{ FILES LINES, 0, "there is no \"id\"" },
	{ ID "root r\ninitial i\ndriver d\n" LINES, 0, "there is no \"key\"" },
	{ ID "key k\ninitial i\ndriver d\n" LINES, 0, "there is no \"root\"" },
	{ ID "key k\nroot r\ndriver d\n" LINES, 0, "there is no \"initial\"" },
	{ ID "key k\nroot r\ninitial i\n" LINES, 0, "there is no \"driver\"" },
	{ ID FILES "line dhcp\n", 0, "there is no \"interface\"" },
	{ ID FILES "interface wan0\n", 0, "there is no \"line\"" },
	{ ID FILES "interface wan0\nline static 10.0.0.1/8\n", 0,
	  "a static line needs \"gateway\"" },
	{ ID "colour red\n", 2, "\"colour\" is unknown" },
	{ ID "key\n", 2, "key: this is none" },
	{ ID "key 01234567890123456789012345678901234567890123456789012345678901234\n", 2,
	  "key: this is none" },
	{ "id 0001-0000-C0DE-0091-0000-0000-00A1-B2C\n", 1, "id: this is none" },
	{ "id 0001-0000-C0DE-0091-0000-0000-00A1-B2C33\n", 1, "id: this is none" },
	{ "id 0001-0000-C0DE-0091-0000-0000-00A1-B2CG\n", 1, "id: this is none" },
	{ "id 0001:0000-C0DE-0091-0000-0000-00A1-B2C3\n", 1, "id: this is none" },
	{ "model 012345678901234567890123456789012\n", 1, "model: this is none" },
	{ "interface a/b\n", 1, "interface: this is none" },
	{ "gateway 10.0.0.1/8\n", 1, "gateway: this is none" },
	{ "line pppoe\n", 1, "line: this is none" },
	{ "line static \n", 1, "line: this is none" },
	{ "line static x\n", 1, "line: this is none" },
	{ "retry 0\n", 1, "retry: this is none" },
	{ "retry 3601\n", 1, "retry: this is none" },
	{ "account a b\n", 1, "account: this is none" },
	{ "line dhcp\nline dhcp\nline dhcp\nline dhcp\nline dhcp\nline dhcp\n", 6,
	  "line: this is none" },
	{ "interface a\ninterface b\ninterface c\ninterface d\ninterface e\ninterface f\n"
	  "interface g\ninterface h\ninterface i\n",
	  9, "interface: this is none" },
};

static void what_is_wrong_is_named_without_its_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct agent_error error = { 0 };

		assert_int_equal(parse(bad[i].text, &error), -1);
		assert_string_equal(error.text, bad[i].error);
		assert_int_equal(error.line, bad[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_that_a_device_is_born_with_is_read),
		cmocka_unit_test(what_need_not_be_said_has_defaults),
		cmocka_unit_test(what_is_wrong_is_named_without_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
