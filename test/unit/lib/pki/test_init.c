#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/time.h"
#include "pki/init.h"

enum { PATH_TEXT_MAX = 256, FILE_MAX = 65536 };

static const char *const loopback[] = { "127.0.0.1", "::1", "localhost", NULL };
static const char *const bad_names[] = { "not a name", NULL };

struct dir {
	char root[64];
	char pki[80];
};

static int make_dir(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));

	snprintf(d->root, sizeof(d->root), "/tmp/reeve-test-pki.XXXXXX");
	assert_non_null(mkdtemp(d->root));
	snprintf(d->pki, sizeof(d->pki), "%s/pki", d->root);
	*state = d;
	return 0;
}

static int remove_dir(void **state)
{
	struct dir *d = *state;
	char command[PATH_TEXT_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", d->root);
	assert_int_equal(system(command), 0);
	free(d);
	return 0;
}

static int init(const struct dir *d, struct rv_pki_init_result *out, struct rv_diag *diag)
{
	struct rv_pki_init opt = { d->pki, NULL, loopback, loopback, rv_time_utc_us() };

	return rv_pki_init_dir(&opt, out, diag);
}

static void init_all(const struct dir *d)
{
	struct rv_pki_init_result result;
	struct rv_diag diag = { 0 };

	if (init(d, &result, &diag) != RV_OK)
		fail_msg("%s", diag.text);
	assert_int_equal(result.count, RV_PKI_INIT_FILES);
}

static void path_of(const struct dir *d, const char *name, char out[static PATH_TEXT_MAX])
{
	snprintf(out, PATH_TEXT_MAX, "%s/%s", d->pki, name);
}

static void read_all(const struct dir *d, struct rv_buf *out)
{
	struct rv_pki_init_result result;

	rv_buf_init(out, 0);
	assert_int_equal(init(d, &result, NULL), RV_OK);
	for (size_t i = 0; i < result.count; i++) {
		char path[PATH_TEXT_MAX];

		path_of(d, result.files[i].name, path);
		assert_false(result.files[i].is_new);
		assert_int_equal(rv_buf_read_file(out, path, FILE_MAX), RV_OK);
	}
}

static void remove_file(const struct dir *d, const char *name)
{
	char path[PATH_TEXT_MAX];

	path_of(d, name, path);
	assert_int_equal(unlink(path), 0);
}

static const struct {
	const char *name;
	mode_t mode;
} expected_files[RV_PKI_INIT_FILES] = {
	{ "ls-root.crt", 0644 }, { "ls-root.key", 0400 }, { "ls.crt", 0644 },
	{ "ls.key", 0600 },      { "rs-ca.crt", 0644 },   { "rs-ca.key", 0400 },
	{ "rs.crt", 0644 },      { "rs.key", 0600 },      { "http-ca.crt", 0644 },
	{ "http-ca.key", 0400 }, { "http.crt", 0644 },    { "http.key", 0600 },
};

static void all_files_are_made_with_their_modes(void **state)
{
	struct dir *d = *state;
	struct rv_pki_init_result result;
	struct rv_diag diag = { 0 };
	struct stat st;

	umask(0); /* the modes are ours, not the caller's */
	assert_int_equal(init(d, &result, &diag), RV_OK);
	assert_int_equal(result.count, RV_PKI_INIT_FILES);
	assert_int_equal(stat(d->pki, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < RV_ARRAY_LEN(expected_files); i++) {
		char path[PATH_TEXT_MAX];

		path_of(d, expected_files[i].name, path);
		assert_string_equal(result.files[i].name, expected_files[i].name);
		assert_true(result.files[i].is_new);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, expected_files[i].mode);
		assert_int_equal(st.st_nlink, 1); /* no temporary name is left */
	}
}

static const struct {
	const char *command; /* %1$s = the directory */
	int status;
} openssl_checks[] = {
	{ "openssl verify -x509_strict -purpose sslserver -CAfile %1$s/ls-root.crt %1$s/ls.crt",
	  0 },
	{ "openssl verify -x509_strict -purpose sslserver -verify_ip 127.0.0.1 "
	  "-CAfile %1$s/rs-ca.crt %1$s/rs.crt",
	  0 },
	{ "openssl verify -x509_strict -verify_ip ::1 -CAfile %1$s/rs-ca.crt %1$s/rs.crt", 0 },
	{ "openssl verify -x509_strict -verify_hostname localhost -CAfile %1$s/http-ca.crt "
	  "%1$s/http.crt",
	  0 },
	{ "openssl verify -CAfile %1$s/rs-ca.crt %1$s/ls.crt", 2 },
	{ "openssl verify -verify_ip 127.0.0.2 -CAfile %1$s/rs-ca.crt %1$s/rs.crt", 2 },
	{ "openssl x509 -noout -subject -in %1$s/ls.crt | grep -qx 'subject=CN = Location Server "
	  "1'",
	  0 },
	{ "openssl x509 -noout -subject -in %1$s/ls-root.crt | "
	  "grep -qx 'subject=CN = ARMS Root CA 1'",
	  0 },
	{ "openssl x509 -noout -checkend $((820 * 86400)) -in %1$s/rs.crt", 0 },
	{ "openssl x509 -noout -checkend $((830 * 86400)) -in %1$s/rs.crt", 1 },
	{ "openssl x509 -noout -checkend $((19 * 365 * 86400)) -in %1$s/ls-root.crt", 0 },
};

static void openssl_agrees(void **state)
{
	struct dir *d = *state;

	init_all(d);
	for (size_t i = 0; i < RV_ARRAY_LEN(openssl_checks); i++) {
		struct rv_buf command;
		struct rv_str rest = rv_str(openssl_checks[i].command);
		int status;

		rv_buf_init(&command, 0);
		for (size_t at; rest.len > 0; rest = rv_str_sub(rest, at + 4, rest.len)) {
			at = rv_str_find(rest, '%');
			rv_buf_put_str(&command, rv_str_sub(rest, 0, at));
			if (at < rest.len)
				rv_buf_puts(&command, d->pki);
			else
				break;
		}
		rv_buf_puts(&command, " >/dev/null 2>&1");
		rv_buf_putc(&command, '\0');
		status = system(command.ptr);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != openssl_checks[i].status)
			fail_msg("status %d: %s", status, command.ptr);
		rv_buf_deinit(&command);
	}
}

