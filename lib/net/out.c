#include "net/out.h"

#include <assert.h>
#include <string.h>

#include "tls/tls.h"

enum { FRAME_HEAD = sizeof(uint32_t) };

void rv_net_out_deinit(struct rv_net_out *out)
{
	rv_buf_deinit(&out->buf);
	out->head = 0;
	out->bytes = 0;
}

int rv_net_out_put(struct rv_net_out *out, struct rv_str data)
{
	size_t frames = (data.len + RV_TLS_RECORD_MAX - 1) / RV_TLS_RECORD_MAX;

	/* Room is reclaimed when half of it is spent, so each byte moves once on average. */
	if (out->head > out->buf.len / 2) {
		rv_buf_consume(&out->buf, out->head);
		out->head = 0;
	}
	if (rv_buf_reserve(&out->buf, data.len + frames * FRAME_HEAD) == NULL) {
		int err = out->buf.err;
		out->buf.err = RV_OK;
		return err;
	}
	out->bytes += data.len;
	while (data.len > 0) {
		struct rv_str record = rv_str_sub(data, 0, RV_TLS_RECORD_MAX);
		uint32_t len = (uint32_t)record.len;

		rv_buf_put(&out->buf, &len, sizeof(len));
		rv_buf_put_str(&out->buf, record);
		data = rv_str_sub(data, record.len, data.len);
	}
	return RV_OK;
}

struct rv_str rv_net_out_front(const struct rv_net_out *out)
{
	uint32_t len;

	if (out->bytes == 0)
		return rv_str(NULL);
	memcpy(&len, out->buf.ptr + out->head, sizeof(len));
	return rv_strn(out->buf.ptr + out->head + FRAME_HEAD, len);
}

void rv_net_out_pop(struct rv_net_out *out)
{
	struct rv_str front = rv_net_out_front(out);

	assert(front.len > 0);
	out->bytes -= front.len;
	out->head += FRAME_HEAD + front.len;
	if (out->bytes == 0)
		rv_net_out_deinit(out);
}
