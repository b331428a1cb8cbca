/* arms_probe: libarms from the command line, one line of text per fact, for the interop tests.
 *
 *   arms_probe --distid D --key K --root FILE --ls URL [OPTION...] STEP...
 *
 * Steps, in order, whatever the one before returned: pull, query, loop, info, hb. Every call
 * prints "return CALL CODE", every callback one line; exit status 0 unless the command line is
 * wrong. Output is made for comparison and shows passwords: for tests only.
 */
#include <getopt.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libarms.h>
#include <libarms_reeve.h>

enum { TEXT_SHOWN = 256, FILE_MAX = 65536, SCRIPT_MAX = 64 };

struct probe {
	arms_context_t *ctx;
	distribution_id_t id;
	const char *key, *description, *firmware, *proxy, *dump, *restore;
	char *root;
	char *text;         /* of the Initial-Config */
	char initial[4096]; /* LS URLs, then the retry bases */
	int ls_interval, ls_max;
	size_t fragment;
	long timeout;
	int trigger;
	int config_result, remove_result;
	int line_script[SCRIPT_MAX]; /* results of the line callback, in order */
	size_t script_len, script_at;
	int config_script[SCRIPT_MAX]; /* likewise of the config callback, before config_result */
	size_t config_script_len, config_script_at;
	int event_result;
	arms_line_desc_t lines[ARMS_MAX_LINE + 2];
	arms_line_conf_mobile_t confs[ARMS_MAX_LINE + 1]; /* the largest of them */
	size_t line_count;
	arms_callback_tbl_t cb;
};

static void die(const char *what, const char *arg)
{
	fprintf(stderr, "arms_probe: %s: %s\n", what, arg);
	exit(2);
}

static char *read_file(const char *path, size_t *len)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	char *data = calloc(1, FILE_MAX + 1);

	if (f == NULL || data == NULL)
		die("cannot read", path);
	*len = fread(data, 1, FILE_MAX, f);
	if (f != stdin)
		fclose(f);
	return data;
}

static void print_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len && i < TEXT_SHOWN; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > 0x20 && c < 0x7f && c != '\\')
			putchar(c);
		else
			printf("\\x%02x", c);
	}
}

/* ---- Callbacks --------------------------------------------------------------------------- */

static int on_config(uint32_t id, const char *version, const char *infostring, int action,
		     const char *buff, size_t buff_len, int next, void *udata)
{
	struct probe *p = udata;
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned hash_len = 0;

	printf("config id=%u action=%d next=%d len=%zu version=%s info=%s", id, action, next,
	       buff_len, version != NULL ? version : "(null)", infostring);
	if (buff != NULL) {
		EVP_Digest(buff, buff_len, hash, &hash_len, EVP_sha256(), NULL);
		printf(" nul=%d sha=", buff[buff_len] == '\0');
		for (unsigned i = 0; i < hash_len; i++)
			printf("%02x", hash[i]);
		printf(" text=");
		print_text(buff, buff_len);
	}
	putchar('\n');
	if (action == ARMS_REMOVE_MODULE)
		return p->remove_result;
	return p->config_script_at < p->config_script_len ? p->config_script[p->config_script_at++]
							  : p->config_result;
}

static int on_line(int line_action, int line_type, void *line_conf, void *udata)
{
	static const char *const actions[] = { "none", "connect", "disconnect", "status" };
	static const int results[] = { -1, ARMS_LINE_CONNECTED, ARMS_LINE_DISCONNECTED, -1 };
	struct probe *p = udata;
	int result = p->script_at < p->script_len ? p->line_script[p->script_at++]
						  : results[line_action];

	printf("line %s type=%d ifindex=%d", actions[line_action], line_type, *(int *)line_conf);
	if (line_type == ARMS_LINE_PPPOE || line_type == ARMS_LINE_PPPOE_IPV6) {
		arms_line_conf_pppoe_t *c = line_conf;

		printf(" id=%s pass=%s", c->id, c->pass);
	} else if (line_type == ARMS_LINE_MOBILE) {
		arms_line_conf_mobile_t *c = line_conf;

		printf(" telno=%s cid=%d apn=%s pdp=%s id=%s pass=%s ipaddr=%s", c->telno, c->cid,
		       c->apn, c->pdp, c->id, c->pass, c->ipaddr);
	} else if (line_type == ARMS_LINE_STATIC) {
		printf(" ipaddr=%s", ((arms_line_conf_static_t *)line_conf)->ipaddr);
	}
	printf(" -> %d\n", result);
	return result;
}

