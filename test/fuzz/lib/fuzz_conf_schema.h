/* One item of each type, for both fuzzers of lib/conf. */
#ifndef RV_FUZZ_CONF_SCHEMA_H
#define RV_FUZZ_CONF_SCHEMA_H

#include "conf/conf.h"

static const char *const fuzz_levels[] = { "low", "high", NULL };
static const struct rv_conf_item fuzz_items[] = {
	{ .name = "listen", .type = RV_CONF_LIST, .def = "{\"0.0.0.0:8443\"}", .min = 1, .max = 4 },
	{ .name = "workers", .type = RV_CONF_INT, .def = "2", .min = -1, .max = 64 },
	{ .name = "idle", .type = RV_CONF_DURATION, .def = "30s" },
	{ .name = "buffer", .type = RV_CONF_SIZE, .def = "64KiB" },
	{ .name = "secure", .type = RV_CONF_BOOL, .def = "on" },
	{ .name = "level", .type = RV_CONF_ENUM, .def = "low", .choices = fuzz_levels },
	{ .name = "name", .type = RV_CONF_STR },
	{ .name = "names", .type = RV_CONF_LIST },
	{ .name = "pem", .type = RV_CONF_FILE, .max = 64 },
};
static const struct rv_conf_section fuzz_schema[] = {
	{ .name = "edge", .items = fuzz_items, .item_count = RV_ARRAY_LEN(fuzz_items) },
	{ .name = "line",
	  .items = fuzz_items,
	  .item_count = RV_ARRAY_LEN(fuzz_items),
	  .may_repeat = true },
};
static const char *const fuzz_names[] = { "edge", "line", NULL };
static const char *const fuzz_files[] = { "edge.pem", "line.pem", NULL };
enum { FUZZ_SECTIONS = RV_ARRAY_LEN(fuzz_schema) };

#endif
