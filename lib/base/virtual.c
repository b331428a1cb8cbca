#include "base/virtual.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* No variable of the thread: libarms has this code in it, and would then need the dynamic loader.
 */
static struct rv_virtual *_Atomic only;
static pthread_t its_thread;

struct rv_virtual *rv_virtual_enter(struct rv_virtual *world)
{
	struct rv_virtual *before = rv_virtual_here();

	its_thread = pthread_self();
	atomic_store(&only, world);
	return before;
}

struct rv_virtual *rv_virtual_here(void)
{
	struct rv_virtual *world = atomic_load(&only);

	return world != NULL && pthread_equal(its_thread, pthread_self()) ? world : NULL;
}
