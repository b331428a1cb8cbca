#include "duties.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/log.h"

static const char *const calls_echo[] = { "test.echo", "test.die", NULL };
static const char *const sections_front[] = { "front", NULL };
static const char *const files_front[] = { "front.secret", "front.fixed", NULL };
static const char *const sections_refuser[] = { "refuser", NULL };

static const struct rv_conf_item front_items[] = {
	{ .name = "listen",
	  .type = RV_CONF_LIST,
	  .def = "{\"127.0.0.1:0\"}",
	  .max = 8,
	  .doc = "x" },
	{ .name = "workers", .type = RV_CONF_INT, .def = "1", .max = 64, .doc = "x" },
	{ .name = "word", .type = RV_CONF_STR, .def = "one", .reload = RV_CONF_LIVE, .doc = "x" },
	{ .name = "secret",
	  .type = RV_CONF_FILE,
	  .def = "",
	  .max = 64,
	  .reload = RV_CONF_LIVE,
	  .doc = "x" },
	{ .name = "fixed", .type = RV_CONF_FILE, .def = "", .max = 64, .doc = "x" },
};
static const struct rv_conf_item refuser_items[] = {
	{ .name = "refuse",
	  .type = RV_CONF_BOOL,
	  .def = "off",
	  .reload = RV_CONF_LIVE,
	  .doc = "x" },
	{ .name = "die", .type = RV_CONF_BOOL, .def = "off", .reload = RV_CONF_LIVE, .doc = "x" },
};

const struct rv_conf_section rv_test_sections[] = {
	{ .name = "front", .doc = "x", .items = front_items, .item_count = 5 },
	{ .name = "refuser", .doc = "x", .items = refuser_items, .item_count = 2 },
};
const size_t rv_test_section_count = RV_ARRAY_LEN(rv_test_sections);

const struct rv_duty_spec rv_test_front_spec = {
	.name = "front",
	.component = "front",
	.calls = calls_echo,
	.sections = sections_front,
	.listen_section = "front",
	.listen_item = "listen",
	.workers_item = "workers",
	.rights = { .bits = RV_RIGHT_ACCEPT, .is_edge = true },
	.files = files_front,
};
const struct rv_duty_spec rv_test_echo_spec = {
	.name = "echo",
	.component = "echo",
	.serves = calls_echo,
};
const struct rv_duty_spec rv_test_crasher_spec = { .name = "crasher", .component = "crasher" };
const struct rv_duty_spec rv_test_stubborn_spec = { .name = "stubborn", .component = "stubborn" };
const struct rv_duty_spec rv_test_refuser_spec = {
	.name = "refuser",
	.component = "refuser",
	.sections = sections_refuser,
};
const struct rv_duty_spec rv_test_outsider_spec = { .name = "outsider", .calls = calls_echo };

/* The simplest state: the duty itself. */
static int start_plain(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	(void)diag;
	*state = duty;
	return RV_OK;
}

static void stop_plain(void *state)
{
	rv_duty_stopped(state);
}

static void serve_echo(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	rv_bus_reply(call, RV_OK, body);
}

static void serve_die(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	(void)call;
	(void)body;
	raise(SIGKILL);
}

static int start_echo(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	int err = rv_bus_serve(rv_duty_bus(duty), "test.echo", serve_echo, NULL);

	if (err == RV_OK)
		err = rv_bus_serve(rv_duty_bus(duty), "test.die", serve_die, NULL);
	return err == RV_OK ? start_plain(duty, state, diag) : err;
}

static void metrics_echo(void *state, struct rv_buf *out)
{
	(void)state;
	rv_buf_puts(out, "# TYPE test_echo_total counter\ntest_echo_total 1\nnot a metric\n");
}

static void die(uv_timer_t *timer)
{
	(void)timer;
	raise(SIGKILL);
}

static int start_crasher(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	uv_timer_t *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		return -ENOMEM;
	uv_timer_init(rv_duty_loop(duty), timer);
	uv_timer_start(timer, die, 0, 0);
	return start_plain(duty, state, diag);
}

static void stop_never(void *state)
{
	(void)state;
}

static const char *never_ready(void *state)
{
	(void)state;
	return "too stubborn";
}

static int start_refuser(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	if (rv_conf_bool(rv_conf_get(rv_duty_conf(duty), "refuser", NULL), "refuse"))
		return rv_diag_set(diag, RV_EINVALID, "test.refused", "refuser.refuse", "it is on");
	return start_plain(duty, state, diag);
}

static int reload_refuser(void *state, struct rv_conf *conf, struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(conf, "refuser", NULL);

	(void)state;
	if (rv_conf_bool(sec, "die"))
		raise(SIGKILL);
	if (rv_conf_bool(sec, "refuse"))
		return rv_diag_set(diag, RV_EINVALID, "test.refused", "refuser.refuse", "it is on");
	return RV_OK;
}

/* front: "echo WORDS" -> "ok WORDS" or "error NAME"; "die" kills echo; "who" -> "INSTANCE"; "conf"
 * -> "WORD SECRET FIXED" of the configuration in force. */
struct front {
	struct rv_duty *duty;
	uv_tcp_t listeners[RV_DUTY_LISTEN_MAX];
	size_t count;
};

struct conn {
	struct front *front;
	uv_tcp_t tcp;
	uv_write_t write;
	char line[256];
	char answer[300];
	size_t len;
};

