#include "server/status/merge.h"

#include <stdlib.h>
#include <string.h>

/* One line kept, text without its newline. */
struct sample {
	struct sample *next;
	struct rv_str text;
};

struct family {
	struct rv_list link;
	struct rv_str name;
	struct rv_str help; /* the whole line; empty = none */
	struct rv_str type;
	struct sample *first;
	struct sample **last;
};

/* Labels put before a sample's own. */
struct source {
	const char *duty; /* NULL = none */
	unsigned instance;
	/* Of the last TYPE line: its _bucket, _sum, _count belong to it. */
	struct family *typed;
};

static struct rv_str family_key(const void *item)
{
	return ((const struct family *)item)->name;
}

void rv_merge_init(struct rv_merge *merge)
{
	*merge = (struct rv_merge){ 0 };
	rv_arena_init(&merge->arena, RV_MERGE_BYTES_MAX);
	rv_map_init(&merge->families, family_key, 0);
	rv_list_init(&merge->order);
}

void rv_merge_deinit(struct rv_merge *merge)
{
	rv_map_deinit(&merge->families);
	rv_arena_deinit(&merge->arena);
}

static void *fail(struct rv_merge *merge)
{
	merge->err = RV_ELIMIT;
	return NULL;
}

static struct family *family_of(struct rv_merge *merge, struct rv_str name)
{
	struct family *f = rv_map_get(&merge->families, name);

	if (f != NULL)
		return f;
	if (merge->families.count >= RV_MERGE_FAMILIES_MAX)
		return fail(merge);
	f = rv_arena_alloc(&merge->arena, sizeof(*f));
	if (f == NULL)
		return fail(merge);
	f->name = rv_arena_str(&merge->arena, name);
	f->last = &f->first;
	if (f->name.ptr == NULL || rv_map_put(&merge->families, f) != RV_OK)
		return fail(merge);
	rv_list_add_tail(&merge->order, &f->link);
	return f;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Length of the name at the front of s; 0 = none. Colons only in names of metrics. */
static size_t name_length(struct rv_str s, bool may_colon)
{
	size_t i = 0;

	while (i < s.len && (is_letter(s.ptr[i]) || (may_colon && s.ptr[i] == ':') ||
			     (i > 0 && s.ptr[i] >= '0' && s.ptr[i] <= '9')))
		i++;
	return i;
}

/* Length of `"value"` with its quotes and escapes; 0 = malformed. */
static size_t quoted_length(struct rv_str s)
{
	if (s.len == 0 || s.ptr[0] != '"')
		return 0;
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '"')
			return i + 1;
		if (s.ptr[i] != '\\')
			continue;
		if (++i == s.len || strchr("\\\"n", s.ptr[i]) == NULL || s.ptr[i] == '\0')
			return 0;
	}
	return 0;
}

/* Length of `{a="x",b="y"}`; 0 = malformed, or it brings a label that is ours to give. */
static size_t labels_length(struct rv_str s, bool is_ours_reserved)
{
	size_t at = 1;

	while (at < s.len && s.ptr[at] != '}') {
		size_t n = name_length(rv_str_sub(s, at, s.len), false);
		struct rv_str name = rv_str_sub(s, at, n);

		if (n == 0 || at + n >= s.len || s.ptr[at + n] != '=')
			return 0;
		if (is_ours_reserved && (rv_str_is(name, "duty") || rv_str_is(name, "instance")))
			return 0;
		at += n + 1;
		n = quoted_length(rv_str_sub(s, at, s.len));
		if (n == 0)
			return 0;
		at += n;
		if (at < s.len && s.ptr[at] == ',')
			at++;
		else if (at < s.len && s.ptr[at] != '}')
			return 0;
	}
	return at < s.len ? at + 1 : 0;
}

/* " 12.5", " +Inf 1700000000000": numbers as the format has them, one or two. */
static bool is_value(struct rv_str s)
{
	char text[64];
	char *end;

	if (s.len == 0 || (s.ptr[0] != ' ' && s.ptr[0] != '\t') ||
	    !rv_str_copy(rv_str_trim(s), text, sizeof(text)))
		return false;
	(void)strtod(text, &end); /* the C locale's point: duties set no other */
	if (end == text)
		return false;
	if (*end == ' ') {
		char *stamp = end + 1;

		(void)strtoll(stamp, &end, 10);
		return end != stamp && *end == '\0';
	}
	return *end == '\0';
}

/* A histogram's samples carry a suffix to its name. */
static struct family *family_of_sample(struct rv_merge *merge, struct source *source,
				       struct rv_str name)
{
	static const char *const suffixes[] = { "_bucket", "_sum", "_count" };

