/* duties.h - all components, their duties and their sections of the configuration. */
#ifndef RV_CMD_REEVE_DUTIES_H
#define RV_CMD_REEVE_DUTIES_H

#include "app/duty.h"

enum { RV_DUTIES_MAX = 32, RV_SECTIONS_MAX = 32 };

struct rv_component {
	const char *name;                         /* the word after `reeve` that runs it alone */
	const struct rv_duty_spec *const *duties; /* NULL-terminated */
	const struct rv_conf_section *sections;
	const size_t *section_count;
	const char *doc, *doc_ja; /* one line for the help */
};

extern const struct rv_component rv_components[];
extern const size_t rv_component_count;

const struct rv_component *rv_component_find(const char *name); /* NULL = none */

/* All duties, and those who may join without being one (librsapi); NULL-terminated. */
size_t rv_duties_all(const struct rv_duty_spec *out[static RV_DUTIES_MAX]);

/* The whole schema, "reeve" first. The sections are copies; their items are not. */
size_t rv_duties_schema(struct rv_conf_section out[static RV_SECTIONS_MAX]);

#endif
