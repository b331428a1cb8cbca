#include "app/process_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/time.h"

void rv_process_init(struct rv_process *process)
{
	process->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	process->fd_dir_fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	process->started_us = rv_time_utc_us();
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
}
