/* push_build.h - the messages of the push phase from values to bytes.
 *
 * As build.h: no declaration, no white space between elements, always start and end tag, order
 * of elements and attributes as the original has them. Only the bytes of `out` are allocated.
 * Any thread. Source: spec/arms-protocol.md 3.2, 3.3, 3.7-3.13.
 */
#ifndef RV_PROTO_ARMSXML_PUSH_BUILD_H
#define RV_PROTO_ARMSXML_PUSH_BUILD_H

#include "base/buf.h"
#include "base/diag.h"
#include "proto/armsxml/push.h"

/* -- server ------------------------------------------------------------------------------- */

/* Append a message for a device. Before anything is written it is checked against what the
 * original client trips over; each refusal is RV_EINVALID, or RV_ELIMIT when something is too
 * long or too many, names the field in diag->where and appends nothing:
 *
 *   all                 texts printable ASCII, tab, LF or CR; no generic-error
 *   responses           of asynchronous operations and push-confirmation only; code 0 .. 999;
 *                       transaction id in its range
 *   requests            distribution id in its canonical form (any other is answered 423);
 *                       result-url empty or a numeric https URL of 127 characters;
 *                       a transaction id with push-confirmation-done, and with nothing else (in a
 *                       tunnel it would be looked up)
 *   configure           module ids unique; text configs in ASCII
 *   read-status,
 *   clear-status        at least one item, each with an id (0 counts)
 *   read-storage        "running", "candidate" or "backup"
 *   ping                address; count and size >= 0 when set
 *   traceroute          address; count >= 1; max-hop 1 .. 256 (without it no hop is reported)
 *   md-command          exactly one item of at most 8,192 bytes as sent
 *   pull-config         "LS" or "RS"
 *
 * CR in texts is written &#13; so that it arrives. -ENOMEM and a full buffer are left in
 * out->err and returned. */
int rv_armsxml_build_push(const struct rv_armsxml_push *push, struct rv_buf *out,
			  struct rv_diag *diag) RV_MUSTCHECK;

/* The check alone, for use where an operation is accepted, long before it is sent. */
int rv_armsxml_check_push(const struct rv_armsxml_push *push, struct rv_diag *diag) RV_MUSTCHECK;

/* -- device ------------------------------------------------------------------------------- */

/* A report as the original client writes it, byte for byte; bytes that ASCII XML cannot hold
 * become '?'. The whole at once, bodies of items from the struct: */
void rv_armsxml_build_report(const struct rv_armsxml_report *report, struct rv_buf *out);

/* ... or in pieces, while a program produces them (its results may be long):
 *
 *   rv_armsxml_report_begin(report, out)      all but items and the end
 *   rv_armsxml_item_begin(&w, report, item, out)
 *   rv_armsxml_item_data(&w, bytes, out) ...
 *   rv_armsxml_item_end(&w, out)              and the next item
 *   rv_armsxml_report_end(report, out)
 *
 * `out` may be emptied between calls. Failures stick in out->err. */
struct rv_armsxml_item_writer {
	const char *element;
	bool is_binary;
	unsigned held; /* bytes that wait for a whole group of Base64 */
	char hold[3];
};

void rv_armsxml_report_begin(const struct rv_armsxml_report *report, struct rv_buf *out);
/* Operations that have items: read-status, clear-status, read-storage, traceroute as requests,
 * md-command and dump-debug as responses. item->body is not looked at. */
void rv_armsxml_item_begin(struct rv_armsxml_item_writer *w, const struct rv_armsxml_report *report,
			   const struct rv_armsxml_item *item, struct rv_buf *out);
void rv_armsxml_item_data(struct rv_armsxml_item_writer *w, struct rv_str bytes,
			  struct rv_buf *out);
void rv_armsxml_item_end(struct rv_armsxml_item_writer *w, struct rv_buf *out);
void rv_armsxml_report_end(const struct rv_armsxml_report *report, struct rv_buf *out);

#endif
