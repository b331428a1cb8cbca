/* Servers that are broken on purpose: what they answer is changed on its way. */
#include <stdio.h>
#include <string.h>

#include "contract/rv_contract.h"
#include "sim/virtual/site.h"

enum { ARENA_MAX = 32 * 1024 * 1024, EVERY = 3 };

/* Every third answer with a config is the one that was given before it. */
static bool give_foreign(struct vw_site *site, struct rv_str body, struct rv_buf *out)
{
	struct rv_buf *last = &site->saboteur.last_pull;
	bool is_foreign = last->len > 0 && ++site->saboteur.count % EVERY == 0;

	if (is_foreign)
		rv_buf_put_str(out, rv_buf_str(last));
	rv_buf_clear(last);
	rv_buf_put_str(last, body);
	return is_foreign;
}

static bool give_half(struct rv_str body, struct rv_arena *arena, struct rv_buf *out)
{
	struct rv_rs_pull_out pull = { 0 };

	if (rv_rs_pull_out_decode(body, arena, &pull) != RV_OK || pull.modules_len < 2)
		return false;
	pull.modules_len--;
	rv_rs_pull_out_encode(&pull, out);
	return true;
}

static bool give_wrong_rs(struct rv_str body, struct rv_arena *arena, struct rv_buf *out)
{
	struct rv_ls_solicit_out answer = { 0 };

	if (rv_ls_solicit_out_decode(body, arena, &answer) != RV_OK)
		return false;
	for (size_t i = 0; i < answer.location.entries_len; i++)
		answer.location.entries[i].url = RV_STR_LIT("https://198.51.100.9/arms");
	rv_ls_solicit_out_encode(&answer, out);
	return true;
}

/* Once given, always given. */
static bool give_stale(struct vw_site *site, struct rv_str body, struct rv_arena *arena,
		       struct rv_buf *out)
{
	struct rv_rs_pull_out pull = { 0 };
	char head[64];
	unsigned device = 0;
	struct rv_buf *first;

	if (rv_rs_pull_out_decode(body, arena, &pull) != RV_OK || pull.modules_len == 0)
		return false;
	rv_str_copy(rv_str_sub(pull.modules[0].body, 0, sizeof(head) - 1), head, sizeof(head));
	if (sscanf(head, "# reeve virtual %*u %u", &device) != 1 || device >= VW_STALE_MAX)
		return false;
	first = &site->saboteur.first_pulls[device];
	rv_buf_put_str(first->len == 0 ? first : out, first->len == 0 ? body : rv_buf_str(first));
	return out->len > 0;
}

bool vw_sabotage_reply(struct vw_site *site, const char *method, struct rv_str body,
		       struct rv_buf *out)
{
	enum vw_sabotage how = site->world->sabotage;
	bool is_pull = strcmp(method, "rs.pull") == 0;
	struct rv_arena arena = { .max = ARENA_MAX };
	bool is_changed = false;

	if (how == VW_FOREIGN_ANSWER && is_pull)
		is_changed = give_foreign(site, body, out);
	else if (how == VW_HALF_ANSWER && is_pull)
		is_changed = give_half(body, &arena, out);
	else if (how == VW_STALE_ANSWER && is_pull)
		is_changed = give_stale(site, body, &arena, out);
	else if (how == VW_WRONG_RS && strcmp(method, "ls.solicit") == 0)
		is_changed = give_wrong_rs(body, &arena, out);
	rv_arena_deinit(&arena);
	return is_changed;
}
