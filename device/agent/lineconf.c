#include "device/agent/lineconf.h"

#include <arpa/inet.h>
#include <libarms.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct agent_lineconf) == sizeof(int) + AGENT_INTERFACE_SIZE +
							AGENT_ACCOUNT_SIZE +
							2 * AGENT_ADDRESS_SIZE + sizeof(unsigned),
	       "no padding: memcmp compares two of them");

static const char *const words[ARMS_LINE_LAST] = {
	[ARMS_LINE_ANONPPPOE] = "anonymous-pppoe",
	[ARMS_LINE_PPPOE] = "pppoe",
	[ARMS_LINE_DHCP] = "dhcp",
	[ARMS_LINE_ANONMOBILE] = "anonymous-mobile",
	[ARMS_LINE_MOBILE] = "mobile",
	[ARMS_LINE_STATIC] = "static",
	[ARMS_LINE_RA] = "ra",
	[ARMS_LINE_PPPOE_IPV6] = "pppoe-ipv6",
	[ARMS_LINE_ANONPPPOE_IPV6] = "anonymous-pppoe-ipv6",
};

const char *agent_line_word(int type)
{
	return type > ARMS_LINE_NONE && type < ARMS_LINE_LAST ? words[type] : "?";
}

int agent_line_type(struct agent_piece word)
{
	for (int type = ARMS_LINE_NONE + 1; type < ARMS_LINE_LAST; type++)
		if (agent_piece_is(word, words[type]))
			return type;
	return ARMS_LINE_NONE;
}

/* ---- Single values ----------------------------------------------------------------------- */

static bool is_plain(struct agent_piece value, const char *others)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z');

		if (!is_alnum && strchr(others, c) == NULL)
			return false;
	}
	return value.len > 0 && value.ptr[0] != '-';
}

int agent_read_interface(struct agent_piece value, char out[static AGENT_INTERFACE_SIZE])
{
	if (!is_plain(value, "-_.") || value.ptr[0] == '.')
		return -1;
	return agent_piece_copy(value, out, AGENT_INTERFACE_SIZE);
}

int agent_read_account(struct agent_piece value, char out[static AGENT_ACCOUNT_SIZE])
{
	return is_plain(value, "-_.@+/:#") ? agent_piece_copy(value, out, AGENT_ACCOUNT_SIZE) : -1;
}

static bool is_v6(const char *address)
{
	return strchr(address, ':') != NULL;
}

int agent_read_address(struct agent_piece value, char out[static AGENT_ADDRESS_SIZE])
{
	char text[AGENT_ADDRESS_SIZE];
	unsigned char ip[16];

	if (agent_piece_copy(value, text, sizeof(text)) != 0 ||
	    inet_pton(is_v6(text) ? AF_INET6 : AF_INET, text, ip) != 1)
		return -1;
	return agent_piece_copy(value, out, AGENT_ADDRESS_SIZE); /* and nothing behind its NUL */
}

int agent_read_network(struct agent_piece value, char out[static AGENT_ADDRESS_SIZE])
{
	const char *slash = memchr(value.ptr, '/', value.len);
	struct agent_piece head = { value.ptr, value.len };
	char address[AGENT_ADDRESS_SIZE], text[AGENT_ADDRESS_SIZE + 12];
	unsigned bits, most;
	int n;

	if (slash != NULL)
		head.len = (size_t)(slash - value.ptr);
	if (agent_read_address(head, address) != 0)
		return -1;
	bits = most = is_v6(address) ? 128 : 32;
	if (slash != NULL) {
		struct agent_piece tail = { slash + 1, value.len - head.len - 1 };

		if (agent_piece_number(tail, 1, most, &bits) != 0)
			return -1;
	}
	n = snprintf(text, sizeof(text), "%s/%u", address, bits);
	return agent_piece_copy((struct agent_piece){ text, (size_t)n }, out, AGENT_ADDRESS_SIZE);
}

/* ---- The text ---------------------------------------------------------------------------- */

enum { KEY_LINE, KEY_INTERFACE, KEY_ACCOUNT, KEY_ADDRESS, KEY_GATEWAY, KEY_WAIT, KEY_COUNT };

