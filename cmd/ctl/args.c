#include "cmd/ctl/args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/ctl/module.h"
#include "cmd/ctl/names.h"
#include "contract/view.h"

enum { WORDS_MAX = 4 };

/* One command line in progress. */
struct parser {
	struct ctl_io *io;
	const char *const *argv;
	size_t next;
	bool options_ended;
	struct ctl_args args;
	const char *file;               /* of --file */
	const char *module_texts[1024]; /* of --module */
	size_t module_count;
	const char *words[WORDS_MAX + 8]; /* what is no option: the command and its arguments */
	size_t word_count;
};

/* A mistake in what options and arguments gave. */
static int wrong_option(struct parser *p, int r, const struct rv_diag *diag)
{
	rv_buf_clear(p->io->err);
	ctl_put_op_error(p->io->err, p->io->lang, p->args.op, r, diag->key != NULL ? diag->key : "",
			 diag->where, diag->text);
	return r;
}

/* -- global options ----------------------------------------------------------------------- */

static int parse_timeout(struct parser *p, const char *value)
{
	uint64_t seconds = 0;

	if (!rv_str_to_u64(rv_str(value), 3600, &seconds) || seconds == 0)
		return ctl_wrong(p->io, "timeout", value, NULL);
	p->args.timeout_ms = (unsigned)seconds * 1000;
	return RV_OK;
}

static int parse_lang(struct parser *p, const char *value)
{
	if (strcmp(value, "en") != 0 && strcmp(value, "ja") != 0)
		return ctl_wrong(p->io, "lang", value, NULL);
	p->io->lang = rv_lang_of(value);
	return RV_OK;
}

/* The bool of an option without value, or the place of the value of one that has it. */
static bool find_global(struct parser *p, const char *name, bool **flag, const char ***value)
{
	const struct {
		const char *name;
		bool *flag;
		const char **value;
	} globals[] = {
		{ "--server", NULL, &p->args.server },
		{ "--state-dir", NULL, &p->args.state },
		{ "--token-file", NULL, &p->args.token_file },
		{ "--ca", NULL, &p->args.ca_file },
		{ "--insecure", &p->args.is_insecure, NULL },
		{ "--json", &p->args.is_json, NULL },
		{ "--columns", NULL, &p->args.columns },
		{ "--no-header", &p->args.has_no_header, NULL },
		{ "--utc", &p->args.is_utc, NULL },
		{ "--help", &p->args.is_help, NULL },
		{ "-h", &p->args.is_help, NULL },
	};

	for (size_t i = 0; i < RV_ARRAY_LEN(globals); i++) {
		if (strcmp(name, globals[i].name) == 0) {
			*flag = globals[i].flag;
			*value = globals[i].value;
			return true;
		}
	}
	return false;
}

/* The value behind "--x=" or the next word. */
static int take_value(struct parser *p, const char *name, const char *inlined, const char **out)
{
	if (inlined == NULL && p->argv[p->next] != NULL)
		inlined = p->argv[p->next++];
	if (inlined == NULL)
		return ctl_wrong(p->io, "value", name, NULL);
	*out = inlined;
	return RV_OK;
}

/* -- finding the command ------------------------------------------------------------------ */

/* How many words of the command line are those of op: all its fixed words, or 0. */
static size_t match_words(const struct parser *p, const struct rv_contract_op *op)
{
	struct rv_str word;
	bool is_arg = false;
	size_t n;

	for (n = 0; ctl_word(op, n, &word, &is_arg) && !is_arg; n++)
		if (n >= p->word_count || !rv_str_is(word, p->words[n]))
			return 0;
	return n;
}

static const struct rv_contract_op *find_op(const struct parser *p, size_t *out_used)
{
	const struct rv_contract_op *op;

	for (size_t i = 0; (op = ctl_command(i)) != NULL; i++) {
		*out_used = match_words(p, op);
		if (*out_used > 0)
			return op;
	}
	return NULL;
}

