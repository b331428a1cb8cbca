#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "sandbox/sandbox_priv.h"

#define CALL(name)                                                                                 \
	{                                                                                          \
		SCMP_SYS(name), #name                                                              \
	}

struct call {
	int number;
	const char *name;
};

/* Memory, time, descriptors it holds, itself. */
static const struct call always[] = {
	CALL(read),
	CALL(write),
	CALL(readv),
	CALL(writev),
	CALL(pread64),
	CALL(recvfrom),
	CALL(recvmsg),
	CALL(recvmmsg),
	CALL(sendto),
	CALL(sendmsg),
	CALL(sendmmsg),
	CALL(close),
	CALL(shutdown),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(getsockname),
	CALL(getpeername),
	CALL(fstat),
	CALL(lseek),
	CALL(getdents64),
	CALL(dup),
	CALL(dup2),
	CALL(dup3),
	CALL(fcntl),
	CALL(pipe2),
	CALL(eventfd2),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(epoll_pwait2),
	CALL(poll),
	CALL(ppoll),
	CALL(select),
	CALL(pselect6),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(brk),
	CALL(mlock),
	CALL(munlock),
	CALL(futex),
	CALL(membarrier),
	CALL(rseq),
	CALL(set_robust_list),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(clock_gettime),
	CALL(clock_getres),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(gettimeofday),
	CALL(time),
	CALL(times),
	CALL(alarm),
	CALL(setitimer),
	CALL(getrandom),
	CALL(getpid),
	CALL(getppid),
	CALL(gettid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getrusage),
	CALL(sysinfo),
	CALL(uname),
	CALL(getcpu),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(rt_sigtimedwait),
	CALL(sigaltstack),
	CALL(restart_syscall),
	CALL(exit),
	CALL(exit_group),
};

/* listen() changes the backlog of what is bound already. */
static const struct call of_accept[] = { CALL(accept), CALL(accept4), CALL(listen) };

/* Whatever a path may be asked for; what lies behind it is Landlock's and the uid's affair. */
static const struct call of_files[] = {
	CALL(open),       CALL(openat), CALL(stat),      CALL(lstat),      CALL(newfstatat),
	CALL(statx),      CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink),
	CALL(readlinkat), CALL(getcwd), CALL(fstatfs),   CALL(statfs),     CALL(fadvise64),
};

static const struct call of_store[] = {
	CALL(pwrite64),  CALL(pwritev), CALL(preadv),    CALL(ftruncate),       CALL(truncate),
	CALL(fallocate), CALL(fsync),   CALL(fdatasync), CALL(sync_file_range), CALL(msync),
	CALL(flock),     CALL(unlink),  CALL(unlinkat),  CALL(rename),          CALL(renameat),
	CALL(renameat2), CALL(link),    CALL(linkat),    CALL(fchmod),          CALL(umask),
};

static const struct call of_connect[] = { CALL(connect), CALL(bind) };

static const struct call of_sanitizers[] = {
	CALL(open),     CALL(openat),   CALL(readlink),    CALL(readlinkat), CALL(newfstatat),
	CALL(stat),     CALL(lstat),    CALL(clone),       CALL(ptrace),     CALL(process_vm_readv),
	CALL(wait4),    CALL(prctl),    CALL(personality), CALL(tgkill),     CALL(kill),
	CALL(mmap),     CALL(mprotect), CALL(getcwd),      CALL(arch_prctl), CALL(prlimit64),
	CALL(getdents),
};

/* No part of ours makes them in a duty: who does has taken it over. */
static const struct call deadly[] = {
	CALL(execve),
	CALL(execveat),
	CALL(ptrace),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(bpf),
	CALL(perf_event_open),
	CALL(userfaultfd),
	CALL(mount),
	CALL(umount2),
	CALL(pivot_root),
	CALL(chroot),
	CALL(unshare),
	CALL(setns),
	CALL(init_module),
	CALL(finit_module),
	CALL(delete_module),
	CALL(kexec_load),
	CALL(keyctl),
	CALL(add_key),
	CALL(request_key),
	CALL(io_uring_setup),
	CALL(open_by_handle_at),
	CALL(personality),
	CALL(reboot),
};

static const struct {
	enum rv_right right;
	const struct call *calls;
	size_t count;
} by_right[] = {
	{ RV_RIGHT_ACCEPT, of_accept, RV_ARRAY_LEN(of_accept) },
	{ RV_RIGHT_FILES, of_files, RV_ARRAY_LEN(of_files) },
	{ RV_RIGHT_STORE, of_store, RV_ARRAY_LEN(of_store) },
	{ RV_RIGHT_CONNECT | RV_RIGHT_CONNECT_UNIX, of_connect, RV_ARRAY_LEN(of_connect) },
};

/* The first failure is kept; the rest is skipped. */
struct filter {
	scmp_filter_ctx ctx;
	int err;
};

static void allow_all(struct filter *f, const struct call *calls, size_t n)
{
	for (size_t i = 0; f->err == 0 && i < n; i++) {
		/* A call that this machine does not have needs no rule. */
		if (calls[i].number >= 0)
			f->err = seccomp_rule_add(f->ctx, SCMP_ACT_ALLOW, calls[i].number, 0);
	}
}

static void allow_if(struct filter *f, int number, struct scmp_arg_cmp arg)
{
	if (f->err == 0 && number >= 0)
		f->err = seccomp_rule_add(f->ctx, SCMP_ACT_ALLOW, number, 1, arg);
}

/* Memory is never both ours to fill and to execute: nothing is loaded any more, but with a name
 * to resolve, for which the C library loads its modules. */
