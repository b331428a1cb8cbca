#include "verify/device.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KILL_MS = 2000 };

bool verify_device_init(struct verify_device *device, uv_loop_t *loop, const char *command,
			const struct verify_kit *kit)
{
	char path[VERIFY_PATH_MAX + 16];

	*device = (struct verify_device){ .loop = loop, .command = command, .log_fd = -1 };
	snprintf(path, sizeof(path), "%s/device.log", kit->path);
	device->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (device->log_fd < 0) {
		verify_error("%s: %s", path, strerror(errno));
		return false;
	}
	uv_timer_init(loop, &device->killer);
	device->killer.data = device;
	device->process.data = device;
	return true;
}

static void set_path(const char *name, const struct verify_kit *kit, const char *file)
{
	char path[VERIFY_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", kit->path, file);
	setenv(name, path, 1);
}

void verify_device_set_environment(const struct verify_options *options,
				   const struct verify_kit *kit, const struct verify_world *world)
{
	setenv("REEVE_VERIFY_LS", world->urls[VERIFY_LS1], 1);
	setenv("REEVE_VERIFY_DISTID", options->distid, 1);
	setenv("REEVE_VERIFY_KEY", kit->ls_key, 1);
	setenv("REEVE_VERIFY_KIT", kit->path, 1);
	set_path("REEVE_VERIFY_ROOT", kit, "ls-root.crt");
	set_path("REEVE_VERIFY_INITIAL", kit, "initial.conf");
}

/* Only now its handle can be used again. */
static void on_closed(uv_handle_t *handle)
{
	struct verify_device *device = handle->data;

	device->is_running = false;
	device->ended(device->arg, device->how, device->is_killed);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
	struct verify_device *device = process->data;

	kill(-process->pid, SIGKILL); /* what it left behind */
	uv_timer_stop(&device->killer);
	if (signal_number != 0)
		snprintf(device->how, sizeof(device->how), "signal %d", signal_number);
	else
		snprintf(device->how, sizeof(device->how), "exit status %d", (int)status);
	uv_close((uv_handle_t *)process, on_closed);
}

static void on_killer(uv_timer_t *timer)
{
	struct verify_device *device = timer->data;

	kill(-device->process.pid, SIGKILL);
}

bool verify_device_start(struct verify_device *device, const char *step)
{
	char *args[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, (char *)device->command, NULL };
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = device->log_fd },
		{ .flags = UV_INHERIT_FD, .data.fd = device->log_fd },
	};
	const uv_process_options_t opt = { .exit_cb = on_exit_of,
					   .file = args[0],
					   .args = args,
					   .flags = UV_PROCESS_DETACHED,
					   .stdio_count = (int)RV_ARRAY_LEN(stdio),
					   .stdio = stdio };
	int err;

	assert(!device->is_running);
	setenv("REEVE_VERIFY_STEP", step, 1);
	device->is_killed = false;
	err = uv_spawn(device->loop, &device->process, &opt);
	device->is_running = err == 0;
	if (err != 0)
		verify_error("%s: %s", device->command, uv_strerror(err));
	return err == 0;
}

void verify_device_stop(struct verify_device *device)
{
	if (!device->is_running || device->is_killed)
		return;
	device->is_killed = true;
	if (uv_is_closing((uv_handle_t *)&device->process))
		return; /* it has ended by itself */
	kill(-device->process.pid, SIGTERM);
	uv_timer_start(&device->killer, on_killer, KILL_MS, 0);
}

void verify_device_deinit(struct verify_device *device)
{
	if (device->log_fd < 0)
		return;
	assert(!device->is_running);
	uv_close((uv_handle_t *)&device->killer, NULL);
	close(device->log_fd);
}
