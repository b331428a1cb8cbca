/* args.h - a command line becomes an operation and its input.
 *
 *   reeve ctl --json device create 0000-... --ls-key @key.txt --description "Tokyo 1"
 *             global words         argument options: fields of the operation's input
 *
 * Options may stand anywhere behind the words they belong to; "--x=v" and "--x v" are the same;
 * "--" ends them. Bools take no value ("--enabled", "--no-enabled"). Values of secret and of
 * long fields are read from a file when they begin with '@'.
 */
#ifndef RV_CMD_CTL_ARGS_H
#define RV_CMD_CTL_ARGS_H

#include "cmd/ctl/source.h"
#include "contract/json.h"

enum { CTL_FILE_MAX = 16 * 1024 * 1024 }; /* bytes of a --file */

struct ctl_args {
	const char *server, *state, *token_file, *ca_file; /* NULL when not given */
	unsigned timeout_ms;                               /* 0: the default */
	const char *columns; /* of tables: "distid,group"; NULL: those of the contract */
	bool is_insecure, is_json, is_utc, is_help;
	bool has_no_header;              /* tables begin with their first row */
	const struct rv_contract_op *op; /* NULL with is_help: help on many */
	const char *noun;                /* those of this noun only; NULL: on everything */
	void *in;                        /* struct of op->in, checked; in io's arena; NULL: help */
	bool has_limit;                  /* the user wants this many, not all pages */
};

/* argv without the program's name. --lang is heard where it stands: io->lang changes. RV_EINVALID,
 * RV_ELIMIT: the user's mistake, told in io->err. */
int ctl_args_parse(struct ctl_io *io, const char *const *argv, struct ctl_args *out) RV_MUSTCHECK;

#endif
