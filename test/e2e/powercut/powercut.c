/* powercut.c - writes down what a process does to the files of one directory, so that a test can
 * work out what a power cut at any moment would have left of them (test/support/disk.py).
 *
 * Preloaded (LD_PRELOAD). POWERCUT_DIR: absolute path of the directory that is watched, with all
 * below it. POWERCUT_LOG: where the records go; one file for all processes, appended to with one
 * writev each, so that their order is the order of the operations as far as anybody could tell.
 *
 *   record: size u32 | kind u8, 3 unused | inode u64 | offset u64 | mode u32 | a_len, b_len u32
 *           | path a | path b | data: the rest          (native byte order; paths below the
 * directory)
 *
 * Not written down: SQLite's -shm files (mapped memory; made anew after a crash), sockets, locks.
 */
/* open() and open64() are two names here, both to be replaced. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS_MAX = 20000, LOG_FD = 900 }; /* below the usual limit of 1,024 */

enum kind {
	CREATE = 'c',   /* a file: path a, inode, mode */
	MKDIR = 'd',    /* path a */
	WRITE = 'w',    /* inode, offset, data */
	TRUNCATE = 't', /* inode; offset: the new size */
	SYNC = 's',     /* inode */
	SYNC_DIR = 'S', /* path a */
	RENAME = 'r',   /* a to b */
	LINK = 'l',     /* inode, mode: b, another name of a */
	UNLINK = 'u',   /* path a */
	MODE = 'm',     /* inode, mode */
};

struct head {
	uint32_t size;
	uint8_t kind, unused[3];
	uint64_t inode;
	uint64_t offset;
	uint32_t mode;
	uint32_t a_len, b_len;
};

static char dir[PATH_MAX];
static size_t dir_len;
static bool is_on;
static atomic_bool tracked[FDS_MAX];

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void)
{
	const char *watched = getenv("POWERCUT_DIR");
	const char *log = getenv("POWERCUT_LOG");
	int fd;

	if (watched == NULL || log == NULL)
		return;
	snprintf(dir, sizeof(dir), "%s/", watched);
	dir_len = strlen(dir);
	fd = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || dup3(fd, LOG_FD, O_CLOEXEC) < 0) {
		fprintf(stderr, "powercut: %s: %s\n", log, strerror(errno));
		abort();
	}
	REAL(close)(fd);
	is_on = true;
}

static void note(struct head head, const char *a, const char *b, const void *data, size_t len)
{
	int e = errno;
	struct iovec parts[4] = { { &head, sizeof(head) } };
	ssize_t n;

	head.a_len = a != NULL ? (uint32_t)strlen(a) : 0;
	head.b_len = b != NULL ? (uint32_t)strlen(b) : 0;
	head.size = (uint32_t)(sizeof(head) + head.a_len + head.b_len + len);
	parts[1] = (struct iovec){ (void *)(uintptr_t)a, head.a_len };
	parts[2] = (struct iovec){ (void *)(uintptr_t)b, head.b_len };
	parts[3] = (struct iovec){ (void *)(uintptr_t)data, len };
	n = writev(LOG_FD, parts, 4);
	if (n != (ssize_t)head.size)
		abort(); /* a test that does not see everything proves nothing */
	errno = e;
}

/* The path below the watched directory; NULL: elsewhere, or not of interest. "" is the directory.
 */
static const char *below(int at, const char *path, char out[PATH_MAX])
{
	char base[PATH_MAX];
	char link[64];
	ssize_t n;

	if (!is_on)
		return NULL;
	if (path[0] == '/') {
		snprintf(out, PATH_MAX, "%s", path);
	} else if (at == AT_FDCWD) {
		if (getcwd(base, sizeof(base)) == NULL)
			return NULL;
		snprintf(out, PATH_MAX, "%.2000s/%.2000s", base, path);
	} else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
		n = readlink(link, base, sizeof(base) - 1);
		if (n < 0)
			return NULL;
		base[n] = '\0';
		snprintf(out, PATH_MAX, "%.2000s/%.2000s", base, path);
	}
	n = (ssize_t)strlen(out);
	while (n > 1 && (out[n - 1] == '/' || (out[n - 1] == '.' && out[n - 2] == '/')))
		out[--n] = '\0';
	if ((size_t)n == dir_len - 1 && strncmp(out, dir, dir_len - 1) == 0)
		return "";
	if (strncmp(out, dir, dir_len) != 0 || (n > 4 && strcmp(out + n - 4, "-shm") == 0))
		return NULL;
	return out + dir_len;
}

static struct stat stat_of(int fd)
{
	struct stat st = { 0 };
	int e = errno;

	if (fstat(fd, &st) != 0)
		abort();
	errno = e;
	return st;
}

static bool is_tracked(int fd)
{
	return is_on && fd >= 0 && fd < FDS_MAX && atomic_load(&tracked[fd]);
}

static int opened(int fd, int flags, bool was_there, const char *path)
{
	struct stat st;

	if (fd < 0 || fd >= FDS_MAX)
		return fd;
	atomic_store(&tracked[fd], false);
	if (path == NULL)
		return fd;
	st = stat_of(fd);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return fd;
	atomic_store(&tracked[fd], true);
	if (S_ISREG(st.st_mode) && !was_there)
		note((struct head){ .kind = CREATE,
				    .inode = st.st_ino,
				    .mode = st.st_mode & 07777 },
		     path, NULL, NULL, 0);
	else if (S_ISREG(st.st_mode) && (flags & O_TRUNC) != 0)
		note((struct head){ .kind = TRUNCATE, .inode = st.st_ino }, NULL, NULL, NULL, 0);
	return fd;
}