/* -- options of an operation -------------------------------------------------------------- */

static const struct rv_contract_field *find_field(const struct rv_contract_op *op, const char *name)
{
	char option[CTL_OPTION_MAX];

	for (size_t i = 0; i < op->in->count; i++) {
		ctl_option_name(&op->in->fields[i], option);
		if (strcmp(name, option) == 0 && !ctl_is_argument(op, &op->in->fields[i]) &&
		    !ctl_is_file_only(&op->in->fields[i]))
			return &op->in->fields[i];
	}
	return NULL;
}

/* One line end at the end of a file belongs to the file, not to the secret in it. */
static struct rv_str without_line_end(struct rv_str s)
{
	if (s.len > 0 && s.ptr[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.ptr[s.len - 1] == '\r')
		s.len--;
	return s;
}

static int add_value(struct parser *p, struct rv_contract_input *in,
		     const struct rv_contract_field *field, const char *value)
{
	struct rv_str text = rv_str(value);
	struct rv_diag diag = { 0 };
	int r;

	if (ctl_takes_file(field) && value[0] == '@') {
		r = ctl_read_file(p->io, value + 1, CTL_FILE_MAX, &text);
		if (r != RV_OK)
			return r;
		if (field->max <= CTL_LONG_FIELD)
			text = without_line_end(text);
	}
	r = rv_contract_input_text(in, rv_str(field->name), text, &diag);
	return r == RV_OK ? r : wrong_option(p, r, &diag);
}

static int add_bool(struct parser *p, struct rv_contract_input *in,
		    const struct rv_contract_field *field, const char *name, const char *inlined,
		    bool v)
{
	struct rv_diag diag = { 0 };
	int r;

	if (inlined != NULL)
		return ctl_wrong(p->io, "no_value", name, NULL);
	r = rv_contract_input_text(in, rv_str(field->name), rv_str(v ? "true" : "false"), &diag);
	return r == RV_OK ? r : wrong_option(p, r, &diag);
}

/* "--no-x" for the bool x. */
static const struct rv_contract_field *find_negated(const struct rv_contract_op *op,
						    const char *name)
{
	char positive[CTL_OPTION_MAX];
	const struct rv_contract_field *field;

	if (strncmp(name, "--no-", 5) != 0)
		return NULL;
	snprintf(positive, sizeof(positive), "--%s", name + 5);
	field = find_field(op, positive);
	return field != NULL && field->kind == RV_CONTRACT_BOOL ? field : NULL;
}

static int add_module(struct parser *p, const char *value)
{
	if (p->module_count == RV_ARRAY_LEN(p->module_texts))
		return ctl_wrong(p->io, "too_many", value, NULL);
	p->module_texts[p->module_count++] = value;
	return RV_OK;
}

static int parse_op_option(struct parser *p, struct rv_contract_input *in, const char *name,
			   const char *inlined)
{
	const struct rv_contract_op *op = p->args.op;
	const struct rv_contract_field *field = find_field(op, name);
	const struct rv_contract_field *negated = find_negated(op, name);
	const char *value = NULL;
	int r;

	if (negated != NULL)
		return add_bool(p, in, negated, name, inlined, false);
	if (field != NULL && field->kind == RV_CONTRACT_BOOL)
		return add_bool(p, in, field, name, inlined, true);
	if (field == NULL && (strcmp(name, "--file") != 0 || op->method[0] == '\0'))
		return ctl_wrong(p->io, "option", name, NULL);
	r = take_value(p, name, inlined, &value);
	if (r != RV_OK)
		return r;
	if (field == NULL)
		p->file = value;
	else if (ctl_is_modules(field))
		r = add_module(p, value);
	else
		r = add_value(p, in, field, value);
	return r;
}

/* -- walking over argv -------------------------------------------------------------------- */

static int parse_global(struct parser *p, const char *name, const char *inlined, bool *out_is_one)
{
	const char **value = NULL;
	const char *text = NULL;
	bool is_timeout = strcmp(name, "--timeout") == 0;
	bool *flag = NULL;
	int r;

	*out_is_one = true;
	if (is_timeout || strcmp(name, "--lang") == 0) {
		r = take_value(p, name, inlined, &text);
		if (r == RV_OK)
			r = is_timeout ? parse_timeout(p, text) : parse_lang(p, text);
		return r;
	}
	if (!find_global(p, name, &flag, &value)) {
		*out_is_one = false;
		return RV_OK;
	}
	if (value != NULL)
		return take_value(p, name, inlined, value);
	if (inlined != NULL)
		return ctl_wrong(p->io, "no_value", name, NULL);
	*flag = true;
	return RV_OK;
}

/* in == NULL: the first walk, which looks for the words only and lets options of the operation,
 * not yet known, pass; the second walk reads those. */
static int parse_option(struct parser *p, struct rv_contract_input *in, const char *arg)
{
	char name[CTL_OPTION_MAX];
	const char *eq = strchr(arg, '=');
	size_t len = eq != NULL ? (size_t)(eq - arg) : strlen(arg);
	bool is_global;
	int r;

	if (len >= sizeof(name))
		return ctl_wrong(p->io, "option", arg, NULL);
	snprintf(name, sizeof(name), "%.*s", (int)len, arg);
	r = parse_global(p, name, eq != NULL ? eq + 1 : NULL, &is_global);
	if (r != RV_OK || is_global)
		return r;
	if (in == NULL)
		return ctl_wrong(p->io, "option", name, NULL);
	return parse_op_option(p, in, name, eq != NULL ? eq + 1 : NULL);
}

static bool is_option(const struct parser *p, const char *arg)
{
	return !p->options_ended && arg[0] == '-' && arg[1] != '\0';
}

/* Read on until the next word that is no option; NULL at the end. */
static int next_word(struct parser *p, struct rv_contract_input *in, const char **out)
{
	while (p->argv[p->next] != NULL) {
		const char *arg = p->argv[p->next++];
		int r;

		if (!is_option(p, arg)) {
			*out = arg;
			return RV_OK;
		}
		if (strcmp(arg, "--") == 0) {
			p->options_ended = true;
			continue;
		}
		r = parse_option(p, in, arg);
		if (r != RV_OK)
			return r;
	}
	*out = NULL;
	return RV_OK;
}

/* Was nothing said yet, or the first word of some command? */
static bool is_noun_at_most(const struct parser *p)
{
	const struct rv_contract_op *op;
	struct rv_str word;
	bool is_arg;

	for (size_t i = 0; p->word_count == 1 && (op = ctl_command(i)) != NULL; i++)
		if (ctl_word(op, 0, &word, &is_arg) && rv_str_is(word, p->words[0]))
			return true;
	return p->word_count == 0;
}

/* Words until they are a command. */
static int parse_command(struct parser *p)
{
	char all[256] = "";
	size_t used;

	while (p->args.op == NULL) {
		const char *word;
		int r = next_word(p, NULL, &word);

		if (r != RV_OK)
			return r;
		if (word == NULL && p->args.is_help && is_noun_at_most(p)) {
			p->args.noun = p->words[0];
			return RV_OK;
		}
		if (word == NULL && p->word_count == 0)
			return ctl_wrong(p->io, "no_command", NULL, NULL);
		if (word != NULL && p->word_count == 0 && strcmp(word, "help") == 0) {
			p->args.is_help = true;
			continue;
		}
		if (word != NULL) {
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
				 all[0] != '\0' ? " " : "", word);
			p->words[p->word_count++] = word;
		}
		p->args.op = find_op(p, &used);
		if (p->args.op == NULL && (word == NULL || p->word_count == WORDS_MAX))
			return ctl_wrong(p->io, "command", all, NULL);
	}
	return RV_OK;
}

