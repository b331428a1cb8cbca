#include "verify/inspect.h"

#include <inttypes.h>
#include <string.h>

#include "proto/armsxml/build.h"

/* Order is that of the original, section 2.2. */
static const char *const header_names[] = { "Content-Type", "Content-Length", "Authorization" };

/* Appendix C. */
static const char *const triggers[] = {
	"power on boot",
	"LS not found",
	"RS not found",
	"push server not found",
	"no push method",
	"tunnel URL not found",
	"retry is over",
	"received 501 Out of service",
	"received 502 Push failed",
	"received 503 Need reboot",
	"got result of failure from server",
	"boot failed",
	"rollback failure",
	"invalid config",
	"module sync failed",
	"Pull requested by RS",
	"Reboot requested by RS",
	"internal error(socket)",
};

static size_t header_index(struct rv_str name)
{
	size_t i = 0;

	while (i < RV_ARRAY_LEN(header_names) && !rv_str_is(name, header_names[i]))
		i++;
	return i;
}

static void judge_head(const struct verify_request *req, struct verify_board *board)
{
	struct rv_str type = { 0 };
	size_t next = 0;

	if (!rv_str_is(req->version, "HTTP/1.0")) {
		verify_board_fail(board, 17, "the version is \"%.*s\"", RV_STR_ARG(req->version));
		return;
	}
	for (size_t i = 0; i < req->header_count; i++) {
		size_t at = header_index(req->headers[i].name);

		if (at < next || at == RV_ARRAY_LEN(header_names)) {
			verify_board_fail(board, 17, "header %zu is \"%.*s\"", i + 1,
					  RV_STR_ARG(req->headers[i].name));
			return;
		}
		next = at + 1;
	}
	verify_board_judge(board, 17,
			   verify_request_header(req, "content-type", &type) &&
				   rv_str_is(type, "text/xml"),
			   "Content-Type is \"%.*s\"", RV_STR_ARG(type));
}

static void judge_length(const struct verify_request *req, struct verify_board *board)
{
	struct rv_str text;
	uint64_t length = 0;

	if (!verify_request_header(req, "content-length", &text)) {
		verify_board_fail(board, 201, "there is no Content-Length");
		return;
	}
	verify_board_judge(board, 201,
			   rv_str_to_u64(text, UINT32_MAX, &length) && length == req->body.len,
			   "Content-Length is \"%.*s\", the body has %zu bytes", RV_STR_ARG(text),
			   req->body.len);
}

static void judge_credentials(const struct verify_request *req,
			      const struct verify_expected *expected, struct verify_board *board)
{
	const struct rv_armshttp_credentials *got = &req->credentials;

	if (!req->has_credentials)
		verify_board_fail(board, 202, "there is no readable Authorization: Basic");
	else if (strcmp(got->user, expected->distid) != 0)
		verify_board_fail(board, 202, "the user is \"%s\", not \"%s\"", got->user,
				  expected->distid);
	else if (expected->key != NULL)
		verify_board_judge(board, expected->key_number != 0 ? expected->key_number : 202,
				   strcmp(got->password, expected->key) == 0,
				   "the password is not the key for this server");
}

/* -- the body ------------------------------------------------------------------------------- */

static bool is_known_trigger(struct rv_str trigger)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(triggers); i++) {
		if (rv_str_is(trigger, triggers[i]))
			return true;
	}
	return false;
}

/* Where two texts part. */
static size_t parting(struct rv_str a, struct rv_str b)
{
	size_t i = 0;

	while (i < a.len && i < b.len && a.ptr[i] == b.ptr[i])
		i++;
	return i;
}

