/* duty_priv.h - a duty's process from the inside. Private to duty.c and duty_start.c. */
#ifndef RV_APP_DUTY_PRIV_H
#define RV_APP_DUTY_PRIV_H

#include "app/duty.h"
#include "app/handover_priv.h"
#include "app/process_priv.h"
#include "app/rights_priv.h"
#include "app/start_priv.h"
#include "log/log.h"
#include "tls/tickets.h"

struct rv_duty {
	const struct rv_duty_code *code;
	unsigned instance;
	enum rv_log_level log_level;
	enum rv_log_format log_format;
	char *state_dir;
	struct rv_rights_user user;
	struct rv_sandbox_state sandbox;
	struct rv_conf *conf;
	int listeners[RV_DUTY_LISTEN_MAX];
	size_t listener_count;

	uv_loop_t loop;
	struct rv_bus *bus;
	struct rv_control_chan *control;
	struct rv_process process;
	struct rv_tls_tickets *tickets; /* NULL: spec->wants_tickets is false */
	struct rv_handover handover;
	void *state;
	bool is_stopping; /* stop() was called */
	bool has_stopped; /* rv_duty_stopped() was */

	struct rv_duty_info roster[RV_DUTY_ROSTER_MAX];
	rv_duty_roster_fn roster_fn;
	void *roster_arg;
};

/* -- duty_start.c ----------------------------------------------------------------------------- */

/* "--duty 3": the number of the control socket; -1 when it is anything else. */
int rv_duty_parse_args(int argc, char **argv);
/* Wait for the first message and take what it brings. RV_ECLOSED: the supervisor died before. */
int rv_duty_take_start(struct rv_duty *duty, int control_fd) RV_MUSTCHECK;

/* The duty's own sections, from the supervisor's packed file. */
int rv_duty_read_conf(const struct rv_duty *duty, int fd, struct rv_conf **out) RV_MUSTCHECK;
void rv_duty_take_log_settings(struct rv_duty *duty, const struct rv_start *start);
void rv_duty_init_log(const struct rv_duty *duty); /* by these settings */
/* Keys of TLS tickets; none, or no wish for them, is no failure. */
int rv_duty_set_tickets(struct rv_duty *duty, struct rv_str keys) RV_MUSTCHECK;

#endif
