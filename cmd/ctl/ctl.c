#include "cmd/ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hide.h"
#include "cmd/ctl/args.h"
#include "cmd/ctl/help.h"
#include "cmd/ctl/local.h"
#include "cmd/ctl/names.h"
#include "cmd/ctl/server.h"
#include "cmd/ctl/show.h"
#include "contract/rv_contract.h"
#include "contract/view.h"
#include "rsapi/call.h"

enum { PAGES_MAX = 100000 }; /* of up to 1,000 things: a server that never ends is stopped */

/* All answers to one command: each page is copied, for the next call takes its memory. */
struct pages {
	struct rv_arena arena;
	const void **pages;
	size_t count, cap;
};

int ctl_exit_of(int code)
{
	switch (code) {
	case RV_OK:
		return RV_CTL_OK;
	case RV_EINVALID: /* what the server refuses came from the command line, or from its --file
			   */
	case RV_ESYNTAX:
		return RV_CTL_USAGE;
	case RV_ENOTFOUND:
		return RV_CTL_NOT_FOUND;
	case RV_EAUTH:
	case RV_EDENIED:
		return RV_CTL_DENIED;
	case RV_ECLOSED:
	case RV_ETIMEOUT:
	case RV_ETLS:
		return RV_CTL_UNREACHABLE;
	default:
		return RV_CTL_FAILED;
	}
}

void ctl_complain(const struct rv_buf *text)
{
	fprintf(stderr, "reeve ctl: %.*s\n", RV_STR_ARG(rv_buf_str(text)));
}

