#include "proto/armshttp/proxy.h"

#include <stdio.h>

#include "base/codec.h"
#include "proto/armshttp/basic.h"

/* States of struct rv_armshttp_connect; zero begins. */
enum { AT_STATUS_LINE, IN_FIELDS, DECIDED };

/* ---- The URL ----------------------------------------------------------------------------- */

static int refuse(struct rv_diag *diag, int err, const char *key, const char *what)
{
	return rv_diag_set(diag, err, key, "", "web proxy URL: %s", what);
}

/* One byte of a login, percent-decoded: RV_ESYNTAX when it may not stand there. */
static int decode_byte(struct rv_str text, size_t *at, char *out)
{
	struct rv_str hex = rv_str_sub(text, *at + 1, 2);
	int high, low;

	if (text.ptr[*at] != '%') {
		*out = text.ptr[(*at)++];
		return *out > ' ' && *out <= '~' && *out != '@' ? RV_OK : RV_ESYNTAX;
	}
	high = hex.len == 2 ? rv_hex_value(hex.ptr[0]) : -1;
	low = high >= 0 ? rv_hex_value(hex.ptr[1]) : -1;
	if (low < 0)
		return RV_ESYNTAX;
	*out = (char)(high << 4 | low);
	*at += 3;
	return RV_OK;
}

/* Append one half of USER:PASSWORD to out[*len], with room for a NUL. */
static int decode_part(struct rv_str text, bool is_user, char *out, size_t *len,
		       struct rv_diag *diag)
{
	for (size_t at = 0; at < text.len;) {
		char c = '\0';

		if (decode_byte(text, &at, &c) != RV_OK)
			return refuse(diag, RV_ESYNTAX, "url.login",
				      "in the user name and password, write '@', '%' and what is "
				      "not ASCII as %40, %25, ...");
		if ((unsigned char)c < ' ' || c == '\x7f' || (is_user && c == ':'))
			return refuse(diag, RV_EINVALID, "url.login",
				      "a control character, or a colon in the user name");
		if (*len == RV_ARMSHTTP_PROXY_LOGIN_MAX)
			return refuse(diag, RV_ELIMIT, "url.login",
				      "user name and password longer than 254");
		out[(*len)++] = c;
	}
	return RV_OK;
}

static int parse_login(struct rv_str text, struct rv_armshttp_proxy *proxy, struct rv_diag *diag)
{
	size_t colon = rv_str_find(text, ':');
	size_t len = 0;
	int r;

	if (colon == 0 || text.len == 0)
		return refuse(diag, RV_EINVALID, "url.login", "the user name is missing");
	r = decode_part(rv_str_sub(text, 0, colon), true, proxy->login, &len, diag);
	if (r == RV_OK && len == RV_ARMSHTTP_PROXY_LOGIN_MAX)
		return refuse(diag, RV_ELIMIT, "url.login",
			      "user name and password longer than 254");
	if (r == RV_OK) {
		proxy->login[len++] = ':';
		r = decode_part(rv_str_sub(text, colon + 1, text.len), false, proxy->login, &len,
				diag);
	}
	proxy->login[len] = '\0';
	return r;
}

/* Where the login ends: the offset of the last '@', or text.len. An earlier one is an error of
 * the login, told as such. */
static size_t find_login(struct rv_str text)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.ptr[i - 1] == '@')
			return i - 1;
	return text.len;
}

static int parse(struct rv_str authority, struct rv_armshttp_proxy *proxy, struct rv_diag *diag)
{
	char url[sizeof("https://") + RV_ARMSHTTP_PROXY_URL_MAX];
	size_t at = find_login(authority);
	struct rv_str rest = authority;
	int n, r = RV_OK;

	if (at < authority.len) {
		rest = rv_str_sub(authority, at + 1, authority.len);
		r = parse_login(rv_str_sub(authority, 0, at), proxy, diag);
	}
	if (r != RV_OK)
		return r;
	/* What is left reads like any ARMS URL. */
	n = snprintf(url, sizeof(url), "https://%.*s", RV_STR_ARG(rest));
	if (n < 0 || (size_t)n >= sizeof(url))
		return refuse(diag, RV_ELIMIT, "url.length", "too long");
	return rv_armshttp_url_parse(rv_strn(url, (size_t)n), sizeof(url), &proxy->at, diag);
}