static int parse_arguments(struct parser *p, struct rv_contract_input *in)
{
	size_t n = match_words(p, p->args.op);
	const char *word;
	int r;

	for (;; n++) {
		const struct rv_contract_field *field;
		struct rv_str arg = { 0 };
		char name[CTL_OPTION_MAX];
		bool is_arg;

		r = next_word(p, in, &word);
		if (r != RV_OK || p->args.is_help)
			return r;
		if (!ctl_word(p->args.op, n, &arg, &is_arg))
			break;
		rv_str_copy(arg, name, sizeof(name));
		if (word == NULL)
			return ctl_wrong(p->io, "argument", name, NULL);
		for (char *c = name; *c != '\0'; c++)
			*c |= 0x20;
		field = rv_contract_field_find(in->type, rv_str(name));
		r = add_value(p, in, field, word);
		if (r != RV_OK)
			return r;
	}
	return word == NULL ? RV_OK : ctl_wrong(p->io, "too_many", word, NULL);
}

/* -- what is given by file ---------------------------------------------------------------- */

static int add_file(struct parser *p, struct rv_contract_input *in)
{
	struct rv_diag diag = { 0 };
	struct rv_str json;
	int r;

	if (p->file == NULL)
		return RV_OK;
	r = ctl_read_file(p->io, p->file, CTL_FILE_MAX, &json);
	if (r != RV_OK)
		return r;
	r = rv_contract_input_json(in, json, &diag);
	if (r == RV_OK)
		return r;
	rv_buf_clear(p->io->err); /* the file speaks of fields, not of options */
	ctl_put_error(p->io->err, p->io->lang, r, diag.key != NULL ? diag.key : "", diag.where,
		      diag.text);
	return r;
}

