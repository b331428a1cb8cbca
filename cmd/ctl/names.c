#include "cmd/ctl/names.h"

#include <stdio.h>
#include <string.h>

#include "contract/rv_contract.h"
#include "contract/view.h"

const struct rv_contract_op *ctl_command(size_t i)
{
	if (i < rv_contract_op_count)
		return &rv_contract_ops[i];
	i -= rv_contract_op_count;
	return i < rv_contract_local_count ? &rv_contract_locals[i] : NULL;
}

bool ctl_word(const struct rv_contract_op *op, size_t n, struct rv_str *out, bool *is_arg)
{
	struct rv_str rest = rv_str(op->cli);

	for (;; n--) {
		*out = rv_str_sub(rest, 0, rv_str_find(rest, ' '));
		if (out->len == 0)
			return false;
		if (n == 0)
			break;
		rest = rv_str_sub(rest, out->len + 1, rest.len);
	}
	*is_arg = out->ptr[0] >= 'A' && out->ptr[0] <= 'Z';
	return true;
}

bool ctl_is_argument(const struct rv_contract_op *op, const struct rv_contract_field *field)
{
	struct rv_str word;
	bool is_arg;

	for (size_t n = 0; ctl_word(op, n, &word, &is_arg); n++)
		if (is_arg && rv_str_ieq(word, rv_str(field->name)))
			return true;
	return false;
}

bool ctl_takes_file(const struct rv_contract_field *field)
{
	return rv_contract_is(field, RV_CONTRACT_SECRET) ||
	       (field->kind == RV_CONTRACT_STR && field->max > CTL_LONG_FIELD);
}

bool ctl_is_modules(const struct rv_contract_field *field)
{
	return field->kind == RV_CONTRACT_STRUCT && field->of.type == &rv_module_type;
}

bool ctl_is_file_only(const struct rv_contract_field *field)
{
	return field->kind == RV_CONTRACT_STRUCT && !ctl_is_modules(field);
}

void ctl_option_name(const struct rv_contract_field *field, char out[static CTL_OPTION_MAX])
{
	const char *name = ctl_is_modules(field) ? "module" : field->name;

	if (field->kind == RV_CONTRACT_BOOL && strncmp(name, "is_", 3) == 0)
		name += 3;
	snprintf(out, CTL_OPTION_MAX, "--%s", name);
	for (char *p = out; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
}

void ctl_put_error(struct rv_buf *out, enum rv_lang lang, int code, const char *key,
		   const char *where, const char *text)
{
	char name[128];
	const char *sentence;

	snprintf(name, sizeof(name), "error:%s", key);
	sentence = rv_text(lang, name);
	if (sentence == NULL) {
		snprintf(name, sizeof(name), "error:%s", rv_err_name(code));
		sentence = rv_text(lang, name);
	}
	/* The detail is English; whoever reads English needs no general sentence before it. */
	if (lang == RV_LANG_EN && text[0] != '\0')
		sentence = NULL;
	if (sentence != NULL)
		rv_buf_puts(out, sentence);
	if (where[0] != '\0')
		rv_buf_printf(out, "%s%s", sentence != NULL ? ": " : "", where);
	if (text[0] != '\0' && sentence != NULL)
		rv_buf_printf(out, " (%s)", text);
	else if (text[0] != '\0')
		rv_buf_printf(out, "%s%s", where[0] != '\0' ? ": " : "", text);
	if (out->len == 0)
		rv_buf_puts(out, rv_err_name(code));
}

/* The field a place is, or is an item of: "rs_urls", "rs_urls[1]". A place inside of a struct is
 * one in a JSON file. */
static const struct rv_contract_field *place_field(const struct rv_contract_op *op,
						   struct rv_str where)
{
	size_t bracket = rv_str_find(where, '[');

	if (rv_str_find(where, '.') < where.len)
		return NULL;
	return rv_contract_field_find(op->in, rv_str_sub(where, 0, bracket));
}

/* What the user typed, or would have to, for the field. */
static void field_word(const struct rv_contract_op *op, const struct rv_contract_field *field,
		       char out[static CTL_OPTION_MAX])
{
	if (!ctl_is_argument(op, field)) {
		ctl_option_name(field, out);
		return;
	}
	snprintf(out, CTL_OPTION_MAX, "%s", field->name);
	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c &= (char)~0x20;
}

void ctl_put_op_error(struct rv_buf *out, enum rv_lang lang, const struct rv_contract_op *op,
		      int code, const char *key, const char *where, const char *text)
{
	const struct rv_contract_field *field = place_field(op, rv_str(where));
	char word[CTL_OPTION_MAX];

	if (field == NULL) {
		ctl_put_error(out, lang, code, key, where, text);
	} else if (!ctl_is_file_only(field)) {
		field_word(op, field, word);
		ctl_put_error(out, lang, code, key, word, text);
	} else if (strcmp(key, "contract.missing") == 0) {
		rv_text_put(out, lang, "ctl:err.by_file", where, op->cli);
	} else {
		ctl_put_error(out, lang, code, key, where, text);
	}
}
