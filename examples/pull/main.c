/* arms-pull: a whole SMFv2 device in a hundred lines.
 *
 *   arms-pull DISTRIBUTION-ID LS-SA-KEY LS-ROOT.pem INITIAL-CONFIG [REFUSE]
 *
 * It asks the LS where its RS is, pulls its Service-Config, prints every config to stdout and
 * then follows the canonical program flow: query, event loop, pull again when told to. Configs
 * and keys stay in memory: this program writes no file, and so does the library. INITIAL-CONFIG
 * names the LS ("https://192.0.2.1/arms.cgi", an empty line, retry interval and count). A config
 * that contains the text REFUSE is not accepted.
 *
 * Build it outside of Reeve: cc main.c $(pkg-config --cflags --libs libarms)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <libarms.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A real device would check the config, store it in memory as the running one and answer -1 if
 * it cannot use it: the library then tells the server "invalid config" with the next pull. */
static int on_config(uint32_t id, const char *version, const char *infostring, int action,
		     const char *buff, size_t buff_len, int next, void *udata)
{
	const char *refuse = udata;

	if (action == ARMS_REMOVE_MODULE) {
		printf("module %u is removed\n", id);
		return 0;
	}
	if ((next & ARMS_FRAG_FIRST) != 0)
		printf("---- config of module %u (%s %s)\n", id, infostring,
		       version != NULL ? version : "without version");
	fwrite(buff, 1, buff_len, stdout);
	if ((next & ARMS_FRAG_FINISHED) != 0)
		printf("---- end of module %u\n", id);
	if (refuse != NULL && memmem(buff, buff_len, refuse, strlen(refuse)) != NULL) {
		printf("module %u is refused\n", id);
		return -1;
	}
	return 0;
}

/* The network of this machine is up already; a router would dial here. Never print line_conf:
 * it holds passwords. */
static int on_line(int line_action, int line_type, void *line_conf, void *udata)
{
	(void)line_type, (void)line_conf, (void)udata;
	return line_action == ARMS_LINE_ACT_DISCONNECT ? ARMS_LINE_DISCONNECTED
						       : ARMS_LINE_CONNECTED;
}

static int on_state(int old_state, int new_state, void *udata)
{
	(void)udata;
	printf("state %d -> %d\n", old_state, new_state);
	return 0;
}

static int on_log(int log_code, const char *str, void *udata)
{
	(void)udata;
	printf("log %d: %s\n", ARMS_LOG_TYPE(log_code), str);
	return 0;
}

static char *read_text(const char *path)
{
	static const size_t max = 16384;
	FILE *f = fopen(path, "r");
	char *text = calloc(1, max);

	if (f == NULL || text == NULL || fread(text, 1, max - 1, f) == 0) {
		perror(path);
		exit(2);
	}
	fclose(f);
	return text;
}

static distribution_id_t read_id(const char *text)
{
	unsigned g[8];

	if (sscanf(text, "%4x-%4x-%4x-%4x-%4x-%4x-%4x-%4x", &g[0], &g[1], &g[2], &g[3], &g[4],
		   &g[5], &g[6], &g[7]) != 8) {
		fprintf(stderr, "no distribution id: %s\n", text);
		exit(2);
	}
	return (distribution_id_t){ (uint16_t)g[0], g[1] << 16 | g[2], (uint16_t)g[3],
				    (uint64_t)g[4] << 48 | (uint64_t)g[5] << 32 |
					    (uint64_t)g[6] << 16 | g[7] };
}

/* What the RS told beside the configs; an appliance would open its packet filter for these. */
static void print_info(arms_context_t *ctx)
{
	arms_url_t urls[MAX_RS_INFO];
	arms_hbt_info_t hb[MAX_HBT_INFO];
	int n = arms_get_rs_url(ctx, urls, sizeof(urls));

	for (int i = 0; i < n; i++)
		printf("RS %s\n", urls[i].url);
	n = arms_get_rs_tunnel_url(ctx, urls, sizeof(urls));
	for (int i = 0; i < n; i++)
		printf("tunnel %s\n", urls[i].url);
	n = arms_get_hbtinfo(ctx, hb, sizeof(hb));
	for (int i = 0; i < n; i++)
		printf("heartbeat to %s port %d every %d s\n", hb[i].host, hb[i].port,
		       hb[i].interval);
}

int main(int argc, char **argv)
{
	arms_callback_tbl_t cb = { .version = ARMS_API_VERSION,
				   .config_cb = on_config,
				   .line_ctrl_cb = on_line,
				   .state_cb = on_state,
				   .log_cb = on_log };
	arms_line_conf_static_t here = { 0, "" };
	arms_line_desc_t lines[] = { { ARMS_LINE_STATIC, &here }, { ARMS_LINE_NONE, NULL } };
	arms_context_t *ctx = NULL;
	distribution_id_t id;
	char *root, *initial;
	int r;

	if (argc != 5 && argc != 6) {
		fprintf(stderr,
			"usage: %s DISTRIBUTION-ID LS-SA-KEY LS-ROOT.pem INITIAL-CONFIG "
			"[REFUSE]\n",
			argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	id = read_id(argv[1]);
	root = read_text(argv[3]);
	initial = read_text(argv[4]);

	/* Set-up: who we are, whom we trust, where the LS is. Everything is copied. */
	if (arms_init(&id, &ctx) != 0 || arms_register_authkey(ctx, argv[2]) != 0 ||
	    arms_register_cert(ctx, root) != 0 || arms_load_config(ctx, initial, 16384) != 0 ||
	    arms_register_description(ctx, "arms-pull example", NULL) != 0) {
		fprintf(stderr, "set-up failed: look at the key, the certificate and %s\n",
			argv[4]);
		arms_end(ctx);
		return 1;
	}
	free(root);
	free(initial);

	/* EPULL, from whichever of the three, means: pull again. Anything else ends the program. */
	do {
		r = arms_pull(ctx, ARMS_DEFAULT_TIMEOUT, 0, &cb, lines, argv[5]);
		if (r == 0)
			r = arms_push_method_query(ctx, &cb, NULL);
		if (r == 0) {
			print_info(ctx);
			r = arms_event_loop(ctx, arms_get_proposed_push_port(ctx), 0, &cb, NULL);
		}
		printf("result %d\n", r);
	} while (r == ARMS_EPULL);

	arms_end(ctx); /* removes the modules and wipes the keys */
	return r == ARMS_EREBOOT ? 0 : 1;
}
