#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "sim/virtual/disk_priv.h"

static struct vw_disk *disks[VW_DISKS_MAX];

/* -- images --------------------------------------------------------------------------------- */

void vw_image_resize(struct vw_image *image, size_t len)
{
	if (len > image->cap) {
		image->cap = len < 65536 ? 65536 : len * 2;
		image->ptr = realloc(image->ptr, image->cap);
		if (image->ptr == NULL)
			abort();
	}
	if (len > image->len)
		memset(image->ptr + image->len, 0, len - image->len);
	image->len = len;
}

void vw_image_write(struct vw_image *image, size_t at, const char *bytes, size_t len)
{
	if (at + len > image->len)
		vw_image_resize(image, at + len);
	memcpy(image->ptr + at, bytes, len);
}

static void image_copy(struct vw_image *to, const struct vw_image *from)
{
	vw_image_resize(to, from->len);
	if (from->len > 0)
		memcpy(to->ptr, from->ptr, from->len);
}

static void image_free(struct vw_image *image)
{
	free(image->ptr);
	*image = (struct vw_image){ 0 };
}

/* -- what a power cut leaves ---------------------------------------------------------------- */

void vw_file_forget_changes(struct vw_file *node)
{
	struct rv_list *link;

	while ((link = rv_list_pop(&node->changes)) != NULL)
		free(RV_CONTAINER_OF(link, struct vw_change, link));
}

/* Sectors of one write: each there or not. */
static void keep_sectors(struct vw_file *node, const struct vw_change *c)
{
	struct vw_disk *disk = node->disk;
	size_t kept = 0, pieces = 0;
	uint32_t per_million = vw_chance(disk->world, VW_DISK, 500000)   ? 1000000
			       : vw_chance(disk->world, VW_DISK, 500000) ? 0
									 : 500000;

	for (size_t at = c->at, end = c->at + c->len; at < end; pieces++) {
		size_t next = (at / VW_SECTOR + 1) * VW_SECTOR;

		if (next > end)
			next = end;
		if (vw_chance(disk->world, VW_DISK, per_million)) {
			vw_image_write(&node->kept, at, c->bytes + (at - c->at), next - at);
			kept++;
		}
		at = next;
	}
	disk->stats.dropped += kept == 0;
	disk->stats.torn += kept > 0 && kept < pieces;
}

/* The name was given to a new file, and nobody knows whether the disk heard of it. True: the old
 * one is back. */
static bool choose_file(struct vw_file *node)
{
	if (!node->is_fresh)
		return false;
	node->is_fresh = false;
	if (vw_chance(node->disk->world, VW_DISK, 333333)) {
		node->exists = true;
		return true;
	}
	vw_image_resize(&node->kept, 0);
	node->was_kept = false;
	return false;
}

static void apply_some(struct vw_file *node)
{
	struct rv_list *link;

	rv_list_for_each (link, &node->changes) {
		const struct vw_change *c = RV_CONTAINER_OF(link, struct vw_change, link);

		if (!c->is_truncate)
			keep_sectors(node, c);
		else if (vw_chance(node->disk->world, VW_DISK, 500000))
			vw_image_resize(&node->kept, c->at);
	}
}

static void power_cut_file(struct vw_file *node)
{
	struct vw_world *w = node->disk->world;

	if (!choose_file(node))
		apply_some(node);
	vw_file_forget_changes(node);
	image_copy(&node->now, &node->kept);
	if (node->exists && !node->was_kept)
		node->exists = vw_chance(w, VW_DISK, 500000);
	else if (!node->exists && node->was_kept && !node->must_go)
		node->exists = vw_chance(w, VW_DISK, 500000);
	node->was_kept = node->exists;
	if (!node->exists) {
		vw_image_resize(&node->now, 0);
		vw_image_resize(&node->kept, 0);
	}
	vw_note(w, "disk", strrchr(node->path, '/') != NULL ? strrchr(node->path, '/') : node->path,
		(int64_t)node->now.len,
		(int64_t)(rv_siphash(1, 1, rv_strn(node->now.ptr, node->now.len)) >> 1));
}

