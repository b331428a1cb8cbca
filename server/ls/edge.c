/* The ls duty: rs-solicitation from devices to lsstore and back. */
#include "base/rand.h"
#include "contract/rv_contract.h"
#include "server/armsfront/edge.h"
#include "server/ls/ls.h"
#include "server/ls/spread.h"

static void to_bus(const struct rv_front_request *request, struct rv_arena *arena, void *out)
{
	const struct rv_armsxml_request *message = request->message;
	struct rv_ls_solicit_in *in = out;

	(void)arena;
	*in = (struct rv_ls_solicit_in){ .distid = request->distid,
					 .key = request->key,
					 .message_distid = message->distid,
					 .description = message->description,
					 .trigger = message->trigger,
					 .address = request->address };
}

static int from_bus(const void *answer, struct rv_arena *arena, struct rv_armsxml_response *res)
{
	const struct rv_ls_solicit_out *out = answer;
	const struct rv_feed_location *location = &out->location;
	uint32_t random;

	(void)arena;
	rv_rand_secret(&random, sizeof(random));
	if (location->entries_len > RV_ARMSXML_URLS_MAX)
		return RV_ELIMIT;
	*res = (struct rv_armsxml_response){
		.code = { true, (int32_t)out->code },
		.description = out->description,
		.rs_key = out->rs_key,
		.ll_timeout = { true, (int32_t)location->ll_timeout },
		.rs_retry_max = { true, (int32_t)location->rs_retry_max },
		.rs_retry_interval = { true, (int32_t)ls_spread_interval(
						     location->rs_retry_interval, random) },
		.rs_count = location->entries_len,
	};
	for (size_t i = 0; i < location->entries_len; i++)
		res->rs[i] = (struct rv_armsxml_rs_info){
			.url = location->entries[i].url, .md_config = location->entries[i].md_config
		};
	return RV_OK;
}

static const struct rv_edge_route routes[] = {
	{ RV_ARMSXML_RS_SOLICITATION, "lsstore", "ls.solicit", &rv_ls_solicit_in_type,
	  &rv_ls_solicit_out_type, to_bus, from_bus },
};

const struct rv_edge_opt rv_ls_edge = { .section = "ls",
					.words = RV_FRONT_WORDS("ls"),
					.routes = routes,
					.route_count = RV_ARRAY_LEN(routes) };

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	return rv_edge_start(duty, &rv_ls_edge, state, diag);
}

const struct rv_duty_code rv_ls_code = {
	.spec = &rv_ls_duty_spec,
	.schema = rv_ls_sections,
	.schema_count = 1,
	.start = start,
	.reload = rv_edge_reload,
	.drain = rv_edge_drain,
	.stop = rv_edge_stop,
	.metrics = rv_edge_metrics,
};
