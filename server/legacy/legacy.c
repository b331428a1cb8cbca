#include "server/legacy/legacy.h"

#include <assert.h>
#include <string.h>

#include "server/armsfront/edge.h"
#include "server/ls/ls.h"
#include "server/proxy/proxy.h"

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	static const struct rv_edge_opt *const edges[] = { &rv_ls_edge, &rv_proxy_edge };

	return rv_edge_start_legacy(duty, edges, RV_ARRAY_LEN(edges), state, diag);
}

int rv_legacy_main(int argc, char **argv)
{
	const struct rv_conf_section schema[] = { rv_ls_sections[0], rv_proxy_sections[0] };
	const struct rv_duty_code code = {
		.spec = &rv_legacy_duty_spec,
		.schema = schema,
		.schema_count = RV_ARRAY_LEN(schema),
		.start = start,
		.reload = rv_edge_reload,
		.drain = rv_edge_drain,
		.stop = rv_edge_stop,
		.metrics = rv_edge_metrics,
	};

	/* The edges' own sections come first; what follows is for other duties. */
	assert(strcmp(schema[0].name, "ls") == 0 && strcmp(schema[1].name, "proxy") == 0);
	return rv_duty_main(argc, argv, &code);
}
