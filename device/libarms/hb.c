/* The heartbeat setters: statistics into the packet of the context. Sending belongs to push. */
#include "device/libarms/context.h"

void arms_hb_start(arms_context_t *ctx)
{
	(void)ctx; /* nothing sends, so nothing can be suspended or resumed */
}

void arms_hb_stop(arms_context_t *ctx)
{
	(void)ctx;
}

int arms_hb_is_running(arms_context_t *ctx)
{
	(void)ctx;
	return 0;
}

static int result(int r)
{
	return r == RV_OK ? 0 : r == RV_EEXISTS ? ARMS_EEXIST : ARMS_ESIZE;
}

static int put_octets(arms_context_t *ctx, enum rv_hb_type type, uint16_t idx,
		      const uint8_t *octets, size_t n)
{
	return ctx != NULL ? result(rv_hb_put_octets(&ctx->hb, type, idx, octets, n)) : ARMS_EFATAL;
}

static int put_words(arms_context_t *ctx, enum rv_hb_type type, uint16_t idx, const uint64_t *words,
		     size_t n)
{
	return ctx != NULL ? result(rv_hb_put_words(&ctx->hb, type, idx, words, n)) : ARMS_EFATAL;
}

int arms_hb_set_cpu_usage(arms_context_t *ctx, uint16_t idx, uint8_t utilization)
{
	return put_octets(ctx, RV_HB_CPU, idx, &utilization, 1);
}

int arms_hb_set_cpu_detail_usage(arms_context_t *ctx, uint16_t idx, uint8_t idle, uint8_t interrupt,
				 uint8_t user, uint8_t sys, uint8_t other)
{
	uint8_t octets[] = { idle, interrupt, user, sys, other };

	return put_octets(ctx, RV_HB_CPU_DETAIL, idx, octets, sizeof(octets));
}

int arms_hb_set_mem_usage(arms_context_t *ctx, uint16_t idx, uint64_t used, uint64_t avail)
{
	uint64_t words[] = { used, avail };

	return put_words(ctx, RV_HB_MEMORY, idx, words, RV_ARRAY_LEN(words));
}

int arms_hb_set_disk_usage(arms_context_t *ctx, uint16_t idx, uint64_t used, uint64_t avail)
{
	uint64_t words[] = { used, avail };

	return put_words(ctx, RV_HB_DISK, idx, words, RV_ARRAY_LEN(words));
}

/* Seven values: the parameter lists of the two traffic functions are those of the API. */
int arms_hb_set_traffic_count(arms_context_t *ctx, uint16_t ifidx, uint64_t in_octet,
			      uint64_t out_octet, uint64_t in_packet, uint64_t out_packet,
			      uint64_t in_error, uint64_t out_error)
{
	uint64_t words[] = { in_octet, out_octet, in_packet, out_packet, in_error, out_error };

	return put_words(ctx, RV_HB_TRAFFIC_COUNT, ifidx, words, RV_ARRAY_LEN(words));
}

int arms_hb_set_traffic_rate(arms_context_t *ctx, uint16_t ifidx, uint64_t in_octet,
			     uint64_t out_octet, uint64_t in_packet, uint64_t out_packet,
			     uint64_t in_error, uint64_t out_error)
{
	uint64_t words[] = { in_octet, out_octet, in_packet, out_packet, in_error, out_error };

	return put_words(ctx, RV_HB_TRAFFIC_RATE, ifidx, words, RV_ARRAY_LEN(words));
}

int arms_hb_set_radiowave(arms_context_t *ctx, uint16_t ifidx, uint8_t status, uint8_t max,
			  uint8_t min, uint8_t avg)
{
	uint8_t octets[] = { status, max, min, avg };

	return put_octets(ctx, RV_HB_RADIO, ifidx, octets, sizeof(octets));
}
