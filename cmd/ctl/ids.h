/* ids.h - very many distribution ids in little memory: 24 bytes each, sorted when all are in. */
#ifndef RV_CMD_CTL_IDS_H
#define RV_CMD_CTL_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/distid/distid.h"

enum { CTL_IDS_MAX = 10 * 1000 * 1000 };

struct ctl_id {
	uint8_t wire[RV_DISTID_WIRE_LEN];
	uint64_t line; /* where it stood */
};

struct ctl_ids { /* all-zero: empty */
	struct ctl_id *item;
	size_t count, cap;
};

void ctl_ids_deinit(struct ctl_ids *ids);
/* -ENOMEM; RV_ELIMIT. */
int ctl_ids_add(struct ctl_ids *ids, const struct rv_distid *id, uint64_t line) RV_MUSTCHECK;
void ctl_ids_sort(struct ctl_ids *ids); /* by id, then by line */
/* Only when sorted. */
bool ctl_ids_have(const struct ctl_ids *ids, const struct rv_distid *id);

#endif
