#include "base/jsonw.h"

#include <assert.h>
#include <inttypes.h>

#include "base/codec.h"
#include "base/time.h"

void rv_jsonw_init(struct rv_jsonw *w, struct rv_buf *out)
{
	*w = (struct rv_jsonw){ .out = out };
}

/* What stands between the last thing written and the value that follows. */
static void before_value(struct rv_jsonw *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->has_item[w->depth])
		rv_buf_putc(w->out, ',');
	w->has_item[w->depth] = true;
}

static void open_level(struct rv_jsonw *w, char bracket)
{
	before_value(w);
	rv_buf_putc(w->out, bracket);
	assert(w->depth + 1 < RV_JSONW_DEPTH);
	w->has_item[++w->depth] = false;
}

static void close_level(struct rv_jsonw *w, char bracket)
{
	assert(w->depth > 0);
	assert(!w->after_key);
	w->depth--;
	rv_buf_putc(w->out, bracket);
}

void rv_jsonw_object(struct rv_jsonw *w)
{
	open_level(w, '{');
}

void rv_jsonw_end_object(struct rv_jsonw *w)
{
	close_level(w, '}');
}

void rv_jsonw_array(struct rv_jsonw *w)
{
	open_level(w, '[');
}

void rv_jsonw_end_array(struct rv_jsonw *w)
{
	close_level(w, ']');
}

static void put_escaped(struct rv_buf *out, char c)
{
	switch (c) {
	case '"':
	case '\\':
		rv_buf_putc(out, '\\');
		rv_buf_putc(out, c);
		break;
	case '\n':
		rv_buf_puts(out, "\\n");
		break;
	case '\r':
		rv_buf_puts(out, "\\r");
		break;
	case '\t':
		rv_buf_puts(out, "\\t");
		break;
	default:
		rv_buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
	}
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static void put_quoted(struct rv_buf *out, struct rv_str s)
{
	size_t i = 0;

	rv_buf_putc(out, '"');
	while (i < s.len) {
		size_t start = i, len = 1;

		while (i < s.len && is_plain(s.ptr[i]) &&
		       (len = rv_str_utf8_len(rv_str_sub(s, i, s.len))) > 0)
			i += len;
		rv_buf_put(out, s.ptr + start, i - start);
		if (i == s.len)
			break;
		if (is_plain(s.ptr[i]))
			rv_buf_puts(out, "\xef\xbf\xbd"); /* U+FFFD */
		else
			put_escaped(out, s.ptr[i]);
		i++;
	}
	rv_buf_putc(out, '"');
}

void rv_jsonw_key(struct rv_jsonw *w, const char *key)
{
	assert(w->depth > 0);
	before_value(w);
	put_quoted(w->out, rv_str(key));
	rv_buf_putc(w->out, ':');
	w->after_key = true;
}

void rv_jsonw_str(struct rv_jsonw *w, struct rv_str s)
{
	before_value(w);
	put_quoted(w->out, s);
}

void rv_jsonw_i64(struct rv_jsonw *w, int64_t v)
{
	before_value(w);
	rv_buf_printf(w->out, "%" PRId64, v);
}

void rv_jsonw_u64(struct rv_jsonw *w, uint64_t v)
{
	before_value(w);
	rv_buf_printf(w->out, "%" PRIu64, v);
}

void rv_jsonw_bool(struct rv_jsonw *w, bool v)
{
	before_value(w);
	rv_buf_puts(w->out, v ? "true" : "false");
}

void rv_jsonw_null(struct rv_jsonw *w)
{
	before_value(w);
	rv_buf_puts(w->out, "null");
}

void rv_jsonw_base64(struct rv_jsonw *w, struct rv_str bytes)
{
	before_value(w);
	rv_buf_putc(w->out, '"');
	rv_base64_encode(w->out, bytes);
	rv_buf_putc(w->out, '"');
}

void rv_jsonw_time(struct rv_jsonw *w, int64_t utc_us)
{
	char text[RV_TIME_TEXT_LEN + 1];

	rv_time_format(utc_us, text);
	rv_jsonw_str(w, rv_str(text));
}