static void a_second_run_keeps_everything(void **state)
{
	struct dir *d = *state;
	struct rv_buf before, after;

	init_all(d);
	read_all(d, &before);
	read_all(d, &after);
	assert_true(rv_str_eq(rv_buf_str(&before), rv_buf_str(&after)));
	rv_buf_deinit(&before);
	rv_buf_deinit(&after);
}

static void only_what_is_missing_is_made(void **state)
{
	struct dir *d = *state;
	struct rv_pki_init_result result;

	init_all(d);
	remove_file(d, "rs.crt");
	remove_file(d, "rs.key");
	assert_int_equal(init(d, &result, NULL), RV_OK);
	for (size_t i = 0; i < result.count; i++)
		assert_int_equal(result.files[i].is_new,
				 strncmp(result.files[i].name, "rs.", 3) == 0);
}

/* Each loss must be told by the name of a file, and nothing may be made. */
static const struct {
	const char *lost[2];
	const char *where, *text;
} losses[] = {
	{ { "rs.key", NULL }, "rs.crt", "rs.key is missing" },
	{ { "http.crt", NULL }, "http.key", "http.crt is missing" },
	{ { "ls-root.crt", "ls-root.key" }, "ls.crt", "ls-root.crt is missing" },
};

static void half_made_pairs_are_named(void **state)
{
	struct dir *d = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(losses); i++) {
		struct rv_pki_init_result result;
		struct rv_diag diag = { 0 };

		init_all(d);
		for (size_t k = 0; k < 2 && losses[i].lost[k] != NULL; k++)
			remove_file(d, losses[i].lost[k]);
		assert_int_equal(init(d, &result, &diag), RV_EINVALID);
		assert_int_equal(result.count, 0);
		assert_string_equal(diag.where, losses[i].where);
		if (strstr(diag.text, losses[i].text) == NULL)
			fail_msg("%s", diag.text);
		for (size_t k = 0; k < RV_ARRAY_LEN(expected_files); k++) {
			char path[PATH_TEXT_MAX];
			path_of(d, expected_files[k].name, path);
			unlink(path);
		}
	}
}

