/* map.h - hash map from bytes to pointers; items carry their own keys.
 *
 * Open addressing (robin hood), SipHash with a seed of the caller's, so order
 * and collisions are the same in every run of one seed. The map owns its table,
 * never the items. Not thread-safe; no change while iterating.
 */
#ifndef RV_BASE_MAP_H
#define RV_BASE_MAP_H

#include "base/err.h"
#include "base/str.h"

/* The key inside an item; must not change while the item is in the map. */
typedef struct rv_str (*rv_map_key_fn)(const void *item);

struct rv_map_slot;

struct rv_map {
	struct rv_map_slot *slots;
	size_t cap;   /* power of two, or 0 */
	size_t count; /* items */
	uint64_t seed;
	rv_map_key_fn key;
};

void rv_map_init(struct rv_map *map, rv_map_key_fn key, uint64_t seed);
void rv_map_deinit(struct rv_map *map);

/* -ENOMEM, or RV_EEXISTS with the map unchanged when the key is there. */
int rv_map_put(struct rv_map *map, void *item) RV_MUSTCHECK;
void *rv_map_get(const struct rv_map *map, struct rv_str key); /* NULL = none */
void *rv_map_del(struct rv_map *map, struct rv_str key);       /* the item, or NULL */

/* for (size_t i = 0; (item = rv_map_next(&map, &i)) != NULL;) */
void *rv_map_next(const struct rv_map *map, size_t *pos);

#endif