/* Deep, by way of the codec. */
static int add_page(struct pages *p, const struct rv_contract_op *op, const void *out)
{
	struct rv_buf bytes = { 0 };
	struct rv_str lent;
	void *copy = rv_arena_alloc(&p->arena, op->out->size);
	int r;

	if (p->count == p->cap) {
		size_t cap = p->cap * 2 + 4;
		const void **grown = realloc(p->pages, cap * sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		p->pages = grown;
		p->cap = cap;
	}
	rv_contract_encode(op->out, out, &bytes);
	lent = rv_arena_str(&p->arena, rv_buf_str(&bytes));
	r = bytes.err;
	rv_buf_deinit(&bytes);
	if (r != RV_OK || copy == NULL || lent.ptr == NULL)
		return -ENOMEM;
	r = rv_contract_decode(op->out, lent, &p->arena, copy);
	if (r == RV_OK)
		p->pages[p->count++] = copy;
	return r;
}

/* Where the next page starts: false when that was the last. */
static bool turn_page(const struct rv_contract_op *op, void *in, const void *out)
{
	const struct rv_contract_field *to = rv_contract_field_find(op->in, rv_str(op->page_in));
	const struct rv_contract_field *from;
	const void *holder = out;
	struct rv_contract_list list = rv_contract_load_list(
		rv_contract_field_find(op->out, rv_str(op->table)), out);
	const bool yes = true;

	if (list.len == 0)
		return false;
	if (op->page_out != NULL) {
		from = rv_contract_field_find(op->out, rv_str(op->page_out));
	} else {
		from = rv_contract_field_find(
			rv_contract_field_find(op->out, rv_str(op->table))->of.type,
			rv_str(op->page_item));
		holder = list.items + (list.len - 1) * list.item_size;
	}
	if (!rv_contract_is_present(from, holder))
		return false;
	memcpy((char *)in + to->offset, rv_contract_at(holder, from->offset),
	       from->kind == RV_CONTRACT_STR ? sizeof(struct rv_str) : sizeof(int64_t));
	memcpy((char *)in + to->side, &yes, sizeof(yes));
	return true;
}

/* All pages are wanted: few large ones. */
static void ask_for_most(const struct rv_contract_op *op, void *in)
{
	const struct rv_contract_field *limit = rv_contract_field_find(op->in, RV_STR_LIT("limit"));
	const uint32_t most = (uint32_t)limit->max;
	const bool yes = true;

	memcpy((char *)in + limit->offset, &most, sizeof(most));
	memcpy((char *)in + limit->side, &yes, sizeof(yes));
}

static int ask(struct rsapi *api, const struct ctl_args *args, struct pages *pages,
	       struct rsapi_error *error)
{
	const struct rv_contract_op *op = args->op;
	void *out = rv_arena_alloc(&pages->arena, op->out->size);
	bool has_more;
	int r;

	if (out == NULL)
		return error->code = -ENOMEM;
	if (op->page_in != NULL && !args->has_limit)
		ask_for_most(op, args->in);
	do {
		r = rsapi_call(api, op, args->in, out, error);
		if (r == RV_OK)
			r = error->code = add_page(pages, op, out);
		if (r != RV_OK)
			return r;
		has_more = op->page_in != NULL && !args->has_limit && pages->count < PAGES_MAX &&
			   turn_page(op, args->in, pages->pages[pages->count - 1]);
	} while (has_more);
	return RV_OK;
}

static int print(struct ctl_io *io, const struct rv_buf *out)
{
	bool is_done = out->err == RV_OK &&
		       fwrite(out->ptr != NULL ? out->ptr : "", 1, out->len, stdout) == out->len &&
		       fflush(stdout) == 0;

	if (is_done)
		return RV_CTL_OK;
	ctl_wrong(io, "output", out->err != RV_OK ? rv_err_name(out->err) : strerror(errno), NULL);
	ctl_complain(io->err);
	return RV_CTL_FAILED;
}

/* Of a report: does it say that all is well? */
static bool is_well(const struct rv_contract_op *op, const void *out)
{
	const struct rv_contract_field *field;

	if (op->report == NULL)
		return true;
	field = rv_contract_field_find(op->out, rv_str(op->report));
	return rv_contract_load_bool(rv_contract_at(out, field->offset));
}

/* What the server, or the way to it, did not do. */
static int tell_failure(struct ctl_io *io, const struct rv_contract_op *op,
			const struct rsapi_error *error)
{
	rv_buf_clear(io->err);
	ctl_put_op_error(io->err, io->lang, op, error->code, error->key, error->where, error->text);
	ctl_complain(io->err);
	return ctl_exit_of(error->code);
}

static int run_op(struct ctl_io *io, const struct ctl_args *args, const struct ctl_style *style,
		  struct rsapi *api)
{
	struct pages pages = { 0 };
	struct rsapi_error error = { 0 };
	struct rv_buf out = { 0 };
	int status;

	if (ask(api, args, &pages, &error) == RV_OK) {
		ctl_show(style, args->op, pages.pages, pages.count, &out);
		status = print(io, &out);
		if (status == RV_CTL_OK && !is_well(args->op, pages.pages[0]))
			status = RV_CTL_NOT_READY;
	} else {
		status = tell_failure(io, args->op, &error);
	}
	rv_buf_deinit(&out);
	free(pages.pages);
	rv_arena_deinit(&pages.arena);
	return status;
}

static int run_local(struct ctl_io *io, const struct ctl_args *args, const struct ctl_style *style,
		     struct rsapi *api)
{
	struct rv_buf out = { 0 };
	struct ctl_local local = { io, api, args->op, args->in, style, &out };
	int status = ctl_local_run(&local);
	int printed = print(io, &out);

	rv_buf_deinit(&out);
	return status != RV_CTL_OK ? status : printed;
}

static int run(struct ctl_io *io, const struct ctl_args *args, const struct rsapi_opt *opt)
{
	struct ctl_style style = { io->lang, args->is_json, args->is_utc, args->has_no_header,
				   args->columns };
	struct rsapi *api = NULL;
	struct rsapi_error error = { 0 };
	int status;

	if (ctl_show_check(&style, args->op, io) != RV_OK) {
		ctl_complain(io->err);
		return RV_CTL_USAGE;
	}
	if (rsapi_open(opt, &api, &error) != RV_OK)
		return tell_failure(io, args->op, &error);
	status = args->op->method[0] == '\0' ? run_local(io, args, &style, api)
					     : run_op(io, args, &style, api);
	rsapi_close(api);
	return status;
}

static int show_help(struct ctl_io *io, const struct ctl_args *args)
{
	struct rv_buf out = { 0 };
	int status;

	ctl_help(io->lang, args->op, args->noun, &out);
	status = print(io, &out);
	rv_buf_deinit(&out);
	return status;
}

/* A password in the URL is in the command line that ps shows: opt has a copy. */
static void hide_server(int argc, char **argv, const char *server)
{
	struct rv_buf shown = { .wipe = true };
	bool is_secret = server != NULL && rv_hide_password(rv_str(server), &shown);

	for (int i = 0; is_secret && i < argc; i++) {
		char *end = argv[i] + strlen(argv[i]);

		if (server >= argv[i] && server < end)
			memset(end - strlen(server), '*', strlen(server));
	}
	rv_buf_deinit(&shown);
}

int rv_ctl_main(int argc, char **argv)
{
	struct rv_arena arena = { 0 };
	struct rv_buf err = { 0 };
	struct ctl_io io = { .lang = rv_lang_of_user(), .arena = &arena, .err = &err };
	struct ctl_args args = { 0 };
	struct rsapi_opt opt = { 0 };
	int status = RV_CTL_USAGE;

	tzset();
	if (ctl_args_parse(&io, (const char *const *)argv + (argc > 0), &args) != RV_OK)
		ctl_complain(&err);
	else if (args.is_help)
		status = show_help(&io, &args);
	else if (ctl_server_choose(&io, &args, &opt) != RV_OK)
		ctl_complain(&err);
	else {
		hide_server(argc, argv, args.server);
		status = run(&io, &args, &opt);
	}
	rv_buf_deinit(&err);
	rv_arena_wipe(&arena);
	return status;
}
