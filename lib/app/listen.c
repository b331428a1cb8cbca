#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/supervisor_priv.h"
#include "conf/items.h"
#include "log/log.h"
#include "net/net.h"

enum { BACKLOG = 1024 }; /* cut by net.core.somaxconn */

_Static_assert((int)RV_CONF_ADDRESSES_MAX <= (int)RV_DUTY_LISTEN_MAX,
	       "a duty takes all addresses that its section may name");

static int set_on(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0 ? RV_OK : rv_err_from_errno();
}

/* A socket bound to addr. Shared: several of ours may have the port (SO_REUSEPORT). */
static int bind_one(const struct sockaddr_storage *addr, size_t len, bool is_shared, int *out)
{
	int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return rv_err_from_errno();
	err = set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (err == RV_OK && is_shared)
		err = set_on(fd, SOL_SOCKET, SO_REUSEPORT);
	if (err == RV_OK && addr->ss_family == AF_INET6)
		err = set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (err == RV_OK && bind(fd, (const struct sockaddr *)addr, (socklen_t)len) != 0)
		err = rv_err_from_errno();
	if (err != RV_OK) {
		close(fd);
		return err;
	}
	*out = fd;
	return RV_OK;
}

/* SO_REUSEPORT alone would let us share a port with another program of the same user and lose half
 * of the connections to it: first ask without. Port 0 becomes the port that was found. */
static int probe(struct sockaddr_storage *addr, size_t len)
{
	socklen_t size = (socklen_t)len;
	int fd = -1, err;

	err = bind_one(addr, len, false, &fd);
	if (err != RV_OK)
		return err;
	if (getsockname(fd, (struct sockaddr *)addr, &size) != 0)
		err = rv_err_from_errno();
	close(fd);
	return err;
}

/* The port that a socket of this address has already: where port 0 led, and no need to probe. */
static bool find_open(const struct rv_listen_group *group, size_t a, const int *fds,
		      struct sockaddr_storage *addr)
{
	for (size_t i = 0; i < group->workers; i++) {
		int fd = fds[i * group->addr_count + a];
		socklen_t size = sizeof(*addr);

		if (fd >= 0 && getsockname(fd, (struct sockaddr *)addr, &size) == 0)
			return true;
	}
	return false;
}

static int open_address(const struct rv_listen_group *group, size_t a, int *fds)
{
	struct sockaddr_storage addr;
	char text[RV_NET_ADDR_MAX];
	size_t len;
	int err = rv_net_addr_parse(rv_str(group->addrs[a]), &addr, &len);

	if (err == RV_OK && !find_open(group, a, fds, &addr))
		err = probe(&addr, len);
	for (size_t i = 0; err == RV_OK && i < group->workers; i++) {
		int *fd = &fds[i * group->addr_count + a];

		if (*fd >= 0)
			continue;
		err = bind_one(&addr, len, true, fd);
		if (err == RV_OK && listen(*fd, BACKLOG) != 0)
			err = rv_err_from_errno();
	}
	if (err != RV_OK)
		return err;
	rv_net_addr_format(&addr, text);
	rv_log(RV_LOG_INFO, "app.listener.opened", RV_KS("duty", group->duty),
	       RV_KS("address", text), RV_KI("workers", group->workers));
	return RV_OK;
}

int rv_listen_open(const struct rv_listen_group *group, int *fds, struct rv_diag *diag)
{
	size_t count = group->addr_count * group->workers;
	char where[RV_DIAG_WHERE_MAX];
	size_t a;
	int err = RV_OK;

	for (a = 0; a < group->addr_count; a++) {
		err = open_address(group, a, fds);
		if (err != RV_OK)
			goto fail;
	}
	return RV_OK;

fail:
	for (size_t i = 0; i < count; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	snprintf(where, sizeof(where), "%s.%s", group->section, group->item);
	if (err == RV_ESYNTAX)
		return rv_diag_set(diag, RV_EINVALID, "listen.address", where,
				   "\"%s\" is not an address with a port; expected like "
				   "\"127.0.0.1:8443\" or \"[::]:8443\"",
				   group->addrs[a]);
	return rv_diag_set(diag, err, "listen.failed", where, "cannot listen on %s: %s",
			   group->addrs[a], err > -1000 ? strerror(-err) : rv_err_name(err));
}
