#include "sim/series.h"

#include <assert.h>
#include <string.h>

#include "device/libarms/core/judge.h"

static const struct {
	const char *word, *text, *text_ja;
} names[SIM_STATES] = {
	[SIM_STATE_OFF] = { "off", "off", "電源断" },
	[SIM_STATE_LS] = { "ls", "asking LS", "LSに問い合わせ中" },
	[SIM_STATE_RS] = { "rs", "asking RS", "RSに問い合わせ中" },
	[SIM_STATE_APPLYING] = { "applying", "applying", "適用中" },
	[SIM_STATE_UP] = { "up", "up", "稼働中" },
	[SIM_STATE_FAILED] = { "failed", "failed", "失敗" },
};

const char *sim_state_text(enum sim_state state, bool is_ja)
{
	return is_ja ? names[state].text_ja : names[state].text;
}

const char *sim_state_word(enum sim_state state)
{
	return names[state].word;
}

enum sim_state sim_state_after(enum sim_state state, const struct sim_record *record)
{
	/* Whatever goes on, a device that is up runs its config. */
	bool is_busy = state != SIM_STATE_UP && state != SIM_STATE_OFF;

	switch (record->what) {
	case SIM_STARTED:
		return SIM_STATE_LS;
	case SIM_UP:
		return SIM_STATE_UP;
	case SIM_CUT:
	case SIM_UPGRADED:
		return SIM_STATE_OFF;
	case SIM_ASKS:
		if (!is_busy)
			return state;
		return record->phase == RV_SA_LS ? SIM_STATE_LS : SIM_STATE_RS;
	case SIM_APPLIES:
		return is_busy ? SIM_STATE_APPLYING : state;
	case SIM_WAITS:
	case SIM_ENDED:
		return is_busy ? SIM_STATE_FAILED : state;
	default:
		return state;
	}
}

void sim_series_init(struct sim_series *series, uint32_t devices)
{
	memset(series, 0, sizeof(*series));
	series->step_us = SIM_SERIES_STEP_US;
	series->now[SIM_STATE_OFF] = devices;
}

/* Every second sample goes. */
static void halve(struct sim_series *series)
{
	for (size_t i = 1; 2 * i < series->count; i++)
		memcpy(series->at[i], series->at[2 * i], sizeof(series->at[i]));
	series->count = (series->count + 1) / 2;
	series->step_us *= 2;
}

static void sample(struct sim_series *series)
{
	if (series->count == SIM_SERIES_MAX)
		halve(series);
	memcpy(series->at[series->count++], series->now, sizeof(series->now));
}

void sim_series_advance(struct sim_series *series, int64_t at_us)
{
	while ((int64_t)series->count * series->step_us <= at_us)
		sample(series);
}

void sim_series_move(struct sim_series *series, int64_t at_us, enum sim_state from,
		     enum sim_state to)
{
	assert(series->now[from] > 0);
	sim_series_advance(series, at_us - 1);
	series->now[from]--;
	series->now[to]++;
}
