/* virtual.h - a world of a thread's own: what code takes from outside without asking for it.
 *
 *   rv_time_utc_us(), rv_time_boot_us()   the clocks of this world, which stand still until moved
 *   rv_rand_secret()                      bytes that follow from a seed
 *   rv_fail_point()                       asks the world whether the process ends here
 *   rv_db_open("sqlite:...")              files of this world's disk, no lock file, no threads
 *
 * The simulator runs servers inside one; everybody else has none, and then each of these is what
 * its own header says. It belongs to a thread, so that nothing else of the process can fall into
 * it.
 */
#ifndef RV_BASE_VIRTUAL_H
#define RV_BASE_VIRTUAL_H

#include <stdint.h>

#include "base/rand.h"

struct rv_virtual {
	int64_t utc_us, boot_us; /* now */
	struct rv_rand rand;     /* where secrets come from */
	const char *disk;        /* name of an SQLite VFS */
	void (*fail)(struct rv_virtual *world, const char *name);
};

/* From now on, for this thread; NULL: none. Returns the one before. Only one thread of a process
 * may be in a world. */
struct rv_virtual *rv_virtual_enter(struct rv_virtual *world);
/* The one this thread is in, or NULL. */
struct rv_virtual *rv_virtual_here(void);

#endif
