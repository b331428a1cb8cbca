/* call.h - any operation by its table entry: beneath rsapi.h, and for `reeve ctl`. */
#ifndef RV_RSAPI_CALL_H
#define RV_RSAPI_CALL_H

#include "contract/desc.h"
#include "rsapi/rsapi.h"

/* `in` and `out` are the structs of op->in and op->out; otherwise as every call of rsapi.h. */
int rsapi_call(struct rsapi *api, const struct rv_contract_op *op, const void *in, void *out,
	       struct rsapi_error *error) RV_MUSTCHECK;

#endif
