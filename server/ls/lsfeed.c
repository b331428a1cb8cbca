/* The lsfeed duty: HTTPS to the RSs of other hosts, for lsstore. It has no store and keeps nothing;
 * libcurl on the loop does the transport, one connection kept open per RS. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/list.h"
#include "base/metric.h"
#include "log/log.h"
#include "server/ls/exchange.h"
#include "server/ls/ls.h"
#include "server/ls/store.h"

enum {
	EXCHANGES_MAX = 256, /* under way; beyond it lsstore is told to wait */
	TIMEOUT_S = 30,      /* of a whole exchange; shorter than lsstore waits */
	CONNECT_TIMEOUT_S = 10,
};

/* An RS, as the config names it. */
struct target {
	const char *name, *url;
	struct rv_str ca;
	struct curl_slist *headers; /* the token is in them */
	bool is_down;               /* the last exchange failed: told once */
};

struct lsfeed {
	struct rv_duty *duty;
	struct rv_bus *bus;
	CURLM *multi;
	uv_timer_t timer;
	struct target targets[LS_OPERATORS_MAX];
	size_t target_count;
	struct rv_list exchanges;
	unsigned open, polls; /* exchanges and sockets whose end is awaited */
	bool is_stopping, is_timer_open;
	uint64_t exchanged, failed;
};

struct exchange {
	struct rv_list link;
	struct lsfeed *feed;
	struct target *target;
	struct rv_bus_call *call;
	CURL *easy;
	char op[33];
	struct rv_buf url, body, answer;
};

static void settle(struct lsfeed *f)
{
	struct rv_duty *duty = f->duty;

	if (!f->is_stopping || f->open > 0 || f->polls > 0 || f->is_timer_open)
		return;
	for (size_t i = 0; i < f->target_count; i++)
		curl_slist_free_all(f->targets[i].headers);
	free(f);
	rv_duty_stopped(duty);
}

/* -- an exchange ends ------------------------------------------------------------------------- */

static void end(struct exchange *x, int status, struct rv_str answer)
{
	struct lsfeed *f = x->feed;
	struct rv_lsfeed_exchange_out out = { .answer = answer };
	struct rv_buf body = { .wipe = true };

	rv_fail_point("lsfeed.answer.read");
	if (status == RV_OK) {
		rv_lsfeed_exchange_out_encode(&out, &body);
		status = body.err;
	}
	rv_bus_reply(x->call, status, status == RV_OK ? rv_buf_str(&body) : (struct rv_str){ 0 });
	rv_buf_deinit(&body);
	f->failed += status != RV_OK;
	f->exchanged += status == RV_OK;
	if (x->easy != NULL) {
		curl_multi_remove_handle(f->multi, x->easy);
		curl_easy_cleanup(x->easy);
	}
	rv_list_del(&x->link);
	rv_buf_deinit(&x->url);
	rv_buf_deinit(&x->body);
	rv_buf_deinit(&x->answer);
	free(x);
	f->open--;
}

/* An RS that is down is told of once, and when it is back. */
static void log_change(struct target *t, int status, const char *why)
{
	if (status == RV_OK && t->is_down)
		rv_log(RV_LOG_INFO, "lsfeed.rs.back", RV_KS("operator", t->name));
	else if (status != RV_OK && !t->is_down)
		rv_log(RV_LOG_WARN, "lsfeed.rs.failed", RV_KS("operator", t->name),
		       RV_KS("error", rv_err_name(status)), RV_KS("text", why));
	t->is_down = status != RV_OK;
}

static void done(struct exchange *x, CURLcode code)
{
	struct rv_diag diag = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_str answer = { 0 };
	long status = 0;
	int err;

	rv_arena_init(&arena, LS_ANSWER_ARENA_MAX);
	if (code == CURLE_OK) {
		curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
		err = ls_exchange_read(rv_str(x->op), status, rv_buf_str(&x->answer), &arena,
				       &answer, &diag);
	} else {
		err = code == CURLE_OPERATION_TIMEDOUT         ? RV_ETIMEOUT
		      : code == CURLE_PEER_FAILED_VERIFICATION ? RV_ETLS
							       : RV_ECLOSED;
		rv_diag_set(&diag, err, "ls.exchange", "", "%s", curl_easy_strerror(code));
	}
	log_change(x->target, err, diag.text);
	end(x, err, answer);
	rv_arena_wipe(&arena);
}

static void collect(struct lsfeed *f)
{
	CURLMsg *message;
	struct exchange *x;
	int left;

	while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x);
		done(x, message->data.result);
	}
	settle(f);
}

/* -- libcurl on the loop ---------------------------------------------------------------------- */

