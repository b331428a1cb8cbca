#include "app/process_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"

/* The kernel's word: the supervisor may be older than everything that it has told us. What starts
 * behind the last ')' are numbers; the 20th of them is the start, in ticks since boot. */
static int64_t parent_started_us(void)
{
	char path[32], text[1024];
	unsigned long long ticks = 0;
	const char *at = NULL;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getppid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n > 0) {
		text[n] = '\0';
		at = strrchr(text, ')');
	}
	if (at == NULL || sscanf(at + 1,
				 " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				 "%*s %*s %*s %llu",
				 &ticks) != 1)
		return 0;
	return rv_time_utc_us() - rv_time_boot_us() +
	       (int64_t)ticks * RV_US_PER_SEC / sysconf(_SC_CLK_TCK);
}

void rv_process_init(struct rv_process *process)
{
	process->supervisor_us = parent_started_us();
	process->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	process->fd_dir_fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	process->started_us = rv_time_utc_us();
}

void rv_process_listeners(struct rv_process *process, const int *fds, size_t n)
{
	for (size_t i = 0; i < n && process->listener_count < RV_DUTY_LISTEN_MAX; i++) {
		struct sockaddr_storage addr;
		socklen_t len = sizeof(addr);

		if (getsockname(fds[i], (struct sockaddr *)&addr, &len) == 0)
			rv_net_addr_format(&addr, process->listeners[process->listener_count++]);
	}
}

void rv_process_deinit(struct rv_process *process)
{
	if (process->statm_fd >= 0)
		close(process->statm_fd);
	if (process->fd_dir_fd >= 0)
		close(process->fd_dir_fd);
	process->statm_fd = process->fd_dir_fd = -1;
}

/* Pages resident: the second number of statm. */
static bool read_resident(int fd, uint64_t *out_bytes)
{
	char text[128];
	uint64_t pages;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return false;
	*out_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

/* Without opening anything: the process may have no right to. What the kernel puts into the buffer
 * are struct linux_dirent64, which <dirent.h> calls struct dirent. */
static bool count_fds(int dir_fd, unsigned *out)
{
	_Alignas(struct dirent) char buf[4096];
	unsigned n = 0;
	ssize_t len;

	if (lseek(dir_fd, 0, SEEK_SET) < 0)
		return false;
	while ((len = getdents64(dir_fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < len;) {
			const struct dirent *e = (const struct dirent *)(buf + at);

			n += e->d_name[0] != '.';
			at += e->d_reclen;
		}
	}
	if (len < 0)
		return false;
	*out = n;
	return true;
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

void rv_process_metrics(const struct rv_process *process, struct rv_buf *out)
{
	struct rusage use;
	uint64_t resident;
	unsigned fds;

	if (read_resident(process->statm_fd, &resident))
		rv_buf_printf(out,
			      "# HELP reeve_process_resident_bytes Memory in RAM.\n"
			      "# TYPE reeve_process_resident_bytes gauge\n"
			      "reeve_process_resident_bytes %" PRIu64 "\n",
			      resident);
	if (count_fds(process->fd_dir_fd, &fds))
		rv_buf_printf(out,
			      "# HELP reeve_process_open_fds Open file descriptors.\n"
			      "# TYPE reeve_process_open_fds gauge\n"
			      "reeve_process_open_fds %u\n",
			      fds);
	if (getrusage(RUSAGE_SELF, &use) == 0)
		rv_buf_printf(out,
			      "# HELP reeve_process_cpu_seconds_total CPU time, user and system.\n"
			      "# TYPE reeve_process_cpu_seconds_total counter\n"
			      "reeve_process_cpu_seconds_total %.6f\n",
			      seconds(use.ru_utime) + seconds(use.ru_stime));
	rv_buf_printf(out,
		      "# HELP reeve_process_start_time_seconds Start, Unix time.\n"
		      "# TYPE reeve_process_start_time_seconds gauge\n"
		      "reeve_process_start_time_seconds %.3f\n",
		      (double)process->started_us / 1e6);
	if (process->supervisor_us != 0)
		rv_buf_printf(
			out,
			"# HELP reeve_supervisor_start_time_seconds Start of the supervisor.\n"
			"# TYPE reeve_supervisor_start_time_seconds gauge\n"
			"reeve_supervisor_start_time_seconds %.3f\n",
			(double)process->supervisor_us / 1e6);
	if (process->listener_count > 0)
		rv_buf_puts(out, "# HELP reeve_listener Where it listens.\n"
				 "# TYPE reeve_listener gauge\n");
	for (size_t i = 0; i < process->listener_count; i++)
		rv_buf_printf(out, "reeve_listener{address=\"%s\"} 1\n", process->listeners[i]);
}
