#include "pki/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMP_NAME_MAX = 64, DIR_MODE = 0700 };

int rv_pki_files_blame(const struct rv_pki_files *files, int err, const char *name,
		       const char *what, struct rv_diag *diag)
{
	return rv_diag_set(diag, err, "pki.init.file", name, "%s/%s: %s: %s", files->path, name,
			   what, rv_err_name(err));
}

/* A new directory is lost with its keys in a power cut until its parent is synced, too. A parent
 * that we may not open is somebody else's to keep. */
static int sync_parent(int dir_fd)
{
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = RV_OK;

	if (fd < 0)
		return RV_OK;
	if (fsync(fd) != 0)
		err = rv_err_from_errno();
	close(fd);
	return err;
}

int rv_pki_files_open(const char *path, struct rv_pki_files *out, struct rv_diag *diag)
{
	struct stat st;
	int err;

	out->path = path;
	out->fd = -1;
	if (mkdir(path, DIR_MODE) != 0 && errno != EEXIST)
		goto fail;
	out->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->fd < 0 || fstat(out->fd, &st) != 0)
		goto fail;
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return rv_diag_set(diag, RV_EDENIED, "pki.init.dir", path,
				   "%s: others may write here (mode %04o); keys need a directory "
				   "of their own with mode 0700",
				   path, (unsigned)st.st_mode & 07777U);
	if (flock(out->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			goto fail;
		return rv_diag_set(diag, RV_EBUSY, "pki.init.busy", path,
				   "%s: another run is at work in this directory", path);
	}
	err = sync_parent(out->fd);
	if (err == RV_OK)
		return RV_OK;
	return rv_diag_set(diag, err, "pki.init.dir", path, "%s: %s", path, rv_err_name(err));

fail:
	err = rv_err_from_errno();
	return rv_diag_set(diag, err, "pki.init.dir", path, "%s: %s", path, rv_err_name(err));
}

void rv_pki_files_close(struct rv_pki_files *files)
{
	if (files->fd >= 0)
		close(files->fd);
	files->fd = -1;
}

int rv_pki_files_read(const struct rv_pki_files *files, const char *name, struct rv_buf *out,
		      bool *is_there, struct rv_diag *diag)
{
	char path[PATH_MAX];
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", files->path, name) >= (int)sizeof(path))
		return rv_pki_files_blame(files, RV_ELIMIT, name, "path too long", diag);
	err = rv_buf_read_file(out, path, RV_PKI_FILE_MAX);
	*is_there = err != -ENOENT;
	if (err == RV_OK || err == -ENOENT)
		return RV_OK;
	return rv_pki_files_blame(files, err, name, "cannot read", diag);
}

static int write_all(int fd, struct rv_str data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);
		if (n < 0 && errno != EINTR)
			return rv_err_from_errno();
		if (n > 0)
			data = rv_strn(data.ptr + n, data.len - (size_t)n);
	}
	return RV_OK;
}

/* The temporary file, whole and synced. The directory is locked, so one that is found is of a run
 * that died. */
static int make_temp(int dir_fd, const char *temp, mode_t mode, struct rv_str text)
{
	int fd, err;

	if (unlinkat(dir_fd, temp, 0) != 0 && errno != ENOENT)
		return rv_err_from_errno();
	fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return rv_err_from_errno();
	err = write_all(fd, text);
	if (err == RV_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		err = rv_err_from_errno();
	if (close(fd) != 0 && err == RV_OK)
		err = rv_err_from_errno();
	return err;
}

/* link(2) refuses to replace anything; rename(2) replaces in one step. */
static int put(const struct rv_pki_files *files, const char *name, mode_t mode, struct rv_str text,
	       bool may_replace, struct rv_diag *diag)
{
	char temp[TEMP_NAME_MAX];
	int err;

	snprintf(temp, sizeof(temp), ".%s.new", name);
	err = make_temp(files->fd, temp, mode, text);
	if (err == RV_OK && (may_replace ? renameat(files->fd, temp, files->fd, name)
					 : linkat(files->fd, temp, files->fd, name, 0)) != 0)
		err = rv_err_from_errno();
	unlinkat(files->fd, temp, 0);
	if (err == RV_OK && fsync(files->fd) != 0)
		err = rv_err_from_errno();
	return err == RV_OK ? RV_OK : rv_pki_files_blame(files, err, name, "cannot write", diag);
}

int rv_pki_files_add(const struct rv_pki_files *files, const char *name, mode_t mode,
		     struct rv_str text, struct rv_diag *diag)
{
	return put(files, name, mode, text, false, diag);
}

int rv_pki_files_replace(const struct rv_pki_files *files, const char *name, mode_t mode,
			 struct rv_str text, struct rv_diag *diag)
{
	return put(files, name, mode, text, true, diag);
}
