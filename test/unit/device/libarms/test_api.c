/* The API from outside, as a program sees it: every error code of every call that needs no
 * network, and that nothing beyond the documented happens. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include <libarms.h>
#include <libarms_reeve.h>

#include "root_pem.h"

static distribution_id_t id = { 1, 0xc0de, 0x91, 0xa1b2c3 };

static arms_context_t *context(void)
{
	arms_context_t *ctx = NULL;

	assert_int_equal(arms_init(&id, &ctx), 0);
	assert_non_null(ctx);
	return ctx;
}

static void init_wants_an_id_and_a_place(void **state)
{
	arms_context_t *ctx = NULL;

	(void)state;
	assert_int_equal(arms_init(NULL, &ctx), ARMS_EINVAL);
	assert_int_equal(arms_init(&id, NULL), ARMS_EINVAL);
	assert_null(ctx);
	arms_end(NULL);
	arms_end(context());
}

static void contexts_are_independent(void **state)
{
	arms_context_t *a = context(), *b = context();

	(void)state;
	assert_int_equal(arms_load_config(a, "https://192.0.2.1/\n\n1\n1\n", 100), 0);
	assert_int_equal(arms_get_ls_url(b, (arms_url_t[1]){ { NULL } }, sizeof(arms_url_t)), 0);
	arms_end(a);
	arms_end(b);
}

static const struct {
	const char *text;
	int result;
	int urls;
} initial[] = {
	{ "https://192.0.2.1/arms.cgi\n\n3\n3\n", 0, 1 },
	{ "https://192.0.2.1/\nhttps://[2001:db8::1]/\nhttps://192.0.2.3/\nhttps://192.0.2.4/"
	  "\n\n3\n3\n",
	  0, 4 },
	{ "https://1/\nhttps://2/\nhttps://3/\nhttps://4/\nhttps://5/\n\n3\n3\n", ARMS_EINVAL, 0 },
	{ "", ARMS_EINVAL, 0 },
	{ "https://192.0.2.1/\n", ARMS_EINVAL, 0 },
	{ "https://192.0.2.1/\n\nx\n3\n", ARMS_EINVAL, 0 },
	{ NULL, ARMS_EINVAL, 0 },
};

static void load_config_takes_the_plain_form_or_changes_nothing(void **state)
{
	arms_url_t urls[MAX_LS_INFO];

	(void)state;
	assert_int_equal(arms_load_config(NULL, "", 0), ARMS_EFATAL);
	for (size_t i = 0; i < sizeof(initial) / sizeof(initial[0]); i++) {
		arms_context_t *ctx = context();
		const char *text = initial[i].text;
		size_t len = text != NULL ? strlen(text) + 1 : 0; /* counting the NUL is fine */

		assert_int_equal(arms_load_config(ctx, text, len), initial[i].result);
		assert_int_equal(arms_get_ls_url(ctx, urls, sizeof(urls)), initial[i].urls);
		/* A good one, then a bad one: the good one stays. */
		assert_int_equal(arms_load_config(ctx, "https://192.0.2.9/x\n\n1\n1\n", 30), 0);
		assert_int_equal(arms_load_config(ctx, "nonsense", 8), ARMS_EINVAL);
		assert_int_equal(arms_get_ls_url(ctx, urls, sizeof(urls)), 1);
		assert_string_equal(urls[0].url, "https://192.0.2.9/x");
		arms_end(ctx);
	}
}

static void get_ls_url_says_5_when_there_are_more_than_fit(void **state)
{
	arms_context_t *ctx = context();
	arms_url_t urls[2] = { { "untouched" }, { "untouched" } };

	(void)state;
	assert_int_equal(
		arms_load_config(ctx, "https://192.0.2.1/\nhttps://192.0.2.2/\n\n3\n3\n", 60), 0);
	assert_int_equal(arms_get_ls_url(ctx, urls, sizeof(urls[0])), MAX_LS_INFO);
	assert_string_equal(urls[0].url, "https://192.0.2.1/");
	assert_string_equal(urls[1].url, "untouched");
	assert_int_equal(arms_get_ls_url(ctx, urls, sizeof(urls)), 2);
	arms_end(ctx);
}

