#include "server/rs/url.h"

#include "proto/armshttp/url.h"

/* What follows the address: ":port", "/path", both or nothing. */
static struct rv_str after_address(struct rv_str text, bool is_ipv6)
{
	struct rv_str rest = rv_str_sub(text, sizeof("https://") - 1, text.len);
	size_t at = 0;

	if (is_ipv6)
		return rv_str_sub(rest, rv_str_find(rest, ']') + 1, rest.len);
	while (at < rest.len && rest.ptr[at] != ':' && rest.ptr[at] != '/')
		at++;
	return rv_str_sub(rest, at, rest.len);
}

int rs_url_check(struct rv_str text, bool *is_ipv6, struct rv_diag *diag)
{
	struct rv_armshttp_url url;

	if (rv_armshttp_url_parse(text, RV_ARMSHTTP_RS_URL_MAX, &url, diag) != RV_OK)
		return RV_EINVALID;
	struct rv_str rest = after_address(text, url.is_ipv6);
	bool has_port = rv_str_starts(rest, ":");
	if (!has_port && rv_str_find(rest, ':') < rest.len)
		return rv_diag_set(
			diag, RV_EINVALID, "url.colon", "",
			"a colon in the path needs a port before it (\":443\"): without it "
			"the original device library crashes");
	if (url.is_ipv6 && rest.len == 0)
		return rv_diag_set(diag, RV_EINVALID, "url.bare-ipv6", "",
				   "an address in brackets must be followed by a port or a '/'");
	if (is_ipv6 != NULL)
		*is_ipv6 = url.is_ipv6;
	return RV_OK;
}
