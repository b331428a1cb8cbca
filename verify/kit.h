/* kit.h - keys and certificates of one run, and the directory with what the device needs.
 *
 *   ls-root.crt       the one root certificate that the device trusts at first
 *   initial.conf      Initial-Config: both LSs, interval 1, count 1
 *   distribution-id   LS-SA key's owner
 *   ls-sa-key
 *   ls-root.key       signs the LSs; makes the kit usable for further runs
 *   device.log        output of --device-command
 *
 * Everything else is made anew for each run and lives in memory. Blocking, at start-up only.
 */
#ifndef RV_VERIFY_KIT_H
#define RV_VERIFY_KIT_H

#include "tls/tls.h"
#include "verify/answer.h"
#include "verify/options.h"

enum { VERIFY_PATH_MAX = 4096 };

struct verify_kit {
	char path[VERIFY_PATH_MAX]; /* of the directory, absolute */
	bool is_temporary;
	char ls_key[VERIFY_KEY_MAX + 1];
	struct rv_buf ls_root; /* PEM */
	struct rv_buf rs_ca, foreign_ca, sa_certificate, sa_key;
	/* NULL: no such certificate on this side. */
	struct rv_tls_ctx *ls[VERIFY_CERTS], *rs[VERIFY_CERTS];
};

/* Makes or reads all; a message on failure (false). */
bool verify_kit_open(struct verify_kit *kit, const struct verify_options *options);
/* What can only be written when the ports are known. */
bool verify_kit_finish(struct verify_kit *kit, const struct verify_options *options,
		       const struct verify_world *world);
/* Removes a temporary directory. */
void verify_kit_close(struct verify_kit *kit);

#endif
