/* supervisor_priv.h - state shared by the supervisor's files; one loop, one thread.
 *
 *   file          knows
 *   supervisor.c  the whole: start, signals, stages of the shutdown
 *   child.c       one process: executed, reaped, restarted
 *   pairs.c       who gets a link to whom; the roster
 *   reload.c      the configuration read again
 *   upgrade.c     taking over from another supervisor
 *   yield.c       handing over to another supervisor
 *   tickets.c     keys of TLS session tickets
 *   broker.c      bus.sock: outsiders who want links
 *   joiner.c      being such an outsider elsewhere
 */
#ifndef RV_APP_SUPERVISOR_PRIV_H
#define RV_APP_SUPERVISOR_PRIV_H

#include "app/clock.h"
#include "app/control_priv.h"
#include "app/tickets_priv.h"
#include "app/rights_priv.h"
#include "app/supervisor.h"
#include "base/list.h"

struct rv_sv;

enum { RV_SV_ADDRESS_MAX = 64 };

struct rv_sv_child {
	struct rv_sv *sv;
	const struct rv_duty_spec *spec;
	unsigned instance;
	unsigned stop_stage;               /* app/plan.h */
	int listeners[RV_DUTY_LISTEN_MAX]; /* kept over restarts: clients wait in the backlog */
	size_t listener_count;
	int conf_fd;      /* sealed memory file: what it has, or will have when it is started */
	int next_conf_fd; /* offered to it by a reload, not yet answered; -1 = none */

	/* state      pid  control  timer
	 * STARTING   > 0  set      -
	 * READY      > 0  set      -
	 * WAITING    0    NULL     runs: next start (idle while the supervisor stops)
	 * STOPPING   > 0  set, or  runs: SIGKILL
	 *                 NULL: it closed its end before it was reaped */
	enum rv_duty_run run;
	pid_t pid;
	struct rv_control_chan *control;
	uv_timer_t timer;
	bool is_draining; /* STOPPING, but in its own time */

	uint64_t restarts;
	int64_t started_us;      /* UTC */
	int64_t started_boot_us; /* for how long it ran */
	int64_t backoff_us;
	char note[RV_DUTY_NOTE_MAX];
	char pending[RV_DUTY_NOTE_MAX]; /* items that changed and wait for a start, or "" */
};

/* Somebody connected to bus.sock. */
struct rv_sv_outsider {
	struct rv_list link;
	struct rv_sv *sv;
	struct rv_control_chan *chan;
	pid_t pid;
	struct rv_control_party
		parties[RV_SUPERVISOR_PARTIES_MAX]; /* its duties that stay joined */
	const struct rv_duty_spec *specs[RV_SUPERVISOR_PARTIES_MAX];
	size_t party_count;
};

/* A listening socket of the supervisor that we follow. */
struct rv_sv_inherited {
	char duty[RV_BUS_NAME_MAX + 1];
	unsigned worker; /* 0 .. */
	char address[RV_SV_ADDRESS_MAX];
	int fd; /* -1: taken */
};

/* Following another supervisor, or being followed: upgrade.c and yield.c. */
struct rv_sv_upgrade {
	/* the new one */
	struct rv_control_chan *chan; /* NULL: we follow nobody, or it has retired */
	struct rv_sv_inherited *inherited;
	size_t inherited_count;
	uv_timer_t timer;
	bool is_following; /* from the first message until all is ready */
	bool are_stores_ours;
	/* the old one */
	struct rv_sv_outsider *successor; /* NULL: nobody */
	bool is_yielding;                 /* our stores stop, or have stopped */
	bool has_yielded;
	bool is_retiring;
	pid_t child; /* started by SIGUSR2; 0 = none */
};

struct rv_sv_broker {
	char path[108]; /* "" = none */
	int lock_fd;
	int fd;
	uv_poll_t *poll; /* NULL: closed; path is "" then */
	struct rv_list outsiders;
	unsigned outsider_count;
	uint16_t next_instance; /* for those that have no number of their own */
};

struct rv_sv_joiner {
	char path[108];               /* of the bus.sock; "" = joins nobody */
	struct rv_control_chan *chan; /* NULL: not connected, timer runs */
	uv_timer_t timer;
	bool is_lost_logged;
};

struct rv_sv {
	const struct rv_supervisor_opt *opt;
	struct rv_rights_user user, edge_user; /* of the duties; zero: no sandbox */
	struct rv_diag *diag;
	int err; /* what rv_supervisor_run returns */
	uv_loop_t loop;
	uv_signal_t signals[5];
	struct rv_sv_child *children; /* in start order: what is called comes before its callers */
	size_t child_count;
	struct rv_conf *conf; /* in force */
	struct {
		uv_timer_t timer;
		unsigned waiting; /* duties that have not answered */
		unsigned refused;
		bool is_again; /* asked for meanwhile */
	} reload;
	struct rv_ticket_ring tickets;
	uv_timer_t ticket_timer;
	int64_t shutdown_us;
	bool was_ready; /* all were, once: from now on nothing is a failure of start-up */
	bool is_stopping;
	int64_t stop_boot_us; /* since when */
	uv_timer_t roster_timer;
	uv_timer_t clock_timer;
	struct rv_clock clock;
	struct rv_sv_broker broker;
	struct rv_sv_joiner joiner;
	struct rv_sv_upgrade upgrade;
	unsigned first_instance; /* of every duty: two supervisors that meet have other numbers */
	int64_t drain_us;
};

