#include "bus/link.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void rv_bus_link_init(struct rv_bus_link *link)
{
	memset(link, 0, sizeof(*link));
	rv_list_init(&link->ready);
	rv_list_init(&link->waiting);
	rv_list_init(&link->parked);
}

/* -- out ---------------------------------------------------------------------------------- */

static size_t short_max(const struct rv_bus_frame *head)
{
	return RV_BUS_FRAME_MAX - RV_BUS_HEAD_LEN - head->name.len;
}

static bool is_long(const struct rv_bus_out *out)
{
	return out->head.total > 0;
}

static struct rv_bus_out **find_stream(struct rv_bus_link *link, const struct rv_bus_out *out)
{
	for (unsigned i = 0; i < RV_BUS_STREAMS_MAX; i++) {
		if (link->streams[i] == out)
			return &link->streams[i];
	}
	return NULL;
}

static void assign_stream(struct rv_bus_link *link, struct rv_bus_out *out)
{
	struct rv_bus_out **place = find_stream(link, NULL);

	if (place == NULL) {
		rv_list_add_tail(&link->waiting, &out->link);
		return;
	}
	*place = out;
	if (++link->last_stream == 0)
		link->last_stream = 1;
	out->head.stream = link->last_stream;
	rv_list_add_tail(&link->ready, &out->link);
}

static void drop_out(struct rv_bus_link *link, struct rv_bus_out *out)
{
	struct rv_bus_out **place = find_stream(link, out);

	rv_list_del(&out->link);
	link->queued--;
	link->queued_bytes -= out->size;
	if (out->handle != NULL)
		*out->handle = NULL;
	free(out);
	if (place != NULL) {
		struct rv_list *next = rv_list_pop(&link->waiting);

		*place = NULL;
		if (next != NULL)
			assign_stream(link, RV_CONTAINER_OF(next, struct rv_bus_out, link));
	}
}

/* Requests and events wait at their source when the peer does not read; what we owe the peer has
 * as much room again, and it runs out only when the peer asks and never reads. */
static bool is_full(const struct rv_bus_link *link, const struct rv_bus_frame *head, size_t size)
{
	bool is_owed = head->kind != RV_BUS_REQUEST && head->kind != RV_BUS_EVENT;

	if (link->queued >= (is_owed ? 2 * RV_BUS_QUEUE_MAX : RV_BUS_QUEUE_MAX))
		return true;
	return head->body.len > 0 && link->queued_bytes + size > RV_BUS_QUEUE_BYTES_MAX;
}

int rv_bus_link_push(struct rv_bus_link *link, const struct rv_bus_frame *head,
		     struct rv_bus_out **handle)
{
	size_t size = sizeof(struct rv_bus_out) + head->name.len + head->body.len;
	struct rv_bus_out *out;
	char *copy;

	if (head->body.len > RV_BUS_BODY_MAX)
		return RV_ELIMIT;
	if (is_full(link, head, size))
		return RV_EBUSY;
	out = malloc(size);
	if (out == NULL)
		return -ENOMEM;
	*out = (struct rv_bus_out){ .handle = handle, .head = *head, .size = size };
	copy = (char *)(out + 1);
	if (head->name.len > 0)
		memcpy(copy, head->name.ptr, head->name.len);
	if (head->body.len > 0)
		memcpy(copy + head->name.len, head->body.ptr, head->body.len);
	out->head.name.ptr = copy;
	out->head.body.ptr = copy + head->name.len;
	link->queued++;
	link->queued_bytes += size;
	if (handle != NULL)
		*handle = out;
	if (head->body.len > short_max(head)) {
		out->head.total = (uint32_t)head->body.len;
		assign_stream(link, out);
	} else {
		rv_list_add_tail(&link->ready, &out->link);
	}
	return RV_OK;
}

void rv_bus_link_withdraw(struct rv_bus_link *link, struct rv_bus_out *out)
{
	/* A body that has begun shrinks into the frame that says so. */
	if (out->is_opened) {
		struct rv_bus_frame stop = { .kind = RV_BUS_STOP, .stream = out->head.stream };

		assert(find_stream(link, out) != NULL);
		out->head = stop;
		if (out->handle != NULL)
			*out->handle = NULL;
		out->handle = NULL;
		out->is_opened = false;
		rv_list_del(&out->link);
		rv_list_add_tail(&link->ready, &out->link);
		return;
	}
	drop_out(link, out);
}

