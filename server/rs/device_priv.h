/* device_priv.h - what all operations on a device check and tell. Private to device.c and
 * device_make.c. Each fills the diag when it fails. */
#ifndef RV_RS_DEVICE_PRIV_H
#define RV_RS_DEVICE_PRIV_H

#include "server/rs/core.h"

/* Keys, names and passphrases go into HTTP Basic and into ASCII XML. The value is never shown.
 * RV_EINVALID. */
int rs_device_check_printable(struct rv_str value, const char *field,
			      struct rv_diag *diag) RV_MUSTCHECK;
/* There are such a Location-Config, such a group ("": none is asked for). RV_ENOTFOUND. */
int rs_device_check_location(struct rs_ctx *ctx, struct rv_str name,
			     struct rv_diag *diag) RV_MUSTCHECK;
int rs_device_check_group(struct rs_ctx *ctx, struct rv_str name,
			  struct rv_diag *diag) RV_MUSTCHECK;

/* As it is shown to callers. As rs_device_find. */
int rs_device_find_public(struct rs_ctx *ctx, struct rv_str distid, struct rv_device *out,
			  struct rv_diag *diag) RV_MUSTCHECK;

/* As rs_want_ls. */
int rs_device_want_ls(struct rs_ctx *ctx, bool wait_ls, bool has_seconds, uint32_t seconds,
		      struct rv_diag *diag) RV_MUSTCHECK;

#endif
