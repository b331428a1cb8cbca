/* buf.h - a growing byte buffer with a limit and a sticky error.
 *
 * Writers append without checking and look at buf.err once at the end: after
 * the first failure (RV_ELIMIT, -ENOMEM) every further append does nothing.
 * An all-zero struct is an empty buffer without limit. Not thread-safe.
 */
#ifndef RV_BASE_BUF_H
#define RV_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct rv_buf {
	char *ptr;  /* owned; not NUL-terminated */
	size_t len; /* bytes used */
	size_t cap; /* bytes allocated */
	size_t max; /* bytes at most; 0 = no limit */
	int err;    /* RV_OK or the first failure */
	bool wipe;  /* zero the memory before it is given back */
};

void rv_buf_init(struct rv_buf *buf, size_t max);
void rv_buf_deinit(struct rv_buf *buf); /* leaves an all-zero struct; NULL allowed */
void rv_buf_clear(struct rv_buf *buf);  /* empty, error forgotten, memory kept */

void rv_buf_put(struct rv_buf *buf, const void *data, size_t len);
void rv_buf_put_str(struct rv_buf *buf, struct rv_str s);
void rv_buf_puts(struct rv_buf *buf, const char *cstr);
void rv_buf_putc(struct rv_buf *buf, char c);
void rv_buf_printf(struct rv_buf *buf, const char *fmt, ...) RV_PRINTF(2, 3);

/* Room for `len` more bytes, to be filled and then counted by rv_buf_commit; NULL on failure. */
char *rv_buf_reserve(struct rv_buf *buf, size_t len);
void rv_buf_commit(struct rv_buf *buf, size_t len);

void rv_buf_consume(struct rv_buf *buf, size_t len); /* drop from the front */
struct rv_str rv_buf_str(const struct rv_buf *buf);  /* valid until the next append */

/* Append the whole file; more than max bytes are refused with RV_ELIMIT. Other errors: those of
 * open(2) and read(2), -ENOMEM. On failure the buffer is as before. */
int rv_buf_read_file(struct rv_buf *buf, const char *path, size_t max) RV_MUSTCHECK;

#endif
