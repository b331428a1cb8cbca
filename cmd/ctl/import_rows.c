/* device import: what the server has, and what to do with a row. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/ctl/import_priv.h"
#include "contract/text.h"
#include "contract/view.h"

enum { PAGE = 1000, LISTED_MAX = 1000 /* groups, Location-Configs that one answer holds */ };

static void wrong_cell(struct import *im, const char *field, int code, const char *key)
{
	ctl_devfile_wrong(&im->file, &im->csv, field, code, key, "", &im->ear);
}

/* ---- What the server has ------------------------------------------------------------------- */

static int fetch_ids(struct import *im)
{
	struct rv_device_list_in in = { .has_limit = true, .limit = PAGE };
	struct rv_device_list_out out = { 0 };
	int r;

	do {
		r = rsapi_device_list(im->local->api, &in, &out, &im->error);
		for (size_t i = 0; r == RV_OK && i < out.devices_len; i++) {
			struct rv_distid id;

			r = rv_distid_parse(out.devices[i].distid.ptr, out.devices[i].distid.len,
					    &id, NULL);
			if (r == RV_OK)
				r = ctl_ids_add(&im->existing, &id, 0);
		}
		in.after = out.next;
		in.has_after = true;
	} while (r == RV_OK && out.devices_len > 0 && out.next.len > 0);
	ctl_ids_sort(&im->existing);
	return r;
}

static int add_name(struct import *im, struct import_names *names, struct rv_str name)
{
	names->item[names->count] = rv_arena_str(im->local->io->arena, name);
	return names->item[names->count++].ptr != NULL ? RV_OK : -ENOMEM;
}

static int begin_names(struct import *im, struct import_names *names, size_t count)
{
	names->is_complete = count < LISTED_MAX;
	names->item = rv_arena_array(im->local->io->arena, count + 1, sizeof(*names->item));
	return names->item != NULL ? RV_OK : -ENOMEM;
}

static int fetch_names(struct import *im)
{
	struct rv_group_list_in group_in = { 0 };
	struct rv_group_list_out groups;
	struct rv_location_list_in location_in = { 0 };
	struct rv_location_list_out locations;
	int r = rsapi_group_list(im->local->api, &group_in, &groups, &im->error);

	if (r == RV_OK)
		r = begin_names(im, &im->groups, groups.groups_len);
	for (size_t i = 0; r == RV_OK && i < groups.groups_len; i++)
		r = add_name(im, &im->groups, groups.groups[i].name);
	if (r == RV_OK)
		r = rsapi_location_list(im->local->api, &location_in, &locations, &im->error);
	if (r == RV_OK)
		r = begin_names(im, &im->locations, locations.locations_len);
	for (size_t i = 0; r == RV_OK && i < locations.locations_len; i++)
		r = add_name(im, &im->locations, locations.locations[i].name);
	return r;
}

int ctl_import_fetch(struct import *im)
{
	int r = fetch_ids(im);

	return r == RV_OK ? fetch_names(im) : r;
}

/* ---- First walk: is all well? -------------------------------------------------------------- */

static void check_name(struct import *im, const struct import_names *names, const char *field,
		       const char *key)
{
	struct rv_str name = ctl_devfile_cell(&im->file, &im->csv, field);

	for (size_t i = 0; i < names->count; i++)
		if (rv_str_eq(names->item[i], name))
			return;
	if (name.len > 0 && names->is_complete)
		wrong_cell(im, field, RV_ENOTFOUND, key);
}

/* The row's id, and whether the server has it. */
static bool row_id(struct import *im, struct rv_distid *id, bool *exists)
{
	struct rv_str text = ctl_devfile_cell(&im->file, &im->csv, "distid");

	if (rv_distid_parse(text.ptr, text.len, id, NULL) != RV_OK) {
		wrong_cell(im, "distid", RV_EINVALID, "device.distid");
		return false;
	}
	*exists = ctl_ids_have(&im->existing, id);
	return true;
}

int ctl_import_check_row(struct import *im)
{
	struct rv_device_create_in create;
	struct rv_device_update_in update;
	struct rv_distid id;
	bool exists = false;

	if (!row_id(im, &id, &exists))
		return RV_OK;
	if (exists && !im->in->update && !im->in->skip_existing)
		wrong_cell(im, "distid", RV_EEXISTS, "csv.exists");
	else if (exists && im->in->update)
		(void)ctl_devfile_row(&im->file, &im->csv, &rv_device_update_in_type, &im->row,
				      &update, &im->ear);
	else if (!exists)
		(void)ctl_devfile_row(&im->file, &im->csv, &rv_device_create_in_type, &im->row,
				      &create, &im->ear);
	if (!exists || im->in->update) {
		check_name(im, &im->groups, "group", "group.unknown");
		check_name(im, &im->locations, "location", "location.unknown");
	}
	if (exists && im->in->update)
		im->out.updated++;
	else if (exists)
		im->out.skipped++;
	else
		im->out.created++;
	return ctl_ids_add(&im->seen, &id, im->csv.line);
}

