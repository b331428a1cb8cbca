#include "sim/virtual/ledger.h"

#include <assert.h>

uint32_t vw_ledger_ask(struct vw_ledger *ledger)
{
	if (ledger->count + 1 == VW_ORDERS_MAX)
		return 0;
	ledger->fates[++ledger->count] = VW_ASKED;
	return ledger->count;
}

void vw_ledger_end(struct vw_ledger *ledger, enum vw_fate fate)
{
	assert(ledger->count > 0 && ledger->fates[ledger->count] == VW_ASKED);
	ledger->fates[ledger->count] = fate;
	if (fate == VW_ACKED)
		ledger->acked = ledger->count;
}

void vw_ledger_forget(struct vw_ledger *ledger)
{
	for (uint32_t i = 1; i <= ledger->count; i++)
		ledger->fates[i] = VW_REFUSED_ORDER;
	ledger->acked = 0;
}

void vw_ledger_blur(struct vw_ledger *ledger)
{
	ledger->acked = 0;
}

bool vw_ledger_allows(const struct vw_ledger *ledger, uint32_t number, uint32_t since)
{
	if (number > ledger->count || number < since)
		return false;
	return number == 0 || ledger->fates[number] != VW_REFUSED_ORDER;
}
