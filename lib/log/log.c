#include "log/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/time.h"
#include "log/log_priv.h"

/* Room kept for the end of a line that had to be cut. */
static const char *const cut_text[] = { " cut=true", ",\"cut\":true" };
enum { TAIL_MAX = 16 };

struct limit {
	const char *event; /* NULL = free */
	int64_t second;
	unsigned lines; /* in this second */
	uint64_t left_out;
};

static struct {
	pthread_mutex_t mutex;
	atomic_int level; /* read before the mutex is taken */
	enum rv_log_format format;
	int fd;
	char duty[64];
	struct rv_buf line;
	struct limit
		limits[RV_LOG_EVENTS_MAX + 1]; /* the last one: everything that found no place */
	uint64_t untold;                       /* left out, not yet told */
	int64_t untold_second;                 /* in which the last of them was */
	uint64_t dropped;
} logger = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.level = RV_LOG_INFO,
	.format = RV_LOG_LOGFMT,
	.fd = STDERR_FILENO,
};

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void rv_log_init(const char *duty, enum rv_log_level level, enum rv_log_format format, int fd)
{
	pthread_mutex_lock(&logger.mutex);
	snprintf(logger.duty, sizeof(logger.duty), "%s", duty != NULL ? duty : "");
	atomic_store(&logger.level, (int)level);
	logger.format = format;
	logger.fd = fd;
	pthread_mutex_unlock(&logger.mutex);
}

int rv_log_level_parse(struct rv_str text, enum rv_log_level *out)
{
	for (unsigned i = 0; i < RV_ARRAY_LEN(level_names); i++) {
		if (rv_str_is(text, level_names[i])) {
			*out = (enum rv_log_level)i;
			return RV_OK;
		}
	}
	return RV_EINVALID;
}

/* U+0080 .. U+009F, which steer terminals as the controls of ASCII do. */
static bool is_c1_control(struct rv_str s, size_t at)
{
	return (unsigned char)s.ptr[at] == 0xc2 && at + 1 < s.len &&
	       (unsigned char)s.ptr[at + 1] < 0xa0;
}

static bool is_bare(struct rv_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == '"' || s.ptr[i] == '=' ||
		    s.ptr[i] == '\\' || s.ptr[i] == 0x7f || is_c1_control(s, i))
			return false;
	return s.len > 0 && rv_str_is_utf8(s, NULL);
}

static void put_quoted(struct rv_buf *out, struct rv_str s)
{
	rv_buf_putc(out, '"');
	for (size_t i = 0, len; i < s.len; i += len) {
		char c = s.ptr[i];

		len = is_c1_control(s, i) ? 0 : rv_str_utf8_len(rv_str_sub(s, i, s.len));
		if (c == '"' || c == '\\')
			rv_buf_printf(out, "\\%c", c);
		else if (c == '\n')
			rv_buf_puts(out, "\\n");
		else if (len == 0 || (unsigned char)c < ' ' || c == 0x7f)
			rv_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)c);
		else
			rv_buf_put(out, s.ptr + i, len);
		if (len == 0)
			len = 1;
	}
	rv_buf_putc(out, '"');
}

/* The mark of a value that was cut, within its quotes. */
static void put_more(struct rv_buf *out, const char *more, bool is_quoted)
{
	if (*more == '\0')
		return;
	if (is_quoted)
		out->len--; /* the closing one */
	rv_buf_puts(out, more);
	if (is_quoted)
		rv_buf_putc(out, '"');
}

static void put_logfmt(struct rv_buf *out, const struct rv_log_kv *kv, const char *more)
{
	bool is_quoted = kv->type == RV_LOG_KV_STR && !is_bare(kv->s);

	rv_buf_printf(out, "%s%s=", out->len > 0 ? " " : "", kv->key);
	if (kv->type == RV_LOG_KV_INT)
		rv_buf_printf(out, "%lld", (long long)kv->i);
	else if (is_quoted)
		put_quoted(out, kv->s);
	else
		rv_buf_put_str(out, kv->s);
	put_more(out, more, is_quoted);
}

static void put_json(struct rv_buf *out, const struct rv_log_kv *kv, const char *more)
{
	struct rv_jsonw w;

	rv_buf_putc(out, out->len > 0 ? ',' : '{');
	rv_jsonw_init(&w, out);
	rv_jsonw_str(&w, rv_str(kv->key));
	rv_buf_putc(out, ':');
	rv_jsonw_init(&w, out);
	if (kv->type == RV_LOG_KV_INT)
		rv_jsonw_i64(&w, kv->i);
	else
		rv_jsonw_str(&w, kv->s);
	put_more(out, more, true);
}

