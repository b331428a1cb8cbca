/* calls.h - one list of calls with one list of answers, for every transport of librsapi. */
#ifndef RV_TEST_UNIT_RSAPI_CALLS_H
#define RV_TEST_UNIT_RSAPI_CALLS_H

#include "rsapi/rsapi.h"

/* Runs the list against a fresh rs and asserts (cmocka) every result and error. */
void assert_calls(struct rsapi *api);

#endif
