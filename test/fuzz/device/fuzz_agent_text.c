/* What is read of a line is what a driver may safely be handed; what is refused says where. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "device/agent/born.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_argument(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	assert(len < size && text[0] != '-');
	for (size_t i = 0; i < len; i++)
		assert(text[i] > ' ' && text[i] <= '~');
}

static void check_error(const struct agent_error *error, size_t size)
{
	assert(error->text[0] != '\0' && strnlen(error->text, sizeof(error->text)) > 0);
	assert(error->line <= size + 1);
}

static void read_line(const char *text, size_t size)
{
	struct agent_lineconf conf, untouched;
	struct agent_error error = { 0 };

	memset(&conf, 0xa5, sizeof(conf));
	untouched = conf;
	if (agent_lineconf_parse(text, size, "wan0", &conf, &error) != 0) {
		assert(memcmp(&conf, &untouched, sizeof(conf)) == 0);
		check_error(&error, size);
		return;
	}
	assert(conf.type == ARMS_LINE_DHCP || conf.type == ARMS_LINE_STATIC);
	assert(conf.wait_s >= 1 && conf.wait_s <= AGENT_WAIT_MAX_S);
	assert((conf.address[0] != '\0') == (conf.type == ARMS_LINE_STATIC));
	assert((conf.gateway[0] != '\0') == (conf.type == ARMS_LINE_STATIC));
	assert(conf.account[0] != '\0' || conf.type == ARMS_LINE_STATIC);
	assert(conf.interface[0] != '\0');
	check_argument(conf.interface, sizeof(conf.interface));
	check_argument(conf.account, sizeof(conf.account));
	check_argument(conf.address, sizeof(conf.address));
	check_argument(conf.gateway, sizeof(conf.gateway));
}

static void read_born(const char *text, size_t size)
{
	static struct agent_born born;
	struct agent_error error = { 0 };

	if (agent_born_parse(text, size, &born, &error) != 0) {
		check_error(&error, size);
		return;
	}
	assert(born.line_count >= 1 && born.line_count <= ARMS_MAX_LINE);
	assert(born.lines[born.line_count].type == ARMS_LINE_NONE);
	assert(born.interface_count >= 1 && born.interface_count <= AGENT_INTERFACES_MAX);
	for (int i = 0; i < born.interface_count; i++)
		check_argument(born.interfaces[i], sizeof(born.interfaces[i]));
	assert(strnlen(born.key, sizeof(born.key)) < sizeof(born.key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_line((const char *)data, size);
	read_born((const char *)data, size);
	return 0;
}