static int open_at(int at, const char *path, int flags, mode_t mode)
{
	char buf[PATH_MAX];
	const char *name = below(at, path, buf);
	struct stat st;
	bool was_there = name == NULL || fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == 0;

	return opened(REAL(openat)(at, path, flags, mode), flags, was_there, name);
}

static mode_t mode_of(int flags, va_list args)
{
	return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

#define OPEN(name, at, ...)                                                                        \
	int name(__VA_ARGS__, int flags, ...)                                                      \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t mode;                                                                       \
                                                                                                   \
		va_start(args, flags);                                                             \
		mode = mode_of(flags, args);                                                       \
		va_end(args);                                                                      \
		return open_at(at, path, flags, mode);                                             \
	}

OPEN(open, AT_FDCWD, const char *path)
OPEN(open64, AT_FDCWD, const char *path)
OPEN(openat, at, int at, const char *path)
OPEN(openat64, at, int at, const char *path)

static void note_write(int fd, uint64_t offset, const void *buf, ssize_t n)
{
	if (n > 0)
		note((struct head){ .kind = WRITE, .inode = stat_of(fd).st_ino, .offset = offset },
		     NULL, NULL, buf, (size_t)n);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t n = REAL(write)(fd, buf, len);

	if (is_tracked(fd) && n > 0)
		note_write(fd, (uint64_t)(lseek(fd, 0, SEEK_CUR) - n), buf, n);
	return n;
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off_t at)
{
	ssize_t n = REAL(pwrite64)(fd, buf, len, at);

	if (is_tracked(fd))
		note_write(fd, (uint64_t)at, buf, n);
	return n;
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
	return pwrite64(fd, buf, len, at);
}

int ftruncate64(int fd, off_t size)
{
	int r = REAL(ftruncate64)(fd, size);

	if (r == 0 && is_tracked(fd))
		note((struct head){ .kind = TRUNCATE,
				    .inode = stat_of(fd).st_ino,
				    .offset = (uint64_t)size },
		     NULL, NULL, NULL, 0);
	return r;
}

int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

static void note_sync(int fd)
{
	struct stat st;
	char buf[PATH_MAX];
	const char *name;

	if (!is_tracked(fd))
		return;
	st = stat_of(fd);
	if (S_ISREG(st.st_mode)) {
		note((struct head){ .kind = SYNC, .inode = st.st_ino }, NULL, NULL, NULL, 0);
		return;
	}
	name = below(fd, ".", buf);
	if (name == NULL)
		abort();
	note((struct head){ .kind = SYNC_DIR }, name, NULL, NULL, 0);
}

int fsync(int fd)
{
	int r = REAL(fsync)(fd);

	if (r == 0)
		note_sync(fd);
	return r;
}

int fdatasync(int fd)
{
	int r = REAL(fdatasync)(fd);

	if (r == 0)
		note_sync(fd);
	return r;
}

int fchmod(int fd, mode_t mode)
{
	int r = REAL(fchmod)(fd, mode);

	if (r == 0 && is_tracked(fd))
		note((struct head){ .kind = MODE, .inode = stat_of(fd).st_ino, .mode = mode }, NULL,
		     NULL, NULL, 0);
	return r;
}

int mkdirat(int at, const char *path, mode_t mode)
{
	char buf[PATH_MAX];
	const char *name = below(at, path, buf);
	int r = REAL(mkdirat)(at, path, mode);

	if (r == 0 && name != NULL)
		note((struct head){ .kind = MKDIR, .mode = mode }, name, NULL, NULL, 0);
	return r;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];
	const char *old = below(from_at, from, a);
	const char *new = below(to_at, to, b);
	int r = REAL(renameat)(from_at, from, to_at, to);

	if (r == 0 && old != NULL && new != NULL)
		note((struct head){ .kind = RENAME }, old, new, NULL, 0);
	return r;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
	char a[PATH_MAX], b[PATH_MAX];
	const char *old = below(from_at, from, a);
	const char *new = below(to_at, to, b);
	int r = REAL(linkat)(from_at, from, to_at, to, flags);
	struct stat st;

	if (r == 0 && new != NULL && fstatat(to_at, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		note((struct head){ .kind = LINK, .inode = st.st_ino, .mode = st.st_mode & 07777 },
		     old, new, NULL, 0);
	return r;
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char *path, int flags)
{
	char buf[PATH_MAX];
	const char *name = below(at, path, buf);
	int r = REAL(unlinkat)(at, path, flags);

	if (r == 0 && name != NULL)
		note((struct head){ .kind = UNLINK }, name, NULL, NULL, 0);
	return r;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* The log stays open, whatever is cleaned up. */
int close(int fd)
{
	if (is_on && fd == LOG_FD)
		return 0;
	if (fd >= 0 && fd < FDS_MAX)
		atomic_store(&tracked[fd], false);
	return REAL(close)(fd);
}
