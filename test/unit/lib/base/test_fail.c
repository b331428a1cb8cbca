#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/str.h"

/* Which signal ended a child that passed "x.y.done" three times. */
static int signal_of(const char *wanted)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("REEVE_FAIL_POINT", wanted, 1);
		for (int i = 0; i < 3; i++)
			rv_fail_point("x.y.done");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void a_wanted_point_kills_at_its_turn_and_only_when_built_in(void **state)
{
	static const struct {
		const char *wanted;
		int signal; /* when built with fail points */
	} cases[] = {
		{ "", 0 },           { "x.y.done", 9 }, { "x.y.done:1", 9 },    { "x.y.done:3", 9 },
		{ "x.y.done:4", 0 }, { "x.y", 0 },      { "x.y.done.more", 0 }, { "x.y.done:z", 0 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
#ifdef RV_FAIL_POINTS
		assert_int_equal(signal_of(cases[i].wanted), cases[i].signal);
#else
		assert_int_equal(signal_of(cases[i].wanted), 0);
#endif
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wanted_point_kills_at_its_turn_and_only_when_built_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
