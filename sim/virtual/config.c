#include "sim/virtual/config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/siphash.h"

enum { LINES_MAX = 40, HEAD_MAX = 128 };

static uint64_t draw(uint64_t seed, uint32_t device, uint32_t revision, uint32_t what)
{
	const uint32_t key[] = { device, revision, what };

	return rv_siphash(seed, 7, rv_strn(key, sizeof(key)));
}

uint32_t vw_config_modules(uint64_t seed, uint32_t device, uint32_t revision)
{
	return 1 + (uint32_t)(draw(seed, device, revision, UINT32_MAX) % VW_MODULES_MAX);
}

void vw_config_make(uint64_t seed, uint32_t device, uint32_t revision, uint32_t module,
		    struct rv_buf *out)
{
	uint64_t value = draw(seed, device, revision, module);
	uint64_t lines = value % LINES_MAX;

	rv_buf_printf(out,
		      "# reeve virtual %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32
		      "\n",
		      seed, device, revision, module, vw_config_modules(seed, device, revision));
	for (uint64_t i = 0; i < lines; i++) {
		value = rv_siphash(value, i, RV_STR_LIT("line"));
		rv_buf_printf(out, "route 10.%u.%u.0/24 gateway %016" PRIx64 "\n",
			      (unsigned)(value >> 8 & 0xff), (unsigned)(value & 0xff), value);
	}
}

/* -- sets ----------------------------------------------------------------------------------- */

void vw_set_clear(struct vw_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		rv_buf_deinit(&set->pieces[i].body);
	*set = (struct vw_set){ 0 };
}

bool vw_set_put(struct vw_set *set, uint32_t id, struct rv_str body)
{
	size_t i = 0;

	while (i < set->count && set->pieces[i].id != id)
		i++;
	if (i == VW_MODULES_MAX)
		return false;
	if (i == set->count)
		set->pieces[set->count++] = (struct vw_piece){ .id = id };
	rv_buf_clear(&set->pieces[i].body);
	rv_buf_put_str(&set->pieces[i].body, body);
	return set->pieces[i].body.err == RV_OK;
}

void vw_set_remove(struct vw_set *set, uint32_t id)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->pieces[i].id != id)
			continue;
		rv_buf_deinit(&set->pieces[i].body);
		set->pieces[i] = set->pieces[--set->count];
		set->pieces[set->count] = (struct vw_piece){ 0 };
		return;
	}
}

void vw_set_move(struct vw_set *to, struct vw_set *from)
{
	vw_set_clear(to);
	*to = *from;
	*from = (struct vw_set){ 0 };
}

/* The first line of a module. */
struct head {
	uint64_t seed;
	uint32_t device, revision, module, modules;
};

static bool read_head(const struct rv_buf *body, struct head *out)
{
	char line[HEAD_MAX];
	struct rv_str all = rv_buf_str(body);

	return rv_str_copy(rv_str_sub(all, 0, rv_str_find(all, '\n')), line, sizeof(line)) &&
	       sscanf(line,
		      "# reeve virtual %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32,
		      &out->seed, &out->device, &out->revision, &out->module, &out->modules) == 5;
}

static bool is_as_made(const struct vw_piece *piece, const struct head *head)
{
	struct rv_buf right = { 0 };
	bool is_right;

	vw_config_make(head->seed, head->device, head->revision, head->module, &right);
	is_right = right.err == RV_OK && piece->id == head->module &&
		   rv_str_eq(rv_buf_str(&right), rv_buf_str(&piece->body));
	rv_buf_deinit(&right);
	return is_right;
}

enum vw_verdict vw_set_judge(const struct vw_set *set, uint64_t seed, uint32_t device,
			     uint32_t *revision)
{
	struct head first = { 0 }, head;

	if (set->count == 0)
		return VW_EMPTY;
	for (size_t i = 0; i < set->count; i++) {
		if (!read_head(&set->pieces[i].body, &head))
			return VW_BROKEN;
		if (head.seed != seed || head.device != device)
			return VW_FOREIGN;
		if (i == 0)
			first = head;
		if (head.revision != first.revision || head.modules != set->count ||
		    !is_as_made(&set->pieces[i], &head))
			return VW_BROKEN;
	}
	*revision = first.revision;
	return VW_WHOLE;
}
