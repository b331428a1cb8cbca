/* What a server may send to a device; see build.h. First what the tables know (characters,
 * lengths, counts), then what each type demands beyond that. */
#include <limits.h>
#include <arpa/inet.h>
#include <stdio.h>

#include "proto/armshttp/url.h"
#include "proto/armsxml/build.h"
#include "proto/armsxml/check_priv.h"
#include "proto/armsxml/code.h"

enum { WHERE_MAX = RV_DIAG_WHERE_MAX };

/* "group[2]." before the names of a group's children. */
struct path {
	char text[WHERE_MAX];
};

static const char key[] = RV_ARMSXML_CHECK_KEY;

/* S32: anything beyond ASCII makes the document invalid; other controls XML cannot hold. */
static const bool is_unfit[UCHAR_MAX + 1] = {
	[0 ... '\t' - 1] = true,
	['\n' + 1 ... '\r' - 1] = true,
	['\r' + 1 ... ' ' - 1] = true,
	[0x80 ... UCHAR_MAX] = true,
};

/* Offset of the first byte that cannot be sent, or text.len. */
static size_t find_unfit(struct rv_str text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t i = 0;

	while (text.len - i >= 4 &&
	       !(is_unfit[p[i]] | is_unfit[p[i + 1]] | is_unfit[p[i + 2]] | is_unfit[p[i + 3]]))
		i += 4;
	while (i < text.len && !is_unfit[p[i]])
		i++;
	return i;
}

static int check_text(struct rv_str text, size_t max, const char *where, struct rv_diag *diag)
{
	size_t at;

	if (text.len > max)
		return rv_diag_set(diag, RV_ELIMIT, key, where, "%zu bytes, allowed are %zu",
				   text.len, max);
	at = find_unfit(text);
	if (at == text.len)
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, key, where,
			   "byte %zu is 0x%02x: only ASCII text can be sent, other data as "
			   "binary",
			   at + 1, (unsigned char)text.ptr[at]);
}

static int check_module(const struct rv_armsxml_elem *elem, const struct rv_armsxml_module *module,
			const char *where, struct rv_diag *diag)
{
	int r;

	if (elem->kind == RV_ARMSXML_CONFIG)
		return !module->has_config || module->is_binary
			       ? RV_OK
			       : check_text(module->config, SIZE_MAX, where, diag);
	r = check_text(module->version, RV_ARMSXML_TEXT_MAX, where, diag);
	return r < 0 ? r : check_text(module->infostring, elem->max_bytes, where, diag);
}

static int check_item(const struct rv_armsxml_item *item, const char *where, struct rv_diag *diag)
{
	return item->is_binary ? RV_OK : check_text(item->body, RV_ARMSXML_TEXT_MAX, where, diag);
}

static int check_table(const struct rv_armsxml_elem *table, const char *base,
		       const struct path *path, bool is_negative, struct rv_diag *diag);

static int check_value(const struct rv_armsxml_elem *elem, const char *value,
		       const struct path *path, bool is_negative, struct rv_diag *diag)
{
	const void *p = value;
	struct path below = { .text = "" };

	switch (elem->kind) {
	case RV_ARMSXML_GROUP:
		if (is_negative)
			return RV_OK;
		if (rv_armsxml_is_repeated(elem))
			snprintf(below.text, sizeof(below.text), "%.64s.", path->text);
		return check_table(elem->children, value, &below, is_negative, diag);
	case RV_ARMSXML_TEXT:
		return check_text(*(const struct rv_str *)p, elem->max_bytes, path->text, diag);
	case RV_ARMSXML_MODULE:
	case RV_ARMSXML_CONFIG:
		return check_module(elem, p, path->text, diag);
	case RV_ARMSXML_ITEM:
		return check_item(p, path->text, diag);
	default:
		return RV_OK;
	}
}

static int check_table(const struct rv_armsxml_elem *table, const char *base,
		       const struct path *path, bool is_negative, struct rv_diag *diag)
{
	for (const struct rv_armsxml_elem *elem = table; elem->name != NULL; elem++) {
		size_t count = rv_armsxml_value_count(elem, base);
		struct path here;

		snprintf(here.text, sizeof(here.text), "%.32s%.32s", path->text, elem->name);
		if (rv_armsxml_is_repeated(elem) && count > elem->max_count)
			return rv_diag_set(diag, RV_ELIMIT, key, here.text,
					   "%zu times, allowed are %u", count, elem->max_count);
		for (size_t i = 0; i < count; i++) {
			if (rv_armsxml_is_repeated(elem))
				snprintf(here.text, sizeof(here.text), "%.32s%.32s[%zu]",
					 path->text, elem->name, i);
			int r = check_value(elem, rv_armsxml_value(elem, base, i), &here,
					    is_negative, diag);
			if (r < 0)
				return r;
		}
	}
	return RV_OK;
}

int rv_armsxml_check_fields(const struct rv_armsxml_elem *table, const void *message,
			    struct rv_diag *diag)
{
	static const struct path top = { .text = "" };

