/* table_priv.h - the grammar of ARMS messages as data.
 *
 * One table per element says which children it may have, where their values stand in the
 * message struct and which limits hold. Parser, builder and check all walk these tables: a
 * new message is a new table. Order in a table is order on the wire.
 */
#ifndef RV_PROTO_ARMSXML_TABLE_PRIV_H
#define RV_PROTO_ARMSXML_TABLE_PRIV_H

#include "proto/armsxml/push.h"

enum rv_armsxml_kind {
	RV_ARMSXML_GROUP,  /* has children, no text */
	RV_ARMSXML_TEXT,   /* struct rv_str */
	RV_ARMSXML_INT,    /* struct rv_armsxml_int */
	RV_ARMSXML_MODULE, /* struct rv_armsxml_module: declaration */
	RV_ARMSXML_CONFIG, /* struct rv_armsxml_module: its config */
	RV_ARMSXML_ITEM,   /* struct rv_armsxml_item */
};

enum {
	RV_ARMSXML_ALWAYS = 1,     /* built also when there is no value */
	RV_ARMSXML_ALIAS = 2,      /* read, never built */
	RV_ARMSXML_CUT = 4,        /* reader: cut at the limit, no failure */
	RV_ARMSXML_URL_TRIM = 8,   /* reader: trimmed, cut at its first line end */
	RV_ARMSXML_POINTER = 16,   /* the array is behind a pointer */
	RV_ARMSXML_OPERATION = 32, /* the element that carries the operation */
	RV_ARMSXML_BY_TYPE = 64,   /* children follow from the attribute type */
	RV_ARMSXML_BY_HOP = 128,   /* item: its number stands in the attribute hop, not id */
};

enum { RV_ARMSXML_SINGLE = UINT16_MAX }; /* as count_offset: not repeated */

struct rv_armsxml_elem {
	const char *name; /* NULL ends a table */
	enum rv_armsxml_kind kind;
	unsigned flags;
	uint16_t offset;       /* of the value, or of the first of an array */
	uint16_t count_offset; /* of the array's size_t count, or RV_ARMSXML_SINGLE */
	uint16_t stride;       /* bytes from one item to the next */
	uint16_t max_count;
	uint32_t max_bytes; /* of the text */
	const struct rv_armsxml_elem *children;
};

/* Children of arms-request and arms-response of a type. */
const struct rv_armsxml_elem *rv_armsxml_request_table(enum rv_armsxml_type type);
const struct rv_armsxml_elem *rv_armsxml_response_table(enum rv_armsxml_type type);

/* Children of the operation element of a message of the push phase; empty, never NULL. */
const struct rv_armsxml_elem *rv_armsxml_push_table(enum rv_armsxml_op op); /* requests */
const struct rv_armsxml_elem *rv_armsxml_report_table(enum rv_armsxml_op op, bool is_response);

/* The elements around it, in their order, without the operation element itself. */
extern const struct rv_armsxml_elem rv_armsxml_push_request_head[];
extern const struct rv_armsxml_elem rv_armsxml_push_response_head[];
extern const struct rv_armsxml_elem rv_armsxml_report_request_head[];
extern const struct rv_armsxml_elem rv_armsxml_report_response_head[];
enum { RV_ARMSXML_HEAD_MAX = 6 }; /* elements of any of them, with its end */

/* "read-status-start" for a message, as its sender names it; out has RV_ARMSXML_TYPE_NAME_MAX + 1
 * bytes. is_from_device and is_response: who sends what. */
enum { RV_ARMSXML_TYPE_NAME_MAX = 31 };
void rv_armsxml_push_type(enum rv_armsxml_op op, bool is_from_device, bool is_response,
			  char out[static RV_ARMSXML_TYPE_NAME_MAX + 1]);

static inline bool rv_armsxml_is_repeated(const struct rv_armsxml_elem *elem)
{
	return elem->count_offset != RV_ARMSXML_SINGLE;
}

static inline const char *rv_armsxml_item_id(const struct rv_armsxml_elem *elem)
{
	return (elem->flags & RV_ARMSXML_BY_HOP) != 0 ? "hop" : "id";
}

/* For builder and check: how many values there are in `base`, and the i-th. */
size_t rv_armsxml_value_count(const struct rv_armsxml_elem *elem, const char *base);
const char *rv_armsxml_value(const struct rv_armsxml_elem *elem, const char *base, size_t i);

#endif
