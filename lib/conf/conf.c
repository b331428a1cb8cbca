#include "conf/conf.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_priv.h"

int rv_conf_new(const struct rv_conf_section *schema, size_t n, struct rv_conf **out)
{
	struct rv_conf *conf = calloc(1, sizeof(*conf));

	if (conf == NULL)
		return -ENOMEM;
	conf->schema = schema;
	conf->schema_count = n;
	conf->refs = 1;
	rv_list_init(&conf->sections);
	*out = conf;
	return RV_OK;
}

void rv_conf_files_drop(struct rv_conf *conf)
{
	struct rv_list *l;

	rv_list_for_each (l, &conf->sections) {
		struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);

		for (size_t i = 0; i < sec->schema->item_count; i++)
			sec->values[i].loaded = (struct rv_str){ 0 };
	}
	rv_arena_wipe(&conf->files);
}

/* Wiped: values may be secrets. */
void rv_conf_free(struct rv_conf *conf)
{
	if (conf == NULL || --conf->refs > 0)
		return;
	rv_conf_files_drop(conf);
	rv_arena_wipe(&conf->arena);
	free(conf);
}

struct rv_conf *rv_conf_ref(struct rv_conf *conf)
{
	conf->refs++;
	return conf;
}

const struct rv_conf_section *rv_conf_find_section(const struct rv_conf *conf, struct rv_str name)
{
	for (size_t i = 0; i < conf->schema_count; i++)
		if (rv_str_is(name, conf->schema[i].name))
			return &conf->schema[i];
	return NULL;
}

const struct rv_conf_item *rv_conf_find_item(const struct rv_conf_section *section,
					     struct rv_str name)
{
	for (size_t i = 0; i < section->item_count; i++)
		if (rv_str_is(name, section->items[i].name))
			return &section->items[i];
	return NULL;
}

struct rv_conf_value *rv_conf_find_file(const struct rv_conf *conf, const char *name, size_t nth,
					const struct rv_conf_item **out_item)
{
	size_t dot = rv_str_find(rv_str(name), '.');
	struct rv_list *l;

	rv_list_for_each (l, &conf->sections) {
		struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);
		const struct rv_conf_item *item;

		if (!rv_str_is(rv_strn(name, dot), sec->schema->name) || nth-- > 0)
			continue;
		item = rv_conf_find_item(sec->schema, rv_str(name + dot + 1));
		assert(item != NULL && item->type == RV_CONF_FILE);
		*out_item = item;
		return &sec->values[item - sec->schema->items];
	}
	return NULL;
}

static struct rv_conf_sec *find_sec(const struct rv_conf *conf, const char *section,
				    const char *title, const struct rv_list *after)
{
	for (struct rv_list *l = after->next; l != &conf->sections; l = l->next) {
		struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);
		if (strcmp(sec->schema->name, section) == 0 &&
		    (title == NULL || (sec->title != NULL && strcmp(sec->title, title) == 0)))
			return sec;
	}
	return NULL;
}

int rv_conf_add_sec(struct rv_conf *conf, struct rv_str name, struct rv_str title,
		    struct rv_conf_sec **out)
{
	const struct rv_conf_section *schema = rv_conf_find_section(conf, name);
	struct rv_conf_sec *sec;
	char *title_copy = NULL;

	if (schema == NULL || (title.len > 0) != schema->may_repeat)
		return RV_EINVALID;
	if (conf->section_count >= RV_CONF_SECTIONS_MAX || title.len > RV_CONF_TEXT_MAX)
		return RV_ELIMIT;
	if (schema->may_repeat) {
		title_copy = rv_arena_copy(&conf->arena, title.ptr, title.len);
		if (title_copy == NULL)
			return -ENOMEM;
		if (strlen(title_copy) != title.len || !rv_str_is_utf8(title, NULL))
			return RV_EINVALID;
	}
	if (find_sec(conf, schema->name, title_copy, &conf->sections) != NULL)
		return RV_EEXISTS;
	sec = rv_arena_alloc(&conf->arena, sizeof(*sec));
	if (sec == NULL)
		return -ENOMEM;
	sec->schema = schema;
	sec->title = title_copy;
	sec->values = rv_arena_array(&conf->arena, schema->item_count, sizeof(*sec->values));
	if (sec->values == NULL)
		return -ENOMEM;
	rv_list_add_tail(&conf->sections, &sec->link);
	conf->section_count++;
	*out = sec;
	return RV_OK;
}

static struct rv_str unquoted(struct rv_str s)
{
	s = rv_str_trim(s);
	return s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"'
		       ? rv_str_sub(s, 1, s.len - 2)
		       : s;
}

