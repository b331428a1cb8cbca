#include "base/fail.h"

#include <stddef.h>

#include "base/virtual.h"

#ifdef RV_FAIL_POINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/str.h"

static void look_at_environment(const char *name)
{
	static atomic_uint passed; /* times the wanted point was reached */
	struct rv_str wanted = rv_str(getenv("REEVE_FAIL_POINT"));
	size_t colon = rv_str_find(wanted, ':');
	uint64_t nth = 1;

	if (wanted.len == 0 || !rv_str_is(rv_str_sub(wanted, 0, colon), name))
		return;
	if (colon < wanted.len &&
	    !rv_str_to_u64(rv_str_sub(wanted, colon + 1, wanted.len), UINT32_MAX, &nth))
		return;
	if (atomic_fetch_add(&passed, 1) + 1 >= nth)
		raise(SIGKILL);
}

#else

static void look_at_environment(const char *name)
{
	(void)name;
}

#endif

void rv_fail_point(const char *name)
{
	struct rv_virtual *world = rv_virtual_here();

	if (world == NULL)
		look_at_environment(name);
	else if (world->fail != NULL)
		world->fail(world, name);
}