static void register_cert_wants_one_readable_root_below_5120_bytes(void **state)
{
	arms_context_t *ctx = context();
	char *big = calloc(1, ARMS_MAX_PEM_LEN + 1);

	(void)state;
	assert_non_null(big);
	assert_int_equal(arms_register_cert(NULL, root), ARMS_EFATAL);
	assert_int_equal(arms_register_cert(ctx, NULL), ARMS_EINVAL);
	assert_int_equal(arms_register_cert(ctx, ""), ARMS_EINVAL);
	assert_int_equal(arms_register_cert(ctx, "no certificate"), ARMS_EINVAL);
	/* Text around a certificate is fine as long as the whole stays below the limit. */
	memset(big, '\n', ARMS_MAX_PEM_LEN);
	memcpy(big, root, strlen(root));
	assert_int_equal(arms_register_cert(ctx, big), ARMS_EINVAL);
	big[ARMS_MAX_PEM_LEN - 1] = '\0';
	assert_int_equal(arms_register_cert(ctx, big), 0);
	assert_int_equal(arms_register_cert(ctx, root), 0);
	free(big);
	arms_end(ctx);
}

static void keys_and_descriptions_have_their_limits(void **state)
{
	static const char k64[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	static const char d32[] = "01234567890123456789012345678901";
	arms_context_t *ctx = context();
	char k65[66] = { 0 }, d33[34] = { 0 };

	(void)state;
	memset(k65, 'k', 65);
	memset(d33, 'd', 33);
	assert_int_equal(arms_register_authkey(ctx, k64), 0);
	assert_int_equal(arms_register_authkey(ctx, ""), 0);
	assert_int_equal(arms_register_authkey(ctx, k65), ARMS_EINVAL);
	assert_int_equal(arms_register_authkey(ctx, NULL), ARMS_EINVAL);
	assert_int_equal(arms_register_authkey(NULL, "k"), ARMS_EINVAL);
	assert_int_equal(arms_register_description(NULL, "a", "b"), ARMS_EFATAL);
	assert_int_equal(arms_register_description(ctx, d32, d32), 0);
	assert_int_equal(arms_register_description(ctx, NULL, NULL), 0);
	assert_int_equal(arms_register_description(ctx, d33, "1"), ARMS_EINVAL);
	assert_int_equal(arms_register_description(ctx, "1", d33), ARMS_EINVAL);
	arms_end(ctx);
}

static void triggers_are_one_of_two(void **state)
{
	arms_context_t *ctx = context();

	(void)state;
	assert_int_equal(arms_set_pull_trigger(ctx, ARMS_TRIGGER_CONFIG_ERROR), 0);
	assert_int_equal(arms_set_pull_trigger(ctx, ARMS_TRIGGER_SYNC_FAILED), 0);
	assert_int_equal(arms_set_pull_trigger(ctx, 0), -1);
	assert_int_equal(arms_set_pull_trigger(ctx, 3), -1);
	assert_int_equal(arms_set_pull_trigger(NULL, ARMS_TRIGGER_CONFIG_ERROR), -1);
	arms_end(ctx);
}

static const struct {
	const char *url;
	int result;
} proxies[] = {
	{ "http://192.0.2.1:3128", 0 },
	{ "https://192.0.2.1:3128/ignored", 0 },
	{ "HTTP://[2001:db8::1]:3128/", 0 },
	{ NULL, 0 },
	{ "192.0.2.1:3128", -1 },
	{ "ftp://192.0.2.1:3128", -1 },
	{ "http://proxy.example:3128", -1 },
	{ "http://user:pass@192.0.2.1:3128", 0 }, /* our extension */
	{ "http://user:p@ss@192.0.2.1:3128", -1 },
	{ "http://:pass@192.0.2.1:3128", -1 },
	{ "http://192.0.2.1:99999", -1 },
	{ "", -1 },
	{ "http://192.0.2.1:3128/"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "012345678901234567890123456789",
	  0 },
	{ "http://192.0.2.1:3128/"
	  "01234567890123456789012345678901234567890123456789012345678901234567890123"
	  "456789012345678901234567890123456789012345",
	  -1 },
};

static void proxies_are_numeric_urls(void **state)
{
	arms_context_t *ctx = context();

	(void)state;
	assert_int_equal(arms_set_https_proxy(NULL, NULL), -1);
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		assert_int_equal(arms_set_https_proxy(ctx, proxies[i].url), proxies[i].result);
	arms_end(ctx);
}

static void the_tls_switches_know_their_versions(void **state)
{
	arms_context_t *ctx = context();

	(void)state;
	assert_int_equal(arms_set_tls_min_version(NULL, ARMS_TLS_1_2), ARMS_EFATAL);
	assert_int_equal(arms_set_tls_min_version(ctx, ARMS_TLS_1_0), 0);
	assert_int_equal(arms_set_tls_min_version(ctx, ARMS_TLS_1_2), 0);
	assert_int_equal(arms_set_tls_min_version(ctx, 11), ARMS_EINVAL);
	assert_int_equal(arms_set_tls_only(NULL, ARMS_TLS_1_0), ARMS_EFATAL);
	assert_int_equal(arms_set_tls_only(ctx, ARMS_TLS_1_0), 0);
	assert_int_equal(arms_set_tls_only(ctx, ARMS_TLS_1_2), ARMS_EINVAL);
	arms_end(ctx);
}

static const struct {
	const char *address;
	int result;
} sources[] = {
	{ "127.0.0.5", 0 },
	{ "2001:db8::5", 0 },
	{ NULL, 0 },
	{ "", ARMS_EINVAL },
	{ "127.0.0", ARMS_EINVAL },
	{ "[::1]", ARMS_EINVAL },
	{ "127.0.0.1:80", ARMS_EINVAL },
	{ "localhost", ARMS_EINVAL },
};

static void a_source_address_is_numeric(void **state)
{
	arms_context_t *ctx = context();

	(void)state;
	assert_int_equal(arms_set_source_address(NULL, NULL), ARMS_EFATAL);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		assert_int_equal(arms_set_source_address(ctx, sources[i].address),
				 sources[i].result);
	arms_end(ctx);
}

static void a_reason_is_printable_and_of_64_characters_at_most(void **state)
{
	char text[66] = { 0 };
	arms_context_t *ctx = context();

	(void)state;
	assert_int_equal(arms_set_pull_reason(NULL, "x"), ARMS_EFATAL);
	assert_int_equal(arms_set_pull_reason(ctx, NULL), ARMS_EINVAL);
	assert_int_equal(arms_set_pull_reason(ctx, ""), ARMS_EINVAL);
	assert_int_equal(arms_set_pull_reason(ctx, "two\nlines"), ARMS_EINVAL);
	assert_int_equal(arms_set_pull_reason(ctx, "caf\xc3\xa9"), ARMS_EINVAL);
	memset(text, 'x', 65);
	assert_int_equal(arms_set_pull_reason(ctx, text), ARMS_EINVAL);
	text[64] = '\0';
	assert_int_equal(arms_set_pull_reason(ctx, text), 0);
	arms_end(ctx);
}

static void pull_refuses_what_it_cannot_use(void **state)
{
	arms_context_t *ctx = context();
	arms_callback_tbl_t cb = { ARMS_API_VERSION };
	arms_line_conf_dhcp_t dhcp = { 0 };
	arms_line_desc_t lines[] = { { ARMS_LINE_DHCP, &dhcp }, { ARMS_LINE_NONE, NULL } };
	arms_line_desc_t bad[] = { { ARMS_LINE_LAST, &dhcp }, { ARMS_LINE_NONE, NULL } };

	(void)state;
	assert_int_equal(arms_pull(ctx, 0, 0, &cb, lines, NULL),
			 ARMS_EINVAL); /* no root certificate */
	assert_int_equal(arms_register_cert(ctx, root), 0);
	assert_int_equal(arms_pull(NULL, 0, 0, &cb, lines, NULL), ARMS_EINVAL);
	assert_int_equal(arms_pull(ctx, 0, 0, NULL, lines, NULL), ARMS_EINVAL);
	assert_int_equal(arms_pull(ctx, 0, 0, &cb, NULL, NULL), ARMS_EINVAL);
	assert_int_equal(arms_pull(ctx, ARMS_MIN_TIMEOUT - 1, 0, &cb, lines, NULL), ARMS_EINVAL);
	assert_int_equal(arms_pull(ctx, ARMS_MAX_TIMEOUT + 1, 0, &cb, lines, NULL), ARMS_EINVAL);
	assert_int_equal(arms_pull(ctx, -1, 0, &cb, lines, NULL), ARMS_EINVAL);
	assert_int_equal(arms_pull(ctx, 0, 0, &cb, bad, NULL), ARMS_EINVAL);
	assert_int_equal(arms_pull(ctx, 0, 0, &cb, lines, NULL), ARMS_ESYSTEM); /* no LS */
	arms_end(ctx);
}

static void query_and_event_loop_refuse_what_they_cannot_use(void **state)
{
	arms_context_t *ctx = context();
	arms_callback_tbl_t cb = { ARMS_API_VERSION };

	(void)state;
	assert_int_equal(arms_push_method_query(NULL, &cb, NULL), ARMS_EINVAL);
	assert_int_equal(arms_push_method_query(ctx, NULL, NULL), ARMS_EINVAL);
	assert_int_equal(arms_push_method_query(ctx, &cb, NULL), ARMS_ESYSTEM);
	assert_int_equal(arms_event_loop(NULL, 0, 0, &cb, NULL), ARMS_EINVAL);
	assert_int_equal(arms_event_loop(ctx, 0, 0, NULL, NULL), ARMS_EINVAL);
	assert_int_equal(arms_event_loop(ctx, -1, 0, &cb, NULL), ARMS_EINVAL);
	assert_int_equal(arms_event_loop(ctx, 65536, 0, &cb, NULL), ARMS_EINVAL);
	assert_int_equal(arms_event_loop(ctx, 65535, 0, &cb, NULL), ARMS_EPULL); /* no method */
	arms_end(ctx);
}

static void the_state_goes_out_and_in_or_not_at_all(void **state)
{
	arms_context_t *ctx = context();
	size_t size = arms_size_of_state();
	char *blob = calloc(1, size), *again = calloc(1, size);

	(void)state;
	assert_true(blob != NULL && again != NULL);
	assert_int_equal(arms_size_of_state(), 12288);
	assert_int_equal(arms_dump_state(ctx, blob, size - 1), ARMS_ESIZE);
	assert_int_equal(blob[0], 0);
	assert_int_equal(arms_dump_state(NULL, blob, size), ARMS_EFATAL);
	assert_int_equal(arms_dump_state(ctx, NULL, size), ARMS_EFATAL);
	assert_int_equal(arms_dump_state(ctx, blob, size), 0);
	assert_int_equal(arms_restore_state(ctx, blob, size - 1), ARMS_ESIZE);
	assert_int_equal(arms_restore_state(NULL, blob, size), ARMS_EINVAL);
	assert_int_equal(arms_restore_state(ctx, NULL, size), ARMS_EINVAL);
	assert_int_equal(arms_restore_state(ctx, blob, size), 0);
	blob[size - 1] ^= 1;
	assert_int_equal(arms_restore_state(ctx, blob, size), ARMS_EINVAL);
	blob[size - 1] ^= 1;
	assert_int_equal(arms_dump_state(ctx, again, size), 0);
	assert_memory_equal(blob, again, size);
	arms_end(ctx);
	free(blob);
	free(again);
}

static void getters_before_a_pull_know_nothing_and_check_their_arguments(void **state)
{
	arms_context_t *ctx = context();
	arms_hbt_info_t hb;
	arms_rs_info_t rs;
	arms_url_t url;
	arms_connection_info_t conn;

	(void)state;
	assert_int_equal(arms_get_hbtinfo(ctx, &hb, sizeof(hb)), 0);
	assert_int_equal(arms_get_hbtinfo(ctx, &hb, sizeof(hb) - 1), -1);
	assert_int_equal(arms_get_hbtinfo(ctx, NULL, sizeof(hb)), -1);
	assert_int_equal(arms_get_hbtinfo(NULL, &hb, sizeof(hb)), -1);
	assert_int_equal(arms_get_rsinfo(ctx, &rs, sizeof(rs)), 0);
	assert_int_equal(arms_get_rsinfo(ctx, &rs, -1), -1);
	assert_int_equal(arms_get_rsinfo(NULL, &rs, sizeof(rs)), -1);
	assert_int_equal(arms_get_rs_url(ctx, &url, sizeof(url)), 0);
	assert_int_equal(arms_get_rs_url(ctx, NULL, sizeof(url)), -1);
	assert_int_equal(arms_get_rs_tunnel_url(ctx, &url, sizeof(url)), 0);
	assert_int_equal(arms_get_rs_tunnel_url(ctx, &url, 0), -1);
	assert_int_equal(arms_get_ls_url(NULL, &url, sizeof(url)), -1);
	assert_int_equal(arms_get_proposed_push_port(ctx), 0);
	assert_int_equal(arms_get_proposed_push_timeout(ctx), 0);
	assert_int_equal(arms_get_proposed_push_port(NULL), 0);
	assert_int_equal(arms_get_proposed_push_timeout(NULL), 0);
	assert_int_equal(arms_get_connection_info(ctx, &conn, sizeof(conn)), 0);
	assert_int_equal(conn.method, ARMS_PUSH_METHOD_UNKNOWN);
	assert_int_equal(conn.af, AF_INET);
	assert_int_equal(arms_get_connection_info(ctx, &conn, sizeof(conn) + 1), -1);
	assert_int_equal(arms_get_connection_info(ctx, NULL, sizeof(conn)), -1);
	assert_int_equal(arms_get_connection_info(NULL, &conn, sizeof(conn)), -1);
	arms_end(ctx);
}

static const struct {
	struct timeval value;
	int result;
} intervals[] = {
	{ { 0, 100000 }, 0 }, { { 600, 0 }, 0 },  { { 1, 999999 }, 0 },
	{ { 0, 99999 }, -1 }, { { 600, 1 }, -1 }, { { 0, 0 }, -1 },
	{ { -1, 0 }, -1 },    { { 1, -1 }, -1 },  { { 1, 1000000 }, -1 },
};

static void the_event_interval_is_between_a_tenth_of_a_second_and_ten_minutes(void **state)
{
	arms_context_t *ctx = context();

	(void)state;
	assert_null(arms_get_app_event_interval(NULL));
	assert_int_equal(arms_get_app_event_interval(ctx)->tv_sec, 60);
	assert_int_equal(arms_get_app_event_interval(ctx)->tv_usec, 0);
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		struct timeval before = *arms_get_app_event_interval(ctx);
		const struct timeval *after;

		assert_int_equal(arms_set_app_event_interval(ctx, &intervals[i].value),
				 intervals[i].result);
		after = arms_get_app_event_interval(ctx);
		if (intervals[i].result == 0)
			before = intervals[i].value;
		assert_int_equal(after->tv_sec, before.tv_sec);
		assert_int_equal(after->tv_usec, before.tv_usec);
	}
	assert_int_equal(arms_set_app_event_interval(NULL, &intervals[0].value), -1);
	assert_int_equal(arms_set_app_event_interval(ctx, NULL), -1);
	arms_end(ctx);
}

