#include "device/libarms/core/judge.h"

#include <assert.h>

#include "base/str.h"

static const struct {
	int32_t last; /* of the range that begins after the row before */
	enum rv_sa_verdict verdict[RV_SA_PHASES];
} judgement[] = {
	/*           LS pull          RS pull           method query */
	{ 99, { RV_SA_NEXT, RV_SA_NEXT, RV_SA_SUCCESS } },
	{ 199, { RV_SA_SUCCESS, RV_SA_SUCCESS, RV_SA_SUCCESS } },
	{ 299, { RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_PULL } },
	{ 499, { RV_SA_NEXT, RV_SA_NEXT, RV_SA_NEXT } },
	{ 500, { RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT } },
	{ 501, { RV_SA_DONTRETRY, RV_SA_DONTRETRY, RV_SA_DONTRETRY } },
	{ 502, { RV_SA_PULL, RV_SA_BACK_TO_LS, RV_SA_PULL } },
	{ 506, { RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT } },
	{ 507, { RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_NO_METHOD } },
	{ 508, { RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_PULL } },
	{ INT32_MAX, { RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT } },
};

static const enum rv_sa_verdict missing[RV_SA_PHASES] = { RV_SA_REBOOT, RV_SA_NEXT, RV_SA_NEXT };

enum rv_sa_verdict rv_sa_judge(enum rv_sa_phase phase, struct rv_armsxml_int code)
{
	size_t row = 0;

	assert(phase < RV_SA_PHASES);
	if (!code.is_set)
		return missing[phase];
	while (code.value > judgement[row].last)
		row++;
	assert(row < RV_ARRAY_LEN(judgement));
	return judgement[row].verdict[phase];
}

const char *rv_sa_trigger_of(struct rv_armsxml_int code)
{
	if (!code.is_set || code.value < 200 || (code.value >= 300 && code.value < 500))
		return NULL;
	switch (code.value) {
	case 501:
		return "received 501 Out of service";
	case 502:
		return "received 502 Push failed";
	case 503:
		return "received 503 Need reboot";
	default:
		return "got result of failure from server";
	}
}
