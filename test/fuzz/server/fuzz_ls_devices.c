/* The devices file of a Location Server that runs alone: any bytes give records or a named line. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ls/devices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rv_secret *make_secret(void)
{
	char path[] = "/tmp/reeve-fuzz-XXXXXX";
	struct rv_secret *secret = NULL;
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	close(fd);
	unlink(path);
	if (rv_secret_open(path, &secret, NULL) != RV_OK)
		abort();
	unlink(path);
	return secret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rv_secret *secret;
	struct rv_feed_record *records = NULL;
	struct rv_diag diag = { 0 };
	struct rv_arena arena;
	size_t n = 0;

	if (secret == NULL)
		secret = make_secret();
	rv_arena_init(&arena, 64 * 1024 * 1024);
	int err = ls_devices_parse(rv_strn(data, size), secret, &arena, &records, &n, &diag);
	if (err == RV_OK) {
		for (size_t i = 0; i < n; i++)
			assert(records[i].has_device != records[i].has_location);
	} else {
		assert(records == NULL && n == 0);
		assert(diag.line > 0 || err == -12);
	}
	rv_arena_deinit(&arena);
	return 0;
}
