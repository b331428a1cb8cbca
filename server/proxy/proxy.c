#include "server/proxy/proxy.h"

#include <errno.h>

#include "contract/rv_contract.h"
#include "server/armsfront/edge.h"

/* -- config-solicitation -------------------------------------------------------------------- */

static void pull_to_bus(const struct rv_front_request *request, struct rv_arena *arena, void *out)
{
	const struct rv_armsxml_request *message = request->message;
	struct rv_rs_pull_in *in = out;

	(void)arena;
	*in = (struct rv_rs_pull_in){ .distid = request->distid,
				      .key = request->key,
				      .message_distid = message->distid,
				      .description = message->description,
				      .trigger = message->trigger,
				      .firmware = message->firmware,
				      .protocol_version = message->protocol_version,
				      .address = request->address,
				      .path = request->path };
}

static int copy_list(const struct rv_str *items, size_t n, struct rv_armsxml_list *out)
{
	if (n > RV_ARMSXML_URLS_MAX)
		return RV_ELIMIT;
	for (size_t i = 0; i < n; i++)
		out->item[i] = items[i];
	out->count = n;
	return RV_OK;
}

static int copy_heartbeats(const struct rv_rs_pull_out *out, struct rv_armsxml_response *res)
{
	if (out->heartbeats_len > RV_ARMSXML_HEARTBEATS_MAX)
		return RV_ELIMIT;
	for (size_t i = 0; i < out->heartbeats_len; i++) {
		const struct rv_heartbeat_server *server = &out->heartbeats[i];
		struct rv_armsxml_heartbeat *h = &res->heartbeats[i];

		h->host = server->host;
		h->port = (struct rv_armsxml_int){ true, (int32_t)server->port };
		h->passphrase = server->passphrase;
		h->interval = (struct rv_armsxml_int){ true, (int32_t)server->interval };
		h->algorithms[0] = server->algorithm;
		h->algorithm_count = server->algorithm.len > 0;
	}
	res->heartbeat_count = out->heartbeats_len;
	return RV_OK;
}

static int copy_modules(const struct rv_rs_pull_out *out, struct rv_arena *arena,
			struct rv_armsxml_response *res)
{
	res->modules = rv_arena_array(arena, out->modules_len + 1, sizeof(*res->modules));
	if (res->modules == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < out->modules_len; i++) {
		const struct rv_module *m = &out->modules[i];

		res->modules[i] = (struct rv_armsxml_module){ .id = m->id,
							      .version = m->version,
							      .infostring = m->infostring,
							      .has_config = m->has_config,
							      .is_binary = m->is_binary,
							      .config = m->body };
		if (m->version.ptr == NULL) /* a module without version is told as version "" */
			res->modules[i].version = RV_STR_LIT("");
	}
	res->module_count = out->modules_len;
	return RV_OK;
}

static int pull_from_bus(const void *answer, struct rv_arena *arena,
			 struct rv_armsxml_response *res)
{
	const struct rv_rs_pull_out *out = answer;
	int err;

	*res = (struct rv_armsxml_response){
		.code = { true, (int32_t)out->code },
		.description = out->description,
		.sa_certificate = out->sa_certificate,
		.sa_private_key = out->sa_private_key,
		.push_port = { out->push_port != 0, (int32_t)out->push_port },
		.push_timeout = { out->push_timeout != 0, (int32_t)out->push_timeout },
	};
	err = copy_heartbeats(out, res);
	if (err == RV_OK)
		err = copy_list(out->push_addresses, out->push_addresses_len, &res->push_addresses);
	if (err == RV_OK)
		err = copy_list(out->pull_urls, out->pull_urls_len, &res->pull_urls);
	return err == RV_OK ? copy_modules(out, arena, res) : err;
}

/* -- push-method-query ---------------------------------------------------------------------- */

static void query_to_bus(const struct rv_front_request *request, struct rv_arena *arena, void *out)
{
	const struct rv_armsxml_request *message = request->message;
	struct rv_rs_method_query_in *in = out;

	*in = (struct rv_rs_method_query_in){ .distid = request->distid,
					      .key = request->key,
					      .message_distid = message->distid,
					      .description = message->description,
					      .address = request->address };
	in->methods = rv_arena_array(arena, message->method_count + 1, sizeof(*in->methods));
	if (in->methods == NULL)
		return; /* as if none were offered: a retryable refusal */
	for (size_t i = 0; i < message->method_count; i++)
		in->methods[i] = message->methods[i];
	in->methods_len = message->method_count;
}

static int query_from_bus(const void *answer, struct rv_arena *arena,
			  struct rv_armsxml_response *res)
{
	const struct rv_rs_method_query_out *out = answer;
	int err;

	(void)arena;
	*res = (struct rv_armsxml_response){
		.code = { true, (int32_t)out->code },
		.description = out->description,
		.echo_interval = { out->echo_interval != 0, (int32_t)out->echo_interval },
	};
	err = copy_list(out->methods, out->methods_len, &res->methods);
	return err == RV_OK ? copy_list(out->tunnel_urls, out->tunnel_urls_len, &res->tunnel_urls)
			    : err;
}

static const struct rv_edge_route routes[] = {
	{ RV_ARMSXML_CONFIG_SOLICITATION, "rs", "rs.pull", &rv_rs_pull_in_type,
	  &rv_rs_pull_out_type, pull_to_bus, pull_from_bus },
	{ RV_ARMSXML_PUSH_METHOD_QUERY, "rs", "rs.method-query", &rv_rs_method_query_in_type,
	  &rv_rs_method_query_out_type, query_to_bus, query_from_bus },
};

const struct rv_edge_opt rv_proxy_edge = { .section = "proxy",
					   .words = RV_FRONT_WORDS("proxy"),
					   .asks_client_certificate = true,
					   .routes = routes,
					   .route_count = RV_ARRAY_LEN(routes) };

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	return rv_edge_start(duty, &rv_proxy_edge, state, diag);
}

const struct rv_duty_code rv_proxy_code = {
	.spec = &rv_proxy_duty_spec,
	.schema = rv_proxy_sections,
	.schema_count = 1,
	.start = start,
	.reload = rv_edge_reload,
	.drain = rv_edge_drain,
	.stop = rv_edge_stop,
	.metrics = rv_edge_metrics,
};
