#include "cmd/ctl/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"

enum { CONF_MAX = 64 * 1024, TOKEN_MAX = 1024 }; /* bytes */

static const struct rv_conf_item items[] = {
	{ .name = "server",
	  .type = RV_CONF_STR,
	  .is_url = true,
	  .doc = "URL of the server.",
	  .doc_ja = "サーバのURL。" },
	{ .name = "state",
	  .type = RV_CONF_STR,
	  .doc = "State directory of the rs on this machine.",
	  .doc_ja = "このホストのrsの状態ディレクトリ。" },
	{ .name = "token_file",
	  .type = RV_CONF_STR,
	  .doc = "File that holds the API token.",
	  .doc_ja = "APIトークンのファイル。" },
	{ .name = "ca",
	  .type = RV_CONF_STR,
	  .doc = "CA certificate of the server, PEM.",
	  .doc_ja = "サーバのCA証明書(PEM)。" },
};

static const struct rv_conf_section schema[] = {
	{ .name = "ctl",
	  .doc = "What reeve ctl does without options.",
	  .doc_ja = "reeve ctlの既定値。",
	  .items = items,
	  .item_count = RV_ARRAY_LEN(items) },
};

static const char *conf_path(struct ctl_io *io)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (base != NULL && base[0] == '/')
		return rv_arena_printf(io->arena, "%s/reeve/ctl.conf", base);
	return home != NULL ? rv_arena_printf(io->arena, "%s/.config/reeve/ctl.conf", home) : NULL;
}

/* *out stays NULL when there is no such file. */
static int read_conf(struct ctl_io *io, struct rv_conf **out)
{
	const char *path = conf_path(io);
	struct rv_diag diag = { 0 };
	struct rv_str text;
	int r;

	if (path == NULL || access(path, F_OK) != 0)
		return RV_OK;
	r = ctl_read_file(io, path, CONF_MAX, &text);
	if (r != RV_OK)
		return r;
	r = rv_conf_parse(schema, RV_ARRAY_LEN(schema), text, path, out, &diag);
	return r == RV_OK ? r
			  : ctl_wrong(io, "conf", diag.text, NULL); /* it begins with file:line */
}

static const char *copy(struct ctl_io *io, const char *text)
{
	return text != NULL && text[0] != '\0' ? rv_arena_printf(io->arena, "%s", text) : NULL;
}

/* The first that is given: option, environment, file. */
static const char *choose(struct ctl_io *io, const char *option, const char *env,
			  const struct rv_conf *conf, const char *item)
{
	const char *text = option;

	if (text == NULL && env != NULL)
		text = getenv(env);
	if ((text == NULL || text[0] == '\0') && conf != NULL)
		text = rv_conf_str(rv_conf_get(conf, "ctl", NULL), item);
	return copy(io, text);
}

/* That of a `reeve serve` that was given no --state either (cmd/reeve/cli.c). */
static const char *default_state(struct ctl_io *io)
{
	const char *base = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (geteuid() == 0 || (base == NULL && home == NULL))
		return "/var/lib/reeve";
	if (base != NULL && base[0] == '/')
		return rv_arena_printf(io->arena, "%s/reeve", base);
	return rv_arena_printf(io->arena, "%s/.local/state/reeve", home != NULL ? home : "");
}

static int read_token(struct ctl_io *io, const char *path, const char **out)
{
	struct rv_str text;
	int r = ctl_read_file(io, path, TOKEN_MAX, &text);

	if (r != RV_OK)
		return r;
	text = rv_str_trim(text);
	*out = rv_arena_copy(io->arena, text.ptr, text.len);
	return RV_OK;
}

static int choose_token(struct ctl_io *io, const struct ctl_args *args, const struct rv_conf *conf,
			const char **out)
{
	const char *path = args->token_file;

	if (path == NULL) {
		*out = copy(io, getenv("REEVE_TOKEN"));
		path = *out == NULL ? choose(io, NULL, NULL, conf, "token_file") : NULL;
	}
	return path != NULL ? read_token(io, path, out) : RV_OK;
}

int ctl_server_choose(struct ctl_io *io, const struct ctl_args *args, struct rsapi_opt *out)
{
	struct rsapi_opt opt = { .is_insecure = args->is_insecure, .timeout_ms = args->timeout_ms };
	struct rv_conf *conf = NULL;
	int r = read_conf(io, &conf);

	if (r != RV_OK)
		return r;
	opt.state_dir = choose(io, args->state, "REEVE_STATE", conf, "state");
	if (opt.state_dir == NULL)
		opt.state_dir = default_state(io);
	/* Who says --state-dir means the rs there, whatever is usual. */
	if (args->server != NULL || args->state == NULL)
		opt.url = choose(io, args->server, "REEVE_SERVER", conf, "server");
	if (opt.url == NULL)
		opt.url = rv_arena_printf(io->arena, "unix:%s/bus.sock", opt.state_dir);
	opt.ca_file = choose(io, args->ca_file, "REEVE_CA", conf, "ca");
	if (rv_str_starts(rv_str(opt.url), "https:"))
		r = choose_token(io, args, conf, &opt.token);
	rv_conf_free(conf);
	if (r == RV_OK)
		*out = opt;
	return r;
}
