/* fail.h - named places where a process can be made to die, for tests of crashes.
 *
 *   rv_fail_point("rs.pull.committed");
 *
 * Built with -Dfail_points=true, a process whose environment has REEVE_FAIL_POINT=name dies by
 * SIGKILL when it gets there; name:3 lets it pass twice first. Built without, which is the default,
 * a fail point is nothing at all. Names are those of log events: <component>.<noun>.<past-verb>.
 * Any thread.
 */
#ifndef RV_BASE_FAIL_H
#define RV_BASE_FAIL_H

#ifdef RV_FAIL_POINTS
void rv_fail_point(const char *name);
#else
#define rv_fail_point(name) ((void)0)
#endif

#endif
