#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/libarms/core/modules.h"

struct log {
	char text[128]; /* "1 2 " : the ids that were told to go */
	uint32_t refused;
};

static int remove_cb(void *arg, const struct rv_sa_module *module)
{
	struct log *log = arg;
	size_t len = strlen(log->text);

	snprintf(log->text + len, sizeof(log->text) - len, "%u:%s ", module->id,
		 module->infostring);
	return module->id == log->refused ? -1 : 0;
}

static struct rv_armsxml_module mod(uint32_t id, const char *version, const char *info)
{
	return (struct rv_armsxml_module){ .id = id,
					   .version = rv_str(version),
					   .infostring = rv_str(info) };
}

static void a_new_list_removes_what_it_does_not_name(void **state)
{
	struct rv_sa_modules mods = { 0 };
	struct log log = { "", 0 };
	struct rv_armsxml_module first[] = { mod(1, "1.0", "a"), mod(2, NULL, "b"),
					     mod(3, "3", "c") };
	struct rv_armsxml_module second[] = { mod(3, "4", "c2"), mod(9, "1", "n") };

	(void)state;
	assert_int_equal(rv_sa_modules_replace(&mods, first, 3, remove_cb, &log), RV_OK);
	assert_string_equal(log.text, "");
	assert_null(rv_sa_modules_find(&mods, 2)->version);
	assert_int_equal(rv_sa_modules_replace(&mods, second, 2, remove_cb, &log), RV_OK);
	assert_string_equal(log.text, "1:a 2:b ");
	assert_int_equal(mods.count, 2);
	assert_string_equal(rv_sa_modules_find(&mods, 3)->version, "4");
	assert_string_equal(rv_sa_modules_find(&mods, 3)->infostring, "c2");
	assert_null(rv_sa_modules_find(&mods, 1));
	rv_sa_modules_clear(&mods, remove_cb, &log);
	assert_string_equal(log.text, "1:a 2:b 3:c2 9:n ");
	assert_int_equal(mods.count, 0);
}

static void a_refused_removal_keeps_the_module_and_the_rest_of_the_old_list(void **state)
{
	struct rv_sa_modules mods = { 0 };
	struct log log = { "", 2 };
	struct rv_armsxml_module first[] = { mod(1, "1", "a"), mod(2, "1", "b"), mod(3, "1", "c") };
	struct rv_armsxml_module second[] = { mod(3, "2", "c"), mod(4, "1", "d") };

	(void)state;
	assert_int_equal(rv_sa_modules_replace(&mods, first, 3, remove_cb, &log), RV_OK);
	assert_int_equal(rv_sa_modules_replace(&mods, second, 2, remove_cb, &log), RV_ECANCELED);
	assert_string_equal(log.text, "1:a 2:b ");
	assert_null(rv_sa_modules_find(&mods, 1));
	assert_non_null(rv_sa_modules_find(&mods, 2));
	assert_string_equal(rv_sa_modules_find(&mods, 3)->version, "1");
	assert_null(rv_sa_modules_find(&mods, 4));
	rv_sa_modules_deinit(&mods);
}

static void a_doubled_id_counts_once_and_the_last_one_counts(void **state)
{
	struct rv_sa_modules mods = { 0 };
	struct log log = { "", 0 };
	struct rv_armsxml_module list[] = { mod(1, "1", "a"), mod(1, "2", "b") };

	(void)state;
	assert_int_equal(rv_sa_modules_replace(&mods, list, 2, remove_cb, &log), RV_OK);
	assert_int_equal(mods.count, 1);
	assert_string_equal(mods.items[0].version, "2");
	assert_int_equal(rv_sa_modules_replace(&mods, NULL, 0, remove_cb, &log), RV_OK);
	assert_string_equal(log.text, "1:b ");
	rv_sa_modules_deinit(&mods);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_list_removes_what_it_does_not_name),
		cmocka_unit_test(a_refused_removal_keeps_the_module_and_the_rest_of_the_old_list),
		cmocka_unit_test(a_doubled_id_counts_once_and_the_last_one_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
