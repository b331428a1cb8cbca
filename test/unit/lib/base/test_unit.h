/* What every test of this folder includes before the header it proves. */
#ifndef RV_TEST_UNIT_H
#define RV_TEST_UNIT_H

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/str.h"

static inline void assert_str(struct rv_str got, const char *expected)
{
	if (!rv_str_is(got, expected))
		fail_msg("got \"%.*s\", expected \"%s\"", RV_STR_ARG(got), expected);
}

#endif