static int on_state(int old_state, int new_state, void *udata)
{
	(void)udata;
	printf("state %d %d\n", old_state, new_state);
	return 0;
}

static int on_log(int log_code, const char *str, void *udata)
{
	(void)udata;
	printf("log %d %s\n", log_code, str);
	return 0;
}

static int on_event(void *udata)
{
	struct probe *p = udata;

	printf("event\n");
	return p->event_result;
}

static int on_statistics(arms_context_t *ctx, void *udata)
{
	(void)ctx, (void)udata;
	printf("statistics\n");
	return 0;
}

/* ---- Command line ------------------------------------------------------------------------ */

static void parse_distid(const char *text, distribution_id_t *id)
{
	unsigned g[8];

	if (sscanf(text, "%4x-%4x-%4x-%4x-%4x-%4x-%4x-%4x", &g[0], &g[1], &g[2], &g[3], &g[4],
		   &g[5], &g[6], &g[7]) != 8)
		die("no distribution id", text);
	id->version = (uint16_t)g[0];
	id->vendor_code = g[1] << 16 | g[2];
	id->sa_type = (uint16_t)g[3];
	id->sa_code = (uint64_t)g[4] << 48 | (uint64_t)g[5] << 32 | (uint64_t)g[6] << 16 | g[7];
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from != NULL ? from : "");
}

/* TYPE:IFINDEX[:ID:PASS] or static:IFINDEX:ADDRESS; without IFINDEX a NULL line_conf. */
static void add_line(struct probe *p, const char *arg)
{
	static const char *const names[] = { "",           "anonpppoe",      "pppoe",  "dhcp",
					     "anonmobile", "mobile",         "static", "ra",
					     "pppoe-ipv6", "anonpppoe-ipv6", "bad" };
	char *text = strdup(arg), *rest = text, *name, *ifindex, *id;
	arms_line_conf_mobile_t *conf = &p->confs[p->line_count];
	int type = 0;

	if (text == NULL || p->line_count > ARMS_MAX_LINE)
		die("too many lines", arg);
	name = strsep(&rest, ":");
	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			type = (int)i;
	if (type == 0)
		die("unknown line type", arg);
	p->lines[p->line_count++] = (arms_line_desc_t){ type, rest != NULL ? conf : NULL };
	ifindex = strsep(&rest, ":");
	conf->ifindex = ifindex != NULL ? atoi(ifindex) : 0;
	id = strsep(&rest, ":");
	if (type == ARMS_LINE_STATIC) {
		copy(((arms_line_conf_static_t *)(void *)conf)->ipaddr, 48, id);
	} else if (type == ARMS_LINE_MOBILE) {
		copy(conf->id, sizeof(conf->id), id);
		copy(conf->pass, sizeof(conf->pass), rest);
	} else if (type == ARMS_LINE_PPPOE || type == ARMS_LINE_PPPOE_IPV6) {
		arms_line_conf_pppoe_t *c = (void *)conf;

		copy(c->id, sizeof(c->id), id);
		copy(c->pass, sizeof(c->pass), rest);
	}
	free(text);
}

/* "-1,0,2" */
static size_t read_script(int script[SCRIPT_MAX], const char *arg)
{
	size_t len = 0;
	char *end;

	for (; *arg != '\0'; arg = *end == ',' ? end + 1 : end) {
		if (len == SCRIPT_MAX)
			die("script too long", arg);
		script[len++] = (int)strtol(arg, &end, 10);
		if (end == arg)
			die("no number", arg);
	}
	return len;
}

