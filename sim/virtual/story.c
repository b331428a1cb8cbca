#include "sim/virtual/story.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

enum { PERCENT_PPM = 10000 };

/* -- devices -------------------------------------------------------------------------------- */

static void on_again(void *arg)
{
	vw_device_switch_on(arg);
}

static void role_next(struct vw_role *role, int64_t after_us);

static void role_event(void *arg)
{
	struct vw_role *role = arg;
	struct vw_story *story = role->story;

	if (story->is_over)
		return;
	vw_device_cut(role->device);
	if (role->next.kind == SIM_PLAN_UPGRADE)
		role->firmware = role->next.index;
	if (!role->next.keeps_state)
		role->device->has_flash = false;
	vw_post(story->world, role->next.off_us, on_again, role->device);
	role_next(role, role->next.at_us);
}

static void role_next(struct vw_role *role, int64_t after_us)
{
	struct vw_world *w = role->story->world;

	if (sim_plan_next(&role->plan, role->firmware, after_us, &role->next))
		vw_post(w, role->next.at_us > w->now_us ? role->next.at_us - w->now_us : 0,
			role_event, role);
}

static void start_devices(struct vw_story *story)
{
	const struct sim_scenario *s = story->scenario;
	uint32_t n = story->fleet->count;
	int64_t *at_us = vw_alloc(n, sizeof(*at_us));

	sim_arrival_fill(&s->arrival, story->world->seed, at_us, n);
	for (uint32_t i = 0; i < n; i++) {
		struct vw_role *role = &story->roles[i];

		*role = (struct vw_role){ .story = story,
					  .device = &story->fleet->devices[i],
					  .plan = { s, story->world->seed, i } };
		role->firmware = sim_plan_firmware(&role->plan);
		role->device->role = role;
		vw_post(story->world, at_us[i], on_again, role->device);
		role_next(role, -1);
	}
	free(at_us);
}

const struct sim_loss *vw_role_loss(struct vw_role *role, bool is_ls)
{
	int which;

	if (role == NULL || role->story->is_over)
		return NULL;
	which = sim_plan_loss(&role->plan, role->connections++, role->story->world->now_us, is_ls);
	return which >= 0 ? &role->story->scenario->losses[which] : NULL;
}

bool vw_role_refuses(struct vw_role *role)
{
	bool refuses = role != NULL && !role->story->is_over &&
		       sim_plan_refuses(&role->plan, role->firmware, role->pulls);

	if (refuses) /* that was this pull */
		role->pulls++;
	return refuses;
}

int64_t vw_role_apply_us(struct vw_role *role)
{
	return role != NULL ? sim_plan_apply_us(&role->plan, role->pulls++) : 0;
}

const char *vw_role_version(const struct vw_role *role)
{
	return role != NULL ? sim_plan_version(role->story->scenario, role->firmware) : "1.0";
}

/* -- lines ---------------------------------------------------------------------------------- */

static void apply_network(struct vw_story *story)
{
	const struct sim_network *n = &story->scenario->network;

	for (uint32_t i = 0; i < story->fleet->count; i++) {
		struct vw_line *line = &story->fleet->devices[i].line;

		if (n->delay_us > 0)
			line->delay_us = n->delay_us;
		line->jitter_us = n->jitter_us;
		/* What comes twice or out of order TCP puts right; it costs what a loss costs. */
		line->loss_ppm = (n->drop + n->reorder) * PERCENT_PPM;
		if (line->loss_ppm > 900000)
			line->loss_ppm = 900000;
	}
}

static void partition(void *arg)
{
	struct vw_scene *scene = arg;
	struct vw_story *story = scene->story;
	const struct sim_partition *p = &story->scenario->partitions[scene->index];
	int64_t until_us = story->world->now_us + p->lasts_us;

	if (story->is_over)
		return;
	vw_note(story->world, "partition", p->name, p->side, until_us);
	if (p->side == SIM_SIDE_STORES) {
		story->site->feed_down_until_us = until_us;
		return;
	}
	for (uint32_t i = 0; i < story->fleet->count; i++) {
		struct vw_line *line = &story->fleet->devices[i].line;

		if (!sim_plan_is_in(&story->roles[i].plan, p->name, p->share))
			continue;
		if (p->side != SIM_SIDE_RS)
			line->down_until_us[VW_LS] = until_us;
		if (p->side != SIM_SIDE_LS)
			line->down_until_us[VW_RS] = until_us;
	}
}

static void rebind(void *arg)
{
	struct vw_scene *scene = arg;
	struct vw_story *story = scene->story;
	const struct sim_rebind *r = &story->scenario->rebinds[scene->index];

	if (story->is_over)
		return;
	for (uint32_t i = 0; i < story->fleet->count; i++)
		if (sim_plan_is_in(&story->roles[i].plan, r->name, r->share))
			vw_line_rebind(story->fleet->host.net, &story->fleet->devices[i].line);
	if (r->every_us > 0)
		vw_post(story->world, r->every_us, rebind, scene);
}

/* -- servers -------------------------------------------------------------------------------- */

static void crash(void *arg)
{
	static const char *const names[SIM_DUTIES] = { [SIM_DUTY_LS] = "ls",
						       [SIM_DUTY_LSSTORE] = "lsstore",
						       [SIM_DUTY_PROXY] = "proxy",
						       [SIM_DUTY_RS] = "rs" };
	struct vw_scene *scene = arg;
	struct vw_story *story = scene->story;
	const struct sim_crash *c = &story->scenario->crashes[scene->index];
	struct vw_proc *proc = vw_site_find(story->site, names[c->duty], 0);

	if (story->is_over)
		return;
	if (proc->life == VW_UP) {
		proc->down_us = c->down_us;
		proc->machine->dark_us = c->down_us;
		if (c->point[0] != '\0')
			vw_proc_kill_at(proc, c->point, c->nth, c->drops_unsynced);
		else if (c->drops_unsynced)
			vw_machine_power_cut(proc->machine);
		else
			vw_proc_kill(proc);
	}
	if (--scene->times > 0)
		vw_post(story->world, c->every_us, crash, scene);
}

/* -- life ----------------------------------------------------------------------------------- */

void vw_story_start(struct vw_story *story, const struct sim_scenario *s, struct vw_site *site,
		    struct vw_fleet *fleet)
{
	*story = (struct vw_story){
		.scenario = s, .world = fleet->world, .site = site, .fleet = fleet
	};
	story->roles = vw_alloc(fleet->count, sizeof(*story->roles));
	if (s->repeat_us > 0)
		fleet->host.repeat_us = s->repeat_us;
	if (s->has_network)
		apply_network(story);
	start_devices(story);
	for (size_t i = 0; i < s->partition_count; i++) {
		story->partitions[i] = (struct vw_scene){ story, i, 1 };
		vw_post(story->world, s->partitions[i].at_us, partition, &story->partitions[i]);
	}
	for (size_t i = 0; i < s->rebind_count; i++) {
		story->rebinds[i] = (struct vw_scene){ story, i, 1 };
		vw_post(story->world, s->rebinds[i].at_us, rebind, &story->rebinds[i]);
	}
	for (size_t i = 0; i < s->crash_count; i++) {
		story->crashes[i] = (struct vw_scene){ story, i, s->crashes[i].times };
		vw_post(story->world, s->crashes[i].at_us, crash, &story->crashes[i]);
	}
}

void vw_story_end(struct vw_story *story)
{
	story->is_over = true;
}

void vw_story_deinit(struct vw_story *story)
{
	free(story->roles);
	story->roles = NULL;
}
