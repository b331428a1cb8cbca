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
 *
 * Items of type FILE name files (certificates, keys): whoever read the configuration loads what is
 * in them (rv_conf_files_read), and a duty finds it in its section (rv_conf_file). So a duty opens
 * none of them, and all processes see the same contents.
 *
 * But for that, a parsed struct rv_conf is immutable and may be read from any thread.
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
	/* Path of a file of at most `max` bytes, relative to the state directory; "" = none. With
	 * is_secret its owner alone may write it, and others than owner and group may not read
	 * it; the path is no secret. */
	RV_CONF_FILE,
};

enum {
	RV_CONF_PEM_MAX = 64 * 1024,          /* `max` of an item with certificates or a key */
	RV_CONF_FILE_BYTES_MAX = 1024 * 1024, /* no item may have more */
};

/* When a change of an item takes effect: at the next start, or when the file is read again. ONCE:
 * whoever reads such a file reads it once, and the documents say nothing of it. */
enum rv_conf_reload { RV_CONF_RESTART, RV_CONF_LIVE, RV_CONF_ONCE };

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
	bool is_secret; /* dump prints ***; of a FILE: what is in it */
	bool is_url;    /* a password in it is hidden (base/hide.h), the rest is not */
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
void rv_conf_free(struct rv_conf *conf); /* or rather: drop one reference */
/* One more user; counted, not for several threads at a time. */
struct rv_conf *rv_conf_ref(struct rv_conf *conf);

/* An item that differs; NULL: a section that repeats is new or gone (for the next start). */
typedef void (*rv_conf_change_fn)(void *arg, const struct rv_conf_sec *sec,
				  const struct rv_conf_item *item);
/* *out: `running`, but with the live items of `given`; the same schema for all. Of files that were
 * loaded into `running`, what is in them counts, too. `fn` is told of every difference, also of
 * those that have to wait. -ENOMEM. */
int rv_conf_merge(const struct rv_conf *running, const struct rv_conf *given, rv_conf_change_fn fn,
		  void *arg, struct rv_conf **out) RV_MUSTCHECK;
const char *rv_conf_section_name(const struct rv_conf_sec *sec);

/* The section of that name (with that title, or the first when title is NULL); NULL if none. */
const struct rv_conf_sec *rv_conf_get(const struct rv_conf *conf, const char *section,
				      const char *title);
const struct rv_conf_sec *rv_conf_next(const struct rv_conf *conf, const struct rv_conf_sec *sec);
const char *rv_conf_title(const struct rv_conf_sec *sec);

/* Asking for an item that the schema does not have, or by another type, is an assertion. */
const char *rv_conf_str(const struct rv_conf_sec *sec, const char *item); /* NULL when absent;
									    FILE: its path */
int64_t rv_conf_int(const struct rv_conf_sec *sec,
		    const char *item); /* INT, DURATION, SIZE; absent 0 */
bool rv_conf_bool(const struct rv_conf_sec *sec, const char *item);
size_t rv_conf_list(const struct rv_conf_sec *sec, const char *item, const char *const **out);

/* Where the item stands in the text that was parsed, for checks that need several items; 0: it does
 * not, or this was unpacked. */
unsigned rv_conf_line(const struct rv_conf_sec *sec, const char *item);

/* What is in the file of a FILE item; empty when it names none, or was not loaded. Lent. */
struct rv_str rv_conf_file(const struct rv_conf_sec *sec, const char *item);

/* Load the files that `items` ("proxy.key", NULL-terminated; NULL: none) name; those loaded already
 * are kept. dir: what relative paths begin at. Blocks, but for no FIFO or device: a file must be a
 * regular one, and not empty. Errors with diag (where = "proxy.key", the text names the path):
 * errno codes, RV_ELIMIT, RV_EINVALID, RV_EDENIED (is_secret: its mode). */
int rv_conf_files_read(struct rv_conf *conf, const char *const *items, const char *dir,
		       struct rv_diag *diag) RV_MUSTCHECK;
void rv_conf_files_drop(struct rv_conf *conf); /* wipe what was loaded */

/* Every section as text that parses back to the same values. */
void rv_conf_dump(const struct rv_conf *conf, struct rv_buf *out);
/* The commented example file, and the body of a man page (troff -man): from the table alone. */
void rv_conf_example(const struct rv_conf_section *schema, size_t n, struct rv_buf *out);
void rv_conf_man(const struct rv_conf_section *schema, size_t n, struct rv_buf *out);

/* Sections named in `sections` (NULL-terminated) to bytes, and back; unpack trusts its input not.
 * What is in the files of `files` ("proxy.key", NULL-terminated; NULL: none) goes along, as far as
 * it was loaded. Set out->wipe. */
int rv_conf_pack(const struct rv_conf *conf, const char *const *sections, const char *const *files,
		 struct rv_buf *out) RV_MUSTCHECK;
int rv_conf_unpack(const struct rv_conf_section *schema, size_t n, struct rv_str bytes,
		   struct rv_conf **out) RV_MUSTCHECK;
int rv_conf_unpack_like(const struct rv_conf *like, struct rv_str bytes,
			struct rv_conf **out) RV_MUSTCHECK; /* by the schema of `like` */

#endif
