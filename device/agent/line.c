#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "device/agent/line.h"

#include <errno.h>
#include <fcntl.h>
#include <libarms.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- What the driver says ---------------------------------------------------------------- */

static void end_with(struct agent_line *line, enum agent_line_state state, const char *reason)
{
	line->state = state;
	(void)snprintf(line->reason, sizeof(line->reason), "%s", reason);
	for (char *c = line->reason; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void take_up(struct agent_line *line, const char *text)
{
	struct agent_piece address = { text, strlen(text) };

	if (agent_read_address(address, line->address) == 0)
		line->state = AGENT_LINE_UP;
	else
		end_with(line, AGENT_LINE_FAILED, "the driver names no address");
}

/* One line of its output; what comes at the wrong time means nothing. */
static void take_word(struct agent_line *line, const char *text)
{
	static const struct {
		const char *word;
		enum agent_line_state from, to;
	} words[] = {
		{ "up ", AGENT_LINE_COMING, AGENT_LINE_UP },
		{ "refused ", AGENT_LINE_COMING, AGENT_LINE_REFUSED },
		{ "failed ", AGENT_LINE_COMING, AGENT_LINE_FAILED },
		{ "down ", AGENT_LINE_UP, AGENT_LINE_LOST },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);

		if (line->state != words[i].from || strncmp(text, words[i].word, len) != 0)
			continue;
		if (words[i].to == AGENT_LINE_UP)
			take_up(line, text + len);
		else
			end_with(line, words[i].to, text + len);
		return;
	}
}

static void take_words(struct agent_line *line)
{
	char *end;

	while ((end = memchr(line->words, '\n', line->len)) != NULL) {
		size_t used = (size_t)(end + 1 - line->words);

		*end = '\0';
		take_word(line, line->words);
		memmove(line->words, line->words + used, line->len - used);
		line->len -= used;
	}
	if (line->len == sizeof(line->words))
		line->len = 0;
}

/* Everything that is there to be read. False: the driver will say nothing more. */
static bool read_words(struct agent_line *line)
{
	for (;;) {
		ssize_t n = read(line->from, line->words + line->len,
				 sizeof(line->words) - line->len);

		if (n > 0) {
			line->len += (size_t)n;
			take_words(line);
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			return false;
		} else if (errno == EAGAIN) {
			return true;
		}
	}
}

static void look_once(struct agent_line *line)
{
	if (read_words(line))
		return;
	if (line->state == AGENT_LINE_COMING)
		end_with(line, AGENT_LINE_FAILED, "the driver has ended");
	else if (line->state == AGENT_LINE_UP)
		end_with(line, AGENT_LINE_LOST, "the driver has ended");
}

enum agent_line_state agent_line_look(struct agent_line *line, int wait_ms)
{
	long long end_ms = now_ms() + wait_ms;
	long long left_ms = wait_ms;

	if (line->state == AGENT_LINE_COMING || line->state == AGENT_LINE_UP)
		look_once(line);
	while (line->state == AGENT_LINE_COMING && left_ms > 0) {
		struct pollfd p = { .fd = line->from, .events = POLLIN };

		(void)poll(&p, 1, (int)left_ms);
		look_once(line);
		left_ms = end_ms - now_ms();
	}
	return line->state;
}

/* ---- The process ------------------------------------------------------------------------- */

static char *or_dash(const char *text)
{
	return (char *)(text[0] != '\0' ? text : "-");
}

/* In the child: never returns. The other descriptors close by themselves (O_CLOEXEC). */
static void become(const char *driver, const struct agent_lineconf *conf, int in, int out)
{
	char wait[12];
	char *argv[] = { (char *)driver,
			 (char *)agent_line_word(conf->type),
			 (char *)conf->interface,
			 or_dash(conf->account),
			 or_dash(conf->address),
			 or_dash(conf->gateway),
			 wait,
			 NULL };

	(void)snprintf(wait, sizeof(wait), "%u", conf->wait_s);
	sigset_t none;

	(void)setpgid(0, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		(void)execv(driver, argv);
	dprintf(out, "failed %s\n", strerror(errno));
	_exit(127);
}

static void close_both(int fd[2])
{
	(void)close(fd[0]);
	(void)close(fd[1]);
}

void agent_line_start(struct agent_line *line, const char *driver,
		      const struct agent_lineconf *conf)
{
	int in[2], out[2];

	*line = (struct agent_line){ 0 };
	if (pipe2(in, O_CLOEXEC) != 0) {
		end_with(line, AGENT_LINE_FAILED, "no pipe");
		return;
	}
	if (pipe2(out, O_CLOEXEC) != 0) {
		close_both(in);
		end_with(line, AGENT_LINE_FAILED, "no pipe");
		return;
	}
	line->pid = fork();
	if (line->pid == 0)
		become(driver, conf, in[0], out[1]);
	if (line->pid < 0) {
		close_both(in);
		close_both(out);
		end_with(line, AGENT_LINE_FAILED, "no process");
		return;
	}
	(void)setpgid(line->pid, line->pid); /* here too: who of the two is first is not known */
	(void)close(in[0]);
	(void)close(out[1]);
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	line->to = in[1];
	line->from = out[0];
	line->state = AGENT_LINE_COMING;
}

/* Its stdout ends with its last process. */
static bool has_ended(struct agent_line *line, int wait_ms)
{
	long long end_ms = now_ms() + wait_ms;
	long long left_ms = wait_ms;

	while (read_words(line)) {
		struct pollfd p = { .fd = line->from, .events = POLLIN };

		if (left_ms <= 0)
			return false;
		(void)poll(&p, 1, (int)left_ms);
		left_ms = end_ms - now_ms();
	}
	return true;
}

void agent_line_stop(struct agent_line *line)
{
	if (line->pid > 0) {
		(void)close(line->to);
		line->state = AGENT_LINE_NONE; /* its last words mean nothing */
		if (!has_ended(line, AGENT_STOP_MS))
			(void)kill(-line->pid, SIGKILL);
		while (waitpid(line->pid, NULL, 0) < 0 && errno == EINTR)
			;
		(void)close(line->from);
	}
	*line = (struct agent_line){ 0 };
}
