/* main.h - `reeve sim virtual`. */
#ifndef RV_SIM_VIRTUAL_MAIN_H
#define RV_SIM_VIRTUAL_MAIN_H

/* argv[0] is the program. Exit status: enum sim_exit. */
int vw_main(int argc, char **argv);

#endif
