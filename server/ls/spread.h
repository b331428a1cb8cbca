/* spread.h - keeps fleets from marching in step. Pure. */
#ifndef RV_LS_SPREAD_H
#define RV_LS_SPREAD_H

#include <stdint.h>

/* An interval drawn evenly from half of `interval_s` to one and a half times it, and never below
 * 1 s, for 0 makes devices retry without pause (spec/arms-protocol.md 3.4); 0, an answer without a
 * Location-Config, stays 0. `random`: any 32 bits. Another draw for each answer: devices that lost
 * their server in the same second come back over a whole interval, and do not meet again. */
uint32_t ls_spread_interval(uint32_t interval_s, uint32_t random);

#endif
