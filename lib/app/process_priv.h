/* process_priv.h - what a process says about itself, in Prometheus text format. */
#ifndef RV_APP_PROCESS_PRIV_H
#define RV_APP_PROCESS_PRIV_H

#include "app/duty.h"
#include "base/buf.h"
#include "net/net.h"

/* Opened before rights are given up; read afterwards. An all-zero struct is not open. */
struct rv_process {
	int statm_fd;  /* /proc/self/statm */
	int fd_dir_fd; /* /proc/self/fd */
	int64_t started_us;
	int64_t supervisor_us; /* when our parent was started; 0 = not known */
	char listeners[RV_DUTY_LISTEN_MAX][RV_NET_ADDR_MAX];
	size_t listener_count;
};

/* Without /proc the figures it gives are left out. */
void rv_process_init(struct rv_process *process);
/* Note where these sockets listen; at most RV_DUTY_LISTEN_MAX. */
void rv_process_listeners(struct rv_process *process, const int *fds, size_t n);
void rv_process_deinit(struct rv_process *process);
void rv_process_metrics(const struct rv_process *process, struct rv_buf *out);

#endif
