/* sa_priv.h - inside of the machine: shared by sa.c (settings), pull.c (actions,
 * events), walk.c (where they lead) and answer.c. */
#ifndef RV_DEVICE_LIBARMS_CORE_SA_PRIV_H
#define RV_DEVICE_LIBARMS_CORE_SA_PRIV_H

#include "device/libarms/core/exchange.h"
#include "device/libarms/core/sa.h"

/* What the machine is about. LINE_UP .. LINE_DOWN are the life of one attempt. */
enum rv_sa_step {
	RV_SA_STEP_IDLE,
	RV_SA_STEP_PAUSE, /* until wake_us, then `then` */
	RV_SA_STEP_LINE_UP,
	RV_SA_STEP_OPEN,
	RV_SA_STEP_SEND_HEAD,
	RV_SA_STEP_SEND_BODY,
	RV_SA_STEP_READ,
	RV_SA_STEP_CLOSE,     /* then `then` */
	RV_SA_STEP_LINE_DOWN, /* then `then` */
	RV_SA_STEP_DONE,
};

/* Where to go after a pause, a close or a line going down. */
enum rv_sa_then {
	RV_SA_THEN_ATTEMPT,   /* next URL over the same line */
	RV_SA_THEN_NEXT_LINE, /* all URLs failed over this one */
	RV_SA_THEN_ROUND,
	RV_SA_THEN_LS,
	RV_SA_THEN_RS,
	RV_SA_THEN_FALLBACK, /* the RS phase has given up */
	RV_SA_THEN_END,      /* with end_code */
};

struct rv_sa_initial { /* the Initial-Config, ready for use */
	char urls[RV_SA_LS_URLS_MAX][RV_ARMSHTTP_URL_MAX + 2];
	size_t url_count;
	uint32_t interval;
	uint32_t max;
	struct rv_sa_line pppoe, pppoe_ipv6, mobile; /* what anonymous lines become */
};

struct rv_sa {
	struct rv_sa_host host;
	char distid[RV_DISTID_TEXT_LEN + 1];
	char ls_key[RV_SA_KEY_MAX + 1];
	char description[ARMS_MAX_DESC_LEN + 1];
	char firmware[ARMS_MAX_VER_LEN + 1];
	char trigger[RV_SA_TRIGGER_MAX + 1];
	char *ls_anchor; /* owned */
	bool is_proxied;
	bool is_ipv6; /* the last query went over IPv6 */
	int state;    /* ARMS_ST_* */
	struct rv_sa_initial initial;
	struct rv_sa_state cache; /* endpoint, RS-SA key, location */
	struct rv_sa_service service;
	struct rv_sa_modules modules;
	/* The device's certificate and key of the last RS pull: they outlive `service`, because
	 * they are shown to the LS, too. */
	struct rv_arena identity;
	struct rv_str certificate;
	struct rv_str private_key;

	/* The running call. */
	enum rv_sa_phase phase;
	enum rv_sa_step step;
	enum rv_sa_then then;
	int64_t now_us;      /* of the running next() or event */
	int64_t deadline_us; /* of the whole pull; INT64_MAX for a query */
	int64_t step_us;     /* deadline of OPEN, SEND, READ */
	int64_t wake_us;     /* end of PAUSE */
	int end_code;
	bool is_ending; /* end_code is set: nothing but tidying up is left */
	struct rv_sa_line lines[ARMS_MAX_LINE]; /* to the LS */
	size_t line_count;
	size_t fragment;
	bool is_deaf;

	/* The walk: rounds, in each the lines, over each the URLs. */
	int64_t rounds_left; /* the running one not counted */
	int64_t interval_s;  /* between rounds */
	size_t line_at, lines_left;
	size_t ls_at, urls_left;
	unsigned fallbacks; /* RS -> LS in this pull */
	struct rv_sa_line_ctl line;
	bool is_open; /* there is a connection to close */
	struct rv_armshttp_url url;
	struct rv_sa_exchange exchange;
};

/* ---- walk.c ---- */

/* The lines and URLs of the running phase. */
struct rv_sa_line *rv_sa_line_list(struct rv_sa *sa, size_t *count);
int64_t rv_sa_line_polls(const struct rv_sa *sa);
size_t rv_sa_url_count(const struct rv_sa *sa);

void rv_sa_begin_ls(struct rv_sa *sa);
void rv_sa_begin_rs(struct rv_sa *sa);
/* `rounds` >= 1, `interval_s` apart but never less than RV_SA_PACE_S. */
void rv_sa_start_phase(struct rv_sa *sa, int64_t rounds, int64_t interval_s);
void rv_sa_next_attempt(struct rv_sa *sa);
void rv_sa_follow(struct rv_sa *sa, enum rv_sa_then then);

/* Ends of an attempt. leave: close, take the line down if `then` needs that, go on. */
void rv_sa_attempt_failed(struct rv_sa *sa, int log_type, const char *text);
void rv_sa_leave(struct rv_sa *sa, enum rv_sa_then then);
void rv_sa_after_close(struct rv_sa *sa);
void rv_sa_end(struct rv_sa *sa, int code); /* leave, then the call returns `code` */
void rv_sa_end_broken(struct rv_sa *sa);    /* the line callback returned nonsense */

/* Seconds from the event or next() being handled. */
int64_t rv_sa_after(const struct rv_sa *sa, int64_t seconds);

/* ---- answer.c ---- */
int rv_sa_request_begin(struct rv_sa *sa) RV_MUSTCHECK;
void rv_sa_answer_bytes(struct rv_sa *sa, struct rv_str bytes);

#endif
