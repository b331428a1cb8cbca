#include "device/libarms/core/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/siphash.h"

enum { AT_VERSION = 8, AT_LENGTH = 12, AT_CHECKSUM = 16, AT_PAYLOAD = 24 };

static const char magic[AT_VERSION] = "REEVESA";

/* The most a payload can need: what the structs hold, two bytes of length before each string. */
enum {
	STRINGS_PER_LINE = 6,
	PAYLOAD_MAX = sizeof(struct rv_sa_state) + ARMS_MAX_PEM_LEN +
		      2 * (3 + MAX_RS_INFO + ARMS_MAX_LINE * STRINGS_PER_LINE),
};
_Static_assert(AT_PAYLOAD + PAYLOAD_MAX <= RV_SA_STATE_SIZE, "every state fits");

/* One walk over the fields serves both directions, so they cannot drift apart. A failed
 * read is sticky and leaves zeros. */
struct cursor {
	uint8_t *at;
	uint8_t *end;
	bool is_reading;
	bool is_bad;
};

static uint8_t *take(struct cursor *c, size_t n)
{
	uint8_t *p = c->at;

	if (c->is_bad || (size_t)(c->end - c->at) < n) {
		c->is_bad = true;
		return NULL;
	}
	c->at += n;
	return p;
}

static void field_u32(struct cursor *c, uint32_t *value)
{
	uint8_t *p = take(c, 4);

	if (p == NULL)
		return;
	if (c->is_reading)
		*value = rv_be32(p);
	else
		rv_put_be32(p, *value);
}

/* A number that fits int and is not negative. */
static void field_int(struct cursor *c, int *value)
{
	uint32_t n = (uint32_t)*value;

	field_u32(c, &n);
	if (n > INT32_MAX)
		c->is_bad = true;
	else if (c->is_reading)
		*value = (int)n;
}

/* A count or an index; `max` is the last value allowed. */
static void field_size(struct cursor *c, size_t *value, size_t max)
{
	int n = (int)*value;

	field_int(c, &n);
	if ((size_t)n > max)
		c->is_bad = true;
	else if (c->is_reading)
		*value = (size_t)n;
}

/* A number of a line: the callback gets a pointer to it and may write what it likes. */
static void field_line_int(struct cursor *c, int *value)
{
	uint32_t n = (uint32_t)*value;

	field_u32(c, &n);
	*value = (int)n;
}

static void field_text(struct cursor *c, char *text, size_t size)
{
	/* A line callback may have filled an array of its line to the last byte. */
	size_t len = c->is_reading ? 0 : strnlen(text, size - 1);
	uint8_t *p = take(c, 2);

	if (p == NULL)
		return;
	if (!c->is_reading)
		rv_put_be16(p, (uint16_t)len);
	else
		len = rv_be16(p);
	if (len >= size || (p = take(c, len)) == NULL) {
		c->is_bad = true;
		return;
	}
	if (!c->is_reading)
		memcpy(p, text, len);
	else if (!rv_str_copy(rv_strn(p, len), text, size))
		c->is_bad = true; /* a NUL inside */
}

static void field_line(struct cursor *c, struct rv_sa_line *line)
{
	field_int(c, &line->type);
	field_line_int(c, &line->conf.ifindex);
	switch (line->type) {
	case ARMS_LINE_PPPOE:
	case ARMS_LINE_PPPOE_IPV6:
		field_text(c, line->conf.pppoe.id, sizeof(line->conf.pppoe.id));
		field_text(c, line->conf.pppoe.pass, sizeof(line->conf.pppoe.pass));
		break;
	case ARMS_LINE_MOBILE:
		field_line_int(c, &line->conf.mobile.cid);
		field_text(c, line->conf.mobile.telno, sizeof(line->conf.mobile.telno));
		field_text(c, line->conf.mobile.apn, sizeof(line->conf.mobile.apn));
		field_text(c, line->conf.mobile.pdp, sizeof(line->conf.mobile.pdp));
		field_text(c, line->conf.mobile.id, sizeof(line->conf.mobile.id));
		field_text(c, line->conf.mobile.pass, sizeof(line->conf.mobile.pass));
		field_text(c, line->conf.mobile.ipaddr, sizeof(line->conf.mobile.ipaddr));
		break;
	case ARMS_LINE_STATIC:
		field_text(c, line->conf.fixed.ipaddr, sizeof(line->conf.fixed.ipaddr));
		break;
	case ARMS_LINE_DHCP:
	case ARMS_LINE_RA:
		break;
	default:
		c->is_bad = true;
	}
}