/* One per socket of libcurl's. */
struct watch {
	uv_poll_t poll;
	struct lsfeed *feed;
	curl_socket_t fd;
};

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;
	struct lsfeed *f = w->feed;

	free(w);
	f->polls--;
	settle(f);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct lsfeed *f = w->feed;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if ((events & UV_READABLE) != 0)
		flags |= CURL_CSELECT_IN;
	if ((events & UV_WRITABLE) != 0)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(f->multi, w->fd, flags, &running);
	collect(f);
}

static struct watch *new_watch(struct lsfeed *f, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->feed = f;
	w->fd = fd;
	if (uv_poll_init_socket(rv_duty_loop(f->duty), &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	f->polls++;
	curl_multi_assign(f->multi, fd, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct lsfeed *f = arg;
	struct watch *w = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			if (!f->is_stopping)
				curl_multi_assign(f->multi, fd, NULL);
			uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		}
		return 0;
	}
	if (w == NULL)
		w = new_watch(f, fd);
	if (w == NULL)
		return -1;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_ready) == 0 ? 0 : -1;
}

static void on_timer(uv_timer_t *timer)
{
	struct lsfeed *f = timer->data;
	int running;

	curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(f);
}

/* libcurl must not be called from here, so 0 becomes the next turn of the loop. */
static int on_timeout(CURLM *multi, long ms, void *arg)
{
	struct lsfeed *f = arg;

	(void)multi;
	if (ms < 0)
		uv_timer_stop(&f->timer);
	else
		uv_timer_start(&f->timer, on_timer, ms > 0 ? (uint64_t)ms : 1, 0);
	return 0;
}

/* -- an exchange begins ----------------------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct rv_buf *answer = arg;

	rv_buf_put(answer, data, size * n);
	return answer->err == RV_OK ? size * n : 0;
}

static struct target *find_target(struct lsfeed *f, struct rv_str name)
{
	for (size_t i = 0; i < f->target_count; i++)
		if (rv_str_is(name, f->targets[i].name))
			return &f->targets[i];
	return NULL;
}

static int set_options(struct exchange *x)
{
	struct curl_blob ca = { (void *)x->target->ca.ptr, x->target->ca.len, CURL_BLOB_NOCOPY };
	CURL *c = x->easy;

	curl_easy_setopt(c, CURLOPT_URL, x->url.ptr);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, x->target->headers);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.len);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, x->body.ptr);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &x->answer);
	curl_easy_setopt(c, CURLOPT_PRIVATE, x);
	if (x->target->ca.len > 0 && (curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca) != CURLE_OK ||
				      curl_easy_setopt(c, CURLOPT_CAPATH, NULL) != CURLE_OK))
		return RV_ETLS;
	return curl_multi_add_handle(x->feed->multi, c) == CURLM_OK ? RV_OK : -ENOMEM;
}

static int begin(struct exchange *x, struct rv_str body)
{
	struct rv_lsfeed_exchange_in in = { 0 };
	struct rv_arena arena = { 0 };
	int err = rv_lsfeed_exchange_in_decode(body, &arena, &in);

	if (err == RV_OK)
		err = rv_lsfeed_exchange_in_check(&in, NULL);
	if (err == RV_OK) {
		x->target = find_target(x->feed, in.source);
		rv_str_copy(in.op, x->op, sizeof(x->op));
		err = x->target != NULL ? RV_OK : RV_ENOTFOUND;
	}
	if (err == RV_OK) {
		rv_buf_puts(&x->url, x->target->url);
		err = ls_exchange_write(in.op, in.request, &x->url, &x->body);
		rv_buf_putc(&x->url, '\0');
	}
	rv_arena_wipe(&arena);
	if (err != RV_OK || x->url.err != RV_OK)
		return err != RV_OK ? err : x->url.err;
	x->easy = curl_easy_init();
	if (x->easy == NULL)
		return -ENOMEM;
	err = set_options(x);
	if (err != RV_OK) {
		curl_easy_cleanup(x->easy);
		x->easy = NULL;
	}
	return err;
}

static void on_call(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct lsfeed *f = arg;
	struct exchange *x = NULL;
	int err = f->open >= EXCHANGES_MAX || f->is_stopping ? RV_EBUSY : RV_OK;

	rv_fail_point("lsfeed.request.taken");
	if (err == RV_OK) {
		x = calloc(1, sizeof(*x));
		err = x != NULL ? RV_OK : -ENOMEM;
	}
	if (err != RV_OK) {
		rv_bus_reply(call, err, (struct rv_str){ 0 });
		return;
	}
	x->feed = f;
	x->call = call;
	x->body.wipe = x->answer.wipe = true;
	rv_buf_init(&x->answer, LS_ANSWER_MAX);
	rv_list_add_tail(&f->exchanges, &x->link);
	f->open++;
	err = begin(x, body);
	if (err != RV_OK)
		end(x, err, (struct rv_str){ 0 });
}

/* -- life ------------------------------------------------------------------------------------- */

