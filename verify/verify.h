/* verify.h - `reeve verify-sa`: judges a foreign device by the checklist of the ARMS protocol. */
#ifndef RV_VERIFY_VERIFY_H
#define RV_VERIFY_VERIFY_H

#include "verify/options.h"

/* argv[0] is the program. Exit status: enum verify_exit. */
int rv_verify_main(int argc, char **argv);

/* Plays all selected steps and writes the reports. */
enum verify_exit verify_run(const struct verify_options *options);

#endif