static void the_key_of_a_ca_may_be_elsewhere_while_nothing_is_signed(void **state)
{
	struct dir *d = *state;
	struct rv_pki_init_result result;
	struct rv_diag diag = { 0 };

	init_all(d);
	remove_file(d, "ls-root.key");
	assert_int_equal(init(d, &result, &diag), RV_OK);
	assert_int_equal(result.count, RV_PKI_INIT_FILES - 1);
	remove_file(d, "ls.crt");
	remove_file(d, "ls.key");
	assert_int_equal(init(d, &result, &diag), RV_EINVALID);
	assert_string_equal(diag.key, "pki.init.offline");
	assert_string_equal(diag.where, "ls.crt");
	assert_non_null(strstr(diag.text, "ls-root.key"));
	assert_non_null(strstr(diag.text, "reeve pki request ls`"));
}

static void copy_file(const struct dir *d, const char *from, const char *to)
{
	char source[PATH_TEXT_MAX], target[PATH_TEXT_MAX];
	struct rv_buf text;
	FILE *f;

	path_of(d, from, source);
	path_of(d, to, target);
	rv_buf_init(&text, 0);
	assert_int_equal(rv_buf_read_file(&text, source, FILE_MAX), RV_OK);
	f = fopen(target, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text.ptr, 1, text.len, f), text.len);
	assert_int_equal(fclose(f), 0);
	rv_buf_deinit(&text);
}

static void mixed_up_files_are_named(void **state)
{
	struct dir *d = *state;
	struct rv_pki_init_result result;
	struct rv_diag diag = { 0 };

	init_all(d);
	copy_file(d, "http.key", "rs.key");
	assert_int_equal(init(d, &result, &diag), RV_EINVALID);
	assert_string_equal(diag.where, "rs.key");
	copy_file(d, "http.crt", "rs.crt");
	assert_int_equal(init(d, &result, &diag), RV_EINVALID);
	assert_string_equal(diag.where, "rs.crt");
	assert_non_null(strstr(diag.text, "not issued by this CA"));
	copy_file(d, "rs.key", "rs.crt");
	assert_int_equal(init(d, &result, &diag), RV_ESYNTAX);
	assert_string_equal(diag.where, "rs.crt");
}

static void a_bad_name_makes_no_file(void **state)
{
	struct dir *d = *state;
	struct rv_pki_init opt = { d->pki, NULL, NULL, bad_names, rv_time_utc_us() };
	struct rv_pki_init_result result;
	struct rv_diag diag = { 0 };

	assert_int_equal(rv_pki_init_dir(&opt, &result, &diag), RV_EINVALID);
	assert_int_equal(result.count, 0);
	assert_string_equal(diag.key, "pki.alt_name");
	assert_string_equal(diag.where, "http.crt");
	assert_non_null(strstr(diag.text, "not a name"));
	assert_int_equal(rmdir(d->pki), 0); /* empty */
}

static void unfit_directories_are_refused(void **state)
{
	struct dir *d = *state;
	struct rv_pki_init_result result;
	struct rv_diag diag = { 0 };
	struct dir deep = *d;
	int fd;

	snprintf(deep.pki, sizeof(deep.pki), "%s/a/b", d->root);
	assert_int_equal(init(&deep, &result, &diag), -ENOENT);
	assert_int_equal(mkdir(d->pki, 0700), 0);
	assert_int_equal(chmod(d->pki, 0770), 0);
	assert_int_equal(init(d, &result, &diag), RV_EDENIED);
	assert_int_equal(chmod(d->pki, 0700), 0);
	fd = open(d->pki, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(init(d, &result, &diag), RV_EBUSY);
	close(fd);
	assert_int_equal(init(d, &result, &diag), RV_OK);
}

static void what_a_dead_run_left_is_no_obstacle(void **state)
{
	struct dir *d = *state;
	char path[PATH_TEXT_MAX];
	int fd;

	assert_int_equal(mkdir(d->pki, 0700), 0);
	path_of(d, ".rs.key.new", path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	init_all(d);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_files_are_made_with_their_modes, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(openssl_agrees, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_second_run_keeps_everything, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(only_what_is_missing_is_made, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(half_made_pairs_are_named, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			the_key_of_a_ca_may_be_elsewhere_while_nothing_is_signed, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(mixed_up_files_are_named, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_bad_name_makes_no_file, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(unfit_directories_are_refused, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(what_a_dead_run_left_is_no_obstacle, make_dir,
						remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
