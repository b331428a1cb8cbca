/* Packed form, integers big-endian:
 *
 *   u8 version, then until the end of the bytes sections:
 *     text name, text title (empty unless it may repeat), u16 items, then each:
 *       text name, u16 texts, then each: text
 *       a FILE item, from version 2 on: u32 length, bytes: what is in the file; 0 = not loaded
 *   text: u16 length, bytes
 *
 * Version 1, that of the release before, is read, too: an old supervisor may restart a new duty.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/codec.h"
#include "conf/conf_priv.h"

enum { PACK_VERSION = 2 };

_Static_assert(RV_CONF_TEXT_MAX <= UINT16_MAX, "a text's length fits its field");
_Static_assert(RV_CONF_LIST_MAX <= UINT16_MAX, "a list's length fits its field");

static void put_u16(struct rv_buf *out, size_t v)
{
	uint8_t bytes[2];

	assert(v <= UINT16_MAX);
	rv_put_be16(bytes, (uint16_t)v);
	rv_buf_put(out, bytes, sizeof(bytes));
}

static void put_text(struct rv_buf *out, const char *text)
{
	struct rv_str s = rv_str(text);

	put_u16(out, s.len);
	rv_buf_put_str(out, s);
}

static bool has_file(const char *const *files, const struct rv_conf_sec *sec,
		     const struct rv_conf_item *item)
{
	for (; files != NULL && *files != NULL; files++) {
		size_t dot = rv_str_find(rv_str(*files), '.');

		if (rv_str_is(rv_strn(*files, dot), sec->schema->name) &&
		    strcmp(*files + dot + 1, item->name) == 0)
			return true;
	}
	return false;
}

static void put_file(struct rv_buf *out, struct rv_str content)
{
	uint8_t len[4];

	rv_put_be32(len, (uint32_t)content.len);
	rv_buf_put(out, len, sizeof(len));
	rv_buf_put_str(out, content);
}

static void pack_sec(const struct rv_conf_sec *sec, const char *const *files, struct rv_buf *out)
{
	size_t present = 0;

	for (size_t i = 0; i < sec->schema->item_count; i++)
		present += sec->values[i].is_present;
	put_text(out, sec->schema->name);
	put_text(out, sec->title);
	put_u16(out, present);
	for (size_t i = 0; i < sec->schema->item_count; i++) {
		const struct rv_conf_item *item = &sec->schema->items[i];
		const struct rv_conf_value *value = &sec->values[i];

		if (!value->is_present)
			continue;
		put_text(out, item->name);
		put_u16(out, value->count);
		for (size_t k = 0; k < value->count; k++)
			put_text(out, value->texts[k]);
		if (item->type == RV_CONF_FILE)
			put_file(out, has_file(files, sec, item) ? value->loaded : rv_str(NULL));
	}
}

int rv_conf_pack(const struct rv_conf *conf, const char *const *sections, const char *const *files,
		 struct rv_buf *out)
{
	size_t len_before = out->len;
	struct rv_list *l;

	rv_buf_putc(out, PACK_VERSION);
	rv_list_for_each (l, &conf->sections) {
		const struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);

		for (size_t i = 0; sections[i] != NULL; i++)
			if (strcmp(sections[i], sec->schema->name) == 0)
				pack_sec(sec, files, out);
	}
	if (out->err != RV_OK)
		out->len = len_before;
	return out->err;
}

struct cursor {
	struct rv_str rest;
	uint8_t version;
	int err; /* sticky: RV_ESYNTAX once the bytes ran out */
};

static struct rv_str take(struct cursor *c, size_t len)
{
	struct rv_str s = rv_str_sub(c->rest, 0, len);

	if (s.len < len) {
		c->err = RV_ESYNTAX;
		return rv_str(NULL);
	}
	c->rest = rv_str_sub(c->rest, len, c->rest.len);
	return s;
}

static size_t take_u16(struct cursor *c)
{
	struct rv_str s = take(c, 2);

	return s.len == 2 ? rv_be16((const uint8_t *)s.ptr) : 0;
}

static struct rv_str take_text(struct cursor *c)
{
	return take(c, take_u16(c));
}

static int unpack_file(struct rv_conf *conf, const struct rv_conf_item *item,
		       struct rv_conf_value *value, struct cursor *c)
{
	struct rv_str len = take(c, 4);
	struct rv_str content = take(c, len.len == 4 ? rv_be32((const uint8_t *)len.ptr) : 0);

	if (c->err != RV_OK)
		return c->err;
	if (content.len > (size_t)item->max)
		return RV_ELIMIT;
	if (content.len == 0)
		return RV_OK;
	value->loaded = rv_arena_str(&conf->files, content);
	return value->loaded.ptr != NULL ? RV_OK : -ENOMEM;
}

static int unpack_item(struct rv_conf *conf, struct rv_conf_sec *sec, struct cursor *c)
{
	const struct rv_conf_item *item = rv_conf_find_item(sec->schema, take_text(c));
	size_t texts = take_u16(c);
	struct rv_conf_value *value;

	if (c->err != RV_OK)
		return c->err;
	if (item == NULL)
		return RV_EINVALID;
	value = &sec->values[item - sec->schema->items];
	if (value->is_present || (texts == 0 && item->type != RV_CONF_LIST))
		return RV_EINVALID;
	value->is_present = true;
	for (size_t i = 0; i < texts; i++) {
		struct rv_str text = take_text(c);
		int err = c->err != RV_OK ? c->err : rv_conf_value_add(conf, sec, item, text, NULL);

		if (err != RV_OK)
			return err;
	}
	if (item->type == RV_CONF_FILE && c->version >= 2)
		return unpack_file(conf, item, value, c);
	return rv_conf_value_check_count(item, value, NULL);
}

static int unpack_sec(struct rv_conf *conf, struct cursor *c)
{
	struct rv_str name = take_text(c);
	struct rv_str title = take_text(c);
	size_t items = take_u16(c);
	struct rv_conf_sec *sec;
	int err = c->err;

	if (err == RV_OK)
		err = rv_conf_add_sec(conf, name, title, &sec);
	for (size_t i = 0; i < items && err == RV_OK; i++)
		err = unpack_item(conf, sec, c);
	return err;
}

int rv_conf_unpack(const struct rv_conf_section *schema, size_t n, struct rv_str bytes,
		   struct rv_conf **out)
{
	struct cursor c = { .rest = bytes };
	struct rv_conf *conf;
	struct rv_str version;
	int err = rv_conf_new(schema, n, &conf);

	if (err != RV_OK)
		return err;
	version = take(&c, 1);
	if (c.err == RV_OK) {
		c.version = (uint8_t)version.ptr[0];
		if (!rv_version_is_read(c.version, PACK_VERSION))
			c.err = RV_EVERSION;
	}
	err = c.err;
	while (err == RV_OK && c.rest.len > 0)
		err = unpack_sec(conf, &c);
	if (err == RV_OK)
		err = rv_conf_complete(conf);
	if (err != RV_OK) {
		rv_conf_free(conf);
		return err;
	}
	*out = conf;
	return RV_OK;
}

int rv_conf_unpack_like(const struct rv_conf *like, struct rv_str bytes, struct rv_conf **out)
{
	return rv_conf_unpack(like->schema, like->schema_count, bytes, out);
}
