#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "conf/conf_priv.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first: texts are formatted with the first unit that divides the number. */
static const struct unit duration_units[] = {
	{ "d", INT64_C(86400000000) },
	{ "h", INT64_C(3600000000) },
	{ "m", 60000000 },
	{ "s", 1000000 },
	{ "ms", 1000 },
	{ "us", 1 },
	{ NULL, 0 },
};
static const struct unit size_units[] = {
	{ "GiB", INT64_C(1) << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 }, { "", 1 }, { NULL, 0 },
};

static const struct unit *units_of(enum rv_conf_type type)
{
	return type == RV_CONF_DURATION ? duration_units : size_units;
}

const char *rv_conf_type_text(enum rv_conf_type type)
{
	switch (type) {
	case RV_CONF_STR:
		return "string";
	case RV_CONF_INT:
		return "integer";
	case RV_CONF_BOOL:
		return "on or off";
	case RV_CONF_DURATION:
		return "duration (us, ms, s, m, h, d)";
	case RV_CONF_SIZE:
		return "size (bytes, KiB, MiB, GiB)";
	case RV_CONF_LIST:
		return "list of strings";
	case RV_CONF_ENUM:
		return "word";
	case RV_CONF_FILE:
		return "path of a file";
	}
	assert(false); /* not a type of conf.h */
	return "";
}

static bool has_range(const struct rv_conf_item *item)
{
	return item->min != 0 || item->max != 0;
}

static void put_number(struct rv_buf *out, enum rv_conf_type type, int64_t v)
{
	const struct unit *u = units_of(type);

	if (type == RV_CONF_DURATION || type == RV_CONF_SIZE) {
		while (v == 0 ? u->factor > 1000000 : v % u->factor != 0)
			u++;
		rv_buf_printf(out, "%" PRId64 "%s", v / u->factor, u->name);
		return;
	}
	rv_buf_printf(out, "%" PRId64, v);
}

void rv_conf_range_text(const struct rv_conf_item *item, struct rv_buf *out)
{
	switch (item->type) {
	case RV_CONF_ENUM:
		rv_buf_puts(out, "one of ");
		for (size_t i = 0; item->choices[i] != NULL; i++)
			rv_buf_printf(out, "%s%s", i > 0 ? ", " : "", item->choices[i]);
		return;
	case RV_CONF_BOOL:
		rv_buf_puts(out, "on, off, yes, no, true, false");
		return;
	case RV_CONF_STR:
		return;
	case RV_CONF_FILE:
		rv_buf_puts(out, "at most ");
		put_number(out, RV_CONF_SIZE, item->max);
		return;
	default:
		break;
	}
	if (!has_range(item))
		return;
	put_number(out, item->type, item->min);
	rv_buf_puts(out, "..");
	put_number(out, item->type, item->max);
	if (item->type == RV_CONF_LIST)
		rv_buf_puts(out, " entries");
}

static bool to_signed(struct rv_str text, int64_t *out)
{
	bool is_negative = rv_str_starts(text, "-");
	uint64_t v;

	if (!rv_str_to_u64(rv_str_sub(text, is_negative, text.len), INT64_MAX, &v))
		return false;
	*out = is_negative ? -(int64_t)v : (int64_t)v;
	return true;
}

static bool to_bool(struct rv_str text, int64_t *out)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true" };

	for (size_t i = 0; i < RV_ARRAY_LEN(words); i++) {
		if (rv_str_ieq(text, rv_str(words[i]))) {
			*out = i % 2;
			return true;
		}
	}
	return false;
}

static bool to_scaled(struct rv_str text, const struct unit *units, int64_t *out)
{
	size_t digits = 0;
	uint64_t v;

	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	for (const struct unit *u = units; u->name != NULL; u++) {
		if (!rv_str_is(rv_str_sub(text, digits, text.len), u->name))
			continue;
		if (!rv_str_to_u64(rv_str_sub(text, 0, digits), (uint64_t)(INT64_MAX / u->factor),
				   &v))
			return false;
		*out = (int64_t)v * u->factor;
		return true;
	}
	return false;
}

static bool is_choice(const struct rv_conf_item *item, struct rv_str text)
{
	for (size_t i = 0; item->choices[i] != NULL; i++)
		if (rv_str_is(text, item->choices[i]))
			return true;
	return false;
}

static bool to_number(const struct rv_conf_item *item, struct rv_str text, int64_t *out)
{
	switch (item->type) {
	case RV_CONF_INT:
		return to_signed(text, out);
	case RV_CONF_BOOL:
		return to_bool(text, out);
	case RV_CONF_DURATION:
	case RV_CONF_SIZE:
		return to_scaled(text, units_of(item->type), out);
	case RV_CONF_ENUM:
		return is_choice(item, text);
	default:
		return true;
	}
}

