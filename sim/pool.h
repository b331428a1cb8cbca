/* pool.h - memory for what thousands of devices keep while they rest: blocks of some KiB.
 *
 * Apart from the heap: there each block would lie in a hole that a connection left, and the next
 * connection would need new memory. Blocks come from chunks of one size class each and go back to
 * the class; chunks are kept until the end. One thread.
 */
#ifndef RV_SIM_POOL_H
#define RV_SIM_POOL_H

#include <stddef.h>

enum {
	SIM_POOL_STEP = 128, /* bytes between classes: what a block may waste */
	SIM_POOL_CLASSES = 128,
	SIM_POOL_MAX = SIM_POOL_STEP * SIM_POOL_CLASSES, /* bytes of a block */
	SIM_POOL_CHUNK = 256 * 1024,
};

struct sim_pool { /* all-zero: empty */
	struct sim_pool_free {
		struct sim_pool_free *next;
	} * blocks[SIM_POOL_CLASSES];
	struct sim_pool_chunk *chunks;
};

/* 1 .. SIM_POOL_MAX bytes, not zeroed. NULL: out of memory. */
void *sim_pool_get(struct sim_pool *pool, size_t size);
void sim_pool_put(struct sim_pool *pool, void *block, size_t size); /* NULL allowed */
void sim_pool_deinit(struct sim_pool *pool);                        /* frees all blocks */

#endif
