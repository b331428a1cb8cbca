/* Text of devices on a terminal: what is shown is UTF-8 without control characters, as wide as it
 * is said to be, and showing it again changes nothing. */
#include <assert.h>

#include "cmd/ctl/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_buf safe = { 0 };
	struct rv_buf again = { 0 };
	struct rv_buf lines = { 0 };
	struct rv_buf printed = { 0 };
	struct ctl_table table;

	ctl_put_safe(&safe, rv_strn(data, size), false);
	assert(rv_str_is_utf8(rv_buf_str(&safe), NULL));
	for (size_t i = 0; i < safe.len; i++)
		assert((uint8_t)safe.ptr[i] >= ' ' && safe.ptr[i] != 0x7f);
	ctl_put_safe(&again, rv_buf_str(&safe), false);
	assert(rv_str_eq(rv_buf_str(&safe), rv_buf_str(&again)));
	ctl_put_padded(&again, rv_buf_str(&safe), 40);
	ctl_put_safe(&lines, rv_strn(data, size), true);
	assert(rv_str_is_utf8(rv_buf_str(&lines), NULL));

	ctl_table_init(&table, 2);
	for (int i = 0; i < 4; i++)
		ctl_table_add(&table, rv_str_sub(rv_strn(data, size), (size_t)i, size));
	ctl_table_print(&table, &printed);
	assert(table.cells.err == RV_OK && printed.err == RV_OK);
	ctl_table_deinit(&table);
	rv_buf_deinit(&safe);
	rv_buf_deinit(&again);
	rv_buf_deinit(&lines);
	rv_buf_deinit(&printed);
	return 0;
}