static const struct option options[] = {
	{ "distid", 1, NULL, 'd' },        { "key", 1, NULL, 'k' },
	{ "root", 1, NULL, 'r' },          { "ls", 1, NULL, 'l' },
	{ "initial", 1, NULL, 'I' },       { "ls-interval", 1, NULL, 'i' },
	{ "ls-max", 1, NULL, 'm' },        { "description", 1, NULL, 'D' },
	{ "firmware", 1, NULL, 'f' },      { "line", 1, NULL, 'n' },
	{ "fragment", 1, NULL, 'F' },      { "timeout", 1, NULL, 't' },
	{ "trigger", 1, NULL, 'T' },       { "proxy", 1, NULL, 'p' },
	{ "tls10", 0, NULL, '1' },         { "tls10-only", 0, NULL, '0' },
	{ "dump", 1, NULL, 'u' },          { "restore", 1, NULL, 'R' },
	{ "config-result", 1, NULL, 'c' }, { "config-results", 1, NULL, 'C' },
	{ "remove-result", 1, NULL, 'M' }, { "line-results", 1, NULL, 's' },
	{ "no-config-cb", 0, NULL, 'N' },  { "event-result", 1, NULL, 'e' },
	{ "api", 1, NULL, 'a' },           { NULL, 0, NULL, 0 },
};

static int result(const char *call, int code)
{
	printf("return %s %d\n", call, code);
	return code;
}

static void add_ls(struct probe *p, const char *url)
{
	size_t len = strlen(p->initial);

	snprintf(p->initial + len, sizeof(p->initial) - len, "%s\n", url);
}

static void take_option(struct probe *p, int option)
{
	size_t len = 0;

	switch (option) {
	case 'd':
		parse_distid(optarg, &p->id);
		break;
	case 'k':
		p->key = optarg;
		break;
	case 'r':
		p->root = read_file(optarg, &len);
		break;
	case 'l':
		add_ls(p, optarg);
		break;
	case 'I':
		free(p->text);
		p->text = read_file(optarg, &len);
		snprintf(p->initial, sizeof(p->initial), "%s", p->text);
		p->ls_max = -1;
		break;
	case 'i':
		p->ls_interval = atoi(optarg);
		break;
	case 'm':
		p->ls_max = atoi(optarg);
		break;
	case 'D':
		p->description = optarg;
		break;
	case 'f':
		p->firmware = optarg;
		break;
	case 'n':
		add_line(p, optarg);
		break;
	case 'F':
		p->fragment = strtoul(optarg, NULL, 10);
		break;
	case 't':
		p->timeout = atol(optarg);
		break;
	case 'T':
		p->trigger = atoi(optarg);
		break;
	case 'p':
		p->proxy = optarg;
		break;
	case 'u':
		p->dump = optarg;
		break;
	case 'R':
		p->restore = optarg;
		break;
	case 'c':
		p->config_result = atoi(optarg);
		break;
	case 'M':
		p->remove_result = atoi(optarg);
		break;
	case 'C':
		p->config_script_len = read_script(p->config_script, optarg);
		break;
	case 's':
		p->script_len = read_script(p->line_script, optarg);
		break;
	case 'e':
		p->event_result = atoi(optarg);
		break;
	case 'a':
		p->cb.version = atoi(optarg);
		break;
	default:
		exit(2);
	}
}

/* ---- Steps ------------------------------------------------------------------------------- */

static void print_urls(const char *name, arms_context_t *ctx,
		       int (*get)(arms_context_t *, arms_url_t *, int))
{
	arms_url_t urls[MAX_RS_INFO];
	int n = get(ctx, urls, sizeof(urls));

	printf("info %s %d", name, n);
	for (int i = 0; i < n; i++)
		printf(" %s", urls[i].url);
	putchar('\n');
}

static void print_info(struct probe *p)
{
	arms_hbt_info_t hb[MAX_HBT_INFO];
	arms_rs_info_t rs[MAX_RS_INFO];
	arms_connection_info_t conn;
	int n = arms_get_hbtinfo(p->ctx, hb, sizeof(hb));

	printf("info heartbeat %d", n);
	for (int i = 0; i < n; i++) {
		printf(" %s:%d:%s:%d", hb[i].host, hb[i].port, hb[i].passphrase, hb[i].interval);
		for (int k = 0; k < hb[i].numalg; k++)
			printf(":%s", hb[i].algorithm[k]);
	}
	n = arms_get_rsinfo(p->ctx, rs, sizeof(rs));
	printf("\ninfo rs %d", n);
	for (int i = 0; i < n; i++)
		printf(" %s", rs[i].host);
	putchar('\n');
	print_urls("ls-url", p->ctx, arms_get_ls_url);
	print_urls("rs-url", p->ctx, arms_get_rs_url);
	print_urls("tunnel-url", p->ctx, arms_get_rs_tunnel_url);
	printf("info port %d timeout %d\n", arms_get_proposed_push_port(p->ctx),
	       arms_get_proposed_push_timeout(p->ctx));
	n = arms_get_connection_info(p->ctx, &conn, sizeof(conn));
	printf("info connection %d method=%d af=%d\n", n, conn.method, conn.af);
}

