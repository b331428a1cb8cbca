#include "server/http/gate.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"

void rv_http_gate_init(struct rv_http_gate *gate, size_t body_max)
{
	*gate = (struct rv_http_gate){ .body_max = body_max };
	rv_buf_init(&gate->head, RV_HTTP_HEAD_MAX);
	gate->head.wipe = true; /* it holds the token */
}

void rv_http_gate_deinit(struct rv_http_gate *gate)
{
	rv_buf_deinit(&gate->head);
}

void rv_http_gate_next(struct rv_http_gate *gate)
{
	size_t body_max = gate->body_max;

	assert(gate->state == RV_HTTP_GATE_DONE);
	rv_http_gate_deinit(gate);
	rv_http_gate_init(gate, body_max);
}

static int refuse(struct rv_http_gate *gate, unsigned status, const char *reason)
{
	gate->state = RV_HTTP_GATE_REFUSED;
	gate->status = status;
	gate->reason = reason;
	return RV_EINVALID;
}

/* -- characters ------------------------------------------------------------------------------ */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool all_are(struct rv_str s, const char *set)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], set))
			return false;
	return true;
}

static bool is_token(struct rv_str s)
{
	return s.len > 0 && all_are(s, "!#$%&'*+-.^_`|~");
}

/* "http://host" in front of a path or query: there is a host, and no user (RFC 9110 4.2). */
static bool has_authority(struct rv_str s)
{
	struct rv_str rest = rv_str_sub(s, rv_str_find(s, ':') + 3, s.len);
	struct rv_str authority = rv_str_sub(rest, 0, rv_str_find(rest, '/'));

	authority.len = rv_str_find(authority, '?');
	return authority.len > 0 && rv_str_find(authority, '@') == authority.len;
}

/* RFC 3986: unreserved, reserved and '%', without the brackets and '#' that no path or query has.
 */
static bool is_target(struct rv_str s)
{
	bool is_absolute = rv_str_istarts(s, "http://") || rv_str_istarts(s, "https://");

	if (is_absolute ? !has_authority(s) : !rv_str_starts(s, "/") && !rv_str_is(s, "*"))
		return false;
	return all_are(s, "-._~:/?@!$&'()*+,;=%");
}

static bool is_host(struct rv_str s)
{
	return all_are(s, "-._~%!$&'()*+,;=:[]");
}

