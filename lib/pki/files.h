/* files.h - the directory that keys and certificates lie in: read, added to, changed, all
 * atomically.
 *
 * One run at a time: the directory is locked while it is open. Files appear whole or not at all and
 * are synced, with their directory. Blocking; for the command line only.
 */
#ifndef RV_PKI_FILES_H
#define RV_PKI_FILES_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/diag.h"

enum {
	RV_PKI_FILE_MAX = 65536, /* bytes of one PEM file */
	RV_PKI_CERT_MODE = 0644,
	RV_PKI_SERVER_KEY_MODE = 0600,
	RV_PKI_CA_KEY_MODE = 0400,
};

struct rv_pki_files {
	const char *path; /* lent */
	int fd;           /* -1: not open */
};

/* Made with mode 0700 when missing; its parent must exist. RV_EDENIED (others may write in it),
 * RV_EBUSY (another run is at work) or an errno code, with *diag. */
int rv_pki_files_open(const char *path, struct rv_pki_files *out,
		      struct rv_diag *diag) RV_MUSTCHECK;
void rv_pki_files_close(struct rv_pki_files *files); /* {.fd = -1} allowed */

/* Append the file's text. RV_OK with *is_there false: there is none. */
int rv_pki_files_read(const struct rv_pki_files *files, const char *name, struct rv_buf *out,
		      bool *is_there, struct rv_diag *diag) RV_MUSTCHECK;
/* A new file; -EEXIST: there is one already, and it stays. */
int rv_pki_files_add(const struct rv_pki_files *files, const char *name, mode_t mode,
		     struct rv_str text, struct rv_diag *diag) RV_MUSTCHECK;
/* The file has this text now, whatever was there before. */
int rv_pki_files_replace(const struct rv_pki_files *files, const char *name, mode_t mode,
			 struct rv_str text, struct rv_diag *diag) RV_MUSTCHECK;

/* *diag names the file: "<dir>/<name>: <what>: <error>". Returns err. */
int rv_pki_files_blame(const struct rv_pki_files *files, int err, const char *name,
		       const char *what, struct rv_diag *diag);

#endif
