#include "test_unit.h"

#include "base/list.h"

struct owner {
	int n;
	struct rv_list link;
};

static void a_ring_keeps_its_order(void **state)
{
	struct owner o[3] = { { .n = 0 }, { .n = 1 }, { .n = 2 } };
	struct rv_list head, *it;
	int n = 0;

	(void)state;
	rv_list_init(&head);
	assert_true(rv_list_is_empty(&head));
	assert_null(rv_list_pop(&head));
	for (int i = 0; i < 3; i++)
		rv_list_add_tail(&head, &o[i].link);
	rv_list_for_each (it, &head)
		assert_int_equal(RV_CONTAINER_OF(it, struct owner, link)->n, n++);
	assert_int_equal(n, 3);
	rv_list_del(&o[1].link);
	rv_list_del(&o[1].link); /* twice is harmless */
	assert_ptr_equal(rv_list_pop(&head), &o[0].link);
	assert_ptr_equal(rv_list_pop(&head), &o[2].link);
	assert_true(rv_list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_ring_keeps_its_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
