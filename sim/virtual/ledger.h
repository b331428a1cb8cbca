/* ledger.h - what operators asked for and what they were told: the truth that servers are held to.
 * Pure.
 *
 *   asked --> acknowledged   it is so, whatever dies afterwards
 *         --> refused        nothing of it happened
 *         --> unknown        nobody answered: it is so, or it is not; either is right
 *
 * Orders about one thing are given one after the other; so what is right about it now is the last
 * acknowledged order, or any unknown one after it.
 */
#ifndef RV_SIM_VIRTUAL_LEDGER_H
#define RV_SIM_VIRTUAL_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

enum vw_fate { VW_ASKED, VW_ACKED, VW_REFUSED_ORDER, VW_UNKNOWN };

enum { VW_ORDERS_MAX = 256 };

/* Of one thing: orders 1 .. count, each sets it to its own number. */
struct vw_ledger {
	enum vw_fate fates[VW_ORDERS_MAX];
	uint32_t count;
	uint32_t acked; /* the last that was; 0 = none, and then the thing may be as it was made */
};

/* The next order's number; 0: the ledger is full. */
uint32_t vw_ledger_ask(struct vw_ledger *ledger);
/* Of the last order. */
void vw_ledger_end(struct vw_ledger *ledger, enum vw_fate fate);
/* Nothing asked before counts any more: the thing was made anew. */
void vw_ledger_forget(struct vw_ledger *ledger);
/* Nobody knows whether it was made anew: everything asked before may count. */
void vw_ledger_blur(struct vw_ledger *ledger);
/* May the thing be what order `number` made it (0: what it was before any), as seen by somebody who
 * asked when `since` was the last acknowledged one? */
bool vw_ledger_allows(const struct vw_ledger *ledger, uint32_t number, uint32_t since);

#endif
