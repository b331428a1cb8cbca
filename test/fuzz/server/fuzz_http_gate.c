/* The gate against a naive reader. Whatever passes, however the input is cut (the first bytes of
 * the input decide), is the same; and each request that passes has one framing only, whichever of
 * two lenient ways one reads it: lines by CR LF or by LF, chunks before length or length before
 * chunks. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/gate.h"

enum { BODY_MAX = 300, REQUESTS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct framing {
	bool is_valid;
	size_t lengths, codings, hosts;
	struct rv_str length;
	struct rv_str body; /* everything after the head */
};

static bool take_line(struct rv_str *rest, bool by_lf, struct rv_str *line)
{
	const char *end = by_lf ? memchr(rest->ptr, '\n', rest->len)
				: memmem(rest->ptr, rest->len, "\r\n", 2);
	size_t len;

	if (end == NULL)
		return false;
	len = (size_t)(end - rest->ptr);
	*line = rv_str_trim(rv_str_sub(*rest, 0, len));
	*rest = rv_str_sub(*rest, len + (by_lf ? 1 : 2), rest->len);
	return true;
}

/* A reader that takes what it gets: trims names, and knows only three of them. */
static struct framing read_head(struct rv_str request, bool by_lf)
{
	struct framing f = { 0 };
	struct rv_str line;

	while (take_line(&request, by_lf, &line)) {
		size_t colon = rv_str_find(line, ':');
		struct rv_str name = rv_str_trim(rv_str_sub(line, 0, colon));

		if (line.len == 0) {
			f.is_valid = true;
			f.body = request;
			return f;
		}
		if (rv_str_ieq(name, rv_str("content-length"))) {
			f.lengths++;
			f.length = rv_str_trim(rv_str_sub(line, colon + 1, line.len));
		}
		f.codings += rv_str_ieq(name, rv_str("transfer-encoding"));
		f.hosts += rv_str_ieq(name, rv_str("host"));
	}
	return f;
}

/* Chunks of the form that the gate writes, up to the end of the bytes. */
static bool is_chunked_exactly(struct rv_str body)
{
	struct rv_str line;

	while (take_line(&body, false, &line)) {
		char text[20], *end;
		unsigned long long len;

		if (!rv_str_copy(line, text, sizeof(text)) || text[0] == '\0')
			return false;
		len = strtoull(text, &end, 16);
		if (*end != '\0' || len + 2 > body.len ||
		    !rv_str_starts(rv_str_sub(body, len, 2), "\r\n"))
			return false;
		body = rv_str_sub(body, len + 2, body.len);
		if (len == 0)
			return body.len == 0;
	}
	return false;
}

static void check_one_framing(struct rv_str request)
{
	struct framing a = read_head(request, false), b = read_head(request, true);
	uint64_t length = 0;

	assert(a.is_valid && b.is_valid);
	assert(rv_str_eq(a.body, b.body));
	assert(a.lengths == b.lengths && a.codings == b.codings && a.hosts == b.hosts);
	assert(a.hosts <= 1 && a.lengths + a.codings <= 1);
	if (a.codings == 1) {
		assert(is_chunked_exactly(a.body));
		return;
	}
	if (a.lengths == 1)
		assert(rv_str_to_u64(a.length, BODY_MAX, &length));
	assert(a.body.len == length);
}

struct result {
	struct rv_buf out;
	unsigned status;
	int err;
	size_t requests;
	size_t used;
};

/* `cuts` gives the lengths of the pieces, over and over; NULL: one piece. */
static struct result run(struct rv_str in, struct rv_str cuts, bool is_checked)
{
	struct result r = { 0 };
	struct rv_http_gate gate;
	size_t start = 0;

	rv_http_gate_init(&gate, BODY_MAX);
	for (size_t i = 0; r.used < in.len && r.err == RV_OK && r.requests < REQUESTS_MAX; i++) {
		size_t piece = cuts.len > 0 ? (size_t)(uint8_t)cuts.ptr[i % cuts.len] + 1 : in.len;
		size_t used = 0;

		r.err = rv_http_gate_feed(&gate, rv_str_sub(in, r.used, piece), &used, &r.out);
		r.used += used;
		if (gate.state != RV_HTTP_GATE_DONE)
			continue;
		if (is_checked)
			check_one_framing(rv_str_sub(rv_buf_str(&r.out), start, r.out.len));
		start = r.out.len;
		r.requests++;
		rv_http_gate_next(&gate);
	}
	r.status = gate.status;
	assert(r.err == RV_OK || gate.reason != NULL);
	rv_http_gate_deinit(&gate);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut_len = size < 3 ? size : 3;
	struct rv_str cuts = rv_strn(data, cut_len);
	struct rv_str in = rv_strn(data + cut_len, size - cut_len);
	struct result whole = run(in, rv_str(NULL), true);
	struct result pieces = run(in, cuts, false);
	struct result bytes = run(in, RV_STR_LIT("\0"), false);

	assert(whole.err == pieces.err && whole.err == bytes.err);
	assert(whole.status == pieces.status && whole.status == bytes.status);
	assert(whole.requests == pieces.requests && whole.requests == bytes.requests);
	assert(whole.used == pieces.used && whole.used == bytes.used);
	assert(rv_str_eq(rv_buf_str(&whole.out), rv_buf_str(&pieces.out)));
	assert(rv_str_eq(rv_buf_str(&whole.out), rv_buf_str(&bytes.out)));
	rv_buf_deinit(&whole.out);
	rv_buf_deinit(&pieces.out);
	rv_buf_deinit(&bytes.out);
	return 0;
}