/* supervisor.c */
void rv_sv_child_ready(struct rv_sv_child *child);
void rv_sv_child_gone(struct rv_sv_child *child); /* reaped */
/* A failure while starting up: end everything, return err. Only the first one counts. */
void rv_sv_fail(struct rv_sv *sv, int err, const char *where, const char *text);
void rv_sv_stop(struct rv_sv *sv);

/* Of what the configuration says, all that the supervisor goes by itself. */
void rv_sv_apply_settings(struct rv_sv *sv);

/* reload.c */
void rv_sv_reload(struct rv_sv *sv);
/* Its answer, or its end; nothing when it was not asked. */
void rv_sv_reload_answered(struct rv_sv_child *child, int status, const char *reason);

/* child.c */
int rv_sv_seal(struct rv_str bytes, int *out_fd) RV_MUSTCHECK; /* a memory file */
int rv_sv_child_pack(const struct rv_sv_child *child, const struct rv_conf *conf,
		     struct rv_buf *out) RV_MUSTCHECK;
int rv_sv_child_init(struct rv_sv *sv,
		     struct rv_sv_child *child) RV_MUSTCHECK; /* packs its config */
void rv_sv_child_start(struct rv_sv_child *child);
void rv_sv_child_stop(struct rv_sv_child *child);
void rv_sv_child_kill(struct rv_sv_child *child);
void rv_sv_child_reap(struct rv_sv_child *child);  /* after a SIGCHLD: perhaps it is this one */
void rv_sv_child_close(struct rv_sv_child *child); /* no process is left */

/* pairs.c */
/* Links of a process just started with all its peers, here and joined. */
void rv_sv_pair_child(struct rv_sv_child *child);
/* Links of outsider's party with each running duty the tables allow (only_name: that one alone, its
 * lowest instance). RV_EDENIED, RV_ENOTFOUND, RV_EBUSY when there was none to be made. */
int rv_sv_pair_party(struct rv_sv_outsider *outsider, const struct rv_control_party *party,
		     const struct rv_duty_spec *spec, const char *only_name) RV_MUSTCHECK;
void rv_sv_roster_changed(struct rv_sv *sv);
void rv_sv_roster_send(uv_timer_t *timer);

/* tickets.c: (re)start the timer of the rotation by what the configuration says. */
void rv_sv_tickets_schedule(struct rv_sv *sv);

/* broker.c */
int rv_sv_broker_open(struct rv_sv *sv) RV_MUSTCHECK;
/* The path is ours again, or for the first time; the lock is. */
int rv_sv_broker_listen(struct rv_sv *sv) RV_MUSTCHECK;
void rv_sv_broker_close(struct rv_sv *sv);
/* Somebody else has the path now: end all there is but `kept`, and leave path and lock alone. */
void rv_sv_broker_leave(struct rv_sv *sv);

/* upgrade.c: the new supervisor.
 * Begin: ask the one that runs, if any, for its sockets; blocks. RV_ENOTFOUND: there is none. */
int rv_sv_upgrade_begin(struct rv_sv *sv) RV_MUSTCHECK;
/* The socket of that duty, worker and address, the caller's; -1 = none. */
int rv_sv_upgrade_take(struct rv_sv *sv, const char *duty, unsigned worker, const char *address);
/* After the workers' own: sockets of workers that are no more, for those that are. */
void rv_sv_upgrade_share_out(struct rv_sv *sv);
void rv_sv_upgrade_watch(struct rv_sv *sv); /* on the loop */
/* May it be started now? Stores wait for those of the old one to end. */
bool rv_sv_may_start(const struct rv_sv_child *child);
void rv_sv_upgrade_advance(struct rv_sv *sv); /* a child became ready */
void rv_sv_upgrade_close(struct rv_sv *sv);

/* yield.c: the old supervisor */
void rv_sv_yield_msg(struct rv_sv_outsider *out, const struct rv_control_msg *msg);
void rv_sv_yield_advance(struct rv_sv *sv);           /* a child has ended */
void rv_sv_yield_lost(struct rv_sv *sv);              /* the successor is gone */
void rv_sv_yield_spawn(struct rv_sv *sv);             /* SIGUSR2 */
bool rv_sv_is_store(const struct rv_duty_spec *spec); /* serves others, has no listeners */

/* joiner.c */
void rv_sv_joiner_open(struct rv_sv *sv, const char *path);
void rv_sv_joiner_close(struct rv_sv *sv);
void rv_sv_joiner_child_started(struct rv_sv_child *child);

/* listen.c: n sockets per address, on the same port, into fds[i * addr_count + a]; those that are
 * not -1 were opened before, by somebody else, and stay.
 * `item` names where the addresses come from, for diag. */
struct rv_listen_group {
	const char *const *addrs;
	size_t addr_count; /* <= RV_DUTY_LISTEN_MAX */
	const char *section;
	const char *item;
	const char *duty;
	size_t workers;
};
int rv_listen_open(const struct rv_listen_group *group, int *fds,
		   struct rv_diag *diag) RV_MUSTCHECK;

/* notify.c: systemd's readiness protocol (sd_notify(3)): a datagram to $NOTIFY_SOCKET; without
 * that variable nothing happens. */
void rv_notify(const char *state) __attribute__((nonnull));

#endif
