#include <assert.h>
#include <string.h>

#include "app/control_priv.h"
#include "app/roster_priv.h"
#include "app/start_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_roster(struct rv_str body)
{
	struct rv_duty_info list[4];
	struct rv_buf again = { 0 };
	size_t n;

	if (rv_roster_decode(body, list, RV_ARRAY_LEN(list), &n) != RV_OK)
		return;
	for (size_t i = 0; i < n; i++)
		rv_roster_encode(&list[i], &again);
	assert(rv_str_eq(rv_buf_str(&again), body));
	rv_buf_deinit(&again);
}

static void check_start(struct rv_str body)
{
	struct rv_start start, log;

	if (rv_start_decode(body, &start) != RV_OK)
		return;
	assert(rv_str_starts(start.state_dir, "/"));
	assert(memchr(start.state_dir.ptr, '\0', start.state_dir.len) == NULL);
	assert(rv_start_decode_log(body, &log) == RV_OK);
	assert(log.level == start.level && log.format == start.format);
}

/* What can be read is written back to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str packet = rv_strn(data, size);
	struct rv_buf again = { 0 };
	struct rv_control_msg msg = { 0 };

	if (rv_control_decode(packet, &msg) != RV_OK)
		return 0;
	assert(strlen(msg.self.name) <= RV_BUS_NAME_MAX &&
	       strlen(msg.peer.name) <= RV_BUS_NAME_MAX);
	rv_control_encode(&msg, &again);
	assert(rv_str_eq(rv_buf_str(&again), packet));
	rv_buf_deinit(&again);
	check_roster(msg.body);
	check_start(msg.body);
	return 0;
}
