#include "proto/armsxml/delivery_priv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "proto/armsxml/code.h"

enum { FIRST_OF_LIST = 8 };

/* Value of an attribute, or NULL. */
static const char *find_attribute(const char **attributes, const char *name)
{
	for (; attributes[0] != NULL; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

/* Decimal digits as far as they go, like the original: "0x10" is 0, so is nothing. */
static uint32_t read_id(const char *text)
{
	uint64_t id = 0;

	if (text == NULL)
		return 0;
	text += strspn(text, " \t\r\n");
	for (; *text >= '0' && *text <= '9'; text++) {
		id = id * 10 + (uint64_t)(*text - '0');
		if (id > UINT32_MAX)
			return UINT32_MAX;
	}
	return (uint32_t)id;
}

/* A result attribute; the original knows 100 and 402. */
static struct rv_armsxml_int read_result(const char *text)
{
	uint32_t value = read_id(text);

	return (struct rv_armsxml_int){ text != NULL,
					value < INT32_MAX ? (int32_t)value : INT32_MAX };
}

/* An answer that says no must not change the device, whatever else it carries. */
static bool is_mute(const struct rv_armsxml_delivery *d)
{
	return d->code != NULL && d->code->is_set && !rv_arms_code_is_success(d->code->value);
}

static int announce_list(struct rv_armsxml_delivery *d)
{
	if (d->is_listed)
		return RV_OK;
	d->is_listed = true;
	if (d->sink.modules == NULL || is_mute(d) || (*d->module_count == 0 && !d->is_empty_told))
		return RV_OK;
	return d->sink.modules(d->sink.ctx, *d->modules, *d->module_count);
}

int rv_armsxml_delivery_module_begin(struct rv_armsxml_delivery *d, const char **attributes)
{
	const char *version = find_attribute(attributes, "version");

	d->module = (struct rv_armsxml_module){ .id = read_id(find_attribute(attributes, "id")) };
	if (version != NULL) {
		d->module.version = rv_arena_str(d->arena, rv_str(version));
		if (d->module.version.ptr == NULL)
			return -ENOMEM;
	}
	return RV_OK;
}

/* Room for one more than `count` things of `size` bytes; the old array stays where it is, pieces
 * may point into it. */
static int grow(struct rv_armsxml_delivery *d, void **list, size_t count, size_t *cap, size_t size)
{
	size_t more = *cap > 0 ? *cap * 2 : FIRST_OF_LIST;
	void *bigger;

	if (count < *cap)
		return RV_OK;
	bigger = rv_arena_array(d->arena, more, size);
	if (bigger == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(bigger, *list, count * size);
	*list = bigger;
	*cap = more;
	return RV_OK;
}

int rv_armsxml_delivery_module_end(struct rv_armsxml_delivery *d, struct rv_str infostring)
{
	void *list;
	int r;

	if (d->is_listed) { /* a module behind an md-config begins a new list */
		d->is_listed = false;
		*d->module_count = 0;
		d->module_cap = 0;
	}
	if (*d->module_count == RV_ARMSXML_MODULES_MAX)
		return RV_ELIMIT;
	list = *d->modules;
	r = grow(d, &list, *d->module_count, &d->module_cap, sizeof(d->module));
	if (r < 0)
		return r;
	*d->modules = list;
	d->module.infostring = rv_arena_str(d->arena, infostring);
	if (d->module.infostring.ptr == NULL)
		return -ENOMEM;
	(*d->modules)[(*d->module_count)++] = d->module;
	return RV_OK;
}

static void begin_body(struct rv_armsxml_delivery *d, const char **attributes)
{
	const char *encoding = find_attribute(attributes, "encoding");

	d->is_base64 = encoding != NULL && strcmp(encoding, "base64") == 0;
	d->is_first = true;
	d->base64 = (struct rv_base64){ 0 };
	rv_buf_clear(&d->piece);
}

int rv_armsxml_delivery_config_begin(struct rv_armsxml_delivery *d, const char **attributes)
{
	uint32_t id = read_id(find_attribute(attributes, "id"));
	int r = announce_list(d);

	if (r != RV_OK)
		return r;
	d->target = NULL;
	d->item = NULL;
	if (is_mute(d))
		return RV_OK;
	for (size_t i = 0; i < *d->module_count; i++)
		if ((*d->modules)[i].id == id)
			d->target = &(*d->modules)[i];
	if (d->target == NULL)
		return RV_EINVALID;
	begin_body(d, attributes);
	return RV_OK;
}

int rv_armsxml_delivery_item_begin(struct rv_armsxml_delivery *d, const char *id_name,
				   const char **attributes)
{
	const char *id = find_attribute(attributes, id_name);
	void *list = *d->items;
	struct rv_armsxml_item *item;
	int r;

	if (*d->item_count == RV_ARMSXML_ITEMS_MAX)
		return RV_ELIMIT;
	r = grow(d, &list, *d->item_count, &d->item_cap, sizeof(*item));
	if (r < 0)
		return r;
	*d->items = list;
	item = &(*d->items)[(*d->item_count)++];
	begin_body(d, attributes);
	*item = (struct rv_armsxml_item){ .id = read_id(id),
					  .has_id = id != NULL,
					  .is_binary = d->is_base64,
					  .result = read_result(
						  find_attribute(attributes, "result")) };
	d->target = NULL;
	d->item = item;
	return RV_OK;
}

static int emit(struct rv_armsxml_delivery *d, bool is_last)
{
	int (*fn)(void *, const struct rv_armsxml_piece *) = d->item != NULL ? d->sink.item
									     : d->sink.config;
	struct rv_armsxml_piece piece = { .module = d->target,
					  .item = d->item,
					  .len = d->piece.len,
					  .is_first = d->is_first,
					  .is_last = is_last };

	rv_buf_putc(&d->piece, '\0');
	if (d->piece.err != RV_OK)
		return d->piece.err;
	piece.data = d->piece.ptr;
	d->is_first = false;
	int r = fn != NULL ? fn(d->sink.ctx, &piece) : RV_OK;
	rv_buf_clear(&d->piece);
	return r;
}

/* Decoded bytes; a full piece leaves only when more follows, so that the last one is known. */
static int take_bytes(struct rv_armsxml_delivery *d, const char *bytes, size_t len)
{
	size_t max = d->sink.fragment_bytes;

	while (len > 0) {
		size_t n = len;

		if (max > 0 && d->piece.len == max) {
			int r = emit(d, false);
			if (r != RV_OK)
				return r;
		}
		if (max > 0 && n > max - d->piece.len)
			n = max - d->piece.len;
		rv_buf_put(&d->piece, bytes, n);
		bytes += n;
		len -= n;
	}
	return d->piece.err;
}

int rv_armsxml_delivery_data(struct rv_armsxml_delivery *d, struct rv_str text)
{
	char bytes[3];

	if (d->target == NULL && d->item == NULL)
		return RV_OK;
	if (!d->is_base64)
		return take_bytes(d, text.ptr, text.len);
	for (size_t i = 0; i < text.len; i++) {
		int n = rv_base64_step(&d->base64, text.ptr[i], bytes);
		int r = n < 0 ? n : take_bytes(d, bytes, (size_t)n);

		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

int rv_armsxml_delivery_data_end(struct rv_armsxml_delivery *d)
{
	if (d->target == NULL && d->item == NULL)
		return RV_OK;
	if (d->is_base64 && !rv_base64_is_complete(&d->base64))
		return RV_ESYNTAX;
	return emit(d, true);
}

int rv_armsxml_delivery_end(struct rv_armsxml_delivery *d)
{
	return d->modules != NULL ? announce_list(d) : RV_OK;
}

void rv_armsxml_delivery_deinit(struct rv_armsxml_delivery *d)
{
	rv_buf_deinit(&d->piece);
}
