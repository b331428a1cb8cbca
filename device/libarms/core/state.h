/* state.h - the state cache: what lets a restarted device skip the LS.
 *
 *   0  "REEVESA" NUL   8  format version u32   12  payload length u32   16  checksum u64
 *  24  payload, then zeros up to RV_SA_STATE_SIZE
 *
 * Big-endian, strings length-prefixed: the same bytes on every machine. The checksum is
 * SipHash-2-4 under a fixed key over everything behind it: it finds damage, not forgery, and the
 * blob holds keys and passwords in clear, so it belongs into protected memory.
 * Not the format of the original library: that one depends on its ABI (spec 1.6).
 */
#ifndef RV_DEVICE_LIBARMS_CORE_STATE_H
#define RV_DEVICE_LIBARMS_CORE_STATE_H

#include "device/libarms/core/location.h"

enum { RV_SA_STATE_SIZE = 12288, RV_SA_STATE_VERSION = 1 };

struct rv_sa_state {
	char endpoint[RV_ARMSHTTP_RS_URL_MAX + 1]; /* RS that answered last; "": LS first */
	char rs_key[RV_ARMSXML_KEY_MAX + 1];
	int32_t last_result; /* result code of the last answer, for diagnosis */
	struct rv_sa_location loc;
};

/* Every state fits RV_SA_STATE_SIZE bytes: cannot fail. */
void rv_sa_state_dump(const struct rv_sa_state *state, char out[static RV_SA_STATE_SIZE]);

/* Untrusted. RV_ECORRUPT: not a state, damaged, or with values no dump has; RV_EVERSION: of
 * another version; -ENOMEM. *out untouched then; otherwise out->loc owns memory. */
int rv_sa_state_restore(const char in[static RV_SA_STATE_SIZE],
			struct rv_sa_state *out) RV_MUSTCHECK;

#endif