	if (source->typed != NULL && name.len > source->typed->name.len &&
	    rv_str_eq(rv_str_sub(name, 0, source->typed->name.len), source->typed->name)) {
		struct rv_str rest = rv_str_sub(name, source->typed->name.len, name.len);

		for (size_t i = 0; i < RV_ARRAY_LEN(suffixes); i++) {
			if (rv_str_is(rest, suffixes[i]))
				return source->typed;
		}
	}
	if (source->typed != NULL && !rv_str_eq(name, source->typed->name))
		source->typed = NULL; /* its group has ended */
	return family_of(merge, name);
}

static void add_sample(struct rv_merge *merge, struct source *source, struct rv_str line)
{
	size_t n = name_length(line, true);
	struct rv_str name = rv_str_sub(line, 0, n);
	struct rv_str rest = rv_str_sub(line, n, line.len);
	struct rv_str labels = { 0 };
	struct family *family;
	struct sample *sample;
	char *text;

	if (rest.len > 0 && rest.ptr[0] == '{') {
		size_t len = labels_length(rest, source->duty != NULL);

		if (len == 0)
			goto malformed;
		labels = rv_str_sub(rest, 1, len - 2);
		rest = rv_str_sub(rest, len, rest.len);
	}
	if (n == 0 || n > RV_MERGE_NAME_MAX || !is_value(rest))
		goto malformed;
	family = family_of_sample(merge, source, name);
	sample = rv_arena_alloc(&merge->arena, sizeof(*sample));
	if (family == NULL || sample == NULL) {
		fail(merge);
		return;
	}
	rest = rv_str_trim(rest);
	if (source->duty != NULL)
		text = rv_arena_printf(
			&merge->arena, "%.*s{duty=\"%s\",instance=\"%u\"%s%.*s} %.*s",
			RV_STR_ARG(name), source->duty, source->instance, labels.len > 0 ? "," : "",
			RV_STR_ARG(labels), RV_STR_ARG(rest));
	else
		text = rv_arena_printf(&merge->arena,
				       labels.len > 0 ? "%.*s{%.*s} %.*s" : "%.*s%.*s %.*s",
				       RV_STR_ARG(name), RV_STR_ARG(labels), RV_STR_ARG(rest));
	if (text == NULL) {
		fail(merge);
		return;
	}
	sample->text = rv_str(text);
	*family->last = sample;
	family->last = &sample->next;
	return;

malformed:
	merge->malformed++;
}

/* "# HELP name words", "# TYPE name word"; any other comment is passed over. */
static void add_comment(struct rv_merge *merge, struct source *source, struct rv_str line)
{
	bool is_help = rv_str_starts(line, "# HELP ");
	struct rv_str rest = rv_str_sub(line, sizeof("# HELP ") - 1, line.len);
	size_t n = name_length(rest, true);
	struct family *family;
	struct rv_str *slot;

	if (!is_help && !rv_str_starts(line, "# TYPE "))
		return;
	if (n == 0 || n > RV_MERGE_NAME_MAX || n == rest.len || rest.ptr[n] != ' ') {
		merge->malformed++;
		return;
	}
	family = family_of(merge, rv_str_sub(rest, 0, n));
	if (family == NULL)
		return;
	slot = is_help ? &family->help : &family->type;
	if (slot->len == 0)
		*slot = rv_arena_str(&merge->arena, line);
	if (slot->ptr == NULL)
		fail(merge);
	if (!is_help)
		source->typed = family;
}

void rv_merge_add(struct rv_merge *merge, struct rv_str text, const char *duty, unsigned instance)
{
	struct source source = { .duty = duty, .instance = instance };

	while (text.len > 0 && merge->err == RV_OK) {
		size_t n = rv_str_find(text, '\n');
		struct rv_str line = rv_str_sub(text, 0, n);

		text = rv_str_sub(text, n + 1, text.len);
		if (line.len == 0)
			continue;
		if (memchr(line.ptr, '\0', line.len) != NULL ||
		    memchr(line.ptr, '\r', line.len) != NULL || !rv_str_is_utf8(line, NULL))
			merge->malformed++;
		else if (line.ptr[0] == '#')
			add_comment(merge, &source, line);
		else
			add_sample(merge, &source, line);
	}
}

void rv_merge_write(const struct rv_merge *merge, struct rv_buf *out)
{
	const struct rv_list *it;

	rv_list_for_each (it, &merge->order) {
		const struct family *f = RV_CONTAINER_OF(it, struct family, link);

		if (f->first == NULL)
			continue;
		if (f->help.len > 0)
			rv_buf_printf(out, "%.*s\n", RV_STR_ARG(f->help));
		if (f->type.len > 0)
			rv_buf_printf(out, "%.*s\n", RV_STR_ARG(f->type));
		for (const struct sample *s = f->first; s != NULL; s = s->next) {
			rv_buf_put_str(out, s->text);
			rv_buf_putc(out, '\n');
		}
	}
}
