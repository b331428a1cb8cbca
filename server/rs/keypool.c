#include "server/rs/keypool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	P256_GROUP = 64, /* one turn of the worker: a millisecond or two */
	RSA_GROUP = 1,
};

struct rs_keypool {
	struct rs_keypool_opt opt;
	struct rv_pki_key **ready; /* room for target + group */
	unsigned count, capacity, group;
	bool is_working, is_wanted; /* somebody went away without a key */
	bool is_closing;
	void (*done)(void *arg);
	void *done_arg;
	/* The worker's while is_working. */
	uv_work_t work;
	struct rv_pki_key *made[P256_GROUP];
	unsigned made_count, made_target;
};

static void work(uv_work_t *req)
{
	struct rs_keypool *pool = req->data;

	for (pool->made_count = 0; pool->made_count < pool->made_target; pool->made_count++) {
		if (rv_pki_key_make(pool->opt.kind, &pool->made[pool->made_count]) != RV_OK)
			break;
	}
}

static void pool_free(struct rs_keypool *pool)
{
	for (unsigned i = 0; i < pool->count; i++)
		rv_pki_key_free(pool->ready[i]);
	if (pool->done != NULL)
		pool->done(pool->done_arg);
	free(pool->ready);
	free(pool);
}

static void fill(struct rs_keypool *pool);

static void worked(uv_work_t *req, int status)
{
	struct rs_keypool *pool = req->data;
	bool was_wanted = pool->is_wanted;

	(void)status;
	pool->is_working = false;
	assert(pool->count + pool->made_count <= pool->capacity);
	for (unsigned i = 0; i < pool->made_count; i++)
		pool->ready[pool->count++] = pool->made[i];
	if (pool->is_closing) {
		pool_free(pool);
		return;
	}
	pool->is_wanted = was_wanted && pool->made_count == 0;
	if (was_wanted && pool->count > 0)
		pool->opt.on_ready(pool->opt.arg);
	/* Without memory it is tried again when the next key is taken. */
	if (pool->made_count > 0)
		fill(pool);
}

static void fill(struct rs_keypool *pool)
{
	unsigned target = pool->is_wanted && pool->opt.target == 0 ? 1 : pool->opt.target;

	if (pool->is_working || pool->is_closing || pool->count >= target)
		return;
	pool->made_target = target - pool->count < pool->group ? target - pool->count : pool->group;
	pool->is_working = uv_queue_work(pool->opt.loop, &pool->work, work, worked) == 0;
}

int rs_keypool_new(const struct rs_keypool_opt *opt, struct rs_keypool **out)
{
	struct rs_keypool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return -ENOMEM;
	pool->opt = *opt;
	pool->group = opt->kind == RV_PKI_P256 ? P256_GROUP : RSA_GROUP;
	pool->capacity = opt->target + pool->group;
	pool->work.data = pool;
	pool->ready = calloc(pool->capacity, sizeof(*pool->ready));
	if (pool->ready == NULL) {
		free(pool);
		return -ENOMEM;
	}
	fill(pool);
	*out = pool;
	return RV_OK;
}

void rs_keypool_close(struct rs_keypool *pool, void (*done)(void *arg), void *arg)
{
	pool->is_closing = true;
	pool->done = done;
	pool->done_arg = arg;
	if (!pool->is_working)
		pool_free(pool);
}

struct rv_pki_key *rs_keypool_take(struct rs_keypool *pool)
{
	struct rv_pki_key *key = NULL;

	if (pool->count > 0)
		key = pool->ready[--pool->count];
	else if (pool->opt.kind != RV_PKI_P256)
		pool->is_wanted = true;
	else if (rv_pki_key_make(RV_PKI_P256, &key) != RV_OK)
		key = NULL;
	fill(pool);
	return key;
}

unsigned rs_keypool_ready(const struct rs_keypool *pool)
{
	return pool->count;
}
