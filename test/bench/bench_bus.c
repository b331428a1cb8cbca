/* Round trips over the local bus between two processes:
 *   bus.alone       one request at a time: latency
 *   bus.in-flight   256 at a time: throughput
 *   bus.body        5 MiB there and back
 * The budgets come from what rides on it: each of the >= 12,000 durable changes/s of architecture
 * section 10 is a round trip, and may take no more than half of a core.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "bus/bus.h"

enum { BODY_BYTES = 512, LONG_BYTES = 5 * 1024 * 1024, IN_FLIGHT = 256 };

struct run {
	struct rv_bus *bus;
	struct rv_str body;
	unsigned to_send;
	unsigned to_come;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "bus_pingpong: %s: %s\n", what, rv_err_name(err));
	exit(1);
}

static void serve_echo(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	rv_bus_reply(call, RV_OK, body);
}

static void echo_process(int fd)
{
	struct rv_bus *bus;
	uv_loop_t loop;

	uv_loop_init(&loop);
	if (rv_bus_new(&loop, "pong", 0, &bus) != RV_OK ||
	    rv_bus_serve(bus, "echo", serve_echo, NULL) != RV_OK ||
	    rv_bus_attach(bus, "ping", 0, fd) != RV_OK)
		_exit(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(0);
}

static void ask(struct run *run);

static void on_answer(void *arg, int status, struct rv_str body)
{
	struct run *run = arg;

	if (status != RV_OK || body.len != run->body.len)
		die("answer", status);
	run->to_come--;
	if (run->to_send > 0)
		ask(run);
}

static void ask(struct run *run)
{
	int err = rv_bus_request(run->bus, "pong", -1, "echo", run->body, 60 * RV_US_PER_SEC,
				 on_answer, run);

	if (err != RV_OK)
		die("request", err);
	run->to_send--;
}

static double round_trips(uv_loop_t *loop, struct rv_bus *bus, size_t bytes, unsigned n,
			  unsigned at_once)
{
	static char body[LONG_BYTES];
	struct run run = { bus, rv_strn(body, bytes), n, n };
	int64_t start_us = rv_time_boot_us();

	while (at_once-- > 0)
		ask(&run);
	while (run.to_come > 0)
		uv_run(loop, UV_RUN_ONCE);
	return n * 1e6 / (double)(rv_time_boot_us() - start_us);
}

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	(void)peer;
	(void)instance;
	*(bool *)arg = is_up;
}

static void report(const char *figure, double value, const char *unit, double budget)
{
	printf("bus.%s %.0f %s budget %.0f %s\n", figure, value, unit, budget,
	       value >= budget ? "ok" : "short");
}

int main(void)
{
	struct rv_bus *bus;
	bool is_up = false;
	uv_loop_t loop;
	int fds[2];
	pid_t pid;
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
		die("socketpair", rv_err_from_errno());
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		echo_process(fds[1]);
	}
	close(fds[1]);
	uv_loop_init(&loop);
	err = rv_bus_new(&loop, "ping", 0, &bus);
	if (err != RV_OK)
		die("bus", err);
	rv_bus_on_link(bus, on_link, &is_up);
	err = rv_bus_attach(bus, "pong", 0, fds[0]);
	if (err != RV_OK)
		die("attach", err);
	while (!is_up)
		uv_run(&loop, UV_RUN_ONCE);

	report("alone", round_trips(&loop, bus, BODY_BYTES, 20000, 1), "/s", 5000);
	report("in-flight", round_trips(&loop, bus, BODY_BYTES, 200000, IN_FLIGHT), "/s", 24000);
	report("body", 2 * LONG_BYTES / 1048576.0 * round_trips(&loop, bus, LONG_BYTES, 40, 2),
	       "MiB/s", 100);
	rv_bus_free(bus);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	waitpid(pid, NULL, 0);
	return 0;
}
