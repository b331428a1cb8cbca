#include "secret/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/fail.h"
#include "base/rand.h"
#include "secret/subkey.h"

enum { FILE_MAX = 4096, NUMBER_MAX = 255 };

/* -- reading -------------------------------------------------------------------------------- */

static bool read_hex(struct rv_str hex, uint8_t *out, size_t len)
{
	size_t n = 0;

	return hex.len == len * 2 &&
	       sodium_hex2bin(out, len, hex.ptr, hex.len, NULL, &n, NULL) == 0 && n == len;
}

static bool parse_mac(struct rv_str rest, struct rv_keyfile *file)
{
	size_t blank = rv_str_find(rest, ' ');
	struct rv_str second = rv_str_sub(rest, blank + 1, rest.len);

	if (file->has_mac ||
	    !read_hex(rv_str_sub(rest, 0, blank), file->mac, RV_KEYFILE_MAC_LEN / 2) ||
	    !read_hex(second, file->mac + RV_KEYFILE_MAC_LEN / 2, RV_KEYFILE_MAC_LEN / 2))
		return false;
	file->has_mac = true;
	return true;
}

static const struct rv_keyfile_key *find_key(const struct rv_keyfile *file, uint64_t number)
{
	for (size_t i = 0; i < file->count; i++) {
		if (file->keys[i].number == number)
			return &file->keys[i];
	}
	return NULL;
}

static int parse_line(struct rv_str line, struct rv_keyfile *file)
{
	size_t blank = rv_str_find(line, ' ');
	struct rv_str word = rv_str_sub(line, 0, blank);
	struct rv_str rest = rv_str_sub(line, blank + 1, line.len);
	uint64_t number;

	if (rv_str_is(word, "mac"))
		return parse_mac(rest, file) ? RV_OK : RV_ESYNTAX;
	if (!rv_str_to_u64(word, NUMBER_MAX, &number) || number == 0 ||
	    find_key(file, number) != NULL)
		return RV_ESYNTAX;
	if (file->count == RV_KEYFILE_KEYS_MAX)
		return RV_ELIMIT;
	if (!read_hex(rest, file->keys[file->count].key, RV_KEYFILE_KEY_LEN))
		return RV_ESYNTAX;
	file->keys[file->count++].number = (uint8_t)number;
	return RV_OK;
}

int rv_keyfile_parse(struct rv_str text, struct rv_keyfile *out, struct rv_diag *diag)
{
	struct rv_keyfile file = { 0 };
	unsigned number = 0;
	int err = RV_OK;

	while (text.len > 0 && err == RV_OK) {
		size_t end = rv_str_find(text, '\n');
		struct rv_str line = rv_str_trim(rv_str_sub(text, 0, end));

		text = rv_str_sub(text, end + 1, text.len);
		number++;
		if (line.len > 0)
			err = parse_line(line, &file);
	}
	if (err == RV_OK && file.count == 0)
		err = RV_ESYNTAX;
	if (err == RV_OK)
		*out = file;
	else if (err == RV_ELIMIT)
		rv_diag_set(diag, err, "secret.keys", "", "more than %d keys", RV_KEYFILE_KEYS_MAX);
	else
		rv_diag_set(diag, err, "secret.format", "",
			    "line %u is not \"NUMBER KEY\" nor \"mac KEY KEY\" (keys: %d hex "
			    "digits)",
			    number, RV_KEYFILE_KEY_LEN * 2);
	if (err != RV_OK && diag != NULL)
		diag->line = number;
	rv_wipe(&file, sizeof(file));
	return err;
}

int rv_keyfile_read(const char *path, struct rv_keyfile *out, struct rv_diag *diag)
{
	struct rv_buf text = { .wipe = true };
	struct rv_diag why = { 0 };
	struct stat st;
	int err;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? -ENOENT
				       : rv_diag_set(diag, rv_err_from_errno(), "secret.file", path,
						     "%s: %s", path, strerror(errno));
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return rv_diag_set(diag, RV_EDENIED, "secret.mode", path,
				   "%s may be read by others (mode %03o): give it mode 400", path,
				   (unsigned)st.st_mode & 0777);
	err = rv_buf_read_file(&text, path, FILE_MAX);
	if (err == RV_OK) {
		err = rv_keyfile_parse(rv_buf_str(&text), out, &why);
		if (err != RV_OK)
			rv_diag_set(diag, err, why.key, path, "%s is not a key file: %.200s", path,
				    why.text);
	} else {
		rv_diag_set(diag, err, "secret.file", path, "cannot read %s (%s)", path,
			    rv_err_name(err));
	}
	rv_buf_deinit(&text);
	return err;
}

/* -- writing -------------------------------------------------------------------------------- */

static void put_hex(struct rv_buf *out, const uint8_t *bytes, size_t len)
{
	rv_hex_encode(out, rv_strn(bytes, len));
}

static void format(const struct rv_keyfile *file, struct rv_buf *out)
{
	if (file->has_mac) {
		rv_buf_puts(out, "mac ");
		put_hex(out, file->mac, RV_KEYFILE_MAC_LEN / 2);
		rv_buf_putc(out, ' ');
		put_hex(out, file->mac + RV_KEYFILE_MAC_LEN / 2, RV_KEYFILE_MAC_LEN / 2);
		rv_buf_putc(out, '\n');
	}
	for (size_t i = 0; i < file->count; i++) {
		rv_buf_printf(out, "%u ", file->keys[i].number);
		put_hex(out, file->keys[i].key, RV_KEYFILE_KEY_LEN);
		rv_buf_putc(out, '\n');
	}
}

