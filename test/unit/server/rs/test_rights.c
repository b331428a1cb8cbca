/* Who may do what: one decision for every operation of the contract, tried with a token of each
 * role. An operation that is not in the table fails: whoever adds one decides, and writes it here.
 */
#include "fixture.h"

#include <sodium.h>
#include <string.h>

enum {
	ADMIN = 1 << RV_ROLE_ADMIN,
	OPERATOR = 1 << RV_ROLE_OPERATOR,
	VIEWER = 1 << RV_ROLE_VIEWER,
	LS = 1 << RV_ROLE_LS,
};

static const struct {
	const char *op;
	unsigned roles;
} decisions[] = {
	{ "certificate.list", ADMIN | OPERATOR | VIEWER },
	{ "certificate.get", ADMIN | OPERATOR | VIEWER },
	{ "certificate.renew", ADMIN | OPERATOR },
	{ "certificate.revoke", ADMIN | OPERATOR },
	{ "config.set", ADMIN | OPERATOR },
	{ "config.get", ADMIN | OPERATOR | VIEWER },
	{ "config.apply", ADMIN | OPERATOR },
	{ "config.history", ADMIN | OPERATOR | VIEWER },
	{ "config.events", ADMIN | OPERATOR | VIEWER },
	{ "config.version", ADMIN | OPERATOR | VIEWER },
	{ "config.diff", ADMIN | OPERATOR | VIEWER },
	{ "config.retry", ADMIN | OPERATOR },
	{ "device.create", ADMIN | OPERATOR },
	{ "device.claim", ADMIN | OPERATOR },
	{ "device.get", ADMIN | OPERATOR | VIEWER },
	{ "device.list", ADMIN | OPERATOR | VIEWER },
	{ "device.update", ADMIN | OPERATOR },
	{ "device.rekey", ADMIN | OPERATOR },
	{ "device.delete", ADMIN | OPERATOR },
	{ "device.release", ADMIN | OPERATOR },
	{ "device.waiting", ADMIN | OPERATOR | VIEWER },
	{ "feed.read", ADMIN | LS },
	{ "feed.report", ADMIN | LS },
	{ "feed.note", ADMIN | LS },
	{ "group.set", ADMIN | OPERATOR },
	{ "group.get", ADMIN | OPERATOR | VIEWER },
	{ "group.list", ADMIN | OPERATOR | VIEWER },
	{ "group.delete", ADMIN | OPERATOR },
	{ "group.assign", ADMIN | OPERATOR },
	{ "incident.list", ADMIN | OPERATOR | VIEWER },
	{ "incident.get", ADMIN | OPERATOR | VIEWER },
	{ "incident.ack", ADMIN | OPERATOR },
	{ "initial.set", ADMIN | OPERATOR },
	{ "initial.get", ADMIN | OPERATOR | VIEWER },
	{ "initial.text", ADMIN | OPERATOR }, /* with passwords: it is written into devices */
	{ "initial.history", ADMIN | OPERATOR | VIEWER },
	{ "initial.diff", ADMIN | OPERATOR | VIEWER },
	{ "location.set", ADMIN | OPERATOR },
	{ "location.get", ADMIN | OPERATOR | VIEWER },
	{ "location.list", ADMIN | OPERATOR | VIEWER },
	{ "location.delete", ADMIN | OPERATOR },
	{ "location.history", ADMIN | OPERATOR | VIEWER },
	{ "location.diff", ADMIN | OPERATOR | VIEWER },
	{ "location.rollout", ADMIN | OPERATOR },
	{ "location.rollback", ADMIN | OPERATOR },
	{ "ls.list", ADMIN | OPERATOR | VIEWER },
	{ "ls.forget", ADMIN | OPERATOR },
	{ "ls.operators", ADMIN | OPERATOR | VIEWER },
	{ "ls.conflicts", ADMIN | OPERATOR | VIEWER },
	{ "ls.claims", ADMIN | OPERATOR | VIEWER },
	{ "pull.list", ADMIN | OPERATOR | VIEWER },
	{ "pull.get", ADMIN | OPERATOR | VIEWER },
	{ "pull.reveal", ADMIN },
	{ "roll.status", ADMIN | OPERATOR | VIEWER },
	{ "roll.left", ADMIN | OPERATOR | VIEWER },
	{ "roll.finish", ADMIN | OPERATOR },
	{ "secret.set", ADMIN | OPERATOR },
	{ "secret.list", ADMIN | OPERATOR | VIEWER },
	{ "secret.delete", ADMIN | OPERATOR },
	{ "system.status", ADMIN | OPERATOR | VIEWER },
	{ "token.create", ADMIN },
	{ "token.list", ADMIN },
	{ "token.delete", ADMIN },
};

