#include "sim/virtual/proc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/time.h"
#include "sim/virtual/site.h"

/* 2027-01-01T00:00:00Z: when every run begins. */
static const int64_t BEGIN_US = INT64_C(1798761600000000);

enum { PUMP_MAX = 100000 };

/* -- tasks ---------------------------------------------------------------------------------- */

static void task_free(struct vw_task *task)
{
	vw_cancel(task->event);
	rv_list_del(&task->link);
	free(task);
}

static void task_due(void *arg)
{
	struct vw_task *task = arg;
	struct vw_proc *proc = task->proc;
	struct rv_virtual *before = vw_proc_enter(proc);

	task->event = NULL;
	rv_list_del(&task->link);
	task->fn(task);
	free(task);
	vw_proc_leave(proc, before);
}

struct vw_task *vw_task_post(struct vw_proc *proc, int64_t delay_us,
			     void (*fn)(struct vw_task *task), void *arg, bool is_owed)
{
	struct vw_task *task = vw_alloc(1, sizeof(*task));

	*task = (struct vw_task){ .proc = proc, .fn = fn, .arg = arg, .is_owed = is_owed };
	rv_list_add_tail(&proc->tasks, &task->link);
	if (proc->life == VW_UP)
		task->event = vw_post(proc->world, delay_us, task_due, task);
	return task;
}

void vw_task_cancel(struct vw_task *task)
{
	if (task != NULL)
		task_free(task);
}

static struct vw_task *next_owed(struct vw_proc *proc)
{
	struct rv_list *link;

	rv_list_for_each (link, &proc->tasks) {
		struct vw_task *task = RV_CONTAINER_OF(link, struct vw_task, link);

		if (task->is_owed)
			return task;
	}
	return NULL;
}

/* What is owed runs, in order; what comes of it, too. */
static void pump(struct vw_proc *proc)
{
	struct vw_task *task;

	for (unsigned n = 0; (task = next_owed(proc)) != NULL; n++) {
		assert(n < PUMP_MAX);
		vw_cancel(task->event);
		task->event = NULL;
		rv_list_del(&task->link);
		task->fn(task);
		free(task);
	}
}

static void forget_tasks(struct vw_proc *proc)
{
	while (!rv_list_is_empty(&proc->tasks))
		task_free(RV_CONTAINER_OF(proc->tasks.next, struct vw_task, link));
}

/* -- in its world --------------------------------------------------------------------------- */

struct rv_virtual *vw_proc_enter(struct vw_proc *proc)
{
	proc->virt.boot_us = proc->world->now_us + RV_US_PER_SEC; /* never 0 */
	proc->virt.utc_us = BEGIN_US + proc->world->now_us + proc->machine->skew_us;
	return rv_virtual_enter(&proc->virt);
}

static void bury(struct vw_proc *proc, bool is_silent);

void vw_proc_leave(struct vw_proc *proc, struct rv_virtual *before)
{
	struct vw_site *site = proc->site;

	rv_virtual_enter(before);
	if (!proc->is_dead || proc->life != VW_UP)
		return;
	if (site->is_kill_power) {
		site->is_kill_power = false;
		vw_machine_power_cut(proc->machine);
		return;
	}
	bury(proc, false);
	vw_site_lost(site, proc);
}

static void die(struct vw_proc *proc, const char *where)
{
	vw_note(proc->world, proc->label, where, (int64_t)proc->lives, 0);
	proc->is_dead = true;
	proc->deaths++;
	proc->site->crashes++;
	if (proc->has_store)
		vw_disk_set_dead(proc->machine->disk, true);
}

static void on_fail_point(struct rv_virtual *virt, const char *name)
{
	struct vw_proc *proc = RV_CONTAINER_OF(virt, struct vw_proc, virt);
	struct vw_site *site = proc->site;

	if (proc->is_dead || proc->life != VW_UP)
		return;
	site->fail_points++;
	if (strcmp(name, proc->kill_point) == 0 && --proc->kill_nth == 0) {
		proc->kill_point[0] = '\0';
		site->is_kill_power = proc->is_kill_point_power;
		die(proc, name);
		return;
	}
	if (!site->is_kill_armed || proc->world->now_us < site->kill_from_us)
		return;
	if (site->kill_skip > 0) {
		site->kill_skip--;
		return;
	}
	site->is_kill_armed = false;
	die(proc, name);
}

/* -- life ----------------------------------------------------------------------------------- */

static void enter_life(struct vw_proc *proc)
{
	proc->life = VW_UP;
	proc->lives++;
	proc->is_dead = proc->is_stopped = false;
	proc->state = NULL;
	proc->loop.data = proc;
	proc->virt = (struct rv_virtual){ .disk = VW_VFS_NAME, .fail = on_fail_point };
	rv_rand_seed(&proc->virt.rand,
		     rv_siphash(proc->world->seed, proc->lives << 8 | proc->instance,
				rv_str(proc->label)));
	rv_list_init(&proc->tasks);
	rv_list_init(&proc->timers);
	proc->bus = vw_bus_new(proc);
	proc->server = NULL;
}

static void leave_life(struct vw_proc *proc)
{
	struct rv_virtual *before = vw_proc_enter(proc);

	pump(proc);
	rv_virtual_enter(before);
	forget_tasks(proc);
	vw_timers_forget(proc);
	vw_bus_free(proc->bus);
	proc->bus = NULL;
	proc->life = VW_DOWN;
	if (proc->has_store)
		vw_disk_set_dead(proc->machine->disk, false);
}

/* What the code holds is given back; nothing of that can be seen from outside. is_silent: the
 * others do not even learn that it is gone. */
