#include "db/files.h"

#include <pthread.h>
#include <string.h>

#include "base/virtual.h"

static const char name[] = "reeve";
static sqlite3_vfs *usual; /* whatever is SQLite's default: a test may have put its own there */
static sqlite3_vfs ours;   /* the same, but for the paths */
static int registered;     /* SQLITE_OK, or why not */

static int keep_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	(void)vfs;
	if (strncmp(path, "./", 2) != 0)
		return usual->xFullPathname(usual, path, size, out);
	if (strlen(path) >= (size_t)size)
		return SQLITE_CANTOPEN;
	strcpy(out, path);
	return SQLITE_OK;
}

static void register_ours(void)
{
	registered = sqlite3_initialize();
	usual = registered == SQLITE_OK ? sqlite3_vfs_find(NULL) : NULL;
	if (usual == NULL)
		return;
	ours = *usual;
	ours.zName = name;
	ours.pNext = NULL;
	ours.xFullPathname = keep_path;
	registered = sqlite3_vfs_register(&ours, 0);
}

int rv_db_sqlite_open(const char *path, sqlite3 **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct rv_virtual *world = rv_virtual_here();

	if (world != NULL) /* nobody makes the file beforehand there */
		return sqlite3_open_v2(
			path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			world->disk);
	pthread_once(&once, register_ours);
	if (registered != SQLITE_OK)
		return registered;
	return sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, name);
}
