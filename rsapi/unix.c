/* unix: - a bus link of our own to a running rs, and a private loop to wait on. */
#include "rsapi/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "app/join.h"
#include "base/time.h"
#include "bus/bus.h"
#include "contract/rv_contract.h"

struct link {
	char *path;
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
	struct link *link = arg;

	(void)peer;
	(void)instance;
	link->is_up = is_up;
}

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct link *link = arg;

	link->answer = rv_arena_str(link->arena, body);
	link->status = link->answer.ptr != NULL ? status : -ENOMEM;
	link->is_answered = true;
}

static void on_deadline(uv_timer_t *timer)
{
	bool *is_over = timer->data;

	*is_over = true;
}

/* Turn the loop until the link stands; false after the deadline. */
static bool wait_for_link(struct link *link)
{
	bool is_over = false;
	uv_timer_t timer = { .data = &is_over };

	uv_timer_init(&link->loop, &timer);
	uv_timer_start(&timer, on_deadline, (uint64_t)(link->timeout_us / RV_US_PER_MS), 0);
	while (!link->is_up && !is_over)
		uv_run(&link->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&link->loop, UV_RUN_NOWAIT);
	return link->is_up;
}

static int unreachable(const struct link *link, int r, struct rsapi_error *error)
{
	switch (r) {
	case RV_EDENIED:
		return rsapi_fail(error, r, "rsapi.denied", "",
				  "%s gives links to its own user and root only", link->path);
	case -ENOMEM:
		return rsapi_fail(error, r, "", "", "out of memory");
	case RV_EINVALID:
		return rsapi_fail(error, r, "rsapi.url", "", "%s is no path of a socket",
				  link->path);
	default:
		return rsapi_fail(error, RV_ECLOSED, "rsapi.unreachable", "",
				  "no rs answers at %s (%s); is reeve serve running?", link->path,
				  rv_err_name(r));
	}
}

/* The bus goes by the number that the supervisor gave this connection: each has its own. */
static int attach(struct link *link, const struct rv_app_link *joined)
{
	int r;

	rv_bus_free(link->bus);
	link->bus = NULL;
	r = rv_bus_new(&link->loop, "rsapi", joined->self_instance, &link->bus);
	if (r != RV_OK) {
		close(joined->fd);
		return r;
	}
	rv_bus_on_link(link->bus, on_link, link);
	r = rv_bus_attach(link->bus, "rs", joined->peer_instance, joined->fd);
	if (r == RV_OK && !wait_for_link(link))
		r = RV_ETIMEOUT;
	return r;
}

/* A link may have ended since the last call: rs was started anew. */
static int connect_link(struct link *link, struct rsapi_error *error)
{
	struct rv_app_link joined;
	int r;

	uv_run(&link->loop, UV_RUN_NOWAIT);
	if (link->is_up)
		return RV_OK;
	r = rv_app_join(link->path, "rsapi", RV_APP_INSTANCE_ANY, "rs", &joined);
	if (r == RV_OK)
		r = attach(link, &joined);
	return r == RV_OK ? r : unreachable(link, r, error);
}

static int read_answer(const struct link *link, const struct rv_contract_op *op, void *out,
		       struct rsapi_error *error)
{
	struct rv_rs_op_out answer;

	if (link->status == RV_ETIMEOUT)
		return rsapi_fail(error, RV_ETIMEOUT, "rsapi.timeout", "", "no answer in time");
	if (link->status != RV_OK)
		return rsapi_fail(error, link->status, "rsapi.failed", "", "the call failed: %s",
				  rv_err_name(link->status));
	if (rv_rs_op_out_decode(link->answer, link->arena, &answer) != RV_OK)
		return rsapi_fail(error, RV_EVERSION, "rsapi.version", "",
				  "the server speaks another version");
	if (answer.status != RV_OK)
		return rsapi_fail_text(error, (int)answer.status, answer.key, answer.text,
				       answer.where);
	if (rv_contract_decode(op->out, answer.body, link->arena, out) != RV_OK)
		return rsapi_fail(error, RV_EVERSION, "rsapi.version", "",
				  "the server speaks another version");
	return RV_OK;
}

static int request(struct link *link, const struct rv_contract_op *op, const void *in)
{
	struct rv_buf body = { .max = RV_BUS_BODY_MAX, .wipe = true };
	struct rv_buf message = { .max = RV_BUS_BODY_MAX, .wipe = true };
	struct rv_rs_op_in envelope = { .op = rv_str(op->name), .is_trusted = true };
	int r;

	rv_contract_encode(op->in, in, &body);
	envelope.body = rv_buf_str(&body);
	r = body.err;
	if (r == RV_OK)
		r = rv_rs_op_in_check(&envelope, NULL);
	if (r == RV_OK) {
		rv_rs_op_in_encode(&envelope, &message);
		r = message.err;
	}
	if (r == RV_OK)
		r = rv_bus_request(link->bus, "rs", -1, "rs.op", rv_buf_str(&message),
				   link->timeout_us, on_reply, link);
	rv_buf_deinit(&body);
	rv_buf_deinit(&message);
	return r;
}

static int call(void *state, const struct rv_contract_op *op, const void *in,
		struct rv_arena *arena, void *out, struct rsapi_error *error)
{
	struct link *link = state;
	int r = connect_link(link, error);

	if (r != RV_OK)
		return r;
	link->arena = arena;
	link->is_answered = false;
	r = request(link, op, in);
	if (r == RV_ELIMIT)
		return rsapi_fail(error, r, "rsapi.too_long", "", "the request is too long");
	if (r != RV_OK)
		return unreachable(link, r, error);
	while (!link->is_answered)
		uv_run(&link->loop, UV_RUN_ONCE);
	return read_answer(link, op, out, error);
}

static void close_link(void *state)
{
	struct link *link = state;

	rv_bus_free(link->bus);
	uv_run(&link->loop, UV_RUN_DEFAULT);
	uv_loop_close(&link->loop);
	free(link->path);
	free(link);
}

static int open_link(const struct rsapi_opt *opt, void **state, struct rsapi_error *error)
{
	struct link *link = calloc(1, sizeof(*link));
	unsigned timeout_ms = opt->timeout_ms != 0 ? opt->timeout_ms : RSAPI_TIMEOUT_MS;

	if (link != NULL)
		link->path = strdup(opt->url + strlen(rsapi_unix.scheme));
	if (link == NULL || link->path == NULL || uv_loop_init(&link->loop) != 0) {
		if (link != NULL)
			free(link->path);
		free(link);
		return rsapi_fail(error, -ENOMEM, "", "", "out of memory");
	}
	link->timeout_us = timeout_ms * RV_US_PER_MS;
	*state = link;
	return RV_OK;
}

const struct rsapi_transport rsapi_unix = { "unix:", open_link, call, close_link };
