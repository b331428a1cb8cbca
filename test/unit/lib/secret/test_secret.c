/* Secrets at rest: the key file, MACs, boxes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret/secret.h"

#define DID "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"

static char dir[] = "/tmp/reeve-secret-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/secret.key", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct rv_secret *must_open(void)
{
	struct rv_secret *s = NULL;

	assert_int_equal(rv_secret_open(path, &s, NULL), RV_OK);
	return s;
}

static void write_file(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void first_open_makes_a_private_file_and_later_ones_read_it(void **state)
{
	uint8_t a[RV_SECRET_MAC_LEN], b[RV_SECRET_MAC_LEN];
	struct stat st;

	(void)state;
	struct rv_secret *one = must_open();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	struct rv_secret *two = must_open();
	rv_secret_mac(one, RV_STR_LIT(DID), RV_STR_LIT("k"), a);
	rv_secret_mac(two, RV_STR_LIT(DID), RV_STR_LIT("k"), b);
	assert_memory_equal(a, b, sizeof(a));
	rv_secret_free(one);
	rv_secret_free(two);
}

static const struct {
	const char *text;
	mode_t mode;
	int err;
} bad_files[] = {
	{ "", 0400, RV_ESYNTAX },
	{ "1 0011\n", 0400, RV_ESYNTAX },
	{ "1 zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0400,
	  RV_ESYNTAX },
	{ "2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0400,
	  RV_EVERSION },
	{ "1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0440,
	  RV_EDENIED },
};

static void a_wrong_key_file_is_refused_with_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_files); i++) {
		struct rv_secret *s = NULL;
		struct rv_diag diag = { 0 };

		write_file(bad_files[i].text, bad_files[i].mode);
		assert_int_equal(rv_secret_open(path, &s, &diag), bad_files[i].err);
		assert_null(s);
		assert_non_null(strstr(diag.text, path));
		unlink(path);
	}
}

static void an_unreachable_place_is_an_errno(void **state)
{
	struct rv_secret *s = NULL;
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_secret_open("/nonexistent/secret.key", &s, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/secret.key"));
}

static void mac_tells_keys_and_devices_apart_and_ignores_letter_case_of_the_id(void **state)
{
	uint8_t base[RV_SECRET_MAC_LEN], other[RV_SECRET_MAC_LEN];
	char print[RV_SECRET_PRINT_LEN + 1], print2[RV_SECRET_PRINT_LEN + 1];

	(void)state;
	struct rv_secret *s = must_open();
	rv_secret_mac(s, RV_STR_LIT(DID), RV_STR_LIT("key"), base);
	rv_secret_mac(s, RV_STR_LIT("0001-0000-c0de-0091-0000-0000-00a1-b2c3"), RV_STR_LIT("key"),
		      other);
	assert_memory_equal(base, other, sizeof(base));
	rv_secret_mac(s, RV_STR_LIT(DID), RV_STR_LIT("KEY"), other);
	assert_memory_not_equal(base, other, sizeof(base));
	rv_secret_print(s, base, print);
	rv_secret_print(s, other, print2);
	assert_int_equal(strlen(print), RV_SECRET_PRINT_LEN);
	assert_string_not_equal(print, print2);
	rv_secret_free(s);
}

static void a_box_opens_only_in_its_place_and_unaltered(void **state)
{
	struct rv_buf box = { 0 }, plain = { .wipe = true };

	(void)state;
	struct rv_secret *s = must_open();
	rv_secret_seal(s, "device.rs_key", RV_STR_LIT("7"), RV_STR_LIT("hush"), &box);
	assert_int_equal(box.err, RV_OK);
	assert_int_equal(box.len, 4 + RV_SECRET_BOX_EXTRA);
	assert_null(memmem(box.ptr, box.len, "hush", 4));
	assert_int_equal(
		rv_secret_unseal(s, "device.rs_key", RV_STR_LIT("7"), rv_buf_str(&box), &plain),
		RV_OK);
	assert_true(rv_str_is(rv_buf_str(&plain), "hush"));

	rv_buf_clear(&plain);
	assert_int_equal(
		rv_secret_unseal(s, "device.rs_key", RV_STR_LIT("8"), rv_buf_str(&box), &plain),
		RV_ECORRUPT);
	assert_int_equal(
		rv_secret_unseal(s, "device.sa_key", RV_STR_LIT("7"), rv_buf_str(&box), &plain),
		RV_ECORRUPT);
	assert_int_equal(rv_secret_unseal(s, "device.rs_key", RV_STR_LIT("7"),
					  rv_strn(box.ptr, RV_SECRET_BOX_EXTRA - 1), &plain),
			 RV_ECORRUPT);
	for (size_t i = 1; i < box.len; i++) {
		box.ptr[i] ^= 1;
		assert_int_equal(rv_secret_unseal(s, "device.rs_key", RV_STR_LIT("7"),
						  rv_buf_str(&box), &plain),
				 RV_ECORRUPT);
		box.ptr[i] ^= 1;
	}
	box.ptr[0] = 2;
	assert_int_equal(
		rv_secret_unseal(s, "device.rs_key", RV_STR_LIT("7"), rv_buf_str(&box), &plain),
		RV_EVERSION);
	assert_int_equal(plain.len, 0);
	rv_buf_deinit(&box);
	rv_buf_deinit(&plain);
	rv_secret_free(s);
}

static void the_empty_text_has_a_box_too(void **state)
{
	struct rv_buf box = { 0 }, plain = { 0 };

	(void)state;
	struct rv_secret *s = must_open();
	rv_secret_seal(s, "x", RV_STR_LIT(""), RV_STR_LIT(""), &box);
	assert_int_equal(rv_secret_unseal(s, "x", RV_STR_LIT(""), rv_buf_str(&box), &plain), RV_OK);
	assert_int_equal(plain.len, 0);
	rv_buf_deinit(&box);
	rv_buf_deinit(&plain);
	rv_secret_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			first_open_makes_a_private_file_and_later_ones_read_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wrong_key_file_is_refused_with_its_name, setup,
						teardown),
		cmocka_unit_test(an_unreachable_place_is_an_errno),
		cmocka_unit_test_setup_teardown(
			mac_tells_keys_and_devices_apart_and_ignores_letter_case_of_the_id, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_box_opens_only_in_its_place_and_unaltered, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_empty_text_has_a_box_too, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
