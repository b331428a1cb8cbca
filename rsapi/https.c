/* https: - the http duty of an rs, through libcurl. */
#include "rsapi/transport.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "contract/http.h"

enum {
	ANSWER_MAX = 64 * 1024 * 1024, /* bytes; JSON of the largest message and its escapes */
	HEADER_MAX = 1024,             /* bytes of one header line of ours */
};

struct session {
	CURL *curl;
	struct curl_slist *headers;
	char *base; /* URL without final '/' */
	char *ca_file;
	bool is_insecure;
	long timeout_ms;
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct rv_buf *buf = arg;

	rv_buf_put(buf, data, size * n);
	return buf->err == RV_OK ? size * n : 0;
}

static int fail_curl(const struct session *s, CURLcode code, const struct rv_buf *answer,
		     struct rsapi_error *error)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return rsapi_fail(error, RV_ETIMEOUT, "rsapi.timeout", "",
				  "no answer in time from %s", s->base);
	case CURLE_PEER_FAILED_VERIFICATION: /* curl's own words speak of SSH, too */
		return rsapi_fail(
			error, RV_ETLS, "rsapi.tls", "",
			"TLS with %s: its certificate is not of the CA, or not for this host",
			s->base);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return rsapi_fail(error, RV_ETLS, "rsapi.tls", "", "TLS with %s: %s", s->base,
				  curl_easy_strerror(code));
	case CURLE_WRITE_ERROR:
		return rsapi_fail(error, answer->err != RV_OK ? answer->err : RV_ECLOSED,
				  "rsapi.too_long", "", "the answer is too long");
	case CURLE_OUT_OF_MEMORY:
		return rsapi_fail(error, -ENOMEM, "", "", "out of memory");
	default:
		return rsapi_fail(error, RV_ECLOSED, "rsapi.unreachable", "",
				  "no rs answers at %s (%s)", s->base, curl_easy_strerror(code));
	}
}

/* A status without the error object of ours comes from something in between. */
static int fail_status(const struct session *s, long status, struct rv_str json,
		       struct rv_arena *arena, struct rsapi_error *error)
{
	struct rv_contract_error e;

	if (rv_contract_error_read(json, arena, &e) == RV_OK)
		return rsapi_fail_text(error, e.code, e.key, e.text, e.where);
	return rsapi_fail(error, status == 401 ? RV_EAUTH : RV_ECLOSED, "rsapi.status", "",
			  "%s answered with status %ld", s->base, status);
}

static CURLcode perform(const struct session *s, const struct rv_contract_op *op,
			const struct rv_buf *url, const struct rv_buf *body, struct rv_buf *answer)
{
	bool has_body = body->len > 0;
	CURL *c = s->curl;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url->ptr);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, s->timeout_ms);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
	if (s->ca_file != NULL) {
		curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	if (s->is_insecure) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (has_body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body->ptr);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, op->method);
	return curl_easy_perform(c);
}

static int read_answer(const struct session *s, const struct rv_contract_op *op,
		       const struct rv_buf *answer, struct rv_arena *arena, void *out,
		       struct rsapi_error *error)
{
	struct rv_diag diag = { 0 };
	long status = 0;

	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299)
		return fail_status(s, status, rv_buf_str(answer), arena, error);
	if (rv_contract_json_read(op->out, rv_buf_str(answer), RV_CONTRACT_JSON_LENIENT, arena, out,
				  &diag) != RV_OK)
		return rsapi_fail(error, RV_EVERSION, "rsapi.version", diag.where,
				  "the answer is not understood: %s", diag.text);
	return RV_OK;
}

static int call(void *state, const struct rv_contract_op *op, const void *in,
		struct rv_arena *arena, void *out, struct rsapi_error *error)
{
	struct session *s = state;
	struct rv_buf url = { 0 };
	struct rv_buf body = { .wipe = true };
	struct rv_buf answer = { .max = ANSWER_MAX };
	CURLcode code;
	int r;

