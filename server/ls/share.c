#include "server/ls/share.h"

#include "base/siphash.h"

/* No secret: only an even spread is needed, the same everywhere and for ever. */
static const uint64_t key0 = 0x72656576652d6c73, key1 = 0x2d726f6c6c2d6f75;

unsigned ls_share_of(struct rv_str distid)
{
	return (unsigned)(rv_siphash(key0, key1, distid) % 100);
}

static bool contains(const struct rv_str *list, size_t n, struct rv_str s)
{
	for (size_t i = 0; i < n; i++)
		if (rv_str_eq(list[i], s))
			return true;
	return false;
}

bool ls_share_has(const struct rv_feed_next *next, struct rv_str distid, struct rv_str group)
{
	return ls_share_of(distid) < next->percent ||
	       (group.len > 0 && contains(next->groups, next->groups_len, group)) ||
	       contains(next->distids, next->distids_len, distid);
}
