/* desc.h - what a message looks like, as a table, and the one interpreter of such tables.
 *
 *   ops/x.json --gen.py--> struct rv_device { ... }              rv_contract_types.h
 *                          const struct rv_contract_type ...     rv_contract.c
 *                          rv_device_encode() and so on          rv_contract.h: a line each
 *
 * How a field becomes C:
 *   bool                 bool x            u32, u64             uint32_t, uint64_t
 *   i64, id, time (us)   int64_t           enum                 enum rv_<enum>
 *   str, bytes           struct rv_str     struct               struct rv_<type>, embedded
 *   optional             the same and `bool has_x`
 *   list                 pointer `x` and `size_t x_len`
 *
 * A str is UTF-8 without NUL; all lengths are bytes. Structs are plain values: nothing in them is
 * owned, what they point at belongs to whoever filled them. All functions are pure and safe from
 * any thread.
 */
#ifndef RV_CONTRACT_DESC_H
#define RV_CONTRACT_DESC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"

enum {
	RV_CONTRACT_DEPTH_MAX = 4,   /* structs within structs; gen.py refuses more */
	RV_CONTRACT_FIELDS_MAX = 32, /* per struct; likewise */
};

enum rv_contract_kind {
	RV_CONTRACT_BOOL,
	RV_CONTRACT_U32,
	RV_CONTRACT_U64,
	RV_CONTRACT_I64,
	RV_CONTRACT_ID,
	RV_CONTRACT_TIME,
	RV_CONTRACT_ENUM,
	RV_CONTRACT_STR,
	RV_CONTRACT_BYTES,
	RV_CONTRACT_STRUCT,
};

enum rv_contract_flag {
	RV_CONTRACT_REQUIRED = 1 << 0, /* must be on the wire and in the JSON */
	RV_CONTRACT_OPTIONAL = 1 << 1, /* has a has_x */
	RV_CONTRACT_LIST = 1 << 2,
	RV_CONTRACT_SECRET = 1 << 3, /* never logged, never in JSON that leaves a server */
	RV_CONTRACT_TEXT = 1 << 4,   /* JSON shows these bytes as "text" or "base64" */
};

/* The words of an enum; a value is an index. */
struct rv_contract_enum {
	const char *name;
	const char *const *words;
	uint32_t count;
};

struct rv_contract_type;

struct rv_contract_field {
	const char *name;
	uint16_t tag;
	uint8_t kind;         /* enum rv_contract_kind; of a list: of its items */
	uint8_t flags;        /* enum rv_contract_flag */
	uint16_t offset;      /* of the value, or of a list's pointer */
	uint16_t side;        /* offset of has_x (optional) or x_len (list) */
	uint16_t binary_flag; /* RV_CONTRACT_TEXT: offset of the bool that says "base64" */
	uint16_t has_flag;    /* RV_CONTRACT_TEXT: offset of the bool that says there is any */
	uint32_t item_max;    /* list of str: bytes of one item */
	uint64_t min, max;    /* numbers: range; str and bytes: length; lists: items */
	union {
		const char *prefix;                   /* RV_CONTRACT_ID */
		const struct rv_contract_enum *words; /* RV_CONTRACT_ENUM */
		const struct rv_contract_type *type;  /* RV_CONTRACT_STRUCT */
	} of;
};

struct rv_contract_type {
	const char *name;                       /* "device", "device.create.in" */
	const struct rv_contract_field *fields; /* tags rise */
	uint16_t count;
	uint16_t size;        /* of the C struct */
	const char *sentence; /* the enum that chooses its text (sentence.h); NULL: none */
	/* What a table of such things shows, NULL at the end; NULL: never in a table. */
	const char *const *columns;
};

/* A part of the public face: one operation of the files in ops/. */
struct rv_contract_op {
	const char *name; /* "device.create" */
	const struct rv_contract_type *in, *out;
	const char *owner; /* the duty that answers it: bus method "<owner>.op" */
	const char *right; /* "device.write" */
	const char *since;
	bool is_repeatable;       /* doing it twice is the same as doing it once */
	const char *method;       /* "POST" */
	const char *path;         /* "/api/v2/devices/{distid}" */
	const char *cli;          /* "device create DISTID" */
	const char *doc, *doc_ja; /* one sentence each */
	const int *errors;        /* every code it can end with, 0 at the end */
	/* Long lists come in pages: page_in of the next question is page_out of the answer, or
	 * page_item of the last thing in its list. NULL: no pages. */
	const char *page_in, *page_out, *page_item;
	/* The list of `out` that the command line shows as a table; NULL when there is none. */
	const char *table;
	/* A bool of `out`: is all well? Such an answer is shown whole, and the command's exit
	 * status tells the bool. NULL: no report. */
	const char *report;
};

/* Every message, operations first. */
struct rv_contract_msg {
	const char *name;
	const struct rv_contract_type *in, *out;
};

extern const struct rv_contract_op rv_contract_ops[];
extern const size_t rv_contract_op_count;
/* Commands of `reeve ctl` that are more than one operation (contract/local): described alike, but
 * no request of anybody: method, path, owner and right are "". */
extern const struct rv_contract_op rv_contract_locals[];
extern const size_t rv_contract_local_count;
extern const struct rv_contract_msg rv_contract_msgs[];
extern const size_t rv_contract_msg_count;

/* NULL when there is none. */
const struct rv_contract_op *rv_contract_op_find(struct rv_str name);
const struct rv_contract_field *rv_contract_field_find(const struct rv_contract_type *type,
						       struct rv_str name);

/* Append the message. Does not check: do that first with a value made of foreign parts.
 * Errors are out's sticky err; a caller with secrets sets out->wipe. */
void rv_contract_encode(const struct rv_contract_type *type, const void *value, struct rv_buf *out);

/* Read a whole message. `bytes` is untrusted and lent: strings of *out point into it; lists are
 * in the arena. Unknown fields are skipped. RV_ESYNTAX: no such message; RV_EINVALID: a required
 * field is missing, a value is out of range or not UTF-8; RV_ELIMIT: too long or too many;
 * RV_EVERSION: a version, or a word of an enum, that we do not know; -ENOMEM: the arena is full.
 * *out is untouched then. */
int rv_contract_decode(const struct rv_contract_type *type, struct rv_str bytes,
		       struct rv_arena *arena, void *out) RV_MUSTCHECK;

/* Are all values within their limits? RV_OK or the codes of decode, with diag (may be NULL) key
 * "contract.*" and where "modules[2].id". Enums beyond their words give RV_EVERSION. */
int rv_contract_check(const struct rv_contract_type *type, const void *value,
		      struct rv_diag *diag) RV_MUSTCHECK;

/* Forget every secret in the value, lists included (which are written to). */
void rv_contract_drop_secrets(const struct rv_contract_type *type, void *value);

/* Same values? What a has_x hides does not count. */
bool rv_contract_equal(const struct rv_contract_type *type, const void *a, const void *b);

#endif
