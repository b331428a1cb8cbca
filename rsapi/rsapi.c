#include "rsapi/rsapi.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "rsapi/call.h"
#include "rsapi/transport.h"

_Static_assert(RSAPI_TEXT_MAX >= RV_DIAG_TEXT_MAX - 1, "a diag's text fits");
_Static_assert(RSAPI_WHERE_MAX >= RV_DIAG_WHERE_MAX - 1, "a diag's place fits");

struct rsapi {
	const struct rsapi_transport *transport;
	void *state;
	struct rv_arena results; /* of the last call */
};

static const struct rsapi_transport *const transports[] = { &rsapi_unix, &rsapi_https,
							    &rsapi_sqlite, &rsapi_postgresql };

int rsapi_fail_text(struct rsapi_error *error, int code, struct rv_str key, struct rv_str text,
		    struct rv_str where)
{
	*error = (struct rsapi_error){ .code = code };
	rv_str_copy(rv_str_sub(key, 0, RSAPI_KEY_MAX), error->key, sizeof(error->key));
	rv_str_copy(rv_str_sub(text, 0, RSAPI_TEXT_MAX), error->text, sizeof(error->text));
	rv_str_copy(rv_str_sub(where, 0, RSAPI_WHERE_MAX), error->where, sizeof(error->where));
	return code;
}

int rsapi_fail(struct rsapi_error *error, int code, const char *key, const char *where,
	       const char *fmt, ...)
{
	char text[RSAPI_TEXT_MAX + 1];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return rsapi_fail_text(error, code, rv_str(key), rv_str(text), rv_str(where));
}

int rsapi_fail_diag(struct rsapi_error *error, int code, const struct rv_diag *diag)
{
	if (diag->key == NULL)
		return rsapi_fail(error, code, "", "", "%s", rv_err_name(code));
	return rsapi_fail_text(error, code, rv_str(diag->key), rv_str(diag->text),
			       rv_str(diag->where));
}

int rsapi_open(const struct rsapi_opt *opt, struct rsapi **out, struct rsapi_error *error)
{
	const struct rsapi_transport *transport = NULL;
	struct rsapi_error unused;
	struct rsapi *api;
	int r;

	if (error == NULL)
		error = &unused;
	for (size_t i = 0; i < RV_ARRAY_LEN(transports); i++)
		if (rv_str_starts(rv_str(opt->url), transports[i]->scheme))
			transport = transports[i];
	if (transport == NULL)
		return rsapi_fail(error, RV_EINVALID, "rsapi.url", "",
				  "the server must be unix:/path, https://host, sqlite:/path or "
				  "postgresql:...");
	api = calloc(1, sizeof(*api));
	if (api == NULL)
		return rsapi_fail(error, -ENOMEM, "", "", "out of memory");
	api->transport = transport;
	r = transport->open(opt, &api->state, error);
	if (r != RV_OK) {
		free(api);
		return r;
	}
	*out = api;
	return RV_OK;
}

void rsapi_close(struct rsapi *api)
{
	if (api == NULL)
		return;
	api->transport->close(api->state);
	rv_arena_deinit(&api->results);
	free(api);
}

/* Every transport gets what is within the limits only, so that the same mistake has the same
 * error everywhere. */
int rsapi_call(struct rsapi *api, const struct rv_contract_op *op, const void *in, void *out,
	       struct rsapi_error *error)
{
	struct rsapi_error unused;
	struct rv_diag diag = { 0 };
	struct rv_arena last = api->results; /* `in` may point into it: the cursor of a page */
	void *result;
	int r;

	if (error == NULL)
		error = &unused;
	r = rv_contract_check(op->in, in, &diag);
	if (r != RV_OK)
		return rsapi_fail_diag(error, r, &diag);
	api->results = (struct rv_arena){ 0 };
	result = rv_arena_alloc(&api->results, op->out->size);
	if (result == NULL)
		r = rsapi_fail(error, -ENOMEM, "", "", "out of memory");
	else
		r = api->transport->call(api->state, op, in, &api->results, result, error);
	rv_arena_deinit(&last);
	if (r != RV_OK)
		return r;
	/* JSON never carries any; the other transports must not either. */
	rv_contract_drop_secrets(op->out, result);
	memcpy(out, result, op->out->size);
	return RV_OK;
}