	return check_table(table, message, &top, false, diag);
}

int rv_armsxml_check_range(struct rv_armsxml_int number, int32_t min, int32_t max,
			   const char *where, struct rv_diag *diag)
{
	if (!number.is_set)
		return rv_diag_set(diag, RV_EINVALID, key, where, "missing");
	if (number.value < min || number.value > max)
		return rv_diag_set(diag, RV_EINVALID, key, where, "%d is not in %d .. %d",
				   number.value, min, max);
	return RV_OK;
}

int rv_armsxml_check_optional(struct rv_armsxml_int number, int32_t min, int32_t max,
			      const char *where, struct rv_diag *diag)
{
	return number.is_set ? rv_armsxml_check_range(number, min, max, where, diag) : RV_OK;
}

/* `where` is element[i]child. */
int rv_armsxml_check_url(struct rv_str text, size_t max, const char *element, size_t i,
			 const char *child, struct rv_diag *diag)
{
	struct rv_armshttp_url url;
	int r = rv_armshttp_url_parse_for_device(text, max, &url, diag);

	if (r < 0 && diag != NULL)
		snprintf(diag->where, sizeof(diag->where), "%s[%zu]%s", element, i, child);
	return r;
}

static int check_urls(const struct rv_armsxml_list *list, const char *element, struct rv_diag *diag)
{
	for (size_t i = 0; i < list->count; i++) {
		int r = rv_armsxml_check_url(list->item[i], RV_ARMSHTTP_URL_MAX, element, i, "",
					     diag);
		if (r < 0)
			return r;
	}
	return RV_OK;
}

static int check_rs_solicitation(const struct rv_armsxml_response *res, struct rv_diag *diag)
{
	int r = rv_armsxml_check_range(res->ll_timeout, 0, INT32_MAX, "ll-timeout", diag);

	if (r == RV_OK)
		r = rv_armsxml_check_range(res->rs_retry_max, 0, INT32_MAX, "rs-retry-max", diag);
	if (r == RV_OK) /* S49: without it devices retry in a tight loop */
		r = rv_armsxml_check_range(res->rs_retry_interval, 1, INT32_MAX,
					   "rs-retry-interval", diag);
	if (r < 0)
		return r;
	if (res->rs_key.len == 0)
		return rv_diag_set(diag, RV_EINVALID, key, "rs-preshared-key", "missing");
	if (res->rs_count == 0)
		return rv_diag_set(diag, RV_EINVALID, key, "rs-info", "missing");
	for (size_t i = 0; i < res->rs_count; i++) {
		struct rv_str text = res->rs[i].md_config;
		char where[WHERE_MAX];

		r = rv_armsxml_check_url(res->rs[i].url, RV_ARMSXML_RS_URL_MAX, "rs-info", i,
					 ".url", diag);
		if (r < 0)
			return r;
		snprintf(where, sizeof(where), "rs-info[%zu].md-config", i);
		if (text.len == 0) /* S47 */
			return rv_diag_set(diag, RV_EINVALID, key, where, "missing");
		if (text.len > RV_ARMSXML_LOCATION_MAX) /* S48 */
			return rv_diag_set(diag, RV_ELIMIT, key, where, "%zu bytes, allowed are %d",
					   text.len, RV_ARMSXML_LOCATION_MAX);
	}
	return RV_OK;
}

/* S63, S64: the BEGIN line must be found, and nobody can type a pass phrase. */
static int check_pem(struct rv_str pem, const char *where, struct rv_diag *diag)
{
	bool is_found = false;

	if (pem.len > RV_ARMSXML_PEM_MAX)
		return rv_diag_set(diag, RV_ELIMIT, key, where, "%zu bytes, allowed are %d",
				   pem.len, RV_ARMSXML_PEM_MAX);
	for (size_t at = 0; at < pem.len;) {
		struct rv_str rest = rv_str_sub(pem, at, pem.len);

		is_found |= rv_str_starts(rest, "-----BEGIN");
		if (rv_str_starts(rest, "-----BEGIN ENCRYPTED") ||
		    rv_str_starts(rest, "Proc-Type: 4,ENCRYPTED"))
			return rv_diag_set(diag, RV_EINVALID, key, where, "the key is encrypted");
		at += rv_str_find(rest, '\n') + 1;
	}
	return is_found ? RV_OK
			: rv_diag_set(diag, RV_EINVALID, key, where,
				      "no line begins with -----BEGIN");
}

static int check_identity(const struct rv_armsxml_response *res, struct rv_diag *diag)
{
	int r;

	if (res->sa_certificate.len == 0 && res->sa_private_key.len == 0)
		return RV_OK;
	r = check_pem(res->sa_certificate, "sa-certificate", diag);
	return r < 0 ? r : check_pem(res->sa_private_key, "sa-private-key", diag);
}

