#include <assert.h>
#include <string.h>

#include "base/addr.h"
#include "base/time.h"
#include "server/rs/core.h"

static struct rs_list read_list(const struct rv_conf_sec *sec, const char *item)
{
	struct rs_list list;

	list.count = rv_conf_list(sec, item, &list.items);
	return list;
}

static uint32_t read_seconds(const struct rv_conf_sec *sec, const char *item)
{
	return (uint32_t)(rv_conf_int(sec, item) / RV_US_PER_SEC);
}

/* "192.0.2.1:5115" or "[2001:db8::1]:5115": devices resolve no names. rv_conf_check_peer let it by.
 */
static void read_heartbeat(const char *text, struct rs_heartbeat *out)
{
	struct rv_addr addr;
	bool is_address = rv_addr_parse(rv_str(text), &addr);

	assert(is_address);
	memcpy(out->host, addr.host, sizeof(addr.host));
	out->port = addr.port;
}

void rs_settings_read(const struct rv_conf *conf, struct rs_settings *out)
{
	const struct rv_conf_sec *sec = rv_conf_get(conf, "rs", NULL);
	struct rs_settings s = {
		.name = rv_conf_str(sec, "name"),
		.pull_urls = read_list(sec, "pull_urls"),
		.tunnel_urls = read_list(sec, "tunnel_urls"),
		.push_addresses = read_list(sec, "push_addresses"),
		.push_methods = read_list(sec, "push_methods"),
		.location_urls = read_list(sec, "location_urls"),
		.lines = read_list(sec, "lines"),
		.ls_urls = read_list(sec, "ls_urls"),
		.heartbeat_interval_s = read_seconds(sec, "heartbeat_interval"),
		.echo_interval_s = read_seconds(sec, "echo_interval"),
		.push_port = (uint32_t)rv_conf_int(sec, "push_port"),
		.push_timeout_s = read_seconds(sec, "push_timeout"),
		.ll_timeout_s = read_seconds(sec, "ll_timeout"),
		.rs_retry_max = (uint32_t)rv_conf_int(sec, "rs_retry_max"),
		.rs_retry_interval_s = read_seconds(sec, "rs_retry_interval"),
		.waiting_max = rv_conf_int(sec, "waiting_max"),
		.strangers_max = rv_conf_int(sec, "strangers_max"),
		.pull_loop_max = rv_conf_int(sec, "pull_loop_max"),
		.pull_loop_window_us = rv_conf_int(sec, "pull_loop_window"),
		.guard = { rv_conf_int(sec, "config_refusals_max"),
			   strcmp(rv_conf_str(sec, "config_fallback"), "hold") == 0
				   ? RS_GUARD_HOLD
				   : RS_GUARD_LAST_RUNNING },
		.ls_forget_us = rv_conf_int(sec, "ls_forget"),
		.incidents_keep_us = rv_conf_int(sec, "incidents_keep"),
	};
	s.sa_key = strcmp(rv_conf_str(sec, "sa_key"), "rsa2048") == 0 ? RV_CA_KEY_RSA2048
								      : RV_CA_KEY_P256;
	s.sa_renew_us = rv_conf_int(sec, "sa_renew");
	struct rs_list servers = read_list(sec, "heartbeat_servers");

	if (s.tunnel_urls.count == 0)
		s.tunnel_urls = s.pull_urls;
	if (s.location_urls.count == 0)
		s.location_urls = s.pull_urls;
	for (s.heartbeat_count = 0; s.heartbeat_count < servers.count; s.heartbeat_count++)
		read_heartbeat(servers.items[s.heartbeat_count], &s.heartbeats[s.heartbeat_count]);
	*out = s;
}