	rv_buf_puts(&url, s->base);
	rv_contract_request_write(op, in, &url, &body);
	rv_buf_putc(&url, '\0');
	if (url.err != RV_OK || body.err != RV_OK) {
		r = rsapi_fail(error, -ENOMEM, "", "", "out of memory");
		goto done;
	}
	code = perform(s, op, &url, &body, &answer);
	if (code != CURLE_OK)
		r = fail_curl(s, code, &answer, error);
	else
		r = read_answer(s, op, &answer, arena, out, error);
done:
	rv_buf_deinit(&url);
	rv_buf_deinit(&body);
	rv_buf_deinit(&answer);
	return r;
}

static void close_session(void *state)
{
	struct session *s = state;

	if (s == NULL)
		return;
	for (struct curl_slist *h = s->headers; h != NULL; h = h->next)
		rv_wipe(h->data, strlen(h->data));
	curl_slist_free_all(s->headers);
	curl_easy_cleanup(s->curl);
	free(s->base);
	free(s->ca_file);
	free(s);
}

static bool add_header(struct session *s, const char *name, const char *value)
{
	char line[HEADER_MAX];
	int n = snprintf(line, sizeof(line), "%s: %s", name, value);
	struct curl_slist *list = NULL;

	if (n > 0 && (size_t)n < sizeof(line))
		list = curl_slist_append(s->headers, line);
	rv_wipe(line, sizeof(line));
	if (list != NULL)
		s->headers = list;
	return list != NULL;
}

static bool add_token(struct session *s, const char *token)
{
	char value[HEADER_MAX];
	bool is_done;

	if (token == NULL)
		return true;
	snprintf(value, sizeof(value), "Bearer %s", token);
	is_done = add_header(s, "Authorization", value);
	rv_wipe(value, sizeof(value));
	return is_done;
}

static bool is_token(const char *token)
{
	for (; *token != '\0'; token++)
		if (*token <= ' ' || *token > '~')
			return false;
	return true;
}

/* A host, perhaps a port and a path; nothing else. */
static bool is_base_url(const char *url)
{
	static const CURLUPart unwanted[] = { CURLUPART_USER, CURLUPART_QUERY, CURLUPART_FRAGMENT };
	CURLU *u = curl_url();
	char *part = NULL;
	bool is_ok = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK;

	for (size_t i = 0; is_ok && i < RV_ARRAY_LEN(unwanted); i++) {
		is_ok = curl_url_get(u, unwanted[i], &part, 0) != CURLUE_OK;
		curl_free(part);
		part = NULL;
	}
	curl_url_cleanup(u);
	return is_ok;
}

static int open_session(const struct rsapi_opt *opt, void **state, struct rsapi_error *error)
{
	struct session *s;
	size_t len;

	if (opt->token != NULL && (!is_token(opt->token) || strlen(opt->token) > HEADER_MAX / 2))
		return rsapi_fail(error, RV_EINVALID, "rsapi.token", "",
				  "the token is no single line of printable characters");
	if (!is_base_url(opt->url))
		return rsapi_fail(error, RV_EINVALID, "rsapi.url", "",
				  "the server must be https://host[:port][/path]");
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		goto fail;
	s->timeout_ms = (long)(opt->timeout_ms != 0 ? opt->timeout_ms : RSAPI_TIMEOUT_MS);
	s->is_insecure = opt->is_insecure != 0;
	s->base = strdup(opt->url);
	s->ca_file = opt->ca_file != NULL ? strdup(opt->ca_file) : NULL;
	s->curl = curl_easy_init();
	if (s->base == NULL || s->curl == NULL || (opt->ca_file != NULL && s->ca_file == NULL))
		goto fail;
	len = strlen(s->base);
	if (s->base[len - 1] == '/')
		s->base[len - 1] = '\0';
	/* No "Expect: 100-continue": one more round trip for nothing. */
	if (!add_header(s, "Content-Type", "application/json") || !add_header(s, "Expect", "") ||
	    !add_token(s, opt->token))
		goto fail;
	*state = s;
	return RV_OK;

fail:
	close_session(s);
	return rsapi_fail(error, -ENOMEM, "", "", "out of memory");
}

const struct rsapi_transport rsapi_https = { "https://", open_session, call, close_session };
