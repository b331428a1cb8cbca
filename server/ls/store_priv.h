/* store_priv.h - the boxes of the ls store. Private to store.c, claim.c and solicit.c. */
#ifndef RV_LS_STORE_PRIV_H
#define RV_LS_STORE_PRIV_H

#include "server/ls/store.h"

enum { LS_BOX_ID_MAX = 2 * LS_OPERATOR_NAME_MAX + 2 };

/* Where a box belongs: the name of the thing for operator "local", as it always was, otherwise
 * "operator/name". The result lies in *out. */
struct ls_box_id {
	char text[LS_BOX_ID_MAX];
};
struct rv_str ls_box_id(struct rv_str operator_name, struct rv_str name, struct ls_box_id *out);

/* The result is in the arena. */
int ls_unseal(struct ls_store *store, struct rv_arena *arena, const char *label, struct rv_str id,
	      struct rv_str box, struct rv_str *out) RV_MUSTCHECK;

#endif
