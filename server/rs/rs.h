/* rs.h - Resource Server: the state of every device, its configs, its pulls. Duties rs and ca.
 *
 *   proxy --rs.pull, rs.method-query--> rs ==> rs.db         rs --ca.issue-sa--> ca (RS CA key)
 *   http  --rs.op---------------------> rs                   ls <--rs.feed, doorbell rs.changed--
 * rs
 *
 * What a pull delivers is exactly the device's startup config; its answer leaves only after the
 * pull is recorded durably.
 *
 * The second half of this header is the same core without bus and loop, for the in-process
 * transport of librsapi: one caller, blocking, under the store's lock.
 */
#ifndef RV_RS_RS_H
#define RV_RS_RS_H

#include "app/duty.h"

/* server/rs: tables only (rs_spec_dep); the code is in rs_dep and ca_dep. */
extern const struct rv_duty_spec rv_rs_duty_spec, rv_ca_duty_spec;
extern const struct rv_conf_section rv_rs_sections[];
extern const size_t rv_rs_section_count;

extern const struct rv_duty_code rv_rs_code; /* rs_dep */
extern const struct rv_duty_code rv_ca_code; /* ca_dep */

/* -- the core alone ------------------------------------------------------------------------ */

struct rv_rs;

struct rv_rs_opt {
	/* With section rs, and the files of rv_rs_duty_spec.files loaded; must outlive the core. */
	const struct rv_conf *conf;
	const char *state_dir; /* holds secret.key and, by default, rs.db */
	uv_loop_t *loop;       /* where database answers arrive; NULL: rv_rs_op_run only */
	uint8_t node;          /* of the ids made here: 0 for the duty */
};

/* Opens the store, and makes what a first start needs: secret key, Location-Config "default". The
 * API token whose SHA-256 (hex) lies in <state_dir>/admin-token.sha256 is let in as "admin", and
 * the file removed: so `reeve` hands over the token that it showed at its first start. Errors of
 * rv_db_open, rv_secret_open; RV_EINVALID for the config; RV_ESYNTAX, RV_ELIMIT for the token file;
 * diag says which. */
int rv_rs_open(const struct rv_rs_opt *opt, struct rv_rs **out, struct rv_diag *diag) RV_MUSTCHECK;
void rv_rs_close(struct rv_rs *rs);

struct rv_rs_request {
	struct rv_str op;           /* "device.create" */
	struct rv_str token_sha256; /* of the bearer token; empty if is_trusted */
	bool is_trusted;            /* the transport has proved that it is us */
	struct rv_str body;         /* encoded input of the operation */
};

/* Run one operation, blocking, and append the encoded result to `out` (set its .wipe).
 * RV_EUNSUPPORTED: no such operation. RV_EAUTH: unknown token. Otherwise what the
 * operation's contract names. On failure nothing has changed and
 * `out` is not to be used. */
int rv_rs_op_run(struct rv_rs *rs, const struct rv_rs_request *request, struct rv_buf *out,
		 struct rv_diag *diag) RV_MUSTCHECK;

#endif
