/* What our servers answer; see server.h. */
#include "proto/armshttp/server.h"

static const struct {
	unsigned status;
	const char *phrase;
	const char *header; /* further header lines, or "" */
} statuses[] = {
	{ 200, "OK", "" },
	{ 400, "Bad Request", "" },
	{ 401, "Unauthorized", "WWW-Authenticate: Basic realm=\"ARMS\"\r\n" },
	{ 403, "Forbidden", "" },
	{ 404, "Not Found", "" },
	{ 405, "Method Not Allowed", "Allow: POST\r\n" },
	{ 408, "Request Timeout", "" },
	{ 411, "Length Required", "" },
	{ 413, "Content Too Large", "" },
	{ 414, "URI Too Long", "" },
	{ 429, "Too Many Requests", "" },
	{ 431, "Request Header Fields Too Large", "" },
	{ 500, "Internal Server Error", "" },
	{ 501, "Not Implemented", "" },
	{ 503, "Service Unavailable", "" },
	{ 505, "HTTP Version Not Supported", "" },
};

/* Index into statuses; its length when the status is not listed. */
static size_t find_status(unsigned status)
{
	size_t i = 0;

	while (i < RV_ARRAY_LEN(statuses) && statuses[i].status != status)
		i++;
	return i;
}

const char *rv_armshttp_status_phrase(unsigned status)
{
	size_t i = find_status(status);

	return i < RV_ARRAY_LEN(statuses) ? statuses[i].phrase : "Error";
}

static void put_head(struct rv_buf *out, unsigned status, const char *type, size_t body_bytes)
{
	size_t i = find_status(status);

	rv_buf_printf(out, "HTTP/1.1 %u %s\r\n", status, rv_armshttp_status_phrase(status));
	rv_buf_puts(out, i < RV_ARRAY_LEN(statuses) ? statuses[i].header : "");
	rv_buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		      type, body_bytes);
}

void rv_armshttp_put_answer(struct rv_buf *out, struct rv_str body)
{
	put_head(out, 200, "text/xml", body.len);
	rv_buf_put_str(out, body);
}

void rv_armshttp_put_error(struct rv_buf *out, unsigned status, const char *reason)
{
	struct rv_str text = rv_str(reason);

	put_head(out, status, "text/plain", text.len + 1);
	rv_buf_put_str(out, text);
	rv_buf_putc(out, '\n');
}
