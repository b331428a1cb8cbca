#include "cmd/ctl/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int ctl_wrong(struct ctl_io *io, const char *key, const char *arg1, const char *arg2)
{
	char full[64];

	snprintf(full, sizeof(full), "ctl:err.%s", key);
	rv_buf_clear(io->err);
	rv_text_put(io->err, io->lang, full, arg1, arg2);
	return RV_EINVALID;
}

int ctl_read_file(struct ctl_io *io, const char *path, size_t max, struct rv_str *out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct rv_buf buf = { .max = max, .wipe = true };
	char limit[24];
	int r;

	if (is_stdin && io->stdin_used)
		return ctl_wrong(io, "stdin_twice", NULL, NULL);
	io->stdin_used |= is_stdin;
	r = rv_buf_read_file(&buf, is_stdin ? "/dev/stdin" : path, max);
	if (r == RV_OK) {
		*out = rv_arena_str(io->arena, rv_buf_str(&buf));
		r = out->ptr != NULL ? RV_OK : -ENOMEM;
	}
	rv_buf_deinit(&buf);
	if (r == RV_ELIMIT) {
		snprintf(limit, sizeof(limit), "%zu", max);
		return ctl_wrong(io, "file_size", path, limit);
	}
	return r == RV_OK ? r : ctl_wrong(io, "file", path, strerror(-r));
}