static void bury(struct vw_proc *proc, bool is_silent)
{
	struct rv_virtual *before = vw_proc_enter(proc);

	proc->life = VW_DYING;
	if (proc->server != NULL)
		vw_net_end(proc->server, is_silent);
	vw_bus_end(proc->bus, is_silent);
	if (proc->code != NULL && proc->state != NULL) {
		proc->code->stop(proc->state);
		pump(proc);
		if (!proc->is_stopped)
			vw_complain(proc->world, "stop", "%s does not end when it is told to",
				    proc->label);
		if (proc->code->free != NULL)
			proc->code->free(proc->state);
	}
	rv_virtual_enter(before);
	leave_life(proc);
	if (!is_silent)
		vw_bus_link(proc, false);
}

static bool is_whole(struct vw_proc *proc)
{
	char path[VW_PATH_MAX], why[128] = "";

	if (!proc->has_store)
		return true;
	snprintf(path, sizeof(path), "%s/%s", proc->machine->state_dir, proc->store);
	if (vw_disk_check(proc->machine->disk, path, why, sizeof(why)) == RV_OK)
		return true;
	vw_complain(proc->world, "store", "%s of %s is damaged: %s", proc->store, proc->label, why);
	return false;
}

void vw_proc_start(struct vw_proc *proc)
{
	struct rv_diag diag = { 0 };
	struct rv_virtual *before;
	int err = RV_OK;

	if (proc->life != VW_DOWN || !proc->machine->is_on || !is_whole(proc))
		return;
	enter_life(proc);
	vw_note(proc->world, proc->label, "starts", (int64_t)proc->lives, 0);
	before = vw_proc_enter(proc);
	if (proc->code != NULL)
		err = proc->code->start(proc->duty, &proc->state, &diag);
	if (err != RV_OK) {
		proc->state = NULL;
		if (!proc->is_dead)
			vw_complain(proc->world, "start", "%s does not start: %s %s", proc->label,
				    rv_err_name(err), diag.text);
		proc->is_dead = true;
	}
	if (!proc->is_dead)
		vw_bus_link(proc, true);
	vw_proc_leave(proc, before);
}

void vw_proc_kill(struct vw_proc *proc)
{
	if (proc->life != VW_UP)
		return;
	die(proc, "is killed");
	bury(proc, false);
	vw_site_lost(proc->site, proc);
}

void vw_proc_kill_at(struct vw_proc *proc, const char *point, unsigned nth, bool is_power)
{
	rv_str_copy(rv_str(point), proc->kill_point, sizeof(proc->kill_point));
	proc->kill_nth = nth;
	proc->is_kill_point_power = is_power;
}

static void dies_writing(void *arg)
{
	struct vw_proc *proc = arg;

	if (proc->life == VW_UP && !proc->is_dead)
		die(proc, "dies while it writes");
}

void vw_proc_kill_writing(struct vw_proc *proc, int64_t ops)
{
	vw_disk_arm(proc->machine->disk, ops, dies_writing, proc);
}

void vw_proc_stop(struct vw_proc *proc)
{
	if (proc->life != VW_UP)
		return;
	vw_note(proc->world, proc->label, "is stopped", (int64_t)proc->lives, 0);
	bury(proc, false);
	vw_site_lost(proc->site, proc);
}

void vw_proc_discard(struct vw_proc *proc)
{
	if (proc->life == VW_UP)
		bury(proc, true);
}

void vw_machine_power_cut(struct vw_machine *machine)
{
	struct vw_site *site = machine->site;

	site->power_cuts++;
	vw_note(site->world, machine->name, "loses power", 0, 0);
	machine->is_on = false;
	for (size_t i = 0; i < site->proc_count; i++) {
		struct vw_proc *proc = &site->procs[i];

		if (proc->machine != machine || proc->life != VW_UP || proc->code == NULL)
			continue;
		if (!proc->is_dead)
			die(proc, "loses power");
		bury(proc, true);
	}
	vw_disk_power_cut(machine->disk);
	vw_site_dark(site, machine);
}

/* -- app/duty.h ----------------------------------------------------------------------------- */

struct rv_duty {
	struct vw_proc *proc;
};

struct rv_duty *vw_duty_new(struct vw_proc *proc)
{
	struct rv_duty *duty = vw_alloc(1, sizeof(*duty));

	duty->proc = proc;
	return duty;
}

uv_loop_t *rv_duty_loop(struct rv_duty *duty)
{
	return &duty->proc->loop;
}

struct rv_bus *rv_duty_bus(struct rv_duty *duty)
{
	return duty->proc->bus;
}

struct rv_conf *rv_duty_conf(struct rv_duty *duty)
{
	return duty->proc->conf;
}

unsigned rv_duty_instance(const struct rv_duty *duty)
{
	return duty->proc->instance;
}

unsigned rv_duty_worker(const struct rv_duty *duty)
{
	return duty->proc->instance;
}

const char *rv_duty_state_dir(const struct rv_duty *duty)
{
	return duty->proc->machine->state_dir;
}

size_t rv_duty_listeners(const struct rv_duty *duty, const int **out_fds)
{
	*out_fds = duty->proc->listeners;
	return duty->proc->listener_count;
}

void rv_duty_stopped(struct rv_duty *duty)
{
	duty->proc->is_stopped = true;
}

struct rv_tls_tickets *rv_duty_tickets(const struct rv_duty *duty)
{
	(void)duty;
	return NULL;
}

/* There are no clients of old TLS here: nothing is handed over. */
int rv_duty_handover(struct rv_duty *duty, int fd, const char *label)
{
	(void)duty;
	(void)fd;
	(void)label;
	return RV_ENOTFOUND;
}

void rv_duty_on_socket(struct rv_duty *duty, rv_duty_socket_fn fn, void *arg)
{
	(void)duty;
	(void)fn;
	(void)arg;
}
