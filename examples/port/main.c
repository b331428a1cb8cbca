/* arms-port: the skeleton of a port of libarms to a device, for doc/sa-vendor/README.md.
 *
 *   arms-port DISTRIBUTION-ID LS-SA-KEY LS-ROOT.pem INITIAL-CONFIG
 *
 * Plain C99 and nothing but libarms.h. What begins with port_ is what a vendor writes anew; here
 * it says what a device would do. Exit status: 0 restart the device, 3 the service does not want
 * this device, 1 all else.
 */
#include <libarms.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONFIG_MAX = 65536, /* bytes of a config that this device can hold */
	FRAGMENT = 1024,    /* bytes that the library hands over at once */
	TEXT_MAX = 16384,
};

/* -- what belongs to the device ---------------------------------------------------------------- */

struct device {
	arms_context_t *ctx;
	char candidate[CONFIG_MAX + 1]; /* being received */
	size_t candidate_len;
	char running[CONFIG_MAX + 1]; /* applied; in memory only, as the candidate */
	int has_candidate;
	int line_polls;
	int is_asked_to_pull; /* somebody pressed the button */
};

/* Can this device run that text? Nothing may change here: the pull can still fail. */
static int port_check_config(const char *config)
{
	return strncmp(config, "hostname ", strlen("hostname ")) == 0 ? 0 : -1;
}

static void port_apply_config(const char *config)
{
	printf("applied: %s\n", config);
}

static void port_remove_module(uint32_t id)
{
	printf("removed: module %u\n", (unsigned)id);
}

/* A real one starts its DHCP client here and returns at once. */
static void port_dhcp_start(int ifindex)
{
	printf("line %d: DHCP started\n", ifindex);
}

/* Here there is one when it is first asked for, a second after the start. */
static int port_dhcp_has_address(struct device *device)
{
	return ++device->line_polls >= 1;
}

static void port_dhcp_stop(int ifindex)
{
	printf("line %d: stopped\n", ifindex);
}

/* -- callbacks -----------------------------------------------------------------------------------
 */

static int on_config(uint32_t id, const char *version, const char *infostring, int action,
		     const char *buff, size_t buff_len, int next, void *udata)
{
	struct device *device = udata;

	(void)version, (void)infostring;
	if (action == ARMS_REMOVE_MODULE) {
		port_remove_module(id);
		return 0;
	}
	if ((next & ARMS_FRAG_FIRST) != 0)
		device->candidate_len = 0;
	if (buff_len > CONFIG_MAX - device->candidate_len)
		return -1; /* refused: the server hears "invalid config" */
	memcpy(device->candidate + device->candidate_len, buff, buff_len);
	device->candidate_len += buff_len;
	device->candidate[device->candidate_len] = '\0';
	if ((next & ARMS_FRAG_FINISHED) == 0)
		return 0;
	if (port_check_config(device->candidate) != 0)
		return -1;
	device->has_candidate = 1;
	return 0;
}

static int on_line(int line_action, int line_type, void *line_conf, void *udata)
{
	struct device *device = udata;
	const arms_line_conf_dhcp_t *dhcp = line_conf;

	if (line_type != ARMS_LINE_DHCP)
		return ARMS_LINE_NOTAVAILABLE; /* the next line is tried */
	switch (line_action) {
	case ARMS_LINE_ACT_CONNECT:
		device->line_polls = 0;
		port_dhcp_start(dhcp->ifindex);
		return ARMS_LINE_NEEDPOLL; /* asked again, once a second, with ACT_STATUS */
	case ARMS_LINE_ACT_STATUS:
		return port_dhcp_has_address(device) ? ARMS_LINE_CONNECTED : ARMS_LINE_NEEDPOLL;
	default:
		port_dhcp_stop(dhcp->ifindex);
		return ARMS_LINE_DISCONNECTED;
	}
}

static int on_log(int log_code, const char *str, void *udata)
{
	int type = ARMS_LOG_TYPE(log_code);

	(void)udata;
	if (type >= ARMS_LOG_DEBUG)
		return 0;
	printf("%s %d: %s\n", type >= ARMS_LOG_ERROR ? "error" : "info", type, str);
	return 0;
}

