/* arena.h - many small allocations, one free.
 *
 * For everything that lives as long as one message or request. Memory comes in
 * blocks of at least 4 KiB from malloc. An all-zero struct is a valid empty
 * arena without limit. Not thread-safe.
 */
#ifndef RV_BASE_ARENA_H
#define RV_BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

struct rv_arena_block;

struct rv_arena {
	struct rv_arena_block *head;
	size_t used; /* bytes handed out, alignment included */
	size_t max;  /* bytes at most; 0 = no limit */
};

void rv_arena_init(struct rv_arena *arena, size_t max);
void rv_arena_deinit(struct rv_arena *arena); /* frees all; leaves a usable empty arena */
void rv_arena_wipe(struct rv_arena *arena);   /* the same, contents zeroed first */

/* Zeroed, aligned for any type. NULL when over the limit or out of memory. */
void *rv_arena_alloc(struct rv_arena *arena, size_t size);
/* Array of n zeroed elements, overflow-checked. */
void *rv_arena_array(struct rv_arena *arena, size_t n, size_t size);
/* Copies with a final NUL (not counted). NULL as above. */
char *rv_arena_copy(struct rv_arena *arena, const void *data, size_t len);
/* Copy as rv_str; .ptr is NULL exactly when it failed (also for the empty string it is not). */
struct rv_str rv_arena_str(struct rv_arena *arena, struct rv_str s);
char *rv_arena_printf(struct rv_arena *arena, const char *fmt, ...) RV_PRINTF(2, 3);

#endif
