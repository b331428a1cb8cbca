#include "device/libarms/core/service.h"

#include <errno.h>

void rv_sa_service_deinit(struct rv_sa_service *service)
{
	rv_arena_wipe(&service->arena);
	*service = (struct rv_sa_service){ 0 };
}

static int copy_list(struct rv_arena *arena, const struct rv_armsxml_list *from,
		     struct rv_sa_urls *to)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++) {
		to->item[i] = rv_arena_copy(arena, from->item[i].ptr, from->item[i].len);
		if (to->item[i] == NULL)
			return -ENOMEM;
		to->count++;
	}
	return RV_OK;
}

static int copy_heartbeat(struct rv_arena *arena, const struct rv_armsxml_heartbeat *from,
			  arms_hbt_info_t *to)
{
	to->host = rv_arena_copy(arena, from->host.ptr, from->host.len);
	to->passphrase = rv_arena_copy(arena, from->passphrase.ptr, from->passphrase.len);
	if (to->host == NULL || to->passphrase == NULL)
		return -ENOMEM;
	to->port = from->port.value;
	to->interval = from->interval.value;
	for (size_t i = 0; i < from->algorithm_count; i++) {
		to->algorithm[i] = rv_arena_copy(arena, from->algorithms[i].ptr,
						 from->algorithms[i].len);
		if (to->algorithm[i] == NULL)
			return -ENOMEM;
		to->numalg++;
	}
	return RV_OK;
}

/* One bad number switches all of it off (spec 8); the original spins on a missing interval. */
static bool heartbeats_make_sense(const struct rv_armsxml_response *answer, struct rv_diag *diag)
{
	for (size_t i = 0; i < answer->heartbeat_count; i++) {
		const struct rv_armsxml_heartbeat *hb = &answer->heartbeats[i];
		const char *wrong = NULL;

		if (!hb->port.is_set || hb->port.value < 0 || hb->port.value > UINT16_MAX)
			wrong = "port";
		else if (!hb->interval.is_set || hb->interval.value <= 0)
			wrong = "interval";
		else if (hb->interval.value != answer->heartbeats[0].interval.value)
			wrong = "interval (they differ)";
		if (wrong != NULL) {
			(void)rv_diag_set(diag, RV_EINVALID, "service.heartbeat", "heartbeat-info",
					  "heartbeat is off: heartbeat-info %zu has no usable %s",
					  i, wrong);
			return false;
		}
	}
	return true;
}

static int copy_heartbeats(const struct rv_armsxml_response *answer, struct rv_sa_service *out,
			   struct rv_diag *diag)
{
	for (size_t i = 0; i < answer->heartbeat_count; i++) {
		const struct rv_armsxml_heartbeat *hb = &answer->heartbeats[i];

		if (hb->host.len == 0 || hb->passphrase.ptr == NULL)
			return rv_diag_set(diag, RV_EINVALID, "service.heartbeat", "heartbeat-info",
					   "heartbeat-info %zu has no %s", i,
					   hb->host.len == 0 ? "host" : "passphrase");
	}
	if (!heartbeats_make_sense(answer, diag))
		return RV_OK;
	for (size_t i = 0; i < answer->heartbeat_count; i++) {
		int r = copy_heartbeat(&out->arena, &answer->heartbeats[i], &out->heartbeats[i]);

		if (r != RV_OK)
			return r;
		out->heartbeat_count++;
	}
	return RV_OK;
}

static int copy_identity(const struct rv_armsxml_response *answer, struct rv_sa_service *out,
			 struct rv_diag *diag)
{
	if (answer->sa_certificate.len == 0) /* a key alone is no identity (spec 3.5) */
		return RV_OK;
	if (answer->sa_private_key.len == 0)
		return rv_diag_set(diag, RV_EINVALID, "service.identity", "sa-certificate",
				   "the RS sent an SA certificate without its key");
	out->certificate = rv_arena_str(&out->arena, answer->sa_certificate);
	out->private_key = rv_arena_str(&out->arena, answer->sa_private_key);
	return out->certificate.ptr != NULL && out->private_key.ptr != NULL ? RV_OK : -ENOMEM;
}

static int proposal(struct rv_armsxml_int n, int max)
{
	return n.is_set && n.value > 0 && n.value <= max ? n.value : 0;
}

int rv_sa_service_from_answer(const struct rv_armsxml_response *answer, struct rv_sa_service *out,
			      struct rv_diag *diag)
{
	struct rv_sa_service service = {
		.push_port = proposal(answer->push_port, UINT16_MAX),
		.push_timeout_s = proposal(answer->push_timeout, INT32_MAX),
		.echo_interval_s = RV_SA_ECHO_INTERVAL_S,
	};
	int r = copy_heartbeats(answer, &service, diag);

	if (r == RV_OK)
		r = copy_identity(answer, &service, diag);
	if (r == RV_OK)
		r = copy_list(&service.arena, &answer->push_addresses, &service.push_addresses);
	if (r == RV_OK)
		r = copy_list(&service.arena, &answer->pull_urls, &service.pull_urls);
	if (r != RV_OK) {
		rv_sa_service_deinit(&service);
		return r;
	}
	rv_sa_service_deinit(out);
	*out = service;
	return RV_OK;
}

int rv_sa_service_set_methods(struct rv_sa_service *service,
			      const struct rv_armsxml_response *answer)
{
	service->method_count = 0;
	service->listed_count = answer->methods.count;
	for (size_t i = 0; i < answer->methods.count; i++) {
		if (rv_str_is(answer->methods.item[i], "https-simple"))
			service->methods[service->method_count++] = ARMS_PUSH_METHOD_SIMPLE;
		else if (rv_str_is(answer->methods.item[i], "https-tunnel"))
			service->methods[service->method_count++] = ARMS_PUSH_METHOD_TUNNEL;
	}
	service->echo_interval_s = answer->echo_interval.is_set ? answer->echo_interval.value
								: RV_SA_ECHO_INTERVAL_S;
	if (copy_list(&service->arena, &answer->tunnel_urls, &service->tunnel_urls) == RV_OK)
		return RV_OK;
	service->tunnel_urls.count = 0;
	service->method_count = 0;
	return -ENOMEM;
}
