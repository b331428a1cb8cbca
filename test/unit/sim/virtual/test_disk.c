#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/virtual.h"
#include "db/db.h"
#include "log/log.h"
#include "sim/virtual/disk.h"

enum { SECTORS = 3, BYTES = SECTORS * VW_SECTOR };

/* -- the model ------------------------------------------------------------------------------ */

struct file {
	sqlite3_file *file;
	char room[256];
};

static void open_file(struct file *f, const char *path)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(VW_VFS_NAME);

	assert_non_null(vfs);
	assert_true((size_t)vfs->szOsFile <= sizeof(f->room));
	f->file = (sqlite3_file *)f->room;
	assert_int_equal(
		vfs->xOpen(vfs, path, f->file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
		SQLITE_OK);
}

static void fill(struct file *f, char c)
{
	char bytes[BYTES];

	memset(bytes, c, sizeof(bytes));
	assert_int_equal(f->file->pMethods->xWrite(f->file, bytes, sizeof(bytes), 0), SQLITE_OK);
}

static bool is_there(const char *path)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(VW_VFS_NAME);
	int out = 0;

	assert_int_equal(vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &out), SQLITE_OK);
	return out != 0;
}

/* A bit per sector: it has the new bytes. */
static unsigned read_sectors(const char *path, char old, char new)
{
	struct file f;
	char bytes[BYTES];
	unsigned bits = 0;

	open_file(&f, path);
	assert_int_equal(f.file->pMethods->xRead(f.file, bytes, sizeof(bytes), 0), SQLITE_OK);
	for (unsigned i = 0; i < SECTORS; i++) {
		assert_true(bytes[i * VW_SECTOR] == old || bytes[i * VW_SECTOR] == new);
		for (size_t j = 1; j < VW_SECTOR; j++) /* never torn within one */
			assert_int_equal(bytes[i * VW_SECTOR + j], bytes[i * VW_SECTOR]);
		bits |= (unsigned)(bytes[i * VW_SECTOR] == new) << i;
	}
	f.file->pMethods->xClose(f.file);
	return bits;
}

static void a_power_cut_leaves_any_sectors_of_what_was_not_synced(void **state)
{
	bool seen[1 << SECTORS] = { false };
	unsigned kinds = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct vw_world w;
		struct vw_disk *disk;
		struct file f;
		unsigned bits;

		vw_init(&w, seed);
		disk = vw_disk_new(&w, "/a");
		open_file(&f, "/a/file");
		fill(&f, 'o');
		assert_int_equal(f.file->pMethods->xSync(f.file, 0), SQLITE_OK);
		fill(&f, 'n');
		f.file->pMethods->xClose(f.file);
		assert_int_equal(read_sectors("/a/file", 'o', 'n'),
				 (1 << SECTORS) - 1); /* killed */
		vw_disk_power_cut(disk);
		bits = read_sectors("/a/file", 'o', 'n');
		kinds += !seen[bits];
		seen[bits] = true;
		vw_disk_power_cut(disk); /* the same again: now it is on the disk */
		assert_int_equal(read_sectors("/a/file", 'o', 'n'), bits);
		vw_disk_free(disk);
		vw_deinit(&w);
	}
	assert_int_equal(kinds, 1 << SECTORS);
}

static void names_are_safe_from_the_first_sync_on(void **state)
{
	unsigned gone = 0, back = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		sqlite3_vfs *vfs;
		struct vw_world w;
		struct vw_disk *disk;
		struct file f;

		vw_init(&w, seed);
		disk = vw_disk_new(&w, "/a");
		vfs = sqlite3_vfs_find(VW_VFS_NAME);
		open_file(&f, "/a/never");
		f.file->pMethods->xClose(f.file);
		open_file(&f, "/a/synced");
		f.file->pMethods->xSync(f.file, 0);
		f.file->pMethods->xClose(f.file);
		open_file(&f, "/a/deleted");
		f.file->pMethods->xSync(f.file, 0);
		f.file->pMethods->xClose(f.file);
		open_file(&f, "/a/removed");
		f.file->pMethods->xSync(f.file, 0);
		f.file->pMethods->xClose(f.file);
		assert_int_equal(vfs->xDelete(vfs, "/a/deleted", 0), SQLITE_OK);
		assert_int_equal(vfs->xDelete(vfs, "/a/removed", 1), SQLITE_OK);
		assert_int_equal(vfs->xDelete(vfs, "/a/nothing", 1), SQLITE_IOERR_DELETE_NOENT);
		vw_disk_power_cut(disk);
		assert_true(is_there("/a/synced"));
		assert_false(is_there("/a/removed"));
		gone += !is_there("/a/never");
		back += is_there("/a/deleted");
		vw_disk_free(disk);
		vw_deinit(&w);
	}
	assert_in_range(gone, 1, 99);
	assert_in_range(back, 1, 99);
}

