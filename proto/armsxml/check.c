/* What a server may send to a device; see build.h. First what the tables know (characters,
 * lengths, counts), then what each type demands beyond that. */
#include <limits.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "proto/armshttp/url.h"
#include "proto/armsxml/build.h"
#include "proto/armsxml/check_priv.h"
#include "proto/armsxml/code.h"

enum { WHERE_MAX = RV_DIAG_WHERE_MAX };

/* Where a value stands: "group[2].name", or "name[1]". Made text only for a refusal. */
struct path {
	const struct path *group; /* the repeated one around it; NULL: none */
	const struct rv_armsxml_elem *elem;
	size_t index;
	char text[WHERE_MAX]; /* by where() */
};

static const char key[] = RV_ARMSXML_CHECK_KEY;

/* S32: anything beyond ASCII makes the document invalid; other controls XML cannot hold. */
static const bool is_unfit[UCHAR_MAX + 1] = {
	[0 ... '\t' - 1] = true,
	['\n' + 1 ... '\r' - 1] = true,
	['\r' + 1 ... ' ' - 1] = true,
	[0x80 ... UCHAR_MAX] = true,
};

/* Eight bytes of ' ' .. 0x7f: no subtraction borrows and no high bit is set. */
static bool are_plain(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return ((word | (word - UINT64_C(0x2020202020202020))) & UINT64_C(0x8080808080808080)) == 0;
}

/* Offset of the first byte that cannot be sent, or text.len. */
static size_t find_unfit(struct rv_str text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t i = 0;

	while (i < text.len) {
		if (text.len - i >= sizeof(uint64_t) && are_plain(p + i))
			i += sizeof(uint64_t);
		else if (is_unfit[p[i]])
			return i;
		else
			i++;
	}
	return i;
}

static const char *place_of(struct path *path)
{
	const struct path *group = path->group;
	char before[WHERE_MAX] = "", index[24] = "";

	if (group != NULL)
		snprintf(before, sizeof(before), "%.32s[%zu].", group->elem->name, group->index);
	if (rv_armsxml_is_repeated(path->elem))
		snprintf(index, sizeof(index), "[%zu]", path->index);
	snprintf(path->text, sizeof(path->text), "%.40s%.32s%s", before, path->elem->name, index);
	return path->text;
}

static int check_text(struct rv_str text, size_t max, struct path *path, struct rv_diag *diag)
{
	size_t at;

	if (text.len > max)
		return rv_diag_set(diag, RV_ELIMIT, key, place_of(path),
				   "%zu bytes, allowed are %zu", text.len, max);
	at = find_unfit(text);
	if (at == text.len)
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, key, place_of(path),
			   "byte %zu is 0x%02x: only ASCII text can be sent, other data as "
			   "binary",
			   at + 1, (unsigned char)text.ptr[at]);
}

static int check_module(const struct rv_armsxml_module *module, struct path *path,
			struct rv_diag *diag)
{
	const struct rv_armsxml_elem *elem = path->elem;
	int r;

	if (elem->kind == RV_ARMSXML_CONFIG)
		return !module->has_config || module->is_binary
			       ? RV_OK
			       : check_text(module->config, SIZE_MAX, path, diag);
	r = check_text(module->version, RV_ARMSXML_TEXT_MAX, path, diag);
	return r < 0 ? r : check_text(module->infostring, elem->max_bytes, path, diag);
}

static int check_item(const struct rv_armsxml_item *item, struct path *path, struct rv_diag *diag)
{
	return item->is_binary ? RV_OK : check_text(item->body, RV_ARMSXML_TEXT_MAX, path, diag);
}

static int check_table(const struct rv_armsxml_elem *table, const char *base,
		       const struct path *group, bool is_negative, struct rv_diag *diag);

