#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/virtual/orders_priv.h"

enum {
	TIMEOUT_US = 10 * 1000 * 1000,
	PAUSE_MIN_US = 200 * 1000,
	PAUSE_MAX_US = 40 * 1000 * 1000,
	PAUSE_END_US = 2 * 1000 * 1000, /* while finishing */
	LOCATION_PAUSE_US = 90 * 1000 * 1000,
	PULLS_MAX = 1000,
};

static void count(struct vw_orders *o, enum vw_fate fate)
{
	o->acknowledged += fate == VW_ACKED;
	o->refused += fate == VW_REFUSED_ORDER;
	o->unknown += fate == VW_UNKNOWN;
}

static void end(struct vw_job *job, enum vw_fate fate, int status, struct rv_str body)
{
	struct vw_orders *o = job->orders;
	struct vw_subject *s = job->subject;

	vw_note(o->world, s != NULL ? s->device->label : "location", vw_job_ops[job->kind].op,
		(int64_t)fate, status);
	if (vw_job_ledger(job) != NULL)
		vw_ledger_end(vw_job_ledger(job), fate);
	vw_job_judge(job, fate, status, body);
	if (!vw_job_is_look(job->kind))
		count(o, fate);
	if (job->is_audit && fate == VW_ACKED && s != NULL && job->kind == VW_KNOW)
		o->is_audited[s - o->fleet->subjects] = true;
	if (s != NULL)
		s->was_asked = false;
	else
		o->is_location_busy = false;
	rv_buf_deinit(&job->bodies);
	free(job);
}

/* A store that fails cannot say more than that it did. */
static enum vw_fate fate_of(int status)
{
	if (status == RV_OK)
		return VW_ACKED;
	return status == RV_EEXISTS || status == RV_ENOTFOUND || status == RV_EINVALID ||
			       status == RV_EBUSY
		       ? VW_REFUSED_ORDER
		       : VW_UNKNOWN;
}

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct vw_job *job = arg;
	struct rv_rs_op_out out = { 0 };
	struct rv_arena arena = { .max = VW_JOB_ARENA_MAX };

	if (status == RV_OK)
		status = rv_rs_op_out_decode(body, &arena, &out);
	if (status != RV_OK) { /* nobody says what became of it */
		end(job, status == RV_EBUSY ? VW_REFUSED_ORDER : VW_UNKNOWN, status, body);
	} else {
		if (fate_of((int)out.status) == VW_REFUSED_ORDER && out.status == RV_EINVALID)
			vw_complain(job->orders->world, "orders", "%s: %.*s",
				    vw_job_ops[job->kind].op, RV_STR_ARG(out.text));
		end(job, fate_of((int)out.status), (int)out.status, out.body);
	}
	rv_arena_deinit(&arena);
}

/* -- giving --------------------------------------------------------------------------------- */

static void send_order(struct vw_job *job, const void *in)
{
	struct vw_orders *o = job->orders;
	struct vw_proc *api = o->site->api;
	struct rv_buf body = { 0 }, call = { 0 };
	struct rv_rs_op_in op = { .op = rv_str(vw_job_ops[job->kind].op), .is_trusted = true };
	struct rv_virtual *before;
	int err;

	o->given += !vw_job_is_look(job->kind);
	if (job->subject != NULL)
		job->subject->was_asked = true;
	else
		o->is_location_busy = true;
	if (o->world->sabotage == VW_FORGOTTEN_ACK && job->kind == VW_CREATE &&
	    job->subject->device->number == 0) {
		end(job, VW_ACKED, RV_OK, (struct rv_str){ 0 });
		return;
	}
	rv_contract_encode(vw_job_ops[job->kind].in, in, &body);
	op.body = rv_buf_str(&body);
	rv_rs_op_in_encode(&op, &call);
	before = vw_proc_enter(api);
	err = rv_bus_request(api->bus, "rs", -1, "rs.op", rv_buf_str(&call), TIMEOUT_US, on_reply,
			     job);
	vw_proc_leave(api, before);
	if (err != RV_OK) /* rs is not there: it never heard of it */
		end(job, VW_REFUSED_ORDER, err == RV_ENOTFOUND ? RV_EBUSY : err,
		    (struct rv_str){ 0 });
	rv_buf_deinit(&body);
	rv_buf_deinit(&call);
}

static struct vw_job *job_new(struct vw_orders *o, struct vw_subject *s, enum vw_job_kind kind)
{
	struct vw_job *job = vw_alloc(1, sizeof(*job));

	*job = (struct vw_job){ .orders = o, .subject = s, .kind = kind };
	if (vw_job_ledger(job) != NULL)
		job->number = vw_ledger_ask(vw_job_ledger(job));
	snprintf(job->text, sizeof(job->text), "order %u", job->number);
	if (s != NULL) {
		job->births = s->births;
		job->delivered = s->device->delivered;
	}
	return job;
}

