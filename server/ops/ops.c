#include "server/ops/ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "contract/rv_contract.h"
#include "log/log.h"
#include "server/ops/passes.h"

struct rv_ops {
	struct rv_bus *bus;
	const char *owner;
	rv_ops_fn fn;
	void *arg;
	unsigned open;
	struct rv_passes passes;
};

struct rv_ops_call {
	struct rv_ops *ops;
	struct rv_bus_call *bus_call;
	const struct rv_contract_op *op;
	struct rv_arena arena;
	struct rv_rs_op_in envelope; /* in the arena */
};

struct rv_arena *rv_ops_arena(struct rv_ops_call *call)
{
	return &call->arena;
}

static void call_free(struct rv_ops_call *call)
{
	call->ops->open--;
	rv_arena_wipe(&call->arena);
	free(call);
}

static void answer(struct rv_ops_call *call, const struct rv_rs_op_out *out)
{
	struct rv_buf bytes = { 0 };

	rv_rs_op_out_encode(out, &bytes);
	rv_bus_reply(call->bus_call, bytes.err, rv_buf_str(&bytes));
	rv_buf_deinit(&bytes);
	call_free(call);
}

void rv_ops_refuse(struct rv_ops_call *call, int err, const struct rv_diag *diag)
{
	const struct rv_rs_op_out out = { .status = err,
					  .key = rv_str(diag->key),
					  .text = rv_str(diag->text),
					  .where = rv_str(diag->where) };

	answer(call, &out);
}

static void refuse(struct rv_ops_call *call, int err, const char *key, const char *text)
{
	struct rv_diag diag;

	rv_diag_set(&diag, err, key, "", "%s (%s)", text, rv_err_name(err));
	rv_ops_refuse(call, err, &diag);
}

void rv_ops_reply(struct rv_ops_call *call, const void *value)
{
	struct rv_rs_op_out out = { .status = RV_OK };
	struct rv_buf body = { 0 };
	int err = rv_contract_check(call->op->out, value, NULL);

	if (err == RV_OK) {
		rv_contract_encode(call->op->out, value, &body);
		err = body.err;
	}
	if (err == RV_OK) {
		out.body = rv_buf_str(&body);
		answer(call, &out);
	} else {
		rv_log(RV_LOG_ERROR, "op.answer.failed", RV_KS("op", call->op->name),
		       RV_KS("error", rv_err_name(err)));
		refuse(call, err, "op.failed", "the answer cannot be given");
	}
	rv_buf_deinit(&body);
}

/* -- may it? --------------------------------------------------------------------------------- */

static void carry_out(struct rv_ops_call *call)
{
	const struct rv_contract_op *op = call->op;
	void *in = rv_arena_alloc(&call->arena, op->in->size);
	struct rv_diag diag = { 0 };
	int err = -ENOMEM;

	if (in != NULL)
		err = rv_contract_decode(op->in, call->envelope.body, &call->arena, in);
	if (err != RV_OK) {
		refuse(call, err, "op.input", "the input cannot be read");
		return;
	}
	err = rv_contract_check(op->in, in, &diag);
	if (err != RV_OK)
		rv_ops_refuse(call, err, &diag);
	else
		call->ops->fn(call->ops->arg, call, op, in);
}

/* rs does not tell: what did it say last? */
static void go_by_memory(struct rv_ops_call *call, int status)
{
	if (rv_passes_has(&call->ops->passes, call->envelope.token_sha256, call->op->right,
			  rv_time_boot_us()))
		carry_out(call);
	else
		refuse(call, status == RV_ETIMEOUT ? RV_ETIMEOUT : RV_ECLOSED, "op.no_rs",
		       "rs cannot be asked whether the token is good");
}

