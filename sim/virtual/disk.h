/* disk.h - the disk of a machine, as SQLite sees it (a VFS) and as a power cut leaves it.
 *
 *   xWrite, xTruncate --> journal of the file --xSync--> what the disk has
 *   kill        everything written is there (the kernel has it)
 *   power cut   what was synced is there; of each write since then any subset of its 512-byte
 *               sectors is; a length between the old and the new; a file that was made and never
 *               synced may be gone; one that was deleted without a sync of its directory may be
 *               back
 *
 * The unix VFS syncs the directory with the first sync of a file that it made, and so the name of a
 * file is safe from its first sync on. A write changes no byte outside of it (what SQLite calls
 * powersafe overwrite, and assumes of every disk by default).
 *
 * A process that has died has no disk any more: every call fails until the machine starts it again.
 * So nothing that code does on its way out of a fail point can reach the store, which is what makes
 * "mark it dead and let the function return" the same as SIGKILL at that line.
 */
#ifndef RV_SIM_VIRTUAL_DISK_H
#define RV_SIM_VIRTUAL_DISK_H

#include "base/err.h"
#include "sim/virtual/world.h"

enum { VW_SECTOR = 512, VW_DISK_FILES_MAX = 16 };

struct vw_disk;

#define VW_VFS_NAME "reeve-virtual"

/* `root`: its files are those whose path begins with it. Registers the VFS with the first one. Not
 * more than 8 at a time. */
struct vw_disk *vw_disk_new(struct vw_world *w, const char *root);
void vw_disk_free(struct vw_disk *disk); /* no file of it may be open; NULL allowed */

/* Every call fails from now on, or works again. */
void vw_disk_set_dead(struct vw_disk *disk, bool is_dead);
/* After `ops` more writes, truncations, syncs and deletions (negative: never) `dies` is called, in
 * the middle of whatever SQLite does, and must make the disk dead. */
void vw_disk_arm(struct vw_disk *disk, int64_t ops, void (*dies)(void *arg), void *arg);
/* The power goes: forget what the model says is not kept. No file may be open. */
void vw_disk_power_cut(struct vw_disk *disk);

/* PRAGMA integrity_check of that file, which is not open. RV_ECORRUPT, with its first words. A file
 * that is not there is whole. */
int vw_disk_check(struct vw_disk *disk, const char *path, char *why, size_t size) RV_MUSTCHECK;

struct vw_disk_stats {
	uint64_t writes, syncs, dropped, torn; /* dropped, torn: writes, by power cuts */
};
void vw_disk_stats(const struct vw_disk *disk, struct vw_disk_stats *out);

#endif
