/* unix: - bus links of our own to the duties of a running Reeve that own operations: one each. */
#include "rsapi/transport.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/caller.h"
#include "base/time.h"
#include "bus/bus.h"
#include "contract/rv_contract.h"

enum { OWNERS_MAX = 8 }; /* duties that own operations */

struct link {
	const char *path; /* behind it, in the same block */
	int64_t timeout_us;
	struct line {
		const char *owner; /* of the contract's tables */
		struct rv_app_caller *caller;
	} lines[OWNERS_MAX];
	size_t line_count;
};

static int unreachable(const struct link *link, const char *owner, int r, struct rsapi_error *error)
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
				  "no %s answers at %s (%s); is reeve serve running?", owner,
				  link->path, rv_err_name(r));
	}
}

static int read_answer(const struct rv_contract_op *op, struct rv_str body, struct rv_arena *arena,
		       void *out, struct rsapi_error *error)
{
	struct rv_rs_op_out answer;

	if (rv_rs_op_out_decode(body, arena, &answer) != RV_OK)
		return rsapi_fail(error, RV_EVERSION, "rsapi.version", "",
				  "the server speaks another version");
	if (answer.status != RV_OK)
		return rsapi_fail_text(error, (int)answer.status, answer.key, answer.text,
				       answer.where);
	if (rv_contract_decode(op->out, answer.body, arena, out) != RV_OK)
		return rsapi_fail(error, RV_EVERSION, "rsapi.version", "",
				  "the server speaks another version");
	return RV_OK;
}

static int write_request(const struct rv_contract_op *op, const void *in, struct rv_buf *message)
{
	struct rv_buf body = { .max = RV_BUS_BODY_MAX, .wipe = true };
	struct rv_rs_op_in envelope = { .op = rv_str(op->name), .is_trusted = true };
	int r;

	rv_contract_encode(op->in, in, &body);
	envelope.body = rv_buf_str(&body);
	r = body.err;
	if (r == RV_OK)
		r = rv_rs_op_in_check(&envelope, NULL);
	if (r == RV_OK) {
		rv_rs_op_in_encode(&envelope, message);
		r = message->err;
	}
	rv_buf_deinit(&body);
	return r;
}

/* To an owner that was called before, or a new one. */
static int find_caller(struct link *link, const char *owner, struct rv_app_caller **out)
{
	struct line *line = link->lines;
	int r;

	while (line < link->lines + link->line_count && strcmp(line->owner, owner) != 0)
		line++;
	if (line == link->lines + link->line_count) {
		assert(link->line_count < OWNERS_MAX);
		r = rv_app_caller_new(link->path, owner, link->timeout_us, &line->caller);
		if (r != RV_OK)
			return r;
		line->owner = owner;
		link->line_count++;
	}
	*out = line->caller;
	return rv_app_caller_connect(line->caller);
}

static int call(void *state, const struct rv_contract_op *op, const void *in,
		struct rv_arena *arena, void *out, struct rsapi_error *error)
{
	struct rv_buf message = { .max = RV_BUS_BODY_MAX, .wipe = true };
	struct link *link = state;
	struct rv_str answer = { 0 };
	struct rv_app_caller *caller;
	char method[RV_BUS_NAME_MAX + 1];
	int r = find_caller(link, op->owner, &caller);

	if (r != RV_OK)
		return unreachable(link, op->owner, r, error);
	snprintf(method, sizeof(method), "%s.op", op->owner);
	r = write_request(op, in, &message);
	if (r == RV_OK)
		r = rv_app_caller_call(caller, method, rv_buf_str(&message), arena, &answer);
	rv_buf_deinit(&message);
	if (r == RV_ELIMIT)
		return rsapi_fail(error, r, "rsapi.too_long", "", "the request is too long");
	if (r == RV_ETIMEOUT)
		return rsapi_fail(error, r, "rsapi.timeout", "", "no answer in time");
	if (r != RV_OK)
		return rsapi_fail(error, r, "rsapi.failed", "", "the call failed: %s",
				  rv_err_name(r));
	return read_answer(op, answer, arena, out, error);
}

static void close_link(void *state)
{
	struct link *link = state;

	for (size_t i = 0; i < link->line_count; i++)
		rv_app_caller_free(link->lines[i].caller);
	free(link);
}

static int open_link(const struct rsapi_opt *opt, void **state, struct rsapi_error *error)
{
	const char *path = opt->url + strlen(rsapi_unix.scheme);
	unsigned timeout_ms = opt->timeout_ms != 0 ? opt->timeout_ms : RSAPI_TIMEOUT_MS;
	struct link *link = malloc(sizeof(*link) + strlen(path) + 1);

	if (link == NULL)
		return rsapi_fail(error, -ENOMEM, "", "", "out of memory");
	*link = (struct link){ .path = strcpy((char *)(link + 1), path),
			       .timeout_us = timeout_ms * RV_US_PER_MS };
	*state = link;
	return RV_OK;
}

const struct rsapi_transport rsapi_unix = { "unix:", open_link, call, close_link };