static int check_heartbeat(const struct rv_armsxml_response *res, size_t i, struct rv_diag *diag)
{
	const struct rv_armsxml_heartbeat *hb = &res->heartbeats[i];
	struct in6_addr address;
	char host[INET6_ADDRSTRLEN];
	char where[WHERE_MAX];
	int r;

	snprintf(where, sizeof(where), "heartbeat-info[%zu].host", i);
	if (!rv_str_copy(hb->host, host, sizeof(host)) ||
	    (inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1))
		return rv_diag_set(diag, RV_EINVALID, key, where, "not a numeric address");
	snprintf(where, sizeof(where), "heartbeat-info[%zu].port", i);
	r = rv_armsxml_check_range(hb->port, 1, UINT16_MAX, where, diag);
	if (r < 0)
		return r;
	snprintf(where, sizeof(where), "heartbeat-info[%zu].passphrase", i);
	if (hb->passphrase.len == 0)
		return rv_diag_set(diag, RV_EINVALID, key, where, "missing");
	snprintf(where, sizeof(where), "heartbeat-info[%zu].interval", i);
	r = rv_armsxml_check_range(hb->interval, 1, INT32_MAX, where, diag);
	if (r == RV_OK && hb->interval.value != res->heartbeats[0].interval.value)
		return rv_diag_set(diag, RV_EINVALID, key, where, "all intervals must be equal");
	return r;
}

static int check_heartbeats(const struct rv_armsxml_response *res, struct rv_diag *diag)
{
	if (res->heartbeat_count == 0) /* S75 */
		return rv_diag_set(diag, RV_EINVALID, key, "heartbeat-info",
				   "missing: original devices would run a busy loop");
	for (size_t i = 0; i < res->heartbeat_count; i++) {
		int r = check_heartbeat(res, i, diag);
		if (r < 0)
			return r;
	}
	return RV_OK;
}

int rv_armsxml_check_module_ids(const struct rv_armsxml_module *modules, size_t count,
				struct rv_diag *diag)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (modules[i].id == modules[j].id)
				return rv_diag_set(diag, RV_EINVALID, key, "module",
						   "id %u is given twice", modules[i].id);
	return RV_OK;
}

static int check_config_solicitation(const struct rv_armsxml_response *res, struct rv_diag *diag)
{
	int r = check_identity(res, diag);

	if (r == RV_OK)
		r = rv_armsxml_check_optional(res->push_port, 1, UINT16_MAX, "push-port", diag);
	if (r == RV_OK)
		r = rv_armsxml_check_optional(res->push_timeout, 1, INT32_MAX, "push-timeout",
					      diag);
	if (r == RV_OK)
		r = check_heartbeats(res, diag);
	if (r == RV_OK && res->pull_urls.count == 0) /* S59 */
		r = rv_diag_set(diag, RV_EINVALID, key, "rs-pull-server-url", "missing");
	if (r == RV_OK)
		r = check_urls(&res->pull_urls, "rs-pull-server-url", diag);
	return r < 0 ? r : rv_armsxml_check_module_ids(res->modules, res->module_count, diag);
}

static int check_push_method_query(const struct rv_armsxml_response *res, struct rv_diag *diag)
{
	if (res->methods.count == 0)
		return rv_diag_set(diag, RV_EINVALID, key, "push-method", "missing");
	for (size_t i = 0; i < res->methods.count; i++) {
		bool is_tunnel = rv_str_is(res->methods.item[i], "https-tunnel");

		if (!is_tunnel && !rv_str_is(res->methods.item[i], "https-simple")) /* S76 */
			return rv_diag_set(diag, RV_EINVALID, key, "push-method",
					   "neither https-simple nor https-tunnel");
		if (is_tunnel && res->tunnel_urls.count == 0) /* S77 */
			return rv_diag_set(diag, RV_EINVALID, key, "https-tunnel-url", "missing");
	}
	int r = rv_armsxml_check_optional(res->echo_interval, 1, INT32_MAX,
					  "https-tunnel-echo-interval", diag);
	return r < 0 ? r : check_urls(&res->tunnel_urls, "https-tunnel-url", diag);
}

int rv_armsxml_check_response(const struct rv_armsxml_response *res, struct rv_diag *diag)
{
	static int (*const checks[RV_ARMSXML_TYPE_COUNT])(const struct rv_armsxml_response *,
							  struct rv_diag *) = {
		[RV_ARMSXML_RS_SOLICITATION] = check_rs_solicitation,
		[RV_ARMSXML_CONFIG_SOLICITATION] = check_config_solicitation,
		[RV_ARMSXML_PUSH_METHOD_QUERY] = check_push_method_query,
	};
	static const struct path top = { .text = "" };
	int r = rv_armsxml_check_range(res->code, 0, RV_ARMSXML_CODE_MAX, "result-code", diag);
	bool is_negative;

	if (r < 0)
		return r;
	is_negative = !rv_arms_code_is_success(res->code.value);
	r = check_table(rv_armsxml_response_table(res->type), (const char *)res, &top, is_negative,
			diag);
	return r < 0 || is_negative ? r : checks[res->type](res, diag);
}
