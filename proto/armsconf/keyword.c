#include "proto/armsconf/keyword_priv.h"

#define BIT(kind)  (1u << RV_ARMSCONF_LINE_##kind)
#define BOTH_PPPOE (BIT(PPPOE) | BIT(PPPOE_IPV6))
#define EVERY      (BOTH_PPPOE | BIT(DHCP) | BIT(MOBILE) | BIT(STATIC) | BIT(RA))
#define FIELD(f)   #f, false, offsetof(struct rv_armsconf_line, f)
#define NUMBER(f)  #f, true, offsetof(struct rv_armsconf_line, f)

const struct rv_armsconf_keyword rv_armsconf_keywords[RV_ARMSCONF_KEYWORD_COUNT] = {
	{ "ifindex", NUMBER(ifindex), EVERY, 0 },
	{ "telno", FIELD(telno), BIT(MOBILE), 0 },
	{ "cid", NUMBER(cid), BIT(MOBILE), 0 },
	{ "apn", FIELD(apn), BIT(MOBILE), 0 },
	{ "pdp-type", FIELD(pdp_type), BIT(MOBILE), 0 },
	{ "account", FIELD(account), BOTH_PPPOE | BIT(MOBILE), BOTH_PPPOE },
	{ "password", FIELD(password), BOTH_PPPOE | BIT(MOBILE), BOTH_PPPOE },
	{ "ipaddress", FIELD(ipaddress), BIT(STATIC) | BIT(MOBILE), BIT(STATIC) },
};

size_t rv_armsconf_value_max(const struct rv_armsconf_keyword *keyword,
			     enum rv_armsconf_line_kind kind)
{
	switch (keyword->offset) {
	case offsetof(struct rv_armsconf_line, telno):
		return RV_ARMSCONF_TELNO_MAX;
	case offsetof(struct rv_armsconf_line, apn):
		return RV_ARMSCONF_APN_MAX;
	case offsetof(struct rv_armsconf_line, pdp_type):
		return RV_ARMSCONF_PDP_TYPE_MAX;
	case offsetof(struct rv_armsconf_line, ipaddress):
		return RV_ARMSCONF_IPADDRESS_MAX;
	default:
		return kind == RV_ARMSCONF_LINE_MOBILE ? RV_ARMSCONF_MOBILE_ID_MAX
						       : RV_ARMSCONF_PPP_ID_MAX;
	}
}

static const struct {
	enum rv_armsconf_line_kind kind;
	const char *name;
} names[] = {
	{ RV_ARMSCONF_LINE_PPPOE, "line-pppoe" },
	{ RV_ARMSCONF_LINE_DHCP, "line-dhcp" },
	{ RV_ARMSCONF_LINE_MOBILE, "line-mobile" },
	{ RV_ARMSCONF_LINE_STATIC, "line-static" },
	{ RV_ARMSCONF_LINE_RA, "line-ra" },
	{ RV_ARMSCONF_LINE_PPPOE_IPV6, "line-pppoe-ipv6" },
};

const char *rv_armsconf_line_name(enum rv_armsconf_line_kind kind)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(names); i++)
		if (names[i].kind == kind)
			return names[i].name;
	return NULL;
}

bool rv_armsconf_line_kind(struct rv_str name, enum rv_armsconf_line_kind *out)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(names); i++) {
		if (rv_str_is(name, names[i].name)) {
			*out = names[i].kind;
			return true;
		}
	}
	return false;
}
