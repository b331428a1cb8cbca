#include "first.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/codec.h"
#include "base/rand.h"
#include "base/time.h"
#include "cli.h"

enum { TOKEN_BYTES = 32, NAMES_MAX = 64 };

/* Addresses and names for one certificate; texts are owned. */
struct names {
	char *items[NAMES_MAX + 1]; /* NULL-terminated */
	size_t count;
};

/* Once each; a surplus one is left out: it can be given by --address. */
static void add_name(struct names *names, struct rv_str name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (rv_str_is(name, names->items[i]))
			return;
	}
	if (name.len == 0 || names->count == NAMES_MAX)
		return;
	names->items[names->count] = strndup(name.ptr, name.len);
	names->count += names->items[names->count] != NULL;
}

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
}

/* What a wildcard listens on, loopback left out. */
static void add_interfaces(struct names *names, int family)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		char text[NI_MAXHOST];
		socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6);

		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family ||
		    (i->ifa_flags & IFF_LOOPBACK) ||
		    getnameinfo(i->ifa_addr, len, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		if (strchr(text, '%') == NULL) /* link-local ones mean nothing elsewhere */
			add_name(names, rv_str(text));
	}
	freeifaddrs(list);
}

/* "192.0.2.1:8443" -> 192.0.2.1; "[::]:8443" -> all of this host. */
static void add_listen_host(struct names *names, struct rv_str addr)
{
	size_t end = addr.len;

	while (end > 0 && addr.ptr[end - 1] != ':')
		end--;
	addr = rv_str_sub(addr, 0, end > 0 ? end - 1 : 0);
	if (rv_str_starts(addr, "["))
		addr = rv_str_sub(addr, 1, addr.len - 2);
	if (rv_str_is(addr, "0.0.0.0"))
		add_interfaces(names, AF_INET);
	else if (rv_str_is(addr, "::"))
		add_interfaces(names, AF_INET6);
	else
		add_name(names, addr);
}

static void collect(const struct rv_conf *conf, const char *section, const char *const *extra,
		    struct names *out)
{
	const struct rv_conf_sec *sec = rv_conf_get(conf, section, NULL);
	char host[256] = "";
	const char *const *addrs;
	size_t n;

	for (; extra != NULL && *extra != NULL; extra++)
		add_name(out, rv_str(*extra));
	if (out->count > 0)
		return;
	n = sec != NULL ? rv_conf_list(sec, "listen", &addrs) : 0;
	for (size_t i = 0; i < n; i++)
		add_listen_host(out, rv_str(addrs[i]));
	add_name(out, RV_STR_LIT("127.0.0.1"));
	add_name(out, RV_STR_LIT("::1"));
	add_name(out, RV_STR_LIT("localhost"));
	if (gethostname(host, sizeof(host) - 1) == 0)
		add_name(out, rv_str(host));
}

static int make_pki(const struct rv_conf *conf, const char *dir, const char *const *names,
		    struct rv_pki_init_result *out, struct rv_diag *diag)
{
	struct names ls = { 0 }, rs = { 0 }, http = { 0 };
	const struct rv_pki_init opt = {
		.dir = dir,
		.ls_names = (const char *const *)ls.items,
		.rs_names = (const char *const *)rs.items,
		.http_names = (const char *const *)http.items,
		.now_us = rv_time_utc_us(),
	};
	int err;

	collect(conf, "ls", names, &ls);
	collect(conf, "proxy", names, &rs);
	collect(conf, "http", names, &http);
	err = rv_pki_init_dir(&opt, out, diag);
	free_names(&ls);
	free_names(&rs);
	free_names(&http);
	return err;
}

int rv_first_pki(const struct rv_conf *conf, const char *state_dir, const char *const *names,
		 struct rv_pki_init_result *out, struct rv_diag *diag)
{
	char dir[RV_CLI_PATH_MAX + 8];

	snprintf(dir, sizeof(dir), "%s/pki", state_dir);
	return make_pki(conf, dir, names, out, diag);
}

/* What a first start left that was cut: nobody has seen any of it. */
static void empty_dir(const char *path)
{
	DIR *dir = opendir(path);

	if (dir == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) != 0 ? rv_err_from_errno() : RV_OK;

	if (fd >= 0)
		close(fd);
	return err;
}

int rv_first_pki_whole(const struct rv_conf *conf, const char *state_dir,
		       struct rv_pki_init_result *out, struct rv_diag *diag)
{
	char made[RV_CLI_PATH_MAX + 16], dir[RV_CLI_PATH_MAX + 8];
	int err;

