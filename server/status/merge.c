#include "server/status/merge.h"

#include <string.h>

#include "server/status/sample.h"

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
	struct rv_sample parsed;
	struct family *family;
	struct sample *sample;
	char *text;

	if (rv_sample_parse(line, source->duty != NULL, &parsed) != RV_OK ||
	    parsed.name.len > RV_MERGE_NAME_MAX) {
		merge->malformed++;
		return;
	}
	family = family_of_sample(merge, source, parsed.name);
	sample = rv_arena_alloc(&merge->arena, sizeof(*sample));
	if (family == NULL || sample == NULL) {
		fail(merge);
		return;
	}
	if (source->duty != NULL)
		text = rv_arena_printf(&merge->arena,
				       "%.*s{duty=\"%s\",instance=\"%u\"%s%.*s} %.*s",
				       RV_STR_ARG(parsed.name), source->duty, source->instance,
				       parsed.labels.len > 0 ? "," : "", RV_STR_ARG(parsed.labels),
				       RV_STR_ARG(parsed.value));
	else
		text = rv_arena_printf(&merge->arena,
				       parsed.labels.len > 0 ? "%.*s{%.*s} %.*s" : "%.*s%.*s %.*s",
				       RV_STR_ARG(parsed.name), RV_STR_ARG(parsed.labels),
				       RV_STR_ARG(parsed.value));
	if (text == NULL) {
		fail(merge);
		return;
	}
	sample->text = rv_str(text);
	*family->last = sample;
	family->last = &sample->next;
}

/* "# HELP name words", "# TYPE name word"; any other comment is passed over. */
static void add_comment(struct rv_merge *merge, struct source *source, struct rv_str line)
{
	bool is_help = rv_str_starts(line, "# HELP ");
	struct rv_str rest = rv_str_sub(line, sizeof("# HELP ") - 1, line.len);
	size_t n = rv_sample_name_length(rest, true);
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
