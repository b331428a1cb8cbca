/* fail.h - named places where a process can be made to die, for tests of crashes.
 *
 *   rv_fail_point("rs.pull.committed");
 *
 * Built with -Dfail_points=true, a process whose environment has REEVE_FAIL_POINT=name dies by
 * SIGKILL when it gets there; name:3 lets it pass twice first. Built without, which is the default,
 * nothing outside can make a fail point do anything. In a virtual world (base/virtual.h) the world
 * is told, in every build. Names are those of log events: <component>.<noun>.<past-verb>. Any
 * thread.
 */
#ifndef RV_BASE_FAIL_H
#define RV_BASE_FAIL_H

void rv_fail_point(const char *name);

#endif
