#include "cmd/ctl/ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ctl_ids_deinit(struct ctl_ids *ids)
{
	free(ids->item);
	*ids = (struct ctl_ids){ 0 };
}

int ctl_ids_add(struct ctl_ids *ids, const struct rv_distid *id, uint64_t line)
{
	if (ids->count == CTL_IDS_MAX)
		return RV_ELIMIT;
	if (ids->count == ids->cap) {
		size_t cap = ids->cap * 2 + 1024;
		struct ctl_id *grown = realloc(ids->item, cap * sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		ids->item = grown;
		ids->cap = cap;
	}
	rv_distid_to_wire(id, ids->item[ids->count].wire);
	ids->item[ids->count++].line = line;
	return RV_OK;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, RV_DISTID_WIRE_LEN);
}

static int compare(const void *a, const void *b)
{
	const struct ctl_id *x = a;
	const struct ctl_id *y = b;
	int r = compare_ids(x->wire, y->wire);

	return r != 0 ? r : (x->line > y->line) - (x->line < y->line);
}

void ctl_ids_sort(struct ctl_ids *ids)
{
	if (ids->count > 0)
		qsort(ids->item, ids->count, sizeof(*ids->item), compare);
}

bool ctl_ids_have(const struct ctl_ids *ids, const struct rv_distid *id)
{
	uint8_t wire[RV_DISTID_WIRE_LEN];

	rv_distid_to_wire(id, wire);
	return ids->count > 0 &&
	       bsearch(wire, ids->item, ids->count, sizeof(*ids->item), compare_ids) != NULL;
}
