/* The operations of the RS-API that lsstore answers: "lsstore.op". What a link or the config says
 * is filled in on the loop, what the store says on its writer thread. */
#include <errno.h>
#include <string.h>

#include "server/ls/lsstore_priv.h"

struct question {
	struct lsstore *s;
	struct rv_ops_call *call;
	const struct operation *operation;
	const void *in;
	void *out; /* in the call's arena, as is this struct */
	struct rv_diag diag;
};

struct operation {
	const char *name;
	int (*prepare)(struct question *q); /* on the loop; NULL: nothing to prepare */
	int (*run)(struct question *q, struct rv_db_tx *tx); /* on the writer thread */
};

/* -- ls.operators ----------------------------------------------------------------------------- */

static const char *source_of(struct lsstore *s, const struct ls_source *source)
{
	const struct rv_conf *conf = rv_duty_conf(s->duty);

	if (source->kind == LS_SOURCE_FILE)
		return s->file;
	if (source->kind == LS_SOURCE_LOCAL)
		return "";
	return rv_conf_str(rv_conf_get(conf, "operator", source->op->name), "url");
}

static int prepare_operators(struct question *q)
{
	static const enum rv_ls_operator_kind kinds[] = {
		[LS_SOURCE_LOCAL] = RV_LS_OPERATOR_KIND_LOCAL,
		[LS_SOURCE_REMOTE] = RV_LS_OPERATOR_KIND_REMOTE,
		[LS_SOURCE_FILE] = RV_LS_OPERATOR_KIND_FILE,
	};
	struct rv_ls_operators_out *out = q->out;
	struct lsstore *s = q->s;
	struct rv_arena *arena = rv_ops_arena(q->call);

	out->operators = rv_arena_array(arena, s->source_count, sizeof(*out->operators));
	if (out->operators == NULL)
		return -ENOMEM;
	out->operators_len = s->source_count;
	for (size_t i = 0; i < s->source_count; i++) {
		const struct ls_source *source = &s->sources[i];
		struct rv_str from = rv_arena_str(arena, rv_str(source_of(s, source)));

		if (from.ptr == NULL)
			return -ENOMEM;
		out->operators[i] = (struct rv_ls_operator){
			.name = rv_str(source->op->name),
			.kind = kinds[source->kind],
			.source = from,
			.failure = source->failure != RV_OK ? rv_str(rv_err_name(source->failure))
							    : rv_str(""),
			.cursor = source->cursor.after,
			.is_complete = source->cursor.is_complete,
			.devices_max = (uint64_t)source->op->devices_max,
		};
	}
	return RV_OK;
}

static int run_operators(struct question *q, struct rv_db_tx *tx)
{
	struct rv_ls_operators_out *out = q->out;
	struct ls_counts counts;
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < out->operators_len; i++) {
		struct rv_ls_operator *op = &out->operators[i];

		err = ls_count(tx, &q->s->operators[i], &counts);
		if (err != RV_OK)
			break;
		op->held = (uint64_t)counts.held;
		op->taken = (uint64_t)counts.taken;
		op->over_limit = (uint64_t)counts.over_limit;
		op->untold = (uint64_t)counts.untold;
		op->has_last_contact_at = counts.heard_us > 0;
		op->last_contact_at = counts.heard_us;
	}
	return err;
}

/* -- the others ------------------------------------------------------------------------------- */

static int run_conflicts(struct question *q, struct rv_db_tx *tx)
{
	return ls_conflicts(&q->s->store, tx, rv_ops_arena(q->call), q->in, q->out, &q->diag);
}

static int run_claims(struct question *q, struct rv_db_tx *tx)
{
	return ls_claims(tx, rv_ops_arena(q->call), q->in, q->out, &q->diag);
}

static const struct operation operations[] = {
	{ "ls.operators", prepare_operators, run_operators },
	{ "ls.conflicts", NULL, run_conflicts },
	{ "ls.claims", NULL, run_claims },
};

/* -- to the writer thread and back ------------------------------------------------------------ */

static void refuse(struct rv_ops_call *call, int err, struct rv_diag *diag)
{
	if (diag->key == NULL)
		rv_diag_set(diag, err, "op.failed", "", "the LS cannot answer now (%s)",
			    rv_err_name(err));
	rv_ops_refuse(call, err, diag);
}

static int work_answer(struct rv_db_tx *tx, void *arg)
{
	struct question *q = arg;

	return q->operation->run(q, tx);
}

static void answer_done(void *arg, int status)
{
	struct question *q = arg;
	struct lsstore *s = q->s;

	s->open_ops--;
	if (status == RV_OK)
		rv_ops_reply(q->call, q->out);
	else
		refuse(q->call, status, &q->diag);
	lsstore_settle(s);
}

static const struct operation *operation_of(const char *name)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(operations); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

void lsstore_on_op(void *arg, struct rv_ops_call *call, const struct rv_contract_op *op,
		   const void *in)
{
	struct lsstore *s = arg;
	struct rv_arena *arena = rv_ops_arena(call);
	struct question *q = rv_arena_alloc(arena, sizeof(*q));
	struct rv_diag diag = { 0 };
	int err = s->is_stopping ? RV_ECLOSED : -ENOMEM;

	if (q != NULL && !s->is_stopping) {
		*q = (struct question){ .s = s,
					.call = call,
					.operation = operation_of(op->name),
					.in = in,
					.out = rv_arena_alloc(arena, op->out->size) };
		err = q->operation == NULL ? RV_EUNSUPPORTED : q->out == NULL ? -ENOMEM : RV_OK;
		if (err == RV_OK && q->operation->prepare != NULL)
			err = q->operation->prepare(q);
		if (err == RV_OK)
			err = rv_db_submit(s->store.db, work_answer, answer_done, q);
	}
	if (err == RV_OK)
		s->open_ops++;
	else
		refuse(call, err, &diag);
}
