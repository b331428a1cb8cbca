#include "proto/armshttp/server.h"

#include <assert.h>

enum { AT_REQUEST_LINE, IN_FIELDS, IN_LENGTH_BODY, IN_CHUNKED_BODY, AT_END, FAILED };

enum { SEEN_LENGTH = 1, SEEN_CODING = 2, SEEN_AUTHORIZATION = 4 };

void rv_armshttp_request_init(struct rv_armshttp_request *req, size_t body_max)
{
	*req = (struct rv_armshttp_request){ .body_max = body_max };
}

void rv_armshttp_request_deinit(struct rv_armshttp_request *req)
{
	if (req == NULL)
		return;
	rv_wipe(req, sizeof(*req)); /* the line buffer has held the Authorization header, too */
}

static int refuse(struct rv_armshttp_request *req, int err, unsigned status, const char *reason)
{
	req->state = FAILED;
	req->err = err;
	req->status = status;
	req->reason = reason;
	return err;
}

static bool is_token(struct rv_str s)
{
	static const struct rv_str marks = { "!#$%&'*+-.^_`|~", 15 };

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z');

		if (!is_alnum && rv_str_find(marks, c) == marks.len)
			return false;
	}
	return s.len > 0;
}

/* POST SP /path SP HTTP/1.x */
static int take_request_line(struct rv_armshttp_request *req, struct rv_str line)
{
	size_t at = rv_str_find(line, ' ');
	struct rv_str method = rv_str_sub(line, 0, at);
	struct rv_str rest = rv_str_sub(line, at + 1, line.len);
	struct rv_str path = rv_str_sub(rest, 0, rv_str_find(rest, ' '));
	struct rv_str version = rv_str_sub(rest, path.len + 1, rest.len);

	if (!is_token(method) || !rv_str_starts(path, "/") || !rv_str_starts(version, "HTTP/"))
		return refuse(req, RV_ESYNTAX, 400, "malformed request line");
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] <= ' ' || path.ptr[i] > '~')
			return refuse(req, RV_ESYNTAX, 400, "malformed path");
	if (!rv_str_is(method, "POST"))
		return refuse(req, RV_EUNSUPPORTED, 405, "only POST is served here");
	if (!rv_str_is(version, "HTTP/1.0") && !rv_str_is(version, "HTTP/1.1"))
		return refuse(req, RV_EUNSUPPORTED, 505, "only HTTP/1.0 and HTTP/1.1 are spoken");
	if (!rv_str_copy(path, req->head.path, sizeof(req->head.path)))
		return refuse(req, RV_ELIMIT, 414, "path too long");
	req->head.minor = version.ptr[version.len - 1] == '1' ? 1 : 0;
	req->state = IN_FIELDS;
	return RV_OK;
}

static int take_length(struct rv_armshttp_request *req, struct rv_str value)
{
	uint64_t n;

	if (!rv_str_to_u64(value, SIZE_MAX, &n))
		return refuse(req, RV_ESYNTAX, 400, "Content-Length is no number");
	if (n > req->body_max)
		return refuse(req, RV_ELIMIT, 413, "body too large");
	req->head.content_length = (size_t)n;
	return RV_OK;
}

static int take_coding(struct rv_armshttp_request *req, struct rv_str value)
{
	if (!rv_str_ieq(value, RV_STR_LIT("chunked")))
		return refuse(req, RV_EUNSUPPORTED, 501, "the only transfer coding is chunked");
	if (req->head.minor == 0)
		return refuse(req, RV_ESYNTAX, 400, "Transfer-Encoding in HTTP/1.0");
	req->head.is_chunked = true;
	return RV_OK;
}

/* A header that cannot be read is like none: who asks is then unknown, not malformed. */
static int take_authorization(struct rv_armshttp_request *req, struct rv_str value)
{
	req->head.has_credentials = rv_armshttp_basic_decode(value, &req->head.credentials) ==
				    RV_OK;
	return RV_OK;
}

static const struct {
	struct rv_str name;
	unsigned seen;
	int (*take)(struct rv_armshttp_request *req, struct rv_str value);
} fields[] = {
	{ { "Content-Length", 14 }, SEEN_LENGTH, take_length },
	{ { "Transfer-Encoding", 17 }, SEEN_CODING, take_coding },
	{ { "Authorization", 13 }, SEEN_AUTHORIZATION, take_authorization },
};

