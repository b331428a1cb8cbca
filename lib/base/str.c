#include "base/str.h"

#include <string.h>

struct rv_str rv_str(const char *cstr)
{
	return (struct rv_str){ cstr, cstr != NULL ? strlen(cstr) : 0 };
}

struct rv_str rv_strn(const void *ptr, size_t len)
{
	return (struct rv_str){ ptr, len };
}

/* Not tolower(): that one asks the locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool rv_str_eq(struct rv_str a, struct rv_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool rv_str_is(struct rv_str a, const char *cstr)
{
	return rv_str_eq(a, rv_str(cstr));
}

bool rv_str_ieq(struct rv_str a, struct rv_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

bool rv_str_starts(struct rv_str s, const char *prefix)
{
	return rv_str_is(rv_str_sub(s, 0, strlen(prefix)), prefix);
}

bool rv_str_istarts(struct rv_str s, const char *prefix)
{
	return rv_str_ieq(rv_str_sub(s, 0, strlen(prefix)), rv_str(prefix));
}

int rv_str_cmp(struct rv_str a, struct rv_str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order != 0)
		return order;
	return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

size_t rv_str_find(struct rv_str s, char c)
{
	const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

	return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

struct rv_str rv_str_sub(struct rv_str s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct rv_str){ s.ptr != NULL ? s.ptr + from : NULL, len };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct rv_str rv_str_trim(struct rv_str s)
{
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool rv_str_to_u64(struct rv_str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s.ptr[i] - '0');
		if (v > max / 10 || v * 10 > max - digit || digit > max)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

bool rv_str_copy(struct rv_str s, char *buf, size_t size)
{
	if (s.len >= size || rv_str_find(s, '\0') != s.len) {
		if (size > 0)
			buf[0] = '\0';
		return false;
	}
	if (s.len > 0)
		memcpy(buf, s.ptr, s.len);
	buf[s.len] = '\0';
	return true;
}

bool rv_str_secret_eq(struct rv_str a, struct rv_str b)
{
	volatile unsigned char difference = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		difference = (unsigned char)(difference | (a.ptr[i] ^ b.ptr[i]));
	return difference == 0;
}

/* Bounds of the second byte follow Unicode table 3-7: they exclude overlong forms, surrogates
 * and everything above U+10FFFF. */
size_t rv_str_utf8_len(struct rv_str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len > s.len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* How many bytes from offset `from` on are ASCII: eight at a time, for configs of megabytes. */
static size_t ascii_run(struct rv_str s, size_t from)
{
	size_t i = from;
	uint64_t word;

	while (s.len - i >= sizeof(word)) {
		memcpy(&word, s.ptr + i, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
		i += sizeof(word);
	}
	while (i < s.len && (unsigned char)s.ptr[i] < 0x80)
		i++;
	return i - from;
}

bool rv_str_is_utf8(struct rv_str s, size_t *err_at)
{
	size_t i = ascii_run(s, 0);

	while (i < s.len) {
		size_t len = rv_str_utf8_len(rv_str_sub(s, i, s.len));

		if (len == 0) {
			if (err_at != NULL)
				*err_at = i;
			return false;
		}
		i += len;
		i += ascii_run(s, i);
	}
	return true;
}

bool rv_str_is_ascii(struct rv_str s, size_t *err_at)
{
	size_t run = ascii_run(s, 0);

	if (run == s.len)
		return true;
	if (err_at != NULL)
		*err_at = run;
	return false;
}

void rv_wipe(void *ptr, size_t len)
{
	if (len > 0)
		explicit_bzero(ptr, len);
}
