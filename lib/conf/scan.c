/* libconfuse's lexer replaces ${NAME} by the environment variable, inside of double quotes and
 * outside of quotes, and cannot be told not to. So the text passes here first, and while we look
 * at it, what has no end is reported at its beginning. The states are those of that lexer. */
#include <string.h>

#include "conf/conf_priv.h"

struct scan {
	struct rv_str text;
	size_t at;
	unsigned line;
	unsigned depth;     /* braces open */
	unsigned open_line; /* where the outermost of them stands */
	const char *name;
	struct rv_buf *out;
	struct rv_diag *diag;
};

static int wrong(struct scan *s, unsigned line, const char *what)
{
	int err = rv_diag_set(s->diag, RV_ESYNTAX, "conf.syntax", "", "%s:%u: %s", s->name, line,
			      what);

	if (s->diag != NULL)
		s->diag->line = line;
	return err;
}

static bool is_next(const struct scan *s, const char *token)
{
	return rv_str_starts(rv_str_sub(s->text, s->at, s->text.len), token);
}

static void copy(struct scan *s, size_t len)
{
	for (; len > 0 && s->at < s->text.len; len--, s->at++) {
		rv_buf_putc(s->out, s->text.ptr[s->at]);
		s->line += s->text.ptr[s->at] == '\n';
	}
}

static int scan_string(struct scan *s, char quote)
{
	unsigned start = s->line;

	copy(s, 1);
	while (s->at < s->text.len) {
		char c = s->text.ptr[s->at];

		if (c == '\\') {
			copy(s, 2);
			continue;
		}
		if (quote == '"' && is_next(s, "${"))
			rv_buf_putc(s->out, '\\');
		copy(s, 1);
		if (c == quote)
			return RV_OK;
	}
	return wrong(s, start, "a string begins here and has no end");
}

/* Comments are left out, their lines are not. */
static int scan_comment(struct scan *s)
{
	unsigned start = s->line;
	bool is_block = is_next(s, "/*");

	s->at += is_block ? 2 : 0;
	while (s->at < s->text.len) {
		if (is_block ? is_next(s, "*/") : s->text.ptr[s->at] == '\n') {
			s->at += is_block ? 2 : 0;
			return RV_OK;
		}
		if (s->text.ptr[s->at] == '\n')
			copy(s, 1);
		else
			s->at++;
	}
	return is_block ? wrong(s, start, "a comment begins here and has no end") : RV_OK;
}

static bool ends_word(char c)
{
	return strchr(" \t\r\n\"'={}()+,", c) != NULL;
}

static int scan_word(struct scan *s)
{
	do {
		if (is_next(s, "${"))
			return wrong(s, s->line,
				     "environment variables are not replaced here; "
				     "write the text in quotes");
		copy(s, s->text.ptr[s->at] == '\\' ? 2 : 1);
	} while (s->at < s->text.len && !ends_word(s->text.ptr[s->at]));
	return RV_OK;
}

static void scan_mark(struct scan *s)
{
	char c = s->text.ptr[s->at];

	if (c == '{' && s->depth++ == 0)
		s->open_line = s->line;
	if (c == '}' && s->depth > 0)
		s->depth--;
	copy(s, 1);
}

int rv_conf_scan(struct rv_str text, const char *name, struct rv_buf *out, struct rv_diag *diag)
{
	struct scan s = { .text = text, .line = 1, .name = name, .out = out, .diag = diag };
	int err = RV_OK;

	for (size_t i = 0, line = 1; i < text.len; i++) {
		line += text.ptr[i] == '\n';
		if (text.ptr[i] == '\0')
			return wrong(&s, (unsigned)line, "there is a NUL byte in this line");
	}
	while (s.at < text.len && err == RV_OK) {
		char c = text.ptr[s.at];

		if (c == '"' || c == '\'')
			err = scan_string(&s, c);
		else if (c == '#' || is_next(&s, "//") || is_next(&s, "/*"))
			err = scan_comment(&s);
		else if (c == '\r') /* a file from another system */
			s.at++;
		else if (ends_word(c))
			scan_mark(&s);
		else
			err = scan_word(&s);
	}
	if (err == RV_OK && s.depth > 0)
		err = wrong(&s, s.open_line, "a brace opens here and is not closed");
	return err != RV_OK ? err : out->err;
}
