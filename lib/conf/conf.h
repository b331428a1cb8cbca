/* conf.h - one schema table per component gives parser, checks, defaults, dump, example, man page.
 *
 *   # reeve.conf
 *   proxy {
 *       listen = {"0.0.0.0:8443", "[::]:8443"}
 *       workers = 2
 *   }
 *
 * The lexer is libconfuse's (include, environment and tilde expansion off); everything else is
 * the table's. Errors carry file:line and name the item, its legal range and the value found;
 * an invalid file changes nothing. Reading happens in the supervisor only; a duty gets its own
 * section as packed bytes (rv_conf_pack / rv_conf_unpack), so edges do not link the parser.
 * A parsed struct rv_conf is immutable and may be read from any thread.
 */
#ifndef RV_CONF_CONF_H
#define RV_CONF_CONF_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"

enum rv_conf_type {
	RV_CONF_STR,
	RV_CONF_INT,      /* min..max */
	RV_CONF_BOOL,     /* on/off, yes/no, true/false */
	RV_CONF_DURATION, /* "30s" "5m" "12h" "90d"; kept as microseconds; min..max in us */
	RV_CONF_SIZE,     /* "64KiB" "2MiB"; kept as bytes */
	RV_CONF_LIST,     /* of strings; min..max = number of entries */
	RV_CONF_ENUM,     /* one of `choices` */
};

enum rv_conf_reload { RV_CONF_RESTART, RV_CONF_LIVE };

struct rv_conf_item {
	const char *name;
	enum rv_conf_type type;
	const char *def; /* as it would be written in the file; NULL = no default, item may be
			    absent; lists: "{a, b}" */
	int64_t min, max;
	const char *const *choices; /* NULL-terminated */
	const char *unit;           /* for the documents; NULL = none */
	const char *doc;            /* one or two sentences, English */
	const char *doc_ja;
	enum rv_conf_reload reload;
	bool is_secret; /* dump prints *** */
	/* Further check of one value ("is it an address with a port?"); NULL = none. Its words are
	 * the reason alone ("it must be ..."): item and value are put before them. */
	int (*check)(struct rv_str value, struct rv_diag *diag);
};

struct rv_conf_section {
	const char *name; /* "proxy" */
	const char *doc;
	const char *doc_ja;
	const struct rv_conf_item *items;
	size_t item_count;
	bool may_repeat; /* `line dhcp { }`: any number, each with a title */
};

/* Checks for items: a numeric address with a port (base/addr.h). To listen, port 0 is any free one;
 * a peer needs a port. RV_EINVALID with key "conf.address". */
int rv_conf_check_listen(struct rv_str value, struct rv_diag *diag) RV_MUSTCHECK;
int rv_conf_check_peer(struct rv_str value, struct rv_diag *diag) RV_MUSTCHECK;

struct rv_conf;     /* a whole parsed file */
struct rv_conf_sec; /* one section of it */

/* `text` is the file's contents, `name` its name for messages. Absent sections that cannot repeat
 * get their defaults. RV_ESYNTAX / RV_EINVALID with diag (where = "proxy.workers", line). */
int rv_conf_parse(const struct rv_conf_section *schema, size_t n, struct rv_str text,
		  const char *name, struct rv_conf **out, struct rv_diag *diag) RV_MUSTCHECK;
void rv_conf_free(struct rv_conf *conf);

/* The section of that name (with that title, or the first when title is NULL); NULL if none. */
const struct rv_conf_sec *rv_conf_get(const struct rv_conf *conf, const char *section,
				      const char *title);
const struct rv_conf_sec *rv_conf_next(const struct rv_conf *conf, const struct rv_conf_sec *sec);
const char *rv_conf_title(const struct rv_conf_sec *sec);

/* Asking for an item that the schema does not have, or by another type, is an assertion. */
const char *rv_conf_str(const struct rv_conf_sec *sec, const char *item); /* NULL when absent */
int64_t rv_conf_int(const struct rv_conf_sec *sec,
		    const char *item); /* INT, DURATION, SIZE; absent 0 */
bool rv_conf_bool(const struct rv_conf_sec *sec, const char *item);
size_t rv_conf_list(const struct rv_conf_sec *sec, const char *item, const char *const **out);

/* Every section as text that parses back to the same values. */
void rv_conf_dump(const struct rv_conf *conf, struct rv_buf *out);
/* The commented example file, and the body of a man page (troff -man): from the table alone. */
void rv_conf_example(const struct rv_conf_section *schema, size_t n, struct rv_buf *out);
void rv_conf_man(const struct rv_conf_section *schema, size_t n, struct rv_buf *out);

/* Sections named in `names` (NULL-terminated) to bytes, and back; unpack trusts its input not. */
int rv_conf_pack(const struct rv_conf *conf, const char *const *names,
		 struct rv_buf *out) RV_MUSTCHECK;
int rv_conf_unpack(const struct rv_conf_section *schema, size_t n, struct rv_str bytes,
		   struct rv_conf **out) RV_MUSTCHECK;

#endif
