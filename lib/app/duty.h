/* duty.h - what a duty is: a process with one task, its own executable, its own rights.
 *
 * A component exports a table of duties (server/<component>/<component>.h); the supervisor
 * reads the tables only, the executable links the code too. From `serves` and `calls`,
 * `publishes` and `hears` the supervisor works out which pairs of duties get a socketpair.
 *
 * A duty's life: executed by the supervisor with one inherited descriptor, the control socket
 * (`reeve-proxy --duty 3`) -> packed config and listening sockets arrive on it ->
 * it gives up all rights but spec->rights -> start() -> reports ready -> runs its loop, answering
 * `duty.metrics` and `duty.health` on the bus -> stop() on request -> rv_duty_stopped() -> exit 0.
 * It dies with its supervisor. SIGINT and SIGTERM are ignored: what a terminal, systemd or
 * timeout(1) sends to the whole group ends the supervisor, and that ends the duties in order.
 */
#ifndef RV_APP_DUTY_H
#define RV_APP_DUTY_H

#include <uv.h>

#include "base/diag.h"
#include "base/buf.h"
#include "bus/bus.h"
#include "conf/conf.h"
#include "sandbox/sandbox.h"

enum {
	RV_DUTY_LISTEN_MAX = 16,
	RV_DUTY_LABEL_MAX = 32,  /* characters of what a handed-over socket is called */
	RV_DUTY_TAKERS_MAX = 64, /* instances that take sockets from one duty, or give to one */
	/* Send buffer of the line to a taker: what one that hangs can hold up, about 80 sockets. */
	RV_DUTY_HANDOVER_SNDBUF = 64 * 1024,
	RV_DUTY_REASON_MAX = 256, /* bytes of a not_ready() text that are passed on */
};

/* How every program of Reeve ends. */
enum rv_exit {
	RV_EXIT_OK = 0,
	RV_EXIT_FAILURE = 1,
	RV_EXIT_USAGE = 2,
	RV_EXIT_CONFIG = 3, /* the configuration, or what it points to */
};

/* An item of the duty's sections that says where it has something to do. */
struct rv_duty_place {
	const char *section, *item;
	enum {
		/* URL of its store: "sqlite:PATH" is a file with others beside it, "postgresql:..."
		 * a server to be called; left out: in the state directory. */
		RV_DUTY_PLACE_STORE,
		/* A file that is read again when it has changed: its directory, for reading. */
		RV_DUTY_PLACE_FILE,
	} kind;
};

/* What the process may do once start() begins (sandbox/sandbox.h). It keeps what it holds:
 * configuration, listening sockets, bus. */
struct rv_duty_rights {
	unsigned bits; /* enum rv_right, ORed */
	bool is_edge;  /* reads foreign bytes and owns nothing: runs as reeve.edge_user */
	/* Beginnings of the names of its files in the state directory ("rs.", "secret."); NULL:
	 * it has none, and the directory is closed to it. */
	const char *const *state_files;
	const struct rv_duty_place *places; /* up to one without section; or NULL */
};

/* The part the supervisor needs: no code, only tables. */
struct rv_duty_spec {
	const char *name;      /* "proxy"; executable libexec/reeve/reeve-proxy */
	const char *component; /* started by `reeve <component>`; several duties may share one */
	const char *const *serves;    /* methods, NULL-terminated, or NULL */
	const char *const *calls;     /* methods of others */
	const char *const *publishes; /* topics */
	const char *const *hears;
	const char *const *sections; /* config sections it is given */
	/* FILE items of them, "proxy.key", whose contents it is given, too; of the others it knows
	 * the paths alone. */
	const char *const *files;
	/* Section and item that list the addresses the supervisor opens for it ("127.0.0.1:8443");
	 * each worker gets sockets of its own by SO_REUSEPORT. NULL = none. */
	const char *listen_section;
	const char *listen_item;
	/* Item of listen_section holding the number of instances, 0 = one per core; NULL = 1. */
	const char *workers_item;
	/* Gets the keys of TLS session tickets: rv_duty_tickets(). */
	bool wants_tickets;
	/* Duty that takes accepted sockets from it: rv_duty_handover(). NULL = none. */
	const char *hands_to;
	struct rv_duty_rights rights;
	/* Gets a pair with every duty, to ask `duty.metrics` and `duty.health`, and the roster. */
	bool watches_all;
};

/* What the supervisor knows of one process; a watcher gets the list whenever it changes. */
enum rv_duty_run { RV_DUTY_STARTING, RV_DUTY_READY, RV_DUTY_WAITING, RV_DUTY_STOPPING };

/* How the note of one that is READY begins when changed items wait for its restart. */
#define RV_DUTY_RESTART_NOTE "needs a restart: "

enum { RV_DUTY_NOTE_MAX = 64, RV_DUTY_ROSTER_MAX = 128 };

