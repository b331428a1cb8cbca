#include "verify/places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"

enum { BACKLOG = 64, PATH_LONG = 79 };

static int64_t now_us(void)
{
	return rv_time_boot_us();
}

static void on_acceptable(uv_poll_t *handle, int status, int events)
{
	struct verify_listener *listener = handle->data;
	struct verify_places *places = listener->places;
	struct verify_conn_opt opt = { .loop = places->loop,
				       .tls = listener->tls,
				       .place = listener->place,
				       .era = places->era,
				       .now_us = now_us(),
				       .events = &places->events };
	int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)status;
	(void)events;
	if (fd < 0)
		return;
	if (verify_conn_new(&opt, fd, &places->conns) != RV_OK)
		verify_error("%s", strerror(ENOMEM));
}

/* "https://192.0.2.1:17443/rs1"; the port is the one that was bound. */
static void name_place(struct verify_world *world, enum verify_place place, const char *host,
		       uint16_t port)
{
	static const char *const paths[] = {
		"ls1", "ls2", "rs1", "rs2", "rs3", "rs4", "rs5", "down"
	};

	snprintf(world->urls[place], VERIFY_URL_MAX, "https://%s:%u/%s", host, port, paths[place]);
	if (place == VERIFY_RS1) {
		int len = snprintf(world->long_url, VERIFY_URL_MAX, "https://%s:%u/", host, port);

		/* An address may be so long that less than 79 characters are left. */
		for (int i = 0; i < PATH_LONG && len < VERIFY_URL_MAX - 1; i++)
			world->long_url[len++] = 'p';
		world->long_url[len] = '\0';
	}
	if (place == VERIFY_RS2)
		snprintf(world->rs2_authority, VERIFY_URL_MAX, "%s:%u", host, port);
}

static socklen_t address_of(const char *text, unsigned port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	*out = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, text, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return sizeof(*v6);
}

static int open_socket(const char *address, unsigned *port, bool listens)
{
	struct sockaddr_storage addr;
	socklen_t len = address_of(address, *port, &addr);
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return rv_err_from_errno();
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, len) != 0 || (listens && listen(fd, BACKLOG) != 0) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
		int err = rv_err_from_errno();

		close(fd);
		return err;
	}
	*port = ntohs(addr.ss_family == AF_INET
			      ? ((struct sockaddr_in *)(void *)&addr)->sin_port
			      : ((struct sockaddr_in6 *)(void *)&addr)->sin6_port);
	return fd;
}

static void start(struct verify_places *places, enum verify_place place, int fd)
{
	struct verify_listener *listener = &places->listeners[place];

	listener->fd = fd;
	listener->place = place;
	listener->places = places;
	listener->poll.data = listener;
	uv_poll_init(places->loop, &listener->poll, fd);
	if (place != VERIFY_DOWN)
		uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
	places->count++;
}

bool verify_places_open(struct verify_places *places, uv_loop_t *loop,
			const struct verify_options *options, struct verify_world *world)
{
	bool is_v6 = strchr(options->listen, ':') != NULL;

	places->loop = loop;
	rv_list_init(&places->conns);
	snprintf(world->rs_host, sizeof(world->rs_host), is_v6 ? "[%s]" : "%s", options->listen);
	for (unsigned i = 0; i < VERIFY_PLACES; i++) {
		unsigned port = options->port > 0 ? options->port + i : 0;
		int fd = open_socket(options->listen, &port, i != VERIFY_DOWN);

		if (fd < 0) {
			verify_error("%s:%u: %s", options->listen, port, strerror(-fd));
			return false;
		}
		name_place(world, (enum verify_place)i, world->rs_host, (uint16_t)port);
		start(places, (enum verify_place)i, fd);
	}
	return true;
}

void verify_places_set(struct verify_places *places, const struct verify_kit *kit,
		       const struct verify_step *step)
{
	places->era++;
	for (unsigned i = 0; i < VERIFY_PLACES; i++)
		places->listeners[i].tls = kit->rs[VERIFY_CERT_GOOD];
	places->listeners[VERIFY_LS1].tls = kit->ls[step->ls_certificate];
	places->listeners[VERIFY_LS2].tls = kit->ls[step->ls_certificate];
	places->listeners[VERIFY_RS1].tls = step->is_rs1_mute ? NULL
							      : kit->rs[step->rs_certificate];
	places->listeners[VERIFY_RS2].tls = kit->rs[step->rs2_certificate];
}

void verify_places_clear(struct verify_places *places)
{
	while (!rv_list_is_empty(&places->conns))
		verify_conn_close(verify_conn_of(places->conns.next));
	for (unsigned i = 0; i < places->count; i++) {
		int fd;

		while (i != VERIFY_DOWN &&
		       (fd = accept4(places->listeners[i].fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
			close(fd);
	}
}

void verify_places_close(struct verify_places *places)
{
	verify_places_clear(places);
	for (unsigned i = 0; i < places->count; i++) {
		uv_close((uv_handle_t *)&places->listeners[i].poll, NULL);
		close(places->listeners[i].fd);
	}
	places->count = 0;
}
