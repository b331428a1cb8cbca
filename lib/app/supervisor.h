/* supervisor.h - starts duties, wires them, watches them, ends them.
 *
 *            control sockets (app/control_priv.h)
 *   supervisor ====== START, LINK, STOP =====> duty duty duty ...
 *      ||      <===== READY, FAILED ==========
 *      ||
 *   <state>/bus.sock: LINKs for other supervisors and librsapi
 *
 * Reads no foreign bytes but those of bus.sock, and none of the bus. A duty that dies is restarted
 * after 100 ms, doubling to 30 s, back to 100 ms once it ran 60 s; its peers get a new socketpair
 * end over their control sockets. SIGTERM, SIGINT: edges are stopped first, then the rest
 * in reverse order of dependence, each with `shutdown_timeout` before SIGKILL; a second signal,
 * half a second later or more, kills at once. sd_notify: READY=1 when every duty has reported
 * ready, STOPPING=1, STATUS= lines; no libsystemd needed. If the supervisor is killed, the kernel
 * kills the duties.
 *
 * SIGHUP: the configuration is read again. One that is wrong changes nothing. Of a good one each
 * duty gets its live items (conf/conf.h); it may refuse and go on with what it has. Other items
 * wait for the next start, and are named in the log and the roster until then. What is in the files
 * of the configuration (certificates) is read again, too.
 *
 * Upgrade: a second supervisor with take_over asks the first one, over bus.sock, for its listening
 * sockets, ticket keys and lock. Its edges start beside the old ones and are linked to the old
 * stores; then the old stores end (what was begun is finished) and the new ones start, while which
 * devices hear "server busy" (301); then the old edges accept no more, end what they have within
 * drain_timeout, and the old supervisor ends. Until the new one is ready, its failure or death
 * leaves the old one as it was: it starts its stores again. What it cannot take back: a migration
 * that new stores have made, if the old ones refuse to open what they made of their database.
 *
 * <state>/bus.sock (SOCK_SEQPACKET, 0600, peer uid checked): another supervisor of this machine,
 * or librsapi (app/join.h), asks here for a pair to one of our duties, by the same tables; so
 * components started apart (`reeve rs`, `reeve proxy --join .../bus.sock`) meet without a network.
 * A supervisor that joins another offers no socket of its own. One supervisor per state directory
 * offers it (flock on <state>/bus.lock).
 *
 * Log events: app.reload.begun, .changed, .needs_restart, .refused (by a duty), .failed, .done;
 * app.tickets.rotated; app.upgrade.*; app.duty.started, .ready, .died, .refused, .killed;
 * app.listener.opened; app.outsider.joined, .refused, .left; app.join.connected, .lost, .refused;
 * app.clock.stepped (the clock was set: nothing depends on it but what is written down as time).
 */
#ifndef RV_APP_SUPERVISOR_H
#define RV_APP_SUPERVISOR_H

#include "app/duty.h"

enum {
	RV_SUPERVISOR_WORKERS_MAX = 64,                 /* instances of one duty */
	RV_SUPERVISOR_OUTSIDERS_MAX = 64,               /* connections to bus.sock */
	RV_SUPERVISOR_PARTIES_MAX = RV_DUTY_ROSTER_MAX, /* duties joined over one of them */
};

/* Section "reeve" of the configuration: what the supervisor itself reads. */
extern const struct rv_conf_section rv_app_sections[];
extern const size_t rv_app_section_count;

struct rv_supervisor_opt {
	const struct rv_duty_spec *const *duties; /* NULL-terminated: what to run */
	/* NULL-terminated: all there are, for peers elsewhere; one without component is no duty but
	 * somebody who may join (librsapi). */
	const struct rv_duty_spec *const *known;
	/* Holds the sections of all duties, and "reeve". Files that duties are given are loaded
	 * into it, packed for them, and wiped from it again. */
	struct rv_conf *conf;
	const char *libexec_dir;
	const char *state_dir; /* absolute; exists; 0700 */
	const char *join; /* path of another supervisor's bus.sock for duties not run here; NULL =
			     none */
	/* SIGHUP: read the configuration again, by the same schema. *out becomes the supervisor's.
	 * NULL: SIGHUP does nothing. */
	int (*read_conf)(void *arg, struct rv_conf **out, struct rv_diag *diag);
	/* Follow the supervisor that runs with this state directory, without refusing a connection;
	 * when there is none, start as ever. */
	bool take_over;
	/* SIGUSR2: the command that follows us, NULL-terminated, argv[0] a path. NULL: no such. */
	const char *const *upgrade_argv;
	/* Called once, when every duty is ready. */
	void (*on_ready)(void *arg);
	void *arg;
};

/* Runs until told to end; RV_OK after a clean shutdown. Blocks; takes over the process's signals
 * and its default handling of children: call it from main().
 *
 * With *diag filled and everything ended again: RV_EINVALID (a listen address, or a duty that
 * refused its configuration), -EADDRINUSE and other errno of sockets (names address and item),
 * RV_EBUSY (another supervisor has this state directory), RV_ELIMIT (more than RV_DUTY_ROSTER_MAX
 * processes), -ENOENT (no executable), or what a duty's start() returned at the first start. */
int rv_supervisor_run(const struct rv_supervisor_opt *opt, struct rv_diag *diag) RV_MUSTCHECK;

#endif
