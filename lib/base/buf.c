#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAP_MIN = 64, READ_CHUNK = 8192 };

void rv_buf_init(struct rv_buf *buf, size_t max)
{
	*buf = (struct rv_buf){ .max = max };
}

static void release(struct rv_buf *buf)
{
	if (buf->wipe && buf->ptr != NULL)
		rv_wipe(buf->ptr, buf->cap);
	free(buf->ptr);
}

void rv_buf_deinit(struct rv_buf *buf)
{
	if (buf == NULL)
		return;
	release(buf);
	*buf = (struct rv_buf){ 0 };
}

void rv_buf_clear(struct rv_buf *buf)
{
	if (buf->wipe && buf->ptr != NULL)
		rv_wipe(buf->ptr, buf->len);
	buf->len = 0;
	buf->err = RV_OK;
}

/* realloc() may leave a copy of a secret behind, so a wiping buffer moves by hand. */
static int grow(struct rv_buf *buf, size_t cap)
{
	char *ptr = buf->wipe ? malloc(cap) : realloc(buf->ptr, cap);

	if (ptr == NULL)
		return -ENOMEM;
	if (buf->wipe) {
		if (buf->len > 0)
			memcpy(ptr, buf->ptr, buf->len);
		release(buf);
	}
	buf->ptr = ptr;
	buf->cap = cap;
	return RV_OK;
}

char *rv_buf_reserve(struct rv_buf *buf, size_t len)
{
	size_t limit = buf->max > 0 ? buf->max : SIZE_MAX / 2;
	size_t cap = buf->cap > CAP_MIN ? buf->cap : CAP_MIN;

	if (buf->err != RV_OK)
		return NULL;
	if (buf->len > limit || len > limit - buf->len) {
		buf->err = RV_ELIMIT;
		return NULL;
	}
	while (cap < buf->len + len)
		cap *= 2;
	if (cap != buf->cap)
		buf->err = grow(buf, cap);
	return buf->err == RV_OK ? buf->ptr + buf->len : NULL;
}

void rv_buf_commit(struct rv_buf *buf, size_t len)
{
	assert(len <= buf->cap - buf->len);
	buf->len += len;
}

void rv_buf_put(struct rv_buf *buf, const void *data, size_t len)
{
	char *to = rv_buf_reserve(buf, len);

	if (to == NULL || len == 0)
		return;
	memcpy(to, data, len);
	buf->len += len;
}

void rv_buf_put_str(struct rv_buf *buf, struct rv_str s)
{
	rv_buf_put(buf, s.ptr, s.len);
}

void rv_buf_puts(struct rv_buf *buf, const char *cstr)
{
	rv_buf_put(buf, cstr, strlen(cstr));
}

void rv_buf_putc(struct rv_buf *buf, char c)
{
	rv_buf_put(buf, &c, 1);
}

/* In place, when there is room for it and for the NUL that vsnprintf() ends with. */
static bool RV_PRINTF(2, 0) printf_here(struct rv_buf *buf, const char *fmt, va_list args)
{
	size_t limit = buf->max > 0 && buf->max < buf->cap ? buf->max : buf->cap;
	size_t room = limit > buf->len ? limit - buf->len : 0;
	int len = room > 0 ? vsnprintf(buf->ptr + buf->len, room, fmt, args) : -1;

	if (len < 0 || (size_t)len >= room)
		return false;
	buf->len += (size_t)len;
	return true;
}

void rv_buf_printf(struct rv_buf *buf, const char *fmt, ...)
{
	va_list args;
	char *aside = NULL;
	bool is_done;
	int len;

	if (buf->err != RV_OK)
		return;
	va_start(args, fmt);
	is_done = printf_here(buf, fmt, args);
	va_end(args);
	if (is_done)
		return;
	va_start(args, fmt); /* aside: an argument may be text of this buffer, which moves */
	len = vasprintf(&aside, fmt, args);
	va_end(args);
	if (len < 0) {
		buf->err = -ENOMEM;
		return;
	}
	rv_buf_put(buf, aside, (size_t)len);
	if (buf->wipe)
		rv_wipe(aside, (size_t)len);
	free(aside);
}

void rv_buf_consume(struct rv_buf *buf, size_t len)
{
	assert(len <= buf->len);
	if (len == 0)
		return;
	memmove(buf->ptr, buf->ptr + len, buf->len - len);
	buf->len -= len;
	if (buf->wipe)
		rv_wipe(buf->ptr + buf->len, len);
}

struct rv_str rv_buf_str(const struct rv_buf *buf)
{
	return rv_strn(buf->ptr, buf->len);
}

static int append_fd(struct rv_buf *buf, int fd, size_t max)
{
	char chunk[READ_CHUNK];
	size_t total = 0;
	int err = RV_OK;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = rv_err_from_errno();
			break;
		}
		if ((size_t)n > max - total) {
			err = RV_ELIMIT;
			break;
		}
		total += (size_t)n;
		rv_buf_put(buf, chunk, (size_t)n);
		if (buf->err != RV_OK) {
			err = buf->err;
			break;
		}
	}
	rv_wipe(chunk, sizeof(chunk));
	return err;
}

int rv_buf_read_file(struct rv_buf *buf, const char *path, size_t max)
{
	size_t len_before = buf->len;
	int err = RV_OK;
	int fd;

	if (buf->err != RV_OK)
		return buf->err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return rv_err_from_errno();
	err = append_fd(buf, fd, max);
	close(fd);
	if (err != RV_OK) {
		if (buf->wipe && buf->len > len_before)
			rv_wipe(buf->ptr + len_before, buf->len - len_before);
		buf->len = len_before;
		buf->err = RV_OK;
	}
	return err;
}
