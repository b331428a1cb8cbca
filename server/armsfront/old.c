#include "server/armsfront/old.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"

enum { ADDRESS_MAX = 48 };

struct address {
	struct rv_list link; /* in old->recent, longest ago first */
	int64_t seen_us;
	int64_t told_us; /* when the caller was told to log it */
	char text[ADDRESS_MAX];
};

struct rv_old {
	struct rv_map map;
	struct rv_list recent;
};

static struct rv_str address_key(const void *item)
{
	const struct address *address = item;

	return rv_str(address->text);
}

struct rv_old *rv_old_new(uint64_t seed)
{
	struct rv_old *old = calloc(1, sizeof(*old));

	if (old == NULL)
		return NULL;
	rv_map_init(&old->map, address_key, seed);
	rv_list_init(&old->recent);
	return old;
}

static void forget_oldest(struct rv_old *old)
{
	struct rv_list *link = rv_list_pop(&old->recent);
	struct address *address = RV_CONTAINER_OF(link, struct address, link);

	rv_map_del(&old->map, rv_str(address->text));
	free(address);
}

void rv_old_free(struct rv_old *old)
{
	if (old == NULL)
		return;
	while (!rv_list_is_empty(&old->recent))
		forget_oldest(old);
	rv_map_deinit(&old->map);
	free(old);
}

static void forget_past(struct rv_old *old, int64_t now_us)
{
	while (!rv_list_is_empty(&old->recent) &&
	       RV_CONTAINER_OF(old->recent.next, struct address, link)->seen_us + RV_OLD_KEEP_US <=
		       now_us)
		forget_oldest(old);
}

static struct address *add(struct rv_old *old, struct rv_str text)
{
	struct address *address;

	if (old->map.count == RV_OLD_ADDRESSES_MAX)
		forget_oldest(old);
	address = calloc(1, sizeof(*address));
	if (address == NULL || !rv_str_copy(text, address->text, sizeof(address->text)) ||
	    rv_map_put(&old->map, address) != RV_OK) {
		free(address);
		return NULL;
	}
	rv_list_init(&address->link);
	return address;
}

bool rv_old_note(struct rv_old *old, const char *peer, int64_t now_us)
{
	const char *port = strrchr(peer, ':');
	struct rv_str text = port == NULL ? rv_str(peer) : rv_strn(peer, (size_t)(port - peer));
	struct address *address;
	bool is_news;

	forget_past(old, now_us);
	address = rv_map_get(&old->map, text);
	is_news = address == NULL || address->told_us + RV_OLD_KEEP_US <= now_us;
	if (address == NULL)
		address = add(old, text);
	if (address == NULL)
		return true;
	rv_list_del(&address->link);
	rv_list_add_tail(&old->recent, &address->link);
	address->seen_us = now_us;
	if (is_news)
		address->told_us = now_us;
	return is_news;
}

size_t rv_old_count(struct rv_old *old, int64_t now_us)
{
	forget_past(old, now_us);
	return old->map.count;
}
