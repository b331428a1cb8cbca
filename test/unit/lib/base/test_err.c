#include "test_unit.h"

#include "base/err.h"

static void every_own_code_has_its_name(void **state)
{
	static const struct {
		int err;
		const char *name;
	} cases[] = {
		{ RV_OK, "OK" },
		{ RV_ESYNTAX, "ESYNTAX" },
		{ RV_ELIMIT, "ELIMIT" },
		{ RV_ENOTFOUND, "ENOTFOUND" },
		{ RV_EEXISTS, "EEXISTS" },
		{ RV_EINVALID, "EINVALID" },
		{ RV_EAUTH, "EAUTH" },
		{ RV_EDENIED, "EDENIED" },
		{ RV_ETIMEOUT, "ETIMEOUT" },
		{ RV_ECLOSED, "ECLOSED" },
		{ RV_EMORE, "EMORE" },
		{ RV_EBUSY, "EBUSY" },
		{ RV_EVERSION, "EVERSION" },
		{ RV_EUNSUPPORTED, "EUNSUPPORTED" },
		{ RV_ETLS, "ETLS" },
		{ RV_EDB, "EDB" },
		{ RV_ECORRUPT, "ECORRUPT" },
		{ RV_ECANCELED, "ECANCELED" },
		{ RV_ECONFLICT, "ECONFLICT" },
		{ RV_EWANTREAD, "EWANTREAD" },
		{ RV_EWANTWRITE, "EWANTWRITE" },
		{ -ENOENT, "ENOENT" },
		{ -999, "EUNKNOWN" },
		{ -1000, "EUNKNOWN" },
		{ RV_EWANTWRITE - 1, "EUNKNOWN" },
		{ 7, "EUNKNOWN" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_string_equal(rv_err_name(cases[i].err), cases[i].name);
}

static void errno_keeps_its_meaning(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_int_equal(rv_err_from_errno(), -ENOENT);
	errno = 0;
	assert_int_equal(rv_err_from_errno(), -EIO);
	errno = 1001;
	assert_int_equal(rv_err_from_errno(), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_own_code_has_its_name),
		cmocka_unit_test(errno_keeps_its_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
