/* source.h - files and standard input named on the command line. */
#ifndef RV_CMD_CTL_SOURCE_H
#define RV_CMD_CTL_SOURCE_H

#include "base/arena.h"
#include "contract/texts.h"

/* State of one command line. */
struct ctl_io {
	enum rv_lang lang;
	struct rv_arena *arena; /* everything read, wiped in the end: it may be secret */
	bool stdin_used;
	struct rv_buf *err; /* one sentence for the user, when something fails */
};

/* Put the sentence of texts/ctl.json "err.<key>" into io->err and return RV_EINVALID. */
int ctl_wrong(struct ctl_io *io, const char *key, const char *arg1, const char *arg2);

/* The contents of the file ("-": standard input), of at most max bytes. RV_EINVALID with io->err.
 */
int ctl_read_file(struct ctl_io *io, const char *path, size_t max, struct rv_str *out) RV_MUSTCHECK;

#endif