static bool is_reply_to(const struct rv_bus_out *out, uint32_t id)
{
	return out != NULL && out->head.kind == RV_BUS_REPLY && out->head.id == id;
}

void rv_bus_link_withdraw_reply(struct rv_bus_link *link, uint32_t id)
{
	struct rv_list *it;

	for (unsigned i = 0; i < RV_BUS_STREAMS_MAX; i++) {
		if (is_reply_to(link->streams[i], id)) {
			rv_bus_link_withdraw(link, link->streams[i]);
			return;
		}
	}
	rv_list_for_each (it, &link->waiting) {
		struct rv_bus_out *out = RV_CONTAINER_OF(it, struct rv_bus_out, link);

		if (is_reply_to(out, id)) {
			rv_bus_link_withdraw(link, out);
			return;
		}
	}
}

static struct rv_bus_out *first_ready(const struct rv_bus_link *link)
{
	if (rv_list_is_empty(&link->ready))
		return NULL;
	return RV_CONTAINER_OF(link->ready.next, struct rv_bus_out, link);
}

/* Length of the piece that the next MORE carries. */
static uint32_t piece_len(const struct rv_bus_out *out)
{
	uint32_t allowed = out->granted - out->sent;
	uint32_t room = RV_BUS_FRAME_MAX - RV_BUS_HEAD_LEN;

	return allowed < room ? allowed : room;
}

bool rv_bus_link_take(const struct rv_bus_link *link, struct rv_bus_frame *frame)
{
	const struct rv_bus_out *out = first_ready(link);

	if (out == NULL)
		return false;
	if (out->is_opened) {
		*frame = (struct rv_bus_frame){ .kind = RV_BUS_MORE, .stream = out->head.stream };
		frame->body = rv_str_sub(out->head.body, out->sent, piece_len(out));
		return true;
	}
	*frame = out->head;
	if (is_long(out))
		frame->body = (struct rv_str){ 0 };
	return true;
}

void rv_bus_link_taken(struct rv_bus_link *link)
{
	struct rv_bus_out *out = first_ready(link);

	assert(out != NULL);
	if (!is_long(out)) {
		drop_out(link, out);
		return;
	}
	if (out->is_opened)
		out->sent += piece_len(out);
	out->is_opened = true;
	if (out->sent == out->head.total) {
		drop_out(link, out);
		return;
	}
	rv_list_del(&out->link);
	rv_list_add_tail(out->sent < out->granted ? &link->ready : &link->parked, &out->link);
}

static int take_credit(struct rv_bus_link *link, uint32_t stream, uint32_t bytes)
{
	for (unsigned i = 0; i < RV_BUS_STREAMS_MAX; i++) {
		struct rv_bus_out *out = link->streams[i];

		if (out == NULL || out->head.stream != stream || !is_long(out))
			continue;
		if (!out->is_opened || bytes > out->head.total - out->granted)
			return RV_ELIMIT;
		out->granted += bytes;
		rv_list_del(&out->link);
		rv_list_add_tail(&link->ready, &out->link);
		return RV_EMORE;
	}
	return RV_EMORE; /* for a body that was stopped meanwhile */
}

/* -- in ----------------------------------------------------------------------------------- */

static struct rv_bus_in *find_in(struct rv_bus_link *link, uint32_t stream)
{
	for (unsigned i = 0; i < RV_BUS_STREAMS_MAX; i++) {
		if (link->in[i].head.stream == stream)
			return &link->in[i];
	}
	return NULL;
}

static void free_in(struct rv_bus_link *link, struct rv_bus_in *in)
{
	if (in->data != NULL)
		link->held_bytes -= in->head.total;
	free(in->data);
	memset(in, 0, sizeof(*in));
}

static int grant(struct rv_bus_link *link, struct rv_bus_in *in)
{
	struct rv_bus_frame credit = { .kind = RV_BUS_CREDIT, .stream = in->head.stream };
	uint32_t unused = in->granted - in->got;
	uint32_t bytes = in->head.total - in->granted;
	int err;

	/* Half a window at a time, or else every MORE would cost a CREDIT. */
	if (bytes == 0 || unused > RV_BUS_WINDOW / 2)
		return RV_EMORE;
	if (bytes > RV_BUS_WINDOW - unused)
		bytes = RV_BUS_WINDOW - unused;
	credit.number = (int32_t)bytes;
	err = rv_bus_link_push(link, &credit, NULL);
	if (err != RV_OK)
		return err;
	in->granted += bytes;
	return RV_EMORE;
}

