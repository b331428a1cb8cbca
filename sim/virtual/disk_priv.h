/* disk_priv.h - the files of a disk: disk.c says what a power cut leaves of them, vfs.c is how
 * SQLite gets at them. Private to these two. */
#ifndef RV_SIM_VIRTUAL_DISK_PRIV_H
#define RV_SIM_VIRTUAL_DISK_PRIV_H

#include <sqlite3.h>

#include "base/list.h"
#include "sim/virtual/disk.h"

enum {
	VW_DISKS_MAX = 8,
	VW_DISK_PATH_MAX = 256,
	VW_REGIONS_MAX = 64,
	VW_SHM_LOCKS = SQLITE_SHM_NLOCK
};

/* One change since the last sync. */
struct vw_change {
	struct rv_list link;
	bool is_truncate;
	size_t at, len; /* truncate: at is the new length */
	char bytes[];
};

struct vw_image {
	char *ptr;
	size_t len, cap;
};

struct vw_file {
	struct vw_disk *disk;
	char path[VW_DISK_PATH_MAX]; /* "": free */
	struct vw_image now;         /* as processes see it */
	struct vw_image kept;        /* as of the last sync */
	struct rv_list changes;      /* from kept to now */
	bool exists, was_kept;       /* the name: now; on the disk for sure */
	bool must_go;                /* deleted, and the directory was synced */
	bool is_fresh;               /* another file than `kept`, which had the name before it */
	unsigned open;
	/* Shared memory of the WAL index: of the machine's kernel, gone with its users. */
	void *regions[VW_REGIONS_MAX];
	int region_size;
	unsigned shared[VW_SHM_LOCKS];
	bool exclusive[VW_SHM_LOCKS];
};

struct vw_disk {
	struct vw_world *world;
	char root[VW_DISK_PATH_MAX];
	bool is_dead;
	int64_t ops_left; /* until `dies`; negative: never */
	void (*dies)(void *arg);
	void *dies_arg;
	struct vw_file files[VW_DISK_FILES_MAX];
	struct vw_disk_stats stats;
};

void vw_image_resize(struct vw_image *image, size_t len);
void vw_image_write(struct vw_image *image, size_t at, const char *bytes, size_t len);

/* The disk that a path belongs to; NULL: none. */
struct vw_disk *vw_disk_of(const char *path);
/* NULL: there is no such name, and never was. */
struct vw_file *vw_disk_find(struct vw_disk *disk, const char *path);
struct vw_file *vw_disk_find_or_make(struct vw_disk *disk, const char *path);
/* Before each change. False: the process is dead. */
bool vw_disk_may_change(struct vw_disk *disk);

void vw_file_forget_changes(struct vw_file *file);

/* Known to SQLite from then on. */
void vw_vfs_register(void);

#endif
