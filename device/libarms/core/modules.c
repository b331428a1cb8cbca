#include "device/libarms/core/modules.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_item(struct rv_sa_module *item)
{
	free(item->version);
	free(item->infostring);
	*item = (struct rv_sa_module){ 0 };
}

void rv_sa_modules_deinit(struct rv_sa_modules *mods)
{
	for (size_t i = 0; i < mods->count; i++)
		free_item(&mods->items[i]);
	free(mods->items);
	*mods = (struct rv_sa_modules){ 0 };
}

static struct rv_sa_module *find(const struct rv_sa_modules *mods, uint32_t id)
{
	for (size_t i = 0; i < mods->count; i++)
		if (mods->items[i].id == id)
			return &mods->items[i];
	return NULL;
}

const struct rv_sa_module *rv_sa_modules_find(const struct rv_sa_modules *mods, uint32_t id)
{
	return find(mods, id);
}

static int put(struct rv_sa_modules *mods, const struct rv_armsxml_module *from)
{
	struct rv_sa_module item = { .id = from->id };
	struct rv_sa_module *same = find(mods, from->id);

	if (from->version.ptr != NULL)
		item.version = strndup(from->version.ptr, from->version.len);
	item.infostring = strndup(from->infostring.len > 0 ? from->infostring.ptr : "",
				  from->infostring.len);
	if (item.infostring == NULL || (from->version.ptr != NULL && item.version == NULL)) {
		free_item(&item);
		return -ENOMEM;
	}
	if (same == NULL)
		same = &mods->items[mods->count++];
	else
		free_item(same);
	*same = item;
	return RV_OK;
}

static int copy_list(struct rv_sa_modules *out, const struct rv_armsxml_module *list, size_t count)
{
	*out = (struct rv_sa_modules){ .items = calloc(count > 0 ? count : 1,
						       sizeof(*out->items)) };
	if (out->items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int r = put(out, &list[i]);

		if (r != RV_OK) {
			rv_sa_modules_deinit(out);
			return r;
		}
	}
	return RV_OK;
}

/* Drop from `mods` whatever `keep` does not list and the program lets go. */
static bool remove_others(struct rv_sa_modules *mods, const struct rv_sa_modules *keep,
			  rv_sa_remove_fn remove, void *arg)
{
	size_t kept = 0;
	bool is_refused = false;

	for (size_t i = 0; i < mods->count; i++) {
		struct rv_sa_module item = mods->items[i];
		bool is_listed = find(keep, item.id) != NULL;

		if (!is_listed && remove(arg, &item) == 0) {
			free_item(&item);
			continue;
		}
		is_refused |= !is_listed;
		mods->items[kept++] = item;
	}
	mods->count = kept;
	return !is_refused;
}

int rv_sa_modules_replace(struct rv_sa_modules *mods, const struct rv_armsxml_module *list,
			  size_t count, rv_sa_remove_fn remove, void *arg)
{
	struct rv_sa_modules fresh;
	int r = copy_list(&fresh, list, count);

	assert(count <= RV_ARMSXML_MODULES_MAX);
	if (r != RV_OK)
		return r;
	if (!remove_others(mods, &fresh, remove, arg)) {
		rv_sa_modules_deinit(&fresh);
		return RV_ECANCELED;
	}
	rv_sa_modules_deinit(mods);
	*mods = fresh;
	return RV_OK;
}

void rv_sa_modules_clear(struct rv_sa_modules *mods, rv_sa_remove_fn remove, void *arg)
{
	for (size_t i = 0; i < mods->count; i++)
		(void)remove(arg, &mods->items[i]);
	rv_sa_modules_deinit(mods);
}
