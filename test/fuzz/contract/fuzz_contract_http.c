/* A request as the http duty has it, "METHOD /path?query", a newline, the body: what is accepted
 * must be written by a client, and read again, to the same. And any bytes as an error answer. */
#include <assert.h>

#include "contract/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read_again(const struct rv_contract_op *op, const void *in,
				 struct rv_arena *arena)
{
	struct rv_buf target = { 0 };
	struct rv_buf body = { 0 };
	struct rv_contract_route route;
	struct rv_diag diag;
	struct rv_str path, query;
	void *again = NULL;
	size_t mark;

	rv_contract_request_write(op, in, &target, &body);
	assert(target.err == RV_OK && body.err == RV_OK);
	mark = rv_str_find(rv_buf_str(&target), '?');
	path = rv_str_sub(rv_buf_str(&target), 0, mark);
	query = rv_str_sub(rv_buf_str(&target), mark + 1, target.len);
	assert(rv_contract_route_find(rv_str(op->method), path, arena, &route) == RV_OK);
	assert(route.op == op);
	assert(rv_contract_request_read(&route, query, rv_buf_str(&body), arena, &again, &diag) ==
	       RV_OK);
	assert(rv_contract_equal(op->in, in, again));
	rv_buf_deinit(&target);
	rv_buf_deinit(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str body = rv_strn(data, size);
	struct rv_str line = rv_str_sub(body, 0, rv_str_find(body, '\n'));
	struct rv_str method = rv_str_sub(line, 0, rv_str_find(line, ' '));
	struct rv_str target = rv_str_sub(line, method.len + 1, line.len);
	struct rv_str path = rv_str_sub(target, 0, rv_str_find(target, '?'));
	struct rv_contract_route route;
	struct rv_contract_error error;
	struct rv_diag diag;
	struct rv_arena arena;
	void *in = NULL;

	rv_arena_init(&arena, 64 * 1024 * 1024);
	body = rv_str_sub(body, line.len + 1, body.len);
	if (rv_contract_route_find(method, path, &arena, &route) == RV_OK &&
	    rv_contract_request_read(&route, rv_str_sub(target, path.len + 1, target.len), body,
				     &arena, &in, &diag) == RV_OK)
		write_and_read_again(route.op, in, &arena);
	if (rv_contract_error_read(body, &arena, &error) == RV_OK)
		assert(error.code < 0 && error.text.ptr != NULL);
	rv_arena_deinit(&arena);
	return 0;
}
