#include "oracle.h"

#include <stdio.h>

#include "base/time.h"

/* ---- Families: which line, which addresses ------------------------------------------------ */

const struct family families[] = {
	{ "IPv4", ARMS_LINE_DHCP, "line-dhcp {\n};\n", false, false, true, false },
	{ "IPv6", ARMS_LINE_RA, "line-ra {\n};\n", true, true, false, true },
	{ "both", ARMS_LINE_STATIC, "line-static {\n ipaddress 192.0.2.7;\n};\n", false, true, true,
	  true },
	{ "both, over an IPv4 line", ARMS_LINE_DHCP, "line-dhcp {\n};\n", false, true, true,
	  false },
};
const size_t family_count = RV_ARRAY_LEN(families);

bool is_v6(const struct family *f, size_t i)
{
	return i % 2 == 0 ? f->is_v6_even : f->is_v6_odd;
}

bool is_carried(const struct family *f, size_t i)
{
	return is_v6(f, i) ? f->carries_v6 : f->carries_v4;
}

/* ---- How a server is down, and what that costs -------------------------------------------- */

const struct row rows[] = {
	{ "RS retry, LS retry, query retry", HOST_DOWN, 0, false, ARMS_LOG_ECONNECT },
	{ "TCP connect + TLS handshake", HOST_HANGS, 30, false, ARMS_LOG_ENETTIMEOUT },
	{ "progress of sending a request", HOST_DEAF, 30, false, ARMS_LOG_ENETTIMEOUT },
	{ "complete response after request sent", HOST_SILENT, 30, true, ARMS_LOG_ENETTIMEOUT },
	{ "complete response: not renewed", HOST_TRICKLES, 30, true, ARMS_LOG_ENETTIMEOUT },
};
const size_t row_count = RV_ARRAY_LEN(rows);

/* ---- The oracle ---------------------------------------------------------------------------- */

void say(struct oracle *o, const char *word)
{
	if (o->now_s != o->told_s)
		rv_buf_printf(&o->words, "@%lld ", (long long)o->now_s);
	o->told_s = o->now_s;
	rv_buf_printf(&o->words, "%s ", word);
}

void say_number(struct oracle *o, const char *prefix, int number)
{
	char word[32];

	snprintf(word, sizeof(word), "%s%d", prefix, number);
	say(o, word);
}

void spend(struct oracle *o, int64_t seconds)
{
	o->now_s += seconds;
	if (o->now_s >= o->plan->total_s) {
		o->now_s = o->plan->total_s;
		o->is_over = true;
	}
}

bool attempt(struct oracle *o, size_t i, int first_host, unsigned down, const char *request)
{
	const struct plan *p = o->plan;
	bool is_down = (down >> i & 1) != 0;

	if (!is_carried(p->family, i))
		return false;
	say_number(o, is_v6(p->family, i) ? "6:" : "", first_host + (int)i);
	if (!is_down || p->row->is_asked)
		say(o, request);
	if (is_down)
		spend(o, p->row->cost_s);
	return !is_down;
}

bool walk(struct oracle *o, size_t count, size_t *at, int first_host, unsigned down,
	  const char *request)
{
	bool is_done = false;

	say_number(o, "+", o->plan->family->line);
	for (size_t left = count; left > 0 && !is_done && !o->is_over; left--) {
		is_done = attempt(o, *at, first_host, down, request);
		if (!is_done)
			*at = (*at + 1) % count;
	}
	if (is_done && first_host == RS_HOST)
		say(o, "c1.3");
	say_number(o, "-", o->plan->family->line);
	return is_done;
}

/* `rounds`, `interval_s` apart. */
static bool rounds(struct oracle *o, int64_t count, int64_t interval_s, size_t servers, size_t *at,
		   int first_host, unsigned down, const char *request)
{
	for (int64_t i = 0; i < count && !o->is_over; i++) {
		if (i > 0)
			spend(o, interval_s);
		if (!o->is_over && walk(o, servers, at, first_host, down, request))
			return true;
	}
	return false;
}

/* Spec 1.4: LS phase, RS phase, back to the LS at once, later a second apart. */
int oracle_pull(struct oracle *o, int64_t ls_rounds, int64_t ls_interval_s)
{
	const struct plan *p = o->plan;
	size_t ls_at = 0;
	unsigned fallbacks = 0;

	for (;;) {
		size_t rs_at = 0; /* a fresh LS pull resets it */

		say(o, "s1");
		if (!rounds(o, ls_rounds, ls_interval_s, p->ls, &ls_at, LS_HOST, p->ls_down,
			    "(LS)"))
			break;
		say(o, "s2");
		if (rounds(o, 1 + p->retry_max, p->interval_s, p->rs, &rs_at, RS_HOST, p->rs_down,
			   "(RS)")) {
			say(o, "s3");
			return 0;
		}
		if (!o->is_over && fallbacks++ > 0)
			spend(o, 1);
		if (o->is_over)
			break;
	}
	say(o, "s4");
	return o->is_over ? ARMS_ETIMEOUT : ARMS_EMAXRETRY;
}
