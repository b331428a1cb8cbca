/* sa.h - the device's half of ARMS up to the push, as a state machine.
 *
 *     start_pull / start_query
 *            |
 *     +--> next(now) --> LINE   call the line callback    --> on_line(result)
 *     |                  OPEN   connect, TLS              --> on_ok | on_fail
 *     |                  SEND   one write, one TLS record --> on_ok | on_fail
 *     |                  READ   whatever comes            --> on_data* | on_fail
 *     |                  CLOSE  the connection            --> on_ok
 *     |                  WAIT   until deadline_us
 *     |                  DONE   the call returns .code
 *     +-------------------------------------------------------+
 *
 * No sockets, no clock, no globals: time comes in as microseconds of any steady clock, and
 * nothing blocks. next() is idempotent: it names the same action until an event or the time
 * changes the state; past deadline_us of OPEN, SEND or READ it gives that attempt up by
 * itself, and a connection still being made is then simply dropped by the shell. While an answer is
 * digested, configs, states and log texts go to the host's functions; those must not call back into
 * the machine (the setters marked * excepted).
 *
 * All retry arithmetic is here: rounds, lines, URLs, the way back to the LS, the memory of
 * who answered last, the overall deadline. Source: spec/arms-protocol.md 1.4 - 1.7, 4.4,
 * appendices B and C; where this differs from the original: device/libarms/README.md.
 *
 * Memory: about 12 KiB, beside the location, the service and the answer being read.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_SA_H
#define RV_DEVICE_LIBARMS_CORE_SA_H

#include "device/libarms/core/judge.h"
#include "device/libarms/core/location.h"
#include "device/libarms/core/modules.h"
#include "device/libarms/core/service.h"
#include "device/libarms/core/state.h"
#include "proto/distid/distid.h"

enum {
	RV_SA_LS_URLS_MAX = 4,
	RV_SA_KEY_MAX = RV_ARMSXML_KEY_MAX,
	RV_SA_TRIGGER_MAX = RV_ARMSXML_TRIGGER_MAX,
	RV_SA_LOG_MAX = 128,      /* characters of one log text */
	RV_SA_CONNECT_S = 30,     /* connect and handshake */
	RV_SA_SEND_S = 30,        /* each write */
	RV_SA_ANSWER_S = 30,      /* from the request's last byte; progress does not extend it */
	RV_SA_NO_LINE_S = 60,     /* pause when there is no line to try */
	RV_SA_PACE_S = 1,         /* least time between repetitions that the servers put at 0 */
	RV_SA_LS_INTERVAL_X = 20, /* seconds per unit of the Initial-Config's interval */
	RV_SA_LS_RETRY_X = 500,   /* rounds per unit of its retry count */
};

struct rv_sa;

struct rv_sa_host {
	/* A piece of a config, or a module that goes, as arms_config_cb_t. */
	int (*config)(void *arg, const struct rv_sa_module *module, int action, const char *data,
		      size_t len, int next);
	/* Can this certificate and key be used together? RV_OK or an error with *diag. */
	int (*identity)(void *arg, struct rv_str certificate, struct rv_str key,
			struct rv_diag *diag);
	/* Both may be NULL. */
	void (*state)(void *arg, int old_state, int new_state);
	void (*log)(void *arg, int type, const char *text); /* type: ARMS_LOG_* */
	void *arg;
};

enum rv_sa_act {
	RV_SA_ACT_LINE,
	RV_SA_ACT_OPEN,
	RV_SA_ACT_SEND,
	RV_SA_ACT_READ,
	RV_SA_ACT_CLOSE,
	RV_SA_ACT_WAIT,
	RV_SA_ACT_DONE,
};

struct rv_sa_action {
	enum rv_sa_act act;
	int64_t deadline_us; /* OPEN, SEND, READ, WAIT: call next() again by then at the latest */
	/* LINE: arguments of the callback; line_conf may be written by it. */
	int line_action;
	int line_type;
	void *line_conf;
	/* OPEN: valid until on_ok or on_fail. */
	const struct rv_armshttp_url *url;
	enum rv_sa_phase phase;    /* RV_SA_LS: the LS subject rule applies */
	struct rv_str anchor;      /* PEM: the chain must end in it */
	struct rv_str certificate; /* the device's, empty: none */
	struct rv_str private_key;
	struct rv_str bytes; /* SEND: 1 .. 16,384 of them, for one write */
	bool has_more;       /* SEND: another one follows at once; both may go out in one packet */
	int code;            /* DONE: 0 or ARMS_E* */
};

