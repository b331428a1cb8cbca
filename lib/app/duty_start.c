/* What the supervisor gives a duty at its start, and again on reload. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/control_priv.h"
#include "app/duty_priv.h"

enum { START_WAIT_MS = 10000, CONFIG_MAX = 1024 * 1024 };

int rv_duty_parse_args(int argc, char **argv)
{
	uint64_t fd;

	if (argc != 3 || strcmp(argv[1], "--duty") != 0 ||
	    !rv_str_to_u64(rv_str(argv[2]), INT16_MAX, &fd))
		return -1;
	return (int)fd;
}

int rv_duty_set_tickets(struct rv_duty *duty, struct rv_str keys)
{
	if (keys.len == 0 || duty->tickets == NULL)
		return RV_OK;
	return rv_tls_tickets_set(duty->tickets, keys);
}

int rv_duty_read_conf(const struct rv_duty *duty, int fd, struct rv_conf **out)
{
	const struct rv_duty_code *code = duty->code;
	struct stat st;
	char *bytes = NULL;
	int err = RV_ELIMIT;

	if (fstat(fd, &st) != 0)
		return rv_err_from_errno();
	if (st.st_size > CONFIG_MAX)
		return RV_ELIMIT;
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	if (pread(fd, bytes, (size_t)st.st_size, 0) == st.st_size)
		err = rv_conf_unpack(code->schema, code->schema_count,
				     rv_strn(bytes, (size_t)st.st_size), out);
	explicit_bzero(bytes, (size_t)st.st_size);
	free(bytes);
	return err;
}

void rv_duty_take_log_settings(struct rv_duty *duty, const struct rv_start *start)
{
	duty->log_level = start->level;
	duty->log_format = start->format;
}

void rv_duty_init_log(const struct rv_duty *duty)
{
	char name[RV_BUS_NAME_MAX + 8];

	snprintf(name, sizeof(name), "%s.%u", duty->code->spec->name, duty->instance);
	rv_log_init(name, duty->log_level, duty->log_format, STDERR_FILENO);
}

static int receive_start(int fd, char *packet, struct rv_control_msg *out)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int err;

	while (poll(&wait, 1, START_WAIT_MS) < 0 && errno == EINTR)
		continue;
	err = rv_control_recv(fd, packet, out);
	if (err != RV_OK)
		return err;
	if (out->kind != RV_CONTROL_START || out->fd_count < 1) {
		rv_control_close_fds(out);
		return RV_ESYNTAX;
	}
	return RV_OK;
}

static int read_settings(struct rv_duty *duty, struct rv_str body)
{
	struct rv_start start;
	int err = rv_start_decode(body, &start);

	if (err != RV_OK)
		return err;
	rv_duty_take_log_settings(duty, &start);
	duty->user = start.user;
	duty->state_dir = strndup(start.state_dir.ptr, start.state_dir.len);
	if (duty->state_dir == NULL)
		return -ENOMEM;
	if (duty->code->spec->wants_tickets)
		err = rv_tls_tickets_new(&duty->tickets);
	return err == RV_OK ? rv_duty_set_tickets(duty, start.keys) : err;
}

int rv_duty_take_start(struct rv_duty *duty, int control_fd)
{
	char *packet = malloc(RV_CONTROL_PACKET_MAX);
	struct rv_control_msg msg;
	int err;

	if (packet == NULL)
		return -ENOMEM;
	err = receive_start(control_fd, packet, &msg);
	if (err != RV_OK)
		goto out;
	duty->instance = msg.self.instance;
	err = read_settings(duty, msg.body);
	if (err == RV_OK)
		err = rv_duty_read_conf(duty, msg.fds[0], &duty->conf);
	for (size_t i = 1; err == RV_OK && i < msg.fd_count; i++) {
		duty->listeners[duty->listener_count++] = msg.fds[i];
		msg.fds[i] = -1;
	}
	rv_control_close_fds(&msg);
	rv_duty_init_log(duty);
out:
	explicit_bzero(packet, RV_CONTROL_PACKET_MAX); /* it had ticket keys */
	free(packet);
	return err;
}
