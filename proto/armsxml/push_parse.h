/* push_parse.h - the messages of the push phase from bytes to values.
 *
 * Both are read by a struct rv_armsxml_reader (parse.h: feed, is_done, free), in any pieces, on the
 * same engine and under the same rules of encoding, depth and entities. Bodies go to the sink while
 * they arrive. Strings live in `arena`, which must outlive the use of the result.
 * Source: spec/arms-protocol.md 3.1-3.3, 3.7-3.13, 7.
 */
#ifndef RV_PROTO_ARMSXML_PUSH_PARSE_H
#define RV_PROTO_ARMSXML_PUSH_PARSE_H

#include "proto/armsxml/parse.h"
#include "proto/armsxml/push.h"

/* -- device: what a server sends ------------------------------------------------------------ */

/* Lenient, as rv_armsxml_reader_feed describes. The types "op", "op-start" and "op-done" of a
 * request count as equal. A response may have any type or none: op is then
 * RV_ARMSXML_GENERIC_ERROR; compare it, and transaction_id, with what was asked. The sink gets
 *   configure                  modules and config: modules before the first md-config, or at the
 * end, then also with an empty list (every module is to be removed) read-status, clear-status,
 *   md-command                 item
 * feed may fail with, beside what parse.h says:
 *   RV_EUNSUPPORTED   the type of a request is missing or unknown: answer generic-error 202
 *   RV_ESYNTAX        answer 201, in the name of rv_armsxml_push_reader_seen()
 *   RV_EINVALID       an md-config whose id no module has: answer 415
 * RV_OK or -ENOMEM. */
int rv_armsxml_push_reader_new(struct rv_arena *arena, size_t doc_max,
			       const struct rv_armsxml_sink *sink,
			       struct rv_armsxml_reader **out) RV_MUSTCHECK;
/* As rv_armsxml_reader_finish. */
int rv_armsxml_push_reader_finish(struct rv_armsxml_reader *reader,
				  const struct rv_armsxml_push **out,
				  struct rv_diag *diag) RV_MUSTCHECK;
/* What has been read so far, also of a document that failed; op RV_ARMSXML_GENERIC_ERROR until
 * the type has been seen. */
const struct rv_armsxml_push *rv_armsxml_push_reader_seen(const struct rv_armsxml_reader *reader);

/* -- server: what a device sends ------------------------------------------------------------- */

/* All that can come over one connection of a device. */
struct rv_armsxml_from_device {
	bool is_pull; /* one of enum rv_armsxml_type */
	struct rv_armsxml_request pull;
	struct rv_armsxml_report report; /* otherwise */
};

/* Strict: DTDs, children or overlong text in a leaf, a second value for a single-valued element,
 * a document without its operation element, anything but white space behind the end are refused;
 * unknown elements are skipped, unknown attributes ignored. The sink's `item` gets the bodies of
 * items. A document is over when the transport says so (rv_armsxml_report_reader_finish).
 *   RV_ELIMIT         doc_max, depth, a text or list over its limit
 *   RV_ESYNTAX        not well-formed, cut off, a byte >= 0x80, a DTD, no arms-message, bad Base64
 *   RV_EUNSUPPORTED   a type that devices do not send, or none
 *   RV_EINVALID       doubled or nested values, a request without its operation element
 *   -ENOMEM, or what the sink returned
 * new: RV_OK or -ENOMEM. */
int rv_armsxml_report_reader_new(struct rv_arena *arena, size_t doc_max,
				 const struct rv_armsxml_sink *sink,
				 struct rv_armsxml_reader **out) RV_MUSTCHECK;
int rv_armsxml_report_reader_finish(struct rv_armsxml_reader *reader,
				    const struct rv_armsxml_from_device **out,
				    struct rv_diag *diag) RV_MUSTCHECK;

#endif
