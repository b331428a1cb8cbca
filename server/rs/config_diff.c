#include <errno.h>
#include <sodium.h>

#include "server/rs/config.h"
#include "server/rs/core.h"
#include "server/rs/diff.h"

enum {
	DIFF_MAX = 2 * 1024 * 1024,      /* of one module; `diff` in contract/ops/config.json */
	DIFFS_MAX = 8 * 1024 * 1024,     /* of all together: the answer fits a message */
	WORK_MAX = 8 * 1024 * 1024,      /* memory while one module is compared */
	COMPARED_MAX = 16 * 1024 * 1024, /* bytes of both texts; the writer waits for us */
	SHA_LEN = 2 * crypto_hash_sha256_BYTES,
};

/* -- which two ------------------------------------------------------------------------------ */

/* "startup" or "cfg_...". */
static int find_side(struct rs_ctx *ctx, struct rv_str distid, struct rv_str side,
		     const char *field, struct rv_config_version_out *out, struct rv_diag *diag)
{
	struct rv_config_version_in by_id = { .distid = distid };
	struct rv_config_get_in by_kind = { .distid = distid };
	struct rv_config_get_out found = { 0 };

	for (uint32_t i = 0; i < rv_config_kind_words.count; i++) {
		if (!rv_str_is(side, rv_config_kind_words.words[i]))
			continue;
		by_kind.kind = (enum rv_config_kind)i;
		int err = rs_op_config_get(ctx, &by_kind, &found, diag);
		*out = (struct rv_config_version_out){ found.version, found.modules,
						       found.modules_len };
		return err;
	}
	if (rv_id_parse(side, "cfg", &by_id.version) != RV_OK)
		return rv_diag_set(diag, RV_EINVALID, "config.side", field,
				   "%s is \"working\", \"startup\", \"running\" or a version",
				   field);
	return rs_op_config_version(ctx, &by_id, out, diag);
}

/* -- what differs --------------------------------------------------------------------------- */

struct side {
	const struct rv_module *modules;
	size_t count;
};

static size_t find_module(const struct side *side, uint32_t id)
{
	size_t i = 0;

	while (i < side->count && side->modules[i].id != id)
		i++;
	return i;
}

static int put_sha(struct rs_ctx *ctx, const struct rv_module *m, struct rv_str *out)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	char hex[SHA_LEN + 1];

	crypto_hash_sha256(sum, (const uint8_t *)(m->body.len > 0 ? m->body.ptr : ""), m->body.len);
	sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	*out = rv_arena_str(ctx->arena, rv_strn(hex, SHA_LEN));
	return out->ptr != NULL ? RV_OK : -ENOMEM;
}

/* *budget: bytes of diffs that may still be given. What is too long is left out and said to be. */
static int put_text(struct rs_ctx *ctx, struct rv_str from, struct rv_str to,
		    struct rv_module_diff *out, size_t *budget)
{
	struct rv_arena work;
	struct rv_buf text;
	int err = RV_ELIMIT;

	rv_arena_init(&work, WORK_MAX);
	rv_buf_init(&text, *budget < DIFF_MAX ? *budget : DIFF_MAX);
	if (from.len + to.len <= COMPARED_MAX)
		err = rs_diff_unified(from, to, &work, &text);
	if (err == RV_OK) {
		out->diff = rv_arena_str(ctx->arena, rv_buf_str(&text));
		out->has_diff = true;
		*budget -= text.len;
		err = out->diff.ptr != NULL ? RV_OK : -ENOMEM;
	} else { /* of work or of text */
		out->is_cut = true;
		err = RV_OK;
	}
	rv_buf_deinit(&text);
	rv_arena_deinit(&work);
	return err;
}

/* from or to may be NULL, not both. */
static int compare(struct rs_ctx *ctx, const struct rv_module *from, const struct rv_module *to,
		   struct rv_module_diff *out, size_t *budget)
{
	static const struct rv_module none = { 0 };
	const struct rv_module *a = from != NULL ? from : &none, *b = to != NULL ? to : &none;
	int err = RV_OK;

	out->id = from != NULL ? from->id : to->id;
	out->change = from == NULL                               ? RV_MODULE_CHANGE_ADDED
		      : to == NULL                               ? RV_MODULE_CHANGE_REMOVED
		      : rv_contract_equal(&rv_module_type, a, b) ? RV_MODULE_CHANGE_SAME
								 : RV_MODULE_CHANGE_CHANGED;
	out->version_from = a->version;
	out->version_to = b->version;
	out->infostring_from = a->infostring;
	out->infostring_to = b->infostring;
	out->size_from = a->body.len;
	out->size_to = b->body.len;
	out->is_binary = a->is_binary || b->is_binary;
	if (a->has_config)
		err = put_sha(ctx, a, &out->sha256_from);
	if (err == RV_OK && b->has_config)
		err = put_sha(ctx, b, &out->sha256_to);
	if (err == RV_OK && !out->is_binary && !rv_str_eq(a->body, b->body))
		err = put_text(ctx, a->body, b->body, out, budget);
	return err;
}

/* In order of delivery; what was removed comes last. */
static int compare_all(struct rs_ctx *ctx, const struct side *from, const struct side *to,
		       bool is_all, struct rv_config_diff_out *out)
{
	size_t budget = DIFFS_MAX;

	for (size_t i = 0; i < to->count + from->count; i++) {
		bool is_new = i < to->count;
		size_t k = is_new ? find_module(from, to->modules[i].id) : i - to->count;
		size_t at = is_new ? i : find_module(to, from->modules[k].id);
		struct rv_module_diff one = {
			.position_from = k < from->count ? (uint32_t)k + 1 : 0,
			.position_to = at < to->count ? (uint32_t)at + 1 : 0,
		};

		if (!is_new && at < to->count)
			continue; /* has been compared already */
		int err = compare(ctx, k < from->count ? &from->modules[k] : NULL,
				  at < to->count ? &to->modules[at] : NULL, &one, &budget);
		if (err != RV_OK)
			return err;
		if (is_all || one.change != RV_MODULE_CHANGE_SAME)
			out->modules[out->modules_len++] = one;
	}
	return RV_OK;
}

int rs_op_config_diff(struct rs_ctx *ctx, const struct rv_config_diff_in *in,
		      struct rv_config_diff_out *out, struct rv_diag *diag)
{
	struct rv_config_version_out from = { 0 }, to = { 0 };
	int err = find_side(ctx, in->distid, in->has_from ? in->from : RV_STR_LIT("startup"),
			    "from", &from, diag);

	if (err == RV_OK)
		err = find_side(ctx, in->distid, in->has_to ? in->to : RV_STR_LIT("working"), "to",
				&to, diag);
	if (err != RV_OK)
		return err;
	out->version_from = from.version.id;
	out->version_to = to.version.id;
	out->modules = rv_arena_array(ctx->arena, from.modules_len + to.modules_len + 1,
				      sizeof(*out->modules));
	if (out->modules == NULL)
		return -ENOMEM;
	return compare_all(ctx, &(struct side){ from.modules, from.modules_len },
			   &(struct side){ to.modules, to.modules_len }, in->is_all, out);
}
