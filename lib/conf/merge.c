/* What becomes of a running configuration when the file was read again. */
#include <errno.h>
#include <string.h>

#include "conf/conf_priv.h"

struct merge {
	const struct rv_conf *running, *given;
	struct rv_conf *out;
	rv_conf_change_fn fn;
	void *arg;
};

/* Numbers are compared by value: "12h" is "720m". */
static bool is_same_value(const struct rv_conf_item *item, const struct rv_conf_value *a,
			  const struct rv_conf_value *b)
{
	bool is_number = item->type == RV_CONF_INT || item->type == RV_CONF_BOOL ||
			 item->type == RV_CONF_DURATION || item->type == RV_CONF_SIZE;

	if (a->is_present != b->is_present || a->count != b->count)
		return false;
	if (is_number)
		return a->number == b->number;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	/* Who was not given what is in the file does not see it change. */
	return a->loaded.ptr == NULL || rv_str_eq(a->loaded, b->loaded);
}

static int copy_value(struct rv_conf *out, struct rv_conf_sec *sec, size_t i,
		      const struct rv_conf_value *from)
{
	struct rv_conf_value *to = &sec->values[i];
	int err = RV_OK;

	to->is_present = from->is_present;
	for (size_t k = 0; k < from->count && err == RV_OK; k++)
		err = rv_conf_value_add(out, sec, &sec->schema->items[i], rv_str(from->texts[k]),
					NULL);
	if (err == RV_OK && from->loaded.ptr != NULL) {
		to->loaded = rv_arena_str(&out->files, from->loaded);
		err = to->loaded.ptr != NULL ? RV_OK : -ENOMEM;
	}
	return err;
}

static int merge_sec(struct merge *m, const struct rv_conf_sec *running,
		     const struct rv_conf_sec *given)
{
	const struct rv_conf_section *schema = running->schema;
	struct rv_conf_sec *sec;
	int err = rv_conf_add_sec(m->out, rv_str(schema->name), rv_str(running->title), &sec);

	for (size_t i = 0; i < schema->item_count && err == RV_OK; i++) {
		const struct rv_conf_item *item = &schema->items[i];
		const struct rv_conf_value *from = &running->values[i];

		if (!is_same_value(item, from, &given->values[i])) {
			m->fn(m->arg, running, item);
			if (item->reload == RV_CONF_LIVE)
				from = &given->values[i];
		}
		err = copy_value(m->out, sec, i, from);
	}
	return err;
}

/* Sections that repeat stay as they are until the next start, also those that are new or gone. */
static int merge_all(struct merge *m)
{
	struct rv_list *l;
	int err = RV_OK;

	rv_list_for_each (l, &m->running->sections) {
		const struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);
		const struct rv_conf_sec *other = rv_conf_get(m->given, sec->schema->name,
							      sec->title);

		if (other == NULL)
			m->fn(m->arg, sec, NULL);
		err = merge_sec(m, sec, other != NULL ? other : sec);
		if (err != RV_OK)
			return err;
	}
	rv_list_for_each (l, &m->given->sections) {
		const struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);

		if (rv_conf_get(m->running, sec->schema->name, sec->title) == NULL)
			m->fn(m->arg, sec, NULL);
	}
	return RV_OK;
}

int rv_conf_merge(const struct rv_conf *running, const struct rv_conf *given, rv_conf_change_fn fn,
		  void *arg, struct rv_conf **out)
{
	struct merge m = { .running = running, .given = given, .fn = fn, .arg = arg };
	int err = rv_conf_new(running->schema, running->schema_count, &m.out);

	if (err != RV_OK)
		return err;
	err = merge_all(&m);
	if (err != RV_OK) {
		rv_conf_free(m.out);
		return err;
	}
	*out = m.out;
	return RV_OK;
}