static int take_field(struct rv_armshttp_request *req, struct rv_str line)
{
	size_t colon = rv_str_find(line, ':');
	struct rv_str name = rv_str_sub(line, 0, colon);
	struct rv_str value = rv_str_trim(rv_str_sub(line, colon + 1, line.len));

	if (colon == line.len || !is_token(name))
		return refuse(req, RV_ESYNTAX, 400, "malformed header line");
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.ptr[i] < ' ' && value.ptr[i] != '\t') ||
		    value.ptr[i] == '\x7f')
			return refuse(req, RV_ESYNTAX, 400, "control character in a header line");
	for (size_t i = 0; i < RV_ARRAY_LEN(fields); i++) {
		if (!rv_str_ieq(name, fields[i].name))
			continue;
		if ((req->seen & fields[i].seen) != 0)
			return refuse(req, RV_ESYNTAX, 400, "header given twice");
		req->seen |= fields[i].seen;
		return fields[i].take(req, value);
	}
	return RV_OK;
}

static int take_end_of_head(struct rv_armshttp_request *req)
{
	unsigned framing = req->seen & (SEEN_LENGTH | SEEN_CODING);

	if (framing == (SEEN_LENGTH | SEEN_CODING))
		return refuse(req, RV_ESYNTAX, 400, "both Content-Length and Transfer-Encoding");
	if (framing == 0)
		return refuse(req, RV_ESYNTAX, 411, "the length of the body is missing");
	req->state = framing == SEEN_LENGTH ? IN_LENGTH_BODY : IN_CHUNKED_BODY;
	return RV_OK;
}

static int feed_head(struct rv_armshttp_request *req, struct rv_str in, size_t *used,
		     enum rv_armshttp_event *event)
{
	size_t at = 0;

	while (req->state == AT_REQUEST_LINE || req->state == IN_FIELDS) {
		size_t n = 0;
		int r = rv_armshttp_line_feed(&req->line, rv_str_sub(in, at, in.len), &n);
		struct rv_str line = rv_strn(req->line.text, req->line.len);

		if (r == RV_EMORE) {
			*used = in.len;
			*event = RV_ARMSHTTP_MORE;
			return RV_OK;
		}
		if (r == RV_ELIMIT || ++req->line_count > RV_ARMSHTTP_HEADER_LINES_MAX)
			return refuse(req, RV_ELIMIT, 431, "header too long");
		if (r < 0)
			return refuse(req, r, 400, "malformed line end or NUL in the header");
		at += n;
		if (req->state == AT_REQUEST_LINE)
			r = take_request_line(req, line);
		else
			r = line.len > 0 ? take_field(req, line) : take_end_of_head(req);
		if (r < 0)
			return r;
	}
	*used = at;
	*event = RV_ARMSHTTP_HEAD;
	return RV_OK;
}

static int feed_length_body(struct rv_armshttp_request *req, struct rv_str in, size_t *used,
			    enum rv_armshttp_event *event, struct rv_str *body)
{
	size_t left = req->head.content_length - req->body_bytes;

	if (left == 0) {
		req->state = AT_END;
		*event = RV_ARMSHTTP_END;
		*used = 0;
		return RV_OK;
	}
	*event = RV_ARMSHTTP_MORE;
	*used = 0;
	if (in.len > 0) {
		*body = rv_str_sub(in, 0, left);
		req->body_bytes += body->len;
		*used = body->len;
		*event = RV_ARMSHTTP_BODY;
	}
	return RV_OK;
}

static int feed_chunked_body(struct rv_armshttp_request *req, struct rv_str in, size_t *used,
			     enum rv_armshttp_event *event, struct rv_str *body)
{
	enum rv_armshttp_event found = RV_ARMSHTTP_MORE;
	struct rv_str piece = { 0 };
	size_t n = 0;
	int r = rv_armshttp_chunks_feed(&req->chunks, &req->line, in, &n, &found, &piece);

	if (r == RV_ELIMIT)
		return refuse(req, r, 413, "chunk too large");
	if (r < 0)
		return refuse(req, r, 400, "malformed chunk");
	if (piece.len > req->body_max - req->body_bytes)
		return refuse(req, RV_ELIMIT, 413, "body too large");
	req->body_bytes += piece.len;
	if (found == RV_ARMSHTTP_BODY)
		*body = piece;
	if (found == RV_ARMSHTTP_END)
		req->state = AT_END;
	*used = n;
	*event = found;
	return RV_OK;
}

int rv_armshttp_request_feed(struct rv_armshttp_request *req, struct rv_str in, size_t *used,
			     enum rv_armshttp_event *event, struct rv_str *body)
{
	switch (req->state) {
	case AT_REQUEST_LINE:
	case IN_FIELDS:
		return feed_head(req, in, used, event);
	case IN_LENGTH_BODY:
		return feed_length_body(req, in, used, event, body);
	case IN_CHUNKED_BODY:
		return feed_chunked_body(req, in, used, event, body);
	case AT_END:
		*used = 0;
		*event = RV_ARMSHTTP_END;
		return RV_OK;
	default:
		assert(req->state == FAILED);
		return req->err;
	}
}
