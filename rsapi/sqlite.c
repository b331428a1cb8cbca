/* sqlite: and postgresql: - no rs anywhere: its core runs here, under the store's lock. */
#include "rsapi/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "server/rs/rs.h"

struct core {
	char *dir; /* state directory: where the store stands */
	struct rv_conf *conf;
	struct rv_rs *rs;
};

static int call(void *state, const struct rv_contract_op *op, const void *in,
		struct rv_arena *arena, void *out, struct rsapi_error *error)
{
	struct core *core = state;
	struct rv_buf body = { .wipe = true };
	struct rv_buf answer = { 0 };
	struct rv_rs_request request = { .op = rv_str(op->name), .is_trusted = true };
	struct rv_diag diag = { 0 };
	struct rv_str lent;
	int r;

	if (strcmp(op->owner, rv_rs_duty_spec.name) != 0)
		return rsapi_fail(
			error, RV_EUNSUPPORTED, "rsapi.owner", "",
			"only a running server answers %s: use unix: or https:", op->name);
	rv_contract_encode(op->in, in, &body);
	request.body = rv_buf_str(&body);
	r = body.err;
	if (r == RV_OK)
		r = rv_rs_op_run(core->rs, &request, &answer, &diag);
	if (r == RV_OK) {
		lent = rv_arena_str(arena, rv_buf_str(&answer));
		r = lent.ptr != NULL ? rv_contract_decode(op->out, lent, arena, out) : -ENOMEM;
	}
	if (r != RV_OK)
		rsapi_fail_diag(error, r, &diag);
	rv_buf_deinit(&body);
	rv_buf_deinit(&answer);
	return r;
}

static void close_core(void *state)
{
	struct core *core = state;

	if (core == NULL)
		return;
	rv_rs_close(core->rs);
	rv_conf_free(core->conf);
	free(core->dir);
	free(core);
}

/* The config of an rs whose store is `url`; everything else has its default. */
static int read_conf(const char *url, struct rv_conf **out, struct rv_diag *diag)
{
	struct rv_buf text = { 0 };
	int r;

	if (strpbrk(url, "\"\\\n") != NULL)
		return rv_diag_set(diag, RV_EINVALID, "rsapi.url", "",
				   "the path of a store has no quotes, backslashes or line ends");
	rv_buf_printf(&text, "rs {\n\tstore = \"%s\"\n}\n", url);
	r = text.err;
	if (r == RV_OK)
		r = rv_conf_parse(rv_rs_sections, rv_rs_section_count, rv_buf_str(&text), "rsapi",
				  out, diag);
	rv_buf_deinit(&text);
	return r;
}

/* file: of the store, where it is one; else NULL. */
static int open_core(const char *url, struct rv_str dir, const char *file, void **state,
		     struct rsapi_error *error)
{
	struct core *core = calloc(1, sizeof(*core));
	struct rv_diag diag = { 0 };
	int r;

	if (core != NULL)
		core->dir = strndup(dir.ptr, dir.len);
	if (core == NULL || core->dir == NULL) {
		r = -ENOMEM;
		goto fail;
	}
	r = read_conf(url, &core->conf, &diag);
	if (r == RV_OK)
		r = rv_conf_files_read(core->conf, rv_rs_duty_spec.files, core->dir, &diag);
	if (r == RV_OK) {
		struct rv_rs_opt rs_opt = { .conf = core->conf, .state_dir = core->dir };

		r = rv_rs_open(&rs_opt, &core->rs, &diag);
	}
	/* The first file missed may be another; the one that was named says more. */
	if (r == -ENOENT && file != NULL && access(file, F_OK) != 0)
		rv_diag_set(&diag, r, "rsapi.store", "", "there is no database %s", file);
	if (r != RV_OK)
		goto fail;
	*state = core;
	return RV_OK;

fail:
	close_core(core);
	return rsapi_fail_diag(error, r, &diag);
}

static int open_sqlite(const struct rsapi_opt *opt, void **state, struct rsapi_error *error)
{
	const char *path = opt->url + strlen(rsapi_sqlite.scheme);
	const char *slash = strrchr(path, '/');

	if (path[0] != '/' || slash[1] == '\0')
		return rsapi_fail(error, RV_EINVALID, "rsapi.url", "",
				  "sqlite: takes the absolute path of a store");
	return open_core(opt->url, rv_strn(path, slash > path ? (size_t)(slash - path) : 1), path,
			 state, error);
}

static int open_postgresql(const struct rsapi_opt *opt, void **state, struct rsapi_error *error)
{
	if (opt->state_dir == NULL)
		return rsapi_fail(error, RV_EINVALID, "rsapi.url", "",
				  "postgresql: needs state_dir, where the rs has its key");
	return open_core(opt->url, rv_str(opt->state_dir), NULL, state, error);
}

const struct rsapi_transport rsapi_sqlite = { "sqlite:", open_sqlite, call, close_core };
const struct rsapi_transport rsapi_postgresql = { "postgresql:", open_postgresql, call,
						  close_core };
