/* rv-test-calls URL [TOKEN [CA_FILE]]: the list of calls that every transport must answer alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "test/unit/rsapi/calls.h"

static struct rsapi_opt opt;

static void this_transport_answers_like_the_others(void **state)
{
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;

	(void)state;
	if (rsapi_open(&opt, &api, &error) != RV_OK)
		fail_msg("%s: %s", error.key, error.text);
	assert_calls(api);
	rsapi_close(api);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_transport_answers_like_the_others),
	};

	if (argc < 2)
		return 2;
	opt.url = argv[1];
	opt.token = argc > 2 ? argv[2] : NULL;
	opt.ca_file = argc > 3 ? argv[3] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
