#include "proto/armshttp/basic.h"

#include <stdbool.h>
#include <string.h>

#include "base/codec.h"

void rv_armshttp_basic_encode(struct rv_buf *out, struct rv_str user, struct rv_str password)
{
	struct rv_buf plain = { .wipe = true };

	rv_buf_put_str(&plain, user);
	rv_buf_putc(&plain, ':');
	rv_buf_put_str(&plain, password);
	if (plain.err != RV_OK && out->err == RV_OK)
		out->err = plain.err;
	rv_buf_puts(out, "Basic ");
	rv_base64_encode(out, rv_buf_str(&plain));
	rv_buf_deinit(&plain);
}

/* The bytes behind `text`; at most `size`. Returns their number or an error. */
static int decode(struct rv_str text, char *bytes, size_t size)
{
	struct rv_base64 state = { 0 };
	size_t len = 0;
	char group[3];

	for (size_t i = 0; i < text.len; i++) {
		int n = rv_base64_step(&state, text.ptr[i], group);

		if (n < 0)
			return n;
		if ((size_t)n > size - len)
			return RV_ELIMIT;
		memcpy(bytes + len, group, (size_t)n);
		len += (size_t)n;
	}
	return rv_base64_is_complete(&state) ? (int)len : RV_ESYNTAX;
}

int rv_armshttp_basic_decode(struct rv_str value, struct rv_armshttp_credentials *out)
{
	static const char scheme[] = "Basic ";
	char plain[RV_ARMSHTTP_USER_MAX + 1 + RV_ARMSHTTP_PASSWORD_MAX];
	struct rv_armshttp_credentials found = { 0 };
	int r;

	value = rv_str_trim(value);
	if (!rv_str_istarts(value, scheme))
		return RV_EUNSUPPORTED;
	r = decode(rv_str_trim(rv_str_sub(value, sizeof(scheme) - 1, value.len)), plain,
		   sizeof(plain));
	if (r >= 0) {
		struct rv_str both = rv_strn(plain, (size_t)r);
		size_t colon = rv_str_find(both, ':');
		struct rv_str user = rv_str_sub(both, 0, colon);
		struct rv_str password = rv_str_sub(both, colon + 1, both.len);

		r = RV_OK;
		if (colon == both.len || rv_str_find(both, '\0') < both.len)
			r = RV_ESYNTAX;
		else if (!rv_str_copy(user, found.user, sizeof(found.user)) ||
			 !rv_str_copy(password, found.password, sizeof(found.password)))
			r = RV_ELIMIT;
		else
			*out = found;
	}
	rv_wipe(plain, sizeof(plain));
	rv_wipe(&found, sizeof(found));
	return r;
}