/* What a message may show of a value. */
static struct rv_str shown(const struct rv_conf_item *item, struct rv_str text)
{
	bool is_hidden = (item->is_secret && item->type != RV_CONF_FILE) || item->is_url;

	return is_hidden ? rv_str("***") : rv_str_sub(text, 0, 80);
}

static int refuse(const struct rv_conf_item *item, const char *key, struct rv_str text,
		  struct rv_diag *diag)
{
	struct rv_buf range = { 0 };
	int err;

	rv_conf_range_text(item, &range);
	err = rv_diag_set(diag, RV_EINVALID, key, item->name, "%s is \"%.*s\"; it must be %s%s%.*s",
			  item->name, RV_STR_ARG(shown(item, text)),
			  item->type == RV_CONF_ENUM ? "" : rv_conf_type_text(item->type),
			  range.len > 0 && item->type != RV_CONF_ENUM ? ", " : "",
			  RV_STR_ARG(rv_buf_str(&range)));
	rv_buf_deinit(&range);
	return err;
}

static int check(const struct rv_conf_item *item, struct rv_str text, struct rv_diag *diag)
{
	struct rv_diag reason = { 0 };
	int err = item->check(text, &reason);

	if (err == RV_OK)
		return RV_OK;
	if (reason.text[0] == '\0')
		return refuse(item, "conf.value", text, diag);
	return rv_diag_set(diag, err, reason.key, item->name, "%s is \"%.*s\": %s", item->name,
			   RV_STR_ARG(shown(item, text)), reason.text);
}

static int judge(const struct rv_conf_item *item, struct rv_str text, int64_t *out_number,
		 struct rv_diag *diag)
{
	bool is_scalar = item->type == RV_CONF_INT || item->type == RV_CONF_DURATION ||
			 item->type == RV_CONF_SIZE;

	if (text.len > RV_CONF_TEXT_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "conf.too_long", item->name,
				   "%s has %zu bytes; at most %d are allowed", item->name, text.len,
				   RV_CONF_TEXT_MAX);
	if (!rv_str_is_utf8(text, NULL) || rv_str_find(text, '\0') != text.len)
		return rv_diag_set(diag, RV_EINVALID, "conf.encoding", item->name,
				   "%s is not valid UTF-8 text", item->name);
	if (!to_number(item, text, out_number))
		return refuse(item, "conf.type", text, diag);
	if (is_scalar && has_range(item) && (*out_number < item->min || *out_number > item->max))
		return refuse(item, "conf.range", text, diag);
	return item->check != NULL ? check(item, text, diag) : RV_OK;
}

static size_t count_max(const struct rv_conf_item *item)
{
	if (item->type != RV_CONF_LIST)
		return 1;
	return has_range(item) ? (size_t)item->max : RV_CONF_LIST_MAX;
}

int rv_conf_value_add(struct rv_conf *conf, struct rv_conf_sec *sec,
		      const struct rv_conf_item *item, struct rv_str text, struct rv_diag *diag)
{
	struct rv_conf_value *value = &sec->values[item - sec->schema->items];
	const char **texts = value->texts;
	int64_t number = 0;
	char *copy;
	int err;

	if (value->count >= count_max(item))
		return rv_diag_set(diag, RV_ELIMIT, "conf.too_many", item->name,
				   "%s has more than %zu entries", item->name, count_max(item));
	err = judge(item, text, &number, diag);
	if (err != RV_OK)
		return err;
	/* Room doubles: at counts 0, 1, 2, 4, 8 ... */
	if ((value->count & (value->count - 1)) == 0 || value->count == 0) {
		texts = rv_arena_array(&conf->arena, value->count > 0 ? value->count * 2 : 1,
				       sizeof(*texts));
		if (texts == NULL)
			return -ENOMEM;
		if (value->count > 0)
			memcpy(texts, value->texts, value->count * sizeof(*texts));
	}
	copy = rv_arena_copy(&conf->arena, text.ptr, text.len);
	if (copy == NULL)
		return -ENOMEM;
	texts[value->count++] = copy;
	value->texts = texts;
	value->number = number;
	value->is_present = true;
	return RV_OK;
}

int rv_conf_value_check_count(const struct rv_conf_item *item, const struct rv_conf_value *value,
			      struct rv_diag *diag)
{
	if (item->type != RV_CONF_LIST || !value->is_present || !has_range(item))
		return RV_OK;
	if ((int64_t)value->count >= item->min && (int64_t)value->count <= item->max)
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "conf.count", item->name,
			   "%s has %zu entries; it must have %" PRId64 "..%" PRId64, item->name,
			   value->count, item->min, item->max);
}
