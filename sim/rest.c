/* What is left of a device that has nothing to do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/device_priv.h"
#include "sim/options.h"

static void give_up(const struct sim_device *d, int err)
{
	sim_error("device %u: %s", d->number, rv_err_name(err));
	exit(SIM_EXIT_FAILURE);
}

void sim_device_forget(struct sim_device *d)
{
	sim_pool_put(&d->host->pool, d->folded, d->folded_len);
	d->folded = NULL;
	d->folded_len = 0;
}

/* What is in the scratch buffer becomes the one block of the device. */
static int keep_scratch(struct sim_device *d, size_t len)
{
	char *block = len <= SIM_POOL_MAX ? sim_pool_get(&d->host->pool, len) : NULL;

	if (block == NULL)
		return -ENOMEM;
	memcpy(block, d->host->scratch.ptr, len);
	sim_device_forget(d);
	d->folded = block;
	d->folded_len = (uint32_t)len;
	return RV_OK;
}

/* Devices in the middle of something stay as they are. */
void sim_device_fold(struct sim_device *d)
{
	struct rv_sa_shared shared = sim_trust_shared(&d->host->trust);
	int err;

	if (d->sa == NULL || d->conn != NULL || !rv_sa_can_rest(d->sa))
		return;
	rv_buf_clear(&d->host->scratch);
	err = rv_sa_fold(d->sa, &shared, &d->host->scratch);
	if (err == RV_OK)
		err = keep_scratch(d, d->host->scratch.len);
	if (err != RV_OK)
		give_up(d, err);
	d->sa = NULL;
}

void sim_device_unfold(struct sim_device *d)
{
	struct rv_sa_shared shared = sim_trust_shared(&d->host->trust);
	int err;

	if (d->sa != NULL)
		return;
	err = rv_sa_unfold(rv_strn(d->folded, d->folded_len), &shared, &d->sa);
	if (err != RV_OK)
		give_up(d, err);
	sim_device_forget(d);
}

/* The state cache, without the zeros that it ends in. */
void sim_device_keep_state(struct sim_device *d)
{
	struct rv_buf *scratch = &d->host->scratch;
	size_t len = sizeof(d->host->state);
	int err;

	sim_device_unfold(d);
	rv_sa_dump(d->sa, d->host->state);
	while (len > 0 && d->host->state[len - 1] == '\0')
		len--;
	rv_buf_clear(scratch);
	rv_buf_put(scratch, d->host->state, len);
	err = scratch->err == RV_OK ? keep_scratch(d, len) : scratch->err;
	if (err != RV_OK)
		give_up(d, err);
}

/* What was kept over the power cut. */
int sim_device_restore_state(struct sim_device *d)
{
	char *state = d->host->state;

	memcpy(state, d->folded, d->folded_len);
	memset(state + d->folded_len, 0, sizeof(d->host->state) - d->folded_len);
	sim_device_forget(d);
	return rv_sa_restore(d->sa, state);
}
