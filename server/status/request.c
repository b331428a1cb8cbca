#include "server/status/request.h"

#include <string.h>

/* RFC 9110 5.6.2 */
static bool is_token(struct rv_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return s.len > 0;
}

static bool is_field(struct rv_str line)
{
	size_t colon = rv_str_find(line, ':');

	if (colon == line.len || !is_token(rv_str_sub(line, 0, colon)))
		return false;
	for (size_t i = colon + 1; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* The line without its CRLF off the front of *rest. Bare CR or LF are refused by its callers'
 * checks of characters. RV_EMORE when no CRLF is there. */
static int next_line(struct rv_str *rest, struct rv_str *out)
{
	const char *end = rest->len > 0 ? memmem(rest->ptr, rest->len, "\r\n", 2) : NULL;
	size_t len;

	if (end == NULL)
		return RV_EMORE;
	len = (size_t)(end - rest->ptr);
	*out = rv_str_sub(*rest, 0, len);
	*rest = rv_str_sub(*rest, len + 2, rest->len);
	return RV_OK;
}

static int parse_request_line(struct rv_str line, struct rv_str *out_path)
{
	size_t a = rv_str_find(line, ' ');
	struct rv_str method = rv_str_sub(line, 0, a);
	struct rv_str rest = rv_str_sub(line, a + 1, line.len);
	size_t b = rv_str_find(rest, ' ');
	struct rv_str target = rv_str_sub(rest, 0, b);
	struct rv_str version = rv_str_sub(rest, b + 1, rest.len);

	if (!is_token(method) || target.len == 0)
		return RV_ESYNTAX;
	for (size_t i = 0; i < target.len; i++) {
		unsigned char c = (unsigned char)target.ptr[i];

		if (c <= ' ' || c >= 0x7f)
			return RV_ESYNTAX;
	}
	if (!rv_str_starts(version, "HTTP/"))
		return RV_ESYNTAX;
	if (!rv_str_is(version, "HTTP/1.1") && !rv_str_is(version, "HTTP/1.0"))
		return RV_EVERSION;
	if (!rv_str_is(method, "GET"))
		return RV_EUNSUPPORTED;
	if (target.ptr[0] != '/')
		return RV_ESYNTAX;
	*out_path = rv_str_sub(target, 0, rv_str_find(target, '?'));
	return RV_OK;
}

int rv_status_request_parse(struct rv_str head, struct rv_str *out_path)
{
	struct rv_str rest = rv_str_sub(head, 0, RV_STATUS_HEAD_MAX);
	struct rv_str line, path;
	int result;

	if (next_line(&rest, &line) != RV_OK)
		return head.len >= RV_STATUS_HEAD_MAX ? RV_ELIMIT : RV_EMORE;
	result = parse_request_line(line, &path);
	if (result != RV_OK)
		return result;
	for (;;) {
		if (next_line(&rest, &line) != RV_OK)
			return head.len >= RV_STATUS_HEAD_MAX ? RV_ELIMIT : RV_EMORE;
		if (line.len == 0)
			break;
		if (!is_field(line))
			return RV_ESYNTAX;
	}
	*out_path = path;
	return RV_OK;
}
