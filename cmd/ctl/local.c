#include "cmd/ctl/local.h"

#include <assert.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(const struct ctl_local *local);
} commands[] = {
	{ "device.import", ctl_import },
	{ "device.export", ctl_export },
};

int ctl_local_run(const struct ctl_local *local)
{
	size_t i = 0;

	while (i < RV_ARRAY_LEN(commands) && strcmp(commands[i].name, local->op->name) != 0)
		i++;
	assert(i < RV_ARRAY_LEN(commands));
	return commands[i].run(local);
}
