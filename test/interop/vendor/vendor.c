/* vendor: a program as a vendor wrote it for libarms 5.33: C99 and C++98, <libarms.h> only,
 * positional initialisers, every type and every function. One line of output per call.
 *
 *   vendor ROOT.pem INITIAL-CONFIG
 */
#include <libarms.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOW(call) printf("%s %d\n", #call, (call))

static int on_config(uint32_t id, const char *version, const char *info, int action,
		     const char *buff, size_t len, int next, void *udata)
{
	(void)version, (void)info, (void)buff, (void)udata;
	printf("config %lu %d %lu %d\n", (unsigned long)id, action, (unsigned long)len, next);
	return 0;
}

static int on_line(int action, int type, void *conf, void *udata)
{
	(void)type, (void)udata;
	*(int *)conf = -1; /* its own business, and no reason for the library to stumble */
	return action == ARMS_LINE_ACT_DISCONNECT ? ARMS_LINE_DISCONNECTED : ARMS_LINE_CONNECTED;
}

static int on_state(int old_state, int new_state, void *udata)
{
	(void)old_state, (void)new_state, (void)udata;
	return 0;
}

static int on_log(int code, const char *text, void *udata)
{
	(void)text, (void)udata;
	return ARMS_LOG_TYPE(code) == ARMS_LOG_ERROR;
}

static int on_read(uint32_t id, int type, char *result, size_t len, int *next, void *udata)
{
	(void)id, (void)type, (void)udata;
	strncpy(result, "x", len);
	*next |= ARMS_FRAG_FINISHED;
	return 0;
}

static int on_status(uint32_t id, const char *buff, size_t buff_len, char *result, size_t len,
		     int *next, void *udata)
{
	(void)id, (void)buff, (void)buff_len, (void)len, (void)udata;
	result[0] = 0;
	*next |= ARMS_FRAG_FINISHED;
	return ARMS_RESULT_BYTES(1);
}

static int on_command(uint32_t id, int action, const char *buff, size_t buff_len, char *result,
		      size_t len, int *next, void *udata)
{
	(void)id, (void)buff, (void)buff_len, (void)result, (void)len, (void)next, (void)udata;
	return action == ARMS_PUSH_MD_COMMAND ? ARMS_EAPPEXEC : 0;
}

static int on_event(void *udata)
{
	(void)udata;
	return ARMS_EPULL;
}

static int on_statistics(arms_context_t *ctx, void *udata)
{
	(void)udata;
	return arms_hb_set_cpu_usage(ctx, 0, 1);
}

static arms_callback_tbl_t table = { ARMS_API_VERSION, on_config,    on_line,   on_state,
				     on_log,           on_read,      on_status, on_command,
				     on_event,         on_statistics };
static distribution_id_t id = { 1, 0x0000C0DE, 0x0091, 0xA1B2C3 };
static arms_line_conf_anonpppoe_t anonpppoe = { 1 };
static arms_line_conf_pppoe_t pppoe = { 2, "user", "pass" };
static arms_line_conf_dhcp_t dhcp = { 3 };
static arms_line_conf_anonmobile_t anonmobile = { 4 };
static arms_line_conf_mobile_t mobile = { 5, "090", 1, "apn", "ip", "id", "pass", "192.0.2.1" };
static arms_line_conf_static_t fixed = { 6, "192.0.2.2" };
static arms_line_conf_ra_t ra = { 7 };
static arms_line_desc_t lines[] = { { ARMS_LINE_DHCP, &dhcp },
				    { ARMS_LINE_PPPOE, &pppoe },
				    { ARMS_LINE_MOBILE, &mobile },
				    { ARMS_LINE_STATIC, &fixed },
				    { ARMS_LINE_ANONPPPOE, &anonpppoe },
				    { ARMS_LINE_ANONMOBILE, &anonmobile }, /* the sixth: not used */
				    { ARMS_LINE_RA, &ra },
				    { ARMS_LINE_NONE, NULL } };
static arms_ping_arg_t ping = { "192.0.2.1", 3, 64 };
static arms_ping_report_t report = { 1, 2 };
static arms_traceroute_arg_t trace = { "192.0.2.1", 3, 16 };
static arms_traceroute_info_t hop = { 1, "192.0.2.1 1 ms" };

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = (char *)calloc(1, 16384);

	if (f == NULL || text == NULL || fread(text, 1, 16383, f) == 0)
		exit(2);
	fclose(f);
	return text;
}