static void a_dead_process_has_no_disk(void **state)
{
	struct vw_world w;
	struct vw_disk *disk;
	struct file f;
	char byte = 'x';
	sqlite3_int64 size;
	sqlite3_vfs *vfs;
	int out;

	(void)state;
	vw_init(&w, 1);
	disk = vw_disk_new(&w, "/a");
	vfs = sqlite3_vfs_find(VW_VFS_NAME);
	open_file(&f, "/a/file");
	fill(&f, 'o');
	vw_disk_set_dead(disk, true);
	assert_int_not_equal(f.file->pMethods->xRead(f.file, &byte, 1, 0), SQLITE_OK);
	assert_int_not_equal(f.file->pMethods->xWrite(f.file, &byte, 1, 0), SQLITE_OK);
	assert_int_not_equal(f.file->pMethods->xTruncate(f.file, 0), SQLITE_OK);
	assert_int_not_equal(f.file->pMethods->xSync(f.file, 0), SQLITE_OK);
	assert_int_not_equal(f.file->pMethods->xFileSize(f.file, &size), SQLITE_OK);
	assert_int_not_equal(vfs->xDelete(vfs, "/a/file", 1), SQLITE_OK);
	assert_int_not_equal(vfs->xAccess(vfs, "/a/file", 0, &out), SQLITE_OK);
	assert_int_equal(f.file->pMethods->xClose(f.file), SQLITE_OK);
	vw_disk_set_dead(disk, false);
	assert_int_equal(read_sectors("/a/file", 'o', 'n'), 0);
	vw_disk_free(disk);
	vw_deinit(&w);
}

/* -- stores on it --------------------------------------------------------------------------- */

static struct rv_db_stmt get = { "n.get", "SELECT n FROM counter", NULL, 0 };
static struct rv_db_stmt set = { "n.set", "UPDATE counter SET n = ?1", NULL, 0 };
static struct rv_db_stmt pad = { "pad", "INSERT INTO pad (bytes) VALUES (?1)", NULL, 0 };
static struct rv_db_stmt *const statements[] = { &get, &set, &pad };
static const struct rv_db_migration migrations[] = {
	{ 1, "0001-all",
	  "CREATE TABLE counter (n INTEGER NOT NULL) STRICT; INSERT INTO counter VALUES (0);"
	  "CREATE TABLE pad (bytes BLOB NOT NULL) STRICT;",
	  NULL },
};

static int open_store(struct rv_db **out)
{
	const struct rv_db_opt opt = { .url = "sqlite:/a/x.db",
				       .migrations = migrations,
				       .migration_count = 1,
				       .statements = statements,
				       .statement_count = RV_ARRAY_LEN(statements) };

	return rv_db_open(&opt, out, NULL);
}

static int take(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 0);
	return RV_OK;
}

static int work_get(struct rv_db_tx *tx, void *arg)
{
	return rv_db_query(tx, &get, RV_DB_NO_PARAMS, take, arg);
}

static int work_set(struct rv_db_tx *tx, void *arg)
{
	char bytes[3000] = { 0 };
	int err = rv_db_exec(tx, &set, RV_DB_PARAMS(RV_DB_I(*(int64_t *)arg)), NULL);

	return err == RV_OK ? rv_db_exec(tx, &pad,
					 RV_DB_PARAMS(RV_DB_B(rv_strn(bytes, sizeof(bytes)))), NULL)
			    : err;
}

static void dies(void *arg)
{
	vw_disk_set_dead(arg, true);
}

struct life {
	struct vw_world world;
	struct rv_virtual virt;
	struct vw_disk *disk;
	int64_t acknowledged, asked;
};

