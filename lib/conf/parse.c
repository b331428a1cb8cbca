/* The shell around libconfuse: every item is a string to it, every judgement is ours. Its lexer
 * keeps global state: one rv_conf_parse at a time (the supervisor's). */
#include <confuse.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_priv.h"

struct parse {
	struct rv_conf *conf;
	struct rv_conf_sec *sec; /* being read; NULL between sections */
	const char *name;
	struct rv_diag *diag;
	int err;
};

/* libconfuse's callbacks have no argument of the caller's. */
static _Thread_local struct parse *current;

/* The first error counts; place and line are added to what is known so far. */
static int refuse(struct parse *p, int err, const cfg_t *cfg, const char *section, const char *item)
{
	struct rv_diag *d = p->diag;
	struct rv_diag inner = *d;
	unsigned line = cfg != NULL && cfg->line > 0 ? (unsigned)cfg->line : 0;

	p->err = err;
	rv_diag_set(d, err, inner.key, NULL, "%s:%u: %s%s%.240s", p->name, line,
		    item != NULL ? section : "", item != NULL ? "." : "", inner.text);
	snprintf(d->where, sizeof(d->where), "%s%s%s", section, item != NULL ? "." : "",
		 item != NULL ? item : "");
	d->line = line;
	return -1;
}

static size_t edit_distance(const char *a, const char *b)
{
	enum { NAME_MAX_LEN = 64 };
	size_t row[NAME_MAX_LEN + 1];
	size_t n = strlen(b);

	if (n > NAME_MAX_LEN || strlen(a) > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

struct nearest {
	const char *wanted;
	const char *name;
	size_t distance;
};

static void consider(struct nearest *n, const char *name)
{
	size_t distance = edit_distance(n->wanted, name);

	if (distance < n->distance) {
		n->distance = distance;
		n->name = name;
	}
}

static void unknown_name(struct parse *p, const cfg_t *cfg, const char *name)
{
	const struct rv_conf_section *section = p->sec != NULL
							? p->sec->schema
							: rv_conf_find_section(p->conf,
									       rv_str(cfg->name));
	/* Further away than this it is another word, not a slip of the finger. */
	struct nearest n = { .wanted = name, .distance = strlen(name) / 3 + 2 };

	if (section != NULL)
		for (size_t i = 0; i < section->item_count; i++)
			consider(&n, section->items[i].name);
	else
		for (size_t i = 0; i < p->conf->schema_count; i++)
			consider(&n, p->conf->schema[i].name);
	rv_diag_set(p->diag, RV_EINVALID, "conf.unknown", NULL, "there is no %s \"%.60s\"%s%s%s",
		    section != NULL ? "item" : "section", name,
		    n.name != NULL ? "; did you mean \"" : "", n.name != NULL ? n.name : "",
		    n.name != NULL ? "\"?" : "");
	refuse(p, RV_EINVALID, cfg, section != NULL ? section->name : name,
	       section != NULL ? name : NULL);
}

static void on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	struct parse *p = current;
	char text[RV_DIAG_TEXT_MAX];

	if (p->err != RV_OK)
		return;
	if (strcmp(fmt, "no such option '%s'") == 0) {
		unknown_name(p, cfg, va_arg(args, const char *));
		return;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), fmt, args);
#pragma GCC diagnostic pop
	rv_diag_set(p->diag, RV_ESYNTAX, "conf.syntax", NULL, "%s", text);
	refuse(p, RV_ESYNTAX, cfg, p->sec != NULL ? p->sec->schema->name : "", NULL);
}

static int open_section(struct parse *p, const cfg_t *cfg, const char *name, const char *title)
{
	int err = rv_conf_add_sec(p->conf, rv_str(name), rv_str(title), &p->sec);

	if (err == RV_OK)
		return 0;
	if (err == RV_EEXISTS)
		rv_diag_set(p->diag, err, "conf.twice", NULL, "section %s stands here twice", name);
	else if (err == RV_ELIMIT)
		rv_diag_set(p->diag, err, "conf.too_many", NULL, "more than %d sections",
			    RV_CONF_SECTIONS_MAX);
	else
		rv_diag_set(p->diag, err, "conf.title", NULL, "section %s has no usable title",
			    name);
	return refuse(p, err == RV_EEXISTS ? RV_EINVALID : err, cfg, name, NULL);
}

