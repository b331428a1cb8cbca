/* persona.h - who a simulated device is: everything about it follows from a seed and its number.
 *
 *   distribution id  0001-0000-51B0-0080-SSSS-SSSS-NNNN-NNNN   (seed's low 32 bits, number)
 *   keys             16 hex digits each
 *   config           text whose first line says how to make it again, so that a device can judge
 *                    every byte it is given without having been told anything
 *
 * So `reeve sim register` and `reeve sim` need to agree on the seed only. Pure. Nothing here is
 * a secret worth the name: these devices exist for measurements.
 */
#ifndef RV_SIM_PERSONA_H
#define RV_SIM_PERSONA_H

#include "base/buf.h"
#include "proto/distid/distid.h"

enum {
	SIM_KEY_LEN = 16,
	SIM_CONFIG_MIN = 96, /* the first line fits */
	SIM_CONFIG_MAX = 1024 * 1024,
};

struct sim_persona {
	struct rv_distid id;
	char distid[RV_DISTID_TEXT_LEN + 1];
	char ls_key[SIM_KEY_LEN + 1];
	char rs_key[SIM_KEY_LEN + 1];
};

void sim_persona_make(uint64_t seed, uint32_t number, struct sim_persona *out);

/* The config of one module, exactly `bytes` (SIM_CONFIG_MIN..SIM_CONFIG_MAX) of them, appended. */
void sim_config_make(uint64_t seed, uint32_t number, uint32_t module, size_t bytes,
		     struct rv_buf *out);
/* Is this, byte by byte, what the device of that number and seed is to get for that module? A text
 * that sim_config_make did not make is some operator's: true. */
bool sim_config_is_right(uint64_t seed, uint32_t number, uint32_t module, struct rv_str config);

#endif
