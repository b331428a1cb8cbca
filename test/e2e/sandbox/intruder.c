/* Loaded into a duty by the test (LD_PRELOAD in a wrapper of its executable): behaves like somebody
 * who has taken the process over, and notes what he was allowed.
 *
 * The report is opened by the constructor, while the process has all rights. The attempts run at
 * the duty's first wait for events: after start(), in its sandbox. One line each, "name done" or
 * "name EPERM"; "trapped" is a call that would have ended the process. The last line is "end -".
 *
 * REEVE_INTRUDER_REPORT  directory of the reports
 * REEVE_INTRUDER_STATE   the state directory
 * REEVE_INTRUDER_PORT    of a TCP and a UDP socket that listen on loopback
 * REEVE_INTRUDER_FREE    set: there is no sandbox, so only what is harmless is tried
 * REEVE_INTRUDER_UNTRACED set: does not try ptrace(), which a sanitizer build allows and
 *                        which would stop the process at the next signal
 * REEVE_INTRUDER_DIES    set: only execve() is tried, without catching the signal
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static int report_fd = -1;
static char state_dir[512];
static pid_t supervisor;
static uint16_t port;
static bool dies, is_free, is_untraced;
static volatile sig_atomic_t was_trapped;

static void on_trap(int signum, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)signum;
	(void)info;
	was_trapped = 1;
#if defined(__x86_64__)
	u->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
	u->uc_mcontext.regs[0] = (unsigned long)-EPERM;
#endif
}

static const char *state_path(const char *name)
{
	static char path[640];

	snprintf(path, sizeof(path), "%s/%s", state_dir, name);
	return path;
}

static long open_and_close(const char *path, int flags)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, flags, 0600);

	if (fd >= 0)
		close((int)fd);
	return fd;
}

static long read_file(const char *path)
{
	return open_and_close(path, O_RDONLY | O_CLOEXEC);
}

static long make_file(const char *path)
{
	long fd = open_and_close(path, O_RDWR | O_CREAT | O_CLOEXEC);

	if (fd >= 0)
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	return fd;
}

/* -- files ---------------------------------------------------------------------------------- */

static long read_passwd(void)
{
	return read_file("/etc/passwd");
}
static long read_openssl(void)
{
	return read_file("/usr/lib/ssl/openssl.cnf");
}
static long read_proc(void)
{
	return read_file("/proc/self/environ");
}
static long list_root(void)
{
	return open_and_close("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
static long read_rs_db(void)
{
	return read_file(state_path("rs.db"));
}
static long read_ls_db(void)
{
	return read_file(state_path("ls.db"));
}
static long read_secret(void)
{
	return read_file(state_path("secret.key"));
}
static long read_pki_key(void)
{
	return read_file(state_path("pki/ls.key"));
}
static long read_ca_key(void)
{
	return read_file(state_path("pki/rs-ca.key"));
}
static long make_in_state(void)
{
	return make_file(state_path("intruder.tmp"));
}
static long make_in_tmp(void)
{
	return make_file("/tmp/reeve-intruder.tmp");
}
static long make_in_pki(void)
{
	return make_file(state_path("pki/intruder.tmp"));
}

static long make_dir(void)
{
	const char *path = state_path("intruder.dir");
	long rc = syscall(SYS_mkdirat, AT_FDCWD, path, 0700);

	if (rc == 0)
		rmdir(path);
	return rc;
}

static long make_symlink(void)
{
	const char *path = state_path("intruder.link");
	long rc = syscall(SYS_symlinkat, "/etc/shadow", AT_FDCWD, path);

	if (rc == 0)
		unlink(path);
	return rc;
}

static long write_mem_of_supervisor(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", supervisor);
	return open_and_close(path, O_RDWR | O_CLOEXEC);
}

/* -- sockets -------------------------------------------------------------------------------- */

static long connect_to(int family, int type, const void *addr, socklen_t len)
{
	long fd = syscall(SYS_socket, family, type | SOCK_CLOEXEC, 0);
	long rc = fd;

	if (fd < 0)
		return fd;
	if (addr != NULL)
		rc = syscall(SYS_connect, fd, addr, len);
	close((int)fd);
	return rc;
}

static struct sockaddr_in listener(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return addr;
}

static long connect_tcp(void)
{
	const struct sockaddr_in addr = listener();

	return connect_to(AF_INET, SOCK_STREAM, &addr, sizeof(addr));
}

static long connect_udp(void)
{
	const struct sockaddr_in addr = listener();

	return connect_to(AF_INET, SOCK_DGRAM, &addr, sizeof(addr));
}

static long connect_bus(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.90s/bus.sock", state_dir);
	return connect_to(AF_UNIX, SOCK_SEQPACKET, &addr, sizeof(addr));
}

static long socket_netlink(void)
{
	return connect_to(AF_NETLINK, SOCK_RAW, NULL, 0);
}
static long socket_packet(void)
{
	return connect_to(AF_PACKET, SOCK_RAW, NULL, 0);
}
static long socket_raw(void)
{
	return connect_to(AF_INET, SOCK_RAW, NULL, 0);
}

static long socket_pair(void)
{
	int pair[2];
	long rc = syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);

	if (rc == 0) {
		close(pair[0]);
		close(pair[1]);
	}
	return rc;
}

/* -- processes ------------------------------------------------------------------------------ */

static long run_shell(void)
{
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, (char[]){ "exit 0" }, NULL };
	char *none[] = { NULL };

	return syscall(SYS_execve, argv[0], argv, none);
}

