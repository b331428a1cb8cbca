#include "base/map.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/siphash.h"

enum { CAP_MIN = 8 };

/* Robin hood: along a probe run the distances from home never grow by more than one, because an
 * item that is further from its home takes the place of one that is nearer. A search may
 * therefore stop at the first item that is nearer to its home than the sought one would be. */
struct rv_map_slot {
	void *item; /* NULL = free */
	uint64_t hash;
};

void rv_map_init(struct rv_map *map, rv_map_key_fn key, uint64_t seed)
{
	*map = (struct rv_map){ .key = key, .seed = seed };
}

void rv_map_deinit(struct rv_map *map)
{
	if (map == NULL)
		return;
	free(map->slots);
	map->slots = NULL;
	map->cap = 0;
	map->count = 0;
}

static uint64_t hash_of(const struct rv_map *map, struct rv_str key)
{
	return rv_siphash(map->seed, ~map->seed, key);
}

/* The low bits alone choose the place, so a size_t of 32 bits keeps enough of them. */
static size_t home_of(const struct rv_map *map, uint64_t hash)
{
	return (size_t)hash & (map->cap - 1);
}

static size_t distance(const struct rv_map *map, size_t at)
{
	return (at - home_of(map, map->slots[at].hash)) & (map->cap - 1);
}

/* Place of the item with this key, or map->cap. */
static size_t find(const struct rv_map *map, struct rv_str key, uint64_t hash)
{
	size_t at = home_of(map, hash);

	if (map->cap == 0)
		return map->cap;
	for (size_t d = 0; map->slots[at].item != NULL && distance(map, at) >= d; d++) {
		if (map->slots[at].hash == hash && rv_str_eq(map->key(map->slots[at].item), key))
			return at;
		at = (at + 1) & (map->cap - 1);
	}
	return map->cap;
}

static void insert(struct rv_map *map, struct rv_map_slot slot)
{
	size_t at = home_of(map, slot.hash);

	for (size_t d = 0; map->slots[at].item != NULL; d++) {
		size_t other = distance(map, at);

		if (other < d) {
			struct rv_map_slot nearer = map->slots[at];
			map->slots[at] = slot;
			slot = nearer;
			d = other;
		}
		at = (at + 1) & (map->cap - 1);
	}
	map->slots[at] = slot;
}

static int grow(struct rv_map *map)
{
	struct rv_map bigger = *map;

	bigger.cap = map->cap > 0 ? map->cap * 2 : CAP_MIN;
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].item != NULL)
			insert(&bigger, map->slots[i]);
	free(map->slots);
	*map = bigger;
	return RV_OK;
}

int rv_map_put(struct rv_map *map, void *item)
{
	struct rv_str key = map->key(item);
	uint64_t hash = hash_of(map, key);

	assert(item != NULL);
	if (find(map, key, hash) != map->cap)
		return RV_EEXISTS;
	if (map->count >= map->cap - map->cap / 8) {
		int err = grow(map);
		if (err != RV_OK)
			return err;
	}
	insert(map, (struct rv_map_slot){ item, hash });
	map->count++;
	return RV_OK;
}

void *rv_map_get(const struct rv_map *map, struct rv_str key)
{
	size_t at = find(map, key, hash_of(map, key));

	return at != map->cap ? map->slots[at].item : NULL;
}

void *rv_map_del(struct rv_map *map, struct rv_str key)
{
	size_t at = find(map, key, hash_of(map, key));
	void *item;

	if (at == map->cap)
		return NULL;
	item = map->slots[at].item;
	/* The rest of the run moves up by one, so that no tombstones are needed. */
	for (size_t next = (at + 1) & (map->cap - 1);
	     map->slots[next].item != NULL && distance(map, next) > 0;
	     next = (next + 1) & (map->cap - 1)) {
		map->slots[at] = map->slots[next];
		at = next;
	}
	map->slots[at] = (struct rv_map_slot){ 0 };
	map->count--;
	return item;
}

void *rv_map_next(const struct rv_map *map, size_t *pos)
{
	while (*pos < map->cap) {
		void *item = map->slots[(*pos)++].item;
		if (item != NULL)
			return item;
	}
	return NULL;
}
