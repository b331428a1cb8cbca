/* core.h - the rs core, private part: store, settings and what an operation is given.
 *
 *   rv_rs_open()            settings from the config, secret key, store, first-start data
 *   rs_op_<noun>_<verb>()   one per operation of contract/ops; run inside a db work function
 *   rs_contact_*()          what devices ask, relayed by the edges; likewise
 *   rs_feed()               what the LS is told; likewise
 *
 * Everything here is synchronous and knows neither bus nor loop; the duty (duty.c) and librsapi's
 * in-process transport stand around it. A struct rv_rs is immutable but for `ids` and the counters
 * behind it, which belong to the writer thread.
 */
#ifndef RV_RS_CORE_H
#define RV_RS_CORE_H

#include <limits.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/id.h"
#include "contract/rv_contract.h"
#include "db/db.h"
#include "server/rs/rs.h"
#include "secret/secret.h"
#include "server/rs/guard.h"
#include "server/serve/reseal.h"

enum {
	RS_URLS_MAX = 5,
	RS_HEARTBEATS_MAX = 5,
	RS_CONFIG_BYTES_MAX = 15000000, /* modules of one config as sent; fits a bus message */
	RS_PULLS_TRIM_EVERY = 256,      /* stranger rows over the limit before they are cut */
	RS_EPOCH_LEN = 32,
	RS_TAG_LEN = 8,    /* hex digits of a CA that stand in URLs: roll.h */
	RS_PRINT_LEN = 64, /* hex digits of SHA-256 */
};

struct rs_list {
	const char *const *items;
	size_t count;
};

struct rs_heartbeat {
	char host[64];
	uint32_t port;
};

/* Read once from the config; the strings live as long as it does. */
struct rs_settings {
	const char *name;
	struct rs_list pull_urls, tunnel_urls, push_addresses, push_methods, location_urls, lines;
	struct rs_list ls_urls;
	struct rs_heartbeat heartbeats[RS_HEARTBEATS_MAX];
	size_t heartbeat_count;
	uint32_t heartbeat_interval_s, echo_interval_s, push_port, push_timeout_s;
	uint32_t ll_timeout_s, rs_retry_max, rs_retry_interval_s;
	int64_t waiting_max, strangers_max, ls_forget_us;
	int64_t incidents_keep_us, pull_loop_window_us, pull_loop_max;
	struct rs_guard_policy guard;
	enum rv_ca_key sa_key;
	int64_t sa_renew_us;
};

/* Of a parsed config: the tables' checks have let every value by. */
void rs_settings_read(const struct rv_conf *conf, struct rs_settings *out);

/* Which CA devices are given as their anchor (roll.h). */
struct rs_authority {
	char print[RS_PRINT_LEN + 1];  /* of ca_pem */
	char second[RS_PRINT_LEN + 1]; /* of the next one in the file; "" = there is none */
	char untagged[RS_TAG_LEN + 1]; /* the CA of the time before the first roll-over */
	bool is_tagged;                /* there was a roll-over: URLs tell the anchor */
};

struct rv_rs {
	struct rs_settings settings;
	struct rv_secret *secret;
	char key_path[PATH_MAX]; /* of its file */
	struct rv_reseal reseal; /* where a rotation stands; the writer thread's */
	struct rv_buf
		ca_pem; /* root certificate of this RS, as devices get it: the first in the
			   file; the others there are still accepted, but handed out no more */
	struct rs_authority authority;
	struct rv_db *db;
	struct rv_idgen ids;
	char epoch[RS_EPOCH_LEN + 1]; /* of the store: another one after it was made anew */
	uint32_t stranger_pulls;      /* since the last trim */
};

/* What the caller of an operation waits for: that every LS has the changes up to this number. */
struct rs_wanted {
	bool is_wanted;
	uint32_t seconds;
	int64_t seq;
};

/* Given to everything that runs inside a db work function. */
struct rs_ctx {
	struct rv_rs *rs;
	struct rv_db_tx *tx;
	struct rv_arena *arena; /* results point into it */
	int64_t now_us;
	struct rv_str author;      /* who does it: name of the token, "local" */
	bool feed_changed;         /* out: ring the doorbell after the commit */
	bool can_wait;             /* in: somebody waits for LSs behind the commit (wait.h) */
	struct rs_wanted wanted;   /* out: what for */
	int64_t wants_certificate; /* out: lowest id of a device that lacks one; 0 = no such */
};

/* -- helpers of the operations ------------------------------------------------------------ */

/* A database failure has no better words than these. Returns err. */
int rs_db_failed(struct rv_diag *diag, int err);

/* Copies columns of a row into the arena, one after the other; a failure sticks. */
struct rs_reader {
	const struct rv_db_row *row;
	struct rs_ctx *ctx;
	unsigned col;
	int err;
};
struct rv_str rs_read_str(struct rs_reader *r);
int64_t rs_read_int(struct rs_reader *r);
bool rs_read_bool(struct rs_reader *r);
/* False for NULL, and then 0. */
bool rs_read_opt(struct rs_reader *r, int64_t *out);