static const struct {
	enum rv_role role;
	const char *name;
} roles[] = {
	{ RV_ROLE_ADMIN, "an admin" },
	{ RV_ROLE_OPERATOR, "an operator" },
	{ RV_ROLE_VIEWER, "a viewer" },
	{ RV_ROLE_LS, "an ls" },
};

static void make_token(struct fixture *f, size_t role, uint8_t sum[static 32])
{
	struct rv_token_create_in in = { .name = rv_str(roles[role].name +
							strcspn(roles[role].name, " ") + 1),
					 .role = roles[role].role };
	struct rv_token_create_out out;

	if (run_op(f, "token.create", &in, &out) != RV_OK)
		fail_msg("%s", f->diag.text);
	crypto_hash_sha256(sum, (const uint8_t *)out.token.ptr, out.token.len);
}

struct asked {
	struct rv_rs_token_check_in in;
	struct rv_diag diag;
	int status;
};

static int ask_for(struct rs_ctx *ctx, void *arg)
{
	struct asked *a = arg;
	struct rv_rs_token_check_out out;
	int err = rs_check_token(ctx, &a->in, &out, &a->diag);

	a->status = err == RV_OK ? (int)out.status : err;
	return RV_OK;
}

/* Another owner of operations asks rs whether the token has the right. */
static int check_token(struct fixture *f, const char *right, struct rv_str sum)
{
	struct asked a = { .in = { .token_sha256 = sum, .right = rv_str(right) } };

	assert_int_equal(run_tx(f, ask_for, &a), RV_OK);
	f->diag = a.diag;
	return a.status;
}

/* An empty input: what has the right is refused for another reason, or does nothing. */
static bool may(struct fixture *f, const struct rv_contract_op *op, const uint8_t sum[static 32])
{
	bool is_ours = strcmp(op->owner, rv_rs_duty_spec.name) == 0;
	void *in = rv_arena_alloc(&f->arena, op->in->size);
	void *out = rv_arena_alloc(&f->arena, op->out->size);

	assert_true(in != NULL && out != NULL);
	int err = is_ours ? run_op_as(f, op->name, rv_strn(sum, 32), in, out)
			  : check_token(f, op->right, rv_strn(sum, 32));
	if (err == RV_EDENIED)
		assert_string_equal(f->diag.key, "rs.right");
	assert_int_not_equal(err, RV_EAUTH);
	assert_int_not_equal(err, RV_EUNSUPPORTED);
	return err != RV_EDENIED;
}

static const unsigned *decision_for(const char *op)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(decisions); i++) {
		if (strcmp(decisions[i].op, op) == 0)
			return &decisions[i].roles;
	}
	return NULL;
}

static void every_operation_is_for_those_it_was_decided_for(void **state)
{
	struct fixture *f = *state;
	uint8_t sums[RV_ARRAY_LEN(roles)][32];

	for (size_t r = 0; r < RV_ARRAY_LEN(roles); r++)
		make_token(f, r, sums[r]);
	for (size_t i = 0; i < rv_contract_op_count; i++) {
		const struct rv_contract_op *op = &rv_contract_ops[i];
		const unsigned *wanted = decision_for(op->name);

		if (wanted == NULL)
			fail_msg("who may do %s (%s)? Nobody has decided", op->name, op->right);
		for (size_t r = 0; r < RV_ARRAY_LEN(roles); r++) {
			bool is_wanted = (*wanted & 1U << roles[r].role) != 0;

			if (may(f, op, sums[r]) != is_wanted)
				fail_msg("%s: %s %s", op->name, roles[r].name,
					 is_wanted ? "is refused" : "is let in");
		}
	}
}

static void every_decision_is_about_an_operation(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(decisions); i++) {
		if (rv_contract_op_find(rv_str(decisions[i].op)) == NULL)
			fail_msg("there is no operation %s", decisions[i].op);
	}
	assert_int_equal(RV_ARRAY_LEN(decisions), rv_contract_op_count);
	assert_int_equal(RV_ARRAY_LEN(roles), rv_role_words.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_operation_is_for_those_it_was_decided_for,
						fixture_setup, fixture_teardown),
		cmocka_unit_test(every_decision_is_about_an_operation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
