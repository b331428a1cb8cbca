/* Lines with drivers that the test writes: shell scripts in a folder of its own. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <libarms.h>

#include "device/agent/line.h"

enum { LONG_MS = 60 * 1000 }; /* ends as soon as the driver says something */

static char folder[] = "/tmp/reeve-agent-line-XXXXXX";
static char driver[64];

static const struct agent_lineconf fixed = { ARMS_LINE_STATIC, "wan0",        "",
					     "203.0.113.7/24", "203.0.113.1", 7 };
static const struct agent_lineconf dhcp = { ARMS_LINE_DHCP, "wan1", "a@isp.example", "", "", 30 };

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(driver, sizeof(driver), "%s/driver", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return unlink(driver) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void write_driver(const char *script)
{
	FILE *f;

	(void)unlink(driver); /* the one before may still be read */
	f = fopen(driver, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fchmod(fileno(f), 0700), 0);
	assert_int_equal(fclose(f), 0);
}

static const struct {
	const char *script;
	enum agent_line_state state;
	const char *text; /* address or reason */
} cases[] = {
	{ "echo up 192.0.2.7; read -r _", AGENT_LINE_UP, "192.0.2.7" },
	{ "echo hello; echo down soon; echo up 2001:db8::7; read -r _", AGENT_LINE_UP,
	  "2001:db8::7" },
	{ "printf u; printf 'p 192.0.2.'; printf '7\\nnoise'; read -r _", AGENT_LINE_UP,
	  "192.0.2.7" },
	{ "printf '%0600d\\n' 0; echo up 192.0.2.7; read -r _", AGENT_LINE_UP, "192.0.2.7" },
	{ "echo refused the account is unknown", AGENT_LINE_REFUSED, "the account is unknown" },
	{ "echo failed no answer; echo up 192.0.2.7", AGENT_LINE_FAILED, "no answer" },
	{ "printf 'failed caf\\303\\251\\n'", AGENT_LINE_FAILED, "caf??" },
	{ "echo failed 0123456789012345678901234567890123456789012345678901234567890123456789",
	  AGENT_LINE_FAILED, "01234567890123456789012345678901234567890123456" },
	{ "echo up somewhere; read -r _", AGENT_LINE_FAILED, "the driver names no address" },
	{ "exit 0", AGENT_LINE_FAILED, "the driver has ended" },
	{ "echo up", AGENT_LINE_FAILED, "the driver has ended" },
};

static void what_the_driver_says_is_the_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct agent_line line = { 0 };

		write_driver(cases[i].script);
		agent_line_start(&line, driver, &dhcp);
		assert_int_equal(line.state, AGENT_LINE_COMING);
		assert_int_equal(agent_line_look(&line, LONG_MS), cases[i].state);
		assert_string_equal(cases[i].state == AGENT_LINE_UP ? line.address : line.reason,
				    cases[i].text);
		agent_line_stop(&line);
		assert_int_equal(line.state, AGENT_LINE_NONE);
	}
}

static const struct {
	const struct agent_lineconf *conf;
	const char *arguments;
} calls[] = {
	{ &fixed, "static wan0 - 203.0.113.7/24 203.0.113.1 7" },
	{ &dhcp, "dhcp wan1 a@isp.example - - 30" },
};

static void the_driver_gets_the_line_as_arguments(void **state)
{
	(void)state;
	write_driver("echo failed \"$*\"");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct agent_line line = { 0 };
		char wanted[AGENT_REASON_SIZE];

		snprintf(wanted, sizeof(wanted), "%s", calls[i].arguments);
		agent_line_start(&line, driver, calls[i].conf);
		assert_int_equal(agent_line_look(&line, LONG_MS), AGENT_LINE_FAILED);
		assert_string_equal(line.reason, wanted);
		agent_line_stop(&line);
	}
}

