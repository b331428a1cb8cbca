#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/handover_priv.h"
#include "log/log.h"

/* A giver and a taker in one process, `lines` lines between them. */
struct fixture {
	uv_loop_t loop;
	struct rv_handover giver, taker;
	unsigned count;
	char label[RV_DUTY_LABEL_MAX + 1];
	char byte; /* read from what was handed over */
};

static void on_socket(void *arg, int fd, const char *label)
{
	struct fixture *f = arg;

	f->count++;
	snprintf(f->label, sizeof(f->label), "%s", label);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	if (read(fd, &f->byte, 1) != 1)
		f->byte = '?';
	close(fd);
}

static void init(struct fixture *f, size_t lines)
{
	*f = (struct fixture){ 0 };
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->taker.fn = on_socket;
	f->taker.arg = f;
	for (size_t i = 0; i < lines; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
		rv_handover_add_taker(&f->giver, pair[0]);
		rv_handover_add_source(&f->taker, &f->loop, pair[1]);
	}
}

static void deinit(struct fixture *f)
{
	rv_handover_close(&f->giver);
	rv_handover_close(&f->taker);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* A socket in which `byte` waits. */
static int give(struct fixture *f, const char *label, char byte)
{
	int pair[2];
	int err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], &byte, 1), 1);
	err = rv_handover_give(&f->giver, pair[0], label);
	close(pair[0]);
	close(pair[1]);
	return err;
}

static void a_socket_arrives_with_its_label(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 1);
	assert_int_equal(give(&f, "proxy", 'x'), RV_OK);
	uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.count, 1);
	assert_string_equal(f.label, "proxy");
	assert_int_equal(f.byte, 'x');
	deinit(&f);
}

static void without_a_taker_there_is_none(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	assert_int_equal(give(&f, "ls", 'x'), RV_ENOTFOUND);
	deinit(&f);
}

static void a_taker_that_died_is_forgotten(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 2);
	rv_handover_close(&f.taker);
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(give(&f, "ls", 'x'), RV_ENOTFOUND);
	assert_int_equal(f.giver.taker_count, 0);
	deinit(&f);
}

static void takers_take_turns(void **state)
{
	struct fixture f;
	char byte;

	(void)state;
	init(&f, 2);
	assert_int_equal(give(&f, "ls", 'a'), RV_OK);
	assert_int_equal(give(&f, "ls", 'b'), RV_OK);
	assert_int_equal(recv(f.giver.takers[0], &byte, 1, MSG_DONTWAIT), -1); /* one way only */
	uv_run(&f.loop, UV_RUN_NOWAIT);
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(f.count, 2);
	deinit(&f);
}

static void a_taker_that_hangs_is_busy_and_bounded(void **state)
{
	const int sndbuf = RV_DUTY_HANDOVER_SNDBUF;
	struct fixture f;
	unsigned given = 0;
	int err;

	(void)state;
	init(&f, 1);
	setsockopt(f.giver.takers[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	while ((err = give(&f, "ls", 'x')) == RV_OK)
		given++;
	assert_int_equal(err, RV_EBUSY);
	assert_in_range(given, 1, 1000);
	for (unsigned i = 0; i < given && f.count < given; i++)
		uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(f.count, given); /* none was lost */
	assert_int_equal(give(&f, "ls", 'x'), RV_OK);
	deinit(&f);
}

/* Messages of another kind, without a socket, with two, with a label nobody uses. */
static void rubbish_is_dropped(void **state)
{
	static const struct {
		enum rv_control_kind kind;
		const char *label;
		size_t fds;
	} cases[] = {
		{ RV_CONTROL_STOP, "ls", 1 },
		{ RV_CONTROL_SOCKET, "ls", 0 },
		{ RV_CONTROL_SOCKET, "ls", 2 },
		{ RV_CONTROL_SOCKET, "", 1 },
		{ RV_CONTROL_SOCKET, "L S", 1 },
		{ RV_CONTROL_SOCKET, "123456789012345678901234567890123", 1 },
	};
	struct fixture f;

	(void)state;
	init(&f, 1);
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_control_msg msg = { .kind = cases[i].kind,
					      .body = rv_str(cases[i].label),
					      .fds = { 0, 0 },
					      .fd_count = cases[i].fds };

		assert_int_equal(rv_control_send(f.giver.takers[0], &msg), RV_OK);
	}
	uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.count, 0);
	assert_int_equal(give(&f, "ls", 'x'), RV_OK); /* the line goes on */
	uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.count, 1);
	deinit(&f);
}

static void lines_are_bounded(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, RV_DUTY_TAKERS_MAX + 1);
	assert_int_equal(f.giver.taker_count, RV_DUTY_TAKERS_MAX);
	deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_arrives_with_its_label),
		cmocka_unit_test(without_a_taker_there_is_none),
		cmocka_unit_test(a_taker_that_died_is_forgotten),
		cmocka_unit_test(takers_take_turns),
		cmocka_unit_test(a_taker_that_hangs_is_busy_and_bounded),
		cmocka_unit_test(rubbish_is_dropped),
		cmocka_unit_test(lines_are_bounded),
	};

	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
