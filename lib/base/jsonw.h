/* jsonw.h - streaming JSON writer: no tree, no allocation but the buffer's.
 *
 * Commas and nesting are kept by the writer; nesting too deep or closed too often is an assertion.
 * Text that is not UTF-8 is written with U+FFFD for each bad byte, so the output is always valid.
 */
#ifndef RV_BASE_JSONW_H
#define RV_BASE_JSONW_H

#include "base/buf.h"

enum { RV_JSONW_DEPTH = 16 };

struct rv_jsonw {
	struct rv_buf *out; /* not owned; errors are its sticky err */
	unsigned depth;
	bool has_item[RV_JSONW_DEPTH];
	bool after_key;
};

void rv_jsonw_init(struct rv_jsonw *w, struct rv_buf *out);
void rv_jsonw_object(struct rv_jsonw *w);
void rv_jsonw_end_object(struct rv_jsonw *w);
void rv_jsonw_array(struct rv_jsonw *w);
void rv_jsonw_end_array(struct rv_jsonw *w);
void rv_jsonw_key(struct rv_jsonw *w, const char *key);
void rv_jsonw_str(struct rv_jsonw *w, struct rv_str s);
void rv_jsonw_i64(struct rv_jsonw *w, int64_t v);
void rv_jsonw_u64(struct rv_jsonw *w, uint64_t v);
void rv_jsonw_bool(struct rv_jsonw *w, bool v);
void rv_jsonw_null(struct rv_jsonw *w);
void rv_jsonw_base64(struct rv_jsonw *w, struct rv_str bytes);
void rv_jsonw_time(struct rv_jsonw *w, int64_t utc_us); /* RFC 3339 text */

#endif
