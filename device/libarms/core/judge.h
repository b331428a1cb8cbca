/* judge.h - what a result code makes the device do.
 *
 * Pure tables. Source: spec/arms-protocol.md 4.4 and appendix C.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_JUDGE_H
#define RV_DEVICE_LIBARMS_CORE_JUDGE_H

#include "proto/armsxml/message.h"

enum rv_sa_phase { RV_SA_LS, RV_SA_RS, RV_SA_QUERY, RV_SA_PHASES };

enum rv_sa_verdict {
	RV_SA_SUCCESS,
	RV_SA_NEXT,       /* failed attempt: next URL, then the retry rules */
	RV_SA_BACK_TO_LS, /* the RS sends the device away */
	RV_SA_NO_METHOD,  /* query: succeeds, but no method may be used */
	RV_SA_REBOOT,     /* the call ends with EREBOOT, */
	RV_SA_DONTRETRY,  /* EDONTRETRY, */
	RV_SA_PULL,       /* EPULL */
};

/* The verdict on a complete answer; a code that is not set is the one that was missing. */
enum rv_sa_verdict rv_sa_judge(enum rv_sa_phase phase, struct rv_armsxml_int code);

/* Trigger of the next pull after this code; NULL: the code leaves it alone. Static. */
const char *rv_sa_trigger_of(struct rv_armsxml_int code);

#endif
