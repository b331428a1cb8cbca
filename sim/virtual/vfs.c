/* How SQLite gets at the files of a disk. */
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "sim/virtual/disk_priv.h"

struct handle {
	sqlite3_file base;
	struct vw_file *node;
	unsigned shared, exclusive; /* bits of shm locks that it holds */
};

/* -- files ---------------------------------------------------------------------------------- */

static void drop_regions(struct vw_file *node)
{
	for (size_t i = 0; i < VW_REGIONS_MAX; i++) {
		sqlite3_free(node->regions[i]);
		node->regions[i] = NULL;
	}
	memset(node->shared, 0, sizeof(node->shared));
	memset(node->exclusive, 0, sizeof(node->exclusive));
}

static int file_close(sqlite3_file *file)
{
	struct handle *h = (struct handle *)file;

	if (--h->node->open == 0)
		drop_regions(h->node);
	return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	const struct vw_file *node = ((struct handle *)file)->node;
	size_t len = (size_t)n, from = (size_t)at, have = 0;

	if (node->disk->is_dead)
		return SQLITE_IOERR_READ;
	if (from < node->now.len)
		have = node->now.len - from < len ? node->now.len - from : len;
	if (have > 0)
		memcpy(out, node->now.ptr + from, have);
	if (have == len)
		return SQLITE_OK;
	memset((char *)out + have, 0, len - have);
	return SQLITE_IOERR_SHORT_READ;
}

static void put_change(struct vw_file *node, bool is_truncate, size_t at, const void *bytes,
		       size_t len)
{
	struct vw_change *c = vw_alloc(1, sizeof(*c) + len);

	c->is_truncate = is_truncate;
	c->at = at;
	c->len = len;
	if (len > 0)
		memcpy(c->bytes, bytes, len);
	rv_list_add_tail(&node->changes, &c->link);
}

static int file_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	struct vw_file *node = ((struct handle *)file)->node;

	if (!vw_disk_may_change(node->disk))
		return SQLITE_IOERR_WRITE;
	node->disk->stats.writes++;
	put_change(node, false, (size_t)at, bytes, (size_t)n);
	vw_image_write(&node->now, (size_t)at, bytes, (size_t)n);
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 len)
{
	struct vw_file *node = ((struct handle *)file)->node;

	if (!vw_disk_may_change(node->disk))
		return SQLITE_IOERR_TRUNCATE;
	put_change(node, true, (size_t)len, NULL, 0);
	vw_image_resize(&node->now, (size_t)len);
	return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct vw_file *node = ((struct handle *)file)->node;
	struct rv_list *link;

	(void)flags;
	if (!vw_disk_may_change(node->disk))
		return SQLITE_IOERR_FSYNC;
	node->disk->stats.syncs++;
	if (node->disk->world->sabotage == VW_LYING_DISK)
		return SQLITE_OK;
	if (node->is_fresh)
		vw_image_resize(&node->kept, 0);
	node->is_fresh = false;
	/* Only what changed: a store of many pages is synced often. */
	rv_list_for_each (link, &node->changes) {
		const struct vw_change *c = RV_CONTAINER_OF(link, struct vw_change, link);

		if (c->is_truncate)
			vw_image_resize(&node->kept, c->at);
		else
			vw_image_write(&node->kept, c->at, c->bytes, c->len);
	}
	vw_file_forget_changes(node);
	node->was_kept = true;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
	const struct vw_file *node = ((struct handle *)file)->node;

	if (node->disk->is_dead)
		return SQLITE_IOERR_FSTAT;
	*out = (sqlite3_int64)node->now.len;
	return SQLITE_OK;
}

/* One process has a store to itself (rv_db_open's lock file): there is nobody to lock out. */
static int file_lock(sqlite3_file *file, int level)
{
	(void)level;
	return ((struct handle *)file)->node->disk->is_dead ? SQLITE_IOERR_LOCK : SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *file)
{
	(void)file;
	return 4096; /* what the unix VFS says */
}