/* Once a minute while arms_event_loop runs. */
static int on_event(void *udata)
{
	const struct device *device = udata;

	return device->is_asked_to_pull ? ARMS_EPULL : 0;
}

/* -- the program ---------------------------------------------------------------------------------
 */

static int set_up(struct device *device, const char *id_text, const char *key, const char *root,
		  const char *initial)
{
	unsigned g[8];
	distribution_id_t id;

	if (sscanf(id_text, "%4x-%4x-%4x-%4x-%4x-%4x-%4x-%4x", &g[0], &g[1], &g[2], &g[3], &g[4],
		   &g[5], &g[6], &g[7]) != 8)
		return -1;
	id.version = (uint16_t)g[0];
	id.vendor_code = (uint32_t)g[1] << 16 | g[2];
	id.sa_type = (uint16_t)g[3];
	id.sa_code = (uint64_t)g[4] << 48 | (uint64_t)g[5] << 32 | (uint64_t)g[6] << 16 | g[7];
	if (arms_init(&id, &device->ctx) != 0)
		return -1;
	if (arms_register_authkey(device->ctx, key) != 0 ||
	    arms_register_cert(device->ctx, root) != 0 ||
	    arms_register_description(device->ctx, "Example Box E1", "1.0.0") != 0 ||
	    arms_load_config(device->ctx, initial, strlen(initial)) != 0)
		return -1;
	return 0;
}

/* One life: pull, apply, ask for the push method, wait. Whichever of the three ends it says how. */
static int live(struct device *device)
{
	arms_line_conf_dhcp_t wan = { 0 }; /* the number is ours: interface 0 */
	arms_line_desc_t lines[2];
	arms_callback_tbl_t cb;
	int result;

	memset(&cb, 0, sizeof(cb));
	cb.version = ARMS_API_VERSION;
	cb.config_cb = on_config;
	cb.line_ctrl_cb = on_line;
	cb.log_cb = on_log;
	cb.app_event_cb = on_event;
	lines[0].type = ARMS_LINE_DHCP;
	lines[0].line_conf = &wan;
	lines[1].type = ARMS_LINE_NONE;
	lines[1].line_conf = NULL;

	device->has_candidate = 0;
	result = arms_pull(device->ctx, ARMS_DEFAULT_TIMEOUT, FRAGMENT, &cb, lines, device);
	if (result != 0)
		return result;
	if (device->has_candidate) {
		memcpy(device->running, device->candidate, device->candidate_len + 1);
		port_apply_config(device->running);
	}
	result = arms_push_method_query(device->ctx, &cb, device);
	if (result != 0)
		return result;
	return arms_event_loop(device->ctx, arms_get_proposed_push_port(device->ctx), FRAGMENT, &cb,
			       device);
}

static int read_text(const char *path, char *out)
{
	FILE *f = fopen(path, "r");
	size_t len = f == NULL ? 0 : fread(out, 1, TEXT_MAX - 1, f);

	if (f != NULL)
		fclose(f);
	out[len] = '\0';
	return len > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	static struct device device;
	static char root[TEXT_MAX], initial[TEXT_MAX];
	int result;

	if (argc != 5 || read_text(argv[3], root) != 0 || read_text(argv[4], initial) != 0) {
		fprintf(stderr, "usage: %s DISTRIBUTION-ID LS-SA-KEY LS-ROOT.pem INITIAL-CONFIG\n",
			argv[0]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (set_up(&device, argv[1], argv[2], root, initial) != 0) {
		fprintf(stderr, "the distribution ID, the key, %s or %s is not usable\n", argv[3],
			argv[4]);
		arms_end(device.ctx);
		return 1;
	}
	do {
		result = live(&device);
		printf("result %d\n", result);
	} while (result == ARMS_EPULL || result == ARMS_ETIMEOUT);
	arms_end(device.ctx);
	if (result == ARMS_EREBOOT)
		return 0;
	return result == ARMS_EDONTRETRY ? 3 : 1;
}
