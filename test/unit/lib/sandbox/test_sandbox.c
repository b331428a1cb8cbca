/* Each right alone, tried in a child of its own: it makes its calls possible and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_priv.h"

enum { DENIED = 200, FAILED_TO_ENTER = 201 }; /* beyond errno */

static char dir[] = "/tmp/reeve-sandbox-XXXXXX";
static char inside[64], outside[64];

static int open_result(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : errno;
}

static int result(int rc)
{
	return rc >= 0 ? 0 : errno;
}

static int read_inside(void)
{
	return open_result(inside, O_RDONLY);
}

static int read_outside(void)
{
	return open_result(outside, O_RDONLY);
}

static int write_inside(void)
{
	return open_result(inside, O_WRONLY | O_TRUNC);
}

static int make_inside(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s.new", inside);
	return open_result(path, O_RDWR | O_CREAT | O_EXCL);
}

static int replace_inside(void)
{
	char path[80];
	int err;

	snprintf(path, sizeof(path), "%s.new", inside);
	err = open_result(path, O_RDWR | O_CREAT);
	return err != 0 ? err : result(rename(path, inside));
}

static int socket_of(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd >= 0)
		close(fd);
	return result(fd);
}

static int socket_inet(void)
{
	return socket_of(AF_INET);
}

static int socket_inet6(void)
{
	return socket_of(AF_INET6);
}

static int socket_unix(void)
{
	return socket_of(AF_UNIX);
}

static int socket_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int make_pair(void)
{
	int pair[2];

	return result(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static void *nothing(void *arg)
{
	return arg;
}

static int make_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, nothing, NULL);

	return err != 0 ? err : pthread_join(thread, NULL);
}

static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int signal_parent(void)
{
	return result(kill(getppid(), 0));
}

static int accept_nothing(void)
{
	/* EBADF comes from the call itself. */
	return accept4(-1, NULL, NULL, 0) < 0 && errno == EBADF ? 0 : errno;
}

static int stat_own(void)
{
	struct stat st;

	return result(fstat(STDERR_FILENO, &st));
}

static int raise_limit(void)
{
	return result((int)syscall(SYS_prlimit64, 0, 4, (long[]){ 1, 1 }, NULL));
}

struct trial {
	const char *name;
	unsigned rights;
	bool has_path, may_write; /* `dir` */
	int (*run)(void);
	int wanted;            /* 0 or DENIED */
	bool is_for_sanitizer; /* such a build is allowed it */
};

#define FILES  RV_RIGHT_FILES
#define STORE  (RV_RIGHT_FILES | RV_RIGHT_STORE)
#define CALLER (RV_RIGHT_FILES | RV_RIGHT_CONNECT)

static const struct trial trials[] = {
	{ "nothing: what it holds can be looked at", 0, false, false, stat_own, 0, false },
	{ "nothing: no file", 0, false, false, read_outside, DENIED, false },
	{ "nothing: no thread", 0, false, false, make_thread, DENIED, true },
	{ "nothing: no process", 0, false, false, make_process, DENIED, true },
	{ "nothing: no signal to others", 0, false, false, signal_parent, DENIED, false },
	{ "nothing: no accept", 0, false, false, accept_nothing, DENIED, false },
	{ "nothing: no pair", 0, false, false, make_pair, DENIED, false },
	{ "nothing: no socket", 0, false, false, socket_inet, DENIED, false },
	{ "nothing: no limit of its own", 0, false, false, raise_limit, DENIED, true },
	{ "accept: accepts", RV_RIGHT_ACCEPT, false, false, accept_nothing, 0, false },
	{ "accept: no socket", RV_RIGHT_ACCEPT, false, false, socket_inet, DENIED, false },
	{ "accept: no file", RV_RIGHT_ACCEPT, false, false, read_outside, DENIED, false },
	{ "pair: a pair", RV_RIGHT_PAIR, false, false, make_pair, 0, false },
	{ "pair: no socket", RV_RIGHT_PAIR, false, false, socket_unix, DENIED, false },
	{ "threads: a thread", RV_RIGHT_THREADS, false, false, make_thread, 0, false },
	{ "threads: no process", RV_RIGHT_THREADS, false, false, make_process, DENIED, true },
	{ "files: what is named", FILES, true, false, read_inside, 0, false },
	{ "files: nothing else", FILES, true, false, read_outside, DENIED, false },
	{ "files: no write", FILES, true, false, write_inside, DENIED, false },
	{ "files: none made", FILES, true, false, make_inside, DENIED, false },
	{ "store: reads", STORE, true, true, read_inside, 0, false },
	{ "store: writes", STORE, true, true, write_inside, 0, false },
	{ "store: makes and replaces", STORE, true, true, replace_inside, 0, false },
	{ "store: nothing else", STORE, true, true, read_outside, DENIED, false },
	{ "store: no socket", STORE, true, true, socket_inet, DENIED, false },
	{ "connect: IPv4", CALLER, false, false, socket_inet, 0, false },
	{ "connect: IPv6", CALLER, false, false, socket_inet6, 0, false },
	{ "connect: no Unix socket", CALLER, false, false, socket_unix, DENIED, false },
	{ "connect: no netlink", CALLER, false, false, socket_netlink, DENIED, false },
	{ "connect-unix: a Unix socket", RV_RIGHT_CONNECT_UNIX, false, false, socket_unix, 0,
	  false },
	{ "connect-unix: no other", RV_RIGHT_CONNECT_UNIX, false, false, socket_inet, DENIED,
	  false },
};

