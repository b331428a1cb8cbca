#include "device/libarms/core/hb.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"

enum {
	TYPE_HMAC = 0x0001,
	TYPE_DISTID = 0x0011,
	HMAC_LEN = 20,
	TLV_LEN = 4,   /* type and length */
	INDEX_LEN = 2, /* opens every statistic */
	WORD_LEN = 8,
};

_Static_assert(TLV_LEN + HMAC_LEN + TLV_LEN + RV_DISTID_WIRE_LEN == RV_HB_HEADER_LEN,
	       "header length follows from its two parts");

static void put_tlv(struct rv_hb_packet *packet, uint16_t type, uint16_t len)
{
	rv_put_be16(packet->bytes + packet->len, type);
	rv_put_be16(packet->bytes + packet->len + 2, len);
	packet->len += TLV_LEN;
}

void rv_hb_clear(struct rv_hb_packet *packet, const struct rv_distid *id)
{
	memset(packet, 0, sizeof(*packet));
	put_tlv(packet, TYPE_HMAC, HMAC_LEN);
	packet->len += HMAC_LEN;
	put_tlv(packet, TYPE_DISTID, RV_DISTID_WIRE_LEN);
	rv_distid_to_wire(id, packet->bytes + packet->len);
	packet->len += RV_DISTID_WIRE_LEN;
}

static bool has_statistic(const struct rv_hb_packet *packet, uint16_t type, uint16_t index)
{
	size_t at = RV_HB_HEADER_LEN;

	while (at < packet->len) {
		const uint8_t *tlv = packet->bytes + at;

		if (rv_be16(tlv) == type && rv_be16(tlv + TLV_LEN) == index)
			return true;
		at += TLV_LEN + rv_be16(tlv + 2);
	}
	return false;
}

/* Room for a statistic of `len` value bytes beyond the index, or why not. */
static int open_statistic(struct rv_hb_packet *packet, uint16_t type, uint16_t index, size_t len)
{
	assert(packet->len >= RV_HB_HEADER_LEN);
	if (has_statistic(packet, type, index))
		return RV_EEXISTS;
	if (packet->len + TLV_LEN + INDEX_LEN + len > RV_HB_PACKET_MAX)
		return RV_ELIMIT;
	put_tlv(packet, type, (uint16_t)(INDEX_LEN + len));
	rv_put_be16(packet->bytes + packet->len, index);
	packet->len += INDEX_LEN;
	return RV_OK;
}

int rv_hb_put_octets(struct rv_hb_packet *packet, enum rv_hb_type type, uint16_t index,
		     const uint8_t *octets, size_t n)
{
	int r = open_statistic(packet, (uint16_t)type, index, n);

	if (r != RV_OK)
		return r;
	memcpy(packet->bytes + packet->len, octets, n);
	packet->len += n;
	return RV_OK;
}

int rv_hb_put_words(struct rv_hb_packet *packet, enum rv_hb_type type, uint16_t index,
		    const uint64_t *words, size_t n)
{
	int r = open_statistic(packet, (uint16_t)type, index, n * WORD_LEN);

	if (r != RV_OK)
		return r;
	for (size_t i = 0; i < n; i++, packet->len += WORD_LEN)
		rv_put_be64(packet->bytes + packet->len, words[i]);
	return RV_OK;
}
