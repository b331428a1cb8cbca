/* subkey.h - what is made of a master key. Private to lib/secret. */
#ifndef RV_SECRET_SUBKEY_H
#define RV_SECRET_SUBKEY_H

#include <stdint.h>

#include "secret/keyfile.h"

/* Subkeys 1 (MAC) and 2 (print), one behind the other. */
void rv_subkeys_mac(const uint8_t master[static RV_KEYFILE_KEY_LEN],
		    uint8_t out[static RV_KEYFILE_MAC_LEN]);
/* Subkey 3: boxes. */
void rv_subkey_box(const uint8_t master[static RV_KEYFILE_KEY_LEN],
		   uint8_t out[static RV_KEYFILE_KEY_LEN]);

#endif
