/* keypool.h - private keys made ahead, so that a certificate never waits for one.
 *
 *   worker thread --makes--> [ key, key, key ... ] --take--> ca duty
 *
 * A pool holds keys of one kind, `target` at most. While it is not full one worker of libuv's pool
 * makes them in small groups. P-256 keys take microseconds: an empty pool makes one on the spot.
 * RSA keys take 0.1 s and more: then take() has none, and on_ready is called when there is.
 * On one loop; nothing here blocks but that P-256 key.
 */
#ifndef RV_RS_KEYPOOL_H
#define RV_RS_KEYPOOL_H

#include <uv.h>

#include "pki/pki.h"

struct rs_keypool;

struct rs_keypool_opt {
	uv_loop_t *loop;
	enum rv_pki_key_kind kind;
	unsigned target;             /* keys kept ready; 0: none is made ahead */
	void (*on_ready)(void *arg); /* there are keys again */
	void *arg;
};

int rs_keypool_new(const struct rs_keypool_opt *opt, struct rs_keypool **out) RV_MUSTCHECK;
/* Once no worker is busy the memory is given back; `done` runs then, or at once. */
void rs_keypool_close(struct rs_keypool *pool, void (*done)(void *arg), void *arg);

/* The caller's now, or NULL: none is ready (RSA), or no memory (P-256). Wanted keys are made even
 * if target is 0. */
struct rv_pki_key *rs_keypool_take(struct rs_keypool *pool);
unsigned rs_keypool_ready(const struct rs_keypool *pool);

#endif