static void begin(struct life *l, uint64_t seed)
{
	*l = (struct life){ .virt = { .disk = VW_VFS_NAME, .utc_us = 1, .boot_us = 1 } };
	vw_init(&l->world, seed);
	l->disk = vw_disk_new(&l->world, "/a");
	rv_virtual_enter(&l->virt);
}

static void end(struct life *l)
{
	rv_virtual_enter(NULL);
	vw_disk_free(l->disk);
	vw_deinit(&l->world);
}

/* Counts up until the disk dies after that many changes; then the power goes. */
static void live(struct life *l, int64_t changes)
{
	struct rv_db *db = NULL;
	int err;

	vw_disk_arm(l->disk, changes, dies, l->disk);
	err = open_store(&db);
	while (err == RV_OK && l->asked < l->acknowledged + 200) {
		l->asked++;
		err = rv_db_run(db, work_set, &l->asked);
		if (err == RV_OK)
			l->acknowledged = l->asked;
	}
	rv_db_close(db);
	vw_disk_arm(l->disk, -1, NULL, NULL);
	vw_disk_set_dead(l->disk, false);
	vw_disk_power_cut(l->disk);
}

/* What it holds now; -1: it cannot be opened, or is damaged. */
static int64_t look(struct life *l)
{
	char why[128];
	struct rv_db *db = NULL;
	int64_t n = -1;

	if (vw_disk_check(l->disk, "/a/x.db", why, sizeof(why)) != RV_OK ||
	    open_store(&db) != RV_OK)
		return -1;
	if (rv_db_run(db, work_get, &n) != RV_OK)
		n = -1;
	rv_db_close(db);
	return n;
}

/* At every place where a store touches its disk, from its very first byte on. */
static void nothing_acknowledged_is_lost_wherever_the_power_goes(void **state)
{
	uint64_t cuts = 0;

	(void)state;
	for (int64_t changes = 0; changes < 260; changes += changes < 60 ? 1 : 7) {
		struct life l;

		begin(&l, (uint64_t)changes + 1);
		for (int i = 0; i < 3; i++, cuts++) {
			live(&l, changes);
			int64_t n = look(&l);

			assert_true(n >= l.acknowledged && n <= l.asked);
			l.acknowledged = l.asked = n;
		}
		end(&l);
	}
	assert_true(cuts > 200);
}

static void a_disk_that_lies_is_found_out(void **state)
{
	unsigned found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct life l;
		int64_t n;

		begin(&l, seed);
		l.world.sabotage = VW_LYING_DISK;
		live(&l, 100);
		n = look(&l);
		found += n < l.acknowledged || n > l.asked;
		end(&l);
	}
	assert_true(found > 0);
}

/* The log starts over in a short run, too: checkpoints are part of what is tried. */
static void a_store_in_a_virtual_world_checkpoints_and_has_no_threads(void **state)
{
	struct vw_disk_stats stats;
	struct life l;
	struct rv_db *db = NULL;
	uint64_t wal_bytes = 0;

	(void)state;
	begin(&l, 1);
	assert_int_equal(open_store(&db), RV_OK);
	for (l.asked = 1; l.asked <= 300; l.asked++) {
		struct rv_db_stats s;

		assert_int_equal(rv_db_run(db, work_set, &l.asked), RV_OK);
		rv_db_stats(db, &s);
		wal_bytes = s.wal_bytes > wal_bytes ? s.wal_bytes : wal_bytes;
	}
	rv_db_close(db);
	vw_disk_stats(l.disk, &stats);
	assert_true(stats.writes > 300 && stats.syncs > 300);
	assert_true(wal_bytes > 0 && wal_bytes < 1024 * 1024); /* 300 x 2 pages are more */
	assert_int_equal(look(&l), 300);
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_power_cut_leaves_any_sectors_of_what_was_not_synced),
		cmocka_unit_test(names_are_safe_from_the_first_sync_on),
		cmocka_unit_test(a_dead_process_has_no_disk),
		cmocka_unit_test(nothing_acknowledged_is_lost_wherever_the_power_goes),
		cmocka_unit_test(a_disk_that_lies_is_found_out),
		cmocka_unit_test(a_store_in_a_virtual_world_checkpoints_and_has_no_threads),
	};

	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, -1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
