/* duty.h - what a duty is: a process with one task, its own executable, its own rights.
 *
 * A component exports a table of duties (server/<component>/<component>.h); the supervisor
 * reads the tables only, the executable links the code too. From `serves` and `calls`,
 * `publishes` and `hears` the supervisor works out which pairs of duties get a socketpair.
 *
 * A duty's life: re-executed by the supervisor -> packed config, control socket, listening
 * sockets -> start() -> rv_duty_ready() -> runs its loop -> stop() on request -> exit 0.
 */
#ifndef RV_APP_DUTY_H
#define RV_APP_DUTY_H

#include <uv.h>

#include "base/diag.h"
#include "base/buf.h"
#include "bus/bus.h"
#include "conf/conf.h"

enum { RV_DUTY_LISTEN_MAX = 16 };

/* The part the supervisor needs: no code, only tables. */
struct rv_duty_spec {
	const char *name;       /* "proxy"; executable libexec/reeve/reeve-proxy */
	const char *component;  /* started by `reeve <component>`; several duties may share one */
	const char *const *serves;    /* methods, NULL-terminated, or NULL */
	const char *const *calls;     /* methods of others */
	const char *const *publishes; /* topics */
	const char *const *hears;
	const char *const *sections; /* config sections it is given */
	/* Section and item that list the addresses the supervisor opens for it ("127.0.0.1:8443");
	 * each worker gets sockets of its own by SO_REUSEPORT. NULL = none. */
	const char *listen_section;
	const char *listen_item;
	const char *workers_item; /* item of listen_section holding the number of instances; NULL = 1 */
};

struct rv_duty; /* the running process */

/* The code. */
struct rv_duty_code {
	const struct rv_duty_spec *spec;
	const struct rv_conf_section *schema; /* of spec->sections */
	size_t schema_count;
	/* Set up everything; *state is handed to the others. An error ends the process; diag is logged. */
	int (*start)(struct rv_duty *duty, void **state, struct rv_diag *diag);
	/* End activity: finish what was begun, close handles; then call rv_duty_stopped(). */
	void (*stop)(void *state);
	/* Append this duty's metrics in Prometheus text format, labels without duty/instance. */
	void (*metrics)(void *state, struct rv_buf *out);
	/* NULL or a reason why it cannot do its task now (for /readyz). */
	const char *(*not_ready)(void *state);
};

/* main() of every libexec/reeve/reeve-*. */
int rv_duty_main(int argc, char **argv, const struct rv_duty_code *code);

uv_loop_t *rv_duty_loop(struct rv_duty *duty);
struct rv_bus *rv_duty_bus(struct rv_duty *duty);
const struct rv_conf *rv_duty_conf(struct rv_duty *duty);
unsigned rv_duty_instance(const struct rv_duty *duty);
const char *rv_duty_state_dir(const struct rv_duty *duty); /* absolute, private to the service */
/* Listening sockets made by the supervisor: non-blocking, close-on-exec. */
size_t rv_duty_listeners(const struct rv_duty *duty, const int **out_fds);
void rv_duty_stopped(struct rv_duty *duty);

#endif