static int write_all(int fd, struct rv_str data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);
		if (n < 0)
			return rv_err_from_errno();
		data = rv_str_sub(data, (size_t)n, data.len);
	}
	return fsync(fd) == 0 ? RV_OK : rv_err_from_errno();
}

/* The name of a file rests in its directory: without this a power cut may take it back. */
static int sync_directory(const char *path)
{
	char copy[PATH_MAX];
	int fd, err;

	if (!rv_str_copy(rv_str(path), copy, sizeof(copy)))
		return -ENAMETOOLONG;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rv_err_from_errno();
	err = fsync(fd) == 0 ? RV_OK : rv_err_from_errno();
	close(fd);
	return err;
}

/* A whole file beside `path`, on disk, as path.suffix. */
static int write_beside(const char *path, const char *suffix, const struct rv_keyfile *file,
			char temp[static PATH_MAX])
{
	struct rv_buf text = { .wipe = true };
	struct stat st;
	int fd, err;

	if (snprintf(temp, PATH_MAX, "%s.%s", path, suffix) >= PATH_MAX)
		return -ENAMETOOLONG;
	unlink(temp); /* left by one that was killed here */
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return rv_err_from_errno();
	format(file, &text);
	err = text.err;
	/* Whoever could read the old one, root's duties with a uid of their own, can read this. */
	if (err == RV_OK && stat(path, &st) == 0 && st.st_uid != geteuid() &&
	    fchown(fd, st.st_uid, st.st_gid) != 0)
		err = rv_err_from_errno();
	if (err == RV_OK)
		err = write_all(fd, rv_buf_str(&text));
	rv_buf_deinit(&text);
	close(fd);
	if (err != RV_OK)
		unlink(temp);
	return err;
}

int rv_keyfile_make(const char *path)
{
	struct rv_keyfile file = { .count = 1, .keys[0].number = 1 };
	char temp[PATH_MAX], suffix[24];

	snprintf(suffix, sizeof(suffix), "%ld", (long)getpid()); /* others may be making it, too */
	rv_rand_secret(file.keys[0].key, RV_KEYFILE_KEY_LEN);
	int err = write_beside(path, suffix, &file, temp);
	rv_wipe(&file, sizeof(file));
	if (err != RV_OK)
		return err;
	if (link(temp, path) != 0 && errno != EEXIST)
		err = rv_err_from_errno();
	unlink(temp);
	return err == RV_OK ? sync_directory(path) : err;
}

/* Put another file in its place. Under the lock, so one name is enough; what a killed program left
 * there goes with the next change: it may hold a key that is to be forgotten. */
static int replace(const char *path, const struct rv_keyfile *file)
{
	char temp[PATH_MAX];
	int err = write_beside(path, "new", file, temp);

	if (err != RV_OK)
		return err;
	rv_fail_point("secret.key.written");
	if (rename(temp, path) != 0) {
		err = rv_err_from_errno();
		unlink(temp);
		return err;
	}
	return sync_directory(path);
}

/* -- changing ------------------------------------------------------------------------------- */

static int lock(const char *path, int *fd, struct rv_diag *diag)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s.lock", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	*fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return rv_diag_set(diag, rv_err_from_errno(), "secret.file", name, "%s: %s", name,
				   strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return RV_OK;
	close(*fd);
	return rv_diag_set(diag, RV_EBUSY, "secret.locked", name, "another program is changing %s",
			   path);
}

static uint8_t free_number(const struct rv_keyfile *file)
{
	uint8_t number = file->keys[0].number;

	do
		number = number == NUMBER_MAX ? 1 : (uint8_t)(number + 1);
	while (find_key(file, number) != NULL);
	return number;
}

static void add_key(struct rv_keyfile *file)
{
	struct rv_keyfile_key made = { .number = free_number(file) };

	rv_rand_secret(made.key, RV_KEYFILE_KEY_LEN);
	if (!file->has_mac) {
		rv_subkeys_mac(file->keys[0].key, file->mac);
		file->has_mac = true;
	}
	file->keys[1] = file->keys[0];
	file->keys[0] = made;
	file->count = 2;
	rv_wipe(&made, sizeof(made));
}

static void forget_leftover(const char *path)
{
	char temp[PATH_MAX];

	if (snprintf(temp, sizeof(temp), "%s.new", path) < (int)sizeof(temp))
		unlink(temp);
}

/* Under the lock: read, alter if it has (or has not) one key only, write. */
static int change(const char *path, bool is_drop, uint8_t *number, struct rv_diag *diag)
{
	struct rv_keyfile file = { 0 };
	int fd, err = lock(path, &fd, diag);

	if (err != RV_OK)
		return err;
	err = rv_keyfile_read(path, &file, diag);
	if (err == -ENOENT)
		rv_diag_set(diag, err, "secret.none", path, "there is no key file %s", path);
	if (err == RV_OK)
		forget_leftover(path);
	if (err == RV_OK && is_drop == (file.count > 1)) {
		if (is_drop) {
			rv_wipe(file.keys + 1, sizeof(file.keys) - sizeof(file.keys[0]));
			file.count = 1;
		} else {
			add_key(&file);
		}
		err = replace(path, &file);
		if (err != RV_OK)
			rv_diag_set(diag, err, "secret.file", path, "cannot write %s (%s)", path,
				    rv_err_name(err));
	}
	if (err == RV_OK && number != NULL)
		*number = file.keys[0].number;
	rv_wipe(&file, sizeof(file));
	close(fd);
	return err;
}

int rv_keyfile_add(const char *path, uint8_t *number, struct rv_diag *diag)
{
	return change(path, false, number, diag);
}

int rv_keyfile_drop(const char *path, struct rv_diag *diag)
{
	return change(path, true, NULL, diag);
}