static void on_checked(void *arg, int status, struct rv_str body)
{
	struct rv_ops_call *call = arg;
	struct rv_str hash = call->envelope.token_sha256;
	struct rv_rs_token_check_out out = { 0 };

	if (status == RV_ECANCELED) { /* the bus ends, and with it the caller's call */
		call_free(call);
		return;
	}
	if (status == RV_OK)
		status = rv_rs_token_check_out_decode(body, &call->arena, &out);
	if (status != RV_OK || out.status == RV_EDB) {
		go_by_memory(call, status);
	} else if (out.status != RV_OK) {
		const struct rv_rs_op_out refusal = { .status = out.status,
						      .key = out.key,
						      .text = out.text };

		rv_passes_drop(&call->ops->passes, hash, call->op->right);
		answer(call, &refusal);
	} else {
		rv_passes_put(&call->ops->passes, hash, call->op->right, rv_time_boot_us());
		carry_out(call);
	}
}

static void ask_rs(struct rv_ops_call *call)
{
	const struct rv_rs_token_check_in in = { .token_sha256 = call->envelope.token_sha256,
						 .right = rv_str(call->op->right) };
	struct rv_buf bytes = { 0 };
	int err;

	rv_rs_token_check_in_encode(&in, &bytes);
	err = bytes.err;
	if (err == RV_OK)
		err = rv_bus_request(call->ops->bus, "rs", -1, "rs.token-check", rv_buf_str(&bytes),
				     RV_OPS_CHECK_US, on_checked, call);
	rv_buf_deinit(&bytes);
	if (err != RV_OK)
		go_by_memory(call, err);
}

/* -- calls ----------------------------------------------------------------------------------- */

static int read_envelope(struct rv_ops_call *call, struct rv_str body)
{
	struct rv_str copy = rv_arena_str(&call->arena, body);

	if (copy.ptr == NULL)
		return -ENOMEM;
	return rv_rs_op_in_decode(copy, &call->arena, &call->envelope);
}

static void on_call(void *arg, struct rv_bus_call *bus_call, struct rv_str body)
{
	struct rv_ops *ops = arg;
	struct rv_ops_call *call = NULL;
	bool is_trusted;
	int err = ops->open < RV_OPS_CALLS_MAX ? RV_OK : RV_EBUSY;

	if (err == RV_OK && (call = calloc(1, sizeof(*call))) == NULL)
		err = -ENOMEM;
	if (err != RV_OK) {
		rv_bus_reply(bus_call, err, rv_str(NULL));
		return;
	}
	ops->open++;
	*call = (struct rv_ops_call){ .ops = ops,
				      .bus_call = bus_call,
				      .arena.max = RV_OPS_ARENA_MAX };
	err = read_envelope(call, body);
	if (err != RV_OK) {
		refuse(call, err, "op.input", "the call cannot be read");
		return;
	}
	call->op = rv_contract_op_find(call->envelope.op);
	if (call->op == NULL || strcmp(call->op->owner, ops->owner) != 0) {
		refuse(call, RV_EUNSUPPORTED, "op.unknown", "there is no such operation here");
		return;
	}
	is_trusted = call->envelope.is_trusted &&
		     strcmp(rv_bus_call_peer(bus_call, NULL), "rsapi") == 0;
	if (is_trusted)
		carry_out(call);
	else
		ask_rs(call);
}

int rv_ops_new(struct rv_bus *bus, const char *owner, rv_ops_fn fn, void *arg, struct rv_ops **out)
{
	struct rv_ops *ops = calloc(1, sizeof(*ops));
	char method[RV_BUS_NAME_MAX + 1];
	int err;

	if (ops == NULL)
		return -ENOMEM;
	*ops = (struct rv_ops){ .bus = bus, .owner = owner, .fn = fn, .arg = arg };
	snprintf(method, sizeof(method), "%s.op", owner);
	err = rv_bus_serve(bus, method, on_call, ops);
	if (err != RV_OK) {
		free(ops);
		return err;
	}
	*out = ops;
	return RV_OK;
}

void rv_ops_free(struct rv_ops *ops)
{
	free(ops);
}