static long fork_clone(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static long fork_clone3(void)
{
	uint64_t args[8] = { [4] = SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static void *nothing(void *arg)
{
	return arg;
}

static long make_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, nothing, NULL);

	if (err == 0)
		pthread_join(thread, NULL);
	errno = err;
	return err == 0 ? 0 : -1;
}

static long trace_me(void)
{
	return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}
static long trace_supervisor(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, supervisor, 0, 0);
}
static long signal_supervisor(void)
{
	return syscall(SYS_kill, supervisor, 0);
}
static long signal_all(void)
{
	return syscall(SYS_kill, -1, 0);
}

static long read_memory(void)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)0x400000, 1 };

	return syscall(SYS_process_vm_readv, supervisor, &local, 1, &remote, 1, 0);
}

static long become_root(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}
static long become_other(void)
{
	return syscall(SYS_setgid, 1);
}
static long be_dumpable(void)
{
	return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* -- the kernel ----------------------------------------------------------------------------- */

static long load_bpf(void)
{
	union bpf_attr attr = { 0 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static long open_perf(void)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static long do_mount(void)
{
	return syscall(SYS_mount, "none", "/nonexistent", "tmpfs", 0, NULL);
}
static long do_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}
static long do_chroot(void)
{
	return syscall(SYS_chroot, "/");
}
static long do_keyctl(void)
{
	return syscall(SYS_keyctl, 0, -3, 0, 0, 0);
}
static long do_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}
static long do_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, 0);
}
static long do_memfd(void)
{
	return syscall(SYS_memfd_create, "x", 0);
}
static long type_into_terminal(void)
{
	return syscall(SYS_ioctl, 0, TIOCSTI, "x");
}

static long map_code(void)
{
	long at = syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at;
}

static long turn_into_code(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	return syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
}

static const struct {
	const char *name;
	long (*run)(void);
	bool is_harmless; /* the process can go on afterwards as if nothing had been */
} attempts[] = {
	{ "read-passwd", read_passwd, true },
	{ "read-openssl-config", read_openssl },
	{ "read-proc", read_proc },
	{ "list-root", list_root, true },
	{ "read-rs.db", read_rs_db, true },
	{ "read-ls.db", read_ls_db },
	{ "read-secret.key", read_secret, true },
	{ "read-pki-key", read_pki_key },
	{ "read-ca-key", read_ca_key },
	{ "make-in-state", make_in_state, true },
	{ "make-in-tmp", make_in_tmp, true },
	{ "make-in-pki", make_in_pki },
	{ "make-dir", make_dir },
	{ "make-symlink", make_symlink },
	{ "write-mem-of-supervisor", write_mem_of_supervisor },
	{ "connect-tcp", connect_tcp, true },
	{ "connect-udp", connect_udp, true },
	{ "connect-bus", connect_bus },
	{ "socket-netlink", socket_netlink, true },
	{ "socket-packet", socket_packet },
	{ "socket-raw", socket_raw },
	{ "socket-pair", socket_pair, true },
	{ "execve", run_shell },
	{ "fork", fork_clone, true },
	{ "fork-clone3", fork_clone3 },
	{ "thread", make_thread, true },
	{ "ptrace-me", trace_me },
	{ "ptrace-supervisor", trace_supervisor },
	{ "signal-supervisor", signal_supervisor, true },
	{ "signal-all", signal_all },
	{ "read-memory", read_memory },
	{ "setuid-root", become_root },
	{ "setgid", become_other },
	{ "be-dumpable", be_dumpable },
	{ "bpf", load_bpf },
	{ "perf", open_perf },
	{ "mount", do_mount },
	{ "unshare", do_unshare },
	{ "chroot", do_chroot },
	{ "keyctl", do_keyctl },
	{ "io-uring", do_io_uring },
	{ "userfaultfd", do_userfaultfd },
	{ "memfd", do_memfd },
	{ "type-into-terminal", type_into_terminal },
	{ "map-code", map_code, true },
	{ "turn-into-code", turn_into_code },
};

static void note(const char *name, const char *result)
{
	dprintf(report_fd, "%s %s\n", name, result);
}

static void try_all(void)
{
	const struct sigaction mine = { .sa_sigaction = on_trap,
					.sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction theirs;

	sigaction(SIGSYS, &mine, &theirs);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if ((is_free && !attempts[i].is_harmless) ||
		    (is_untraced && strncmp(attempts[i].name, "ptrace", 6) == 0))
			continue;
		was_trapped = 0;
		errno = 0;
		if (attempts[i].run() >= 0)
			note(attempts[i].name, "done");
		else
			note(attempts[i].name, was_trapped ? "trapped" : strerrorname_np(errno));
	}
	sigaction(SIGSYS, &theirs, NULL);
}

static void intrude(void)
{
	static bool has_tried;

	if (has_tried || report_fd < 0)
		return;
	has_tried = true;
	if (dies) {
		dies = false;
		run_shell();
	} else {
		try_all();
	}
	note("end", "-");
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	intrude();
	return (int)syscall(SYS_epoll_wait, fd, events, max, timeout);
}

int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout, const sigset_t *mask)
{
	intrude();
	return (int)syscall(SYS_epoll_pwait, fd, events, max, timeout, mask, 8);
}

__attribute__((constructor)) static void arrive(void)
{
	const char *dir = getenv("REEVE_INTRUDER_REPORT"), *name = getenv("REEVE_INTRUDER_NAME");
	const char *state = getenv("REEVE_INTRUDER_STATE"), *number = getenv("REEVE_INTRUDER_PORT");
	char path[640];

	if (dir == NULL || name == NULL || state == NULL || number == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(state_dir, sizeof(state_dir), "%s", state);
	port = (uint16_t)atoi(number);
	dies = getenv("REEVE_INTRUDER_DIES") != NULL;
	is_free = getenv("REEVE_INTRUDER_FREE") != NULL;
	is_untraced = getenv("REEVE_INTRUDER_UNTRACED") != NULL;
	supervisor = getppid();
	report_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}
