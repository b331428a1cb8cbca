/* proc.h - a process of a server in the virtual world: the real duty, without a process.
 *
 *   struct rv_duty_code (rv_rs_code, rv_lsstore_code, rv_ls_code, rv_proxy_code)
 *        |  rv_duty_*, rv_bus_*, rv_net_*, uv_timer_*, uv_async_*
 *        v
 *   proc.c, timer.c, bus.c, net.c: the same functions, over a world instead of an operating system
 *
 * The duties are linked as they are; what they call below is another implementation of the same
 * headers (app/duty.h, bus/bus.h, net/net.h, and the part of libuv that they use). So all that a
 * duty does between a byte and a commit is what runs in production: queues, limits, time-outs,
 * answers held back.
 *
 * Death. At a fail point, or from outside, a process is marked dead: from there on nothing leaves
 * it (bus, connections), nothing reaches its disk and its randomness is nobody's, so whatever the
 * code does until it returns has no effect on the world. Then it is buried: its stop() runs to give
 * the memory back, everything it asks for failing. Restarted, it begins from its store alone.
 */
#ifndef RV_SIM_VIRTUAL_PROC_H
#define RV_SIM_VIRTUAL_PROC_H

#include "app/duty.h"
#include "base/list.h"
#include "base/virtual.h"
#include "sim/virtual/disk.h"
#include "sim/virtual/world.h"

enum { VW_PROCS_MAX = 12, VW_LISTEN_MAX = 2 };

struct vw_site;

/* A machine: what fails together. */
struct vw_machine {
	struct vw_site *site;
	const char *name;
	char state_dir[224];
	struct vw_disk *disk;
	int64_t skew_us; /* of its clock */
	bool is_on;
	int64_t disk_slow_us; /* what a commit may take at most */
	int64_t dark_us;      /* how long the next power cut lasts; 0: any time */
};

enum vw_life { VW_DOWN, VW_UP, VW_DYING };

struct vw_proc {
	struct rv_duty *duty; /* what the code knows it by */
	struct vw_site *site;
	struct vw_world *world;
	struct vw_machine *machine;
	const struct rv_duty_code *code; /* NULL: no server, but somebody on the bus */
	char name[RV_BUS_NAME_MAX + 1];
	char label[32]; /* in notes: "proxy.1" */
	unsigned instance;
	struct rv_conf *conf;         /* lent */
	int listeners[VW_LISTEN_MAX]; /* numbers of addresses */
	size_t listener_count;
	bool has_store;
	const char *store; /* "rs.db" */

	enum vw_life life;
	bool is_dead;    /* marked; nothing leaves it any more */
	bool is_stopped; /* rv_duty_stopped() was called */
	uint64_t lives;
	void *state;
	struct rv_bus *bus;
	struct rv_virtual virt;
	uv_loop_t loop;
	struct rv_list tasks;  /* struct vw_task */
	struct rv_list timers; /* of timer.c */
	struct rv_net_server *server;
	unsigned deaths;
	int64_t down_us; /* how long it is down when it dies next; 0: as a supervisor does it */
	/* The fail point at which it dies, and how often it passes there before. "": none. */
	char kill_point[64];
	unsigned kill_nth;
	bool is_kill_point_power;
};

/* Something of a process that is to run later; gone with its process. */
struct vw_task {
	struct rv_list link;
	struct vw_proc *proc;
	struct vw_event *event;
	void (*fn)(struct vw_task *task); /* owns the task */
	void *arg;
	bool is_owed;
};

/* Runs fn(task) as the process, in delay_us. While it is being buried: as soon as possible; tasks
 * that were due then run, too, when is_owed (they would give memory back or answer). */
struct vw_task *vw_task_post(struct vw_proc *proc, int64_t delay_us,
			     void (*fn)(struct vw_task *task), void *arg, bool is_owed);
void vw_task_cancel(struct vw_task *task); /* NULL allowed */

/* In the world of that process: clocks, randomness, disk. Left with what it returned. */
struct rv_virtual *vw_proc_enter(struct vw_proc *proc);
/* Buries it if it died meanwhile. */
void vw_proc_leave(struct vw_proc *proc, struct rv_virtual *before);

/* Complains when it cannot be started though nothing kills it. */
void vw_proc_start(struct vw_proc *proc);
/* Kill it: its store is as it was written. */
void vw_proc_kill(struct vw_proc *proc);
/* Kill it when it passes that fail point for the nth time from now on; or cut the power of its
 * machine there. */
void vw_proc_kill_at(struct vw_proc *proc, const char *point, unsigned nth, bool is_power);
/* Kill it, or (site->is_kill_power) cut the power of its machine, in the middle of a write: after
 * `ops` more changes to its disk. */
void vw_proc_kill_writing(struct vw_proc *proc, int64_t ops);
/* SIGTERM: it ends in order. */
void vw_proc_stop(struct vw_proc *proc);
/* All its processes die at once, and its disk loses what it may. */
void vw_machine_power_cut(struct vw_machine *machine);
/* The end of the run: gone, and nobody is told. */
void vw_proc_discard(struct vw_proc *proc);
struct rv_duty *vw_duty_new(struct vw_proc *proc); /* the caller's, free() */

/* -- between the parts ---------------------------------------------------------------------- */

struct rv_bus *vw_bus_new(struct vw_proc *proc);
/* Its end: what it asked fails, who asked it hears of it. is_silent: no one can tell them (power).
 */
void vw_bus_end(struct rv_bus *bus, bool is_silent);
void vw_bus_free(struct rv_bus *bus);
void vw_bus_link(struct vw_proc *proc, bool is_up); /* tell the others */
/* The connections of a dead process. is_silent: the other ends hear nothing. */
void vw_net_end(struct rv_net_server *server, bool is_silent);
void vw_timers_forget(struct vw_proc *proc);

#endif
