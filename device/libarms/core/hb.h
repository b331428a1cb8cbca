/* hb.h - the heartbeat packet under construction.
 *
 * offset 0  00 01 00 14  HMAC-SHA1 (20 bytes, zero until the packet is sealed)
 *       24  00 11 00 10  distribution id (16 bytes)
 *       44  statistics, each: type u16, length u16, value; value begins with an index u16
 *
 * Big-endian, no padding, at most RV_HB_PACKET_MAX bytes: a statistic that does not fit is
 * refused and the packet stays as it was. Pure; no clock, no key, no allocation.
 * Source: spec/heartbeat.md section 4, spec/libarms-api.md 10.7.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_HB_H
#define RV_DEVICE_LIBARMS_CORE_HB_H

#include "base/err.h"
#include "base/str.h"
#include "proto/distid/distid.h"

enum { RV_HB_PACKET_MAX = 1024, RV_HB_HEADER_LEN = 44 };

enum rv_hb_type {
	RV_HB_RADIO = 0x002c,
	RV_HB_CPU = 0x0033,
	RV_HB_CPU_DETAIL = 0x0034,
	RV_HB_MEMORY = 0x0035,
	RV_HB_DISK = 0x0037,
	RV_HB_TRAFFIC_COUNT = 0x0038,
	RV_HB_TRAFFIC_RATE = 0x0039,
};

struct rv_hb_packet {
	size_t len; /* bytes used, RV_HB_HEADER_LEN at least */
	uint8_t bytes[RV_HB_PACKET_MAX];
};

/* Header only: no statistics. */
void rv_hb_clear(struct rv_hb_packet *packet, const struct rv_distid *id);

/* Append one statistic. RV_EEXISTS: this type and index are there already; RV_ELIMIT: no room.
 * octets: percentages and codes of one byte each; words: 64-bit values. */
int rv_hb_put_octets(struct rv_hb_packet *packet, enum rv_hb_type type, uint16_t index,
		     const uint8_t *octets, size_t n) RV_MUSTCHECK;
int rv_hb_put_words(struct rv_hb_packet *packet, enum rv_hb_type type, uint16_t index,
		    const uint64_t *words, size_t n) RV_MUSTCHECK;

#endif
