#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/control_priv.h"

static struct rv_control_msg example(void)
{
	struct rv_control_msg msg = { .kind = RV_CONTROL_LINK,
				      .status = RV_EBUSY,
				      .body = RV_STR_LIT("x\0y") };

	assert_int_equal(rv_control_party_set(&msg.self, "proxy", 3), RV_OK);
	assert_int_equal(rv_control_party_set(&msg.peer, "rs", 0xffff), RV_OK);
	return msg;
}

static void what_is_encoded_is_decoded(void **state)
{
	const struct rv_control_msg msg = example();
	struct rv_buf packet = { 0 };
	struct rv_control_msg got = { 0 };

	(void)state;
	rv_control_encode(&msg, &packet);
	assert_int_equal(rv_control_decode(rv_buf_str(&packet), &got), RV_OK);
	assert_int_equal(got.kind, RV_CONTROL_LINK);
	assert_int_equal(got.status, RV_EBUSY);
	assert_string_equal(got.self.name, "proxy");
	assert_int_equal(got.self.instance, 3);
	assert_string_equal(got.peer.name, "rs");
	assert_int_equal(got.peer.instance, 0xffff);
	assert_true(rv_str_eq(got.body, msg.body));
	rv_buf_deinit(&packet);
}

#define HEAD(kind) "RVC1" kind "\0\0\0\0"
#define NOBODY     "\0\0\0"

static const struct {
	struct rv_str packet;
	int result;
} decode_cases[] = {
	{ RV_STR_LIT(HEAD("\3") NOBODY NOBODY), RV_OK },
	{ RV_STR_LIT(HEAD("\3") "\2rs\0\7" NOBODY "body"), RV_OK },
	{ RV_STR_LIT(""), RV_ESYNTAX },
	{ RV_STR_LIT("RVC1\3\0\0\0"), RV_ESYNTAX },                  /* short head */
	{ RV_STR_LIT("RVC2\3\0\0\0\0" NOBODY NOBODY), RV_EVERSION }, /* the next layout */
	{ RV_STR_LIT("XVC1\3\0\0\0\0" NOBODY NOBODY), RV_ESYNTAX },
	{ RV_STR_LIT(HEAD("\0") NOBODY NOBODY), RV_ESYNTAX },   /* kinds start at 1 */
	{ RV_STR_LIT(HEAD("\100") NOBODY NOBODY), RV_ESYNTAX }, /* and end before 64 */
	{ RV_STR_LIT(HEAD("\377") NOBODY NOBODY), RV_ESYNTAX },
	{ RV_STR_LIT(HEAD("\3") NOBODY), RV_ESYNTAX },              /* no peer */
	{ RV_STR_LIT(HEAD("\3") "\2rs\0"), RV_ESYNTAX },            /* half an instance */
	{ RV_STR_LIT(HEAD("\3") "\100rs\0\0" NOBODY), RV_ESYNTAX }, /* longer than there is */
	{ RV_STR_LIT(HEAD("\3") "\2R!\0\0" NOBODY), RV_ESYNTAX },
	{ RV_STR_LIT(HEAD("\3") "\2r\0\0\0" NOBODY), RV_ESYNTAX }, /* NUL in a name */
	{ RV_STR_LIT(HEAD("\3") "\4r/..\0\0" NOBODY), RV_ESYNTAX },
};

static void malformed_packets_are_refused_and_nothing_is_touched(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(decode_cases); i++) {
		struct rv_control_msg msg = { .status = 42 };
		int r = rv_control_decode(decode_cases[i].packet, &msg);

		if (r != decode_cases[i].result)
			fail_msg("case %zu: %s", i, rv_err_name(r));
		assert_int_equal(msg.status, r == RV_OK ? 0 : 42);
	}
}

static const struct {
	const char *name;
	unsigned instance;
	int result;
} party_cases[] = {
	{ "rs", 0, RV_OK },
	{ "a.b-9", 65535, RV_OK },
	{ "", 0, RV_EINVALID },
	{ "RS", 0, RV_EINVALID },
	{ "rs", 65536, RV_EINVALID },
	{ "0123456789012345678901234567890123456789012345678901234567890123", 0, RV_EINVALID },
};

static void parties_have_legal_names_and_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(party_cases); i++) {
		struct rv_control_party party = { .name = "before" };

		assert_int_equal(
			rv_control_party_set(&party, party_cases[i].name, party_cases[i].instance),
			party_cases[i].result);
		if (party_cases[i].result != RV_OK)
			assert_string_equal(party.name, "before");
	}
}

