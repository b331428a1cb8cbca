/* The owner's end of an operation: real buses over socketpairs, an rs of few words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "contract/rv_contract.h"
#include "server/ops/ops.h"

#define WAIT_US INT64_C(10000000)

struct world {
	uv_loop_t loop;
	struct rv_bus *caller, *owner, *rs;
	struct rv_ops *ops;
	bool is_rs_silent;
	int rs_says; /* status of its answer */
	unsigned asked;
	unsigned carried_out;
	bool is_refusing;
	/* the answer */
	bool is_answered;
	int bus_status;
	struct rv_arena arena;
	struct rv_rs_op_out answer;
};

static char good_hash[32] = "good";

static void on_check(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct world *w = arg;
	struct rv_arena arena = { 0 };
	struct rv_rs_token_check_in in;
	struct rv_rs_token_check_out out = { .status = w->rs_says };
	struct rv_buf bytes = { 0 };

	w->asked++;
	assert_int_equal(rv_rs_token_check_in_decode(body, &arena, &in), RV_OK);
	assert_true(rv_str_is(in.right, "system.read"));
	if (out.status == RV_OK && !rv_str_eq(in.token_sha256, rv_strn(good_hash, 32)))
		out.status = RV_EAUTH;
	if (out.status != RV_OK)
		out.key = RV_STR_LIT("rs.token");
	rv_rs_token_check_out_encode(&out, &bytes);
	rv_bus_reply(call, w->is_rs_silent ? RV_ECLOSED : RV_OK, rv_buf_str(&bytes));
	rv_buf_deinit(&bytes);
	rv_arena_deinit(&arena);
}

static void on_op(void *arg, struct rv_ops_call *call, const struct rv_contract_op *op,
		  const void *in)
{
	struct world *w = arg;
	const struct rv_system_status_out out = { .is_ready = true };
	const struct rv_diag diag = { .key = "a.key", .where = "there" };

	assert_string_equal(op->name, "system.status");
	assert_non_null(in);
	w->carried_out++;
	if (w->is_refusing)
		rv_ops_refuse(call, RV_EBUSY, &diag);
	else
		rv_ops_reply(call, &out);
}

static void join(struct rv_bus *a, const char *a_name, struct rv_bus *b, const char *b_name)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	assert_int_equal(rv_bus_attach(a, b_name, 0, fds[0]), RV_OK);
	assert_int_equal(rv_bus_attach(b, a_name, 0, fds[1]), RV_OK);
}

static void begin(struct world *w, const char *caller)
{
	*w = (struct world){ 0 };
	assert_int_equal(uv_loop_init(&w->loop), 0);
	assert_int_equal(rv_bus_new(&w->loop, caller, 0, &w->caller), RV_OK);
	assert_int_equal(rv_bus_new(&w->loop, "status", 0, &w->owner), RV_OK);
	assert_int_equal(rv_bus_new(&w->loop, "rs", 0, &w->rs), RV_OK);
	assert_int_equal(rv_bus_serve(w->rs, "rs.token-check", on_check, w), RV_OK);
	assert_int_equal(rv_ops_new(w->owner, "status", on_op, w, &w->ops), RV_OK);
	join(w->caller, caller, w->owner, "status");
	join(w->owner, "status", w->rs, "rs");
	for (int i = 0; i < 50; i++) /* until the links stand */
		uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void end(struct world *w)
{
	rv_bus_free(w->caller);
	rv_bus_free(w->owner);
	rv_bus_free(w->rs);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	rv_ops_free(w->ops);
	rv_arena_deinit(&w->arena);
}

static void on_answer(void *arg, int status, struct rv_str body)
{
	struct world *w = arg;
	struct rv_str copy = rv_arena_str(&w->arena, body);

	w->is_answered = true;
	w->bus_status = status;
	if (status == RV_OK)
		assert_int_equal(rv_rs_op_out_decode(copy, &w->arena, &w->answer), RV_OK);
}

static void send_message(struct world *w, struct rv_str message)
{
	w->is_answered = false;
	assert_int_equal(rv_bus_request(w->caller, "status", -1, "status.op", message, WAIT_US,
					on_answer, w),
			 RV_OK);
}

/* The status that the caller is told. */
static int64_t call(struct world *w, const char *op, bool is_trusted, const char *hash)
{
	struct rv_rs_op_in in = { .op = rv_str(op),
				  .is_trusted = is_trusted,
				  .token_sha256 = rv_strn(hash, hash != NULL ? 32 : 0) };
	const struct rv_system_status_in nothing = { 0 };
	struct rv_buf message = { 0 }, body = { 0 };

	rv_system_status_in_encode(&nothing, &body);
	in.body = rv_buf_str(&body);
	rv_rs_op_in_encode(&in, &message);
	send_message(w, rv_buf_str(&message));
	rv_buf_deinit(&message);
	rv_buf_deinit(&body);
	while (!w->is_answered)
		uv_run(&w->loop, UV_RUN_ONCE);
	assert_int_equal(w->bus_status, RV_OK);
	return w->answer.status;
}

static void librsapi_is_trusted_and_rs_is_not_asked(void **state)
{
	struct rv_system_status_out out;
	struct world w;

	(void)state;
	begin(&w, "rsapi");
	assert_int_equal(call(&w, "system.status", true, NULL), RV_OK);
	assert_int_equal(rv_system_status_out_decode(w.answer.body, &w.arena, &out), RV_OK);
	assert_true(out.is_ready);
	assert_int_equal(w.asked, 0);
	w.is_refusing = true;
	assert_int_equal(call(&w, "system.status", true, NULL), RV_EBUSY);
	assert_true(rv_str_is(w.answer.key, "a.key"));
	assert_true(rv_str_is(w.answer.where, "there"));
	end(&w);
}

static void an_edge_cannot_say_that_it_is_trusted(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "http");
	assert_int_equal(call(&w, "system.status", true, NULL), RV_EAUTH);
	assert_true(rv_str_is(w.answer.key, "rs.token"));
	assert_int_equal(w.asked, 1);
	assert_int_equal(w.carried_out, 0);
	end(&w);
}

