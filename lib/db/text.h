/* text.h - the PostgreSQL form of a statement that is written once. Private to lib/db.
 *
 *   UPDATE t SET a = ?2 WHERE id = ?1  ->  UPDATE t SET a = $2 WHERE id = $1
 *
 * A pure function of the text: no connection, any thread.
 */
#ifndef RV_DB_TEXT_H
#define RV_DB_TEXT_H

#include "base/buf.h"

/* Append `sql` with ?n as $n. A bare ? counts as in SQLite: one more than the highest number before
 * it. What stands in '...', "...", after -- and between slash-stars is copied as it is, and so is
 * everything else; an end that is missing there lasts to the end of the text. Errors: out->err. */
void rv_db_text_to_postgresql(const char *sql, struct rv_buf *out);

#endif
