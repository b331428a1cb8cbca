/* sandbox.h - a process gives up all rights but those its task needs, for good.
 *
 *   rv_sandbox_enter()   uid and groups -> no new privileges -> Landlock -> seccomp
 *
 *   layer      takes away                                       missing in the kernel
 *   uid        root's powers, other users' files                (needs root; else kept)
 *   Landlock   every file but `paths`; TCP but RV_RIGHT_CONNECT; one warning, the others stay
 *              signals and abstract sockets out of the process
 *   seccomp    every system call but those of the rights         refuses to enter
 *   limits     core dumps, ptrace by others, new processes
 *
 * A call that is not allowed fails with EPERM: libraries ask for more than they need and
 * live without. A few calls that no part of ours ever makes, and that only somebody who has taken
 * over the process wants (execve, ptrace, bpf, mount, ...: `deadly` in seccomp.c), end it: a
 * handler writes "sandbox.call.forbidden" with their name to the log's descriptor, then the
 * process dies of SIGSYS, which the supervisor reports. The kernel logs all of them (audit), if it
 * was told to.
 *
 * To be called before the process makes a thread: none of this reaches a thread that runs already.
 * Landlock's rights are cut to what the kernel knows (ABI 1 to 6).
 *
 * Built with a sanitizer, the calls its run time needs are allowed too and /proc may be read: such
 * a build proves less, and is for tests only.
 */
#ifndef RV_SANDBOX_SANDBOX_H
#define RV_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/diag.h"
#include "base/err.h"

/* What a task needs beyond memory, time, and the descriptors it holds. */
enum rv_right {
	RV_RIGHT_ACCEPT = 1 << 0,  /* accepts on listening sockets it was given */
	RV_RIGHT_PAIR = 1 << 1,    /* makes pairs of connected Unix sockets */
	RV_RIGHT_THREADS = 1 << 2, /* makes threads; never processes */
	RV_RIGHT_FILES = 1 << 3,   /* opens files, below `paths` */
	RV_RIGHT_STORE = 1 << 4,   /* owns files: writes, syncs, renames, locks; needs FILES */
	RV_RIGHT_CONNECT = 1 << 5, /* calls others by TCP and resolves their names; needs FILES */
	RV_RIGHT_CONNECT_UNIX = 1 << 6, /* calls a Unix socket by its path */
	RV_RIGHTS = 7,                  /* how many */
};

enum { RV_SANDBOX_PATHS_MAX = 8 };

struct rv_sandbox_path {
	const char *path; /* a file, or a directory with all below; one that is missing is none */
	bool may_write;   /* and make, rename and remove what is below */
};

struct rv_sandbox {
	unsigned rights; /* enum rv_right, ORed */
	bool drops_uid;  /* to uid and gid, without other groups; needs root */
	uid_t uid;
	gid_t gid;
	struct rv_sandbox_path paths[RV_SANDBOX_PATHS_MAX];
	size_t path_count;
};

/* What was reached. */
struct rv_sandbox_state {
	bool is_on;
	bool has_dropped_uid;
	int landlock_abi; /* 0: this kernel has none */
};

/* Irrevocable; on failure some layers may be in force: end the process. RV_EDENIED: the uid cannot
 * be changed; RV_EUNSUPPORTED: no seccomp; other errno of the kernel. */
int rv_sandbox_enter(const struct rv_sandbox *sandbox, struct rv_sandbox_state *out,
		     struct rv_diag *diag) RV_MUSTCHECK;

/* 0 = none. Asks the kernel. */
int rv_sandbox_landlock_abi(void);

/* Of a user name; RV_ENOTFOUND. Reads the user database: before any sandbox. */
int rv_sandbox_user(const char *name, uid_t *out_uid, gid_t *out_gid) RV_MUSTCHECK;

/* As root: hand what a service owns in `dir` to uid. The directory itself becomes root's, group
 * `gid`, mode 1770: the service makes files and removes its own, and touches nobody else's. Of the
 * regular files in it those whose name begins with one of `prefixes` (NULL-terminated) become
 * uid's, unless they have a second name or are links. Errno of the kernel, with the name in
 * diag. */
int rv_sandbox_give_files(const char *dir, uid_t uid, gid_t gid, const char *const *prefixes,
			  struct rv_diag *diag) RV_MUSTCHECK;

/* Of the supervisor, as root: keep only the capabilities to bind, to change uid, to signal, and to
 * read and give away files; no new privileges. Nothing when not root. */
int rv_sandbox_reduce(void) RV_MUSTCHECK;

#endif
