/* reseal.h - which columns of the rs store hold boxes. A new one is to be added here, or its boxes
 * do not open any more once a rotation has dropped their key: test/unit/server/rs/test_reseal.c
 * tells. */
#ifndef RV_RS_RESEAL_H
#define RV_RS_RESEAL_H

#include "server/serve/reseal.h"

extern const struct rv_reseal_column rs_reseal_columns[];
extern const size_t rs_reseal_column_count;

#endif