void vw_disk_power_cut(struct vw_disk *disk)
{
	for (size_t i = 0; i < VW_DISK_FILES_MAX; i++) {
		struct vw_file *node = &disk->files[i];

		if (node->path[0] == '\0')
			continue;
		assert(node->open == 0);
		power_cut_file(node);
	}
}

/* -- names ---------------------------------------------------------------------------------- */

struct vw_disk *vw_disk_of(const char *path)
{
	for (size_t i = 0; i < VW_DISKS_MAX; i++)
		if (disks[i] != NULL && rv_str_starts(rv_str(path), disks[i]->root))
			return disks[i];
	return NULL;
}

struct vw_file *vw_disk_find(struct vw_disk *disk, const char *path)
{
	for (size_t i = 0; i < VW_DISK_FILES_MAX; i++)
		if (strcmp(disk->files[i].path, path) == 0)
			return &disk->files[i];
	return NULL;
}

struct vw_file *vw_disk_find_or_make(struct vw_disk *disk, const char *path)
{
	struct vw_file *node = vw_disk_find(disk, path);

	if (node != NULL)
		return node;
	node = vw_disk_find(disk, "");
	assert(node != NULL); /* VW_DISK_FILES_MAX: a store has four */
	*node = (struct vw_file){ .disk = disk };
	rv_list_init(&node->changes);
	if (!rv_str_copy(rv_str(path), node->path, sizeof(node->path)))
		abort();
	return node;
}

bool vw_disk_may_change(struct vw_disk *disk)
{
	if (!disk->is_dead && disk->ops_left >= 0 && disk->ops_left-- == 0)
		disk->dies(disk->dies_arg);
	return !disk->is_dead;
}

/* -- life ----------------------------------------------------------------------------------- */

struct vw_disk *vw_disk_new(struct vw_world *w, const char *root)
{
	struct vw_disk *disk = vw_alloc(1, sizeof(*disk));
	size_t i = 0;

	vw_vfs_register();
	/* Salts of its logs come from one generator for the whole process. */
	sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(w->seed & 0x7fffffff) | 1, NULL);
	disk->world = w;
	disk->ops_left = -1;
	if (!rv_str_copy(rv_str(root), disk->root, sizeof(disk->root)))
		abort();
	while (i < VW_DISKS_MAX && disks[i] != NULL)
		i++;
	assert(i < VW_DISKS_MAX);
	disks[i] = disk;
	return disk;
}

void vw_disk_free(struct vw_disk *disk)
{
	if (disk == NULL)
		return;
	for (size_t i = 0; i < VW_DISKS_MAX; i++)
		if (disks[i] == disk)
			disks[i] = NULL;
	for (size_t i = 0; i < VW_DISK_FILES_MAX; i++) {
		struct vw_file *node = &disk->files[i];

		if (node->path[0] == '\0')
			continue;
		assert(node->open == 0);
		vw_file_forget_changes(node);
		image_free(&node->now);
		image_free(&node->kept);
	}
	free(disk);
}

void vw_disk_arm(struct vw_disk *disk, int64_t ops, void (*dies)(void *arg), void *arg)
{
	disk->ops_left = ops;
	disk->dies = dies;
	disk->dies_arg = arg;
}

void vw_disk_set_dead(struct vw_disk *disk, bool is_dead)
{
	disk->is_dead = is_dead;
}

static int take_words(void *arg, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	snprintf(arg, 128, "%.127s", values[0] != NULL ? values[0] : "");
	return 1; /* the first row says enough */
}

int vw_disk_check(struct vw_disk *disk, const char *path, char *why, size_t size)
{
	const struct vw_file *node = vw_disk_find(disk, path);
	char words[128] = "";
	sqlite3 *db = NULL;
	int rc;

	if (node == NULL || !node->exists)
		return RV_OK;
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, VW_VFS_NAME);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA integrity_check", take_words, words, NULL);
	if (words[0] == '\0')
		snprintf(words, sizeof(words), "%.100s", sqlite3_errmsg(db));
	sqlite3_close(db);
	if (strcmp(words, "ok") == 0)
		return RV_OK;
	snprintf(why, size, "%s", words);
	return RV_ECORRUPT;
}

void vw_disk_stats(const struct vw_disk *disk, struct vw_disk_stats *out)
{
	*out = disk->stats;
}
