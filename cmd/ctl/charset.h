/* charset.h - a text file of UTF-8 or CP932 (Windows' Shift_JIS) as UTF-8, piece by piece.
 *
 * What it is is told, or found out: strict UTF-8 (with or without a BOM), else strict CP932, else
 * it is refused with the line of the first character that is neither. Conversion is glibc's iconv.
 * The whole file is looked at before anything is handed out, so it has to be seekable: a pipe is
 * taken into memory first (memfd, never a disk: it may hold keys). One thread.
 */
#ifndef RV_CMD_CTL_CHARSET_H
#define RV_CMD_CTL_CHARSET_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"
#include "contract/rv_contract_types.h"

enum {
	CTL_TEXT_FILE_MAX = 256 * 1024 * 1024, /* bytes */
	CTL_TEXT_PIECE = 32 * 1024,
};

struct ctl_text_file { /* initialise with CTL_TEXT_FILE_NONE; ctl_text_close wipes */
	enum rv_csv_encoding encoding; /* utf8, utf8_bom or cp932 */

	/* Private. */
	int fd;
	void *iconv;
	size_t left; /* bytes of `in` not yet converted */
	char in[CTL_TEXT_PIECE];
	char out[3 * CTL_TEXT_PIECE]; /* a half-width kana: one byte, then three */
};

#define CTL_TEXT_FILE_NONE ((struct ctl_text_file){ .fd = -1 })

/* Open ("-": standard input) and look at all of it. RV_ESYNTAX: not of that encoding, diag->line;
 * UTF-16 is named as such. RV_ELIMIT: too large. Errors of open(2) and read(2). */
int ctl_text_open(struct ctl_text_file *file, const char *path, enum rv_csv_encoding as,
		  struct rv_diag *diag) RV_MUSTCHECK;
void ctl_text_close(struct ctl_text_file *file);

/* From the beginning again, which is behind a BOM. Errors of lseek(2). */
int ctl_text_rewind(struct ctl_text_file *file) RV_MUSTCHECK;

/* The next piece, of whole characters; valid until the next call. RV_ENOTFOUND: that was all.
 * RV_ESYNTAX: the file has changed meanwhile. Errors of read(2). */
int ctl_text_next(struct ctl_text_file *file, struct rv_str *out) RV_MUSTCHECK;

/* Append UTF-8 in the other encoding; utf8_bom: without one. RV_EINVALID with *err_at: CP932 has no
 * such character. */
int ctl_text_encode(struct rv_str utf8, enum rv_csv_encoding to, struct rv_buf *out,
		    size_t *err_at) RV_MUSTCHECK;

#endif
