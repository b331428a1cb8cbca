/* What parses has one key at least, each number once; written out and parsed again it is the same.
 * What does not leaves the output alone and is told with its line. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "secret/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_file(const struct rv_keyfile *file, struct rv_buf *out)
{
	const size_t half = RV_KEYFILE_MAC_LEN / 2;

	if (file->has_mac) {
		rv_buf_puts(out, "mac ");
		rv_hex_encode(out, rv_strn(file->mac, half));
		rv_buf_putc(out, ' ');
		rv_hex_encode(out, rv_strn(file->mac + half, half));
		rv_buf_putc(out, '\n');
	}
	for (size_t i = 0; i < file->count; i++) {
		rv_buf_printf(out, "%u ", file->keys[i].number);
		rv_hex_encode(out, rv_strn(file->keys[i].key, RV_KEYFILE_KEY_LEN));
		rv_buf_putc(out, '\n');
	}
}

static void check_numbers(const struct rv_keyfile *file)
{
	bool seen[256] = { false };

	assert(file->count >= 1 && file->count <= RV_KEYFILE_KEYS_MAX);
	for (size_t i = 0; i < file->count; i++) {
		assert(file->keys[i].number != 0 && !seen[file->keys[i].number]);
		seen[file->keys[i].number] = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_keyfile file = { .count = 99 }, again = { 0 };
	struct rv_diag diag = { 0 };
	struct rv_buf text = { 0 };

	if (rv_keyfile_parse(rv_strn(data, size), &file, &diag) != RV_OK) {
		assert(file.count == 99 && diag.key != NULL && diag.text[0] != '\0');
		return 0;
	}
	check_numbers(&file);
	write_file(&file, &text);
	int err = rv_keyfile_parse(rv_buf_str(&text), &again, NULL);
	assert(err == RV_OK);
	assert(memcmp(&file, &again, sizeof(file)) == 0);
	rv_buf_deinit(&text);
	return 0;
}
