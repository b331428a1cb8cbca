/* merge.h - metrics texts of many duties to one.
 *
 *   proxy.0: # TYPE reeve_x counter          # TYPE reeve_x counter
 *            reeve_x{kind="a"} 1      ==>    reeve_x{duty="proxy",instance="0",kind="a"} 1
 *   proxy.1: # TYPE reeve_x counter          reeve_x{duty="proxy",instance="1",kind="a"} 5
 *            reeve_x{kind="a"} 5
 *
 * Prometheus text format 0.0.4: all samples of one name together under one HELP and one TYPE, those
 * seen first. The texts are untrusted: a line that is not of the format, or that brings the labels
 * duty or instance itself, is left out and counted. Pure; not thread-safe.
 */
#ifndef RV_SERVER_STATUS_MERGE_H
#define RV_SERVER_STATUS_MERGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"

enum {
	RV_MERGE_FAMILIES_MAX = 4096,
	RV_MERGE_NAME_MAX = 128,
	RV_MERGE_BYTES_MAX = 32 * 1024 * 1024, /* of everything kept */
};

struct rv_merge {
	struct rv_arena arena;
	struct rv_map families;
	struct rv_list order;
	unsigned malformed; /* lines left out */
	int err; /* RV_OK, or RV_ELIMIT: incomplete, for a limit above or want of memory */
};

void rv_merge_init(struct rv_merge *merge);
void rv_merge_deinit(struct rv_merge *merge);

/* duty NULL: samples are taken as they are. */
void rv_merge_add(struct rv_merge *merge, struct rv_str text, const char *duty, unsigned instance);

void rv_merge_write(const struct rv_merge *merge, struct rv_buf *out);

#endif