static void give_config(struct vw_job *job, struct rv_str distid)
{
	struct vw_subject *s = job->subject;
	uint64_t seed = job->orders->world->seed;
	uint32_t n = vw_config_modules(seed, s->device->number, job->number);
	struct rv_config_set_in in = { .distid = distid,
				       .kind = RV_CONFIG_KIND_STARTUP,
				       .modules = job->modules,
				       .modules_len = n };
	size_t ends[VW_MODULES_MAX + 1] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		vw_config_make(seed, s->device->number, job->number, i, &job->bodies);
		ends[i + 1] = job->bodies.len;
	}
	for (uint32_t i = 0; i < n; i++)
		job->modules[i] = (struct rv_module){ .id = i,
						      .version = RV_STR_LIT("1.0"),
						      .has_config = true,
						      .body = rv_strn(job->bodies.ptr + ends[i],
								      ends[i + 1] - ends[i]) };
	send_order(job, &in);
}

static void give(struct vw_orders *o, struct vw_subject *s, enum vw_job_kind kind, bool is_audit)
{
	struct vw_job *job = job_new(o, s, kind);
	struct rv_str distid = rv_str(s->device->persona.distid);

	job->is_audit = is_audit;
	switch (kind) {
	case VW_CREATE:
		send_order(job, &(struct rv_device_create_in){
					.distid = distid,
					.ls_key = rv_str(s->device->persona.ls_key),
					.has_rs_key = true,
					.rs_key = rv_str(s->device->persona.rs_key) });
		break;
	case VW_SET:
		give_config(job, distid);
		break;
	case VW_SWITCH:
		s->is_on[job->number] = o->is_ending || vw_chance(o->world, VW_OPERATOR, 500000);
		send_order(job,
			   &(struct rv_device_update_in){ .distid = distid,
							  .has_is_enabled = true,
							  .is_enabled = s->is_on[job->number] });
		break;
	case VW_DESCRIBE:
		send_order(job, &(struct rv_device_update_in){ .distid = distid,
							       .has_description = true,
							       .description = rv_str(job->text) });
		break;
	case VW_RECALL:
		send_order(job, &(struct rv_pull_list_in){ .distid = distid,
							   .has_distid = true,
							   .limit = PULLS_MAX,
							   .has_limit = true });
		break;
	case VW_INSPECT:
	case VW_KNOW:
		send_order(job, &(struct rv_config_get_in){
					.distid = distid,
					.kind = kind == VW_KNOW ? RV_CONFIG_KIND_RUNNING
								: RV_CONFIG_KIND_STARTUP });
		break;
	case VW_DELETE:
		send_order(job, &(struct rv_device_delete_in){ .distid = distid });
		break;
	default:
		send_order(job, &(struct rv_device_get_in){ .distid = distid });
		break;
	}
}

/* -- which ---------------------------------------------------------------------------------- */

static bool is_full(const struct vw_subject *s)
{
	enum { SPARE = 24 }; /* for the end, when every one may have to be given again */

	return s->config.count + SPARE >= VW_ORDERS_MAX ||
	       s->switched.count + SPARE >= VW_ORDERS_MAX || s->text.count + SPARE >= VW_ORDERS_MAX;
}

/* The last order is known to be so. */
static bool is_sure(const struct vw_ledger *ledger)
{
	for (uint32_t i = ledger->acked + 1; i <= ledger->count; i++)
		if (ledger->fates[i] != VW_REFUSED_ORDER)
			return false;
	return true;
}

static bool is_enabled(const struct vw_subject *s)
{
	return is_sure(&s->switched) && (s->switched.acked == 0 || s->is_on[s->switched.acked]);
}

/* It is as it is to be in the end. */
static bool is_final(const struct vw_subject *s)
{
	return s->being == VW_YES && s->config.acked > 0 && is_sure(&s->config) && is_enabled(s);
}

static enum vw_job_kind choose(struct vw_orders *o, const struct vw_subject *s)
{
	int64_t dice = vw_between(o->world, VW_OPERATOR, 0, 99);

	if (s->being != VW_YES)
		return VW_CREATE;
	if (s->config.acked == 0 || (o->is_ending && !is_sure(&s->config)))
		return VW_SET;
	if (o->is_ending && !is_enabled(s))
		return VW_SWITCH;
	if (o->is_ending || is_full(s))
		return dice < 50 ? VW_LOOK : VW_INSPECT;
	if (dice < 35)
		return VW_SET;
	if (dice < 50)
		return VW_SWITCH;
	if (dice < 60)
		return VW_DESCRIBE;
	if (dice < 64)
		return VW_DELETE;
	return dice < 75 ? VW_LOOK : dice < 88 ? VW_INSPECT : VW_RECALL;
}

static void next(void *arg)
{
	struct vw_turn *turn = arg;
	struct vw_orders *o = turn->orders;
	struct vw_subject *s = turn->subject;

	bool is_hurry = o->is_ending && !is_final(s);

	if (!s->was_asked)
		give(o, s, choose(o, s), false);
	vw_post(o->world,
		vw_between(o->world, VW_OPERATOR, PAUSE_MIN_US,
			   is_hurry ? PAUSE_END_US : PAUSE_MAX_US),
		next, turn);
}

