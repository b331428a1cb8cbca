#include "proto/armshttp/framing.h"

#include <assert.h>

#include "base/codec.h"

enum {
	CHUNK_MAX = INT32_MAX, /* bytes one size line may announce */
	TRAILER_LINES_MAX = 32,
};

/* States of struct rv_armshttp_chunks; zero begins. */
enum { AT_SIZE, IN_DATA, AFTER_DATA, IN_TRAILER, AT_END };

int rv_armshttp_line_feed(struct rv_armshttp_line *line, struct rv_str in, size_t *used)
{
	if (line->is_complete) {
		line->is_complete = false;
		line->len = 0;
	}
	for (size_t i = 0; i < in.len; i++) {
		bool is_after_cr = line->len > 0 && line->text[line->len - 1] == '\r';

		if (in.ptr[i] == '\n') {
			if (!is_after_cr && !line->is_lenient)
				return RV_ESYNTAX;
			line->len = (uint16_t)(line->len - is_after_cr);
			line->is_complete = true;
			*used = i + 1;
			return RV_OK;
		}
		if (is_after_cr || in.ptr[i] == '\0')
			return RV_ESYNTAX;
		if (line->len == RV_ARMSHTTP_LINE_MAX - 1) /* the last byte is for the LF */
			return RV_ELIMIT;
		line->text[line->len++] = in.ptr[i];
	}
	return RV_EMORE;
}

static size_t count_digits(struct rv_str s, size_t from)
{
	size_t n = 0;

	while (from + n < s.len && s.ptr[from + n] >= '0' && s.ptr[from + n] <= '9')
		n++;
	return n;
}

int rv_armshttp_status_parse(struct rv_str line, unsigned *out)
{
	size_t at = sizeof("HTTP/") - 1;
	size_t major_len = count_digits(line, at);
	size_t minor_len = count_digits(line, at + major_len + 1);
	uint64_t code;

	if (!rv_str_starts(line, "HTTP/") || major_len == 0 || minor_len == 0 ||
	    line.ptr[at + major_len] != '.')
		return RV_ESYNTAX;
	at += major_len + 1 + minor_len;
	struct rv_str rest = rv_str_trim(rv_str_sub(line, at, line.len));
	size_t code_len = count_digits(rest, 0);
	if (at == line.len || line.ptr[at] != ' ' || code_len != 3 ||
	    !rv_str_to_u64(rv_str_sub(rest, 0, code_len), 999, &code) || code < 100 ||
	    (rest.len > code_len && rest.ptr[code_len] != ' '))
		return RV_ESYNTAX;
	*out = (unsigned)code;
	return RV_OK;
}

static int parse_size(const struct rv_armshttp_line *line, size_t *size)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < line->len && rv_hex_value(line->text[i]) >= 0; i++) {
		n = n * 16 + (uint64_t)rv_hex_value(line->text[i]);
		if (n > CHUNK_MAX)
			return RV_ELIMIT;
	}
	if (i == 0)
		return RV_ESYNTAX;
	while (line->is_lenient && i < line->len && (line->text[i] == ' ' || line->text[i] == '\t'))
		i++;
	if (i < line->len && line->text[i] != ';')
		return RV_ESYNTAX;
	*size = (size_t)n;
	return RV_OK;
}

static int take_line(struct rv_armshttp_chunks *chunks, const struct rv_armshttp_line *line)
{
	int r;

	switch (chunks->state) {
	case AT_SIZE:
		r = parse_size(line, &chunks->left);
		if (r < 0)
			return r;
		chunks->state = chunks->left > 0 ? IN_DATA : IN_TRAILER;
		return RV_OK;
	case AFTER_DATA:
		chunks->state = AT_SIZE;
		return line->len == 0 ? RV_OK : RV_ESYNTAX;
	default:
		assert(chunks->state == IN_TRAILER);
		if (line->len == 0)
			chunks->state = AT_END;
		return ++chunks->trailer_lines <= TRAILER_LINES_MAX ? RV_OK : RV_ELIMIT;
	}
}

int rv_armshttp_chunks_feed(struct rv_armshttp_chunks *chunks, struct rv_armshttp_line *line,
			    struct rv_str in, size_t *used, enum rv_armshttp_event *event,
			    struct rv_str *body)
{
	size_t at = 0;

	while (chunks->state != AT_END && at < in.len) {
		size_t n = 0;

		if (chunks->state == IN_DATA) {
			*body = rv_str_sub(in, at, chunks->left);
			chunks->left -= body->len;
			if (chunks->left == 0)
				chunks->state = AFTER_DATA;
			*used = at + body->len;
			*event = RV_ARMSHTTP_BODY;
			return RV_OK;
		}
		int r = rv_armshttp_line_feed(line, rv_str_sub(in, at, in.len), &n);
		if (r == RV_OK)
			r = take_line(chunks, line);
		else if (r == RV_EMORE)
			break;
		if (r < 0)
			return r;
		at += n;
	}
	*used = chunks->state == AT_END ? at : in.len;
	*event = chunks->state == AT_END ? RV_ARMSHTTP_END : RV_ARMSHTTP_MORE;
	return RV_OK;
}

bool rv_armshttp_chunks_is_inside(const struct rv_armshttp_chunks *chunks)
{
	return chunks->state == IN_DATA;
}