static int add_modules(struct parser *p, struct rv_contract_input *in)
{
	struct rv_module *modules;
	struct rv_diag diag = { 0 };
	int r;

	if (p->module_count == 0)
		return RV_OK;
	modules = rv_arena_array(p->io->arena, p->module_count, sizeof(*modules));
	if (modules == NULL)
		return ctl_wrong(p->io, "file", "--module", rv_err_name(-ENOMEM));
	for (size_t i = 0; i < p->module_count; i++) {
		r = ctl_module_parse(p->io, p->module_texts[i], &modules[i]);
		if (r != RV_OK)
			return r;
	}
	r = rv_contract_input_list(in, RV_STR_LIT("modules"), modules, p->module_count, &diag);
	return r == RV_OK ? r : wrong_option(p, r, &diag);
}

static int parse_input(struct parser *p)
{
	const struct rv_contract_op *op = p->args.op;
	const struct rv_contract_field *limit = rv_contract_field_find(op->in, RV_STR_LIT("limit"));
	struct rv_contract_input in;
	struct rv_diag diag = { 0 };
	void *value = rv_arena_alloc(p->io->arena, op->in->size);
	int r;

	if (value == NULL || rv_contract_input_init(&in, op->in, p->io->arena, 0) != RV_OK)
		return ctl_wrong(p->io, "file", op->name, rv_err_name(-ENOMEM));
	r = parse_arguments(p, &in);
	if (r != RV_OK || p->args.is_help)
		return r;
	r = add_file(p, &in);
	if (r == RV_OK)
		r = add_modules(p, &in);
	if (r != RV_OK)
		return r;
	r = rv_contract_input_end(&in, value, &diag);
	if (r != RV_OK)
		return wrong_option(p, r, &diag);
	p->args.has_limit = limit != NULL && rv_contract_is_present(limit, value);
	p->args.in = value;
	return RV_OK;
}

int ctl_args_parse(struct ctl_io *io, const char *const *argv, struct ctl_args *out)
{
	struct parser p = { .io = io, .argv = argv };
	int r = parse_command(&p);

	if (r == RV_OK && p.args.op != NULL)
		r = parse_input(&p);
	if (r == RV_OK)
		*out = p.args;
	return r;
}
