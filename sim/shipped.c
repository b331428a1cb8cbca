/* reeve sim scenarios: what is there to be played. */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

static enum sim_exit put(const struct rv_buf *text)
{
	if (text->err != RV_OK || fwrite(text->ptr, 1, text->len, stdout) != text->len ||
	    fflush(stdout) != 0)
		return SIM_EXIT_FAILURE;
	return SIM_EXIT_OK;
}

/* Name and title of each. */
static void list(struct rv_buf *out)
{
	const struct sim_shipped *one;

	for (size_t i = 0; (one = sim_scenario_shipped(i)) != NULL; i++) {
		struct sim_scenario scenario;

		if (sim_scenario_load(one->name, &scenario, NULL) == RV_OK)
			rv_buf_printf(out, "%-12s %s\n", one->name,
				      sim_tr(scenario.title, scenario.title_ja));
	}
}

static bool show(const char *name, struct rv_buf *out)
{
	const struct sim_shipped *one;
	size_t i = 0;

	while ((one = sim_scenario_shipped(i)) != NULL && strcmp(one->name, name) != 0)
		i++;
	if (one == NULL)
		return false;
	rv_buf_puts(out, one->text);
	return true;
}

enum sim_exit sim_scenarios(int argc, char **argv)
{
	struct rv_buf text = { 0 };
	enum sim_exit status;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--man") != 0 && !show(argv[1], &text))) {
		sim_error("%s: %s", argv[argc - 1],
			  sim_tr("no such scenario; reeve sim scenarios lists them",
				 "その名前のシナリオはありません(reeve sim scenariosで一覧)"));
		return SIM_EXIT_USAGE;
	}
	if (argc == 1)
		list(&text);
	else if (strcmp(argv[1], "--man") == 0)
		sim_scenario_man(&text);
	status = put(&text);
	rv_buf_deinit(&text);
	return status;
}
