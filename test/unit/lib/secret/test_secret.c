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
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret/keyfile.h"
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
	{ "0 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0400,
	  RV_ESYNTAX },
	{ "256 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0400,
	  RV_ESYNTAX },
	{ "1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
	  "1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
	  0400, RV_ESYNTAX },
	{ "mac 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
	  "1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
	  0400, RV_ESYNTAX },
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

static void seal(struct rv_secret *s, struct rv_buf *box)
{
	rv_buf_clear(box);
	rv_secret_seal(s, "x", RV_STR_LIT("1"), RV_STR_LIT("hush"), box);
}

static int open_box(struct rv_secret *s, const struct rv_buf *box)
{
	struct rv_buf plain = { .wipe = true };
	int err = rv_secret_unseal(s, "x", RV_STR_LIT("1"), rv_buf_str(box), &plain);

	if (err == RV_OK)
		assert_true(rv_str_is(rv_buf_str(&plain), "hush"));
	rv_buf_deinit(&plain);
	return err;
}

static void remove_lock(void)
{
	char name[80];

	snprintf(name, sizeof(name), "%s.lock", path);
	unlink(name);
}

/* A program killed between writing and renaming left a file with the key that is to be forgotten.
 */
static void a_change_leaves_no_key_of_a_killed_one_behind(void **state)
{
	char left[80];
	int fd;

	(void)state;
	snprintf(left, sizeof(left), "%s.new", path);
	rv_secret_free(must_open());
	for (int i = 0; i < 2; i++) {
		fd = open(left, O_WRONLY | O_CREAT, 0400);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(i == 0 ? rv_keyfile_add(path, NULL, NULL)
					: rv_keyfile_drop(path, NULL),
				 RV_OK);
		assert_int_equal(access(left, F_OK), -1);
	}
	snprintf(left, sizeof(left), "%s.lock", path);
	unlink(left);
}

static void a_rotation_changes_boxes_but_no_mac(void **state)
{
	struct rv_buf old = { 0 }, new = { 0 };
	uint8_t before[RV_SECRET_MAC_LEN], after[RV_SECRET_MAC_LEN];
	struct rv_keyfile file;
	struct stat st;
	uint8_t number;

	(void)state;
	struct rv_secret *s = must_open();
	rv_secret_mac(s, RV_STR_LIT(DID), RV_STR_LIT("k"), before);
	seal(s, &old);
	assert_int_equal(old.ptr[0], 1);
	assert_int_equal(rv_keyfile_add(path, &number, NULL), RV_OK);
	assert_int_equal(number, 2);
	assert_int_equal(rv_keyfile_add(path, &number, NULL), RV_OK); /* is under way: no third */
	assert_int_equal(number, 2);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	assert_int_equal(rv_keyfile_read(path, &file, NULL), RV_OK);
	assert_int_equal(file.count, 2);
	assert_true(file.has_mac);

	seal(s, &new);
	assert_int_equal(new.ptr[0], 1); /* until it is told */
	assert_int_equal(rv_secret_reload(s, path, NULL), RV_OK);
	assert_int_equal(rv_secret_number(s), 2);
	assert_int_equal(open_box(s, &old), RV_OK);
	rv_buf_clear(&new);
	assert_int_equal(rv_secret_reseal(s, "x", RV_STR_LIT("1"), rv_buf_str(&old), &new), RV_OK);
	assert_int_equal(new.ptr[0], 2);
	assert_int_equal(open_box(s, &new), RV_OK);

	assert_int_equal(rv_keyfile_drop(path, NULL), RV_OK);
	assert_int_equal(rv_keyfile_drop(path, NULL), RV_OK); /* nothing to drop */
	assert_int_equal(rv_secret_reload(s, path, NULL), RV_OK);
	assert_int_equal(open_box(s, &old), RV_EVERSION);
	assert_int_equal(open_box(s, &new), RV_OK);
	rv_secret_free(s);
	s = must_open(); /* as after a start */
	rv_secret_mac(s, RV_STR_LIT(DID), RV_STR_LIT("k"), after);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(open_box(s, &new), RV_OK);
	assert_int_equal(rv_keyfile_add(path, &number, NULL), RV_OK);
	assert_int_equal(number, 3);
	rv_secret_free(s);
	rv_buf_deinit(&old);
	rv_buf_deinit(&new);
	remove_lock();
}

static void numbers_go_round_and_skip_what_is_in_use(void **state)
{
	uint8_t number;

	(void)state;
	write_file("255 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0400);
	assert_int_equal(rv_keyfile_add(path, &number, NULL), RV_OK);
	assert_int_equal(number, 1);
	remove_lock();
}

static void another_installations_file_is_not_taken(void **state)
{
	struct rv_diag diag = { 0 };
	struct rv_buf box = { 0 };

	(void)state;
	struct rv_secret *s = must_open();
	seal(s, &box);
	unlink(path);
	assert_int_equal(rv_secret_reload(s, path, &diag), -ENOENT);
	write_file("1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0400);
	assert_int_equal(rv_secret_reload(s, path, &diag), RV_ECONFLICT);
	assert_string_equal(diag.key, "secret.other");
	assert_int_equal(open_box(s, &box), RV_OK);
	rv_secret_free(s);
	rv_buf_deinit(&box);
}

static void one_changes_the_file_at_a_time(void **state)
{
	struct rv_diag diag = { 0 };
	uint8_t number;
	char name[80];

	(void)state;
	rv_secret_free(must_open());
	snprintf(name, sizeof(name), "%s.lock", path);
	int fd = open(name, O_RDWR | O_CREAT, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(rv_keyfile_add(path, &number, &diag), RV_EBUSY);
	assert_string_equal(diag.key, "secret.locked");
	close(fd);
	unlink(path);
	assert_int_equal(rv_keyfile_add(path, &number, &diag), -ENOENT);
	remove_lock();
}

static void a_key_file_has_no_more_than_eight_keys(void **state)
{
	struct rv_buf text = { 0 };
	struct rv_keyfile file = { 0 };
	struct rv_diag diag = { 0 };

	(void)state;
	for (unsigned i = 1; i <= RV_KEYFILE_KEYS_MAX + 1; i++)
		rv_buf_printf(
			&text,
			"%u 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", i);
	assert_int_equal(rv_keyfile_parse(rv_buf_str(&text), &file, &diag), RV_ELIMIT);
	assert_int_equal(diag.line, RV_KEYFILE_KEYS_MAX + 1);
	assert_int_equal(file.count, 0);
	rv_buf_deinit(&text);
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
		cmocka_unit_test_setup_teardown(a_rotation_changes_boxes_but_no_mac, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_change_leaves_no_key_of_a_killed_one_behind,
						setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_go_round_and_skip_what_is_in_use, setup,
						teardown),
		cmocka_unit_test_setup_teardown(another_installations_file_is_not_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_changes_the_file_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_file_has_no_more_than_eight_keys, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