/* The host's functions are copied; host->arg must outlive the machine. -ENOMEM. */
int rv_sa_new(const struct rv_sa_host *host, const struct rv_distid *id,
	      struct rv_sa **out) RV_MUSTCHECK;
void rv_sa_free(struct rv_sa *sa); /* wipes; tells nobody; NULL allowed */

/* -- settings; * may be used while a call runs ------------------------------------------- */

int rv_sa_set_initial(struct rv_sa *sa, struct rv_str text,
		      struct rv_diag *diag) RV_MUSTCHECK;                  /* * */
int rv_sa_set_ls_anchor(struct rv_sa *sa, struct rv_str pem) RV_MUSTCHECK; /* * -ENOMEM */
bool rv_sa_set_ls_key(struct rv_sa *sa, struct rv_str key);                /* * false: too long */
bool rv_sa_set_description(struct rv_sa *sa, struct rv_str description);   /* * likewise */
bool rv_sa_set_firmware(struct rv_sa *sa, struct rv_str version);          /* * likewise */
void rv_sa_set_trigger(struct rv_sa *sa, const char *trigger);             /* * cut, not refused */
void rv_sa_set_proxied(struct rv_sa *sa, bool is_proxied); /* * https-simple is not offered then */

/* -- calls ------------------------------------------------------------------------------- */

struct rv_sa_pull {
	int64_t timeout_s;              /* for the whole pull */
	size_t fragment;                /* most bytes per config piece, 0 = whole */
	const struct rv_sa_line *lines; /* to the LS, anonymous types allowed; copied */
	size_t line_count;              /* <= ARMS_MAX_LINE */
	bool is_deaf;                   /* the program takes no configs: no RS pull can succeed */
};

/* No call may be running. next() then leads to DONE. */
void rv_sa_start_pull(struct rv_sa *sa, int64_t now_us, const struct rv_sa_pull *pull);
void rv_sa_start_query(struct rv_sa *sa, int64_t now_us);

void rv_sa_next(struct rv_sa *sa, int64_t now_us, struct rv_sa_action *out);

/* Events; each only as answer to the action named above (asserted). on_fail: log_type is an
 * ARMS_LOG_E* and text says what went wrong; the peer's end in READ is a failure too. */
void rv_sa_on_line(struct rv_sa *sa, int64_t now_us, int result);
void rv_sa_on_ok(struct rv_sa *sa, int64_t now_us);
void rv_sa_on_fail(struct rv_sa *sa, int64_t now_us, int log_type, const char *text);
void rv_sa_on_data(struct rv_sa *sa, int64_t now_us, struct rv_str bytes);

/* -- state cache, modules, information ----------------------------------------------------- */

void rv_sa_dump(const struct rv_sa *sa, char out[static RV_SA_STATE_SIZE]);
int rv_sa_restore(struct rv_sa *sa, const char in[static RV_SA_STATE_SIZE]) RV_MUSTCHECK;

/* Tell the host that every module goes (action REMOVE_MODULE) and forget them. */
void rv_sa_remove_modules(struct rv_sa *sa);

const struct rv_sa_service *rv_sa_service(const struct rv_sa *sa);
const struct rv_sa_modules *rv_sa_modules(const struct rv_sa *sa);
const char *rv_sa_trigger(const struct rv_sa *sa);
const char *rv_sa_ls_url(const struct rv_sa *sa, size_t i); /* NULL beyond the last */
int rv_sa_state(const struct rv_sa *sa);                    /* ARMS_ST_* */
bool rv_sa_has_endpoint(const struct rv_sa *sa);            /* the next pull skips the LS */
bool rv_sa_is_ipv6(const struct rv_sa *sa); /* address family of the last answered query */

void rv_sa_log(struct rv_sa *sa, int type, const char *fmt, ...) RV_PRINTF(3, 4);
void rv_sa_set_state(struct rv_sa *sa, int state); /* tells the host if it is a change */

#endif
