#include "device/agent/born.h"

#include <string.h>

/* Eight groups of four hex digits joined by '-'. */
static int read_id(struct agent_piece value, distribution_id_t *out)
{
	unsigned g[8] = { 0 };

	if (value.len != 39)
		return -1;
	for (size_t i = 0; i < value.len; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF";
		const char *digit = strchr(digits, value.ptr[i]);

		if (i % 5 == 4 ? value.ptr[i] != '-' : digit == NULL)
			return -1;
		if (i % 5 != 4)
			g[i / 5] = g[i / 5] << 4 | (unsigned)((digit - digits) % 16);
	}
	*out = (distribution_id_t){ (uint16_t)g[0], g[1] << 16 | g[2], (uint16_t)g[3],
				    (uint64_t)g[4] << 48 | (uint64_t)g[5] << 32 |
					    (uint64_t)g[6] << 16 | g[7] };
	return 0;
}

static int add_interface(struct agent_piece value, struct agent_born *born)
{
	if (born->interface_count == AGENT_INTERFACES_MAX ||
	    agent_read_interface(value, born->interfaces[born->interface_count]) != 0)
		return -1;
	born->interface_count++;
	return 0;
}

/* "dhcp" or "static ADDRESS/BITS". */
static int add_line(struct agent_piece value, struct agent_born *born)
{
	static const char fixed[] = "static ";
	arms_line_desc_t *line = &born->lines[born->line_count];
	size_t skip = sizeof(fixed) - 1;

	if (born->line_count == ARMS_MAX_LINE)
		return -1;
	if (agent_piece_is(value, "dhcp")) {
		*line = (arms_line_desc_t){ ARMS_LINE_DHCP, &born->dhcp };
	} else if (value.len > skip && memcmp(value.ptr, fixed, skip) == 0) {
		struct agent_piece address = { value.ptr + skip, value.len - skip };
		arms_line_conf_static_t *conf = &born->fixed[born->line_count];

		if (agent_read_network(address, conf->ipaddr) != 0)
			return -1;
		*line = (arms_line_desc_t){ ARMS_LINE_STATIC, conf };
	} else {
		return -1;
	}
	born->line_count++;
	return 0;
}

static int take(struct agent_piece key, struct agent_piece value, struct agent_born *born)
{
	const struct {
		const char *key;
		char *out;
		size_t size;
	} texts[] = {
		{ "key", born->key, sizeof(born->key) },
		{ "model", born->model, sizeof(born->model) },
		{ "firmware", born->firmware, sizeof(born->firmware) },
		{ "root", born->root, sizeof(born->root) },
		{ "initial", born->initial, sizeof(born->initial) },
		{ "driver", born->driver, sizeof(born->driver) },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (agent_piece_is(key, texts[i].key))
			return value.len == 0
				       ? -1
				       : agent_piece_copy(value, texts[i].out, texts[i].size);
	if (agent_piece_is(key, "id"))
		return read_id(value, &born->id);
	if (agent_piece_is(key, "interface"))
		return add_interface(value, born);
	if (agent_piece_is(key, "account"))
		return agent_read_account(value, born->account);
	if (agent_piece_is(key, "gateway"))
		return agent_read_address(value, born->gateway);
	if (agent_piece_is(key, "line"))
		return add_line(value, born);
	if (agent_piece_is(key, "retry"))
		return agent_piece_number(value, 1, AGENT_RETRY_MAX_S, &born->retry_s);
	return 1;
}

static int judge(const struct agent_born *born, struct agent_error *error)
{
	const struct {
		const char *key;
		bool is_there;
	} needed[] = {
		{ "id", born->id.version != 0 || born->id.sa_code != 0 },
		{ "key", born->key[0] != '\0' },
		{ "root", born->root[0] != '\0' },
		{ "initial", born->initial[0] != '\0' },
		{ "driver", born->driver[0] != '\0' },
		{ "interface", born->interface_count > 0 },
		{ "line", born->line_count > 0 },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!needed[i].is_there)
			return agent_fail(error, 0, "there is no \"%s\"", needed[i].key);
	for (int i = 0; i < born->line_count; i++)
		if (born->lines[i].type == ARMS_LINE_STATIC && born->gateway[0] == '\0')
			return agent_fail(error, 0, "a static line needs \"gateway\"");
	return 0;
}

int agent_born_parse(const char *text, size_t len, struct agent_born *out,
		     struct agent_error *error)
{
	struct agent_text reader = { .at = text, .left = len };
	struct agent_piece key, value;
	int r;

	memset(out, 0, sizeof(*out)); /* the list of lines ends with type NONE, which is 0 */
	out->retry_s = AGENT_RETRY_DEFAULT_S;
	while ((r = agent_text_next(&reader, &key, &value, error)) == 1) {
		int taken = take(key, value, out);

		if (taken > 0)
			return agent_fail(error, reader.line, "\"%.*s\" is unknown", (int)key.len,
					  key.ptr);
		if (taken < 0) /* without the value: it may be a key */
			return agent_fail(error, reader.line, "%.*s: this is none", (int)key.len,
					  key.ptr);
	}
	return r == 0 ? judge(out, error) : -1;
}
