#include "cmd/ctl/charset.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char bom[] = "\xef\xbb\xbf";

enum { BOM_LEN = 3, TAIL_MAX = 3 /* bytes of a character that is not complete */ };

/* ---- One piece ----------------------------------------------------------------------------- */

/* As many whole characters as `in` begins with; *is_bad: what follows them is none, or, at the end
 * of the file, is cut. */
static size_t utf8_whole(struct rv_str in, bool is_last, bool *is_bad)
{
	size_t at = in.len;

	*is_bad = false;
	if (rv_str_is_utf8(in, &at))
		return in.len;
	/* The beginning of a character whose rest is in the next piece? */
	*is_bad = is_last || in.len - at > TAIL_MAX || (unsigned char)in.ptr[at] < 0xc2 ||
		  (unsigned char)in.ptr[at] > 0xf4;
	for (size_t i = at + 1; i < in.len; i++)
		*is_bad |= ((unsigned char)in.ptr[i] & 0xc0) != 0x80;
	return at;
}

/* The same for CP932, converted to out[*out_len]. */
static size_t cp932_whole(iconv_t cd, struct rv_str in, bool is_last, char *out, size_t size,
			  size_t *out_len, bool *is_bad)
{
	char *from = (char *)in.ptr;
	char *to = out;
	size_t from_left = in.len;
	size_t to_left = size;
	size_t r = iconv(cd, &from, &from_left, &to, &to_left);

	*is_bad = r == (size_t)-1 && (errno != EINVAL || is_last);
	*out_len = size - to_left;
	return in.len - from_left;
}

