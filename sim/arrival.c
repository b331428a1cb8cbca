#include "sim/arrival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "base/time.h"

static const struct {
	const char *name;
	double max;
} forms[] = {
	[SIM_ARRIVAL_UNIFORM] = { "uniform:", SIM_ARRIVAL_SECONDS_MAX },
	[SIM_ARRIVAL_POISSON] = { "poisson:", SIM_ARRIVAL_RATE_MAX },
	[SIM_ARRIVAL_WAVES] = { "waves:", SIM_ARRIVAL_SECONDS_MAX },
};

/* Digits with at most one point among them: nothing else that strtod(3) would take. */
static bool to_number(struct rv_str text, double *out)
{
	char copy[32];
	unsigned points = 0;

	if (text.len == 0 || !rv_str_copy(text, copy, sizeof(copy)))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (copy[i] == '.')
			points++;
		else if (copy[i] < '0' || copy[i] > '9')
			return false;
	}
	if (points > 1 || text.len == points)
		return false;
	*out = strtod(copy, NULL);
	return true;
}

/* "N:" of the waves; moves *text behind it. */
static int take_waves(struct rv_str *text, unsigned *out)
{
	size_t colon = rv_str_find(*text, ':');
	uint64_t waves;

	if (colon == text->len || !rv_str_to_u64(rv_str_sub(*text, 0, colon), UINT32_MAX, &waves))
		return RV_ESYNTAX;
	if (waves == 0 || waves > SIM_ARRIVAL_WAVES_MAX)
		return RV_EINVALID;
	*text = rv_str_sub(*text, colon + 1, text->len);
	*out = (unsigned)waves;
	return RV_OK;
}

int sim_arrival_parse(struct rv_str text, struct sim_arrival *out)
{
	struct sim_arrival arrival = { .kind = SIM_ARRIVAL_AT_ONCE };

	if (rv_str_is(text, "at-once")) {
		*out = arrival;
		return RV_OK;
	}
	for (size_t i = SIM_ARRIVAL_UNIFORM; i < RV_ARRAY_LEN(forms); i++) {
		if (!rv_str_starts(text, forms[i].name))
			continue;
		struct rv_str rest = rv_str_sub(text, rv_str_find(text, ':') + 1, text.len);
		int err = i == SIM_ARRIVAL_WAVES ? take_waves(&rest, &arrival.waves) : RV_OK;

		if (err != RV_OK)
			return err;
		arrival.kind = (enum sim_arrival_kind)i;
		if (!to_number(rest, &arrival.value))
			return RV_ESYNTAX;
		if (arrival.value <= 0 || arrival.value > forms[i].max)
			return RV_EINVALID;
		*out = arrival;
		return RV_OK;
	}
	return RV_ESYNTAX;
}

/* In (0, 1]. */
static double draw(struct rv_rand *rand)
{
	return ((double)(rv_rand_u64(rand) >> 11) + 1) / 9007199254740992.0;
}

void sim_arrival_fill(const struct sim_arrival *arrival, uint64_t seed, int64_t *at_us, size_t n)
{
	struct rv_rand rand;
	double at = 0;

	rv_rand_seed(&rand, seed);
	for (size_t i = 0; i < n; i++) {
		switch (arrival->kind) {
		case SIM_ARRIVAL_AT_ONCE:
			break;
		case SIM_ARRIVAL_UNIFORM:
			at = (1 - draw(&rand)) * arrival->value;
			break;
		case SIM_ARRIVAL_POISSON:
			at -= log(draw(&rand)) / arrival->value;
			break;
		case SIM_ARRIVAL_WAVES:
			at = (double)(i * arrival->waves / n) * arrival->value / arrival->waves;
			break;
		}
		at_us[i] = (int64_t)(at * (double)RV_US_PER_SEC);
	}
}
