#include "app/handover_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"

struct rv_handover_source {
	struct rv_handover *handover;
	struct rv_control_chan *chan;
	size_t slot;
};

void rv_handover_add_taker(struct rv_handover *handover, int fd)
{
	if (handover->taker_count == RV_DUTY_TAKERS_MAX) {
		close(fd);
		return;
	}
	handover->takers[handover->taker_count++] = fd;
}

static void forget_taker(struct rv_handover *handover, size_t i)
{
	close(handover->takers[i]);
	handover->takers[i] = handover->takers[--handover->taker_count];
}

/* Each taker is tried once, beginning with the one whose turn it is. */
int rv_handover_give(struct rv_handover *handover, int fd, const char *label)
{
	struct rv_control_msg msg = {
		.kind = RV_CONTROL_SOCKET, .body = rv_str(label), .fds = { fd }, .fd_count = 1
	};
	int result = RV_ENOTFOUND;

	for (size_t left = handover->taker_count; left > 0; left--) {
		size_t i = handover->next % handover->taker_count;
		int err = rv_control_send(handover->takers[i], &msg);

		handover->next = i + 1;
		if (err == RV_OK)
			return RV_OK;
		if (err == RV_EBUSY) {
			result = RV_EBUSY;
			continue;
		}
		forget_taker(handover, i);
		if (handover->taker_count == 0)
			break;
	}
	return result;
}

static bool is_label(struct rv_str text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

	for (size_t i = 0; i < text.len; i++) {
		if (memchr(allowed, text.ptr[i], sizeof(allowed) - 1) == NULL)
			return false;
	}
	return text.len > 0 && text.len <= RV_DUTY_LABEL_MAX;
}

static void on_msg(void *arg, struct rv_control_msg *msg)
{
	struct rv_handover_source *source = arg;
	struct rv_handover *handover = source->handover;
	char label[RV_DUTY_LABEL_MAX + 1];

	if (msg->kind != RV_CONTROL_SOCKET || msg->fd_count != 1 || !is_label(msg->body) ||
	    handover->fn == NULL || !rv_str_copy(msg->body, label, sizeof(label)))
		return; /* the caller closes what came along */
	handover->fn(handover->arg, msg->fds[0], label);
	msg->fds[0] = -1;
}

static void forget_source(struct rv_handover_source *source)
{
	source->handover->sources[source->slot] = NULL;
	rv_control_chan_free(source->chan);
	free(source);
}

static void on_end(void *arg, int reason)
{
	struct rv_handover_source *source = arg;

	if (reason != RV_ECLOSED)
		rv_log(RV_LOG_ERROR, "app.line.broken", RV_KS("error", rv_err_name(reason)));
	forget_source(source);
}

static const struct rv_control_chan_callbacks callbacks = { on_msg, on_end };

void rv_handover_add_source(struct rv_handover *handover, uv_loop_t *loop, int fd)
{
	struct rv_handover_source *source = calloc(1, sizeof(*source));
	size_t slot = 0;

	while (slot < RV_DUTY_TAKERS_MAX && handover->sources[slot] != NULL)
		slot++;
	if (source == NULL || slot == RV_DUTY_TAKERS_MAX) {
		close(fd);
		free(source);
		return;
	}
	source->handover = handover;
	source->slot = slot;
	if (rv_control_chan_new(loop, fd, &callbacks, source, &source->chan) != RV_OK) {
		free(source);
		return;
	}
	handover->sources[slot] = source;
}

void rv_handover_close(struct rv_handover *handover)
{
	while (handover->taker_count > 0)
		forget_taker(handover, 0);
	for (size_t i = 0; i < RV_DUTY_TAKERS_MAX; i++) {
		if (handover->sources[i] != NULL)
			forget_source(handover->sources[i]);
	}
}