/* -- the Location-Config -------------------------------------------------------------------- */

static void place(struct vw_orders *o)
{
	static const struct rv_line lines[] = { { .kind = RV_LINE_KIND_DHCP },
						{ .kind = RV_LINE_KIND_RA } };
	static const struct rv_str urls[] = { RV_STR_LIT("https://192.0.2.11/arms"),
					      RV_STR_LIT("https://[2001:db8::12]/arms"),
					      RV_STR_LIT("https://192.0.2.12/arms"),
					      RV_STR_LIT("https://[2001:db8::11]/arms") };
	struct vw_job *job = job_new(o, NULL, VW_PLACE);
	struct rv_str order[RV_ARRAY_LEN(urls)];
	size_t from = (size_t)vw_between(o->world, VW_OPERATOR, 0, RV_ARRAY_LEN(urls) - 1);

	/* Never fewer: one of each family must be left, or some devices lose their way for good. */
	for (size_t i = 0; i < RV_ARRAY_LEN(urls); i++)
		order[i] = urls[(from + i) % RV_ARRAY_LEN(urls)];
	send_order(job,
		   &(struct rv_location_set_in){
			   .name = RV_STR_LIT("default"),
			   .rs_urls = order,
			   .rs_urls_len = RV_ARRAY_LEN(order),
			   .lines = (struct rv_line *)lines,
			   .lines_len = RV_ARRAY_LEN(lines),
			   /* Each is another one: what is there already is no new version. */
			   .has_ll_timeout = true,
			   .ll_timeout = 10 + job->number,
			   .has_rs_retry_interval = true,
			   .rs_retry_interval = (uint32_t)vw_between(o->world, VW_OPERATOR, 10, 30),
			   .has_rs_retry_max = true,
			   .rs_retry_max = (uint32_t)vw_between(o->world, VW_OPERATOR, 1, 4),
			   .has_percent = true,
			   .percent = (uint32_t)vw_between(o->world, VW_OPERATOR, 1, 100),
			   .has_comment = true,
			   .comment = rv_str(job->text) });
}

static void next_location(void *arg)
{
	struct vw_orders *o = arg;

	if (o->is_location_busy)
		goto later;
	if (!o->is_ending && o->location.count + 2 < VW_ORDERS_MAX &&
	    vw_chance(o->world, VW_OPERATOR, 500000))
		place(o);
	else
		send_order(job_new(o, NULL, VW_LOCATE),
			   &(struct rv_location_get_in){ .name = RV_STR_LIT("default") });
later:
	vw_post(o->world, vw_between(o->world, VW_OPERATOR, PAUSE_MIN_US, LOCATION_PAUSE_US),
		next_location, o);
}

/* -- life ----------------------------------------------------------------------------------- */

void vw_orders_start(struct vw_orders *o, struct vw_site *site, struct vw_fleet *fleet)
{
	*o = (struct vw_orders){ .world = fleet->world, .site = site, .fleet = fleet };
	o->is_audited = vw_alloc(fleet->count, sizeof(*o->is_audited));
	o->turns = vw_alloc(fleet->count, sizeof(*o->turns));
	for (uint32_t i = 0; i < fleet->count; i++) {
		struct vw_turn *turn = &o->turns[i];

		*turn = (struct vw_turn){ .orders = o, .subject = &fleet->subjects[i] };
		vw_post(o->world, vw_between(o->world, VW_OPERATOR, 0, PAUSE_MAX_US), next, turn);
	}
	vw_post(o->world, LOCATION_PAUSE_US, next_location, o);
}

void vw_orders_finish(struct vw_orders *o)
{
	o->is_ending = true;
}

bool vw_orders_is_final(const struct vw_orders *o)
{
	for (uint32_t i = 0; i < o->fleet->count; i++) {
		if (!is_final(&o->fleet->subjects[i]))
			return false;
	}
	return o->is_ending;
}

static void audit_again(void *arg)
{
	static const enum vw_job_kind steps[] = { VW_LOOK, VW_INSPECT, VW_RECALL, VW_KNOW };
	struct vw_turn *turn = arg;
	struct vw_orders *o = turn->orders;
	struct vw_subject *s = turn->subject;

	if (o->is_audited[s - o->fleet->subjects])
		return;
	if (!s->was_asked)
		give(o, s, steps[turn->audit++ % RV_ARRAY_LEN(steps)], true);
	vw_post(o->world, PAUSE_MIN_US, audit_again, turn);
}

void vw_orders_audit(struct vw_orders *o)
{
	for (uint32_t i = 0; i < o->fleet->count; i++)
		vw_post(o->world, 0, audit_again, &o->turns[i]);
}

bool vw_orders_is_audited(const struct vw_orders *o)
{
	for (uint32_t i = 0; i < o->fleet->count; i++)
		if (!o->is_audited[i])
			return false;
	return true;
}

void vw_orders_deinit(struct vw_orders *o)
{
	free(o->is_audited);
	free(o->turns);
}
