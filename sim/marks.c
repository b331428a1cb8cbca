/* Which things of a scenario a picture points at. */
#include "sim/picture.h"
#include "sim/scenario.h"

struct marks {
	struct sim_mark *items;
	size_t count;
};

/* Kept in order of time; of too many, those added later are left out. What holds from the start on
 * needs none. */
static void add(struct marks *marks, int64_t at_us, const char *label)
{
	size_t i;

	if (marks->count == SIM_MARKS_MAX || at_us == 0)
		return;
	for (i = marks->count++; i > 0 && marks->items[i - 1].at_us > at_us; i--)
		marks->items[i] = marks->items[i - 1];
	marks->items[i] = (struct sim_mark){ at_us, label };
}

static void add_each(struct marks *marks, int64_t at_us, int64_t every_us, unsigned times,
		     const char *label)
{
	for (unsigned i = 0; i < times && i < SIM_MARKS_MAX; i++)
		add(marks, at_us + (int64_t)i * every_us, label);
}

size_t sim_picture_marks(const struct sim_scenario *s, struct sim_mark out[SIM_MARKS_MAX])
{
	struct marks marks = { .items = out };

	for (size_t i = 0; i < s->cut_count; i++)
		add_each(&marks, s->cuts[i].at_us, s->cuts[i].every_us, s->cuts[i].times,
			 s->cuts[i].name);
	for (size_t i = 0; i < s->firmware_count; i++)
		if (s->firmwares[i].upgrade_to != SIM_FIRMWARE_NONE)
			add(&marks, s->firmwares[i].upgrade_at_us,
			    s->firmwares[s->firmwares[i].upgrade_to].name);
	for (size_t i = 0; i < s->loss_count; i++)
		add(&marks, s->losses[i].from_us, s->losses[i].name);
	for (size_t i = 0; i < s->partition_count; i++)
		add(&marks, s->partitions[i].at_us, s->partitions[i].name);
	for (size_t i = 0; i < s->rebind_count; i++)
		add(&marks, s->rebinds[i].at_us, s->rebinds[i].name);
	for (size_t i = 0; i < s->crash_count; i++)
		add_each(&marks, s->crashes[i].at_us, s->crashes[i].every_us, s->crashes[i].times,
			 s->crashes[i].name);
	return marks.count;
}
