/* names.h - what fields of the contract are called on the command line, and in what it says. Pure.
 */
#ifndef RV_CMD_CTL_NAMES_H
#define RV_CMD_CTL_NAMES_H

#include "base/buf.h"
#include "contract/desc.h"
#include "contract/texts.h"

/* Bytes above which a value is rather a file than a word. */
enum { CTL_LONG_FIELD = 1000 };

/* The i-th command there is: operations, then those of contract/local. NULL beyond the last. */
const struct rv_contract_op *ctl_command(size_t i);

/* The n-th word of op->cli, and whether it is an argument ("DISTID"). False at the end. */
bool ctl_word(const struct rv_contract_op *op, size_t n, struct rv_str *out, bool *is_arg);

/* "ls_key" -> "--ls-key", "is_enabled" -> "--enabled", "modules" -> "--module", into `out`. */
enum { CTL_OPTION_MAX = 64 };
void ctl_option_name(const struct rv_contract_field *field, char out[static CTL_OPTION_MAX]);

/* Is the field given by its place ("DISTID")? */
bool ctl_is_argument(const struct rv_contract_op *op, const struct rv_contract_field *field);
/* A field whose value may be read from a file: '@FILE'. */
bool ctl_takes_file(const struct rv_contract_field *field);
/* The list of modules, which has a notation of its own. */
bool ctl_is_modules(const struct rv_contract_field *field);
/* Only by --file: other lists of structs. */
bool ctl_is_file_only(const struct rv_contract_field *field);

/* The sentence for a diag in the user's language: the catalogue's, place and detail behind it. */
void ctl_put_error(struct rv_buf *out, enum rv_lang lang, int code, const char *key,
		   const char *where, const char *text);

/* The same for a mistake in the input of op, also one the server found: "ls_key" becomes
 * "--ls-key", "distid" DISTID; what only --file can give is told so; places inside of it stay. */
void ctl_put_op_error(struct rv_buf *out, enum rv_lang lang, const struct rv_contract_op *op,
		      int code, const char *key, const char *where, const char *text);

#endif
