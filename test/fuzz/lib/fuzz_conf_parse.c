/* A file that parses must dump to one that parses to the same dump, survive packing, and hold
 * nothing of the environment; one that does not must leave everything alone and say why. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_conf_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char leak[] = "leaked-from-the-environment";

static struct rv_buf dump_and_free(struct rv_conf *conf)
{
	struct rv_buf text = { 0 };

	rv_conf_dump(conf, &text);
	assert(text.err == RV_OK);
	rv_conf_free(conf);
	return text;
}

static void check_good(struct rv_conf *conf, struct rv_str in)
{
	struct rv_buf packed = { 0 }, text, again;
	struct rv_conf *other = NULL;

	assert(rv_conf_pack(conf, fuzz_names, fuzz_files, &packed) == RV_OK);
	text = dump_and_free(conf);
	assert(memmem(in.ptr, in.len, leak, strlen(leak)) != NULL ||
	       memmem(text.ptr, text.len, leak, strlen(leak)) == NULL);
	assert(rv_conf_parse(fuzz_schema, FUZZ_SECTIONS, rv_buf_str(&text), "dump", &other, NULL) ==
	       RV_OK);
	again = dump_and_free(other);
	assert(rv_str_eq(rv_buf_str(&text), rv_buf_str(&again)));
	rv_buf_deinit(&again);
	assert(rv_conf_unpack(fuzz_schema, FUZZ_SECTIONS, rv_buf_str(&packed), &other) == RV_OK);
	again = dump_and_free(other);
	assert(rv_str_eq(rv_buf_str(&text), rv_buf_str(&again)));
	rv_buf_deinit(&again);
	rv_buf_deinit(&text);
	rv_buf_deinit(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str in = rv_strn(data, size);
	struct rv_diag diag = { 0 };
	struct rv_conf *conf = NULL;

	setenv("E", leak, 1);
	if (rv_conf_parse(fuzz_schema, FUZZ_SECTIONS, in, "fuzz", &conf, &diag) == RV_OK) {
		check_good(conf, in);
	} else {
		assert(conf == NULL);
		assert(diag.key != NULL && diag.text[0] != '\0');
	}
	return 0;
}
