#include "base/hide.h"

#include <string.h>

static const char hidden[] = "***";
static const char word[] = "password";

enum { WORD_LEN = sizeof(word) - 1 };

static size_t skip_blanks(struct rv_str s, size_t at)
{
	while (at < s.len && strchr(" \t\r\n", s.ptr[at]) != NULL)
		at++;
	return at;
}

/* Where the value that begins at `at` ends: libpq's rules for quotes and backslashes. */
static size_t end_of_word(struct rv_str s, size_t at)
{
	bool is_quoted = at < s.len && s.ptr[at] == '\'';

	for (at += is_quoted; at < s.len; at++) {
		if (s.ptr[at] == '\\' && at + 1 < s.len)
			at++;
		else if (is_quoted && s.ptr[at] == '\'')
			return at + 1;
		else if (!is_quoted && strchr(" \t\r\n", s.ptr[at]) != NULL)
			return at;
	}
	return s.len;
}

/* The value of the word "password" at `at`; false: there is none. */
static bool find_value(struct rv_str s, size_t at, bool is_uri, size_t *begin, size_t *end)
{
	if (at + WORD_LEN > s.len || memcmp(s.ptr + at, word, WORD_LEN) != 0)
		return false;
	at = skip_blanks(s, at + WORD_LEN);
	if (at == s.len || s.ptr[at] != '=')
		return false;
	*begin = is_uri ? at + 1 : skip_blanks(s, at + 1);
	*end = is_uri ? *begin + rv_str_find(rv_str_sub(s, *begin, s.len), '&')
		      : end_of_word(s, *begin);
	return *end > *begin;
}

/* "//user:password@": where the password is. */
static bool find_credentials(struct rv_str s, size_t *begin, size_t *end)
{
	size_t start = rv_str_find(s, '/') + 2;
	struct rv_str rest = rv_str_sub(s, start, s.len);
	size_t at = rv_str_find(rest, '@'); /* as libpq reads it */
	size_t last = rv_str_find(rest, '?');
	size_t colon;

	if (at > rv_str_find(rest, '/'))
		at = rest.len;
	while (last > 0 && rest.ptr[last - 1] != '@')
		last--;
	if (at == rest.len || (last > 0 && last - 1 > at))
		at = last > 0 ? last - 1 : 0;
	colon = rv_str_find(rv_str_sub(rest, 0, at), ':');
	*begin = start + colon + 1;
	*end = start + at;
	return *begin < *end;
}

bool rv_hide_password(struct rv_str url, struct rv_buf *out)
{
	size_t slash = rv_str_find(url, '/');
	bool is_uri = slash + 1 < url.len && slash > 0 && url.ptr[slash - 1] == ':' &&
		      url.ptr[slash + 1] == '/';
	size_t at = 0, begin, end;
	bool found = is_uri && find_credentials(url, &begin, &end);

	if (found) {
		rv_buf_put_str(out, rv_str_sub(url, 0, begin));
		rv_buf_puts(out, hidden);
		at = end;
	}
	while (at < url.len) {
		if (!find_value(url, at, is_uri, &begin, &end)) {
			rv_buf_putc(out, url.ptr[at++]);
			continue;
		}
		rv_buf_put_str(out, rv_str_sub(url, at, begin - at));
		rv_buf_puts(out, hidden);
		at = end;
		found = true;
	}
	return found;
}
