#include <stdio.h>

#include "sim/virtual/orders_priv.h"

static void lost(struct vw_job *job, const char *what)
{
	vw_complain(job->orders->world, "acknowledged", "%s of %s is lost", what,
		    job->subject != NULL ? job->subject->device->label : "the location");
}

static void reborn(struct vw_subject *s)
{
	s->births++;
	vw_ledger_forget(&s->config);
	vw_ledger_forget(&s->switched);
	vw_ledger_forget(&s->text);
	s->device->delivered = 0;
	s->device->has_queried = false;
}

static void judge_create(struct vw_job *job, enum vw_fate fate, int status)
{
	struct vw_subject *s = job->subject;

	if (fate == VW_ACKED) {
		reborn(s);
		s->being = VW_YES;
	} else if (fate == VW_UNKNOWN) {
		/* As it was, or quite new. */
		s->births++;
		vw_ledger_blur(&s->config);
		vw_ledger_blur(&s->switched);
		vw_ledger_blur(&s->text);
		s->device->delivered = 0;
		s->device->has_queried = false;
		s->being = VW_MAYBE;
	} else if (status == RV_EEXISTS) {
		if (s->being == VW_NO && s->births > 0)
			lost(job, "the removal");
		s->being = VW_YES;
	}
}

static void judge_delete(struct vw_job *job, enum vw_fate fate, int status)
{
	struct vw_subject *s = job->subject;

	if (fate == VW_ACKED) {
		reborn(s);
		s->being = VW_NO;
	} else if (fate == VW_UNKNOWN) {
		s->being = VW_MAYBE;
	} else if (status == RV_ENOTFOUND) {
		if (s->being == VW_YES)
			lost(job, "the device");
		s->being = VW_NO;
	}
}

struct vw_ledger *vw_job_ledger(const struct vw_job *job)
{
	switch (job->kind) {
	case VW_SET:
		return &job->subject->config;
	case VW_SWITCH:
		return &job->subject->switched;
	case VW_DESCRIBE:
		return &job->subject->text;
	case VW_PLACE:
		return &job->orders->location;
	default:
		return NULL;
	}
}

static uint32_t number_in(struct rv_str text)
{
	char copy[VW_JOB_TEXT_MAX];
	unsigned number = 0;

	if (rv_str_copy(text, copy, sizeof(copy)) && sscanf(copy, "order %u", &number) == 1)
		return number;
	return 0;
}

static void judge_look(struct vw_job *job, const struct rv_device_get_out *out)
{
	const struct vw_subject *s = job->subject;
	bool is_right = false;

	if (!vw_ledger_allows(&s->text, number_in(out->device.description), s->text.acked))
		lost(job, "the description");
	for (uint32_t i = s->switched.acked; i <= s->switched.count; i++)
		if (vw_ledger_allows(&s->switched, i, s->switched.acked))
			is_right |= out->device.is_enabled == (i == 0 || s->is_on[i]);
	if (!is_right)
		lost(job, "whether it is enabled");
}

static uint32_t revision_of(const struct vw_job *job, const struct rv_config_get_out *out)
{
	struct vw_set set = { 0 };
	uint32_t revision = 0;

	for (size_t i = 0; i < out->modules_len; i++)
		(void)vw_set_put(&set, out->modules[i].id, out->modules[i].body);
	if (vw_set_judge(&set, job->orders->world->seed, job->subject->device->number, &revision) !=
	    VW_WHOLE)
		vw_complain(job->orders->world, "whole", "the store has no whole config of %s",
			    job->subject->device->label);
	vw_set_clear(&set);
	return revision;
}

static void judge_inspect(struct vw_job *job, const struct rv_config_get_out *out)
{
	const struct vw_subject *s = job->subject;

	if (!vw_ledger_allows(&s->config, revision_of(job, out), s->config.acked))
		lost(job, "the config");
}

static void judge_know(struct vw_job *job, const struct rv_config_get_out *out)
{
	const struct vw_subject *s = job->subject;

	if (s->births == job->births && s->device->has_queried &&
	    revision_of(job, out) != s->running)
		lost(job, "what the device showed to run");
}

