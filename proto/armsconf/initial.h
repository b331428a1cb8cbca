/* initial.h - the Initial-Config: where a device finds its LS before it knows anything.
 *
 *   1 .. 4 LS URLs            one per line, at most 256 characters each
 *   <empty line>
 *   retry interval base       waits between LS rounds are 20 x this many seconds
 *   retry count base          1 + 500 x this many LS rounds
 *   [<empty line>, account and password of the anonymous PPPoE line,
 *    [account and password of the anonymous PPPoE IPv6 line,] <empty line>,
 *    [telno, cid, apn, pdp-type, account, password of the anonymous mobile line]]
 *
 * It may end after any optional part; the last line needs no line end, CR before LF is
 * dropped. Pure, any thread. Source: spec/arms-protocol.md 6.3, arms-interop.md section 2.
 */
#ifndef RV_PROTO_ARMSCONF_INITIAL_H
#define RV_PROTO_ARMSCONF_INITIAL_H

#include "base/buf.h"
#include "base/diag.h"

enum {
	RV_ARMSCONF_LS_URLS_MAX = 4,
	RV_ARMSCONF_INITIAL_LINE_MAX = 256,   /* characters of one line */
	RV_ARMSCONF_RETRY_BASE_MAX = 4000000, /* 500 x it still fits 31 bits */
};

struct rv_armsconf_initial {
	struct rv_str urls[RV_ARMSCONF_LS_URLS_MAX]; /* unchecked beyond "not empty" */
	size_t url_count;
	uint32_t interval; /* base, unscaled; 0 = no wait */
	uint32_t max;      /* base, unscaled; 0 = one round */
	/* Accounts of the anonymous lines; an empty account means the part is not there. */
	struct rv_str pppoe_account, pppoe_password;
	struct rv_str pppoe_ipv6_account, pppoe_ipv6_password;
	bool has_mobile;
	struct rv_str telno, apn, pdp_type, mobile_account, mobile_password;
	uint32_t cid;
};

/* Read the plain form. The strings of *out point into `text`.
 *   RV_ELIMIT   a line or a value too long (limits in location.h), more than 4 URLs
 *   RV_ESYNTAX  no URL, a part cut off, something after the end, a control character
 *   RV_EINVALID a number that is none or out of range
 * *out untouched then; diag (may be NULL) has the line. */
int rv_armsconf_initial_parse(struct rv_str text, struct rv_armsconf_initial *out,
			      struct rv_diag *diag) RV_MUSTCHECK;

/* Append the text that every device, original ones included, reads as meant. What has a PPPoE
 * account ends with the empty line after that part.
 *   RV_EINVALID no URL or more than 4; a number out of range; a part that is not whole (an account
 *               without password, IPv6 or mobile without PPPoE before it, a mobile line that lacks
 *               one of its values); a value with a blank, control or non-ASCII character
 *   RV_ELIMIT   a value too long
 *   -ENOMEM     and out->err, sticking
 * Nothing is appended then; diag->where names the field ("ls_urls", "pppoe_account"). */
int rv_armsconf_initial_render(const struct rv_armsconf_initial *conf, struct rv_buf *out,
			       struct rv_diag *diag) RV_MUSTCHECK;

#endif
