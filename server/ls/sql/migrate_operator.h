/* Migration "operators": several sources of devices instead of one. Both dialects. A migration that
 * was released is never changed. */
#ifndef RV_LS_SQL_MIGRATE_OPERATOR_H
#define RV_LS_SQL_MIGRATE_OPERATOR_H

/*
 * operator    a source of the feed, and how far its copy is; held = ids it holds
 * claim       a device as an operator has it. state: 0 the operator holds the id, 1 another one
 *             does, 2 it may not have more; told = the state its RS was told last. at: of the first
 *             claim, which decides who is next
 * place       a Location-Config of an operator, in boxes: passwords of lines are in it
 * member      a group of an operator -> its Location-Config
 * given       what a device was given last; is_told: its RS has been told
 */
#define LS_SQL_OPERATORS(integer, text, blob, strict)                                              \
	"CREATE TABLE fact (name " text " PRIMARY KEY, value " text " NOT NULL)" strict ";"        \
	"CREATE TABLE operator ("                                                                  \
	" name " text " PRIMARY KEY,"                                                              \
	" epoch " text " NOT NULL,"                                                                \
	" cursor " integer " NOT NULL,"                                                            \
	" generation " integer " NOT NULL,"                                                        \
	" is_complete " integer " NOT NULL,"                                                       \
	" held " integer " NOT NULL,"                                                              \
	" mac_key " blob ")" strict ";"                                                            \
	"CREATE TABLE claim ("                                                                     \
	" distid " text " NOT NULL,"                                                               \
	" operator " text " NOT NULL,"                                                             \
	" at " integer " NOT NULL,"                                                                \
	" state " integer " NOT NULL,"                                                             \
	" told " integer " NOT NULL,"                                                              \
	" is_enabled " integer " NOT NULL,"                                                        \
	" ls_key_mac " blob " NOT NULL,"                                                           \
	" rs_key " blob " NOT NULL,"                                                               \
	" location " text " NOT NULL,"                                                             \
	" group_name " text " NOT NULL,"                                                           \
	" generation " integer " NOT NULL,"                                                        \
	" PRIMARY KEY (distid, operator))" strict ";"                                              \
	"CREATE UNIQUE INDEX claim_held ON claim (distid) WHERE state = 0;"                        \
	"CREATE INDEX claim_over_limit ON claim (operator, at) WHERE state = 2;"                   \
	"CREATE INDEX claim_untold ON claim (operator) WHERE state <> told;"                       \
	"CREATE INDEX claim_by_generation ON claim (operator, generation);"                        \
	"CREATE TABLE place ("                                                                     \
	" operator " text " NOT NULL,"                                                             \
	" name " text " NOT NULL,"                                                                 \
	" body " blob " NOT NULL,"                                                                 \
	" next_body " blob ","                                                                     \
	" generation " integer " NOT NULL,"                                                        \
	" PRIMARY KEY (operator, name))" strict ";"                                                \
	"CREATE TABLE member ("                                                                    \
	" operator " text " NOT NULL,"                                                             \
	" name " text " NOT NULL,"                                                                 \
	" location " text " NOT NULL,"                                                             \
	" generation " integer " NOT NULL,"                                                        \
	" PRIMARY KEY (operator, name))" strict ";"                                                \
	"CREATE TABLE given ("                                                                     \
	" distid " text " NOT NULL,"                                                               \
	" operator " text " NOT NULL,"                                                             \
	" location " text " NOT NULL,"                                                             \
	" version " integer " NOT NULL,"                                                           \
	" anchor " text " NOT NULL,"                                                               \
	" at " integer " NOT NULL,"                                                                \
	" is_told " integer " NOT NULL,"                                                           \
	" PRIMARY KEY (distid, operator))" strict ";"                                              \
	"CREATE INDEX given_untold ON given (operator) WHERE is_told = 0;"                         \
	"INSERT INTO claim (distid, operator, at, state, told, is_enabled, ls_key_mac, rs_key,"    \
	" location, group_name, generation) SELECT distid, 'local', 0, 0, 0, is_enabled,"          \
	" ls_key_mac, rs_key, location, '', generation FROM device;"                               \
	"INSERT INTO place (operator, name, body, generation)"                                     \
	" SELECT 'local', name, body, generation FROM location;"                                   \
	"INSERT INTO operator (name, epoch, cursor, generation, is_complete, held)"                \
	" SELECT 'local', epoch, cursor, generation, is_complete,"                                 \
	" (SELECT count(*) FROM device) FROM feed;"                                                \
	"DROP TABLE device;"                                                                       \
	"DROP TABLE location;"                                                                     \
	"DROP TABLE feed;"

#define LS_SQL_OPERATORS_SQLITE     LS_SQL_OPERATORS("INTEGER", "TEXT", "BLOB", " STRICT")
#define LS_SQL_OPERATORS_POSTGRESQL LS_SQL_OPERATORS("BIGINT", "TEXT COLLATE \"C\"", "BYTEA", "")

#endif
