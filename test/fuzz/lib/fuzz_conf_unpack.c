/* Bytes that unpack must pack to bytes that unpack to the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz_conf_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rv_buf pack_and_free(struct rv_conf *conf)
{
	struct rv_buf bytes = { 0 };

	assert(rv_conf_pack(conf, fuzz_names, fuzz_files, &bytes) == RV_OK);
	rv_conf_free(conf);
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_conf *conf = NULL;
	struct rv_buf bytes, again;

	if (rv_conf_unpack(fuzz_schema, FUZZ_SECTIONS, rv_strn(data, size), &conf) != RV_OK) {
		assert(conf == NULL);
		return 0;
	}
	bytes = pack_and_free(conf);
	assert(rv_conf_unpack(fuzz_schema, FUZZ_SECTIONS, rv_buf_str(&bytes), &conf) == RV_OK);
	again = pack_and_free(conf);
	assert(rv_str_eq(rv_buf_str(&bytes), rv_buf_str(&again)));
	rv_buf_deinit(&bytes);
	rv_buf_deinit(&again);
	return 0;
}