struct rv_duty_info {
	char name[RV_BUS_NAME_MAX + 1];
	unsigned instance;
	enum rv_duty_run run; /* WAITING: it died; to be started again after a back-off */
	int pid;              /* 0 while WAITING */
	uint64_t restarts;
	int64_t started_us; /* UTC, of the last start */
	/* How it ended last ("signal 11"), or "". READY: what waits for a restart ("needs a
	 * restart: ls.listen"), or "". */
	char note[RV_DUTY_NOTE_MAX];
};

struct rv_duty; /* the running process */

/* The code. */
struct rv_duty_code {
	const struct rv_duty_spec *spec;
	const struct rv_conf_section *schema; /* of spec->sections */
	size_t schema_count;
	/* Set up everything; *state is handed to the others. An error ends the process: at the
	 * first start the supervisor prints diag and gives up, later diag is logged and it tries
	 * again. */
	int (*start)(struct rv_duty *duty, void **state, struct rv_diag *diag);
	/* The configuration was read again, and live items of its sections differ. Look at
	 * everything first, then switch; an error (with diag) means that nothing has changed, and
	 * the duty goes on with what it has. `conf` becomes rv_duty_conf(); the one before is freed
	 * after this call: who keeps pointers into it takes a reference (rv_conf_ref). NULL: the
	 * duty has no live items. */
	int (*reload)(void *state, struct rv_conf *conf, struct rv_diag *diag);
	/* Another process has our listening sockets, too, and takes what is new from now on. Accept
	 * no more; when what is open has ended, do as in stop(). stop() may come before that. NULL:
	 * stop() at once. */
	void (*drain)(void *state);
	/* End activity: finish what was begun, close handles; then call rv_duty_stopped(). */
	void (*stop)(void *state);
	/* Give the memory back, if stop() did not: called last of all, when the bus has ended what
	 * was pending with RV_ECANCELED and every closed handle has had its callback. May be NULL.
	 */
	void (*free)(void *state);
	/* Append this duty's metrics in Prometheus text format, labels without duty/instance. NULL:
	 * none but the runtime's (memory, descriptors, CPU, bus, log). */
	void (*metrics)(void *state, struct rv_buf *out);
	/* NULL or a reason why it cannot do its task now (for /readyz). A NULL function: always
	 * can. */
	const char *(*not_ready)(void *state);
};

/* main() of every libexec/reeve/reeve-*. */
int rv_duty_main(int argc, char **argv, const struct rv_duty_code *code);

uv_loop_t *rv_duty_loop(struct rv_duty *duty);
struct rv_bus *rv_duty_bus(struct rv_duty *duty);
struct rv_conf *rv_duty_conf(struct rv_duty *duty);
unsigned rv_duty_instance(const struct rv_duty *duty);
/* Its number among the workers of this supervisor, from 0; rv_duty_instance() goes on over
 * upgrades. */
unsigned rv_duty_worker(const struct rv_duty *duty);
const char *rv_duty_state_dir(const struct rv_duty *duty); /* absolute, private to the service */
/* Listening sockets made by the supervisor: bound and listening, non-blocking, close-on-exec. They
 * are the duty's, to keep open or to close. */
size_t rv_duty_listeners(const struct rv_duty *duty, const int **out_fds);
/* Ends the process. After this call only the runtime runs; may be called inside stop(). Calling it
 * unasked ends the duty, which is then restarted. */
void rv_duty_stopped(struct rv_duty *duty);

/* Of wants_tickets duties: the keys of the TLS session tickets, one object for the process's life.
 * The supervisor makes and rotates them; all its duties have the same ones, so that a client
 * resumes with any worker, also after one died. For rv_tls_opt.tickets; lent. */
struct rv_tls_tickets;
struct rv_tls_tickets *rv_duty_tickets(const struct rv_duty *duty);

/* Of hands_to duties: pass on an accepted socket. label: [a-z0-9.-], 1..RV_DUTY_LABEL_MAX, tells
 * the taker where it was accepted ("ls"). fd stays the caller's, who closes it in any case; nothing
 * may have been read from it (MSG_PEEK aside). Never blocks. RV_ENOTFOUND: the taker does not run,
 * or not now. RV_EBUSY: it has too many waiting. */
int rv_duty_handover(struct rv_duty *duty, int fd, const char *label) RV_MUSTCHECK;

/* Of duties that others hand to: called on the loop for each socket; fd is the callee's,
 * non-blocking and close-on-exec. Set it in start(); without it, sockets are closed. */
typedef void (*rv_duty_socket_fn)(void *arg, int fd, const char *label);
void rv_duty_on_socket(struct rv_duty *duty, rv_duty_socket_fn fn, void *arg);

/* Of watches_all duties: called on the loop with the whole list, lent, at each change. */
typedef void (*rv_duty_roster_fn)(void *arg, const struct rv_duty_info *list, size_t n);
void rv_duty_on_roster(struct rv_duty *duty, rv_duty_roster_fn fn, void *arg);
/* What this process itself would answer to `duty.metrics`. */
void rv_duty_metrics(struct rv_duty *duty, struct rv_buf *out);

#endif
