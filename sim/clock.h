/* clock.h - what the simulated device that runs just now believes the day to be.
 *
 * OpenSSL asks time(3), and finds ours: the program's definition comes before libc's. Devices ask
 * no other clock of the day, and the simulator itself none at all. One thread.
 */
#ifndef RV_SIM_CLOCK_H
#define RV_SIM_CLOCK_H

void sim_clock_set(int days); /* ahead of the real one; 0: right */

#endif