void ctl_import_check_twice(struct import *im)
{
	char text[RV_DISTID_TEXT_LEN + 1];
	char first[64];

	ctl_ids_sort(&im->seen);
	for (size_t i = 1, start = 0; i < im->seen.count; i++) {
		struct ctl_devfile_mistake mistake = { .line = im->seen.item[i].line };
		struct rv_buf message = { 0 };
		struct rv_distid id;

		if (memcmp(im->seen.item[i].wire, im->seen.item[start].wire, RV_DISTID_WIRE_LEN) !=
		    0) {
			start = i;
			continue;
		}
		rv_distid_from_wire(im->seen.item[i].wire, &id);
		rv_distid_format(&id, text);
		snprintf(first, sizeof(first), "%" PRIu64, im->seen.item[start].line);
		rv_text_put(&message, im->local->io->lang, "ctl:import.twice", first, NULL);
		mistake.column = rv_str("distid");
		mistake.value = rv_str(text);
		mistake.message = rv_buf_str(&message);
		ctl_import_hear(im, &mistake);
		rv_buf_deinit(&message);
	}
}

/* ---- Second walk: do it -------------------------------------------------------------------- */

static int create(struct import *im)
{
	struct rv_device_create_in in;
	struct rv_device_create_out out;
	int r;

	if (!ctl_devfile_row(&im->file, &im->csv, &rv_device_create_in_type, &im->row, &in,
			     &im->ear))
		return RV_EINVALID;
	r = rsapi_device_create(im->local->api, &in, &out, &im->error);
	im->out.created += r == RV_OK;
	return r;
}

/* Does any given field differ from what the device has, or is one that nobody is told? */
static bool is_different(const struct rv_device_update_in *in, const struct rv_device *device)
{
	const struct rv_contract_type *type = &rv_device_update_in_type;
	struct rv_buf now = { 0 };
	struct rv_buf then = { 0 };
	bool is_other = false;

	for (size_t i = 0; i < type->count && !is_other; i++) {
		const struct rv_contract_field *to = &type->fields[i];
		const struct rv_contract_field *from = rv_contract_field_find(&rv_device_type,
									      rv_str(to->name));

		if (strcmp(to->name, "distid") == 0 || !rv_contract_is_present(to, in))
			continue;
		rv_buf_clear(&now);
		rv_buf_clear(&then);
		rv_contract_text_write(to, rv_contract_at(in, to->offset), &now);
		if (from != NULL)
			rv_contract_text_write(from, rv_contract_at(device, from->offset), &then);
		is_other = from == NULL || !rv_str_eq(rv_buf_str(&now), rv_buf_str(&then));
	}
	now.wipe = true;
	rv_buf_deinit(&now);
	rv_buf_deinit(&then);
	return is_other;
}

static int update(struct import *im)
{
	struct rv_device_update_in in;
	struct rv_device_update_out out;
	struct rv_device_get_out device;
	bool is_other;
	int r;

	if (!ctl_devfile_row(&im->file, &im->csv, &rv_device_update_in_type, &im->row, &in,
			     &im->ear))
		return RV_EINVALID;
	r = rsapi_device_get(im->local->api, &(struct rv_device_get_in){ in.distid }, &device,
			     &im->error);
	if (r != RV_OK)
		return r;
	is_other = is_different(&in, &device.device);
	if (is_other)
		r = rsapi_device_update(im->local->api, &in, &out, &im->error);
	im->out.updated += r == RV_OK && is_other;
	im->out.unchanged += r == RV_OK && !is_other;
	return r;
}

int ctl_import_write_row(struct import *im)
{
	struct rv_distid id;
	bool exists = false;
	int r = RV_OK;

	if (!row_id(im, &id, &exists))
		return RV_EINVALID;
	if (!exists)
		r = create(im);
	else if (im->in->update)
		r = update(im);
	else
		im->out.skipped++;
	if (r != RV_OK && im->error.code == r)
		ctl_devfile_wrong(&im->file, &im->csv, im->error.where, r, im->error.key,
				  im->error.text, &im->ear);
	return r;
}
