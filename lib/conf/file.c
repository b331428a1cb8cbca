/* Loads the files that items name. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_priv.h"

/* One file being loaded, and who names it. */
struct loading {
	const char *name; /* "proxy.key" */
	const struct rv_conf_item *item;
	char path[PATH_MAX];
	struct rv_diag *diag;
};

static int refuse(const struct loading *l, int err, const char *what)
{
	return rv_diag_set(l->diag, err, "conf.file", l->name, "%s: %.180s: %s", l->name, l->path,
			   what);
}

static int refuse_errno(const struct loading *l, int err)
{
	char what[128];

	snprintf(what, sizeof(what), "%s%s", strerror(-err),
		 err == -ENOENT ? "; `reeve pki init` makes what is missing in pki/" : "");
	return refuse(l, err, what);
}

static int check(const struct loading *l, const struct stat *st)
{
	char what[96];

	if (!S_ISREG(st->st_mode))
		return refuse(l, RV_EINVALID, "is not a regular file");
	if (l->item->is_secret && (st->st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
		return refuse(l, RV_EDENIED,
			      "others may read or write it; give it mode 0600 or 0640");
	if (st->st_size == 0)
		return refuse(l, RV_EINVALID, "is empty");
	if (st->st_size > l->item->max) {
		snprintf(what, sizeof(what), "has %lld bytes; at most %lld are allowed",
			 (long long)st->st_size, (long long)l->item->max);
		return refuse(l, RV_ELIMIT, what);
	}
	return RV_OK;
}

/* As many bytes as it had when it was looked at: one that is being written is refused. */
static int read_all(const struct loading *l, int fd, char *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, out + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse_errno(l, rv_err_from_errno());
		if (n == 0)
			return refuse(l, RV_EINVALID, "became shorter while it was read");
		done += (size_t)n;
	}
	return RV_OK;
}

static int load(struct loading *l, struct rv_arena *arena, struct rv_str *out)
{
	struct stat st;
	char *bytes;
	int err;
	/* Not blocking: the name of a FIFO must not stop the supervisor. */
	int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return refuse_errno(l, rv_err_from_errno());
	err = fstat(fd, &st) == 0 ? check(l, &st) : refuse_errno(l, rv_err_from_errno());
	if (err != RV_OK)
		goto out;
	bytes = rv_arena_alloc(arena, (size_t)st.st_size + 1);
	err = bytes != NULL ? read_all(l, fd, bytes, (size_t)st.st_size) : -ENOMEM;
	if (err == RV_OK)
		*out = rv_strn(bytes, (size_t)st.st_size);
out:
	close(fd);
	return err;
}

/* Nothing to do for an item that names no file, or whose file is here already. */
static int read_one(struct rv_conf *conf, const char *name, const char *dir, size_t nth,
		    bool *is_there, struct rv_diag *diag)
{
	struct loading l = { .name = name, .diag = diag };
	struct rv_conf_value *value = rv_conf_find_file(conf, name, nth, &l.item);
	const char *path;
	int n;

	*is_there = value != NULL;
	if (value == NULL || !value->is_present || value->texts[0][0] == '\0' ||
	    value->loaded.ptr != NULL)
		return RV_OK;
	assert(l.item->max > 0 && l.item->max <= RV_CONF_FILE_BYTES_MAX);
	path = value->texts[0];
	n = snprintf(l.path, sizeof(l.path), "%s%s%s", path[0] == '/' ? "" : dir,
		     path[0] == '/' ? "" : "/", path);
	if (n < 0 || (size_t)n >= sizeof(l.path))
		return refuse(&l, RV_ELIMIT, "the path is too long");
	return load(&l, &conf->files, &value->loaded);
}

int rv_conf_files_read(struct rv_conf *conf, const char *const *items, const char *dir,
		       struct rv_diag *diag)
{
	int err = RV_OK;

	for (; err == RV_OK && items != NULL && *items != NULL; items++) {
		bool is_there = true;

		for (size_t nth = 0; err == RV_OK && is_there; nth++)
			err = read_one(conf, *items, dir, nth, &is_there, diag);
	}
	return err;
}