static void set_up(arms_context_t **ctx, char **argv)
{
	char *root = slurp(argv[1]), *initial = slurp(argv[2]);

	SHOW(arms_init(&id, ctx));
	SHOW(arms_register_cert(*ctx, root));
	SHOW(arms_register_authkey(*ctx, "ls-key-EXAMPLE1"));
	SHOW(arms_register_description(*ctx, "vendor", "1.0"));
	SHOW(arms_load_config(*ctx, initial, strlen(initial)));
	SHOW(arms_set_pull_trigger(*ctx, ARMS_TRIGGER_SYNC_FAILED));
	SHOW(arms_set_https_proxy(*ctx, NULL));
	free(root);
	free(initial);
}

static void look_around(arms_context_t *ctx)
{
	arms_hbt_info_t hb[MAX_HBT_INFO] = { { "h", 1, "p", 60, 1, { "a", NULL, NULL } } };
	arms_rs_info_t rs[MAX_RS_INFO] = { { "h" } };
	arms_url_t url[MAX_LS_INFO] = { { "u" } };
	arms_connection_info_t info = { ARMS_PUSH_METHOD_TUNNEL, 0, { { "", 0 } } };
	struct timeval second = { 1, 0 };

	SHOW(arms_get_hbtinfo(ctx, hb, (int)sizeof(hb)));
	SHOW(arms_get_rsinfo(ctx, rs, (int)sizeof(rs)));
	SHOW(arms_get_ls_url(ctx, url, (int)sizeof(url)));
	SHOW(arms_get_rs_url(ctx, url, (int)sizeof(url)));
	SHOW(arms_get_rs_tunnel_url(ctx, url, (int)sizeof(url)));
	SHOW(arms_get_proposed_push_port(ctx));
	SHOW(arms_get_proposed_push_timeout(ctx));
	SHOW(arms_get_connection_info(ctx, &info, (int)sizeof(info)));
	SHOW(arms_set_app_event_interval(ctx, &second));
	SHOW((int)arms_get_app_event_interval(ctx)->tv_sec);
	arms_hb_stop(ctx);
	arms_hb_start(ctx);
	SHOW(arms_hb_is_running(ctx));
	SHOW(arms_hb_set_cpu_usage(ctx, 0, 1));
	SHOW(arms_hb_set_cpu_detail_usage(ctx, 0, 1, 2, 3, 4, 5));
	SHOW(arms_hb_set_mem_usage(ctx, 0, 1, 2));
	SHOW(arms_hb_set_disk_usage(ctx, 0, 1, 2));
	SHOW(arms_hb_set_traffic_count(ctx, 0, 1, 2, 3, 4, 5, 6));
	SHOW(arms_hb_set_traffic_rate(ctx, 0, 1, 2, 3, 4, 5, 6));
	SHOW(arms_hb_set_radiowave(ctx, 0, ARMS_HB_MOBILE_NOSIGNAL, 1, 2, 3));
}

int main(int argc, char **argv)
{
	arms_context_t *ctx = NULL;
	char *state = (char *)malloc(arms_size_of_state());

	if (argc != 3 || state == NULL || ping.count != trace.count || report.success != hop.hop)
		return 2;
	set_up(&ctx, argv);
	SHOW(arms_pull(ctx, ARMS_MIN_TIMEOUT, 4, &table, lines, NULL));
	SHOW(arms_dump_state(ctx, state, arms_size_of_state()));
	SHOW(arms_push_method_query(ctx, &table, NULL));
	look_around(ctx);
	SHOW(arms_event_loop(ctx, 0, 4, &table, NULL));
	arms_end(ctx);
	SHOW(arms_init(&id, &ctx)); /* and once more, as if restarted */
	SHOW(arms_restore_state(ctx, state, arms_size_of_state()));
	arms_end(ctx);
	free(state);
	printf("%d.%d %s %d.%d\n", arms_library_ver_major(), arms_library_ver_minor(),
	       arms_library_ver_string(), arms_protocol_ver_major(), arms_protocol_ver_minor());
	return 0;
}