static void on_conn_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_written(uv_write_t *write, int status)
{
	struct conn *conn = write->data;

	(void)status;
	uv_close((uv_handle_t *)&conn->tcp, on_conn_closed);
}

static void answer(struct conn *conn)
{
	uv_buf_t buf = uv_buf_init(conn->answer, (unsigned)strlen(conn->answer));

	conn->write.data = conn;
	if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &buf, 1, on_written) != 0)
		uv_close((uv_handle_t *)&conn->tcp, on_conn_closed);
}

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct conn *conn = arg;

	if (status == RV_OK)
		snprintf(conn->answer, sizeof(conn->answer), "ok %.*s\n", RV_STR_ARG(body));
	else
		snprintf(conn->answer, sizeof(conn->answer), "error %s\n", rv_err_name(status));
	answer(conn);
}

static void tell_conf(struct conn *conn)
{
	const struct rv_conf_sec *sec = rv_conf_get(rv_duty_conf(conn->front->duty), "front", NULL);

	snprintf(conn->answer, sizeof(conn->answer), "%s %.*s %.*s\n", rv_conf_str(sec, "word"),
		 RV_STR_ARG(rv_conf_file(sec, "secret")), RV_STR_ARG(rv_conf_file(sec, "fixed")));
	answer(conn);
}

static void obey(struct conn *conn)
{
	struct rv_str line = rv_str_trim(rv_strn(conn->line, conn->len));
	bool is_die = rv_str_is(line, "die");
	int err;

	uv_read_stop((uv_stream_t *)&conn->tcp);
	if (rv_str_is(line, "who")) {
		snprintf(conn->answer, sizeof(conn->answer), "%u\n",
			 rv_duty_instance(conn->front->duty));
		answer(conn);
		return;
	}
	if (rv_str_is(line, "conf")) {
		tell_conf(conn);
		return;
	}
	err = rv_bus_request(rv_duty_bus(conn->front->duty), "echo", -1,
			     is_die ? "test.die" : "test.echo", rv_str_sub(line, 5, line.len),
			     INT64_C(5000000), on_reply, conn);
	if (err != RV_OK)
		on_reply(conn, err, rv_str(NULL));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct conn *conn = handle->data;

	(void)suggested;
	*buf = uv_buf_init(conn->line + conn->len, (unsigned)(sizeof(conn->line) - conn->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;

	(void)buf;
	if (n < 0) {
		uv_close((uv_handle_t *)stream, on_conn_closed);
		return;
	}
	conn->len += (size_t)n;
	if (memchr(conn->line, '\n', conn->len) != NULL)
		obey(conn);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL || status != 0)
		abort();
	conn->front = listener->data;
	conn->tcp.data = conn;
	uv_tcp_init(listener->loop, &conn->tcp);
	if (uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0 ||
	    uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0)
		uv_close((uv_handle_t *)&conn->tcp, on_conn_closed);
}

static int start_front(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	struct front *front = calloc(1, sizeof(*front));
	const int *fds;

	(void)diag;
	if (front == NULL)
		return -ENOMEM;
	front->duty = duty;
	front->count = rv_duty_listeners(duty, &fds);
	for (size_t i = 0; i < front->count; i++) {
		uv_tcp_init(rv_duty_loop(duty), &front->listeners[i]);
		front->listeners[i].data = front;
		if (uv_tcp_open(&front->listeners[i], fds[i]) != 0 ||
		    uv_listen((uv_stream_t *)&front->listeners[i], 16, on_connection) != 0)
			abort();
	}
	*state = front;
	return RV_OK;
}

static int reload_front(void *state, struct rv_conf *conf, struct rv_diag *diag)
{
	(void)state;
	(void)conf; /* read at each question */
	(void)diag;
	return RV_OK;
}

static void on_front_closed(uv_handle_t *handle)
{
	struct front *front = handle->data;

	if (--front->count > 0)
		return;
	rv_duty_stopped(front->duty);
	free(front);
}

static void stop_front(void *state)
{
	struct front *front = state;

	for (size_t i = 0, n = front->count; i < n; i++)
		uv_close((uv_handle_t *)&front->listeners[i], on_front_closed);
}

const struct rv_duty_code rv_test_front_code = {
	.spec = &rv_test_front_spec,
	.schema = &rv_test_sections[0],
	.schema_count = 1,
	.start = start_front,
	.reload = reload_front,
	.stop = stop_front,
};
const struct rv_duty_code rv_test_echo_code = {
	.spec = &rv_test_echo_spec,
	.start = start_echo,
	.stop = stop_plain,
	.metrics = metrics_echo,
};
const struct rv_duty_code rv_test_crasher_code = {
	.spec = &rv_test_crasher_spec,
	.start = start_crasher,
	.stop = stop_plain,
};
const struct rv_duty_code rv_test_stubborn_code = {
	.spec = &rv_test_stubborn_spec,
	.start = start_plain,
	.stop = stop_never,
	.not_ready = never_ready,
};
const struct rv_duty_code rv_test_refuser_code = {
	.spec = &rv_test_refuser_spec,
	.schema = &rv_test_sections[1],
	.schema_count = 1,
	.start = start_refuser,
	.reload = reload_refuser,
	.stop = stop_plain,
};