static int add_headers(struct target *t, struct rv_str token)
{
	char line[256];
	struct curl_slist *list, *more;
	int n = snprintf(line, sizeof(line), "Authorization: Bearer %.*s", RV_STR_ARG(token));

	if (n < 0 || (size_t)n >= sizeof(line))
		return RV_ELIMIT;
	list = curl_slist_append(NULL, line);
	rv_wipe(line, sizeof(line));
	more = list != NULL ? curl_slist_append(list, "Content-Type: application/json") : NULL;
	if (more == NULL) {
		curl_slist_free_all(list);
		return -ENOMEM;
	}
	t->headers = more;
	return RV_OK;
}

static int add_target(struct lsfeed *f, const struct rv_conf_sec *sec, struct rv_diag *diag)
{
	struct target *t = &f->targets[f->target_count];
	struct rv_str token = rv_str_trim(rv_conf_file(sec, "token_file"));

	if (f->target_count == LS_OPERATORS_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "ls.operators", "operator",
				   "more than %d operators", LS_OPERATORS_MAX);
	t->name = rv_conf_title(sec);
	t->url = rv_conf_str(sec, "url");
	t->ca = rv_conf_file(sec, "ca");
	if (t->url == NULL || token.len == 0 || !rv_str_is_ascii(token, NULL) ||
	    rv_str_find(token, '\n') < token.len)
		return rv_diag_set(diag, RV_EINVALID, "ls.operator", "operator",
				   "operator \"%s\" needs url and token_file, with one token in it",
				   t->name);
	int err = add_headers(t, token);
	f->target_count += err == RV_OK;
	return err;
}

static int make(struct lsfeed *f, struct rv_diag *diag)
{
	const struct rv_conf *conf = rv_duty_conf(f->duty);
	const struct rv_conf_sec *sec = rv_conf_get(conf, "operator", NULL);
	int err = RV_OK;

	for (; err == RV_OK && sec != NULL; sec = rv_conf_next(conf, sec))
		err = add_target(f, sec, diag);
	if (err != RV_OK)
		return err;
	f->multi = curl_multi_init();
	if (f->multi == NULL)
		return -ENOMEM;
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	return rv_bus_serve(f->bus, "lsfeed.exchange", on_call, f);
}

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	struct lsfeed *f = calloc(1, sizeof(*f));
	int err = f == NULL                                           ? -ENOMEM
		  : curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ? RV_ETLS
								      : RV_OK;

	if (err != RV_OK) {
		free(f);
		return err;
	}
	f->duty = duty;
	f->bus = rv_duty_bus(duty);
	rv_list_init(&f->exchanges);
	err = make(f, diag);
	if (err != RV_OK) {
		curl_multi_cleanup(f->multi);
		for (size_t i = 0; i < f->target_count; i++)
			curl_slist_free_all(f->targets[i].headers);
		free(f);
		return err;
	}
	uv_timer_init(rv_duty_loop(duty), &f->timer);
	f->timer.data = f;
	f->is_timer_open = true;
	*state = f;
	return RV_OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct lsfeed *f = handle->data;

	f->is_timer_open = false;
	settle(f);
}

/* What is under way ends at once: whoever asked asks again. */
static void stop(void *state)
{
	struct lsfeed *f = state;
	struct rv_list *link;

	f->is_stopping = true;
	while ((link = f->exchanges.next) != &f->exchanges)
		end(RV_CONTAINER_OF(link, struct exchange, link), RV_ECANCELED,
		    (struct rv_str){ 0 });
	curl_multi_cleanup(f->multi); /* closes the connections, and lets go of their sockets */
	f->multi = NULL;
	uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}

static void metrics(void *state, struct rv_buf *out)
{
	const struct lsfeed *f = state;
	const struct rv_metric rows[] = {
		{ "exchanges_total", "Requests to an RS on another host that were answered.",
		  f->exchanged },
		{ "exchanges_failed_total", "Requests that failed, or were refused there.",
		  f->failed },
		{ "exchanges_open", "Requests not yet answered.", f->open },
	};

	rv_metric_put(out, "lsfeed", rows, RV_ARRAY_LEN(rows));
}

const struct rv_duty_code rv_lsfeed_code = {
	.spec = &rv_lsfeed_duty_spec,
	.schema = rv_ls_sections,
	.schema_count = 2,
	.start = start,
	.stop = stop,
	.metrics = metrics,
};