static void make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void descriptors_travel_with_close_on_exec(void **state)
{
	struct rv_control_msg msg = example(), got;
	char *buf = malloc(RV_CONTROL_PACKET_MAX);
	int pair[2];

	(void)state;
	make_pair(pair);
	msg.fds[0] = STDIN_FILENO;
	msg.fds[1] = STDOUT_FILENO;
	msg.fd_count = 2;
	assert_int_equal(rv_control_send(pair[0], &msg), RV_OK);
	assert_int_equal(rv_control_recv(pair[1], buf, &got), RV_OK);
	assert_int_equal(got.fd_count, 2);
	assert_true(fcntl(got.fds[1], F_GETFD) & FD_CLOEXEC);
	rv_control_close_fds(&got);
	assert_int_equal(got.fd_count, 0);
	close(pair[0]);
	close(pair[1]);
	free(buf);
}

static unsigned count_open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A hostile packet: no message of ours, with descriptors beside it. */
static void send_raw(int fd, struct rv_str bytes, size_t fd_count)
{
	char space[CMSG_SPACE(sizeof(int) * 64)] = { 0 };
	struct iovec iov = { (char *)bytes.ptr, bytes.len };
	struct msghdr head = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space };
	struct cmsghdr *c = (struct cmsghdr *)(void *)space;

	head.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
	assert_true(sendmsg(fd, &head, 0) >= 0);
}

static const struct {
	struct rv_str packet;
	size_t fd_count;
	int result;
} hostile_cases[] = {
	{ RV_STR_LIT("rubbish"), 3, RV_ESYNTAX },
	{ RV_STR_LIT("RVC9 later"), 1, RV_EVERSION },
	{ RV_STR_LIT(HEAD("\3") NOBODY NOBODY), 40, RV_ELIMIT }, /* more than any message has */
};

static void refused_packets_leak_no_descriptor(void **state)
{
	char *buf = malloc(RV_CONTROL_PACKET_MAX);

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(hostile_cases); i++) {
		struct rv_control_msg got = { .status = 42 };
		unsigned before;
		int pair[2];

		make_pair(pair);
		before = count_open_fds();
		send_raw(pair[0], hostile_cases[i].packet, hostile_cases[i].fd_count);
		assert_int_equal(rv_control_recv(pair[1], buf, &got), hostile_cases[i].result);
		assert_int_equal(got.status, 42);
		assert_int_equal(count_open_fds(), before);
		close(pair[0]);
		close(pair[1]);
	}
	free(buf);
}

static void every_end_of_a_socket_has_its_code(void **state)
{
	struct rv_control_msg msg = example(), got;
	char *buf = malloc(RV_CONTROL_PACKET_MAX);
	char *big = calloc(1, RV_CONTROL_PACKET_MAX + 1);
	int pair[2];
	int err;

	(void)state;
	make_pair(pair);
	assert_int_equal(rv_control_recv(pair[1], buf, &got), RV_EWANTREAD);
	assert_true(send(pair[0], big, RV_CONTROL_PACKET_MAX + 1, 0) > 0);
	assert_int_equal(rv_control_recv(pair[1], buf, &got), RV_ELIMIT);
	msg.body = rv_strn(big, RV_CONTROL_PACKET_MAX);
	assert_int_equal(rv_control_send(pair[0], &msg), RV_ELIMIT);
	msg.body = rv_strn(big, 1000);
	while ((err = rv_control_send(pair[0], &msg)) == RV_OK)
		continue;
	assert_int_equal(err, RV_EBUSY);
	close(pair[1]);
	assert_int_equal(rv_control_send(pair[0], &msg), RV_ECLOSED);
	close(pair[0]);
	make_pair(pair);
	close(pair[0]);
	assert_int_equal(rv_control_recv(pair[1], buf, &got), RV_ECLOSED);
	close(pair[1]);
	free(big);
	free(buf);
}

/* On a Unix socket the reset overtakes the message. */
static void last_words_are_heard_behind_a_reset(void **state)
{
	struct rv_control_msg msg = example(), got;
	char *buf = malloc(RV_CONTROL_PACKET_MAX);
	int pair[2];

	(void)state;
	make_pair(pair);
	assert_int_equal(rv_control_send(pair[0], &msg), RV_OK); /* never read */
	msg.kind = RV_CONTROL_REFUSED;
	assert_int_equal(rv_control_send(pair[1], &msg), RV_OK);
	close(pair[1]);
	assert_int_equal(rv_control_recv(pair[0], buf, &got), RV_OK);
	assert_int_equal(got.kind, RV_CONTROL_REFUSED);
	assert_int_equal(rv_control_recv(pair[0], buf, &got), RV_ECLOSED);
	close(pair[0]);
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded),
		cmocka_unit_test(malformed_packets_are_refused_and_nothing_is_touched),
		cmocka_unit_test(parties_have_legal_names_and_numbers),
		cmocka_unit_test(descriptors_travel_with_close_on_exec),
		cmocka_unit_test(refused_packets_leak_no_descriptor),
		cmocka_unit_test(every_end_of_a_socket_has_its_code),
		cmocka_unit_test(last_words_are_heard_behind_a_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
