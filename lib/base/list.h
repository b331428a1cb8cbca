/* list.h - intrusive doubly linked ring; the link lives in its owner.
 *
 * A head is a link that points at itself. No allocation; O(1) everywhere.
 */
#ifndef RV_BASE_LIST_H
#define RV_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct rv_list {
	struct rv_list *next;
	struct rv_list *prev;
};

#define RV_CONTAINER_OF(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define rv_list_for_each(it, head)       for ((it) = (head)->next; (it) != (head); (it) = (it)->next)

static inline void rv_list_init(struct rv_list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool rv_list_is_empty(const struct rv_list *l)
{
	return l->next == l;
}

static inline void rv_list_add_tail(struct rv_list *head, struct rv_list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* Afterwards l is a list of its own, so removing twice is harmless. */
static inline void rv_list_del(struct rv_list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	rv_list_init(l);
}

static inline struct rv_list *rv_list_pop(struct rv_list *head)
{
	struct rv_list *l = head->next;

	if (l == head)
		return NULL;
	rv_list_del(l);
	return l;
}

#endif
