/* keyword_priv.h - the words of a line block, for parser and renderer alike. */
#ifndef RV_PROTO_ARMSCONF_KEYWORD_PRIV_H
#define RV_PROTO_ARMSCONF_KEYWORD_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/armsconf/location.h"

struct rv_armsconf_keyword {
	const char *name;  /* in the text */
	const char *field; /* in struct rv_armsconf_line, for diagnostics */
	bool is_number;
	size_t offset;     /* in struct rv_armsconf_line */
	unsigned kinds;    /* bit set: kinds of lines that have it */
	unsigned required; /* the same: kinds that cannot do without */
};

enum { RV_ARMSCONF_KEYWORD_COUNT = 8 };
extern const struct rv_armsconf_keyword rv_armsconf_keywords[RV_ARMSCONF_KEYWORD_COUNT];

static inline bool rv_armsconf_has(const struct rv_armsconf_keyword *keyword,
				   enum rv_armsconf_line_kind kind)
{
	return (keyword->kinds >> kind & 1) != 0;
}

/* Characters allowed in a value of this kind of line. */
size_t rv_armsconf_value_max(const struct rv_armsconf_keyword *keyword,
			     enum rv_armsconf_line_kind kind);

/* The kind behind "line-dhcp" and so on; false leaves *out alone. */
bool rv_armsconf_line_kind(struct rv_str name, enum rv_armsconf_line_kind *out);

#endif
