/* core.h - one step played: requests and time in, answers and verdicts out.
 *
 *   begin(step) --> request*, refusal*, plain*, ended --> OVER
 *                        tick when deadline_us has come
 *
 * Until the step's first turn the device is steered towards the LS: whatever else it asks is
 * answered so that it comes back (502 sends it to the LS). After the last one, too. Time is
 * microseconds of any steady clock; times of connections are those of accept, so that a device is
 * judged by when it acted and not by how long TLS took. No I/O, no clock, one thread.
 */
#ifndef RV_VERIFY_CORE_H
#define RV_VERIFY_CORE_H

#include "verify/answer.h"
#include "verify/board.h"
#include "verify/request.h"

struct verify_core_opt {
	const struct verify_world *world;
	const char *distid; /* upper case */
	const char *ls_key;
	int64_t slack_us; /* a device may be this late */
	int64_t wait_us;  /* for the device to arrive at the LS */
};

enum verify_outcome {
	VERIFY_RUNNING,
	VERIFY_KEPT,     /* all turns as wanted */
	VERIFY_BROKEN,   /* a deviation, blamed */
	VERIFY_UNJUDGED, /* a deviation before the point of the step: nobody is blamed */
	VERIFY_ABSENT,   /* the device did not come */
	VERIFY_SKIPPED,  /* it has failed 218, without which this one says nothing */
};

struct verify_core {
	struct verify_core_opt opt;
	struct verify_board *board;
	struct verify_step step;
	enum verify_outcome outcome;
	char note[VERIFY_DETAIL_MAX]; /* why not KEPT; "" */
	unsigned turn;                /* the one that is waited for */
	int64_t since_us;             /* the last answer, or the beginning */
	int64_t deadline_us;          /* INT64_MAX: none */
	enum verify_place last_ls;    /* asked last; VERIFY_PLACE_ANY: none in this step */
	unsigned interval;            /* N that the device was told */
	unsigned refusals;            /* before its first request in this step */
	bool has_other_key;           /* the device was told the other RS-SA key */
	bool has_come;                /* a request was seen in any step */
	bool is_cold;                 /* the device is just being switched on */
};

/* A request that is complete and read. */
struct verify_arrival {
	enum verify_place place;
	int64_t connected_us; /* accept of its connection */
	bool shows_identity;  /* a client certificate that the RS CA issued */
	const char *tls;      /* "TLSv1.3 ..." */
	const struct verify_request *request;
};

/* opt's pointers and board must outlive it. */
void verify_core_init(struct verify_core *core, const struct verify_core_opt *opt,
		      struct verify_board *board);
/* is_cold: the device is switched on for it, so its first trigger is known. outcome is RUNNING
 * afterwards, or SKIPPED. */
void verify_core_begin(struct verify_core *core, const struct verify_step *step, bool is_cold,
		       int64_t now_us);
/* What to answer; *out must be zeroed, and its bytes are the caller's. After the end of a step,
 * too. Errors of verify_answer. */
int verify_core_request(struct verify_core *core, const struct verify_arrival *arrival,
			int64_t now_us, struct verify_delivery *out) RV_MUSTCHECK;
/* A connection that began in this step has ended without a request; why: OpenSSL's words. */
void verify_core_refused(struct verify_core *core, enum verify_place place, const char *why);
/* Bytes that are no TLS. */
void verify_core_plain(struct verify_core *core, enum verify_place place);
/* A second request, or other bytes, behind a complete one. */
void verify_core_extra(struct verify_core *core, enum verify_place place);
/* The device's program has ended. */
void verify_core_ended(struct verify_core *core, const char *how);
/* Time has passed. */
void verify_core_tick(struct verify_core *core, int64_t now_us);

#endif
