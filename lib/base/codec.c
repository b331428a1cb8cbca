#include "base/codec.h"

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void rv_base64_encode(struct rv_buf *out, struct rv_str in)
{
	const unsigned char *p = (const unsigned char *)in.ptr;
	char *to = in.len / 3 < SIZE_MAX / 8 ? rv_buf_reserve(out, (in.len + 2) / 3 * 4) : NULL;
	size_t n = 0;

	if (to == NULL)
		return;
	for (size_t i = 0; i < in.len; i += 3) {
		size_t have = in.len - i < 3 ? in.len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 | (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (have > 2 ? p[i + 2] : 0);

		to[n++] = base64_digits[v >> 18];
		to[n++] = base64_digits[v >> 12 & 63];
		to[n++] = have > 1 ? base64_digits[v >> 6 & 63] : '=';
		to[n++] = have > 2 ? base64_digits[v & 63] : '=';
	}
	rv_buf_commit(out, n);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One significant character; false: it is wrong. Bits that the padding leaves over must be zero,
 * so that every byte string has exactly one text. */
static bool base64_feed(struct rv_base64 *s, char c)
{
	int value = base64_value(c);

	if (c == '=' && s->digits >= 2 && s->padding < 2) {
		if (s->padding == 0 && (s->bits & (s->digits == 2 ? 15 : 3)) != 0)
			return false;
		s->padding++;
		value = 0;
	} else if (value < 0 || s->padding > 0) {
		return false;
	}
	s->bits = s->bits << 6 | (uint32_t)value;
	s->digits++;
	return true;
}

int rv_base64_step(struct rv_base64 *s, char c, char out[static 3])
{
	if (c == '\r' || c == '\n')
		return 0;
	if ((s->digits == 0 && s->padding > 0) || !base64_feed(s, c))
		return RV_ESYNTAX;
	if (s->digits < 4)
		return 0;
	out[0] = (char)(s->bits >> 16);
	out[1] = (char)(s->bits >> 8);
	out[2] = (char)s->bits;
	s->digits = 0;
	s->bits = 0;
	return 3 - (int)s->padding;
}

bool rv_base64_is_complete(const struct rv_base64 *s)
{
	return s->digits == 0;
}

int rv_base64_decode(struct rv_buf *out, struct rv_str in, size_t *err_at)
{
	size_t len_before = out->len;
	struct rv_base64 s = { 0 };
	char bytes[3];
	size_t i;

	for (i = 0; i < in.len; i++) {
		int n = rv_base64_step(&s, in.ptr[i], bytes);

		if (n < 0)
			goto fail;
		rv_buf_put(out, bytes, (size_t)n);
	}
	if (!rv_base64_is_complete(&s))
		goto fail;
	if (out->err != RV_OK)
		out->len = len_before;
	return out->err;

fail:
	out->len = len_before;
	if (err_at != NULL)
		*err_at = i;
	return RV_ESYNTAX;
}

void rv_hex_encode(struct rv_buf *out, struct rv_str in)
{
	static const char digit[] = "0123456789abcdef";
	char *to = in.len <= SIZE_MAX / 2 ? rv_buf_reserve(out, in.len * 2) : NULL;

	if (to == NULL)
		return;
	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.ptr[i];
		to[2 * i] = digit[c >> 4];
		to[2 * i + 1] = digit[c & 15];
	}
	rv_buf_commit(out, in.len * 2);
}

int rv_hex_decode(struct rv_buf *out, struct rv_str in, size_t *err_at)
{
	char *to;
	size_t i;

	for (i = 0; i < in.len; i++)
		if (rv_hex_value(in.ptr[i]) < 0)
			break;
	if (i < in.len || in.len % 2 != 0) {
		if (err_at != NULL)
			*err_at = i;
		return RV_ESYNTAX;
	}
	to = rv_buf_reserve(out, in.len / 2);
	if (to == NULL)
		return out->err;
	for (i = 0; i < in.len / 2; i++)
		to[i] = (char)(rv_hex_value(in.ptr[2 * i]) << 4 | rv_hex_value(in.ptr[2 * i + 1]));
	rv_buf_commit(out, in.len / 2);
	return RV_OK;
}
