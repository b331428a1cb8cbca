#include "server/ls/devices.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/codec.h"
#include "base/map.h"
#include "contract/rv_contract.h"
#include "proto/armsconf/location.h"
#include "proto/armshttp/url.h"
#include "proto/distid/distid.h"

enum { LL_TIMEOUT = 30, RETRY_MAX = 5, RETRY_INTERVAL = 60 };

struct reader {
	const struct rv_secret *secret;
	struct rv_arena *arena;
	struct rv_diag *diag;
	struct rv_feed_record *records;
	unsigned *lines; /* of the records in the file */
	unsigned line;
	size_t count, room;
	struct rv_map seen[2]; /* records by name, one map per kind */
};

/* -- one JSON object ------------------------------------------------------------------------ */

static int wrong(struct reader *r, const char *field, const char *text)
{
	return rv_diag_set(r->diag, RV_EINVALID, "ls.devices-file", field, "\"%s\" %s", field,
			   text);
}

static int take_str(struct reader *r, const json_t *object, const char *field, struct rv_str *out)
{
	const json_t *value = json_object_get(object, field);

	if (!json_is_string(value))
		return wrong(r, field, value == NULL ? "is missing" : "must be a string");
	*out = rv_arena_str(r->arena, rv_strn(json_string_value(value), json_string_length(value)));
	return out->ptr != NULL ? RV_OK : -ENOMEM;
}

static int take_u32(struct reader *r, const json_t *object, const char *field, uint32_t def,
		    uint32_t *out)
{
	const json_t *value = json_object_get(object, field);

	if (value != NULL && (!json_is_integer(value) || json_integer_value(value) < 0 ||
			      json_integer_value(value) > UINT32_MAX))
		return wrong(r, field, "must be a whole number from 0");
	*out = value != NULL ? (uint32_t)json_integer_value(value) : def;
	return RV_OK;
}

static int take_bool(struct reader *r, const json_t *object, const char *field, bool def, bool *out)
{
	const json_t *value = json_object_get(object, field);

	if (value != NULL && !json_is_boolean(value))
		return wrong(r, field, "must be true or false");
	*out = value != NULL ? json_is_true(value) : def;
	return RV_OK;
}

static int check_fields(struct reader *r, json_t *object, const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		const char *const *k = known;
		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		if (*k == NULL)
			return wrong(r, key, "is not known here");
	}
	return RV_OK;
}

static int take_mac(struct reader *r, const json_t *object, struct rv_feed_device *out)
{
	struct rv_buf bytes = { 0 };
	struct rv_str text;
	int err;

	if (json_object_get(object, "ls_key_mac") == NULL) {
		uint8_t mac[RV_SECRET_MAC_LEN];
		err = take_str(r, object, "ls_key", &text);
		if (err != RV_OK)
			return err;
		if (text.len == 0 || text.len > 64)
			return wrong(r, "ls_key", "must have 1 to 64 characters");
		rv_secret_mac(r->secret, out->distid, text, mac);
		out->ls_key_mac = rv_arena_str(r->arena, rv_strn(mac, sizeof(mac)));
		return out->ls_key_mac.ptr != NULL ? RV_OK : -ENOMEM;
	}
	err = take_str(r, object, "ls_key_mac", &text);
	if (err == RV_OK &&
	    (rv_hex_decode(&bytes, text, NULL) != RV_OK || bytes.len != RV_SECRET_MAC_LEN))
		err = wrong(r, "ls_key_mac", "must be 64 hex digits");
	if (err == RV_OK) {
		out->ls_key_mac = rv_arena_str(r->arena, rv_buf_str(&bytes));
		err = out->ls_key_mac.ptr != NULL ? RV_OK : -ENOMEM;
	}
	rv_buf_deinit(&bytes);
	return err;
}

