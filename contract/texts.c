#include "contract/texts.h"

#include <stdlib.h>
#include <string.h>

enum rv_lang rv_lang_of(const char *locale)
{
	bool is_ja = locale != NULL && strncmp(locale, "ja", 2) == 0 &&
		     (locale[2] == '\0' || strchr("_.@", locale[2]) != NULL);

	return is_ja ? RV_LANG_JA : RV_LANG_EN;
}

static int compare(const void *key, const void *entry)
{
	const struct rv_text *text = entry;

	return strcmp(key, text->key);
}

const char *rv_text(enum rv_lang lang, const char *key)
{
	const struct rv_text *text = bsearch(key, rv_texts, rv_text_count, sizeof(rv_texts[0]),
					     compare);

	return text != NULL ? text->text[lang] : NULL;
}

void rv_text_put(struct rv_buf *out, enum rv_lang lang, const char *key, const char *arg1,
		 const char *arg2)
{
	const char *text = rv_text(lang, key);
	const char *args[] = { arg1, arg2 };

	for (const char *p = text != NULL ? text : key; *p != '\0'; p++) {
		if (p[0] == '{' && (p[1] == '1' || p[1] == '2') && p[2] == '}') {
			rv_buf_puts(out, args[p[1] - '1'] != NULL ? args[p[1] - '1'] : "");
			p += 2;
		} else {
			rv_buf_putc(out, *p);
		}
	}
}