static void heartbeat_setters_fill_one_packet(void **state)
{
	arms_context_t *ctx = context();

	(void)state;
	assert_int_equal(arms_hb_set_cpu_usage(NULL, 0, 1), ARMS_EFATAL);
	assert_int_equal(arms_hb_set_mem_usage(NULL, 0, 1, 1), ARMS_EFATAL);
	assert_int_equal(arms_hb_set_cpu_usage(ctx, 0, 1), 0);
	assert_int_equal(arms_hb_set_cpu_usage(ctx, 0, 1), ARMS_EEXIST);
	assert_int_equal(arms_hb_set_cpu_detail_usage(ctx, 0, 50, 1, 30, 15, 4), 0);
	assert_int_equal(arms_hb_set_mem_usage(ctx, 0, 1, 2), 0);
	assert_int_equal(arms_hb_set_disk_usage(ctx, 0, 1, 2), 0);
	assert_int_equal(arms_hb_set_traffic_count(ctx, 0, 1, 2, 3, 4, 5, 6), 0);
	assert_int_equal(arms_hb_set_traffic_rate(ctx, 0, 1, 2, 3, 4, 5, 6), 0);
	assert_int_equal(arms_hb_set_radiowave(ctx, 0, ARMS_HB_MOBILE_RUNNING, 90, 10, 55), 0);
	for (uint16_t i = 1; arms_hb_set_disk_usage(ctx, i, 0, 0) == 0; i++)
		assert_in_range(i, 1, 44);
	assert_int_equal(arms_hb_set_disk_usage(ctx, 1000, 0, 0), ARMS_ESIZE);
	arms_hb_stop(ctx);
	arms_hb_start(ctx);
	assert_int_equal(arms_hb_is_running(ctx), 0);
	assert_int_equal(arms_hb_is_running(NULL), 0);
	arms_hb_start(NULL);
	arms_hb_stop(NULL);
	arms_end(ctx);
}