/* `def` is ours, so a wrong one is a programming error; list entries hold no commas or quotes. */
static int set_default(struct rv_conf *conf, struct rv_conf_sec *sec,
		       const struct rv_conf_item *item)
{
	struct rv_conf_value *value = &sec->values[item - sec->schema->items];
	struct rv_str rest = rv_str_trim(rv_str(item->def));
	struct rv_diag diag = { 0 };
	int err = RV_OK;

	if (item->type != RV_CONF_LIST) {
		err = rv_conf_value_add(conf, sec, item, unquoted(rest), &diag);
		assert(err == RV_OK || err == -ENOMEM);
		return err;
	}
	assert(rest.len >= 2 && rest.ptr[0] == '{' && rest.ptr[rest.len - 1] == '}');
	rest = rv_str_trim(rv_str_sub(rest, 1, rest.len - 2));
	value->is_present = true;
	while (rest.len > 0 && err == RV_OK) {
		size_t comma = rv_str_find(rest, ',');
		err = rv_conf_value_add(conf, sec, item, unquoted(rv_str_sub(rest, 0, comma)),
					&diag);
		assert(err == RV_OK || err == -ENOMEM);
		rest = rv_str_sub(rest, comma + 1, rest.len);
	}
	return err;
}

int rv_conf_complete(struct rv_conf *conf)
{
	struct rv_conf_sec *added;
	struct rv_list *l;
	int err;

	for (size_t i = 0; i < conf->schema_count; i++) {
		const struct rv_conf_section *schema = &conf->schema[i];

		if (schema->may_repeat || rv_conf_get(conf, schema->name, NULL) != NULL)
			continue;
		err = rv_conf_add_sec(conf, rv_str(schema->name), rv_str(NULL), &added);
		if (err != RV_OK)
			return err;
	}
	rv_list_for_each (l, &conf->sections) {
		struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);

		for (size_t i = 0; i < sec->schema->item_count; i++) {
			const struct rv_conf_item *item = &sec->schema->items[i];

			if (sec->values[i].is_present || item->def == NULL)
				continue;
			err = set_default(conf, sec, item);
			if (err != RV_OK)
				return err;
		}
	}
	return RV_OK;
}

const struct rv_conf_sec *rv_conf_get(const struct rv_conf *conf, const char *section,
				      const char *title)
{
	return find_sec(conf, section, title, &conf->sections);
}

const struct rv_conf_sec *rv_conf_next(const struct rv_conf *conf, const struct rv_conf_sec *sec)
{
	return find_sec(conf, sec->schema->name, NULL, &sec->link);
}

const char *rv_conf_section_name(const struct rv_conf_sec *sec)
{
	return sec->schema->name;
}

const char *rv_conf_title(const struct rv_conf_sec *sec)
{
	return sec->title;
}

static const struct rv_conf_value *value_of(const struct rv_conf_sec *sec, const char *name,
					    unsigned types)
{
	const struct rv_conf_item *item = rv_conf_find_item(sec->schema, rv_str(name));

	assert(item != NULL);
	assert((types >> item->type & 1) != 0);
	return &sec->values[item - sec->schema->items];
}

const char *rv_conf_str(const struct rv_conf_sec *sec, const char *item)
{
	const struct rv_conf_value *v = value_of(
		sec, item, 1U << RV_CONF_STR | 1U << RV_CONF_ENUM | 1U << RV_CONF_FILE);

	return v->is_present ? v->texts[0] : NULL;
}

unsigned rv_conf_line(const struct rv_conf_sec *sec, const char *item)
{
	return value_of(sec, item, UINT_MAX)->line;
}

struct rv_str rv_conf_file(const struct rv_conf_sec *sec, const char *item)
{
	return value_of(sec, item, 1U << RV_CONF_FILE)->loaded;
}

int64_t rv_conf_int(const struct rv_conf_sec *sec, const char *item)
{
	return value_of(sec, item, 1U << RV_CONF_INT | 1U << RV_CONF_DURATION | 1U << RV_CONF_SIZE)
		->number;
}

bool rv_conf_bool(const struct rv_conf_sec *sec, const char *item)
{
	return value_of(sec, item, 1U << RV_CONF_BOOL)->number != 0;
}

size_t rv_conf_list(const struct rv_conf_sec *sec, const char *item, const char *const **out)
{
	const struct rv_conf_value *v = value_of(sec, item, 1U << RV_CONF_LIST);

	*out = v->texts;
	return v->count;
}
