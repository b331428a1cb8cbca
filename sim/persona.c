#include "sim/persona.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/siphash.h"

#define MARK "# reeve sim "

enum { VERSION = 1, VENDOR = 0x51B0, MODEL = 0x0080, LINE_LEN = 64 };

static void make_key(const struct sim_persona *p, uint64_t seed, const char *use, char *out)
{
	char text[RV_DISTID_TEXT_LEN + 16];

	snprintf(text, sizeof(text), "%s %s", p->distid, use);
	snprintf(out, SIM_KEY_LEN + 1, "%016" PRIx64, rv_siphash(seed, 0, rv_str(text)));
}

void sim_persona_make(uint64_t seed, uint32_t number, struct sim_persona *out)
{
	out->id = (struct rv_distid){
		.serial = seed << 32 | number, .vendor = VENDOR, .version = VERSION, .model = MODEL
	};
	rv_distid_format(&out->id, out->distid);
	make_key(out, seed, "ls", out->ls_key);
	make_key(out, seed, "rs", out->rs_key);
}

void sim_config_make(uint64_t seed, uint32_t number, uint32_t module, size_t bytes,
		     struct rv_buf *out)
{
	size_t end = out->len + bytes;
	char line[LINE_LEN + 1];

	assert(bytes >= SIM_CONFIG_MIN && bytes <= SIM_CONFIG_MAX);
	rv_buf_printf(out, MARK "%" PRIu64 " %" PRIu32 " %" PRIu32 " %zu\n", seed, number, module,
		      bytes);
	for (uint64_t i = 0; out->err == RV_OK && out->len < end; i++) {
		uint64_t value = rv_siphash(seed, (uint64_t)number << 32 | module,
					    rv_strn(&i, sizeof(i)));

		snprintf(line, sizeof(line), "route 10.%u.%u.0/24 gateway %016" PRIx64 "\n",
			 (unsigned)(value >> 8 & 0xff), (unsigned)(value & 0xff), value);
		rv_buf_put_str(out, rv_str_sub(rv_str(line), 0, end - out->len));
	}
}

bool sim_config_is_right(uint64_t seed, uint32_t number, uint32_t module, struct rv_str config)
{
	struct rv_buf right = { 0 };
	bool is_right;

	if (!rv_str_starts(config, MARK))
		return true;
	if (config.len < SIM_CONFIG_MIN || config.len > SIM_CONFIG_MAX)
		return false;
	sim_config_make(seed, number, module, config.len, &right);
	is_right = right.err == RV_OK && rv_str_eq(rv_buf_str(&right), config);
	rv_buf_deinit(&right);
	return is_right;
}