/* Give room to the bodies that wait for it, the oldest first. RV_EMORE when all went well. */
static int admit(struct rv_bus_link *link)
{
	for (;;) {
		struct rv_bus_in *oldest = NULL;
		int err;

		for (unsigned i = 0; i < RV_BUS_STREAMS_MAX; i++) {
			struct rv_bus_in *in = &link->in[i];

			if (in->head.stream == 0 || in->data != NULL)
				continue;
			if (oldest == NULL || (int32_t)(in->turn - oldest->turn) < 0)
				oldest = in;
		}
		if (oldest == NULL || link->held_bytes + oldest->head.total > RV_BUS_HELD_MAX)
			return RV_EMORE;
		oldest->data = malloc(oldest->head.total);
		if (oldest->data == NULL)
			return -ENOMEM;
		link->held_bytes += oldest->head.total;
		err = grant(link, oldest);
		if (err != RV_EMORE)
			return err;
	}
}

static int take_opening(struct rv_bus_link *link, const struct rv_bus_frame *frame)
{
	struct rv_bus_in *in;

	if (find_in(link, frame->stream) != NULL)
		return RV_ESYNTAX;
	in = find_in(link, 0);
	if (in == NULL)
		return RV_ELIMIT;
	in->head = *frame;
	in->turn = ++link->last_turn;
	if (frame->name.len > 0)
		memcpy(in->name, frame->name.ptr, frame->name.len);
	in->head.name.ptr = in->name;
	return admit(link);
}

static int take_piece(struct rv_bus_link *link, const struct rv_bus_frame *frame,
		      struct rv_bus_frame *out)
{
	struct rv_bus_in *in = find_in(link, frame->stream);

	if (in == NULL)
		return RV_ESYNTAX;
	if (frame->body.len > in->granted - in->got)
		return RV_ELIMIT;
	memcpy(in->data + in->got, frame->body.ptr, frame->body.len);
	in->got += (uint32_t)frame->body.len;
	if (in->got < in->head.total)
		return grant(link, in);
	*out = in->head;
	out->stream = 0;
	out->total = 0;
	out->body = rv_strn(in->data, in->head.total);
	link->complete = in;
	return RV_OK;
}

int rv_bus_link_input(struct rv_bus_link *link, struct rv_str data, struct rv_bus_frame *out)
{
	struct rv_bus_frame frame;
	struct rv_bus_in *in;
	int err = rv_bus_frame_parse(data, &frame);

	assert(link->complete == NULL);
	if (err != RV_OK)
		return err;
	switch (frame.kind) {
	case RV_BUS_MORE:
		return take_piece(link, &frame, out);
	case RV_BUS_CREDIT:
		return take_credit(link, frame.stream, (uint32_t)frame.number);
	case RV_BUS_STOP:
		in = find_in(link, frame.stream);
		if (in == NULL)
			return RV_ESYNTAX;
		free_in(link, in);
		return admit(link);
	case RV_BUS_HELLO:
	case RV_BUS_SUBSCRIBE:
	case RV_BUS_REQUEST:
	case RV_BUS_REPLY:
	case RV_BUS_EVENT:
	case RV_BUS_CANCEL:
		break;
	}
	if (frame.stream != 0)
		return take_opening(link, &frame);
	*out = frame;
	return RV_OK;
}

int rv_bus_link_release(struct rv_bus_link *link)
{
	int err;

	if (link->complete == NULL)
		return RV_OK;
	free_in(link, link->complete);
	link->complete = NULL;
	err = admit(link);
	return err == RV_EMORE ? RV_OK : err;
}

static void drop_list(struct rv_bus_link *link, struct rv_list *list)
{
	while (!rv_list_is_empty(list))
		drop_out(link, RV_CONTAINER_OF(list->next, struct rv_bus_out, link));
}

void rv_bus_link_deinit(struct rv_bus_link *link)
{
	/* waiting first: dropping a stream would promote from it. */
	drop_list(link, &link->waiting);
	drop_list(link, &link->ready);
	drop_list(link, &link->parked);
	for (unsigned i = 0; i < RV_BUS_STREAMS_MAX; i++) {
		if (link->in[i].head.stream != 0)
			free_in(link, &link->in[i]);
	}
	link->complete = NULL;
}
