#include "device/agent/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int agent_fail(struct agent_error *error, unsigned line, const char *format, ...)
{
	va_list args;

	error->line = line;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct agent_piece trim(struct agent_piece piece)
{
	while (piece.len > 0 && is_blank(piece.ptr[0]))
		piece.ptr++, piece.len--;
	while (piece.len > 0 && is_blank(piece.ptr[piece.len - 1]))
		piece.len--;
	return piece;
}

static struct agent_piece take_line(struct agent_text *text)
{
	const char *end = memchr(text->at, '\n', text->left);
	struct agent_piece line = { text->at, end != NULL ? (size_t)(end - text->at) : text->left };
	size_t used = line.len + (end != NULL);

	text->at += used;
	text->left -= used;
	text->line++;
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int check(struct agent_piece line, unsigned number, struct agent_error *error)
{
	if (line.len > AGENT_TEXT_LINE_MAX)
		return agent_fail(error, number, "more than %d characters", AGENT_TEXT_LINE_MAX);
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] != '\t' && (line.ptr[i] < ' ' || line.ptr[i] > '~'))
			return agent_fail(error, number, "character %zu is not printable ASCII",
					  i + 1);
	return 0;
}

int agent_text_next(struct agent_text *text, struct agent_piece *key, struct agent_piece *value,
		    struct agent_error *error)
{
	while (text->left > 0) {
		struct agent_piece line = take_line(text);
		size_t word = 0;

		if (check(line, text->line, error) != 0)
			return -1;
		line = trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		while (word < line.len && !is_blank(line.ptr[word]))
			word++;
		*key = (struct agent_piece){ line.ptr, word };
		*value = trim((struct agent_piece){ line.ptr + word, line.len - word });
		return 1;
	}
	return 0;
}

bool agent_piece_is(struct agent_piece piece, const char *word)
{
	return piece.len == strlen(word) && memcmp(piece.ptr, word, piece.len) == 0;
}

int agent_piece_copy(struct agent_piece piece, char *out, size_t size)
{
	if (piece.len >= size)
		return -1;
	memcpy(out, piece.ptr, piece.len);
	out[piece.len] = '\0';
	return 0;
}

int agent_piece_number(struct agent_piece piece, unsigned min, unsigned max, unsigned *out)
{
	unsigned long long n = 0;

	if (piece.len == 0 || piece.len > 9)
		return -1;
	for (size_t i = 0; i < piece.len; i++) {
		if (piece.ptr[i] < '0' || piece.ptr[i] > '9')
			return -1;
		n = n * 10 + (unsigned)(piece.ptr[i] - '0');
	}
	if (n < min || n > max)
		return -1;
	*out = (unsigned)n;
	return 0;
}
