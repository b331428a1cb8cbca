#include "verify/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/armshttp/framing.h"
#include "proto/armsxml/parse.h"

#define MESSAGE_END "</arms-message>"

void verify_request_init(struct verify_request *req)
{
	*req = (struct verify_request){ 0 };
	rv_buf_init(&req->bytes, VERIFY_REQUEST_MAX);
	req->bytes.wipe = true;
}

void verify_request_deinit(struct verify_request *req)
{
	rv_wipe(&req->credentials, sizeof(req->credentials));
	rv_arena_wipe(&req->arena);
	rv_buf_deinit(&req->bytes);
}

/* Offset behind the first `what`, or 0. */
static size_t behind(struct rv_str text, const char *what)
{
	const char *at = text.len > 0 ? memmem(text.ptr, text.len, what, strlen(what)) : NULL;

	return at != NULL ? (size_t)(at - text.ptr) + strlen(what) : 0;
}

/* The end of a chunked request is behind its last chunk, which comes with the end tag or never. */
static size_t skip_last_chunk(struct rv_str rest)
{
	return rv_str_starts(rest, "\r\n0\r\n\r\n") ? strlen("\r\n0\r\n\r\n") : 0;
}

int verify_request_feed(struct verify_request *req, struct rv_str piece, size_t *extra)
{
	struct rv_str all;
	size_t end;

	if (piece.len > VERIFY_REQUEST_MAX - req->bytes.len)
		return RV_ELIMIT;
	rv_buf_put_str(&req->bytes, piece);
	if (req->bytes.err != RV_OK)
		return req->bytes.err;
	all = rv_buf_str(&req->bytes);
	end = behind(all, MESSAGE_END);
	if (end == 0)
		return RV_EMORE;
	end += skip_last_chunk(rv_str_sub(all, end, all.len));
	*extra = all.len - end;
	return RV_OK;
}

/* -- the head ------------------------------------------------------------------------------- */

/* Cut the next line off *rest, without its end. */
static struct rv_str take_line(struct rv_str *rest)
{
	size_t at = rv_str_find(*rest, '\n');
	struct rv_str line = rv_str_sub(*rest, 0, at);

	*rest = rv_str_sub(*rest, at + 1, rest->len);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct rv_str take_word(struct rv_str *line)
{
	size_t at = rv_str_find(*line, ' ');
	struct rv_str word = rv_str_sub(*line, 0, at);

	*line = rv_str_sub(*line, at + 1, line->len);
	return word;
}

static void read_head(struct verify_request *req, struct rv_str *rest)
{
	struct rv_str line = take_line(rest);
	struct rv_str begin = *rest;

	req->method = take_word(&line);
	req->path = take_word(&line);
	req->version = line;
	while (rest->len > 0) {
		struct verify_header header;

		req->head = rv_strn(begin.ptr, (size_t)(rest->ptr - begin.ptr));
		line = take_line(rest);
		if (line.len == 0)
			return;
		header.name = rv_str_sub(line, 0, rv_str_find(line, ':'));
		header.value = rv_str_trim(rv_str_sub(line, header.name.len + 1, line.len));
		if (req->header_count < VERIFY_HEADERS_MAX)
			req->headers[req->header_count++] = header;
	}
	req->head = begin;
}

bool verify_request_header(const struct verify_request *req, const char *name, struct rv_str *value)
{
	for (size_t i = 0; i < req->header_count; i++) {
		if (rv_str_ieq(req->headers[i].name, rv_str(name))) {
			*value = req->headers[i].value;
			return true;
		}
	}
	return false;
}

/* -- the body ------------------------------------------------------------------------------- */

/* What can be decoded of it. -ENOMEM. */
static int dechunk(struct verify_request *req, struct rv_str in)
{
	struct rv_armshttp_chunks chunks = { 0 };
	struct rv_armshttp_line line = { .is_lenient = true, .is_complete = true };
	enum rv_armshttp_event event = RV_ARMSHTTP_MORE;
	char *to = rv_arena_alloc(&req->arena, in.len + 1);
	size_t len = 0;

	if (to == NULL)
		return -ENOMEM;
	while (in.len > 0 && event != RV_ARMSHTTP_END) {
		struct rv_str body = { 0 };
		size_t used = 0;

		if (rv_armshttp_chunks_feed(&chunks, &line, in, &used, &event, &body) != RV_OK)
			break;
		if (event == RV_ARMSHTTP_BODY) {
			memcpy(to + len, body.ptr, body.len);
			len += body.len;
		} else if (event == RV_ARMSHTTP_MORE) {
			break;
		}
		in = rv_str_sub(in, used, in.len);
	}
	req->body = rv_strn(to, len);
	return RV_OK;
}

static bool is_chunked(const struct verify_request *req)
{
	struct rv_str coding;

	return verify_request_header(req, "transfer-encoding", &coding) &&
	       rv_str_istarts(coding, "chunked");
}

static int read_message(struct verify_request *req)
{
	size_t end = behind(req->body, MESSAGE_END);
	struct rv_str xml = end > 0 ? rv_str_sub(req->body, 0, end) : req->body;
	struct rv_diag diag = { 0 };
	int err = rv_armsxml_parse_request(&req->arena, rv_str_trim(xml), &req->message, &diag);

	if (err == -ENOMEM)
		return err;
	req->is_message = err == RV_OK;
	snprintf(req->fault, sizeof(req->fault), "%s", diag.text);
	return RV_OK;
}

int verify_request_read(struct verify_request *req)
{
	struct rv_str rest = rv_buf_str(&req->bytes);
	struct rv_str value;
	int err = RV_OK;

	read_head(req, &rest);
	req->body = rest;
	if (is_chunked(req))
		err = dechunk(req, rest);
	if (err == RV_OK)
		err = read_message(req);
	if (err == RV_OK && verify_request_header(req, "authorization", &value))
		req->has_credentials = rv_armshttp_basic_decode(value, &req->credentials) == RV_OK;
	return err;
}

/* -- tags ----------------------------------------------------------------------------------- */

static void put_tag(struct rv_str tag, struct rv_buf *out)
{
	struct rv_str name = rv_str_sub(tag, 1, tag.len);

	if (tag.ptr[1] == '?' || tag.ptr[1] == '!')
		return;
	if (tag.ptr[tag.len - 1] != '/') {
		rv_buf_put_str(out, tag);
		rv_buf_putc(out, '>');
		return;
	}
	rv_buf_put_str(out, rv_str_trim(rv_str_sub(tag, 0, tag.len - 1)));
	name = rv_str_sub(name, 0, name.len - 1);
	name = rv_str_sub(name, 0, rv_str_find(name, ' '));
	rv_buf_puts(out, "></");
	rv_buf_put_str(out, name);
	rv_buf_putc(out, '>');
}

void verify_request_tags(struct rv_str xml, struct rv_buf *out)
{
	while (xml.len > 0) {
		size_t from = rv_str_find(xml, '<');
		struct rv_str tag = rv_str_sub(xml, from, xml.len);

		tag = rv_str_sub(tag, 0, rv_str_find(tag, '>'));
		if (tag.len > 1)
			put_tag(tag, out);
		xml = rv_str_sub(xml, from + tag.len, xml.len);
		if (xml.len > 0)
			xml = rv_str_sub(xml, 1, xml.len);
	}
}
