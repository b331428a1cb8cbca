#include "server/legacy/legacy.h"

#include <stddef.h>

static const char *const calls[] = { "ls.solicit", "rs.pull", "rs.method-query", NULL };
static const char *const all_sections[] = { "ls", "proxy", NULL };
static const char *const ls_sections[] = { "ls", NULL };
static const char *const proxy_sections[] = { "proxy", NULL };

#define LS_FILES "ls.certificate", "ls.key", "ls.legacy_certificate", "ls.legacy_key"
#define PROXY_FILES                                                                                \
	"proxy.certificate", "proxy.key", "proxy.client_ca", "proxy.legacy_certificate",           \
		"proxy.legacy_key"

static const char *const all_files[] = { LS_FILES, PROXY_FILES, NULL };
static const char *const ls_files[] = { LS_FILES, NULL };
static const char *const proxy_files[] = { PROXY_FILES, NULL };

const struct rv_duty_spec rv_legacy_duty_spec = {
	.name = "legacy",
	.component = "proxy",
	.calls = calls,
	.sections = all_sections,
	.files = all_files,
	.rights = { .is_edge = true },
};

/* A key that nobody needs here is not given to it. */
static const struct rv_duty_spec ls_spec = {
	.name = "legacy",
	.component = "ls",
	.calls = calls,
	.sections = ls_sections,
	.files = ls_files,
	.rights = { .is_edge = true },
};
static const struct rv_duty_spec proxy_spec = {
	.name = "legacy",
	.component = "proxy",
	.calls = calls,
	.sections = proxy_sections,
	.files = proxy_files,
	.rights = { .is_edge = true },
};

static bool is_wanted(const struct rv_conf *conf, const char *section)
{
	const struct rv_conf_sec *sec = rv_conf_get(conf, section, NULL);

	return sec != NULL && rv_conf_bool(sec, "legacy");
}

const struct rv_duty_spec *rv_legacy_spec(const struct rv_conf *conf, bool has_ls, bool has_proxy)
{
	bool is_ls = has_ls && is_wanted(conf, "ls");
	bool is_proxy = has_proxy && is_wanted(conf, "proxy");

	if (is_ls && is_proxy)
		return &rv_legacy_duty_spec;
	if (is_ls)
		return &ls_spec;
	return is_proxy ? &proxy_spec : NULL;
}