static int file_traits(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* -- shared memory -------------------------------------------------------------------------- */

static int shm_map(sqlite3_file *file, int i, int size, int extends, void volatile **out)
{
	struct vw_file *node = ((struct handle *)file)->node;

	*out = NULL;
	if (node->disk->is_dead)
		return SQLITE_IOERR_SHMMAP;
	if (i >= VW_REGIONS_MAX)
		return SQLITE_FULL;
	if (node->regions[i] == NULL && extends) {
		node->regions[i] = sqlite3_malloc(size);
		if (node->regions[i] == NULL)
			return SQLITE_NOMEM;
		memset(node->regions[i], 0, (size_t)size);
	}
	*out = node->regions[i];
	return SQLITE_OK;
}

static bool is_taken(const struct handle *h, int at, bool is_exclusive)
{
	const struct vw_file *node = h->node;
	bool is_mine = (h->exclusive >> at & 1) != 0;
	unsigned others = node->shared[at] - (h->shared >> at & 1);

	return (node->exclusive[at] && !is_mine) || (is_exclusive && others > 0);
}

static void shm_release(struct handle *h, int at)
{
	if (h->exclusive >> at & 1)
		h->node->exclusive[at] = false;
	if (h->shared >> at & 1)
		h->node->shared[at]--;
	h->exclusive &= ~(1U << at);
	h->shared &= ~(1U << at);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct handle *h = (struct handle *)file;
	bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;

	if (flags & SQLITE_SHM_UNLOCK) {
		for (int i = offset; i < offset + n; i++)
			shm_release(h, i);
		return SQLITE_OK;
	}
	if (h->node->disk->is_dead)
		return SQLITE_IOERR_SHMLOCK;
	for (int i = offset; i < offset + n; i++)
		if (is_taken(h, i, is_exclusive))
			return SQLITE_BUSY;
	for (int i = offset; i < offset + n; i++) {
		if (is_exclusive) {
			h->node->exclusive[i] = true;
			h->exclusive |= 1U << i;
		} else if ((h->shared >> i & 1) == 0) {
			h->node->shared[i]++;
			h->shared |= 1U << i;
		}
	}
	return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *file)
{
	(void)file;
}

static int shm_unmap(sqlite3_file *file, int deletes)
{
	struct handle *h = (struct handle *)file;

	(void)deletes;
	for (int i = 0; i < VW_SHM_LOCKS; i++)
		shm_release(h, i);
	return SQLITE_OK;
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = shm_map,
	.xShmLock = shm_lock,
	.xShmBarrier = shm_barrier,
	.xShmUnmap = shm_unmap,
};

/* -- the VFS -------------------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
	struct handle *h = (struct handle *)file;
	struct vw_disk *disk = path != NULL ? vw_disk_of(path) : NULL;

	(void)vfs;
	*h = (struct handle){ 0 };
	if (disk == NULL || disk->is_dead)
		return SQLITE_CANTOPEN;
	h->node = vw_disk_find_or_make(disk, path);
	if (!h->node->exists && (flags & SQLITE_OPEN_CREATE) == 0)
		return SQLITE_CANTOPEN;
	if (!h->node->exists) {
		h->node->exists = true;
		h->node->must_go = false;
		h->node->is_fresh = h->node->was_kept;
	}
	h->node->open++;
	h->base.pMethods = &file_methods;
	if (out != NULL)
		*out = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs_dir)
{
	struct vw_disk *disk = vw_disk_of(path);
	struct vw_file *node = disk != NULL ? vw_disk_find(disk, path) : NULL;

	(void)vfs;
	if (disk == NULL || !vw_disk_may_change(disk))
		return SQLITE_IOERR_DELETE;
	if (node == NULL || !node->exists)
		return SQLITE_IOERR_DELETE_NOENT;
	node->exists = false;
	node->must_go = syncs_dir != 0;
	node->is_fresh = false;
	vw_file_forget_changes(node);
	vw_image_resize(&node->now, 0);
	if (node->must_go || !node->was_kept) {
		vw_image_resize(&node->kept, 0);
		node->was_kept = false;
	}
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
	struct vw_disk *disk = vw_disk_of(path);
	const struct vw_file *node = disk != NULL ? vw_disk_find(disk, path) : NULL;

	(void)vfs;
	(void)flags;
	if (disk == NULL || disk->is_dead)
		return SQLITE_IOERR_ACCESS;
	*out = node != NULL && node->exists;
	return SQLITE_OK;
}

static int vfs_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	(void)vfs;
	return rv_str_copy(rv_str(path), out, (size_t)size) ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	rv_rand_secret(out, (size_t)n);
	return n;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return us;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	(void)vfs;
	*out = INT64_C(210866760000000); /* 1970, as Julian milliseconds: no statement asks */
	return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	(void)n;
	(void)out;
	return 0;
}

static sqlite3_vfs vfs = {
	.iVersion = 2,
	.szOsFile = sizeof(struct handle),
	.mxPathname = VW_DISK_PATH_MAX,
	.zName = VW_VFS_NAME,
	.xOpen = vfs_open,
	.xDelete = vfs_delete,
	.xAccess = vfs_access,
	.xFullPathname = vfs_path,
	.xRandomness = vfs_random,
	.xSleep = vfs_sleep,
	.xGetLastError = vfs_error,
	.xCurrentTimeInt64 = vfs_time,
};

void vw_vfs_register(void)
{
	if (sqlite3_vfs_find(VW_VFS_NAME) == NULL && sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
		abort();
}
