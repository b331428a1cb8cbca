#include "app/start_priv.h"

/* What stands before the next NUL; *rest moves behind it. */
static struct rv_str next(struct rv_str *rest)
{
	size_t end = rv_str_find(*rest, '\0');
	struct rv_str field = rv_str_sub(*rest, 0, end);

	*rest = rv_str_sub(*rest, end + 1, rest->len);
	return field;
}

static int take_log(struct rv_str *rest, struct rv_start *out)
{
	int err = rv_log_level_parse(next(rest), &out->level);

	if (err == RV_OK)
		out->format = rv_str_is(next(rest), "json") ? RV_LOG_JSON : RV_LOG_LOGFMT;
	return err;
}

int rv_start_decode_log(struct rv_str body, struct rv_start *out)
{
	struct rv_start start = { 0 };
	int err = take_log(&body, &start);

	if (err == RV_OK)
		*out = start;
	return err;
}

int rv_start_decode(struct rv_str body, struct rv_start *out)
{
	struct rv_start start = { 0 };
	int err = take_log(&body, &start);

	if (err != RV_OK)
		return err;
	start.state_dir = next(&body);
	if (!rv_str_starts(start.state_dir, "/")) {
		err = rv_rights_decode(start.state_dir, &start.user);
		start.state_dir = next(&body);
	}
	if (err == RV_OK && !rv_str_starts(start.state_dir, "/"))
		err = RV_ESYNTAX;
	start.keys = body;
	if (err == RV_OK)
		*out = start;
	return err;
}