static void field_location(struct cursor *c, struct rv_sa_location *loc,
			   char anchor[ARMS_MAX_PEM_LEN])
{
	field_size(c, &loc->rs_count, MAX_RS_INFO);
	for (size_t i = 0; i < loc->rs_count && !c->is_bad; i++)
		field_text(c, loc->rs_urls[i], sizeof(loc->rs_urls[i]));
	field_size(c, &loc->rs_index, loc->rs_count > 0 ? loc->rs_count - 1 : 0);
	field_size(c, &loc->line_count, ARMS_MAX_LINE);
	for (size_t i = 0; i < loc->line_count && !c->is_bad; i++)
		field_line(c, &loc->lines[i]);
	field_size(c, &loc->line_index, loc->line_count > 0 ? loc->line_count - 1 : 0);
	field_text(c, anchor, ARMS_MAX_PEM_LEN);
	field_int(c, &loc->retry_max);
	field_int(c, &loc->retry_interval_s);
	field_int(c, &loc->ll_timeout_s);
}

static void fields(struct cursor *c, struct rv_sa_state *state, char anchor[ARMS_MAX_PEM_LEN])
{
	field_text(c, state->endpoint, sizeof(state->endpoint));
	field_text(c, state->rs_key, sizeof(state->rs_key));
	field_int(c, &state->last_result);
	field_location(c, &state->loc, anchor);
}

static uint64_t checksum_of(const char *blob)
{
	return rv_siphash(UINT64_C(0x5265657665205341), UINT64_C(0x2073746174652031),
			  rv_strn(blob + AT_PAYLOAD, RV_SA_STATE_SIZE - AT_PAYLOAD));
}

void rv_sa_state_dump(const struct rv_sa_state *state, char out[static RV_SA_STATE_SIZE])
{
	struct rv_sa_state copy = *state;
	char anchor[ARMS_MAX_PEM_LEN] = "";
	uint8_t *blob = (uint8_t *)out;
	struct cursor c = { blob + AT_PAYLOAD, blob + RV_SA_STATE_SIZE, false, false };

	memset(out, 0, RV_SA_STATE_SIZE);
	if (state->loc.anchor != NULL)
		(void)rv_str_copy(rv_str(state->loc.anchor), anchor, sizeof(anchor));
	if (copy.last_result < 0)
		copy.last_result = 0;
	fields(&c, &copy, anchor);
	assert(!c.is_bad);
	memcpy(blob, magic, sizeof(magic));
	rv_put_be32(blob + AT_VERSION, RV_SA_STATE_VERSION);
	rv_put_be32(blob + AT_LENGTH, (uint32_t)(c.at - blob - AT_PAYLOAD));
	rv_put_be64(blob + AT_CHECKSUM, checksum_of(out));
	rv_wipe(&copy, sizeof(copy));
}

int rv_sa_state_restore(const char in[static RV_SA_STATE_SIZE], struct rv_sa_state *out)
{
	struct rv_sa_state state = { 0 };
	char anchor[ARMS_MAX_PEM_LEN] = "";
	const uint8_t *blob = (const uint8_t *)in;
	/* Reading never writes through the cursor. */
	struct cursor c = { (uint8_t *)(uintptr_t)(blob + AT_PAYLOAD), NULL, true, false };
	uint32_t len = rv_be32(blob + AT_LENGTH);

	if (memcmp(in, magic, sizeof(magic)) != 0)
		return RV_ECORRUPT;
	if (rv_be32(blob + AT_VERSION) != RV_SA_STATE_VERSION)
		return RV_EVERSION;
	if (len > RV_SA_STATE_SIZE - AT_PAYLOAD || rv_be64(blob + AT_CHECKSUM) != checksum_of(in))
		return RV_ECORRUPT;
	c.end = c.at + len;
	fields(&c, &state, anchor);
	if (c.is_bad || c.at != c.end) {
		rv_wipe(&state, sizeof(state));
		return RV_ECORRUPT;
	}
	if (anchor[0] != '\0') {
		state.loc.anchor = strdup(anchor);
		if (state.loc.anchor == NULL) {
			rv_wipe(&state, sizeof(state));
			return -ENOMEM;
		}
	}
	*out = state;
	return RV_OK;
}