/* Looks until the state is not `old` any more. */
static enum agent_line_state leaves(struct agent_line *line, enum agent_line_state old)
{
	while (agent_line_look(line, 0) == old)
		usleep(10 * 1000);
	return line->state;
}

static void a_line_can_be_lost(void **state)
{
	struct agent_line line = { 0 };

	(void)state;
	write_driver("echo up 192.0.2.7; sleep 0.1; echo down the lease is over; read -r _");
	agent_line_start(&line, driver, &dhcp);
	assert_int_equal(agent_line_look(&line, LONG_MS), AGENT_LINE_UP);
	assert_int_equal(leaves(&line, AGENT_LINE_UP), AGENT_LINE_LOST);
	assert_string_equal(line.reason, "the lease is over");
	agent_line_stop(&line);

	agent_line_start(&line, driver, &dhcp);
	assert_int_equal(agent_line_look(&line, LONG_MS), AGENT_LINE_UP);
	assert_int_equal(kill(line.pid, SIGKILL), 0);
	assert_int_equal(leaves(&line, AGENT_LINE_UP), AGENT_LINE_LOST);
	agent_line_stop(&line);
}

static void a_driver_that_says_nothing_is_waited_for_and_no_longer(void **state)
{
	struct agent_line line = { 0 };

	(void)state;
	write_driver("read -r _");
	agent_line_start(&line, driver, &dhcp);
	assert_int_equal(agent_line_look(&line, 0), AGENT_LINE_COMING);
	assert_int_equal(agent_line_look(&line, 20), AGENT_LINE_COMING);
	agent_line_stop(&line);
}

/* The driver's last act is to remove a file: that it is gone when stop is done shows the order. */
static void stop_waits_until_the_driver_has_taken_the_line_down(void **state)
{
	char script[200], trace[80];
	struct agent_line line = { 0 };

	(void)state;
	snprintf(trace, sizeof(trace), "%s/up", folder);
	snprintf(script, sizeof(script), ": >%s; echo up 192.0.2.7; read -r _; rm %s", trace,
		 trace);
	write_driver(script);
	agent_line_start(&line, driver, &dhcp);
	assert_int_equal(agent_line_look(&line, LONG_MS), AGENT_LINE_UP);
	assert_int_equal(access(trace, F_OK), 0);
	agent_line_stop(&line);
	assert_int_equal(access(trace, F_OK), -1);
}

static void a_driver_that_does_not_end_is_killed_with_its_children(void **state)
{
	struct agent_line line = { 0 };

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* orphans become ours */
	write_driver("trap '' TERM; sleep 600 & echo up 192.0.2.7; wait");
	agent_line_start(&line, driver, &dhcp);
	assert_int_equal(agent_line_look(&line, LONG_MS), AGENT_LINE_UP);
	agent_line_stop(&line);
	assert_int_equal(line.state, AGENT_LINE_NONE);
	while (wait(NULL) > 0) /* would wait for the ten minutes of a sleep that lives */
		;
	assert_int_equal(errno, ECHILD);
}

static void what_cannot_be_run_has_failed(void **state)
{
	struct agent_line line = { 0 };

	(void)state;
	agent_line_start(&line, "/nonexistent/driver", &dhcp);
	assert_int_equal(agent_line_look(&line, LONG_MS), AGENT_LINE_FAILED);
	assert_string_equal(line.reason, "No such file or directory");
	agent_line_stop(&line);
	agent_line_stop(&line); /* nothing more to stop */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_driver_says_is_the_state),
		cmocka_unit_test(the_driver_gets_the_line_as_arguments),
		cmocka_unit_test(a_line_can_be_lost),
		cmocka_unit_test(a_driver_that_says_nothing_is_waited_for_and_no_longer),
		cmocka_unit_test(stop_waits_until_the_driver_has_taken_the_line_down),
		cmocka_unit_test(a_driver_that_does_not_end_is_killed_with_its_children),
		cmocka_unit_test(what_cannot_be_run_has_failed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