/* False: the pair did not fit and nothing was written. */
static bool put_pair(struct rv_buf *out, struct rv_log_kv kv)
{
	size_t len_before = out->len;
	const char *more = "";

	if (kv.type == RV_LOG_KV_STR && kv.s.len > RV_LOG_VALUE_MAX) {
		size_t end = RV_LOG_VALUE_MAX;
		while (end > RV_LOG_VALUE_MAX - 4 && (kv.s.ptr[end] & 0xc0) == 0x80)
			end--; /* not inside of a UTF-8 character */
		kv.s = rv_str_sub(kv.s, 0, end);
		more = "...";
	}
	if (logger.format == RV_LOG_JSON)
		put_json(out, &kv, more);
	else
		put_logfmt(out, &kv, more);
	if (out->err == RV_OK)
		return true;
	out->err = RV_OK;
	out->len = len_before;
	return false;
}

/* A line that cannot be written is counted and forgotten: logging never stops the work. */
static void write_line(struct rv_str line)
{
	ssize_t n;

	do {
		n = write(logger.fd, line.ptr, line.len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		logger.dropped++;
}

static void write_event(int64_t utc_us, enum rv_log_level level, const char *event,
			const struct rv_log_kv *kv, size_t n)
{
	struct rv_buf *line = &logger.line;
	char ts[RV_TIME_TEXT_LEN + 1];
	bool fits = true;

	rv_buf_clear(line);
	line->max = RV_LOG_LINE_MAX - TAIL_MAX;
	rv_time_format(utc_us, ts);
	memcpy(ts + RV_TIME_TEXT_LEN - 4, "Z", 2); /* milliseconds are enough */
	fits = put_pair(line, RV_KS("ts", ts)) &&
	       put_pair(line, RV_KS("level", level_names[level]));
	if (logger.duty[0] != '\0')
		fits = fits && put_pair(line, RV_KS("duty", logger.duty));
	fits = fits && put_pair(line, RV_KS("event", event));
	for (size_t i = 1; i < n && fits; i++)
		fits = put_pair(line, kv[i]);
	line->max = RV_LOG_LINE_MAX;
	if (!fits)
		rv_buf_puts(line, cut_text[logger.format]);
	rv_buf_puts(line, logger.format == RV_LOG_JSON ? "}\n" : "\n");
	write_line(rv_buf_str(line));
}

static struct limit *limit_of(const char *event)
{
	for (size_t i = 0; i < RV_LOG_EVENTS_MAX; i++) {
		struct limit *l = &logger.limits[i];

		if (l->event == NULL)
			l->event = event;
		if (l->event == event || strcmp(l->event, event) == 0)
			return l;
	}
	logger.limits[RV_LOG_EVENTS_MAX].event = "log.others";
	return &logger.limits[RV_LOG_EVENTS_MAX];
}

/* One line for each event of which some were left out in a second that is over. */
static void tell_left_out(struct rv_log_now now, int64_t second)
{
	if (logger.untold == 0 || logger.untold_second == second)
		return;
	logger.untold = 0;
	for (size_t i = 0; i <= RV_LOG_EVENTS_MAX && logger.limits[i].event != NULL; i++) {
		struct limit *l = &logger.limits[i];
		struct rv_log_kv kv[] = { { 0 },
					  RV_KS("of", l->event),
					  RV_KI("lines", l->left_out) };

		if (l->left_out == 0)
			continue;
		l->left_out = 0;
		write_event(now.utc_us, RV_LOG_WARN, "log.lines.dropped", kv, RV_ARRAY_LEN(kv));
	}
}

static bool is_allowed(const char *event, int64_t second)
{
	struct limit *l = limit_of(event);

	if (l->second != second) {
		l->second = second;
		l->lines = 0;
	}
	if (l->lines < RV_LOG_BURST) {
		l->lines++;
		return true;
	}
	l->left_out++;
	logger.dropped++;
	logger.untold++;
	logger.untold_second = second;
	return false;
}

void rv_log_write_at(struct rv_log_now now, enum rv_log_level level, const char *event,
		     const struct rv_log_kv *kv, size_t n)
{
	int64_t second = now.boot_us / RV_US_PER_SEC;
	int errno_before = errno;

	if ((int)level > atomic_load_explicit(&logger.level, memory_order_relaxed))
		return;
	pthread_mutex_lock(&logger.mutex);
	tell_left_out(now, second);
	if (is_allowed(event, second))
		write_event(now.utc_us, level, event, kv, n);
	pthread_mutex_unlock(&logger.mutex);
	errno = errno_before;
}

void rv_log_write(enum rv_log_level level, const char *event, const struct rv_log_kv *kv, size_t n)
{
	struct rv_log_now now = { rv_time_utc_us(), rv_time_boot_us() };

	rv_log_write_at(now, level, event, kv, n);
}

uint64_t rv_log_dropped(void)
{
	uint64_t dropped;

	pthread_mutex_lock(&logger.mutex);
	dropped = logger.dropped;
	pthread_mutex_unlock(&logger.mutex);
	return dropped;
}
