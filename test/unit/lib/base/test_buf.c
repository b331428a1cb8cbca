#include "test_unit.h"

#include "base/buf.h"

static void appends_in_every_way(void **state)
{
	struct rv_buf b = { 0 };

	(void)state;
	rv_buf_put(&b, "a\0b", 3);
	rv_buf_put_str(&b, rv_str("-str"));
	rv_buf_put_str(&b, rv_str(NULL));
	rv_buf_puts(&b, "-cstr");
	rv_buf_putc(&b, '!');
	rv_buf_printf(&b, "%d%s", 42, "x");
	assert_int_equal(b.err, RV_OK);
	assert_true(rv_str_eq(rv_buf_str(&b), RV_STR_LIT("a\0b-str-cstr!42x")));
	rv_buf_deinit(&b);
	rv_buf_deinit(NULL);
	assert_null(b.ptr);
}

static void the_limit_is_exact_and_sticky(void **state)
{
	struct rv_buf b;

	(void)state;
	rv_buf_init(&b, 4);
	rv_buf_printf(&b, "%s", "abcd"); /* no room needed for printf's NUL */
	assert_int_equal(b.err, RV_OK);
	rv_buf_putc(&b, 'e');
	assert_int_equal(b.err, RV_ELIMIT);
	assert_null(rv_buf_reserve(&b, 0));
	rv_buf_consume(&b, 4);
	rv_buf_puts(&b, "x");
	rv_buf_printf(&b, "x");
	assert_int_equal(b.len, 0);
	rv_buf_clear(&b);
	rv_buf_puts(&b, "x");
	assert_str(rv_buf_str(&b), "x");
	rv_buf_deinit(&b);
}

static void absurd_sizes_are_refused_without_overflow(void **state)
{
	struct rv_buf b = { 0 };

	(void)state;
	rv_buf_putc(&b, 'a');
	assert_null(rv_buf_reserve(&b, SIZE_MAX));
	assert_int_equal(b.err, RV_ELIMIT);
	assert_str(rv_buf_str(&b), "a");
	rv_buf_deinit(&b);
}

static void reserve_commit_consume(void **state)
{
	struct rv_buf b = { .wipe = true };
	char *to;

	(void)state;
	for (int i = 0; i < 100; i++)
		rv_buf_puts(&b, "0123456789");
	to = rv_buf_reserve(&b, 3);
	assert_non_null(to);
	memcpy(to, "xyz", 3);
	rv_buf_commit(&b, 2);
	rv_buf_consume(&b, 998);
	assert_str(rv_buf_str(&b), "89xy");
	rv_buf_consume(&b, 0);
	rv_buf_clear(&b);
	assert_int_equal(b.ptr[0], 0); /* wiped */
	rv_buf_deinit(&b);
}

static void a_file_is_read_whole_or_not_at_all(void **state)
{
	char path[] = "/tmp/reeve-test-buf-XXXXXX";
	char text[10000];
	struct rv_buf b;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	memset(text, 'x', sizeof(text));
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	rv_buf_init(&b, 0);
	b.wipe = true;
	rv_buf_puts(&b, "before");
	assert_int_equal(rv_buf_read_file(&b, path, sizeof(text) - 1), RV_ELIMIT);
	assert_str(rv_buf_str(&b), "before");
	assert_int_equal(rv_buf_read_file(&b, path, sizeof(text)), RV_OK);
	assert_int_equal(b.len, 6 + sizeof(text));
	b.max = b.len + 5;
	assert_int_equal(rv_buf_read_file(&b, path, sizeof(text)), RV_ELIMIT);
	assert_int_equal(b.len, 6 + sizeof(text));
	assert_int_equal(b.err, RV_OK);
	unlink(path);
	assert_int_equal(rv_buf_read_file(&b, path, 10), -ENOENT);
	assert_int_equal(rv_buf_read_file(&b, "/", 10), -EISDIR);
	rv_buf_put(&b, text, 6);
	assert_int_equal(rv_buf_read_file(&b, "/dev/null", 10), RV_ELIMIT); /* sticky */
	rv_buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_in_every_way),
		cmocka_unit_test(the_limit_is_exact_and_sticky),
		cmocka_unit_test(absurd_sizes_are_refused_without_overflow),
		cmocka_unit_test(reserve_commit_consume),
		cmocka_unit_test(a_file_is_read_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