int rv_armshttp_proxy_parse(struct rv_str text, struct rv_armshttp_proxy *out, struct rv_diag *diag)
{
	struct rv_armshttp_proxy found = { 0 };
	struct rv_str authority;
	size_t login_len;
	int r;

	if (!rv_str_istarts(text, "http://") && !rv_str_istarts(text, "https://"))
		return refuse(diag, RV_EINVALID, "url.proxy",
			      "must begin with http:// or https://");
	authority = rv_str_sub(text, rv_str_find(text, '/') + 2, text.len);
	authority.len = rv_str_find(authority, '/');
	login_len = find_login(authority);
	login_len = login_len < authority.len ? login_len + 1 : 0;
	if (text.len - login_len > RV_ARMSHTTP_PROXY_URL_MAX)
		return refuse(diag, RV_ELIMIT, "url.length",
			      "longer than 127 without user name and password");
	r = parse(authority, &found, diag);
	if (r == RV_OK)
		*out = found;
	rv_wipe(&found, sizeof(found));
	return r;
}

/* ---- The request ------------------------------------------------------------------------- */

void rv_armshttp_put_connect(struct rv_buf *out, const struct rv_armshttp_proxy *proxy,
			     const struct rv_armshttp_url *target)
{
	char authority[RV_ARMSHTTP_AUTHORITY_SIZE];
	struct rv_str login = rv_str(proxy->login);
	size_t colon = rv_str_find(login, ':');

	rv_armshttp_url_format_connect(target, authority);
	rv_buf_printf(out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", authority, authority);
	if (login.len > 0) {
		rv_buf_puts(out, "Proxy-Authorization: ");
		rv_armshttp_basic_encode(out, rv_str_sub(login, 0, colon),
					 rv_str_sub(login, colon + 1, login.len));
		rv_buf_puts(out, "\r\n");
	}
	rv_buf_puts(out, "\r\n");
}

/* ---- The answer -------------------------------------------------------------------------- */

static int decide(struct rv_armshttp_connect *answer, int result)
{
	answer->state = DECIDED;
	answer->result = result;
	return result;
}

/* RV_EMORE, or the decision. */
static int take_line(struct rv_armshttp_connect *answer, struct rv_str line)
{
	if (answer->state == AT_STATUS_LINE) {
		int r = rv_armshttp_status_parse(line, &answer->status);

		if (r != RV_OK)
			return decide(answer, r);
		if (answer->status >= 300)
			return decide(answer, RV_EDENIED);
		answer->state = IN_FIELDS;
	} else if (line.len == 0) {
		if (answer->status >= 200)
			return decide(answer, RV_OK);
		answer->state = AT_STATUS_LINE; /* interim: the real answer follows */
	}
	return RV_EMORE;
}

int rv_armshttp_connect_feed(struct rv_armshttp_connect *answer, struct rv_str in, size_t *used)
{
	size_t at = 0;

	answer->line.is_lenient = true;
	while (answer->state != DECIDED) {
		size_t n = 0;
		int r = rv_armshttp_line_feed(&answer->line, rv_str_sub(in, at, in.len), &n);

		if (r == RV_EMORE) {
			*used = in.len;
			return RV_EMORE;
		}
		if (r == RV_OK && ++answer->line_count > RV_ARMSHTTP_PROXY_LINES_MAX)
			r = RV_ELIMIT;
		if (r != RV_OK)
			return decide(answer, r);
		at += n;
		r = take_line(answer, rv_strn(answer->line.text, answer->line.len));
	}
	if (answer->result == RV_OK)
		*used = at;
	return answer->result;
}

const char *rv_armshttp_connect_reason(unsigned status, bool has_login)
{
	switch (status) {
	case 401:
	case 407:
		return has_login ? "it does not accept the user name and password"
				 : "it wants a user name and password";
	case 403:
		return "it does not allow this server or port";
	case 405:
	case 501:
		return "it does not know CONNECT";
	case 408:
	case 504:
		return "the server behind it does not answer in time";
	case 429:
		return "it has too much to do";
	case 500:
	case 502:
	case 503:
		return "it cannot reach the server";
	default:
		return "it refuses";
	}
}
