/* exchange.h - requests to an RS on another host, and its answers: foreign bytes. Pure.
 *
 *   message --compact--> {"request": Base64} --POST /api/v2/feed/read--> RS
 *   message <--checked-- {"answer": Base64}  <-------- 200 -------------'
 *
 * What comes back is read strictly, and a page of the feed is decoded and held to the contract
 * here, in the process that has nothing but its sockets: what does not pass never reaches the
 * store.
 */
#ifndef RV_LS_EXCHANGE_H
#define RV_LS_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "contract/rv_contract.h"

enum {
	LS_ANSWER_MAX = 12 * 1024 * 1024, /* bytes of one answer: a page in Base64 and more */
	LS_ANSWER_ARENA_MAX = 96 * 1024 * 1024,
};

/* Path and body of the request for feed.read, feed.report or feed.note, appended. RV_EUNSUPPORTED:
 * another operation. -ENOMEM. */
int ls_exchange_write(struct rv_str op, struct rv_str request, struct rv_buf *path,
		      struct rv_buf *body) RV_MUSTCHECK;

/* The answer with that HTTP status; *out (in the arena) is the message of the RS, empty for all but
 * feed.read. RV_EAUTH, RV_EDENIED: the token; RV_EBUSY: a 5xx, it may do later; RV_ESYNTAX,
 * RV_EINVALID, RV_ELIMIT: not what the contract says; -ENOMEM. diag says what. */
int ls_exchange_read(struct rv_str op, long status, struct rv_str body, struct rv_arena *arena,
		     struct rv_str *out, struct rv_diag *diag) RV_MUSTCHECK;

#endif
