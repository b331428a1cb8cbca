#include "server/status/sample.h"

#include <stdlib.h>
#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t rv_sample_name_length(struct rv_str s, bool may_colon)
{
	size_t i = 0;

	while (i < s.len && (is_letter(s.ptr[i]) || (may_colon && s.ptr[i] == ':') ||
			     (i > 0 && s.ptr[i] >= '0' && s.ptr[i] <= '9')))
		i++;
	return i;
}

/* Length of `"value"` with its quotes and escapes; 0 = malformed. */
static size_t quoted_length(struct rv_str s)
{
	if (s.len == 0 || s.ptr[0] != '"')
		return 0;
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '"')
			return i + 1;
		if (s.ptr[i] != '\\')
			continue;
		if (++i == s.len || strchr("\\\"n", s.ptr[i]) == NULL || s.ptr[i] == '\0')
			return 0;
	}
	return 0;
}

/* Length of `{a="x",b="y"}`; 0 = malformed, or it brings a label that is ours to give. */
static size_t labels_length(struct rv_str s, bool is_ours_reserved)
{
	size_t at = 1;

	while (at < s.len && s.ptr[at] != '}') {
		size_t n = rv_sample_name_length(rv_str_sub(s, at, s.len), false);
		struct rv_str name = rv_str_sub(s, at, n);

		if (n == 0 || at + n >= s.len || s.ptr[at + n] != '=')
			return 0;
		if (is_ours_reserved && (rv_str_is(name, "duty") || rv_str_is(name, "instance")))
			return 0;
		at += n + 1;
		n = quoted_length(rv_str_sub(s, at, s.len));
		if (n == 0)
			return 0;
		at += n;
		if (at < s.len && s.ptr[at] == ',')
			at++;
		else if (at < s.len && s.ptr[at] != '}')
			return 0;
	}
	return at < s.len ? at + 1 : 0;
}

/* " 12.5", " +Inf 1700000000000": numbers as the format has them, one or two. */
static bool is_value(struct rv_str s)
{
	char text[RV_SAMPLE_VALUE_MAX + 1];
	char *end;

	if (s.len == 0 || (s.ptr[0] != ' ' && s.ptr[0] != '\t') ||
	    !rv_str_copy(rv_str_trim(s), text, sizeof(text)))
		return false;
	(void)strtod(text, &end); /* the C locale's point: duties set no other */
	if (end == text)
		return false;
	if (*end == ' ') {
		char *stamp = end + 1;

		(void)strtoll(stamp, &end, 10);
		return end != stamp && *end == '\0';
	}
	return *end == '\0';
}

int rv_sample_parse(struct rv_str line, bool is_ours_reserved, struct rv_sample *out)
{
	size_t n = rv_sample_name_length(line, true);
	struct rv_str rest = rv_str_sub(line, n, line.len);
	struct rv_sample sample = { .name = rv_str_sub(line, 0, n) };

	if (rest.len > 0 && rest.ptr[0] == '{') {
		size_t len = labels_length(rest, is_ours_reserved);

		if (len == 0)
			return RV_ESYNTAX;
		sample.labels = rv_str_sub(rest, 1, len - 2);
		rest = rv_str_sub(rest, len, rest.len);
	}
	if (n == 0 || !is_value(rest))
		return RV_ESYNTAX;
	sample.value = rv_str_trim(rest);
	*out = sample;
	return RV_OK;
}

/* The labels were parsed before: each is name="value", with a comma between. */
struct rv_str rv_sample_label(const struct rv_sample *sample, const char *name)
{
	struct rv_str rest = sample->labels;

	while (rest.len > 0) {
		size_t n = rv_sample_name_length(rest, false);
		struct rv_str key = rv_str_sub(rest, 0, n);
		size_t len = quoted_length(rv_str_sub(rest, n + 1, rest.len));

		if (rv_str_is(key, name))
			return rv_str_sub(rest, n + 2, len - 2);
		rest = rv_str_sub(rest, n + 1 + len + 1, rest.len);
	}
	return (struct rv_str){ 0 };
}

double rv_sample_number(const struct rv_sample *sample)
{
	char text[RV_SAMPLE_VALUE_MAX + 1];

	return rv_str_copy(sample->value, text, sizeof(text)) ? strtod(text, NULL) : 0;
}
