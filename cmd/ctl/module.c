#include "cmd/ctl/module.h"

#include <string.h>

enum { BODY_MAX = 8388608 }; /* bytes; `body` in contract/ops/config.json */

/* Cut the part up to `c` off the front of *rest; all of it when there is none. */
static struct rv_str take(struct rv_str *rest, char c)
{
	struct rv_str part = rv_str_sub(*rest, 0, rv_str_find(*rest, c));

	*rest = rv_str_sub(*rest, part.len + 1, rest->len);
	return part;
}

/* "1", "1:binary", "1:secrets". */
static bool parse_id(struct rv_str text, struct rv_module *out)
{
	struct rv_str id = take(&text, ':');
	uint64_t number;

	out->is_binary = rv_str_is(text, "binary");
	out->uses_secrets = rv_str_is(text, "secrets");
	if (text.len > 0 && !out->is_binary && !out->uses_secrets)
		return false;
	if (!rv_str_to_u64(id, UINT32_MAX, &number))
		return false;
	out->id = (uint32_t)number;
	return true;
}

static bool parse_attribute(struct rv_str text, struct rv_module *out)
{
	struct rv_str name = take(&text, '=');

	if (rv_str_is(name, "version"))
		out->version = text;
	else if (rv_str_is(name, "info"))
		out->infostring = text;
	else
		return false;
	return text.len > 0;
}

/* "1,version=2=x.conf": the last '=' is the file's, unless it is the first of its attribute. */
static const char *find_file(const char *text)
{
	const char *last = strrchr(text, '=');
	const char *p;
	bool is_attribute;

	if (last == NULL)
		return NULL;
	for (p = last; p > text && p[-1] != '=' && p[-1] != ','; p--)
		continue;
	is_attribute = p > text && p[-1] == ',';
	return is_attribute ? NULL : last;
}

int ctl_module_parse(struct ctl_io *io, const char *text, struct rv_module *out)
{
	struct rv_module module = { 0 };
	const char *file = find_file(text);
	struct rv_str rest = file != NULL ? rv_strn(text, (size_t)(file - text)) : rv_str(text);
	int r;

	if (!parse_id(take(&rest, ','), &module))
		return ctl_wrong(io, "module", text, NULL);
	while (rest.len > 0)
		if (!parse_attribute(take(&rest, ','), &module))
			return ctl_wrong(io, "module", text, NULL);
	if (file != NULL && file[1] != '\0') {
		r = ctl_read_file(io, file + 1, BODY_MAX, &module.body);
		if (r != RV_OK)
			return r;
		module.has_config = true;
	}
	*out = module;
	return RV_OK;
}
