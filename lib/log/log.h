/* log.h - one line per fact.
 *
 *   ts=2026-11-22T17:48:41.123Z level=info duty=proxy.0 event=proxy.pull.answered code=100
 *
 * `event` is a fixed name `<component>.<noun>.<past-verb>`; every other fact is a key and
 * a value, quoted when it holds blanks, quotes, '=' or control characters. Secrets never go in.
 *
 * The one global of the project. Thread-safe; never blocks longer than one write(2);
 * per event at most RV_LOG_BURST lines a second, then one line tells how many were left out.
 */
#ifndef RV_LOG_LOG_H
#define RV_LOG_LOG_H

#include "base/str.h"
#include "base/err.h"

enum rv_log_level {
	RV_LOG_ERROR, /* someone must act */
	RV_LOG_WARN,  /* will need acting */
	RV_LOG_INFO,  /* state changes */
	RV_LOG_DEBUG, /* the rest; off by default */
};

enum { RV_LOG_BURST = 50, RV_LOG_LINE_MAX = 2048 };

enum rv_log_format { RV_LOG_LOGFMT, RV_LOG_JSON };

/* Until called: level info, logfmt, fd 2, no duty name. `duty` is copied. */
void rv_log_init(const char *duty, enum rv_log_level level, enum rv_log_format format, int fd);
int rv_log_level_parse(struct rv_str text, enum rv_log_level *out) RV_MUSTCHECK;

/* One key/value pair. */
struct rv_log_kv {
	const char *key;
	enum { RV_LOG_KV_STR, RV_LOG_KV_INT } type;
	struct rv_str s;
	int64_t i;
};

#define RV_KS(k, cstr)  ((struct rv_log_kv){ .key = (k), .type = RV_LOG_KV_STR, .s = rv_str(cstr) })
#define RV_KV(k, rvstr) ((struct rv_log_kv){ .key = (k), .type = RV_LOG_KV_STR, .s = (rvstr) })
#define RV_KI(k, n)     ((struct rv_log_kv){ .key = (k), .type = RV_LOG_KV_INT, .i = (int64_t)(n) })

/* rv_log(RV_LOG_INFO, "rs.pull.recorded", RV_KS("device", did), RV_KI("code", 100)); */
#define rv_log(level, event, ...)                                                                  \
	rv_log_write((level), (event), (struct rv_log_kv[]){ { 0 }, ##__VA_ARGS__ },               \
		     sizeof((struct rv_log_kv[]){ { 0 }, ##__VA_ARGS__ }) /                        \
			     sizeof(struct rv_log_kv))

/* kv[0] is ignored (it keeps the macro's array from being empty). */
void rv_log_write(enum rv_log_level level, const char *event, const struct rv_log_kv *kv, size_t n);

/* Lines left out so far by the rate limit, for /metrics. */
uint64_t rv_log_dropped(void);

#endif
