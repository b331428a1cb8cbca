#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MIN = 4096, ALIGN = _Alignof(max_align_t) };

struct rv_arena_block {
	struct rv_arena_block *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(max_align_t) char data[];
};

void rv_arena_init(struct rv_arena *arena, size_t max)
{
	*arena = (struct rv_arena){ .max = max };
}

static void free_blocks(struct rv_arena *arena, bool wipe)
{
	struct rv_arena_block *next;

	for (struct rv_arena_block *b = arena->head; b != NULL; b = next) {
		next = b->next;
		if (wipe)
			rv_wipe(b->data, b->used);
		free(b);
	}
	arena->head = NULL;
	arena->used = 0;
}

void rv_arena_deinit(struct rv_arena *arena)
{
	if (arena != NULL)
		free_blocks(arena, false);
}

void rv_arena_wipe(struct rv_arena *arena)
{
	if (arena != NULL)
		free_blocks(arena, true);
}

/* A block with room for size bytes, as the new head unless the old head has more room left:
 * one large item must not strand the rest of a block. */
static struct rv_arena_block *add_block(struct rv_arena *arena, size_t size)
{
	size_t room = BLOCK_MIN - sizeof(struct rv_arena_block);
	struct rv_arena_block *head = arena->head;
	struct rv_arena_block *b;

	if (room < size)
		room = size;
	b = calloc(1, sizeof(*b) + room);
	if (b == NULL)
		return NULL;
	b->size = room;
	if (head != NULL && head->size - head->used > room - size) {
		b->next = head->next;
		head->next = b;
	} else {
		b->next = head;
		arena->head = b;
	}
	return b;
}

/* Memory comes zeroed from calloc() and is handed out once, so it needs no clearing here. */
void *rv_arena_alloc(struct rv_arena *arena, size_t size)
{
	struct rv_arena_block *b = arena->head;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = size > 0 ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	if (arena->max > 0 && (arena->used > arena->max || size > arena->max - arena->used))
		return NULL;
	if (b == NULL || b->size - b->used < size)
		b = add_block(arena, size);
	if (b == NULL)
		return NULL;
	p = b->data + b->used;
	b->used += size;
	arena->used += size;
	return p;
}

void *rv_arena_array(struct rv_arena *arena, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return rv_arena_alloc(arena, total);
}

char *rv_arena_copy(struct rv_arena *arena, const void *data, size_t len)
{
	char *p = len < SIZE_MAX ? rv_arena_alloc(arena, len + 1) : NULL;

	if (p != NULL && len > 0)
		memcpy(p, data, len);
	return p;
}

struct rv_str rv_arena_str(struct rv_arena *arena, struct rv_str s)
{
	char *p = rv_arena_copy(arena, s.ptr, s.len);

	return rv_strn(p, p != NULL ? s.len : 0);
}

char *rv_arena_printf(struct rv_arena *arena, const char *fmt, ...)
{
	va_list args;
	char *p;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return NULL;
	p = rv_arena_alloc(arena, (size_t)len + 1);
	if (p == NULL)
		return NULL;
	va_start(args, fmt);
	vsnprintf(p, (size_t)len + 1, fmt, args);
	va_end(args);
	return p;
}
