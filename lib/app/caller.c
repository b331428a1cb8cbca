#include "app/caller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "app/join.h"
#include "base/time.h"
#include "bus/bus.h"

struct rv_app_caller {
	char *path;
	const char *peer;
	int64_t timeout_us;
	uv_loop_t loop;
	struct rv_bus *bus;
	bool is_up;
	/* the call in progress */
	bool is_answered;
	int status;
	struct rv_arena *arena;
	struct rv_str answer; /* in the arena */
};

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	struct rv_app_caller *caller = arg;

	(void)peer;
	(void)instance;
	caller->is_up = is_up;
}

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct rv_app_caller *caller = arg;

	caller->answer = rv_arena_str(caller->arena, body);
	caller->status = caller->answer.ptr != NULL ? status : -ENOMEM;
	caller->is_answered = true;
}

static void on_deadline(uv_timer_t *timer)
{
	bool *is_over = timer->data;

	*is_over = true;
}

/* Turn the loop until the link stands; false after the deadline. */
static bool wait_for_link(struct rv_app_caller *caller)
{
	bool is_over = false;
	uv_timer_t timer = { .data = &is_over };

	uv_timer_init(&caller->loop, &timer);
	uv_timer_start(&timer, on_deadline, (uint64_t)(caller->timeout_us / RV_US_PER_MS), 0);
	while (!caller->is_up && !is_over)
		uv_run(&caller->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&caller->loop, UV_RUN_NOWAIT);
	return caller->is_up;
}

/* The bus goes by the number that the supervisor gave this connection: each has its own. */
static int attach(struct rv_app_caller *caller, const struct rv_app_link *joined)
{
	int r;

	rv_bus_free(caller->bus);
	caller->bus = NULL;
	r = rv_bus_new(&caller->loop, "rsapi", joined->self_instance, &caller->bus);
	if (r != RV_OK) {
		close(joined->fd);
		return r;
	}
	rv_bus_on_link(caller->bus, on_link, caller);
	r = rv_bus_attach(caller->bus, caller->peer, joined->peer_instance, joined->fd);
	if (r == RV_OK && !wait_for_link(caller))
		r = RV_ETIMEOUT;
	return r;
}

int rv_app_caller_connect(struct rv_app_caller *caller)
{
	struct rv_app_link joined;
	int r;

	uv_run(&caller->loop, UV_RUN_NOWAIT);
	if (caller->is_up)
		return RV_OK;
	r = rv_app_join(caller->path, "rsapi", RV_APP_INSTANCE_ANY, caller->peer, &joined);
	return r == RV_OK ? attach(caller, &joined) : r;
}

int rv_app_caller_call(struct rv_app_caller *caller, const char *method, struct rv_str body,
		       struct rv_arena *arena, struct rv_str *answer)
{
	int r;

	caller->arena = arena;
	caller->is_answered = false;
	r = rv_bus_request(caller->bus, caller->peer, -1, method, body, caller->timeout_us,
			   on_reply, caller);
	if (r != RV_OK)
		return r;
	while (!caller->is_answered)
		uv_run(&caller->loop, UV_RUN_ONCE);
	if (caller->status == RV_OK)
		*answer = caller->answer;
	return caller->status;
}

int rv_app_caller_new(const char *path, const char *peer, int64_t timeout_us,
		      struct rv_app_caller **out)
{
	struct rv_app_caller *caller = calloc(1, sizeof(*caller));

	if (caller == NULL)
		return -ENOMEM;
	caller->peer = peer;
	caller->timeout_us = timeout_us;
	caller->path = strdup(path);
	if (caller->path == NULL || uv_loop_init(&caller->loop) != 0) {
		free(caller->path);
		free(caller);
		return -ENOMEM;
	}
	*out = caller;
	return RV_OK;
}

void rv_app_caller_free(struct rv_app_caller *caller)
{
	if (caller == NULL)
		return;
	rv_bus_free(caller->bus);
	uv_run(&caller->loop, UV_RUN_DEFAULT);
	uv_loop_close(&caller->loop);
	free(caller->path);
	free(caller);
}
