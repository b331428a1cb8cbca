/* check_priv.h - what check.c and push_check.c share. Every result is RV_OK or a refusal as build.h
 * and push_build.h describe them, with diag->where the field.
 */
#ifndef RV_PROTO_ARMSXML_CHECK_PRIV_H
#define RV_PROTO_ARMSXML_CHECK_PRIV_H

#include "base/diag.h"
#include "proto/armsxml/table_priv.h"

#define RV_ARMSXML_CHECK_KEY "arms.response"

enum { RV_ARMSXML_CODE_MAX = 999 };

/* Characters, lengths and counts of everything that the table knows. */
int rv_armsxml_check_fields(const struct rv_armsxml_elem *table, const void *message,
			    struct rv_diag *diag) RV_MUSTCHECK;
/* Set, and in the range. */
int rv_armsxml_check_range(struct rv_armsxml_int number, int32_t min, int32_t max,
			   const char *where, struct rv_diag *diag) RV_MUSTCHECK;
/* In the range if set. */
int rv_armsxml_check_optional(struct rv_armsxml_int number, int32_t min, int32_t max,
			      const char *where, struct rv_diag *diag) RV_MUSTCHECK;
/* A URL that devices can use. `where` becomes element[i]child. */
int rv_armsxml_check_url(struct rv_str text, size_t max, const char *element, size_t i,
			 const char *child, struct rv_diag *diag) RV_MUSTCHECK;
int rv_armsxml_check_module_ids(const struct rv_armsxml_module *modules, size_t count,
				struct rv_diag *diag) RV_MUSTCHECK;

#endif