struct nested {
	arms_context_t *ctx;
	arms_callback_tbl_t *cb;
	arms_line_desc_t *lines;
	unsigned calls;
};

/* Called twice by a pull that knows no LS: 0 -> 1 -> 4. */
static int call_back_in(int old_state, int new_state, void *udata)
{
	struct nested *n = udata;
	char *blob = calloc(1, arms_size_of_state());

	assert_non_null(blob);
	assert_int_equal(old_state, n->calls == 0 ? ARMS_ST_INITIAL : ARMS_ST_LSPULL);
	assert_int_equal(new_state, n->calls == 0 ? ARMS_ST_LSPULL : ARMS_ST_BOOT_FAIL);
	n->calls++;
	assert_int_equal(arms_pull(n->ctx, 0, 0, n->cb, n->lines, n), ARMS_EINVAL);
	assert_int_equal(arms_push_method_query(n->ctx, n->cb, n), ARMS_EINVAL);
	assert_int_equal(arms_event_loop(n->ctx, 0, 0, n->cb, n), ARMS_EINVAL);
	assert_int_equal(arms_dump_state(n->ctx, blob, arms_size_of_state()), ARMS_EFATAL);
	assert_int_equal(arms_restore_state(n->ctx, blob, arms_size_of_state()), ARMS_EINVAL);
	arms_end(n->ctx);
	/* These may be called. */
	assert_int_equal(arms_register_description(n->ctx, "from a callback", NULL), 0);
	assert_int_equal(arms_set_pull_trigger(n->ctx, ARMS_TRIGGER_CONFIG_ERROR), 0);
	assert_int_equal(arms_hb_set_cpu_usage(n->ctx, (uint16_t)n->calls, 1), 0);
	free(blob);
	return -1; /* without effect */
}