/* Runs stmt and expects no row or one: fn is called for it. RV_ENOTFOUND when there is none. */
int rs_query_one(struct rs_ctx *ctx, const struct rv_db_stmt *stmt,
		 const struct rv_db_value *params, size_t n, rv_db_row_fn fn,
		 void *arg) RV_MUSTCHECK;
/* One integer, or 0 without a row. */
int rs_query_int(struct rs_ctx *ctx, const struct rv_db_stmt *stmt,
		 const struct rv_db_value *params, size_t n, int64_t *out) RV_MUSTCHECK;

/* Canonical (upper case) distribution id in the arena; RV_EINVALID with diag. */
int rs_distid(struct rs_ctx *ctx, struct rv_str text, struct rv_str *out,
	      struct rv_diag *diag) RV_MUSTCHECK;

/* Facts about the store itself: a value of up to RS_PRINT_LEN bytes in the arena, empty when there
 * is none. */
int rs_meta_get(struct rs_ctx *ctx, const char *name, struct rv_str *out) RV_MUSTCHECK;
int rs_meta_put(struct rs_ctx *ctx, const char *name, const char *value) RV_MUSTCHECK;

/* Note a change for the feed. */
int rs_note_change(struct rs_ctx *ctx, enum rv_feed_record_kind kind, struct rv_str name,
		   bool is_deleted) RV_MUSTCHECK;

/* Box and unbox a device's secret; label "device.rs_key" and so on. The result is in the arena. */
int rs_seal(struct rs_ctx *ctx, const char *label, int64_t id, struct rv_str plain,
	    struct rv_str *out) RV_MUSTCHECK;
int rs_unseal(struct rs_ctx *ctx, const char *label, int64_t id, struct rv_str box,
	      struct rv_str *out) RV_MUSTCHECK;

/* -- parts of operations that others need too ---------------------------------------------- */

struct rs_device {
	struct rv_device pub;
	int64_t working_id, startup_id, running_id; /* 0 = none */
};

/* RV_ENOTFOUND with diag. */
int rs_device_find(struct rs_ctx *ctx, struct rv_str distid, struct rs_device *out,
		   struct rv_diag *diag) RV_MUSTCHECK;
/* Check the modules, store them as a version of the device (or find the version that has the
 * same content) and make it its startup or working config. */
int rs_config_give(struct rs_ctx *ctx, const struct rs_device *device, enum rv_config_kind kind,
		   const struct rv_module *modules, size_t n, struct rv_config_version *out,
		   struct rv_diag *diag) RV_MUSTCHECK;
/* Columns of RS_SQL_VERSION_COLUMNS. */
void rs_config_take(struct rs_reader *r, struct rv_config_version *out);

/* rs.token-check: a refusal is an answer (*out tells it, with strings of diag); a failure of the
 * store is returned. */
int rs_check_token(struct rs_ctx *ctx, const struct rv_rs_token_check_in *in,
		   struct rv_rs_token_check_out *out, struct rv_diag *diag) RV_MUSTCHECK;

/* Find, authorise, read, check and run an operation, append its encoded result: rv_rs_op_run inside
 * a work function. On failure `out` may hold a part. */
int rs_dispatch(struct rs_ctx *ctx, const struct rv_rs_request *request, struct rv_buf *out,
		struct rv_diag *diag) RV_MUSTCHECK;

/* -- operations, one each of contract/ops --------------------------------------------------- */

#define RS_OPERATIONS(X)                                                                           \
	X(device_create)                                                                           \
	X(device_claim)                                                                            \
	X(device_get)                                                                              \
	X(device_list)                                                                             \
	X(device_update)                                                                           \
	X(device_delete)                                                                           \
	X(device_waiting)                                                                          \
	X(config_set)                                                                              \
	X(config_get)                                                                              \
	X(config_apply)                                                                            \
	X(config_history)                                                                          \
	X(config_events)                                                                           \
	X(config_version)                                                                          \
	X(config_diff)                                                                             \
	X(config_retry)                                                                            \
	X(secret_set)                                                                              \
	X(secret_list)                                                                             \
	X(secret_delete)                                                                           \
	X(pull_get)                                                                                \
	X(pull_reveal)                                                                             \
	X(location_set)                                                                            \
	X(location_get)                                                                            \
	X(location_list)                                                                           \
	X(location_delete)                                                                         \
	X(location_history)                                                                        \
	X(location_diff)                                                                           \
	X(location_rollout)                                                                        \
	X(location_rollback)                                                                       \
	X(initial_set)                                                                             \
	X(initial_get)                                                                             \
	X(initial_text)                                                                            \
	X(initial_history)                                                                         \
	X(initial_diff)                                                                            \
	X(group_set)                                                                               \
	X(group_get)                                                                               \
	X(group_list)                                                                              \
	X(group_delete)                                                                            \
	X(group_assign)                                                                            \
	X(device_release)                                                                          \
	X(token_create)                                                                            \
	X(token_list)                                                                              \
	X(token_delete)                                                                            \
	X(feed_read)                                                                               \
	X(feed_report)                                                                             \
	X(feed_note)                                                                               \
	X(ls_list)                                                                                 \
	X(ls_forget)                                                                               \
	X(pull_list)                                                                               \
	X(certificate_list)                                                                        \
	X(certificate_get)                                                                         \
	X(certificate_renew)                                                                       \
	X(certificate_revoke)                                                                      \
	X(device_rekey)                                                                            \
	X(roll_status)                                                                             \
	X(roll_left)                                                                               \
	X(roll_finish)                                                                             \
	X(incident_list)                                                                           \
	X(incident_get)                                                                            \
	X(incident_ack)