/* What a line may hold besides its end. */
static bool is_text(char c)
{
	return (unsigned char)c >= ' ' ? c != 0x7f : c == '\t';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t count(struct rv_str s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

/* -- lines ----------------------------------------------------------------------------------- */

static int request_line(struct rv_http_gate *gate, struct rv_str line)
{
	size_t first = rv_str_find(line, ' ');
	struct rv_str method = rv_str_sub(line, 0, first);
	struct rv_str rest = rv_str_sub(line, first + 1, line.len);
	size_t second = rv_str_find(rest, ' ');
	struct rv_str target = rv_str_sub(rest, 0, second);
	struct rv_str version = rv_str_sub(rest, second + 1, rest.len);

	if (!is_token(method))
		return refuse(gate, 400, "the request line has no method");
	if (!is_target(target))
		return refuse(gate, 400, "the request target is not a path");
	gate->parts = count(target, '&') + 1;
	if (gate->parts > RV_HTTP_PARTS_MAX)
		return refuse(gate, 414, "the query has too many fields");
	if (rv_str_is(version, "HTTP/1.0"))
		gate->is_http10 = true;
	else if (version.len == 8 && rv_str_starts(version, "HTTP/") && version.ptr[6] == '.' &&
		 version.ptr[5] >= '0' && version.ptr[5] <= '9' && version.ptr[7] >= '0' &&
		 version.ptr[7] <= '9' && !rv_str_is(version, "HTTP/1.1"))
		return refuse(gate, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	else if (!rv_str_is(version, "HTTP/1.1"))
		return refuse(gate, 400, "the request line does not end in an HTTP version");
	return RV_OK;
}

static int length_field(struct rv_http_gate *gate, struct rv_str value)
{
	if (gate->has_length)
		return refuse(gate, 400, "Content-Length stands there twice");
	gate->has_length = true;
	if (value.len == 0 || !rv_str_is_ascii(value, NULL))
		return refuse(gate, 400, "Content-Length is not a number");
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return refuse(gate, 400, "Content-Length is not a number");
	if (!rv_str_to_u64(value, gate->body_max, &gate->length))
		return refuse(gate, 413, "the body is longer than allowed");
	return RV_OK;
}

static int coding_field(struct rv_http_gate *gate, struct rv_str value)
{
	if (gate->has_chunks)
		return refuse(gate, 400, "Transfer-Encoding stands there twice");
	gate->has_chunks = true;
	if (!rv_str_is(value, "chunked"))
		return refuse(gate, 400, "the only transfer coding known here is \"chunked\"");
	return RV_OK;
}

/* `seen` remembers fields that may stand in a head once only. */
static int single_field(struct rv_http_gate *gate, bool *seen, const char *reason)
{
	if (*seen)
		return refuse(gate, 400, reason);
	*seen = true;
	return RV_OK;
}

static int known_field(struct rv_http_gate *gate, struct rv_str name, struct rv_str value)
{
	if (rv_str_ieq(name, rv_str("content-length")))
		return length_field(gate, value);
	if (rv_str_ieq(name, rv_str("transfer-encoding")))
		return coding_field(gate, value);
	if (rv_str_ieq(name, rv_str("host"))) {
		if (!is_host(value))
			return refuse(gate, 400, "Host is not a host");
		return single_field(gate, &gate->has_host, "Host stands there twice");
	}
	if (rv_str_ieq(name, rv_str("authorization")))
		return single_field(gate, &gate->has_authorization,
				    "Authorization stands there twice");
	if (rv_str_ieq(name, rv_str("cookie"))) {
		gate->parts += count(value, ';') + 1;
		if (gate->parts > RV_HTTP_PARTS_MAX)
			return refuse(gate, 431, "there are too many cookies");
	}
	return RV_OK;
}

/* Blanks behind a value do not belong to it (RFC 9112 5.1), but libmicrohttpd takes them for a
 * part of it: it would not know "chunked " nor "5 ". */
static void drop_last_blanks(struct rv_http_gate *gate)
{
	size_t end = gate->head.len - 2;

	while (is_blank(gate->head.ptr[end - 1])) /* at the latest, the colon ends it */
		end--;
	memcpy(gate->head.ptr + end, "\r\n", 2);
	gate->head.len = end + 2;
}

static int field_line(struct rv_http_gate *gate, struct rv_str line, bool is_trailer)
{
	size_t colon = rv_str_find(line, ':');
	struct rv_str name = rv_str_sub(line, 0, colon);
	int err;

	if (++gate->fields > RV_HTTP_FIELDS_MAX)
		return refuse(gate, 431, "there are too many header lines");
	if (colon == line.len)
		return refuse(gate, 400, "a header line has no colon");
	if (!is_token(name)) /* also a blank before the colon, and a folded line */
		return refuse(gate, 400, "a header line does not begin with a name");
	if (is_trailer) /* dropped, so that none can change what the head said */
		return RV_OK;
	err = known_field(gate, name, rv_str_trim(rv_str_sub(line, colon + 1, line.len)));
	if (err == RV_OK)
		drop_last_blanks(gate);
	return err;
}

/* What follows a head that is complete. */
static int end_head(struct rv_http_gate *gate, struct rv_buf *out)
{
	if (!gate->has_host && !gate->is_http10)
		return refuse(gate, 400, "Host is missing");
	if (gate->has_length && gate->has_chunks)
		return refuse(gate, 400, "there are both Content-Length and Transfer-Encoding");
	if (gate->has_chunks && gate->is_http10)
		return refuse(gate, 400, "HTTP/1.0 has no chunks");
	rv_buf_put_str(out, rv_buf_str(&gate->head));
	rv_buf_clear(&gate->head);
	if (gate->has_chunks)
		gate->state = RV_HTTP_GATE_CHUNK_SIZE;
	else
		gate->state = gate->length > 0 ? RV_HTTP_GATE_LENGTH : RV_HTTP_GATE_DONE;
	gate->fields = 0;
	gate->digits = 0;
	gate->line = 0;
	return RV_OK;
}

static int end_trailer(struct rv_http_gate *gate, struct rv_buf *out)
{
	rv_buf_puts(out, "0\r\n\r\n");
	gate->state = RV_HTTP_GATE_DONE;
	return RV_OK;
}

static int end_line(struct rv_http_gate *gate, struct rv_buf *out)
{
	struct rv_str line = rv_str_sub(rv_buf_str(&gate->head), gate->line,
					gate->head.len - gate->line - 2);
	bool is_trailer = gate->state == RV_HTTP_GATE_TRAILER;
	int err;

	if (gate->line == 0 && !is_trailer)
		err = request_line(gate, line);
	else if (line.len > 0)
		err = field_line(gate, line, is_trailer);
	else
		return is_trailer ? end_trailer(gate, out) : end_head(gate, out);
	gate->line = gate->head.len;
	return err;
}

/* One byte of a head or a trailer. */
static int line_byte(struct rv_http_gate *gate, char c, struct rv_buf *out)
{
	struct rv_str have = rv_buf_str(&gate->head);
	bool after_cr = have.len > gate->line && have.ptr[have.len - 1] == '\r';

	if (after_cr != (c == '\n'))
		return refuse(gate, 400,
			      c == '\n' ? "a line ends in LF without CR"
					: "there is a CR inside of a line");
	if (c != '\r' && c != '\n' && !is_text(c))
		return refuse(gate, 400, "there is a control character in a line");
	rv_buf_putc(&gate->head, c);
	if (gate->head.err == RV_ELIMIT)
		return refuse(gate, 431, "the header lines are too long");
	if (gate->head.err != RV_OK) {
		(void)refuse(gate, 0, "out of memory");
		return gate->head.err;
	}
	return after_cr ? end_line(gate, out) : RV_OK;
}

/* One empty line may precede a request (RFC 9112 2.2); `digits` counts its bytes. */
static int start_byte(struct rv_http_gate *gate, char c, struct rv_buf *out)
{
	if ((gate->digits == 0 && c == '\r') || (gate->digits == 1 && c == '\n')) {
		gate->digits++;
		return RV_OK;
	}
	if (gate->digits == 1)
		return refuse(gate, 400, "there is a CR inside of a line");
	gate->state = RV_HTTP_GATE_HEAD;
	return line_byte(gate, c, out);
}

/* -- chunks ---------------------------------------------------------------------------------- */

static int size_byte(struct rv_http_gate *gate, char c)
{
	int value = rv_hex_value(c);

	if (value >= 0 && gate->digits < RV_HTTP_CHUNK_DIGITS) {
		gate->length = gate->digits++ == 0 ? (uint64_t)value
						   : gate->length << 4 | (uint64_t)value;
		return RV_OK;
	}
	if (value >= 0)
		return refuse(gate, 400, "a chunk size has too many digits");
	if (gate->digits == 0)
		return refuse(gate, 400, "a chunk has no size");
	if (c != '\r' && c != ';')
		return refuse(gate, 400, "a chunk size is not a hexadecimal number");
	if (gate->length > gate->body_max - gate->body)
		return refuse(gate, 413, "the body is longer than allowed");
	gate->body += gate->length;
	gate->state = c == '\r' ? RV_HTTP_GATE_CHUNK_LF : RV_HTTP_GATE_CHUNK_EXT;
	gate->digits = 0;
	return RV_OK;
}

static int ext_byte(struct rv_http_gate *gate, char c)
{
	if (c == '\r') {
		gate->state = RV_HTTP_GATE_CHUNK_LF;
		return RV_OK;
	}
	if (!is_text(c))
		return refuse(gate, 400, "there is a control character in a chunk extension");
	if (++gate->digits > RV_HTTP_CHUNK_EXT_MAX)
		return refuse(gate, 400, "a chunk extension is too long");
	return RV_OK;
}

static int size_end_byte(struct rv_http_gate *gate, char c, struct rv_buf *out)
{
	if (c != '\n')
		return refuse(gate, 400, "a chunk size is not followed by CR LF");
	gate->digits = 0;
	if (gate->length == 0) {
		gate->head.max = RV_HTTP_TRAILER_MAX;
		gate->state = RV_HTTP_GATE_TRAILER;
		return RV_OK;
	}
	rv_buf_printf(out, "%llx\r\n", (unsigned long long)gate->length);
	gate->state = RV_HTTP_GATE_CHUNK_DATA;
	return RV_OK;
}

static int data_end_byte(struct rv_http_gate *gate, char c, struct rv_buf *out)
{
	bool is_cr = gate->state == RV_HTTP_GATE_CHUNK_CR;

	if (c != (is_cr ? '\r' : '\n'))
		return refuse(gate, 400, "chunk data is not followed by CR LF");
	gate->state = is_cr ? RV_HTTP_GATE_CHUNK_END_LF : RV_HTTP_GATE_CHUNK_SIZE;
	if (!is_cr)
		rv_buf_puts(out, "\r\n");
	return RV_OK;
}

/* -- all together ---------------------------------------------------------------------------- */

static size_t pass_data(struct rv_http_gate *gate, struct rv_str in, struct rv_buf *out)
{
	size_t len = in.len < gate->length ? in.len : (size_t)gate->length;

	rv_buf_put(out, in.ptr, len);
	gate->length -= len;
	if (gate->length == 0)
		gate->state = gate->state == RV_HTTP_GATE_LENGTH ? RV_HTTP_GATE_DONE
								 : RV_HTTP_GATE_CHUNK_CR;
	return len;
}

static int byte(struct rv_http_gate *gate, char c, struct rv_buf *out)
{
	switch (gate->state) {
	case RV_HTTP_GATE_START:
		return start_byte(gate, c, out);
	case RV_HTTP_GATE_HEAD:
	case RV_HTTP_GATE_TRAILER:
		return line_byte(gate, c, out);
	case RV_HTTP_GATE_CHUNK_SIZE:
		return size_byte(gate, c);
	case RV_HTTP_GATE_CHUNK_EXT:
		return ext_byte(gate, c);
	case RV_HTTP_GATE_CHUNK_LF:
		return size_end_byte(gate, c, out);
	case RV_HTTP_GATE_CHUNK_CR:
	case RV_HTTP_GATE_CHUNK_END_LF:
		return data_end_byte(gate, c, out);
	case RV_HTTP_GATE_LENGTH:
	case RV_HTTP_GATE_CHUNK_DATA:
	case RV_HTTP_GATE_DONE:
	case RV_HTTP_GATE_REFUSED:
		break;
	}
	assert(false); /* feed() handles these */
	return RV_EINVALID;
}

static bool is_data(const struct rv_http_gate *gate)
{
	return gate->state == RV_HTTP_GATE_LENGTH || gate->state == RV_HTTP_GATE_CHUNK_DATA;
}

int rv_http_gate_feed(struct rv_http_gate *gate, struct rv_str in, size_t *used, struct rv_buf *out)
{
	size_t i = 0;
	int err = gate->state == RV_HTTP_GATE_REFUSED ? RV_EINVALID : RV_OK;

	while (err == RV_OK && i < in.len && gate->state != RV_HTTP_GATE_DONE) {
		if (is_data(gate))
			i += pass_data(gate, rv_str_sub(in, i, in.len), out);
		else
			err = byte(gate, in.ptr[i++], out);
		if (err == RV_OK && out->err != RV_OK) {
			(void)refuse(gate, 0, "out of memory");
			err = out->err;
		}
	}
	*used = i;
	return err;
}