static void judge_recall(struct vw_job *job, const struct rv_pull_list_out *out)
{
	uint32_t delivered = 0;

	for (size_t i = 0; i < out->pulls_len; i++)
		delivered += out->pulls[i].outcome == RV_PULL_OUTCOME_DELIVERED;
	if (job->subject->births == job->births && delivered < job->delivered)
		lost(job, "a delivered pull");
}

static void judge_locate(struct vw_job *job, const struct rv_location_get_out *out)
{
	struct vw_orders *o = job->orders;

	if (!vw_ledger_allows(&o->location, number_in(out->location.comment), o->location.acked))
		lost(job, "the version");
}

bool vw_job_is_look(enum vw_job_kind kind)
{
	return kind == VW_LOOK || kind == VW_INSPECT || kind == VW_RECALL || kind == VW_KNOW ||
	       kind == VW_LOCATE;
}

const struct vw_job_op vw_job_ops[] = {
	[VW_CREATE] = { "device.create", &rv_device_create_in_type, NULL },
	[VW_DELETE] = { "device.delete", &rv_device_delete_in_type, NULL },
	[VW_SET] = { "config.set", &rv_config_set_in_type, NULL },
	[VW_SWITCH] = { "device.update", &rv_device_update_in_type, NULL },
	[VW_DESCRIBE] = { "device.update", &rv_device_update_in_type, NULL },
	[VW_LOOK] = { "device.get", &rv_device_get_in_type, &rv_device_get_out_type },
	[VW_INSPECT] = { "config.get", &rv_config_get_in_type, &rv_config_get_out_type },
	[VW_RECALL] = { "pull.list", &rv_pull_list_in_type, &rv_pull_list_out_type },
	[VW_KNOW] = { "config.get", &rv_config_get_in_type, &rv_config_get_out_type },
	[VW_PLACE] = { "location.set", &rv_location_set_in_type, NULL },
	[VW_LOCATE] = { "location.get", &rv_location_get_in_type, &rv_location_get_out_type },
};

static void judge_answer(struct vw_job *job, const void *out)
{
	if (job->kind == VW_LOOK)
		judge_look(job, out);
	else if (job->kind == VW_INSPECT)
		judge_inspect(job, out);
	else if (job->kind == VW_RECALL)
		judge_recall(job, out);
	else if (job->kind == VW_KNOW)
		judge_know(job, out);
	else
		judge_locate(job, out);
}

/* What an operator sees when he looks. */
static void judge_seen(struct vw_job *job, struct rv_str body)
{
	struct rv_arena arena = { .max = VW_JOB_ARENA_MAX };
	void *out = rv_arena_alloc(&arena, vw_job_ops[job->kind].out->size);

	job->orders->looks++;
	if (out == NULL ||
	    rv_contract_decode(vw_job_ops[job->kind].out, body, &arena, out) != RV_OK)
		vw_complain(job->orders->world, "acknowledged", "%s cannot be read",
			    vw_job_ops[job->kind].op);
	else
		judge_answer(job, out);
	rv_arena_deinit(&arena);
}

static void judge_missing(struct vw_job *job)
{
	const struct vw_subject *s = job->subject;

	if (job->kind == VW_LOCATE)
		lost(job, "all of it");
	else if (s->being == VW_YES && job->kind != VW_INSPECT && job->kind != VW_KNOW)
		lost(job, "the device");
	else if (job->kind == VW_INSPECT && s->being == VW_YES && s->config.acked > 0)
		lost(job, "the config");
	else if (job->kind == VW_KNOW && s->being == VW_YES && s->device->has_queried &&
		 s->births == job->births)
		lost(job, "what the device showed to run");
	else if (s != NULL && s->being == VW_YES && !vw_job_is_look(job->kind))
		lost(job, "the device");
}

void vw_job_judge(struct vw_job *job, enum vw_fate fate, int status, struct rv_str body)
{
	if (job->kind == VW_CREATE)
		judge_create(job, fate, status);
	else if (job->kind == VW_DELETE)
		judge_delete(job, fate, status);
	else if (fate == VW_REFUSED_ORDER && status == RV_ENOTFOUND)
		judge_missing(job);
	else if (fate == VW_ACKED && vw_job_is_look(job->kind))
		judge_seen(job, body);
}
