#include "proto/armshttp/client.h"

#include <assert.h>

#include "proto/armshttp/basic.h"

enum { AT_STATUS_LINE, IN_FIELDS, IN_PLAIN_BODY, IN_CHUNKED_BODY, AT_END, FAILED };

static void put_authorization(struct rv_buf *out, struct rv_str user, struct rv_str password)
{
	rv_buf_puts(out, "Authorization: ");
	rv_armshttp_basic_encode(out, user, password);
	rv_buf_puts(out, "\r\n\r\n");
}

void rv_armshttp_put_head_a(struct rv_buf *out, const struct rv_armshttp_url *url,
			    struct rv_str user, struct rv_str password, size_t body_bytes)
{
	rv_buf_printf(out, "POST %s HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n",
		      url->path, body_bytes);
	put_authorization(out, user, password);
}

void rv_armshttp_put_head_b(struct rv_buf *out, const struct rv_armshttp_url *url,
			    struct rv_str user, struct rv_str password)
{
	char host[RV_ARMSHTTP_AUTHORITY_SIZE];

	rv_armshttp_url_format_host(url, host);
	rv_buf_printf(out,
		      "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
		      "Content-Type: text/xml\r\nTransfer-Encoding: chunked\r\n",
		      url->path, host);
	put_authorization(out, user, password);
}

void rv_armshttp_put_chunk(struct rv_buf *out, struct rv_str data)
{
	if (data.len == 0)
		return;
	rv_buf_printf(out, "%zx\r\n", data.len);
	rv_buf_put_str(out, data);
	rv_buf_puts(out, "\r\n");
}

void rv_armshttp_put_last_chunk(struct rv_buf *out)
{
	rv_buf_puts(out, "0\r\n\r\n");
}

void rv_armshttp_answer_init(struct rv_armshttp_answer *answer, size_t body_max)
{
	*answer = (struct rv_armshttp_answer){ .body_max = body_max, .line.is_lenient = true };
}

/* Ends the parser; every later call gives the same code. */
static int refuse(struct rv_armshttp_answer *answer, int err)
{
	answer->state = FAILED;
	answer->err = err;
	return err;
}

static int take_status_line(struct rv_armshttp_answer *answer, struct rv_str line)
{
	int r = rv_armshttp_status_parse(line, &answer->status);

	if (r < 0)
		return refuse(answer, r);
	answer->state = IN_FIELDS;
	return answer->status < 400 ? RV_OK : refuse(answer, RV_EDENIED);
}

static bool has_chunked(struct rv_str value)
{
	static const char word[] = "chunked";

	for (size_t i = 0; i + sizeof(word) - 1 <= value.len; i++)
		if (rv_str_istarts(rv_str_sub(value, i, value.len), word))
			return true;
	return false;
}

static void take_field(struct rv_armshttp_answer *answer, struct rv_str line)
{
	size_t colon = rv_str_find(line, ':');

	if (rv_str_ieq(rv_str_trim(rv_str_sub(line, 0, colon)), RV_STR_LIT("Transfer-Encoding")))
		answer->is_chunked = has_chunked(rv_str_sub(line, colon, line.len));
}

static void take_end_of_head(struct rv_armshttp_answer *answer)
{
	if (answer->status < 200) { /* interim: the real answer follows */
		answer->state = AT_STATUS_LINE;
		answer->is_chunked = false;
		return;
	}
	answer->state = answer->is_chunked ? IN_CHUNKED_BODY : IN_PLAIN_BODY;
}

static int feed_head(struct rv_armshttp_answer *answer, struct rv_str in, size_t *used,
		     enum rv_armshttp_event *event)
{
	size_t at = 0;

	while (answer->state == AT_STATUS_LINE || answer->state == IN_FIELDS) {
		size_t n = 0;
		int r = rv_armshttp_line_feed(&answer->line, rv_str_sub(in, at, in.len), &n);
		struct rv_str line = rv_strn(answer->line.text, answer->line.len);

		if (r == RV_EMORE) {
			*used = in.len;
			*event = RV_ARMSHTTP_MORE;
			return RV_OK;
		}
		if (r == RV_OK && ++answer->line_count > RV_ARMSHTTP_ANSWER_LINES_MAX)
			r = RV_ELIMIT;
		if (r < 0)
			return refuse(answer, r);
		at += n;
		if (answer->state == AT_STATUS_LINE) {
			r = take_status_line(answer, line);
			if (r < 0)
				return r;
		} else if (line.len > 0) {
			take_field(answer, line);
		} else {
			take_end_of_head(answer);
		}
	}
	*used = at;
	*event = RV_ARMSHTTP_HEAD;
	return RV_OK;
}

static int feed_body(struct rv_armshttp_answer *answer, struct rv_str in, size_t *used,
		     enum rv_armshttp_event *event, struct rv_str *body)
{
	enum rv_armshttp_event found = in.len > 0 ? RV_ARMSHTTP_BODY : RV_ARMSHTTP_MORE;
	struct rv_str piece = in;
	size_t n = in.len;

	if (answer->state == IN_CHUNKED_BODY) {
		piece.len = 0;
		int r = rv_armshttp_chunks_feed(&answer->chunks, &answer->line, in, &n, &found,
						&piece);
		if (r < 0)
			return refuse(answer, r);
	}
	if (piece.len > answer->body_max - answer->body_bytes)
		return refuse(answer, RV_ELIMIT);
	answer->body_bytes += piece.len;
	if (found == RV_ARMSHTTP_BODY)
		*body = piece;
	if (found == RV_ARMSHTTP_END)
		answer->state = AT_END;
	*used = n;
	*event = found;
	return RV_OK;
}

int rv_armshttp_answer_feed(struct rv_armshttp_answer *answer, struct rv_str in, size_t *used,
			    enum rv_armshttp_event *event, struct rv_str *body)
{
	switch (answer->state) {
	case AT_STATUS_LINE:
	case IN_FIELDS:
		return feed_head(answer, in, used, event);
	case IN_PLAIN_BODY:
	case IN_CHUNKED_BODY:
		return feed_body(answer, in, used, event, body);
	case AT_END:
		*used = 0;
		*event = RV_ARMSHTTP_END;
		return RV_OK;
	default:
		assert(answer->state == FAILED);
		return answer->err;
	}
}

int rv_armshttp_answer_finish(const struct rv_armshttp_answer *answer)
{
	switch (answer->state) {
	case IN_CHUNKED_BODY:
		return rv_armshttp_chunks_is_inside(&answer->chunks) ? RV_ECLOSED : RV_OK;
	case IN_PLAIN_BODY:
	case AT_END:
		return RV_OK;
	default:
		return RV_ECLOSED;
	}
}