/* Called for each single value, also those of lists; count includes this one. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct parse *p = current;
	unsigned count = cfg_opt_size(opt);
	const struct rv_conf_item *item;
	int err;

	if (p->sec == NULL && open_section(p, cfg, cfg_name(cfg), cfg_title(cfg)) != 0)
		return -1;
	item = rv_conf_find_item(p->sec->schema, rv_str(opt->name));
	assert(item != NULL);
	if (p->sec->values[item - p->sec->schema->items].is_present && count <= 1) {
		rv_diag_set(p->diag, RV_EINVALID, "conf.twice", NULL, "%s stands here twice",
			    item->name);
		return refuse(p, RV_EINVALID, cfg, p->sec->schema->name, item->name);
	}
	p->diag->text[0] = '\0';
	err = rv_conf_value_add(p->conf, p->sec, item, rv_str(text), p->diag);
	if (err != RV_OK)
		return refuse(p, err, cfg, p->sec->schema->name, item->name);
	p->sec->values[item - p->sec->schema->items].line = (unsigned)cfg->line;
	*(const char **)result = text;
	return 0;
}

/* A list given as {} never reaches on_value; libconfuse marks it as no longer at its default. */
static void note_empty_lists(struct parse *p, cfg_t *cfg)
{
	for (size_t i = 0; i < p->sec->schema->item_count; i++) {
		const struct rv_conf_item *item = &p->sec->schema->items[i];
		const cfg_opt_t *opt = cfg_getopt(cfg, item->name);

		if (item->type == RV_CONF_LIST && opt != NULL && (opt->flags & CFGF_MODIFIED) != 0)
			p->sec->values[i].is_present = true;
	}
}

static int on_section(cfg_t *root, cfg_opt_t *opt)
{
	struct parse *p = current;
	cfg_t *cfg = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	if (p->sec == NULL && open_section(p, root, cfg_name(cfg), cfg_title(cfg)) != 0)
		return -1;
	note_empty_lists(p, cfg);
	for (size_t i = 0; i < p->sec->schema->item_count; i++) {
		const struct rv_conf_item *item = &p->sec->schema->items[i];
		int err = rv_conf_value_check_count(item, &p->sec->values[i], p->diag);

		if (err != RV_OK)
			return refuse(p, err, root, p->sec->schema->name, item->name);
	}
	p->sec = NULL;
	return 0;
}

static cfg_opt_t *section_opts(struct rv_arena *arena, const struct rv_conf_section *section)
{
	cfg_opt_t *opts = rv_arena_array(arena, section->item_count + 1, sizeof(*opts));

	if (opts == NULL)
		return NULL;
	for (size_t i = 0; i < section->item_count; i++) {
		const char *name = section->items[i].name;

		if (section->items[i].type == RV_CONF_LIST)
			opts[i] = (cfg_opt_t)CFG_STR_LIST(name, NULL, CFGF_NODEFAULT);
		else
			opts[i] = (cfg_opt_t)CFG_STR(name, NULL, CFGF_NODEFAULT);
		opts[i].parsecb = on_value;
	}
	opts[section->item_count] = (cfg_opt_t)CFG_END();
	return opts;
}

static cfg_opt_t *file_opts(struct rv_arena *arena, const struct rv_conf_section *schema, size_t n)
{
	cfg_opt_t *opts = rv_arena_array(arena, n + 1, sizeof(*opts));

	if (opts == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		cfg_flag_t flags = schema[i].may_repeat
					   ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES
					   : CFGF_NONE;
		cfg_opt_t *items = section_opts(arena, &schema[i]);

		if (items == NULL)
			return NULL;
		opts[i] = (cfg_opt_t)CFG_SEC(schema[i].name, items, flags);
		opts[i].validcb = on_section;
	}
	opts[n] = (cfg_opt_t)CFG_END();
	return opts;
}

static int run(struct parse *p, const char *text)
{
	struct rv_arena arena = { 0 };
	cfg_opt_t *opts = file_opts(&arena, p->conf->schema, p->conf->schema_count);
	cfg_t *cfg = opts != NULL ? cfg_init(opts, CFGF_NONE) : NULL;
	int result;

	if (cfg == NULL) {
		rv_arena_deinit(&arena);
		return -ENOMEM;
	}
	cfg_set_error_function(cfg, on_error);
	current = p;
	result = cfg_parse_buf(cfg, text);
	current = NULL;
	cfg_free(cfg);
	rv_arena_deinit(&arena);
	if (p->err == RV_OK && result != CFG_SUCCESS)
		p->err = rv_diag_set(p->diag, RV_ESYNTAX, "conf.syntax", "", "%s: cannot be read",
				     p->name);
	return p->err;
}

int rv_conf_parse(const struct rv_conf_section *schema, size_t n, struct rv_str text,
		  const char *name, struct rv_conf **out, struct rv_diag *diag)
{
	struct rv_diag unused = { 0 };
	struct parse p = { .name = name, .diag = diag != NULL ? diag : &unused };
	struct rv_buf safe = { .wipe = true };
	int err;

	if (text.len > RV_CONF_FILE_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "conf.too_long", "",
				   "%s has %zu bytes; at most %d are allowed", name, text.len,
				   RV_CONF_FILE_MAX);
	err = rv_conf_new(schema, n, &p.conf);
	if (err == RV_OK)
		err = rv_conf_scan(text, name, &safe, p.diag);
	rv_buf_putc(&safe, '\0');
	if (err == RV_OK)
		err = safe.err != RV_OK ? safe.err : run(&p, safe.ptr);
	if (err == RV_OK)
		err = rv_conf_complete(p.conf);
	rv_buf_deinit(&safe);
	if (err != RV_OK) {
		rv_conf_free(p.conf);
		return err;
	}
	*out = p.conf;
	return RV_OK;
}
