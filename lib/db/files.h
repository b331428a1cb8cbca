/* files.h - how SQLite finds the files of a store.
 *
 * A path that begins with "./" stays as it is. SQLite would put the working directory before it,
 * and look at each directory above; a process in its sandbox may have no right to pass these
 * (lib/sandbox). Who opens a store by such a path does not change the working directory afterwards.
 */
#ifndef RV_DB_FILES_H
#define RV_DB_FILES_H

#include <sqlite3.h>

/* An existing file, for one thread at a time; *out as of sqlite3_open_v2(), whose code is returned.
 */
int rv_db_sqlite_open(const char *path, sqlite3 **out);

#endif
