#include "db/text.h"

#include <string.h>

/* How many bytes at `p` are no place for parameters: a literal, a name in quotes, a comment; 0:
 * none of them. */
static size_t opaque_len(const char *p)
{
	const char *end = NULL;
	size_t closing = 1;

	if (*p == '\'' || *p == '"') {
		end = strchr(p + 1, *p); /* a doubled quote is two literals side by side */
	} else if (p[0] == '-' && p[1] == '-') {
		end = strchr(p, '\n');
	} else if (p[0] == '/' && p[1] == '*') {
		end = strstr(p + 2, "*/");
		closing = 2;
	} else {
		return 0;
	}
	return end != NULL ? (size_t)(end - p) + closing : strlen(p);
}

void rv_db_text_to_postgresql(const char *sql, struct rv_buf *out)
{
	unsigned highest = 0;

	while (*sql != '\0') {
		size_t len = opaque_len(sql);
		size_t digits;
		unsigned number = 0;

		if (len > 0 || *sql != '?') {
			len = len > 0 ? len : 1;
			rv_buf_put(out, sql, len);
			sql += len;
			continue;
		}
		digits = strspn(++sql, "0123456789");
		for (size_t i = 0; i < digits && i < 5; i++)
			number = number * 10 + (unsigned)(sql[i] - '0');
		if (digits == 0)
			number = highest + 1;
		if (number > highest)
			highest = number;
		rv_buf_printf(out, "$%u", number);
		sql += digits;
	}
}
