/* The asking end of bus.sock against supervisors that answer wrongly; the right one is met in
 * test/e2e/app. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "app/control_priv.h"
#include "app/join.h"

#define HEAD   "RVC1"
#define STATUS "\0\0\0\0"
#define ME     "\5rsapi\0\7"
#define RS     "\2rs\0\2"

struct answer {
	struct rv_str packet; /* empty: close without a word */
	size_t fd_count;
	int result;
};

static const struct answer answers[] = {
	{ RV_STR_LIT(HEAD "\2" STATUS ME RS), 1, RV_OK },
	{ RV_STR_LIT(""), 0, RV_ECLOSED },
	{ RV_STR_LIT("hello"), 0, RV_ESYNTAX },
	{ RV_STR_LIT("RVC2\2" STATUS ME RS), 1, RV_EVERSION },
	{ RV_STR_LIT(HEAD "\2" STATUS ME RS), 0, RV_ESYNTAX },         /* a link without its end */
	{ RV_STR_LIT(HEAD "\2" STATUS ME RS), 2, RV_ESYNTAX },         /* two of them */
	{ RV_STR_LIT(HEAD "\2" STATUS ME "\2ls\0\0"), 1, RV_ESYNTAX }, /* to somebody else */
	{ RV_STR_LIT(HEAD "\3" STATUS ME RS), 0, RV_ESYNTAX },         /* STOP */
	{ RV_STR_LIT(HEAD "\10\xff\xff\xfc\x11" ME RS), 0, RV_EDENIED },
	{ RV_STR_LIT(HEAD "\10\0\0\0\0" ME RS), 0, RV_ESYNTAX }, /* refused with OK */
};

struct server {
	char path[64];
	int fd;
	const struct answer *answer;
	pthread_t thread;
};

static void send_answer(int fd, const struct answer *answer)
{
	char space[CMSG_SPACE(sizeof(int) * 2)] = { 0 };
	struct iovec iov = { (char *)answer->packet.ptr, answer->packet.len };
	struct msghdr head = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c = (struct cmsghdr *)(void *)space;
	int fds[2] = { STDERR_FILENO, STDERR_FILENO };

	if (answer->fd_count > 0) {
		/* An end that is not blocking is the asker's own care: give a pipe's. */
		assert_int_equal(pipe(fds), 0);
		head.msg_control = space;
		head.msg_controllen = CMSG_SPACE(sizeof(int) * answer->fd_count);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * answer->fd_count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * answer->fd_count);
	}
	assert_true(sendmsg(fd, &head, MSG_NOSIGNAL) >= 0);
	if (answer->fd_count > 0) {
		close(fds[0]);
		close(fds[1]);
	}
}

static void *serve(void *arg)
{
	struct server *server = arg;
	int fd = accept(server->fd, NULL, NULL);
	char ask[256];

	if (recv(fd, ask, sizeof(ask), 0) > 0 && server->answer->packet.len > 0)
		send_answer(fd, server->answer);
	close(fd);
	return NULL;
}

static int setup(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct server *server = calloc(1, sizeof(*server));

	snprintf(server->path, sizeof(server->path), "/tmp/reeve-join-%d", (int)getpid());
	strcpy(addr.sun_path, server->path);
	unlink(server->path);
	server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(server->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		return -1;
	*state = server;
	return listen(server->fd, 4);
}

static int teardown(void **state)
{
	struct server *server = *state;

	close(server->fd);
	unlink(server->path);
	free(server);
	return 0;
}

static void each_answer_has_its_code_and_a_wrong_one_gives_nothing(void **state)
{
	struct server *server = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(answers); i++) {
		struct rv_app_link link = { .fd = 42 };
		int r;

		server->answer = &answers[i];
		assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
		r = rv_app_join(server->path, "rsapi", RV_APP_INSTANCE_ANY, "rs", &link);
		pthread_join(server->thread, NULL);
		if (r != answers[i].result)
			fail_msg("case %zu: %s", i, rv_err_name(r));
		if (r != RV_OK) {
			assert_int_equal(link.fd, 42);
			continue;
		}
		assert_int_equal(link.self_instance, 7);
		assert_int_equal(link.peer_instance, 2);
		assert_true(fcntl(link.fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(link.fd, F_GETFD) & FD_CLOEXEC);
		close(link.fd);
	}
}

/* The connection is taken by the kernel; nobody ever accepts it. */
static void silence_ends_after_the_timeout(void **state)
{
	struct server *server = *state;
	struct rv_app_link link = { .fd = 42 };

	assert_int_equal(rv_app_join(server->path, "rsapi", 0, "rs", &link), RV_ETIMEOUT);
	assert_int_equal(link.fd, 42);
}

static const struct {
	const char *path, *self, *peer;
	int result;
} wrong_asks[] = {
	{ "/nonexistent/bus.sock", "rsapi", "rs", RV_ENOTFOUND },
	{ "", "rsapi", "rs", RV_EINVALID },
	{ "/123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
	  "89012345678901234567890",
	  "rsapi", "rs", RV_EINVALID },
	{ "/dev/null", "rsapi", "rs", RV_ENOTFOUND }, /* no socket */
	{ "/nonexistent", "RSAPI", "rs", RV_EINVALID },
	{ "/nonexistent", "rsapi", "", RV_EINVALID },
};

static void wrong_asks_are_refused_before_anything_is_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(wrong_asks); i++) {
		struct rv_app_link link = { .fd = 42 };

		assert_int_equal(rv_app_join(wrong_asks[i].path, wrong_asks[i].self, 0,
					     wrong_asks[i].peer, &link),
				 wrong_asks[i].result);
		assert_int_equal(link.fd, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_answer_has_its_code_and_a_wrong_one_gives_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_ends_after_the_timeout, setup, teardown),
		cmocka_unit_test(wrong_asks_are_refused_before_anything_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
