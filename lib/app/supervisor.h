/* supervisor.h - starts duties, wires them, watches them, ends them.
 *
 * Reads no foreign bytes and none of the bus. A duty that dies is restarted after 100 ms,
 * doubling to 30 s, back to 100 ms once it ran 60 s; its peers get a new socketpair end over
 * their control sockets. SIGTERM/SIGINT: edges are stopped first, then the rest in reverse order
 * of dependence, each with `shutdown_timeout` before SIGKILL. sd_notify: READY=1 when every duty
 * has reported ready, STOPPING=1, STATUS= lines; no libsystemd needed.
 *
 * <state>/bus.sock (SOCK_SEQPACKET, 0600, peer uid checked): another supervisor of this machine,
 * or librsapi, asks here for a pair to one of our duties, by the same tables; so components
 * started apart (`reeve rs`, `reeve proxy`) meet without a network.
 */
#ifndef RV_APP_SUPERVISOR_H
#define RV_APP_SUPERVISOR_H

#include "app/duty.h"

struct rv_supervisor_opt {
	const struct rv_duty_spec *const *duties; /* NULL-terminated: what to run */
	const struct rv_duty_spec *const *known;  /* NULL-terminated: all there are (for peers elsewhere) */
	const struct rv_conf *conf;
	const char *libexec_dir;
	const char *state_dir;
	const char *join; /* path of another supervisor's bus.sock for duties not run here; NULL = none */
	const char *log_level;  /* handed to the duties */
	const char *log_format;
	/* Called once, when every duty is ready. */
	void (*on_ready)(void *arg);
	void *arg;
};

/* Runs until told to end; 0 after a clean shutdown. */
int rv_supervisor_run(const struct rv_supervisor_opt *opt, struct rv_diag *diag) RV_MUSTCHECK;

#endif
