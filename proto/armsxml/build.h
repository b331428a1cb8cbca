/* build.h - ARMS messages from values to bytes.
 *
 * No declaration, no white space between elements, always start and end tag, the element order
 * of the original. Texts are escaped. Only the bytes of `out` are allocated. Any thread.
 * Source: spec/arms-protocol.md 3.1, 3.4-3.6 and every (S) item of section 10 on XML.
 */
#ifndef RV_PROTO_ARMSXML_BUILD_H
#define RV_PROTO_ARMSXML_BUILD_H

#include "base/buf.h"
#include "base/diag.h"
#include "proto/armsxml/message.h"

/* A request as the original client writes it, byte for byte; bytes that ASCII XML cannot hold
 * become '?'. description, trigger, protocol_version and the distribution id are written even
 * when empty, firmware only when ptr is set. Failures stick in out->err. */
void rv_armsxml_build_request(const struct rv_armsxml_request *req, struct rv_buf *out);

/* Append a response. Before anything is written it is checked against what the original
 * client trips over; each refusal is RV_EINVALID, or RV_ELIMIT when something is too long or
 * too many, names the field in diag->where and appends nothing:
 *
 *   all                 code set, 0 .. 999; texts printable ASCII, tab, LF or CR
 *   with code 100-199:
 *   rs-solicitation     rs_key, ll_timeout >= 0, rs_retry_max >= 0, rs_retry_interval > 0,
 *                       1 .. 5 RS with URL (numeric https, 127 characters) and md-config of
 *                       1 .. 2,047 bytes
 *   config-solicitation 1 .. 5 pull URLs; 1 .. 5 heartbeats with numeric host, port,
 *                       passphrase and equal intervals > 0 (without heartbeat-info the
 *                       original client spins); certificate and key both or neither, "-----BEGIN"
 *                       at the start of a line; module ids unique; text configs in ASCII
 *   push-method-query   1 .. 5 known methods, tunnel URLs where https-tunnel is named,
 *                       echo_interval > 0 when set
 *
 * With any other code the response element is empty, whatever the struct holds: a device
 * applies configs before it looks at the code. CR in texts is written &#13; so that it arrives.
 * -ENOMEM and a full buffer are left in out->err and returned. */
int rv_armsxml_build_response(const struct rv_armsxml_response *res, struct rv_buf *out,
			      struct rv_diag *diag) RV_MUSTCHECK;

/* Bytes that a module and its config take in a response, at most. */
size_t rv_armsxml_module_size(const struct rv_armsxml_module *module);

/* The check alone, for use where a value is set, long before it is sent. */
int rv_armsxml_check_response(const struct rv_armsxml_response *res,
			      struct rv_diag *diag) RV_MUSTCHECK;

#endif
