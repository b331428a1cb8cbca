/* device export: what device import --update reads. */
#include <stdio.h>
#include <string.h>

#include "cmd/ctl/charset.h"
#include "cmd/ctl/csv.h"
#include "cmd/ctl/ctl.h"
#include "cmd/ctl/devfile.h"
#include "cmd/ctl/local.h"
#include "cmd/ctl/names.h"
#include "contract/rv_contract.h"
#include "contract/text.h"
#include "contract/view.h"

enum { PAGE = 1000 };

/* The field of a device that the n-th column shows; NULL beyond the last. A column that nobody is
 * told the value of is none here. */
static const struct rv_contract_field *column(size_t n)
{
	const struct rv_contract_type *type = &rv_device_create_in_type;

	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = rv_contract_field_find(
			&rv_device_type, rv_str(type->fields[i].name));

		if (field != NULL && ctl_devfile_is_column(&type->fields[i]) && n-- == 0)
			return field;
	}
	return NULL;
}

static void put_header(const struct ctl_local *local, const struct rv_device_export_in *in,
		       struct rv_buf *line)
{
	const struct rv_contract_field *field;

	for (size_t n = 0; (field = column(n)) != NULL; n++) {
		char key[80];

		snprintf(key, sizeof(key), "field:%s", field->name);
		ctl_csv_put(line, rv_str(in->titles ? rv_text(local->io->lang, key) : field->name),
			    n == 0);
	}
	rv_buf_puts(line, "\r\n");
}

static void put_device(const struct rv_device *device, struct rv_buf *line)
{
	const struct rv_contract_field *field;
	struct rv_buf cell = { 0 };

	for (size_t n = 0; (field = column(n)) != NULL; n++) {
		rv_buf_clear(&cell);
		rv_contract_text_write(field, rv_contract_at(device, field->offset), &cell);
		ctl_csv_put(line, rv_buf_str(&cell), n == 0);
	}
	rv_buf_puts(line, "\r\n");
	rv_buf_deinit(&cell);
}

/* One line to standard output. RV_EINVALID: told that CP932 has no such character. */
static int print_line(const struct ctl_local *local, const struct rv_device_export_in *in,
		      struct rv_str distid, const struct rv_buf *line)
{
	struct rv_buf bytes = { 0 };
	char id[64] = "";
	size_t at = 0;
	int r = line->err;

	if (r == RV_OK)
		r = ctl_text_encode(rv_buf_str(line), in->encoding, &bytes, &at);
	if (r == RV_OK && fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len)
		r = rv_err_from_errno();
	rv_buf_deinit(&bytes);
	if (r == RV_EINVALID) {
		struct rv_str rest = rv_str_sub(rv_buf_str(line), at, line->len);
		char character[8];

		rv_str_copy(distid, id, sizeof(id));
		rv_str_copy(rv_str_sub(rest, 0, rv_str_utf8_len(rest)), character,
			    sizeof(character));
		ctl_wrong(local->io, "cp932", character, id);
	} else if (r != RV_OK) {
		ctl_wrong(local->io, "output", rv_err_name(r), NULL);
	}
	return r;
}

static int print_page(const struct ctl_local *local, const struct rv_device_export_in *in,
		      const struct rv_device_list_out *page)
{
	struct rv_buf line = { 0 };
	int r = RV_OK;

	for (size_t i = 0; r == RV_OK && i < page->devices_len; i++) {
		rv_buf_clear(&line);
		put_device(&page->devices[i], &line);
		r = print_line(local, in, page->devices[i].distid, &line);
	}
	rv_buf_deinit(&line);
	return r;
}

static int print_all(const struct ctl_local *local, const struct rv_device_export_in *in,
		     struct rsapi_error *error)
{
	struct rv_device_list_in list = { .has_limit = true, .limit = PAGE };
	struct rv_device_list_out page = { 0 };
	struct rv_buf line = { 0 };
	int r;

	/* The first page before the first byte: an empty file is no answer of a server that is
	 * down. */
	r = rsapi_device_list(local->api, &list, &page, error);
	if (r != RV_OK)
		return r;
	rv_buf_puts(&line, in->encoding == RV_CSV_ENCODING_UTF8_BOM ? "\xef\xbb\xbf" : "");
	put_header(local, in, &line);
	r = print_line(local, in, (struct rv_str){ 0 }, &line);
	rv_buf_deinit(&line);
	while (r == RV_OK) {
		r = print_page(local, in, &page);
		if (r != RV_OK || page.devices_len == 0 || page.next.len == 0)
			break;
		list.after = page.next;
		list.has_after = true;
		r = rsapi_device_list(local->api, &list, &page, error);
	}
	return r;
}

int ctl_export(const struct ctl_local *local)
{
	struct rsapi_error error = { 0 };
	int r;

	if (local->style->is_json) { /* it would promise what is not there */
		ctl_wrong(local->io, "option", "--json", NULL);
		ctl_complain(local->io->err);
		return RV_CTL_USAGE;
	}
	r = print_all(local, local->in, &error);
	if (r == RV_OK)
		return RV_CTL_OK;
	if (error.code == r) {
		rv_buf_clear(local->io->err);
		ctl_put_error(local->io->err, local->io->lang, r, error.key, error.where,
			      error.text);
	}
	ctl_complain(local->io->err);
	return error.code == r ? ctl_exit_of(r) : RV_CTL_FAILED;
}
