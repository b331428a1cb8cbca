/* rv-test-join SOCKET SELF INSTANCE PEER WORD: joins, calls test.echo, prints the answer. */
#include <stdio.h>
#include <stdlib.h>

#include "app/join.h"
#include "bus/bus.h"

struct call {
	struct rv_bus *bus;
	uv_loop_t loop;
	const char *peer;
	const char *word;
	int exit_code;
};

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct call *call = arg;

	printf("%s %.*s\n", rv_err_name(status), RV_STR_ARG(body));
	call->exit_code = status != RV_OK;
	uv_stop(&call->loop);
}

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	struct call *call = arg;

	(void)peer;
	(void)instance;
	if (!is_up || rv_bus_request(call->bus, call->peer, -1, "test.echo", rv_str(call->word),
				     5000000, on_reply, call) != RV_OK)
		uv_stop(&call->loop);
}

int main(int argc, char **argv)
{
	struct call call = { .exit_code = 1 };
	struct rv_app_link link;
	int err;

	if (argc != 6)
		return 2;
	err = rv_app_join(argv[1], argv[2], (unsigned)atoi(argv[3]), argv[4], &link);
	if (err != RV_OK) {
		printf("%s\n", rv_err_name(err));
		return 1;
	}
	call.peer = argv[4];
	call.word = argv[5];
	uv_loop_init(&call.loop);
	err = rv_bus_new(&call.loop, argv[2], link.self_instance, &call.bus);
	if (err != RV_OK)
		return 1;
	rv_bus_on_link(call.bus, on_link, &call);
	if (rv_bus_attach(call.bus, argv[4], link.peer_instance, link.fd) == RV_OK)
		uv_run(&call.loop, UV_RUN_DEFAULT);
	rv_bus_on_link(call.bus, NULL, NULL);
	rv_bus_free(call.bus);
	uv_run(&call.loop, UV_RUN_DEFAULT);
	uv_loop_close(&call.loop);
	return call.exit_code;
}
