#include "device/libarms/core/exchange.h"

#include <assert.h>

#include "proto/armsxml/build.h"

enum { REQUEST_MAX = 4096 }; /* bytes of head or body; the longest is below 1 KiB */

int rv_sa_exchange_begin(struct rv_sa_exchange *ex, const struct rv_armshttp_url *url,
			 struct rv_str password, const struct rv_armsxml_request *request,
			 const struct rv_armsxml_sink *sink)
{
	int r;

	assert(ex->reader == NULL);
	rv_buf_init(&ex->head, REQUEST_MAX);
	rv_buf_init(&ex->body, REQUEST_MAX);
	ex->head.wipe = true; /* the key is in it */
	rv_armsxml_build_request(request, &ex->body);
	rv_armshttp_put_head_a(&ex->head, url, request->distid, password, ex->body.len);
	rv_armshttp_answer_init(&ex->http, RV_SA_ANSWER_MAX);
	rv_arena_init(&ex->arena, RV_SA_ANSWER_MEMORY_MAX);
	ex->is_complete = false;
	r = ex->body.err != RV_OK ? ex->body.err : ex->head.err;
	if (r == RV_OK)
		r = rv_armsxml_reader_new(request->type, &ex->arena, RV_SA_ANSWER_MAX, sink,
					  &ex->reader);
	if (r != RV_OK)
		rv_sa_exchange_end(ex);
	return r;
}

static int http_failure(const struct rv_sa_exchange *ex, int err, struct rv_diag *diag)
{
	switch (err) {
	case RV_EDENIED:
		return rv_diag_set(diag, err, "answer.status", "", "the server answers HTTP %u",
				   ex->http.status);
	case RV_ELIMIT:
		return rv_diag_set(diag, err, "answer.limit", "",
				   "the HTTP answer is too long (a header line, or all of it)");
	default:
		return rv_diag_set(diag, err, "answer.http", "", "the answer is no HTTP");
	}
}

int rv_sa_exchange_data(struct rv_sa_exchange *ex, struct rv_str bytes, struct rv_diag *diag)
{
	while (bytes.len > 0 && !ex->is_complete) {
		enum rv_armshttp_event event = RV_ARMSHTTP_MORE;
		struct rv_str piece = { 0 };
		size_t used = 0;
		int r = rv_armshttp_answer_feed(&ex->http, bytes, &used, &event, &piece);

		if (r != RV_OK)
			return http_failure(ex, r, diag);
		bytes = rv_str_sub(bytes, used, bytes.len - used);
		if (event == RV_ARMSHTTP_BODY)
			r = rv_armsxml_reader_feed(ex->reader, piece, diag);
		if (r != RV_OK)
			return r;
		ex->is_complete = rv_armsxml_reader_is_done(ex->reader);
		if (event == RV_ARMSHTTP_END && !ex->is_complete)
			return rv_diag_set(diag, RV_ESYNTAX, "answer.cut", "",
					   "the document ends before </arms-message>");
	}
	return RV_OK;
}

int rv_sa_exchange_answer(struct rv_sa_exchange *ex, const struct rv_armsxml_response **out,
			  struct rv_diag *diag)
{
	assert(ex->is_complete);
	return rv_armsxml_reader_finish(ex->reader, out, diag);
}

void rv_sa_exchange_end(struct rv_sa_exchange *ex)
{
	ex->body.wipe = true;
	rv_buf_deinit(&ex->head);
	rv_buf_deinit(&ex->body);
	rv_armsxml_reader_free(ex->reader);
	rv_arena_wipe(&ex->arena);
	rv_wipe(ex, sizeof(*ex));
}
