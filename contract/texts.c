#include "contract/texts.h"

#include <stdlib.h>
#include <string.h>

enum rv_lang rv_lang_of(const char *locale)
{
	bool is_ja = locale != NULL && strncmp(locale, "ja", 2) == 0 &&
		     (locale[2] == '\0' || strchr("_.@", locale[2]) != NULL);

	return is_ja ? RV_LANG_JA : RV_LANG_EN;
}

enum rv_lang rv_lang_of_user(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < RV_ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return rv_lang_of(value);
	}
	return RV_LANG_EN;
}

/* "0.8" as 800; anything that is no quality is none. */
static unsigned read_quality(struct rv_str text)
{
	unsigned value = 0, unit = 1000;

	if (text.len == 0 || text.len > 5 || (text.len > 1 && text.ptr[1] != '.'))
		return 0;
	for (size_t i = 0; i < text.len; i += i == 0 ? 2 : 1, unit /= 10) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
		value += (unsigned)(text.ptr[i] - '0') * unit;
	}
	return value <= 1000 ? value : 0;
}

static bool is_range_of(struct rv_str range, const char *lang)
{
	return rv_str_ieq(rv_str_sub(range, 0, rv_str_find(range, '-')), rv_str(lang));
}

enum rv_lang rv_lang_accepted(struct rv_str header)
{
	enum rv_lang best = RV_LANG_EN;
	unsigned best_quality = 0;

	while (header.len > 0) {
		size_t comma = rv_str_find(header, ',');
		struct rv_str one = rv_str_sub(header, 0, comma);
		size_t semicolon = rv_str_find(one, ';');
		struct rv_str range = rv_str_trim(rv_str_sub(one, 0, semicolon));
		struct rv_str weight = rv_str_trim(rv_str_sub(one, semicolon + 1, one.len));
		unsigned quality = weight.len == 0 ? 1000
				   : rv_str_istarts(weight, "q=")
					   ? read_quality(rv_str_sub(weight, 2, weight.len))
					   : 0;
		bool is_ja = is_range_of(range, "ja");

		header = rv_str_sub(header, comma + 1, header.len);
		if ((is_ja || is_range_of(range, "en")) && quality > best_quality) {
			best = is_ja ? RV_LANG_JA : RV_LANG_EN;
			best_quality = quality;
		}
	}
	return best;
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