static void heartbeat(struct probe *p)
{
	result("arms_hb_set_cpu_usage", arms_hb_set_cpu_usage(p->ctx, 0, 1));
	result("arms_hb_set_cpu_usage", arms_hb_set_cpu_usage(p->ctx, 0, 1));
	result("arms_hb_is_running", arms_hb_is_running(p->ctx));
}

static void step(struct probe *p, const char *name)
{
	if (strcmp(name, "pull") == 0)
		result("arms_pull",
		       arms_pull(p->ctx, p->timeout, p->fragment, &p->cb, p->lines, p));
	else if (strcmp(name, "query") == 0)
		result("arms_push_method_query", arms_push_method_query(p->ctx, &p->cb, p));
	else if (strcmp(name, "loop") == 0)
		result("arms_event_loop", arms_event_loop(p->ctx, 0, p->fragment, &p->cb, p));
	else if (strcmp(name, "info") == 0)
		print_info(p);
	else if (strcmp(name, "hb") == 0)
		heartbeat(p);
	else
		die("unknown step", name);
}

static void restore(struct probe *p)
{
	size_t len = 0;
	char *state = read_file(p->restore, &len);

	result("arms_restore_state", arms_restore_state(p->ctx, state, len));
	free(state);
}

static void dump(struct probe *p)
{
	size_t size = arms_size_of_state();
	char *state = calloc(1, size);
	FILE *f = strcmp(p->dump, "-") == 0 ? stdout : fopen(p->dump, "wb");

	if (state == NULL || f == NULL)
		die("cannot write", p->dump);
	result("arms_dump_state", arms_dump_state(p->ctx, state, size));
	fwrite(state, 1, size, f);
	if (f != stdout)
		fclose(f);
	free(state);
}

/* tls: the option that was given, or 0. */
static void set_up(struct probe *p, int tls)
{
	const struct timeval tenth = { 0, 100000 };
	size_t len = strlen(p->initial);

	if (result("arms_init", arms_init(&p->id, &p->ctx)) != 0)
		exit(1);
	if (p->ls_max >= 0)
		snprintf(p->initial + len, sizeof(p->initial) - len, "\n%d\n%d\n", p->ls_interval,
			 p->ls_max);
	if (len > 0)
		result("arms_load_config",
		       arms_load_config(p->ctx, p->initial, strlen(p->initial)));
	if (p->root != NULL)
		result("arms_register_cert", arms_register_cert(p->ctx, p->root));
	if (p->key != NULL)
		result("arms_register_authkey", arms_register_authkey(p->ctx, p->key));
	result("arms_register_description",
	       arms_register_description(p->ctx, p->description, p->firmware));
	if (p->proxy != NULL)
		result("arms_set_https_proxy", arms_set_https_proxy(p->ctx, p->proxy));
	if (p->trigger != 0)
		result("arms_set_pull_trigger", arms_set_pull_trigger(p->ctx, p->trigger));
	if (tls == '1')
		result("arms_set_tls_min_version", arms_set_tls_min_version(p->ctx, ARMS_TLS_1_0));
	if (tls == '0')
		result("arms_set_tls_only", arms_set_tls_only(p->ctx, ARMS_TLS_1_0));
	(void)arms_set_app_event_interval(p->ctx, &tenth);
	if (p->restore != NULL)
		restore(p);
}

int main(int argc, char **argv)
{
	static struct probe p = { .timeout = 60,
				  .cb = { ARMS_API_VERSION, on_config, on_line, on_state, on_log,
					  NULL, NULL, NULL, on_event, on_statistics } };
	int tls = 0;
	int option;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '0' || option == '1')
			tls = option;
		else if (option == 'N')
			p.cb.config_cb = NULL;
		else
			take_option(&p, option);
	}
	set_up(&p, tls);
	for (; optind < argc; optind++)
		step(&p, argv[optind]);
	if (p.dump != NULL)
		dump(&p);
	arms_end(p.ctx);
	printf("end\n");
	free(p.root);
	free(p.text);
	return 0;
}
