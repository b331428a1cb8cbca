#include "device/libarms/core/location.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/armsconf/location.h"

_Static_assert(ARMS_MAX_LINE == (int)RV_ARMSCONF_LINES_MAX, "as many lines as the text may have");
_Static_assert(MAX_RS_INFO == (int)RV_ARMSXML_URLS_MAX, "as many RSs as the answer may have");
_Static_assert(MAX_PPP_ID == RV_ARMSCONF_PPP_ID_MAX + 1 &&
		       MAX_MOBILE_PPP_ID == RV_ARMSCONF_MOBILE_ID_MAX + 1 &&
		       MAX_MOBILE_TEL_LEN == RV_ARMSCONF_TELNO_MAX + 1 &&
		       MAX_MOBILE_APN_LEN == RV_ARMSCONF_APN_MAX + 1 &&
		       MAX_MOBILE_PDP_LEN == RV_ARMSCONF_PDP_TYPE_MAX + 1,
	       "every value the parser lets pass fits its array");

void rv_sa_location_deinit(struct rv_sa_location *loc)
{
	free(loc->anchor);
	rv_wipe(loc, sizeof(*loc));
}

/* The parser has checked the length. */
static void set(char *to, size_t size, struct rv_str from)
{
	(void)rv_str_copy(from, to, size);
}

static void copy_line(const struct rv_armsconf_line *from, struct rv_sa_line *to)
{
	to->type = (int)from->kind;
	to->conf.ifindex = (int)from->ifindex;
	switch (from->kind) {
	case RV_ARMSCONF_LINE_PPPOE:
	case RV_ARMSCONF_LINE_PPPOE_IPV6:
		set(to->conf.pppoe.id, sizeof(to->conf.pppoe.id), from->account);
		set(to->conf.pppoe.pass, sizeof(to->conf.pppoe.pass), from->password);
		break;
	case RV_ARMSCONF_LINE_MOBILE:
		to->conf.mobile.cid = (int)from->cid;
		set(to->conf.mobile.telno, sizeof(to->conf.mobile.telno), from->telno);
		set(to->conf.mobile.apn, sizeof(to->conf.mobile.apn), from->apn);
		set(to->conf.mobile.pdp, sizeof(to->conf.mobile.pdp), from->pdp_type);
		set(to->conf.mobile.id, sizeof(to->conf.mobile.id), from->account);
		set(to->conf.mobile.pass, sizeof(to->conf.mobile.pass), from->password);
		set(to->conf.mobile.ipaddr, sizeof(to->conf.mobile.ipaddr), from->ipaddress);
		break;
	case RV_ARMSCONF_LINE_STATIC:
		set(to->conf.fixed.ipaddr, sizeof(to->conf.fixed.ipaddr), from->ipaddress);
		break;
	case RV_ARMSCONF_LINE_DHCP:
	case RV_ARMSCONF_LINE_RA:
		break;
	}
}

static int32_t number(struct rv_armsxml_int n)
{
	return n.is_set && n.value > 0 ? n.value : 0;
}

static int read_text(struct rv_str text, struct rv_sa_location *loc, struct rv_diag *diag)
{
	struct rv_armsconf_location *conf = malloc(sizeof(*conf));
	int r = conf != NULL ? rv_armsconf_location_parse(text, conf, diag) : -ENOMEM;

	if (r == RV_EINVALID)
		r = RV_ESYNTAX;
	if (r != RV_OK)
		goto out;
	if (conf->certificate_len > 0) {
		loc->anchor = strndup(conf->certificate, conf->certificate_len);
		r = loc->anchor != NULL ? RV_OK : -ENOMEM;
	}
	for (; loc->line_count < conf->line_count; loc->line_count++)
		copy_line(&conf->lines[loc->line_count], &loc->lines[loc->line_count]);
out:
	free(conf);
	return r;
}

int rv_sa_location_from_answer(const struct rv_armsxml_response *answer, struct rv_sa_location *out,
			       struct rv_diag *diag)
{
	struct rv_sa_location loc = { .retry_max = number(answer->rs_retry_max),
				      .retry_interval_s = number(answer->rs_retry_interval),
				      .ll_timeout_s = number(answer->ll_timeout),
				      .rs_count = answer->rs_count };
	int r = RV_OK;

	for (size_t i = 0; i < answer->rs_count; i++) {
		const struct rv_armsxml_rs_info *rs = &answer->rs[i];

		if (rs->md_config.ptr != NULL && rs->md_config.len == 0)
			return rv_diag_set(diag, RV_EINVALID, "location.empty", "md-config",
					   "md-config %zu of the LS is empty", i);
		set(loc.rs_urls[i], sizeof(loc.rs_urls[i]), rs->url);
	}
	if (answer->rs_count > 0)
		r = read_text(answer->rs[0].md_config, &loc, diag);
	if (r == RV_OK) {
		rv_sa_location_deinit(out);
		*out = loc;
	} else {
		rv_sa_location_deinit(&loc);
	}
	return r;
}