/* Fill file->in behind what is left of the last piece. Bytes there are now, 0 at the end. */
static int fill(struct ctl_text_file *file, size_t *len, bool *is_last)
{
	*is_last = false;
	*len = file->left;
	while (*len < sizeof(file->in)) {
		ssize_t n = read(file->fd, file->in + *len, sizeof(file->in) - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rv_err_from_errno();
		*is_last = n == 0;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return RV_OK;
}

/* Convert file->in[0..len) and keep what is cut off. */
static struct rv_str convert(struct ctl_text_file *file, size_t len, bool is_last, bool *is_bad)
{
	size_t out_len = 0;
	size_t used;

	if (file->encoding == RV_CSV_ENCODING_CP932) {
		used = cp932_whole(file->iconv, rv_strn(file->in, len), is_last, file->out,
				   sizeof(file->out), &out_len, is_bad);
	} else {
		used = utf8_whole(rv_strn(file->in, len), is_last, is_bad);
		memcpy(file->out, file->in, used);
		out_len = used;
	}
	file->left = len - used;
	memmove(file->in, file->in + used, file->left);
	return rv_strn(file->out, out_len);
}

/* ---- The whole file ------------------------------------------------------------------------ */

/* RV_OK when all of it is of file->encoding; RV_ESYNTAX with the line that is not. */
static int check(struct ctl_text_file *file, unsigned *line)
{
	bool is_last = false;
	bool is_bad = false;
	int r = ctl_text_rewind(file);

	*line = 1;
	while (r == RV_OK && !is_last) {
		size_t len = 0;
		struct rv_str text;

		r = fill(file, &len, &is_last);
		if (r != RV_OK)
			return r;
		text = convert(file, len, is_last, &is_bad);
		for (size_t i = 0; i < text.len; i++)
			*line += text.ptr[i] == '\n';
		if (is_bad)
			return RV_ESYNTAX;
	}
	return r;
}

static int refuse(struct rv_diag *diag, unsigned line, const char *what)
{
	rv_diag_set(diag, RV_ESYNTAX, "csv.encoding", "", "%s", what);
	if (diag != NULL)
		diag->line = line;
	return RV_ESYNTAX;
}

static int find_encoding(struct ctl_text_file *file, enum rv_csv_encoding as, struct rv_diag *diag)
{
	char head[BOM_LEN] = { 0 };
	ssize_t n = pread(file->fd, head, sizeof(head), 0);
	unsigned line = 1;
	unsigned line_utf8 = 1;
	int r;

	if (n < 0)
		return rv_err_from_errno();
	if (n >= 2 && (memcmp(head, "\xff\xfe", 2) == 0 || memcmp(head, "\xfe\xff", 2) == 0))
		return refuse(diag, 1, "this is UTF-16: save it as CSV UTF-8");
	file->encoding = n == BOM_LEN && memcmp(head, bom, BOM_LEN) == 0 ? RV_CSV_ENCODING_UTF8_BOM
									 : RV_CSV_ENCODING_UTF8;
	if (as == RV_CSV_ENCODING_CP932)
		file->encoding = as;
	r = check(file, &line_utf8);
	if (r != RV_ESYNTAX)
		return r;
	if (as == RV_CSV_ENCODING_CP932)
		return refuse(diag, line_utf8, "this is not CP932");
	if (as != RV_CSV_ENCODING_AUTO || file->encoding == RV_CSV_ENCODING_UTF8_BOM)
		return refuse(diag, line_utf8, "this is not UTF-8");
	file->encoding = RV_CSV_ENCODING_CP932;
	r = check(file, &line);
	return r != RV_ESYNTAX ? r
			       : refuse(diag, line > line_utf8 ? line : line_utf8,
					"this is neither UTF-8 nor CP932");
}

/* A pipe has no second pass: into memory with it. */
static int take_pipe(struct ctl_text_file *file)
{
	int fd = memfd_create("reeve-ctl", MFD_CLOEXEC);
	size_t total = 0;
	ssize_t n;
	int r = RV_OK;

	if (fd < 0)
		return rv_err_from_errno();
	while ((n = read(file->fd, file->in, sizeof(file->in))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write(fd, file->in, (size_t)n) != n)
			r = rv_err_from_errno();
		else if ((total += (size_t)n) > CTL_TEXT_FILE_MAX)
			r = RV_ELIMIT;
		if (r != RV_OK)
			break;
	}
	close(file->fd);
	file->fd = fd;
	return r;
}

static int open_file(struct ctl_text_file *file, const char *path)
{
	struct stat st;

	file->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return rv_err_from_errno();
	if (fstat(file->fd, &st) != 0)
		return rv_err_from_errno();
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : take_pipe(file);
	return st.st_size > CTL_TEXT_FILE_MAX ? RV_ELIMIT : RV_OK;
}

int ctl_text_open(struct ctl_text_file *file, const char *path, enum rv_csv_encoding as,
		  struct rv_diag *diag)
{
	int r = open_file(file, path);

	if (r == RV_OK) {
		file->iconv = iconv_open("UTF-8", "CP932");
		if (file->iconv == (void *)-1) {
			file->iconv = NULL;
			r = rv_err_from_errno();
		}
	}
	if (r == RV_OK)
		r = find_encoding(file, as, diag);
	if (r == RV_OK)
		r = ctl_text_rewind(file);
	if (r == RV_ELIMIT)
		rv_diag_set(diag, r, "csv.size", "", "the file is larger than %d MiB",
			    CTL_TEXT_FILE_MAX >> 20);
	else if (r != RV_OK && r != RV_ESYNTAX)
		rv_diag_set(diag, r, "csv.read", "", "%s", strerror(-r));
	if (r != RV_OK)
		ctl_text_close(file);
	return r;
}

void ctl_text_close(struct ctl_text_file *file)
{
	if (file->iconv != NULL)
		iconv_close(file->iconv);
	if (file->fd >= 0)
		close(file->fd);
	rv_wipe(file, sizeof(*file));
	file->fd = -1;
}

int ctl_text_rewind(struct ctl_text_file *file)
{
	off_t start = file->encoding == RV_CSV_ENCODING_UTF8_BOM ? BOM_LEN : 0;

	file->left = 0;
	(void)iconv(file->iconv, NULL, NULL, NULL, NULL);
	return lseek(file->fd, start, SEEK_SET) == start ? RV_OK : rv_err_from_errno();
}

int ctl_text_next(struct ctl_text_file *file, struct rv_str *out)
{
	bool is_last = false;
	bool is_bad = false;
	size_t len = 0;
	int r = fill(file, &len, &is_last);

	if (r != RV_OK)
		return r;
	if (len == 0)
		return RV_ENOTFOUND;
	*out = convert(file, len, is_last, &is_bad);
	return is_bad ? RV_ESYNTAX : RV_OK;
}

int ctl_text_encode(struct rv_str utf8, enum rv_csv_encoding to, struct rv_buf *out, size_t *err_at)
{
	iconv_t cd;
	char *from = (char *)utf8.ptr;
	size_t from_left = utf8.len;
	int r = RV_OK;

	if (to != RV_CSV_ENCODING_CP932) {
		rv_buf_put_str(out, utf8);
		return out->err;
	}
	cd = iconv_open("CP932", "UTF-8");
	if (cd == (iconv_t)-1)
		return rv_err_from_errno();
	/* CP932 takes at most as many bytes as UTF-8. */
	char *to_start = rv_buf_reserve(out, utf8.len + 1);
	char *to_at = to_start;
	size_t to_left = utf8.len + 1;

	if (to_start == NULL)
		r = out->err;
	else if (iconv(cd, &from, &from_left, &to_at, &to_left) == (size_t)-1)
		r = RV_EINVALID;
	else
		rv_buf_commit(out, (size_t)(to_at - to_start));
	if (r == RV_EINVALID)
		*err_at = utf8.len - from_left;
	iconv_close(cd);
	return r;
}
