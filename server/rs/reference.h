/* reference.h - secrets in the body of a module: ${secret:NAME}. Pure.
 *
 *   "password ${secret:ppp.branch-7}\n"  -->  "password hunter2\n"
 *   "echo $${HOME}\n"                    -->  "echo ${HOME}\n"
 *
 * Only in bodies of modules that say uses_secrets; all others are delivered byte for byte. There,
 * "$${" stands for "${", and "${" begins a reference; anything else it could begin is refused, so
 * that later kinds of references never change what an old config means. A '$' not before a '{' is
 * itself.
 */
#ifndef RV_RS_REFERENCE_H
#define RV_RS_REFERENCE_H

#include "base/buf.h"
#include "base/diag.h"

enum { RS_SECRET_NAME_MAX = 64, RS_SECRET_VALUE_MAX = 1024 };

/* 1..64 of letters, digits, '.', '_', '-'. */
bool rs_secret_name_ok(struct rv_str name);

/* A piece of a body: text as it is (name empty), or a reference. */
struct rs_reference_piece {
	struct rv_str text, name;
};

/* Cut the next piece off the front of *body, false at its end. RV_EINVALID in *err with diag
 * (key "config.reference", line) when "${" begins nothing that we know; where is the caller's to
 * add. */
bool rs_reference_next(struct rv_str *body, struct rs_reference_piece *out, int *err,
		       struct rv_diag *diag);

/* Value of a name; RV_OK or what rs_reference_render is to return. */
typedef int (*rs_reference_fn)(void *arg, struct rv_str name, struct rv_str *value);

/* Append the body with the values put in. RV_EINVALID: not well-formed; codes of fn; out's err. */
int rs_reference_render(struct rv_str body, rs_reference_fn fn, void *arg,
			struct rv_buf *out) RV_MUSTCHECK;

#endif
