#include "server/status/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/status/status.h"

struct ask;

/* Which answer a reply belongs to. */
struct slot {
	struct ask *ask;
	size_t index;
};

struct ask {
	rv_ask_fn fn;
	void *arg;
	uv_timer_t done; /* fires in the next turn of the loop after the last answer */
	size_t pending;
	size_t n;
	struct rv_ask_answer *answers;
	struct slot *slots;
};

static void ask_free(struct ask *ask)
{
	for (size_t i = 0; i < ask->n; i++)
		rv_buf_deinit(&ask->answers[i].body);
	free(ask->answers);
	free(ask->slots);
	free(ask);
}

static void on_closed(uv_handle_t *handle)
{
	ask_free(handle->data);
}

static void on_done(uv_timer_t *timer)
{
	struct ask *ask = timer->data;

	ask->fn(ask->arg, ask->answers, ask->n);
	uv_close((uv_handle_t *)timer, on_closed);
}

static void finish_if_complete(struct ask *ask)
{
	if (ask->pending == 0)
		uv_timer_start(&ask->done, on_done, 0, 0);
}

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct slot *slot = arg;
	struct ask *ask = slot->ask;
	struct rv_ask_answer *answer = &ask->answers[slot->index];

	rv_buf_put_str(&answer->body, body);
	answer->status = status != RV_OK ? status : answer->body.err;
	ask->pending--;
	finish_if_complete(ask);
}

static void ask_one(struct rv_duty *self, struct ask *ask, size_t i, const char *method)
{
	struct rv_ask_answer *answer = &ask->answers[i];

	if (answer->duty.run == RV_DUTY_WAITING) {
		answer->status = RV_ENOTFOUND;
		return;
	}
	answer->status = rv_bus_request(rv_duty_bus(self), answer->duty.name,
					(int)answer->duty.instance, method, rv_str(NULL),
					RV_ASK_TIMEOUT_US, on_reply, &ask->slots[i]);
	ask->pending += answer->status == RV_OK;
}

int rv_ask_all(struct rv_duty *self, const char *method, const struct rv_duty_info *list, size_t n,
	       rv_ask_fn fn, void *arg)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL)
		return -ENOMEM;
	ask->answers = calloc(n + 1, sizeof(*ask->answers)); /* + 1: n may be 0 */
	ask->slots = calloc(n + 1, sizeof(*ask->slots));
	if (ask->answers == NULL || ask->slots == NULL) {
		ask_free(ask);
		return -ENOMEM;
	}
	ask->fn = fn;
	ask->arg = arg;
	ask->n = n;
	uv_timer_init(rv_duty_loop(self), &ask->done);
	ask->done.data = ask;
	for (size_t i = 0; i < n; i++) {
		ask->slots[i] = (struct slot){ ask, i };
		ask->answers[i].duty = list[i];
		if (strcmp(list[i].name, rv_status_duty_spec.name) != 0)
			ask_one(self, ask, i, method);
	}
	finish_if_complete(ask);
	return RV_OK;
}
