/* table_macros_priv.h - how the rows of the grammar tables are written. For table.c and
 * push_table.c alone: the names are short on purpose.
 */
#ifndef RV_PROTO_ARMSXML_TABLE_MACROS_PRIV_H
#define RV_PROTO_ARMSXML_TABLE_MACROS_PRIV_H

#include <stddef.h>

#include "proto/armsxml/table_priv.h"

#define END                                                                                        \
	{                                                                                          \
		NULL, RV_ARMSXML_GROUP, 0, 0, 0, 0, 0, 0, NULL                                     \
	}

/* name, struct, member, limit in bytes, flags */
#define TEXT(n, s, m, max, flags)                                                                  \
	{                                                                                          \
		n, RV_ARMSXML_TEXT, flags, offsetof(s, m), RV_ARMSXML_SINGLE, 0, 0, max, NULL      \
	}
#define INT(n, s, m)                                                                               \
	{                                                                                          \
		n, RV_ARMSXML_INT, 0, offsetof(s, m), RV_ARMSXML_SINGLE, 0, 0, INT_TEXT_MAX, NULL  \
	}
/* Repeated texts: name, struct, array member, count member, items, limit of one */
#define TEXTS(n, s, m, c, count, max)                                                              \
	{                                                                                          \
		n, RV_ARMSXML_TEXT, 0, offsetof(s, m), offsetof(s, c), sizeof(struct rv_str),      \
			count, max, NULL                                                           \
	}
#define LIST(n, s, m, max) TEXTS(n, s, m.item, m.count, RV_ARMSXML_URLS_MAX, max)
/* A group without a struct of its own; flags */
#define GROUP(n, table, flags)                                                                     \
	{                                                                                          \
		n, RV_ARMSXML_GROUP, flags, 0, RV_ARMSXML_SINGLE, 0, 0, 0, table                   \
	}
/* Repeated groups: name, struct, array member, count member, item struct, items, table */
#define GROUPS(n, s, m, c, item, count, table)                                                     \
	{                                                                                          \
		n, RV_ARMSXML_GROUP, 0, offsetof(s, m), offsetof(s, c), sizeof(item), count, 0,    \
			table                                                                      \
	}
/* Repeated integers: name, struct, array member, count member, items */
#define INTS(n, s, m, c, count)                                                                    \
	{                                                                                          \
		n, RV_ARMSXML_INT, 0, offsetof(s, m), offsetof(s, c),                              \
			sizeof(struct rv_armsxml_int), count, INT_TEXT_MAX, NULL                   \
	}
/* The modules of a struct: name, struct, declaration or config, limit of the text */
#define MODULES(n, s, kind, max)                                                                   \
	{                                                                                          \
		n, kind, RV_ARMSXML_POINTER, offsetof(s, modules), offsetof(s, module_count),      \
			sizeof(struct rv_armsxml_module), RV_ARMSXML_MODULES_MAX, max, NULL        \
	}
/* The items of a struct: name, struct, flags */
#define ITEMS(n, s, flags)                                                                         \
	{                                                                                          \
		n, RV_ARMSXML_ITEM, (flags) | RV_ARMSXML_POINTER, offsetof(s, items),              \
			offsetof(s, item_count), sizeof(struct rv_armsxml_item),                   \
			RV_ARMSXML_ITEMS_MAX, UINT32_MAX, NULL                                     \
	}

enum { INT_TEXT_MAX = 64 }; /* characters of an integer, white space included */

#endif
