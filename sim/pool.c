#include "sim/pool.h"

#include <assert.h>
#include <stdalign.h>
#include <sys/mman.h>

struct sim_pool_chunk {
	alignas(SIM_POOL_STEP) struct sim_pool_chunk *next;
	alignas(SIM_POOL_STEP) char blocks[];
};

static size_t class_of(size_t size)
{
	assert(size > 0 && size <= SIM_POOL_MAX);
	return (size - 1) / SIM_POOL_STEP;
}

static void add_block(struct sim_pool *pool, size_t class, void *block)
{
	struct sim_pool_free *free_block = block;

	free_block->next = pool->blocks[class];
	pool->blocks[class] = free_block;
}

static void add_chunk(struct sim_pool *pool, size_t class)
{
	size_t size = (class + 1) * SIM_POOL_STEP;
	struct sim_pool_chunk *chunk = mmap(NULL, SIM_POOL_CHUNK, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (chunk == MAP_FAILED)
		return;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	for (size_t at = sizeof(*chunk); at + size <= SIM_POOL_CHUNK; at += size)
		add_block(pool, class, (char *)chunk + at);
}

void *sim_pool_get(struct sim_pool *pool, size_t size)
{
	size_t class = class_of(size);
	struct sim_pool_free *block;

	if (pool->blocks[class] == NULL)
		add_chunk(pool, class);
	block = pool->blocks[class];
	if (block != NULL)
		pool->blocks[class] = block->next;
	return block;
}

void sim_pool_put(struct sim_pool *pool, void *block, size_t size)
{
	if (block != NULL)
		add_block(pool, class_of(size), block);
}

void sim_pool_deinit(struct sim_pool *pool)
{
	struct sim_pool_chunk *next;

	for (struct sim_pool_chunk *chunk = pool->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		munmap(chunk, SIM_POOL_CHUNK);
	}
	*pool = (struct sim_pool){ 0 };
}
