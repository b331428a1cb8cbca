/* options.h - the command line of `reeve verify-sa`. */
#ifndef RV_VERIFY_OPTIONS_H
#define RV_VERIFY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "verify/check.h"

enum verify_exit {
	VERIFY_EXIT_PASSED, /* every MUST that was asked for */
	VERIFY_EXIT_FAILED, /* or could not be judged */
	VERIFY_EXIT_USAGE,
	VERIFY_EXIT_NEVER,   /* the device never came */
	VERIFY_EXIT_FAILURE, /* of this machine: an address in use, a directory not writable */
};

struct verify_options {
	const char *listen;  /* numeric address */
	uint32_t port;       /* of LS 1, the others behind it; 0: the kernel's choice */
	const char *kit;     /* directory; NULL: a temporary one */
	const char *distid;  /* upper case */
	const char *key;     /* LS-SA key; NULL: that of the kit, or a new one */
	const char *command; /* NULL: somebody switches the device on */
	bool is_launcher;    /* the command's end says nothing of the device */
	bool is_warm;        /* the command is run again only when the device is gone */
	bool is_quick;
	bool is_old_tls; /* 1.0 and nothing else */
	bool is_list;
	const char *json, *report; /* files; NULL: none */
	int64_t slack_us, wait_us;
	bool is_selected[VERIFY_NUMBER_MAX + 1];
	bool has_selection;
	char distid_text[64];
};

/* True: go on; false: *status is the exit code (help was shown, or a message). */
bool verify_options_parse(int argc, char **argv, struct verify_options *out,
			  enum verify_exit *status);

/* In the user's language. */
const char *verify_tr(const char *english, const char *japanese);
void verify_error(const char *fmt, ...) RV_PRINTF(1, 2);

#endif