static void calls_that_a_callback_may_not_make_are_refused(void **state)
{
	arms_callback_tbl_t cb = { .version = ARMS_API_VERSION, .state_cb = call_back_in };
	arms_line_desc_t lines[] = { { ARMS_LINE_NONE, NULL } };
	struct nested n = { context(), &cb, lines, 0 };

	(void)state;
	assert_int_equal(arms_register_cert(n.ctx, root), 0);
	assert_int_equal(arms_pull(n.ctx, 0, 0, &cb, lines, &n), ARMS_ESYSTEM);
	assert_int_equal(n.calls, 2);
	arms_end(n.ctx);
}

static int handler_in_force(int old_state, int new_state, void *udata)
{
	struct sigaction now;

	(void)old_state, (void)new_state;
	assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
	*(bool *)udata = now.sa_handler == SIG_IGN;
	return 0;
}

static void on_sigpipe(int signal)
{
	(void)signal;
}

static void sigpipe_is_ignored_during_a_call_and_restored_after(void **state)
{
	arms_context_t *ctx = context();
	arms_callback_tbl_t cb = { .version = ARMS_API_VERSION, .state_cb = handler_in_force };
	arms_line_desc_t lines[] = { { ARMS_LINE_NONE, NULL } };
	struct sigaction mine = { .sa_handler = on_sigpipe }, before, after;
	bool is_ignored = false;

	(void)state;
	assert_int_equal(sigaction(SIGPIPE, &mine, &before), 0);
	assert_int_equal(arms_register_cert(ctx, root), 0);
	assert_int_equal(arms_pull(ctx, 0, 0, &cb, lines, &is_ignored), ARMS_ESYSTEM);
	assert_true(is_ignored);
	assert_int_equal(sigaction(SIGPIPE, &before, &after), 0);
	assert_true(after.sa_handler == on_sigpipe);
	arms_end(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_wants_an_id_and_a_place),
		cmocka_unit_test(contexts_are_independent),
		cmocka_unit_test(load_config_takes_the_plain_form_or_changes_nothing),
		cmocka_unit_test(get_ls_url_says_5_when_there_are_more_than_fit),
		cmocka_unit_test(register_cert_wants_one_readable_root_below_5120_bytes),
		cmocka_unit_test(keys_and_descriptions_have_their_limits),
		cmocka_unit_test(triggers_are_one_of_two),
		cmocka_unit_test(proxies_are_numeric_urls),
		cmocka_unit_test(the_tls_switches_know_their_versions),
		cmocka_unit_test(a_source_address_is_numeric),
		cmocka_unit_test(a_reason_is_printable_and_of_64_characters_at_most),
		cmocka_unit_test(pull_refuses_what_it_cannot_use),
		cmocka_unit_test(query_and_event_loop_refuse_what_they_cannot_use),
		cmocka_unit_test(the_state_goes_out_and_in_or_not_at_all),
		cmocka_unit_test(getters_before_a_pull_know_nothing_and_check_their_arguments),
		cmocka_unit_test(the_event_interval_is_between_a_tenth_of_a_second_and_ten_minutes),
		cmocka_unit_test(heartbeat_setters_fill_one_packet),
		cmocka_unit_test(calls_that_a_callback_may_not_make_are_refused),
		cmocka_unit_test(sigpipe_is_ignored_during_a_call_and_restored_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
