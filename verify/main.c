#include "verify/verify.h"

#include "verify/report.h"

int rv_verify_main(int argc, char **argv)
{
	struct verify_options options;
	enum verify_exit status;

	if (!verify_options_parse(argc, argv, &options, &status))
		return (int)status;
	if (options.is_list) {
		verify_report_list(stdout);
		return VERIFY_EXIT_PASSED;
	}
	return (int)verify_run(&options);
}