static void a_good_token_outlives_rs_for_a_while_and_no_other_does(void **state)
{
	char other[32] = "other";
	struct world w;

	(void)state;
	begin(&w, "http");
	w.is_rs_silent = true;
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_ECLOSED);
	assert_true(rv_str_is(w.answer.key, "op.no_rs"));
	w.is_rs_silent = false;
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_OK);
	w.is_rs_silent = true;
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_OK);
	assert_int_equal(call(&w, "system.status", false, other), RV_ECLOSED);
	w.is_rs_silent = false;
	w.rs_says = RV_EDB; /* rs lives, its database does not */
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_OK);
	assert_int_equal(w.carried_out, 3);
	end(&w);
}

static void a_token_taken_away_is_refused_at_once_and_stays_so(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "http");
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_OK);
	w.rs_says = RV_EDENIED;
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_EDENIED);
	w.is_rs_silent = true;
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_ECLOSED);
	end(&w);
}

static void without_a_link_to_rs_memory_counts(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "http");
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_OK);
	rv_bus_free(w.rs);
	for (int i = 0; i < 50; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	w.rs = NULL;
	assert_int_equal(call(&w, "system.status", false, good_hash), RV_OK);
	end(&w);
}

static void only_operations_of_the_owner_are_done(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "rsapi");
	assert_int_equal(call(&w, "device.list", true, NULL), RV_EUNSUPPORTED);
	assert_int_equal(call(&w, "no.such", true, NULL), RV_EUNSUPPORTED);
	assert_int_equal(w.carried_out, 0);
	send_message(&w, RV_STR_LIT("\xff no message"));
	while (!w.is_answered)
		uv_run(&w.loop, UV_RUN_ONCE);
	assert_int_equal(w.bus_status, RV_OK);
	assert_true(rv_str_is(w.answer.key, "op.input"));
	end(&w);
}

static void more_calls_than_the_limit_are_told_to_come_later(void **state)
{
	struct rv_rs_op_in in = { .op = RV_STR_LIT("system.status") };
	struct rv_buf message = { 0 };
	struct world w;

	(void)state;
	begin(&w, "http");
	rv_rs_op_in_encode(&in, &message);
	for (int i = 0; i <= RV_OPS_CALLS_MAX; i++) /* rs has no turn of the loop between them */
		send_message(&w, rv_buf_str(&message));
	rv_buf_deinit(&message);
	while (!w.is_answered)
		uv_run(&w.loop, UV_RUN_ONCE);
	assert_int_equal(w.bus_status, RV_EBUSY); /* the first answer: it had no way to go */
	end(&w);                                  /* the others end with the bus */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(librsapi_is_trusted_and_rs_is_not_asked),
		cmocka_unit_test(an_edge_cannot_say_that_it_is_trusted),
		cmocka_unit_test(a_good_token_outlives_rs_for_a_while_and_no_other_does),
		cmocka_unit_test(a_token_taken_away_is_refused_at_once_and_stays_so),
		cmocka_unit_test(without_a_link_to_rs_memory_counts),
		cmocka_unit_test(only_operations_of_the_owner_are_done),
		cmocka_unit_test(more_calls_than_the_limit_are_told_to_come_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