	snprintf(made, sizeof(made), "%s/pki.new", state_dir);
	snprintf(dir, sizeof(dir), "%s/pki", state_dir);
	empty_dir(made);
	err = make_pki(conf, made, NULL, out, diag);
	if (err != RV_OK)
		return err;
	if (rename(made, dir) != 0)
		err = rv_err_from_errno();
	if (err == RV_OK)
		err = sync_dir(state_dir);
	return err == RV_OK ? RV_OK
			    : rv_diag_set(diag, err, "first.pki", dir, "cannot be made: %s",
					  strerror(-err));
}

int rv_first_request(const struct rv_conf *conf, const struct rv_pki_files *files, const char *name,
		     const char *const *names, struct rv_buf *out_csr, struct rv_diag *diag)
{
	static const struct {
		const char *name, *common_name, *section;
	} servers[] = { { "ls", "Location Server 1", "ls" },
			{ "rs", "Reeve RS", "proxy" },
			{ "http", "Reeve HTTP", "http" } };
	struct names found = { 0 };
	int err = RV_EINVALID;

	for (size_t i = 0; i < RV_ARRAY_LEN(servers); i++) {
		struct rv_pki_name subject = { .common_name = servers[i].common_name };

		if (strcmp(name, servers[i].name) != 0)
			continue;
		collect(conf, servers[i].section, names, &found);
		err = rv_pki_request(files, name, &subject, (const char *const *)found.items,
				     out_csr, diag);
	}
	free_names(&found);
	return err;
}

bool rv_first_needs_token(const char *state_dir)
{
	static const char *const made_by_rs[] = { "rs.db", "secret.key" };
	char path[RV_CLI_PATH_MAX + 16];

	for (size_t i = 0; i < RV_ARRAY_LEN(made_by_rs); i++) {
		snprintf(path, sizeof(path), "%s/%s", state_dir, made_by_rs[i]);
		if (access(path, F_OK) == 0)
			return false;
	}
	return true;
}

/* "rvt_" and base64url without padding (RFC 4648 section 5). */
static int make_token(char out[static RV_FIRST_TOKEN_MAX])
{
	uint8_t bytes[TOKEN_BYTES];
	struct rv_buf text = { .wipe = true };
	int err;

	rv_rand_secret(bytes, sizeof(bytes));
	rv_buf_puts(&text, "rvt_");
	rv_base64_encode(&text, rv_strn(bytes, sizeof(bytes)));
	rv_wipe(bytes, sizeof(bytes));
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '+')
			text.ptr[i] = '-';
		else if (text.ptr[i] == '/')
			text.ptr[i] = '_';
	}
	err = text.err;
	if (err == RV_OK &&
	    !rv_str_copy(rv_str_sub(rv_buf_str(&text), 0, rv_str_find(rv_buf_str(&text), '=')), out,
			 RV_FIRST_TOKEN_MAX))
		err = RV_ELIMIT;
	rv_buf_deinit(&text);
	return err;
}

/* Whole or not at all, and on disk before it is shown to anybody. */
static int write_file(const char *path, struct rv_str text)
{
	char made[RV_CLI_PATH_MAX + 48];
	int fd, err = RV_OK;

	snprintf(made, sizeof(made), "%s.new", path);
	unlink(made);
	fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return rv_err_from_errno();
	if (write(fd, text.ptr, text.len) != (ssize_t)text.len || fsync(fd) != 0)
		err = errno != 0 ? rv_err_from_errno() : -EIO;
	close(fd);
	if (err == RV_OK && rename(made, path) != 0)
		err = rv_err_from_errno();
	if (err != RV_OK)
		unlink(made);
	return err;
}

int rv_first_token(const char *state_dir, char out[static RV_FIRST_TOKEN_MAX], struct rv_diag *diag)
{
	char path[RV_CLI_PATH_MAX + 32], token[RV_FIRST_TOKEN_MAX];
	uint8_t sum[EVP_MAX_MD_SIZE];
	struct rv_buf hex = { 0 };
	unsigned len = 0;
	int err = make_token(token);

	snprintf(path, sizeof(path), "%s/admin-token.sha256", state_dir);
	if (err == RV_OK && EVP_Digest(token, strlen(token), sum, &len, EVP_sha256(), NULL) != 1)
		err = RV_ETLS;
	if (err == RV_OK) {
		rv_hex_encode(&hex, rv_strn(sum, len));
		rv_buf_putc(&hex, '\n');
		err = hex.err != RV_OK ? hex.err : write_file(path, rv_buf_str(&hex));
		if (err == RV_OK)
			err = sync_dir(state_dir);
	}
	rv_buf_deinit(&hex);
	if (err == RV_OK)
		memcpy(out, token, sizeof(token));
	rv_wipe(token, sizeof(token));
	if (err != RV_OK)
		return rv_diag_set(diag, err, "first.token", path, "cannot be written: %s",
				   err > -1000 ? strerror(-err) : rv_err_name(err));
	return RV_OK;
}