static int try_in_child(const struct trial *t)
{
	struct rv_sandbox box = { .rights = t->rights, .path_count = t->has_path };
	struct rv_sandbox_state state;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		box.paths[0] = (struct rv_sandbox_path){ dir, t->may_write };
		if (rv_sandbox_enter(&box, &state, NULL) != RV_OK)
			_exit(FAILED_TO_ENTER);
		int err = t->run();

		/* EAGAIN: RLIMIT_NPROC came first. */
		_exit(err == EPERM || err == EACCES || err == EAGAIN ? DENIED : err);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_right_makes_its_calls_possible_and_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(trials); i++) {
		const struct trial *t = &trials[i];
		int got;

		if (RV_SANDBOX_SANITIZED && t->is_for_sanitizer)
			continue;
		/* Without Landlock files are kept by the uid alone. */
		if (t->has_path && t->wanted == DENIED && rv_sandbox_landlock_abi() == 0)
			continue;
		got = try_in_child(t);
		if (got != t->wanted)
			fail_msg("%s: got %d (%s)", t->name, got, strerror(got));
	}
}

static void a_call_that_is_never_made_ends_the_process(void **state)
{
	const struct rv_sandbox box = { .rights = STORE };
	struct rv_sandbox_state reached;
	char line[256];
	int status, pipe_fds[2];
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipe_fds[1], STDERR_FILENO);
		if (rv_sandbox_enter(&box, &reached, NULL) != RV_OK)
			_exit(FAILED_TO_ENTER);
		execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
	n = read(pipe_fds[0], line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	assert_string_equal(line, "level=error event=sandbox.call.forbidden call=execve\n");
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void the_uid_is_given_up_for_good_or_the_process_does_not_enter(void **state)
{
	const struct rv_sandbox box = { .drops_uid = true, .uid = 65533, .gid = 65533 };
	struct rv_sandbox_state reached = { 0 };
	struct rv_diag diag = { 0 };
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		int err = rv_sandbox_enter(&box, &reached, &diag);

		if (geteuid() != 65533) /* not root before */
			_exit(err == RV_EDENIED && strcmp(diag.where, "uid") == 0 ? 0 : 1);
		_exit(err == RV_OK && reached.has_dropped_uid && setuid(0) != 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_user_is_found_by_name(void **state)
{
	uid_t uid = 7;
	gid_t gid = 7;

	(void)state;
	assert_int_equal(rv_sandbox_user("no-such-user-here", &uid, &gid), RV_ENOTFOUND);
	assert_int_equal(uid, 7);
	assert_int_equal(rv_sandbox_user("root", &uid, &gid), RV_OK);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
}

static void files_that_cannot_be_given_are_named(void **state)
{
	static const char *const all[] = { "", NULL };
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_sandbox_give_files("/nonexistent", 1, 1, all, &diag), -ENOENT);
	assert_string_equal(diag.key, "sandbox.files");
	assert_string_equal(diag.where, "/nonexistent");
}

static int setup(void **state)
{
	FILE *f;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(inside, sizeof(inside), "%s/file", dir);
	snprintf(outside, sizeof(outside), "/etc/passwd");
	f = fopen(inside, "w");
	return f != NULL ? fclose(f) : -1;
}

static int teardown(void **state)
{
	char path[80];

	(void)state;
	snprintf(path, sizeof(path), "%s.new", inside);
	unlink(path);
	unlink(inside);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_makes_its_calls_possible_and_no_others),
		cmocka_unit_test(a_call_that_is_never_made_ends_the_process),
		cmocka_unit_test(the_uid_is_given_up_for_good_or_the_process_does_not_enter),
		cmocka_unit_test(a_user_is_found_by_name),
		cmocka_unit_test(files_that_cannot_be_given_are_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
