#include "base/virtual.h"

#include <stddef.h>

static _Thread_local struct rv_virtual *here;

struct rv_virtual *rv_virtual_enter(struct rv_virtual *world)
{
	struct rv_virtual *before = here;

	here = world;
	return before;
}

struct rv_virtual *rv_virtual_here(void)
{
	return here;
}
