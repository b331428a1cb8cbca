/* The store lock: an exclusive flock on <path>.lock, which holds the owner's pid for people. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "db/db_priv.h"

enum { PID_TEXT_MAX = 24 };

static void read_owner(int fd, char out[static PID_TEXT_MAX])
{
	ssize_t n = pread(fd, out, PID_TEXT_MAX - 1, 0);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (out[0] == '\0')
		strcpy(out, "unknown");
}

int rv_db_lock(const char *path, int *out_fd, struct rv_diag *diag)
{
	char file[PATH_MAX];
	char pid[PID_TEXT_MAX];
	int fd;
	int err;
	int n = snprintf(file, sizeof(file), "%s.lock", path);

	if (n < 0 || (size_t)n >= sizeof(file))
		return rv_diag_set(diag, -ENAMETOOLONG, "db.open", "url", "store path is too long");
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err = rv_err_from_errno();
		return rv_diag_set(diag, err, "db.open", "url", "cannot open lock file %s: %s",
				   file, strerror(-err));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = errno == EWOULDBLOCK ? RV_EBUSY : rv_err_from_errno();
		read_owner(fd, pid);
		close(fd);
		return rv_diag_set(diag, err, "db.locked", "url",
				   "store %s is in use by process %s (lock file %s)", path, pid,
				   file);
	}
	/* The pid is only for that message: a disk too full to hold it is no reason to refuse. */
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		errno = 0;
	*out_fd = fd;
	return RV_OK;
}