static void allow_memory(struct filter *f, unsigned rights)
{
	static const struct call mapping[] = { CALL(mmap), CALL(mprotect) };

	if (rights & RV_RIGHT_CONNECT) {
		allow_all(f, mapping, RV_ARRAY_LEN(mapping));
		return;
	}
	for (size_t i = 0; i < RV_ARRAY_LEN(mapping); i++)
		allow_if(f, mapping[i].number, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* Calls of which only one use is harmless. */
static void allow_narrow(struct filter *f)
{
	static const scmp_datum_t options[] = { PR_SET_NAME, PR_GET_NAME, PR_SET_PDEATHSIG,
						PR_GET_DUMPABLE, PR_SET_VMA };
	static const scmp_datum_t requests[] = { FIONBIO, FIONREAD, FIOCLEX, TCGETS, TIOCGWINSZ };

	for (size_t i = 0; i < RV_ARRAY_LEN(options); i++)
		allow_if(f, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, options[i]));
	for (size_t i = 0; i < RV_ARRAY_LEN(requests); i++)
		allow_if(f, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, requests[i]));
	/* Its own death (abort), nobody else's. */
	allow_if(f, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	allow_if(f, SCMP_SYS(kill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	/* Limits are read, never set. */
	allow_if(f, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0));
	if (f->err == 0)
		f->err = seccomp_rule_add(f->ctx, SCMP_ACT_ALLOW, SCMP_SYS(getrlimit), 0);
}

static void allow_sockets(struct filter *f, unsigned rights)
{
	if (rights & RV_RIGHT_PAIR)
		allow_if(f, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (rights & RV_RIGHT_CONNECT) {
		allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET));
		allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET6));
	}
	if (rights & RV_RIGHT_CONNECT_UNIX)
		allow_if(f, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
}

/* clone3() hides its flags in memory where no filter can look: ENOSYS makes glibc use clone(). */
static void allow_threads(struct filter *f)
{
	allow_if(f, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (f->err == 0)
		f->err = seccomp_rule_add(f->ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* glibc's fstat() is newfstatat() with a path in memory; without the right to files only one with
 * AT_EMPTY_PATH may pass, which with an empty path names the descriptor, and with another is
 * tells that a file exists, not what is in it. */
static void allow_fstat(struct filter *f)
{
	allow_if(f, SCMP_SYS(newfstatat),
		 SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
}

static void trap_deadly(struct filter *f)
{
	for (size_t i = 0; f->err == 0 && i < RV_ARRAY_LEN(deadly); i++) {
		bool is_needed = false;

		for (size_t j = 0; RV_SANDBOX_SANITIZED && j < RV_ARRAY_LEN(of_sanitizers); j++)
			is_needed |= of_sanitizers[j].number == deadly[i].number;
		if (!is_needed && deadly[i].number >= 0)
			f->err = seccomp_rule_add(f->ctx, SCMP_ACT_TRAP, deadly[i].number, 0);
	}
}

static const char *name_of(int number)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(deadly); i++) {
		if (deadly[i].number == number)
			return deadly[i].name;
	}
	return "unknown";
}

/* In a signal handler: no log, no allocation. The line has the form of lib/log's, without time and
 * duty, which the supervisor's line about the death has. */
static void on_forbidden(int signum, siginfo_t *info, void *context)
{
	static const char before[] = "level=error event=sandbox.call.forbidden call=";
	char line[128];
	size_t n = sizeof(before) - 1;
	const char *name = name_of(info->si_syscall);
	ssize_t written;

	(void)context;
	memcpy(line, before, n);
	for (; *name != '\0' && n < sizeof(line) - 1; name++)
		line[n++] = *name;
	line[n++] = '\n';
	written = write(STDERR_FILENO, line, n);
	(void)written; /* the supervisor tells of the signal in any case */
	signal(signum, SIG_DFL);
	kill(getpid(), signum);
}

static int catch_forbidden(void)
{
	struct sigaction action = { .sa_sigaction = on_forbidden,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };

	return sigaction(SIGSYS, &action, NULL) == 0 ? RV_OK : rv_err_from_errno();
}

int rv_sandbox_seccomp(unsigned rights)
{
	struct filter f = { .ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM)) };
	int err = catch_forbidden();

	assert((rights & ~((1u << RV_RIGHTS) - 1)) == 0);
	if (f.ctx == NULL)
		return -ENOMEM;
	if (err != RV_OK)
		goto out;
	/* Denials in the kernel's audit log; kernels before 4.14 cannot. */
	(void)seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_LOG, 1);
	/* Allow by a binary tree: nothing of a call's cost grows with the list. */
	(void)seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	allow_all(&f, always, RV_ARRAY_LEN(always));
	for (size_t i = 0; i < RV_ARRAY_LEN(by_right); i++) {
		if (rights & by_right[i].right)
			allow_all(&f, by_right[i].calls, by_right[i].count);
	}
	if (RV_SANDBOX_SANITIZED)
		allow_all(&f, of_sanitizers, RV_ARRAY_LEN(of_sanitizers));
	else
		allow_memory(&f, rights);
	allow_narrow(&f);
	allow_sockets(&f, rights);
	if (rights & RV_RIGHT_THREADS)
		allow_threads(&f);
	if (!(rights & RV_RIGHT_FILES))
		allow_fstat(&f);
	trap_deadly(&f);
	err = f.err != 0 ? f.err : seccomp_load(f.ctx);
out:
	seccomp_release(f.ctx);
	return err;
}
