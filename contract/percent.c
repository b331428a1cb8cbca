#include "contract/percent.h"

#include <errno.h>
#include <string.h>

#include "base/codec.h"

void rv_percent_encode(struct rv_buf *out, struct rv_str in)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] != '\0' && strchr(plain, in.ptr[i]) != NULL)
			rv_buf_putc(out, in.ptr[i]);
		else
			rv_buf_printf(out, "%%%02X", (unsigned)(uint8_t)in.ptr[i]);
	}
}

int rv_percent_decode(struct rv_str in, struct rv_arena *arena, struct rv_str *out)
{
	char *bytes = rv_arena_alloc(arena, in.len + 1);
	size_t n = 0;

	if (bytes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < in.len; i++) {
		int high, low;

		if (in.ptr[i] != '%') {
			bytes[n++] = in.ptr[i];
			continue;
		}
		high = i + 2 < in.len ? rv_hex_value(in.ptr[i + 1]) : -1;
		low = high >= 0 ? rv_hex_value(in.ptr[i + 2]) : -1;
		if (low < 0)
			return RV_ESYNTAX;
		bytes[n++] = (char)(high << 4 | low);
		i += 2;
	}
	*out = rv_strn(bytes, n);
	return RV_OK;
}