static int check_value(const char *value, struct path *path, bool is_negative, struct rv_diag *diag)
{
	const struct rv_armsxml_elem *elem = path->elem;
	const void *p = value;

	switch (elem->kind) {
	case RV_ARMSXML_GROUP:
		return is_negative ? RV_OK
				   : check_table(elem->children, value,
						 rv_armsxml_is_repeated(elem) ? path : NULL,
						 is_negative, diag);
	case RV_ARMSXML_TEXT:
		return check_text(*(const struct rv_str *)p, elem->max_bytes, path, diag);
	case RV_ARMSXML_MODULE:
	case RV_ARMSXML_CONFIG:
		return check_module(p, path, diag);
	case RV_ARMSXML_ITEM:
		return check_item(p, path, diag);
	default:
		return RV_OK;
	}
}

static int check_table(const struct rv_armsxml_elem *table, const char *base,
		       const struct path *group, bool is_negative, struct rv_diag *diag)
{
	for (const struct rv_armsxml_elem *elem = table; elem->name != NULL; elem++) {
		struct path here = { .group = group, .elem = elem };
		size_t count = rv_armsxml_value_count(elem, base);

		if (rv_armsxml_is_repeated(elem) && count > elem->max_count)
			return rv_diag_set(diag, RV_ELIMIT, key, elem->name,
					   "%zu times, allowed are %u", count, elem->max_count);
		for (; here.index < count; here.index++) {
			int r = check_value(rv_armsxml_value(elem, base, here.index), &here,
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
	return check_table(table, message, NULL, false, diag);
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

		at += rv_str_find(rest, '\n') + 1;
		if (rest.ptr[0] != '-' && rest.ptr[0] != 'P')
			continue;
		is_found |= rv_str_starts(rest, "-----BEGIN");
		if (rv_str_starts(rest, "-----BEGIN ENCRYPTED") ||
		    rv_str_starts(rest, "Proc-Type: 4,ENCRYPTED"))
			return rv_diag_set(diag, RV_EINVALID, key, where, "the key is encrypted");
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

/* diag->where is the child. */
static int check_heartbeat(const struct rv_armsxml_response *res, size_t i, struct rv_diag *diag)
{
	const struct rv_armsxml_heartbeat *hb = &res->heartbeats[i];
	struct in6_addr address;
	char host[INET6_ADDRSTRLEN];
	int r;

	if (!rv_str_copy(hb->host, host, sizeof(host)) ||
	    (inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1))
		return rv_diag_set(diag, RV_EINVALID, key, "host", "not a numeric address");
	r = rv_armsxml_check_range(hb->port, 1, UINT16_MAX, "port", diag);
	if (r < 0)
		return r;
	if (hb->passphrase.len == 0)
		return rv_diag_set(diag, RV_EINVALID, key, "passphrase", "missing");
	r = rv_armsxml_check_range(hb->interval, 1, INT32_MAX, "interval", diag);
	if (r == RV_OK && hb->interval.value != res->heartbeats[0].interval.value)
		return rv_diag_set(diag, RV_EINVALID, key, "interval",
				   "all intervals must be equal");
	return r;
}

/* diag->where "child" becomes "heartbeat-info[i].child". */
static void name_heartbeat(struct rv_diag *diag, size_t i)
{
	char child[16];

	snprintf(child, sizeof(child), "%.15s", diag->where);
	snprintf(diag->where, sizeof(diag->where), "heartbeat-info[%zu].%s", i, child);
}

static int check_heartbeats(const struct rv_armsxml_response *res, struct rv_diag *diag)
{
	if (res->heartbeat_count == 0) /* S75 */
		return rv_diag_set(diag, RV_EINVALID, key, "heartbeat-info",
				   "missing: original devices would run a busy loop");
	for (size_t i = 0; i < res->heartbeat_count; i++) {
		int r = check_heartbeat(res, i, diag);
		if (r < 0 && diag != NULL)
			name_heartbeat(diag, i);
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
	int r = rv_armsxml_check_range(res->code, 0, RV_ARMSXML_CODE_MAX, "result-code", diag);
	bool is_negative;

	if (r < 0)
		return r;
	is_negative = !rv_arms_code_is_success(res->code.value);
	r = check_table(rv_armsxml_response_table(res->type), (const char *)res, NULL, is_negative,
			diag);
	return r < 0 || is_negative ? r : checks[res->type](res, diag);
}
