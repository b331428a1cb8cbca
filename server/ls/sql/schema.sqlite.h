/* Schema of the ls store, SQLite dialect. A migration that was released is never changed. */
#ifndef RV_LS_SQL_SCHEMA_SQLITE_H
#define RV_LS_SQL_SCHEMA_SQLITE_H

/*
 * A copy of the feed. `generation` rises when the source starts anew (another epoch, another file):
 * rows of the old one serve on until the new snapshot is complete, and are then removed.
 * `body` is the encoded Location-Config in a box: passwords of lines are in it.
 */
#define LS_SQL_SCHEMA_1                                                                            \
	"CREATE TABLE device ("                                                                    \
	" distid TEXT PRIMARY KEY,"                                                                \
	" is_enabled INTEGER NOT NULL,"                                                            \
	" ls_key_mac BLOB NOT NULL,"                                                               \
	" rs_key BLOB NOT NULL,"                                                                   \
	" location TEXT NOT NULL,"                                                                 \
	" generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;"                                     \
	"CREATE TABLE location ("                                                                  \
	" name TEXT PRIMARY KEY,"                                                                  \
	" body BLOB NOT NULL,"                                                                     \
	" generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;"                                     \
	"CREATE TABLE feed ("                                                                      \
	" source TEXT PRIMARY KEY,"                                                                \
	" epoch TEXT NOT NULL,"                                                                    \
	" cursor INTEGER NOT NULL,"                                                                \
	" generation INTEGER NOT NULL,"                                                            \
	" is_complete INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

#endif
