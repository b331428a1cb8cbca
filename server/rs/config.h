/* config.h - configs in the store: contents, versions, which is which.
 *
 *   blob --< content_module >-- config_content --< config_version >-- device
 *                                                     ^ working, startup, running of device_state
 *
 * A body and a content are stored once, whatever number of devices have them; a version says that
 * a device once had a content, and is never changed or deleted. Every change of a pointer leaves
 * a config_event. Inside a db work function, as everything that takes a struct rs_ctx.
 */
#ifndef RV_RS_CONFIG_H
#define RV_RS_CONFIG_H

#include "server/rs/core.h"

/* The version as people see it. RV_ENOTFOUND, without diag. */
int rs_config_find(struct rs_ctx *ctx, int64_t version_id,
		   struct rv_config_version *out) RV_MUSTCHECK;

/* Modules as they were given: with references to secrets. RV_ECORRUPT: there is no such version.
 */
int rs_config_load(struct rs_ctx *ctx, int64_t version_id, struct rv_module **modules,
		   size_t *n) RV_MUSTCHECK;

/* Make the device's working, startup or running config that version, and log it; nothing happens
 * if it is that already. A new startup config ends the wait for one, and any hold. */
int rs_config_point(struct rs_ctx *ctx, const struct rs_device *device, enum rv_config_kind kind,
		    int64_t version_id, enum rv_config_cause cause) RV_MUSTCHECK;

/* One row of the log. Version and previous: 0 = none. */
struct rs_config_event {
	int64_t device_id, version_id, previous_id;
	enum rv_config_kind kind;
	enum rv_config_cause cause;
	struct rv_str author;
};
int rs_config_log(struct rs_ctx *ctx, const struct rs_config_event *event) RV_MUSTCHECK;

#endif
