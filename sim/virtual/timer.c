/* The part of libuv that duties use: timers, and the one way to be called from elsewhere. */
#include <assert.h>
#include <stdlib.h>

#include "base/time.h"
#include "sim/virtual/proc.h"

/* Of a handle, in its u.reserved[0]. */
struct timer {
	struct rv_list link;
	struct vw_proc *proc;
	uv_handle_t *handle;
	struct vw_task *task; /* NULL: not active */
	uv_timer_cb on_timer;
	uv_async_cb on_async;
	uv_close_cb on_close;
	uint64_t repeat_ms;
};

static struct timer *attach(uv_loop_t *loop, uv_handle_t *handle)
{
	struct timer *t = vw_alloc(1, sizeof(*t));

	t->proc = loop->data;
	t->handle = handle;
	handle->loop = loop;
	handle->u.reserved[0] = t;
	rv_list_add_tail(&t->proc->timers, &t->link);
	return t;
}

static struct timer *of(const uv_handle_t *handle)
{
	return handle->u.reserved[0];
}

static void forget(struct timer *t)
{
	rv_list_del(&t->link);
	free(t);
}

void vw_timers_forget(struct vw_proc *proc)
{
	while (!rv_list_is_empty(&proc->timers))
		forget(RV_CONTAINER_OF(proc->timers.next, struct timer, link));
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *handle)
{
	attach(loop, (uv_handle_t *)handle);
	return 0;
}

static void timer_due(struct vw_task *task)
{
	struct timer *t = task->arg;

	t->task = NULL;
	if (t->repeat_ms > 0)
		t->task = vw_task_post(t->proc, (int64_t)t->repeat_ms * RV_US_PER_MS, timer_due, t,
				       false);
	t->on_timer((uv_timer_t *)t->handle);
}

int uv_timer_start(uv_timer_t *handle, uv_timer_cb cb, uint64_t timeout_ms, uint64_t repeat_ms)
{
	struct timer *t = of((uv_handle_t *)handle);

	vw_task_cancel(t->task);
	t->on_timer = cb;
	t->repeat_ms = repeat_ms;
	t->task = vw_task_post(t->proc, (int64_t)timeout_ms * RV_US_PER_MS, timer_due, t, false);
	return 0;
}

int uv_timer_stop(uv_timer_t *handle)
{
	struct timer *t = of((uv_handle_t *)handle);

	vw_task_cancel(t->task);
	t->task = NULL;
	return 0;
}

int uv_is_active(const uv_handle_t *handle)
{
	return of(handle)->task != NULL;
}

void uv_unref(uv_handle_t *handle)
{
	(void)handle;
}

int uv_async_init(uv_loop_t *loop, uv_async_t *handle, uv_async_cb cb)
{
	attach(loop, (uv_handle_t *)handle)->on_async = cb;
	return 0;
}

static void async_due(struct vw_task *task)
{
	struct timer *t = task->arg;

	t->task = NULL;
	t->on_async((uv_async_t *)t->handle);
}

/* Here it is always a store's writer that has, or wants, something: it takes as long as the disk.
 */
int uv_async_send(uv_async_t *handle)
{
	struct timer *t = of((uv_handle_t *)handle);

	if (t->task == NULL)
		t->task = vw_task_post(
			t->proc,
			vw_between(t->proc->world, VW_BUS, 20, t->proc->machine->disk_slow_us),
			async_due, t, true);
	return 0;
}

static void closed(struct vw_task *task)
{
	struct timer *t = task->arg;
	uv_handle_t *handle = t->handle;
	uv_close_cb cb = t->on_close;

	forget(t);
	if (cb != NULL)
		cb(handle);
}

void uv_close(uv_handle_t *handle, uv_close_cb cb)
{
	struct timer *t = of(handle);

	vw_task_cancel(t->task);
	t->task = NULL;
	t->on_close = cb;
	vw_task_post(t->proc, 0, closed, t, true);
}

const char *uv_strerror(int err)
{
	return rv_err_name(err);
}