static int take_device(struct reader *r, json_t *object, struct rv_feed_device *out)
{
	static const char *const known[] = { "kind",       "distid", "is_enabled", "ls_key",
					     "ls_key_mac", "rs_key", "location",   NULL };
	char canonical[RV_DISTID_TEXT_LEN + 1];
	struct rv_distid id;
	struct rv_str text;
	int err = check_fields(r, object, known);

	if (err == RV_OK)
		err = take_str(r, object, "distid", &text);
	if (err == RV_OK && rv_distid_parse(text.ptr, text.len, &id, NULL) != RV_OK)
		err = wrong(r, "distid", "is not a distribution ID");
	if (err != RV_OK)
		return err;
	rv_distid_format(&id, canonical);
	out->distid = rv_arena_str(r->arena, rv_strn(canonical, RV_DISTID_TEXT_LEN));
	if (out->distid.ptr == NULL)
		return -ENOMEM;
	err = take_bool(r, object, "is_enabled", true, &out->is_enabled);
	if (err == RV_OK)
		err = take_mac(r, object, out);
	if (err == RV_OK)
		err = take_str(r, object, "rs_key", &out->rs_key);
	if (err == RV_OK)
		err = take_str(r, object, "location", &out->location);
	return err;
}

/* A device must be able to read it: the same parser that it has. */
static int take_entry(struct reader *r, json_t *object, bool is_first, struct rv_rs_entry *out)
{
	static const char *const known[] = { "url", "md_config", NULL };
	struct rv_armsconf_location *parsed;
	struct rv_armshttp_url url;
	int err = check_fields(r, object, known);

	if (err == RV_OK)
		err = take_str(r, object, "url", &out->url);
	if (err == RV_OK &&
	    rv_armshttp_url_parse(out->url, RV_ARMSHTTP_RS_URL_MAX, &url, r->diag) != RV_OK)
		err = RV_EINVALID;
	if (err == RV_OK)
		err = take_str(r, object, "md_config", &out->md_config);
	if (err != RV_OK)
		return err;
	if (out->md_config.len > RV_ARMSCONF_LOCATION_MAX)
		return rv_diag_set(r->diag, RV_ELIMIT, "ls.devices-file", "md_config",
				   "\"md_config\" has %zu bytes, of %d allowed", out->md_config.len,
				   RV_ARMSCONF_LOCATION_MAX);
	parsed = rv_arena_alloc(r->arena, sizeof(*parsed));
	if (parsed == NULL)
		return -ENOMEM;
	err = rv_armsconf_location_parse(out->md_config, parsed, r->diag);
	if (err != RV_OK)
		return err;
	if (is_first && (parsed->certificate_len == 0 || parsed->line_count == 0))
		return wrong(r, "md_config",
			     "of the first entry needs a line and an rs-certificate");
	return RV_OK;
}

static int take_location(struct reader *r, json_t *object, struct rv_feed_location *out)
{
	static const char *const known[] = {
		"kind", "name", "ll_timeout", "rs_retry_max", "rs_retry_interval", "entries", NULL
	};
	const json_t *entries = json_object_get(object, "entries");
	int err = check_fields(r, object, known);

	if (err == RV_OK)
		err = take_str(r, object, "name", &out->name);
	if (err == RV_OK)
		err = take_u32(r, object, "ll_timeout", LL_TIMEOUT, &out->ll_timeout);
	if (err == RV_OK)
		err = take_u32(r, object, "rs_retry_max", RETRY_MAX, &out->rs_retry_max);
	if (err == RV_OK)
		err = take_u32(r, object, "rs_retry_interval", RETRY_INTERVAL,
			       &out->rs_retry_interval);
	if (err == RV_OK && out->rs_retry_interval == 0)
		err = wrong(r, "rs_retry_interval",
			    "must not be 0: devices would retry without pause");
	if (err == RV_OK && (json_array_size(entries) < 1 || json_array_size(entries) > 5))
		err = wrong(r, "entries", "must be a list of 1 to 5");
	if (err != RV_OK)
		return err;
	out->entries_len = json_array_size(entries);
	out->entries = rv_arena_array(r->arena, out->entries_len, sizeof(*out->entries));
	if (out->entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < out->entries_len && err == RV_OK; i++)
		err = take_entry(r, json_array_get(entries, i), i == 0, &out->entries[i]);
	return err;
}

/* -- the file ------------------------------------------------------------------------------- */

static struct rv_str name_of(const void *item)
{
	const struct rv_feed_record *record = item;

	return record->has_device ? record->device.distid : record->location.name;
}

