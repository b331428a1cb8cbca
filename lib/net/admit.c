#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log/log.h"
#include "net/net_priv.h"

enum { IPV6_SOURCE_BYTES = 7 }; /* what one subscriber is given at most, as a rule: a /56 */

void rv_net_reset(int fd)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

static struct rv_str source_key(const void *item)
{
	const struct rv_net_source *source = item;

	return rv_strn(source->key, sizeof(source->key));
}

void rv_net_sources_init(struct rv_map *sources)
{
	uint64_t seed;

	rv_rand_secret(&seed, sizeof(seed));
	rv_map_init(sources, source_key, seed);
}

static void make_key(const struct sockaddr_storage *addr, char out[static RV_NET_SOURCE_KEY])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;

	memset(out, 0, RV_NET_SOURCE_KEY);
	if (addr->ss_family == AF_INET) {
		memcpy(out + 1, &v4->sin_addr, sizeof(v4->sin_addr));
	} else if (addr->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(out + 1, &v6->sin6_addr.s6_addr[12], sizeof(v4->sin_addr));
	} else if (addr->ss_family == AF_INET6) {
		out[0] = 6;
		memcpy(out + 1, &v6->sin6_addr, IPV6_SOURCE_BYTES);
	}
}

static struct rv_net_source *find_source(struct rv_net_server *server,
					 const struct sockaddr_storage *addr)
{
	char key[RV_NET_SOURCE_KEY];
	struct rv_net_source *source;

	make_key(addr, key);
	source = rv_map_get(&server->sources, rv_strn(key, sizeof(key)));
	if (source != NULL)
		return source;
	source = calloc(1, sizeof(*source));
	if (source == NULL)
		return NULL;
	memcpy(source->key, key, sizeof(key));
	if (rv_map_put(&server->sources, source) != RV_OK) {
		free(source);
		return NULL;
	}
	return source;
}

static void log_refusal(struct rv_net_server *server, const char *reason)
{
	if (rv_net_should_log(server, &server->refused_logged_us))
		rv_log(RV_LOG_WARN, "net.connection.refused", RV_KS("reason", reason),
		       RV_KI("open", server->stats.open),
		       RV_KI("handshaking", server->stats.handshaking),
		       RV_KI("conns_max", server->opt.limits.conns_max),
		       RV_KI("handshakes_max", server->opt.limits.handshakes_max));
}

/* The rule of net.h but for the full table. used: of the table; own: of its source. */
static bool is_fair(const struct rv_net_server *server, unsigned max, uint64_t used, unsigned own)
{
	unsigned percent = server->opt.limits.source_percent;

	if (percent == 0 || used < max / 2)
		return true;
	return own < 1 + (uint64_t)max * percent / 100;
}

static bool displace(struct rv_net_server *server, struct rv_list *phase)
{
	struct rv_net_conn *conn = RV_CONTAINER_OF(phase->next, struct rv_net_conn, phase_link);

	if (rv_list_is_empty(phase) ||
	    (phase != &server->waiting &&
	     rv_net_now_us(server) - conn->phase_at_us < RV_NET_STALL_US))
		return false;
	server->stats.displaced++;
	rv_net_conn_reset(conn);
	return true;
}

static bool make_room(struct rv_net_server *server)
{
	return displace(server, &server->waiting) || displace(server, &server->unsettled) ||
	       displace(server, &server->handshaking);
}

struct rv_net_source *rv_net_admit(struct rv_net_server *server,
				   const struct sockaddr_storage *addr)
{
	unsigned max = server->opt.limits.conns_max;
	struct rv_net_source *source = find_source(server, addr);
	bool is_allowed;

	if (source == NULL)
		return NULL;
	is_allowed = is_fair(server, max, server->stats.open, source->open);
	source->open++; /* first: who gives way may be of the same source */
	server->stats.open++;
	if (is_allowed && (server->stats.open <= max || make_room(server)))
		return source;
	if (is_allowed)
		server->stats.refused_full++;
	else
		server->stats.refused_source++;
	log_refusal(server, is_allowed ? "full" : "source");
	rv_net_source_leave(server, source);
	return NULL;
}

void rv_net_source_leave(struct rv_net_server *server, struct rv_net_source *source)
{
	assert(source->open > 0 && server->stats.open > 0);
	source->open--;
	server->stats.open--;
	if (server->stats.open == 0)
		rv_net_server_emptied(server);
	if (source->open > 0)
		return;
	rv_map_del(&server->sources, source_key(source));
	free(source);
}

bool rv_net_admit_handshake(struct rv_net_conn *conn)
{
	struct rv_net_server *server = conn->server;
	unsigned max = server->opt.limits.handshakes_max;

	if (!is_fair(server, max, server->stats.handshaking, conn->source->handshaking)) {
		server->stats.refused_source++;
		log_refusal(server, "source");
		return false;
	}
	if (server->stats.handshaking >= max && !displace(server, &server->handshaking)) {
		server->stats.refused_busy++;
		log_refusal(server, "handshakes");
		return false;
	}
	server->stats.handshaking++;
	conn->source->handshaking++;
	conn->phase_at_us = rv_net_now_us(server);
	rv_list_del(&conn->phase_link);
	rv_list_add_tail(&server->handshaking, &conn->phase_link);
	return true;
}

void rv_net_handshake_left(struct rv_net_conn *conn)
{
	rv_list_del(&conn->phase_link);
	if (conn->state != RV_NET_HANDSHAKE)
		return;
	conn->server->stats.handshaking--;
	conn->source->handshaking--;
}