#define RS_DECLARE(name)                                                                           \
	int rs_op_##name(struct rs_ctx *ctx, const struct rv_##name##_in *in,                      \
			 struct rv_##name##_out *out, struct rv_diag *diag) RV_MUSTCHECK;
RS_OPERATIONS(RS_DECLARE)
#undef RS_DECLARE

/* -- devices and the LS --------------------------------------------------------------------- */

/* What the shell needs beside the answer to a pull. */
struct rs_pull_extra {
	int64_t device_id;
	enum rv_pull_outcome outcome;
	bool wants_certificate; /* delivered, but without a certificate of ours that is valid long
				   enough */
	char anchor[RS_TAG_LEN + 1]; /* what the device trusts, if that is to be kept together
					with the new certificate; "" = it is not */
};

int rs_contact_pull(struct rs_ctx *ctx, const struct rv_rs_pull_in *in, struct rv_rs_pull_out *out,
		    struct rs_pull_extra *extra) RV_MUSTCHECK;
int rs_contact_query(struct rs_ctx *ctx, const struct rv_rs_method_query_in *in,
		     struct rv_rs_method_query_out *out) RV_MUSTCHECK;
int rs_contact_note(struct rs_ctx *ctx, const struct rv_rs_waiting_note_in *in) RV_MUSTCHECK;
/* ctx->author names the LS. See feed.h. */
int rs_feed(struct rs_ctx *ctx, const struct rv_rs_feed_in *in,
	    struct rv_rs_feed_out *out) RV_MUSTCHECK;
int rs_report(struct rs_ctx *ctx, const struct rv_rs_report_in *in) RV_MUSTCHECK;

/* Keep the certificate that was made for a pull, and what the pull proved (extra->anchor). */
int rs_contact_keep(struct rs_ctx *ctx, const struct rs_pull_extra *extra,
		    const struct rv_ca_issued *made) RV_MUSTCHECK;

/* One step of sealing all boxes anew, after the key file was read again. */
int rs_reseal(struct rs_ctx *ctx, const struct rv_key_reseal_rs_in *in,
	      struct rv_key_reseal_rs_out *out) RV_MUSTCHECK;

/* For the metrics. */
struct rs_counted {
	int64_t devices, waiting, incidents; /* incidents: open ones, not acknowledged */
};
int rs_count(struct rv_db_tx *tx, struct rs_counted *out) RV_MUSTCHECK;

/* -- certificates ---------------------------------------------------------------------------- */

enum { RS_CERTIFICATES_MANY = 64 }; /* made at a time; as in contract/msg/ca.json */

struct rs_missing {
	int64_t id;
	struct rv_str distid;
};

/* The next devices after id `after` that have no certificate, or one that is due: at most `max`. */
int rs_certificate_missing(struct rs_ctx *ctx, int64_t after, struct rs_missing *list, size_t max,
			   size_t *count) RV_MUSTCHECK;
/* A certificate and key from outside: checked, and its other fields filled in. Both empty: fine,
 * nothing is done. RV_EINVALID with *diag. */
int rs_certificate_check_given(struct rs_ctx *ctx, struct rv_ca_issued *given,
			       struct rv_diag *diag) RV_MUSTCHECK;
/* A random RS-SA key or passphrase (hex) in the arena; one that is there stays. */
int rs_device_make_key(struct rs_ctx *ctx, struct rv_str *key) RV_MUSTCHECK;
/* What people must hear of, as incidents: the end of the RS CA is near, certificates of ours that
 * nobody fetched are overdue, one from outside ends within 30 days. Over again: resolved. */
int rs_expiry_survey(struct rs_ctx *ctx) RV_MUSTCHECK;
/* Record a certificate of the device and keep it with its key as the current one. A device that is
 * gone meanwhile is no failure: nothing is kept then. is_given: it came from outside. */
int rs_certificate_put(struct rs_ctx *ctx, int64_t device_id, const struct rv_ca_issued *made,
		       bool is_given) RV_MUSTCHECK;

#endif
