#include "app/roster_priv.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"

enum { NUMBERS_LEN = 2 + 1 + 4 + 8 + 8 };

static void put_text(struct rv_buf *out, const char *text)
{
	size_t len = strlen(text);

	assert(len <= UINT8_MAX);
	rv_buf_putc(out, (char)len);
	rv_buf_put(out, text, len);
}

void rv_roster_encode(const struct rv_duty_info *info, struct rv_buf *out)
{
	uint8_t numbers[NUMBERS_LEN];

	rv_put_be16(numbers, (uint16_t)info->instance);
	numbers[2] = (uint8_t)info->run;
	rv_put_be32(numbers + 3, (uint32_t)info->pid);
	rv_put_be64(numbers + 7, info->restarts);
	rv_put_be64(numbers + 15, (uint64_t)info->started_us);
	put_text(out, info->name);
	rv_buf_put(out, numbers, sizeof(numbers));
	put_text(out, info->note);
}

/* A text of at most size - 1 bytes off the front of *rest. */
static int get_text(struct rv_str *rest, char *out, size_t size)
{
	size_t len;

	if (rest->len < 1)
		return RV_ESYNTAX;
	len = (uint8_t)rest->ptr[0];
	if (len > rest->len - 1 || !rv_str_copy(rv_str_sub(*rest, 1, len), out, size))
		return RV_ESYNTAX;
	*rest = rv_str_sub(*rest, 1 + len, rest->len);
	return RV_OK;
}

static int decode_entry(struct rv_str *rest, struct rv_duty_info *out)
{
	struct rv_duty_info info = { 0 };
	const uint8_t *p;
	int err = get_text(rest, info.name, sizeof(info.name));

	if (err != RV_OK)
		return err;
	if (rest->len < NUMBERS_LEN)
		return RV_ESYNTAX;
	p = (const uint8_t *)rest->ptr;
	if (p[2] > RV_DUTY_STOPPING)
		return RV_ESYNTAX;
	info.instance = rv_be16(p);
	info.run = (enum rv_duty_run)p[2];
	info.pid = (int)rv_be32(p + 3);
	info.restarts = rv_be64(p + 7);
	info.started_us = (int64_t)rv_be64(p + 15);
	*rest = rv_str_sub(*rest, NUMBERS_LEN, rest->len);
	err = get_text(rest, info.note, sizeof(info.note));
	if (err == RV_OK)
		*out = info;
	return err;
}

int rv_roster_decode(struct rv_str body, struct rv_duty_info *list, size_t max, size_t *out_n)
{
	size_t n = 0;

	while (body.len > 0) {
		int err;

		if (n == max)
			return RV_ELIMIT;
		err = decode_entry(&body, &list[n++]);
		if (err != RV_OK)
			return err;
	}
	*out_n = n;
	return RV_OK;
}
