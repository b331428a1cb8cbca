/* Migration "certificates", both dialects. A migration that was released is never changed. */
#ifndef RV_RS_SQL_MIGRATE_CERTIFICATE_H
#define RV_RS_SQL_MIGRATE_CERTIFICATE_H

/*
 * certificate         every certificate of a device, append-only but for how it ended; those that
 *                     were there before have no serial
 * device_certificate  is_due: to be made anew; certificate_id: its record
 * device_state        anchor: tag of the CA that the device trusts, proved by its last pull; '':
 *                     that of the time before the first roll-over
 * ca_roll             state: enum rv_roll_state; one is open (state 1) at most
 */
#define RS_SQL_CERTIFICATE(integer, strict)                                                        \
	"CREATE TABLE certificate ("                                                               \
	" id " integer " PRIMARY KEY,"                                                             \
	" device_id " integer " NOT NULL,"                                                         \
	" distid TEXT NOT NULL,"                                                                   \
	" serial TEXT NOT NULL,"                                                                   \
	" subject TEXT NOT NULL,"                                                                  \
	" issuer TEXT NOT NULL,"                                                                   \
	" key_kind TEXT NOT NULL,"                                                                 \
	" ca TEXT NOT NULL,"                                                                       \
	" is_given " integer " NOT NULL,"                                                          \
	" not_before " integer " NOT NULL,"                                                        \
	" not_after " integer " NOT NULL,"                                                         \
	" issued_at " integer " NOT NULL,"                                                         \
	" author TEXT NOT NULL,"                                                                   \
	" superseded_at " integer ","                                                              \
	" revoked_at " integer ","                                                                 \
	" reason " integer ","                                                                     \
	" revoked_by TEXT NOT NULL)" strict ";"                                                    \
	"CREATE INDEX certificate_by_distid ON certificate (distid, id);"                          \
	"CREATE INDEX certificate_not_superseded ON certificate (device_id)"                       \
	" WHERE superseded_at IS NULL;"                                                            \
	"ALTER TABLE device_certificate ADD COLUMN certificate_id " integer ";"                    \
	"ALTER TABLE device_certificate ADD COLUMN is_due " integer " NOT NULL DEFAULT 0;"         \
	"INSERT INTO certificate (id, device_id, distid, serial, subject, issuer, key_kind, ca,"   \
	" is_given, not_before, not_after, issued_at, author, revoked_by)"                         \
	" SELECT c.device_id, c.device_id, d.distid, '', '', '', '', '', c.is_given, 0,"           \
	" c.expires_at, 0, '', '' FROM device_certificate c JOIN device d ON d.id = c.device_id;"  \
	"UPDATE device_certificate SET certificate_id = device_id;"                                \
	"CREATE INDEX device_certificate_by_record ON device_certificate (certificate_id);"        \
	"CREATE INDEX device_certificate_by_end ON device_certificate (expires_at);"               \
	"ALTER TABLE device_state ADD COLUMN anchor TEXT NOT NULL DEFAULT '';"                     \
	"CREATE TABLE ca_roll ("                                                                   \
	" id " integer " PRIMARY KEY,"                                                             \
	" state " integer " NOT NULL,"                                                             \
	" old_ca TEXT NOT NULL,"                                                                   \
	" new_ca TEXT NOT NULL,"                                                                   \
	" is_dual " integer " NOT NULL,"                                                           \
	" started_at " integer " NOT NULL,"                                                        \
	" ended_at " integer ","                                                                   \
	" ended_by TEXT NOT NULL,"                                                                 \
	" left_count " integer " NOT NULL)" strict ";"

#define RS_SQL_CERTIFICATE_SQLITE     RS_SQL_CERTIFICATE("INTEGER", " STRICT")
#define RS_SQL_CERTIFICATE_POSTGRESQL RS_SQL_CERTIFICATE("BIGINT", "")

#endif
