/* conf_priv.h - the parsed model, shared by reader, packer and writers.
 *
 * Every value keeps its text as it was given (that is what dump and pack write) and, once
 * checked, its meaning. All memory hangs from one arena per rv_conf.
 */
#ifndef RV_CONF_CONF_PRIV_H
#define RV_CONF_CONF_PRIV_H

#include "base/arena.h"
#include "base/list.h"
#include "conf/conf.h"

enum {
	RV_CONF_FILE_MAX = 1024 * 1024, /* bytes of one file */
	RV_CONF_TEXT_MAX = 4096,        /* bytes of one value */
	RV_CONF_LIST_MAX = 1024,        /* entries of a list whose item names no maximum */
	RV_CONF_SECTIONS_MAX = 4096,    /* sections in one file, repeated ones included */
};

struct rv_conf_value {
	const char **texts; /* NUL-terminated; lists may have any number, others have one */
	size_t count;
	int64_t number;       /* INT, DURATION, SIZE, BOOL */
	struct rv_str loaded; /* FILE: in rv_conf.files; ptr NULL = not loaded */
	unsigned line;        /* of the last text; 0: not from a file, or the default */
	bool is_present;
};

struct rv_conf_sec {
	struct rv_list link; /* in rv_conf.sections, in order of appearance */
	const struct rv_conf_section *schema;
	const char *title;            /* NULL unless schema->may_repeat */
	struct rv_conf_value *values; /* schema->item_count of them */
};

struct rv_conf {
	const struct rv_conf_section *schema;
	size_t schema_count;
	unsigned refs;
	size_t section_count;
	struct rv_list sections;
	struct rv_arena arena;
	struct rv_arena files; /* what was loaded; wiped */
};

int rv_conf_new(const struct rv_conf_section *schema, size_t n, struct rv_conf **out) RV_MUSTCHECK;

/* RV_EINVALID: no such section, title missing or not allowed; RV_EEXISTS: there is one of that
 * name and title; RV_ELIMIT; -ENOMEM. Nothing is changed then. */
int rv_conf_add_sec(struct rv_conf *conf, struct rv_str name, struct rv_str title,
		    struct rv_conf_sec **out) RV_MUSTCHECK;
/* Sections and values that were not given get their defaults. */
int rv_conf_complete(struct rv_conf *conf) RV_MUSTCHECK;

const struct rv_conf_section *rv_conf_find_section(const struct rv_conf *conf, struct rv_str name);
const struct rv_conf_item *rv_conf_find_item(const struct rv_conf_section *section,
					     struct rv_str name);

/* "proxy.key": the item of the nth section (from 0) of that name, or NULL. */
struct rv_conf_value *rv_conf_find_file(const struct rv_conf *conf, const char *name, size_t nth,
					const struct rv_conf_item **out_item);

/* Check one text of an item and append it to the item's value. RV_EINVALID with diag (text and
 * key only; place and line are the caller's), RV_ELIMIT, -ENOMEM. */
int rv_conf_value_add(struct rv_conf *conf, struct rv_conf_sec *sec,
		      const struct rv_conf_item *item, struct rv_str text,
		      struct rv_diag *diag) RV_MUSTCHECK;
/* When all texts are there: has a list as many as it must? RV_EINVALID with diag as above. */
int rv_conf_value_check_count(const struct rv_conf_item *item, const struct rv_conf_value *value,
			      struct rv_diag *diag) RV_MUSTCHECK;

/* The legal values in words: "1..64", "one of a, b", "10ms..90d"; "" when anything goes. */
void rv_conf_range_text(const struct rv_conf_item *item, struct rv_buf *out);
const char *rv_conf_type_text(enum rv_conf_type type);

/* scan.c: a copy of the file in which libconfuse's lexer finds no environment variables. RV_ESYNTAX
 * with diag and line: string, comment or brace without end, ${ outside of a string, a NUL byte. */
int rv_conf_scan(struct rv_str text, const char *name, struct rv_buf *out,
		 struct rv_diag *diag) RV_MUSTCHECK;

#endif
