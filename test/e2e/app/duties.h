/* duties.h - duties that exist to be started, killed and asked by test_supervisor.py.
 *
 *   front     listens on TCP, one command per line, calls echo
 *   echo      serves test.echo (the body back) and test.die (its process ends by SIGKILL)
 *   crasher   ends as soon as it has reported ready
 *   stubborn  never stops when asked
 *   refuser   start() refuses while `refuser { refuse = on }`
 *   outsider  no duty: the name under which rv-test-join joins
 */
#ifndef RV_TEST_E2E_APP_DUTIES_H
#define RV_TEST_E2E_APP_DUTIES_H

#include "app/duty.h"

extern const struct rv_duty_spec rv_test_front_spec, rv_test_echo_spec, rv_test_crasher_spec,
	rv_test_stubborn_spec, rv_test_refuser_spec, rv_test_outsider_spec;
extern const struct rv_duty_code rv_test_front_code, rv_test_echo_code, rv_test_crasher_code,
	rv_test_stubborn_code, rv_test_refuser_code;
extern const struct rv_conf_section rv_test_sections[];
extern const size_t rv_test_section_count;

#endif
