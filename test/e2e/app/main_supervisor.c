/* rv-test-supervisor CONFIG STATE LIBEXEC JOIN|- DUTY... : rv_supervisor_run over test duties. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/plan.h"
#include "app/supervisor.h"
#include "duties.h"
#include "log/log.h"
#include "server/status/status.h"

static const struct rv_duty_spec *const known[] = {
	&rv_test_front_spec,    &rv_test_echo_spec,
	&rv_test_crasher_spec,  &rv_test_refuser_spec,
	&rv_test_stubborn_spec, &rv_test_outsider_spec,
	&rv_status_duty_spec,   NULL,
};

static int read_config(void *arg, struct rv_conf **out, struct rv_diag *diag)
{
	static struct rv_conf_section sections[4]; /* as long as the config that is read by it */
	const char *path = arg;
	struct rv_buf text = { 0 };
	int err = rv_buf_read_file(&text, path, 65536);

	sections[0] = rv_test_sections[0];
	sections[1] = rv_test_sections[1];
	sections[2] = rv_app_sections[0];
	sections[3] = rv_status_sections[0];
	if (err == RV_OK)
		err = rv_conf_parse(sections, 4, rv_buf_str(&text), path, out, diag);
	rv_buf_deinit(&text);
	return err;
}

static void on_ready(void *arg)
{
	(void)arg;
	rv_log(RV_LOG_INFO, "test.all.ready");
}

int main(int argc, char **argv)
{
	const struct rv_duty_spec *duties[RV_ARRAY_LEN(known)] = { 0 };
	struct rv_diag diag = { 0 };
	struct rv_supervisor_opt opt = {
		.duties = duties, .known = known, .read_conf = read_config, .on_ready = on_ready
	};
	int err;

	if (argc < 6 || argc > 5 + (int)RV_ARRAY_LEN(known))
		return RV_EXIT_USAGE;
	if (read_config(argv[1], &opt.conf, &diag) != RV_OK) {
		fprintf(stderr, "%s: %s\n", argv[1], diag.text);
		return RV_EXIT_CONFIG;
	}
	opt.arg = argv[1];
	opt.state_dir = argv[2];
	opt.libexec_dir = argv[3];
	opt.join = strcmp(argv[4], "-") != 0 ? argv[4] : NULL;
	for (int i = 5; i < argc; i++)
		duties[i - 5] = rv_plan_find(known, argv[i]);
	rv_log_init("reeve", RV_LOG_DEBUG, RV_LOG_LOGFMT, 2);
	err = rv_supervisor_run(&opt, &diag);
	rv_conf_free(opt.conf);
	if (err != RV_OK)
		fprintf(stderr, "error: %s: %s (%s)\n", diag.where, diag.text, rv_err_name(err));
	return err == RV_OK ? RV_EXIT_OK : RV_EXIT_FAILURE;
}
