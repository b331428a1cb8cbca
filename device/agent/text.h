/* text.h - settings as text: a word, blanks, its value; one to a line.
 *
 *   # the line of the ISP
 *   line     dhcp
 *   account  branch-7@isp.example
 *
 * A line that begins with '#' is a comment, empty lines say nothing, LF or CR LF ends a line.
 * Printable ASCII and tabs only, at most AGENT_TEXT_LINE_MAX characters to a line; blanks within a
 * value are kept, those around it are not. Pure: no allocation, any thread. The text is untrusted.
 */
#ifndef RV_DEVICE_AGENT_TEXT_H
#define RV_DEVICE_AGENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum {
	AGENT_TEXT_LINE_MAX = 255,
	AGENT_ERROR_SIZE = 120,
};

struct agent_error { /* what is wrong, and where */
	unsigned line;
	char text[AGENT_ERROR_SIZE];
};

struct agent_piece { /* of the text; not ended by NUL */
	const char *ptr;
	size_t len;
};

struct agent_text {
	const char *at;
	size_t left;   /* bytes */
	unsigned line; /* number of the one read last, from 1; 0 before */
};

/* 1: *key and *value hold the next setting, the value possibly empty; 0: there is no more; -1: the
 * line is no such text, *error (never NULL) says why. Outputs untouched but for 1. */
int agent_text_next(struct agent_text *text, struct agent_piece *key, struct agent_piece *value,
		    struct agent_error *error);

bool agent_piece_is(struct agent_piece piece, const char *word);

/* Into `out`, `size` bytes with the final NUL. -1, `out` untouched: it does not fit. */
int agent_piece_copy(struct agent_piece piece, char *out, size_t size);

/* A decimal from min to max; -1, *out untouched: it is none. */
int agent_piece_number(struct agent_piece piece, unsigned min, unsigned max, unsigned *out);

/* Fills *error; returns -1. */
int agent_fail(struct agent_error *error, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
