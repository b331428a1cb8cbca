/* ctl.h - `reeve ctl`: the operations of the RS-API as commands. */
#ifndef RV_CMD_CTL_CTL_H
#define RV_CMD_CTL_CTL_H

enum rv_ctl_exit {
	RV_CTL_OK = 0,
	RV_CTL_FAILED = 1, /* the server could not do it, or not now */
	RV_CTL_USAGE = 2,  /* the command line or a file is wrong, or a value the server refuses */
	RV_CTL_NOT_FOUND = 3,   /* there is no such thing */
	RV_CTL_DENIED = 4,      /* no token, a wrong one, or one without the right */
	RV_CTL_UNREACHABLE = 5, /* no server, no answer in time, TLS failed */
	RV_CTL_NOT_READY = 6,   /* the answer is a report that not all is well */
};

/* argv[0] is "ctl". Returns the exit status of the process. Uses standard input, output and error,
 * the environment (REEVE_SERVER, REEVE_TOKEN, REEVE_CA, HOME, LC_ALL, LC_MESSAGES, LANG, TZ). */
int rv_ctl_main(int argc, char **argv);

#endif
