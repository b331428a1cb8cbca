/* unix: - a bus link of our own to a running rs. */
#include "rsapi/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/caller.h"
#include "base/time.h"
#include "bus/bus.h"
#include "contract/rv_contract.h"

struct link {
	const char *path; /* behind it, in the same block */
	struct rv_app_caller *caller;
};

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

static int call(void *state, const struct rv_contract_op *op, const void *in,
		struct rv_arena *arena, void *out, struct rsapi_error *error)
{
	struct rv_buf message = { .max = RV_BUS_BODY_MAX, .wipe = true };
	struct link *link = state;
	struct rv_str answer = { 0 };
	int r = rv_app_caller_connect(link->caller);

	if (r != RV_OK)
		return unreachable(link, r, error);
	r = write_request(op, in, &message);
	if (r == RV_OK)
		r = rv_app_caller_call(link->caller, "rs.op", rv_buf_str(&message), arena, &answer);
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

	rv_app_caller_free(link->caller);
	free(link);
}

static int open_link(const struct rsapi_opt *opt, void **state, struct rsapi_error *error)
{
	const char *path = opt->url + strlen(rsapi_unix.scheme);
	unsigned timeout_ms = opt->timeout_ms != 0 ? opt->timeout_ms : RSAPI_TIMEOUT_MS;
	struct link *link = malloc(sizeof(*link) + strlen(path) + 1);

	if (link != NULL) {
		link->path = strcpy((char *)(link + 1), path);
		if (rv_app_caller_new(path, "rs", timeout_ms * RV_US_PER_MS, &link->caller) ==
		    RV_OK) {
			*state = link;
			return RV_OK;
		}
	}
	free(link);
	return rsapi_fail(error, -ENOMEM, "", "", "out of memory");
}

const struct rsapi_transport rsapi_unix = { "unix:", open_link, call, close_link };
