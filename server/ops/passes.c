#include "server/ops/passes.h"

#include <string.h>

static bool is_for(const struct rv_pass *pass, struct rv_str hash, const char *right)
{
	return pass->at_us != 0 && rv_str_eq(rv_strn(pass->hash, sizeof(pass->hash)), hash) &&
	       strcmp(pass->right, right) == 0;
}

static size_t find(const struct rv_passes *passes, struct rv_str hash, const char *right)
{
	size_t i = 0;

	while (i < RV_PASSES_MAX && !is_for(&passes->list[i], hash, right))
		i++;
	return i;
}

static size_t oldest(const struct rv_passes *passes)
{
	size_t found = 0;

	for (size_t i = 1; i < RV_PASSES_MAX; i++)
		if (passes->list[i].at_us < passes->list[found].at_us)
			found = i;
	return found;
}

void rv_passes_put(struct rv_passes *passes, struct rv_str hash, const char *right, int64_t now_us)
{
	size_t i = find(passes, hash, right);
	struct rv_pass *pass = &passes->list[i < RV_PASSES_MAX ? i : oldest(passes)];

	if (hash.len != RV_PASS_HASH_LEN || strlen(right) > RV_PASS_RIGHT_MAX)
		return;
	memcpy(pass->hash, hash.ptr, sizeof(pass->hash));
	strcpy(pass->right, right);
	pass->at_us = now_us;
}

void rv_passes_drop(struct rv_passes *passes, struct rv_str hash, const char *right)
{
	size_t i = find(passes, hash, right);

	if (i < RV_PASSES_MAX)
		passes->list[i].at_us = 0;
}

bool rv_passes_has(const struct rv_passes *passes, struct rv_str hash, const char *right,
		   int64_t now_us)
{
	size_t i = find(passes, hash, right);

	return i < RV_PASSES_MAX && now_us - passes->list[i].at_us < RV_PASS_US;
}
