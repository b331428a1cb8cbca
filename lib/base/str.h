/* str.h - strings with a length; no NUL needed, none counted.
 *
 * struct rv_str points at bytes somebody else owns; an all-zero value is the
 * empty string. Every function is pure and total.
 */
#ifndef RV_BASE_STR_H
#define RV_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rv_str {
	const char *ptr; /* may be NULL only when len is 0 */
	size_t len;      /* bytes */
};

/* printf("%.*s", RV_STR_ARG(s)) */
#define RV_STR_ARG(s)   (int)(s).len, (s).ptr != NULL ? (s).ptr : ""
#define RV_STR_LIT(l)   ((struct rv_str){ "" l, sizeof(l) - 1 })
#define RV_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct rv_str rv_str(const char *cstr); /* NULL gives the empty string */
struct rv_str rv_strn(const void *ptr, size_t len);

bool rv_str_eq(struct rv_str a, struct rv_str b);
bool rv_str_is(struct rv_str a, const char *cstr);
bool rv_str_ieq(struct rv_str a, struct rv_str b); /* ASCII case only, no locale */
bool rv_str_starts(struct rv_str s, const char *prefix);
bool rv_str_istarts(struct rv_str s, const char *prefix);
int rv_str_cmp(struct rv_str a, struct rv_str b); /* bytewise, shorter first */

/* Offset of the first `c`, or s.len. */
size_t rv_str_find(struct rv_str s, char c);
struct rv_str rv_str_sub(struct rv_str s, size_t from, size_t len); /* clamped to s */
struct rv_str rv_str_trim(struct rv_str s);                         /* blanks, tabs, CR, LF */

/* Decimal digits only: no sign, no blanks, no empty text. False leaves *out alone. */
bool rv_str_to_u64(struct rv_str s, uint64_t max, uint64_t *out);

/* Copy into buf with a final NUL; false (buf holds "") when it does not fit or holds a NUL. */
bool rv_str_copy(struct rv_str s, char *buf, size_t size);

/* Constant time in the contents, not in the lengths. For secrets. */
bool rv_str_secret_eq(struct rv_str a, struct rv_str b);

/* Strict UTF-8 (no surrogates, no overlong forms). *err_at gets the first bad byte's offset. */
bool rv_str_is_utf8(struct rv_str s, size_t *err_at);
bool rv_str_is_ascii(struct rv_str s, size_t *err_at);
/* Bytes (1..4) of the well-formed sequence that s starts with; 0 when it starts with none. */
size_t rv_str_utf8_len(struct rv_str s);

/* Overwrite with zeros in a way the compiler keeps. */
void rv_wipe(void *ptr, size_t len);

#endif
