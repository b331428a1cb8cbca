/* device.h - the command that is the device, or switches it on: a process group of its own.
 *
 * One at a time. It is ended by SIGTERM, after 2 s by SIGKILL, with everything that it started and
 * that stayed in its group. Environment: REEVE_VERIFY_STEP, _LS (URL of LS 1), _DISTID, _KEY,
 * _KIT, _ROOT, _INITIAL (paths). Loop thread only.
 */
#ifndef RV_VERIFY_DEVICE_H
#define RV_VERIFY_DEVICE_H

#include <uv.h>

#include "verify/kit.h"

struct verify_device {
	uv_process_t process;
	uv_timer_t killer;
	uv_loop_t *loop;
	const char *command;
	int log_fd;
	bool is_running;
	bool is_killed; /* by us */
	char how[32];   /* it has ended */
	/* From the loop; killed: it was our doing. */
	void (*ended)(void *arg, const char *how, bool is_killed);
	void *arg;
};

/* A message on failure. */
bool verify_device_init(struct verify_device *device, uv_loop_t *loop, const char *command,
			const struct verify_kit *kit);
void verify_device_set_environment(const struct verify_options *options,
				   const struct verify_kit *kit, const struct verify_world *world);
/* Must not be running. A message on failure. */
bool verify_device_start(struct verify_device *device, const char *step);
/* `ended` will follow when it is running. */
void verify_device_stop(struct verify_device *device);
void verify_device_deinit(struct verify_device *device); /* must not be running */

#endif