/* The same request as the original writes it: the same tags, then the same bytes? */
static void judge_order(const struct verify_request *req, struct verify_board *board)
{
	struct rv_buf original = { 0 }, wanted = { 0 }, got = { 0 };
	size_t at;

	rv_armsxml_build_request(&req->message, &original);
	verify_request_tags(rv_buf_str(&original), &wanted);
	verify_request_tags(req->body, &got);
	at = parting(rv_buf_str(&wanted), rv_buf_str(&got));
	if (at < wanted.len || at < got.len) {
		struct rv_str there = rv_str_sub(rv_buf_str(&got), at > 40 ? at - 40 : 0, 80);

		verify_board_fail(board, 126, "the order of elements differs at \"%.*s\"",
				  RV_STR_ARG(there));
	} else {
		verify_board_pass(board, 126);
		at = parting(rv_buf_str(&original), req->body);
		verify_board_judge(board, 204, at == original.len && at == req->body.len,
				   "the body differs from the original's at byte %zu of %zu", at,
				   req->body.len);
	}
	rv_buf_deinit(&original);
	rv_buf_deinit(&wanted);
	rv_buf_deinit(&got);
}

static void judge_values(const struct verify_request *req, const struct verify_expected *expected,
			 struct verify_board *board)
{
	const struct rv_armsxml_request *message = &req->message;

	if (message->type == RV_ARMSXML_PUSH_METHOD_QUERY)
		return;
	if (message->type == RV_ARMSXML_CONFIG_SOLICITATION)
		verify_board_judge(board, 126, rv_str_is(message->protocol_version, "4.0"),
				   "protocol-version is \"%.*s\"",
				   RV_STR_ARG(message->protocol_version));
	if (expected->trigger != NULL)
		verify_board_judge(board, 126, rv_str_is(message->trigger, expected->trigger),
				   "the trigger is \"%.*s\", not \"%s\"",
				   RV_STR_ARG(message->trigger), expected->trigger);
	else
		verify_board_judge(board, 126, is_known_trigger(message->trigger),
				   "\"%.*s\" is no trigger", RV_STR_ARG(message->trigger));
}

static bool has_element(const struct verify_request *req, const char *tag)
{
	return memmem(req->body.ptr, req->body.len, tag, strlen(tag)) != NULL;
}

static void judge_offers(const struct rv_armsxml_request *message, struct verify_board *board)
{
	verify_board_judge(board, 222,
			   message->method_count == 2 &&
				   rv_str_is(message->methods[0], "https-simple") &&
				   rv_str_is(message->methods[1], "https-tunnel"),
			   "%zu methods, the first \"%.*s\"", message->method_count,
			   RV_STR_ARG(message->methods[0]));
}

static void judge_message(const struct verify_request *req, const struct verify_expected *expected,
			  struct verify_board *board)
{
	const struct rv_armsxml_request *message = &req->message;

	verify_board_judge(board, 203, rv_str_is(message->distid, expected->distid),
			   "distribution-id is \"%.*s\", not \"%s\"", RV_STR_ARG(message->distid),
			   expected->distid);
	judge_values(req, expected, board);
	if (message->type == RV_ARMSXML_PUSH_METHOD_QUERY)
		judge_offers(message, board);
	if (message->type == RV_ARMSXML_RS_SOLICITATION &&
	    (has_element(req, "<protocol-version>") || has_element(req, "<firmware-info>"))) {
		verify_board_fail(board, 127, "it does");
		return; /* its order cannot be that of the original */
	}
	if (message->type == RV_ARMSXML_RS_SOLICITATION)
		verify_board_pass(board, 127);
	judge_order(req, board);
}

void verify_inspect(const struct verify_request *req, const struct verify_expected *expected,
		    struct verify_board *board)
{
	judge_head(req, board);
	judge_length(req, board);
	judge_credentials(req, expected, board);
	verify_board_judge(board, expected->path_number != 0 ? expected->path_number : 208,
			   rv_str_is(req->method, "POST") && rv_str_is(req->path, expected->path),
			   "the request is \"%.*s %.*s\", not \"POST %s\"", RV_STR_ARG(req->method),
			   RV_STR_ARG(req->path), expected->path);
	if (req->is_message)
		judge_message(req, expected, board);
	else
		verify_board_fail(board, 126, "the body cannot be read: %s", req->fault);
}
