#include "bus/frame.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"
#include "bus/bus.h"

_Static_assert(RV_BUS_HEAD_MAX == RV_BUS_HEAD_LEN + RV_BUS_NAME_MAX, "head holds the longest name");

enum { ID = 1, STREAM = 2, NUMBER = 4, TOTAL = 8, NAME = 16, BODY = 32 };

/* The second table of frame.h: what must be there (not zero) and what may be. */
static const struct {
	uint8_t must;
	uint8_t may;
} rules[] = {
	[RV_BUS_HELLO] = { NAME, NUMBER | BODY },
	[RV_BUS_SUBSCRIBE] = { NAME, 0 },
	[RV_BUS_REQUEST] = { ID | NAME, STREAM | TOTAL | BODY },
	[RV_BUS_REPLY] = { ID, STREAM | NUMBER | TOTAL | BODY },
	[RV_BUS_EVENT] = { NAME, STREAM | TOTAL | BODY },
	[RV_BUS_MORE] = { STREAM | BODY, 0 },
	[RV_BUS_CREDIT] = { STREAM | NUMBER, 0 },
	[RV_BUS_STOP] = { STREAM, 0 },
	[RV_BUS_CANCEL] = { ID, 0 },
};

bool rv_bus_name_ok(struct rv_str name)
{
	if (name.len < 1 || name.len > RV_BUS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-')
			return false;
	}
	return true;
}

static unsigned fields_of(const struct rv_bus_frame *f)
{
	return (f->id != 0 ? ID : 0) | (f->stream != 0 ? STREAM : 0) |
	       (f->number != 0 ? NUMBER : 0) | (f->total != 0 ? TOTAL : 0) |
	       (f->name.len != 0 ? NAME : 0) | (f->body.len != 0 ? BODY : 0);
}

static bool is_allowed(const struct rv_bus_frame *f)
{
	unsigned fields = fields_of(f);
	unsigned may = rules[f->kind].may;

	if ((fields & ~may) != rules[f->kind].must)
		return false;
	if (f->name.len > 0 && !rv_bus_name_ok(f->name))
		return false;
	/* A body is either here or to follow, never both. */
	if ((may & TOTAL) != 0 && ((fields & TOTAL) != 0) != ((fields & STREAM) != 0))
		return false;
	if ((fields & TOTAL) != 0 && (fields & BODY) != 0)
		return false;
	if (f->kind == RV_BUS_REPLY)
		return f->number <= 0;
	return f->number >= 0;
}

int rv_bus_frame_parse(struct rv_str data, struct rv_bus_frame *out)
{
	const uint8_t *p = (const uint8_t *)data.ptr;
	struct rv_bus_frame f = { 0 };
	size_t name_len;

	if (data.len > RV_BUS_FRAME_MAX)
		return RV_ELIMIT;
	if (data.len < RV_BUS_HEAD_LEN)
		return RV_ESYNTAX;
	if (!rv_version_is_read(p[0], RV_BUS_VERSION))
		return RV_EVERSION;
	name_len = p[2];
	if (p[1] >= RV_ARRAY_LEN(rules) || p[1] == 0 || p[3] != 0 ||
	    name_len > data.len - RV_BUS_HEAD_LEN)
		return RV_ESYNTAX;

	f.kind = p[1];
	f.id = rv_be32(p + 4);
	f.stream = rv_be32(p + 8);
	f.number = (int32_t)rv_be32(p + 12);
	f.total = rv_be32(p + 16);
	f.name = rv_strn(data.ptr + RV_BUS_HEAD_LEN, name_len);
	f.body = rv_strn(data.ptr + RV_BUS_HEAD_LEN + name_len,
			 data.len - RV_BUS_HEAD_LEN - name_len);
	if (!is_allowed(&f))
		return RV_ESYNTAX;
	if (f.total > RV_BUS_BODY_MAX)
		return RV_ELIMIT;
	*out = f;
	return RV_OK;
}

size_t rv_bus_frame_head(const struct rv_bus_frame *frame, uint8_t out[static RV_BUS_HEAD_MAX])
{
	assert(is_allowed(frame));
	out[0] = RV_BUS_VERSION;
	out[1] = (uint8_t)frame->kind;
	out[2] = (uint8_t)frame->name.len;
	out[3] = 0;
	rv_put_be32(out + 4, frame->id);
	rv_put_be32(out + 8, frame->stream);
	rv_put_be32(out + 12, (uint32_t)frame->number);
	rv_put_be32(out + 16, frame->total);
	if (frame->name.len > 0)
		memcpy(out + RV_BUS_HEAD_LEN, frame->name.ptr, frame->name.len);
	return RV_BUS_HEAD_LEN + frame->name.len;
}
