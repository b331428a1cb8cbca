#include "contract/sentence.h"

#include <stdio.h>
#include <string.h>

#include "contract/desc_priv.h"

/* One word in a text: the value of that parameter, else of that field. */
static struct rv_str find_value(const struct rv_contract_type *type, const void *value,
				struct rv_str name)
{
	const struct rv_contract_field *field = rv_contract_field_find(type,
								       RV_STR_LIT("parameters"));
	struct rv_contract_list list = rv_contract_load_list(field, value);
	const struct rv_contract_type *item = field->of.type;
	const struct rv_contract_field *key = rv_contract_field_find(item, RV_STR_LIT("name"));
	const struct rv_contract_field *is = rv_contract_field_find(item, RV_STR_LIT("value"));

	for (size_t i = 0; i < list.len; i++) {
		const char *at = list.items + i * list.item_size;

		if (rv_str_eq(rv_contract_load_str(rv_contract_at(at, key->offset)), name))
			return rv_contract_load_str(rv_contract_at(at, is->offset));
	}
	field = rv_contract_field_find(type, name);
	if (field != NULL && field->kind == RV_CONTRACT_STR)
		return rv_contract_load_str(rv_contract_at(value, field->offset));
	return RV_STR_LIT("?");
}

bool rv_contract_sentence(const struct rv_contract_type *type, const void *value, enum rv_lang lang,
			  struct rv_buf *out)
{
	const struct rv_contract_field *kind;
	const char *text = NULL;
	char key[96];
	uint64_t word;

	if (type->sentence == NULL)
		return false;
	kind = rv_contract_field_find(type, rv_str(type->sentence));
	word = rv_contract_load_number(kind, rv_contract_at(value, kind->offset));
	if (word < kind->of.words->count) {
		snprintf(key, sizeof(key), "sentence:%s.%s", kind->of.words->name,
			 kind->of.words->words[word]);
		text = rv_text(lang, key);
	}
	if (text == NULL)
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		const char *end = *p == '{' ? strchr(p, '}') : NULL;

		if (end == NULL) {
			rv_buf_putc(out, *p);
			continue;
		}
		rv_buf_put_str(out, find_value(type, value, rv_strn(p + 1, (size_t)(end - p - 1))));
		p = end;
	}
	return true;
}