static int grow(struct reader *r)
{
	size_t room = r->room * 2 + 64;
	struct rv_feed_record *bigger;
	unsigned *lines;

	if (r->count < r->room)
		return RV_OK;
	if (r->count == LS_DEVICES_MAX)
		return rv_diag_set(r->diag, RV_ELIMIT, "ls.devices-file", "",
				   "more than %d records", LS_DEVICES_MAX);
	bigger = rv_arena_array(r->arena, room, sizeof(*bigger));
	lines = rv_arena_array(r->arena, room, sizeof(*lines));
	if (bigger == NULL || lines == NULL)
		return -ENOMEM;
	if (r->count > 0) {
		memcpy(bigger, r->records, r->count * sizeof(*bigger));
		memcpy(lines, r->lines, r->count * sizeof(*lines));
	}
	r->records = bigger;
	r->lines = lines;
	r->room = room;
	return RV_OK;
}

static int take_record(struct reader *r, json_t *object)
{
	struct rv_feed_record record = { 0 };
	struct rv_str kind;
	int err = take_str(r, object, "kind", &kind);

	if (err != RV_OK)
		return err;
	record.has_device = rv_str_is(kind, "device");
	record.has_location = rv_str_is(kind, "location");
	record.kind = record.has_device ? RV_FEED_RECORD_KIND_DEVICE : RV_FEED_RECORD_KIND_LOCATION;
	if (record.has_device)
		err = take_device(r, object, &record.device);
	else if (record.has_location)
		err = take_location(r, object, &record.location);
	else
		err = wrong(r, "kind", "must be \"device\" or \"location\"");
	if (err == RV_OK)
		err = rv_contract_check(&rv_feed_record_type, &record, r->diag);
	if (err == RV_OK)
		err = grow(r);
	if (err == RV_OK) {
		r->lines[r->count] = r->line;
		r->records[r->count++] = record;
	}
	return err;
}

static int take_line(struct reader *r, struct rv_str line)
{
	json_error_t json_err;
	json_t *object;
	int err;

	if (line.len > LS_DEVICES_LINE_MAX)
		return rv_diag_set(r->diag, RV_ELIMIT, "ls.devices-file", "",
				   "longer than %d bytes", LS_DEVICES_LINE_MAX);
	object = json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES, &json_err);
	if (!json_is_object(object))
		err = rv_diag_set(r->diag, RV_ESYNTAX, "ls.devices-file", "", "no JSON object: %s",
				  object == NULL ? json_err.text : "something else");
	else
		err = take_record(r, object);
	json_decref(object);
	return err;
}

/* Records no longer move now, so maps may point at them. */
static int check_duplicates(struct reader *r)
{
	for (size_t i = 0; i < r->count; i++) {
		int err = rv_map_put(&r->seen[r->records[i].kind], &r->records[i]);
		r->line = r->lines[i];
		if (err == RV_EEXISTS)
			return rv_diag_set(r->diag, RV_EINVALID, "ls.devices-file", "",
					   "%.*s is listed twice",
					   RV_STR_ARG(name_of(&r->records[i])));
		if (err != RV_OK)
			return err;
	}
	return RV_OK;
}

int ls_devices_parse(struct rv_str text, const struct rv_secret *secret, struct rv_arena *arena,
		     struct rv_feed_record **out, size_t *count, struct rv_diag *diag)
{
	struct reader r = { .secret = secret, .arena = arena, .diag = diag };
	int err = RV_OK;

	rv_map_init(&r.seen[0], name_of, 0);
	rv_map_init(&r.seen[1], name_of, 0);
	for (size_t at = 0; at < text.len && err == RV_OK;) {
		struct rv_str rest = rv_str_sub(text, at, text.len);
		struct rv_str line = rv_str_sub(rest, 0, rv_str_find(rest, '\n'));

		at += line.len + 1;
		r.line++;
		line = rv_str_trim(line);
		if (line.len > 0 && line.ptr[0] != '#')
			err = take_line(&r, line);
	}
	if (err == RV_OK)
		err = check_duplicates(&r);
	if (err != RV_OK && diag != NULL)
		diag->line = r.line;
	rv_map_deinit(&r.seen[0]);
	rv_map_deinit(&r.seen[1]);
	if (err == RV_OK) {
		*out = r.records;
		*count = r.count;
	}
	return err;
}