static const char *const keys[KEY_COUNT] = {
	"line", "interface", "account", "address", "gateway", "wait",
};

static int key_of(struct agent_piece word)
{
	for (int i = 0; i < KEY_COUNT; i++)
		if (agent_piece_is(word, keys[i]))
			return i;
	return KEY_COUNT;
}

static int take(int key, struct agent_piece value, struct agent_lineconf *conf)
{
	switch (key) {
	case KEY_LINE:
		conf->type = agent_line_type(value);
		return conf->type != ARMS_LINE_NONE ? 0 : -1;
	case KEY_INTERFACE:
		return agent_read_interface(value, conf->interface);
	case KEY_ACCOUNT:
		return agent_read_account(value, conf->account);
	case KEY_ADDRESS:
		return agent_read_network(value, conf->address);
	case KEY_GATEWAY:
		return agent_read_address(value, conf->gateway);
	default:
		return agent_piece_number(value, 1, AGENT_WAIT_MAX_S, &conf->wait_s);
	}
}

static int take_all(struct agent_text *text, struct agent_lineconf *conf,
		    unsigned at[static KEY_COUNT], struct agent_error *error)
{
	struct agent_piece word, value;
	int r;

	while ((r = agent_text_next(text, &word, &value, error)) == 1) {
		int key = key_of(word);

		if (key == KEY_COUNT)
			return agent_fail(error, text->line, "\"%.*s\" is no word of a line",
					  (int)word.len, word.ptr);
		if (at[key] != 0)
			return agent_fail(error, text->line, "%s is there already, in line %u",
					  keys[key], at[key]);
		if (take(key, value, conf) != 0)
			return agent_fail(error, text->line, "%s: \"%.*s\" is none", keys[key],
					  value.len < 64 ? (int)value.len : 64, value.ptr);
		at[key] = text->line;
	}
	return r;
}

/* A line has what its type needs, and nothing that would mean nothing. */
static int judge(const struct agent_lineconf *conf, const unsigned at[static KEY_COUNT],
		 struct agent_error *error)
{
	bool is_static = conf->type == ARMS_LINE_STATIC;
	int needed = is_static ? KEY_ADDRESS : KEY_ACCOUNT;

	if (at[KEY_LINE] == 0)
		return agent_fail(error, 0, "there is no \"line\"");
	if (!is_static && conf->type != ARMS_LINE_DHCP)
		return agent_fail(error, at[KEY_LINE], "this device has no line of type %s",
				  agent_line_word(conf->type));
	if (at[needed] == 0 || (is_static && at[KEY_GATEWAY] == 0))
		return agent_fail(error, 0, "a line of type %s needs %s",
				  agent_line_word(conf->type),
				  is_static ? "address and gateway" : "account");
	for (int key = KEY_ADDRESS; !is_static && key <= KEY_GATEWAY; key++)
		if (at[key] != 0)
			return agent_fail(error, at[key], "a line of type dhcp has no %s",
					  keys[key]);
	if (is_static && is_v6(conf->address) != is_v6(conf->gateway))
		return agent_fail(error, at[KEY_GATEWAY],
				  "the gateway is of another address family");
	return 0;
}

int agent_lineconf_parse(const char *text, size_t len, const char *interface,
			 struct agent_lineconf *out, struct agent_error *error)
{
	struct agent_text reader = { .at = text, .left = len };
	struct agent_lineconf conf;
	unsigned at[KEY_COUNT] = { 0 };

	memset(&conf, 0, sizeof(conf)); /* what is behind the NULs, too */
	conf.wait_s = AGENT_WAIT_DEFAULT_S;
	if (take_all(&reader, &conf, at, error) != 0 || judge(&conf, at, error) != 0)
		return -1;
	if (at[KEY_INTERFACE] == 0 &&
	    agent_piece_copy((struct agent_piece){ interface, strlen(interface) }, conf.interface,
			     sizeof(conf.interface)) != 0)
		return agent_fail(error, 0, "the device's own interface has too long a name");
	*out = conf;
	return 0;
}
