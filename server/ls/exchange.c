#include "server/ls/exchange.h"

#include <errno.h>

#include "contract/http.h"
#include "contract/json.h"

static const char *const operations[] = { "feed.read", "feed.report", "feed.note" };

static const struct rv_contract_op *find(struct rv_str op)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(operations); i++)
		if (rv_str_is(op, operations[i]))
			return rv_contract_op_find(op);
	return NULL;
}

int ls_exchange_write(struct rv_str op, struct rv_str request, struct rv_buf *path,
		      struct rv_buf *body)
{
	const struct rv_contract_op *operation = find(op);
	/* The three have the same input. */
	struct rv_feed_read_in in = { .request = request };

	if (operation == NULL)
		return RV_EUNSUPPORTED;
	rv_contract_request_write(operation, &in, path, body);
	return path->err != RV_OK ? path->err : body->err;
}

static int refuse(long status, struct rv_str body, struct rv_arena *arena, struct rv_diag *diag)
{
	struct rv_contract_error error = { 0 };
	int code = status == 401   ? RV_EAUTH
		   : status == 403 ? RV_EDENIED
		   : status >= 500 ? RV_EBUSY
				   : RV_EINVALID;

	if (rv_contract_error_read(body, arena, &error) != RV_OK)
		error.text = RV_STR_LIT("no words of the RS");
	return rv_diag_set(diag, code, "ls.exchange", "", "status %ld: %.*s", status,
			   RV_STR_ARG(rv_str_sub(error.text, 0, 200)));
}

/* Nothing of the copy is used: the bytes go on as they are. */
static int check_page(struct rv_str bytes, struct rv_arena *arena, struct rv_diag *diag)
{
	struct rv_rs_feed_out page = { 0 };
	int err = rv_rs_feed_out_decode(bytes, arena, &page);

	if (err == RV_OK)
		return rv_rs_feed_out_check(&page, diag);
	return rv_diag_set(diag, err, "ls.exchange", "answer",
			   "the page of the feed cannot be read (%s)", rv_err_name(err));
}

int ls_exchange_read(struct rv_str op, long status, struct rv_str body, struct rv_arena *arena,
		     struct rv_str *out, struct rv_diag *diag)
{
	const struct rv_contract_op *operation = find(op);
	struct rv_feed_read_out read = { 0 };
	int err;

	if (operation == NULL)
		return RV_EUNSUPPORTED;
	if (status < 200 || status > 299)
		return refuse(status, body, arena, diag);
	if (operation->out != &rv_feed_read_out_type) {
		*out = RV_STR_LIT("");
		return RV_OK;
	}
	err = rv_contract_json_read(operation->out, body, RV_CONTRACT_JSON_LENIENT, arena, &read,
				    diag);
	if (err == RV_OK)
		err = check_page(read.answer, arena, diag);
	if (err == RV_OK)
		*out = read.answer;
	return err;
}
