/* process_priv.h - what a process says about itself, in Prometheus text format. */
#ifndef RV_APP_PROCESS_PRIV_H
#define RV_APP_PROCESS_PRIV_H

#include "base/buf.h"

/* Opened before rights are given up; read afterwards. An all-zero struct is not open. */
struct rv_process {
	int statm_fd;  /* /proc/self/statm */
	int fd_dir_fd; /* /proc/self/fd */
	int64_t started_us;
};

/* Without /proc the two figures it gives are left out. */
void rv_process_init(struct rv_process *process);
void rv_process_deinit(struct rv_process *process);
void rv_process_metrics(const struct rv_process *process, struct rv_buf *out);

#endif
