/* parse.h - ARMS messages from bytes to values.
 *
 * Server side: rv_armsxml_parse_request reads a whole, bounded body, strictly.
 * Device side: struct rv_armsxml_reader reads an answer in any pieces, leniently, and hands
 * configs out while they arrive.
 *
 * Both stand on the same engine: expat with the encoding forced to US-ASCII (whatever the
 * declaration says; a byte >= 0x80 is a syntax error, character references arrive as UTF-8),
 * no namespaces, reparse deferral off, depth limited, no entity ever expanded.
 * One reader per document; no shared state. Source: spec/arms-protocol.md 3, 7, appendix A, D.
 */
#ifndef RV_PROTO_ARMSXML_PARSE_H
#define RV_PROTO_ARMSXML_PARSE_H

#include "base/arena.h"
#include "base/diag.h"
#include "proto/armsxml/message.h"

enum {
	RV_ARMSXML_DEPTH_MAX = 16,
	RV_ARMSXML_TOKEN_MAX = 131072, /* bytes after which a tag or comment must have ended */
	RV_ARMSXML_REQUEST_MAX = 8192, /* bytes; the longest honest one is below 1 KiB */
};

/* Read one request. Strict: DTDs, children or overlong text in a leaf, and a second
 * value for a single-valued element are refused; unknown elements are skipped with their
 * content, unknown attributes ignored. Everything *out points at is in the arena.
 *   RV_ELIMIT       over RV_ARMSXML_REQUEST_MAX, too deep, a text or list over its limit
 *   RV_ESYNTAX      not well-formed, cut off, a byte >= 0x80, a DTD, not an arms-message
 *   RV_EUNSUPPORTED a type that is none of enum rv_armsxml_type, or no type
 *   RV_EINVALID     the element of the operation is missing; doubled or nested values
 *   -ENOMEM         also when the arena is full
 * *out untouched then; diag (may be NULL) has line and column. Answer all of them with HTTP
 * 400: original devices take a 2xx result code for an order to reboot. */
int rv_armsxml_parse_request(struct rv_arena *arena, struct rv_str body,
			     struct rv_armsxml_request *out, struct rv_diag *diag) RV_MUSTCHECK;

/* A piece of the config of a module, or of the body of an item (push.h). */
struct rv_armsxml_piece {
	const struct rv_armsxml_module *module; /* NULL: of an item */
	const char *data; /* decoded bytes; a NUL follows that len does not count */
	size_t len;
	bool is_first;
	bool is_last;
	const struct rv_armsxml_item *item; /* NULL: of a module */
};

/* What is done with a document while it arrives. Every return value other than RV_OK
 * ends the document: feed returns it. */
struct rv_armsxml_sink {
	/* The module list is complete: before the first md-config, again when further modules
	 * stand behind md-configs (a new list), and at the end of the message when no md-config
	 * came. Not called when the answer has no module. May be NULL. */
	int (*modules)(void *ctx, const struct rv_armsxml_module *list, size_t count);
	/* A piece of an md-config. May be NULL. */
	int (*config)(void *ctx, const struct rv_armsxml_piece *piece);
	void *ctx;
	/* Bytes per piece; 0: each config whole, in one piece. Otherwise every piece but the last
	 * of a config has exactly this size. An empty config is one empty piece. */
	size_t fragment_bytes;
	/* A piece of an item: push phase only. May be NULL. */
	int (*item)(void *ctx, const struct rv_armsxml_piece *piece);
};

struct rv_armsxml_reader;

/* A reader for the answer to a request of `type` (the answer's own type attribute does not
 * count, as for the original). The strings of the result live in `arena`, which must outlive
 * its use. doc_max: bytes of XML allowed; it bounds a config held whole, too. sink is copied
 * and may be NULL. RV_OK or -ENOMEM. */
int rv_armsxml_reader_new(enum rv_armsxml_type type, struct rv_arena *arena, size_t doc_max,
			  const struct rv_armsxml_sink *sink,
			  struct rv_armsxml_reader **out) RV_MUSTCHECK;
void rv_armsxml_reader_free(struct rv_armsxml_reader *reader); /* NULL allowed */

/* The next piece of the body. Lenient: unknown elements are skipped, unknown attributes
 * ignored, children of a leaf flattened to their text, integers may have white space around
 * them (any other integer counts as absent), what follows </arms-message> is ignored, the last
 * of repeated single values wins, items over the limit of a list are dropped. A DOCTYPE is
 * allowed but may declare no entity. rs-info/url is trimmed and cut at its first line end.
 * Configs of an answer whose result-code has been read and is no success are not delivered.
 *   RV_ESYNTAX   not well-formed, an entity declared, bad Base64
 *   RV_ELIMIT    doc_max, depth, a text over its limit, a tag without end, too many modules
 *   RV_EINVALID  an md-config whose id no module has
 *   -ENOMEM, or whatever the sink returned
 * Every later call fails alike. diag may be NULL. */
int rv_armsxml_reader_feed(struct rv_armsxml_reader *reader, struct rv_str piece,
			   struct rv_diag *diag) RV_MUSTCHECK;

/* True once </arms-message> has been read: the answer is complete, whatever follows. */
bool rv_armsxml_reader_is_done(const struct rv_armsxml_reader *reader);

/* No more bytes will come. RV_OK and *out (owned by the reader's arena, valid as long as it),
 * or RV_ESYNTAX when the document is cut off, or the failure feed returned before. A missing
 * result-code is no failure here: out->code.is_set is false. */
int rv_armsxml_reader_finish(struct rv_armsxml_reader *reader,
			     const struct rv_armsxml_response **out,
			     struct rv_diag *diag) RV_MUSTCHECK;

#endif
