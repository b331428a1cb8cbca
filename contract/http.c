#include "contract/http.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "contract/desc_priv.h"
#include "contract/percent.h"
#include "contract/text.h"

enum { ERROR_JSON_MAX = 64 * 1024 }; /* bytes of a problem document; ours are far shorter */

/* -- routes ------------------------------------------------------------------------------- */

/* Cut the part up to the next '/' off the front, which starts with '/'. */
static struct rv_str take_part(struct rv_str *path)
{
	struct rv_str rest = rv_str_sub(*path, 1, path->len);
	struct rv_str part = rv_str_sub(rest, 0, rv_str_find(rest, '/'));

	*path = rv_str_sub(rest, part.len, rest.len);
	return part;
}

static bool is_var(struct rv_str part)
{
	return part.len > 2 && part.ptr[0] == '{';
}

/* 0: no match; otherwise the higher the more literal, earlier parts first. */
static unsigned match(const char *template, struct rv_str path)
{
	struct rv_str want = rv_str(template);
	unsigned rank = 1;

	while (want.len > 0 && path.len > 0 && path.ptr[0] == '/') {
		struct rv_str want_part = take_part(&want);
		struct rv_str part = take_part(&path);

		if (is_var(want_part) ? part.len == 0 : !rv_str_eq(want_part, part))
			return 0;
		rank = rank << 1 | !is_var(want_part);
	}
	return want.len == 0 && path.len == 0 ? rank : 0;
}

static int take_vars(struct rv_contract_route *route, struct rv_str path, struct rv_arena *arena)
{
	struct rv_str want = rv_str(route->op->path);

	while (want.len > 0) {
		struct rv_str want_part = take_part(&want);
		struct rv_str part = take_part(&path);
		int r;

		if (!is_var(want_part))
			continue;
		assert(route->var_count < RV_CONTRACT_VARS_MAX);
		r = rv_percent_decode(part, arena, &route->vars[route->var_count].value);
		if (r != RV_OK)
			return r;
		route->vars[route->var_count++].name = rv_str_sub(want_part, 1, want_part.len - 2);
	}
	return RV_OK;
}

static void add_allowed(char allow[static RV_CONTRACT_ALLOW_MAX], const char *method)
{
	size_t used = strlen(allow);

	snprintf(allow + used, RV_CONTRACT_ALLOW_MAX - used, "%s%s%s", used > 0 ? ", " : "", method,
		 strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

int rv_contract_route_find(struct rv_str method, struct rv_str path, struct rv_arena *arena,
			   struct rv_contract_route *out)
{
	struct rv_contract_route route = { 0 };
	char allow[RV_CONTRACT_ALLOW_MAX] = "";
	unsigned best = 0;
	int r;

	for (size_t i = 0; i < rv_contract_op_count; i++) {
		const struct rv_contract_op *op = &rv_contract_ops[i];
		unsigned rank = match(op->path, path);

		if (rank == 0)
			continue;
		if (!rv_str_is(method, op->method)) {
			add_allowed(allow, op->method);
		} else if (rank > best) {
			best = rank;
			route.op = op;
		}
	}
	if (route.op == NULL && allow[0] != '\0') {
		memcpy(out->allow, allow, sizeof(allow));
		return RV_EUNSUPPORTED;
	}
	if (route.op == NULL)
		return RV_ENOTFOUND;
	r = take_vars(&route, path, arena);
	if (r == RV_OK)
		*out = route;
	return r;
}

/* -- requests ----------------------------------------------------------------------------- */

static bool has_body(const struct rv_contract_op *op)
{
	return op->method[0] == 'P'; /* POST, PUT, PATCH */
}

static int read_rest(struct rv_contract_input *in, const struct rv_contract_op *op,
		     struct rv_str query, struct rv_str body, struct rv_diag *diag)
{
	if (!has_body(op) && body.len > 0)
		return rv_diag_set(diag, RV_EINVALID, "contract.body", "", "%s takes no body",
				   op->method);
	if (!has_body(op))
		return rv_contract_input_query(in, query, diag);
	if (query.len > 0)
		return rv_diag_set(diag, RV_EINVALID, "contract.query", "",
				   "%s takes its fields from the body, not from a query",
				   op->method);
	/* All fields may stand in the path, or be optional. */
	return body.len > 0 ? rv_contract_input_json(in, body, diag) : RV_OK;
}

int rv_contract_request_read(const struct rv_contract_route *route, struct rv_str query,
			     struct rv_str body, struct rv_arena *arena, void **out,
			     struct rv_diag *diag)
{
	void *value = rv_arena_alloc(arena, route->op->in->size);
	struct rv_contract_input in;
	int r;

	if (value == NULL)
		return -ENOMEM;
	r = rv_contract_input_init(&in, route->op->in, arena, 0);
	for (size_t i = 0; i < route->var_count && r == RV_OK; i++)
		r = rv_contract_input_text(&in, route->vars[i].name, route->vars[i].value, diag);
	if (r == RV_OK)
		r = read_rest(&in, route->op, query, body, diag);
	if (r == RV_OK)
		r = rv_contract_input_end(&in, value, diag);
	if (r == RV_OK)
		*out = value;
	return r;
}

static void put_value(const struct rv_contract_field *field, const void *in, struct rv_buf *target)
{
	struct rv_buf text = { .wipe = true };

	rv_contract_text_write(field, rv_contract_at(in, field->offset), &text);
	rv_percent_encode(target, rv_buf_str(&text));
	if (text.err != RV_OK)
		target->err = text.err;
	rv_buf_deinit(&text);
}

/* Writes the path; the bits of the fields that stand in it are the result. */
static uint32_t write_path(const struct rv_contract_op *op, const void *in, struct rv_buf *target)
{
	struct rv_str template = rv_str(op->path);
	uint32_t used = 0;

	while (template.len > 0) {
		struct rv_str part = take_part(&template);
		const struct rv_contract_field *field;

		rv_buf_putc(target, '/');
		if (!is_var(part)) {
			rv_buf_put_str(target, part);
			continue;
		}
		field = rv_contract_field_find(op->in, rv_str_sub(part, 1, part.len - 2));
		assert(field != NULL);
		put_value(field, in, target);
		used |= UINT32_C(1) << (field - op->in->fields);
	}
	return used;
}

static void write_query(const struct rv_contract_op *op, const void *in, uint32_t used,
			struct rv_buf *target)
{
	char separator = '?';

	for (size_t i = 0; i < op->in->count; i++) {
		const struct rv_contract_field *field = &op->in->fields[i];

		if (used >> i & 1 || !rv_contract_is_present(field, in))
			continue;
		rv_buf_putc(target, separator);
		rv_buf_puts(target, field->name);
		rv_buf_putc(target, '=');
		put_value(field, in, target);
		separator = '&';
	}
}

void rv_contract_request_write(const struct rv_contract_op *op, const void *in,
			       struct rv_buf *target, struct rv_buf *body)
{
	uint32_t used = write_path(op, in, target);
	struct rv_jsonw w;

	if (!has_body(op)) {
		write_query(op, in, used, target);
		return;
	}
	rv_jsonw_init(&w, body);
	rv_contract_json_write(op->in, in, RV_CONTRACT_JSON_SECRETS, used, &w);
}

/* -- errors ------------------------------------------------------------------------------- */

/* NULL: a code that does not cross the API. */
static const struct rv_contract_status *status_of(int err)
{
	for (size_t i = 0; i < rv_contract_status_count; i++)
		if (rv_contract_statuses[i].err == err)
			return &rv_contract_statuses[i];
	return NULL;
}

unsigned rv_contract_http_status(const struct rv_contract_op *op, int err)
{
	bool makes_new = !op->is_repeatable && strcmp(op->method, "POST") == 0;
	const struct rv_contract_status *status = status_of(err);

	if (err == RV_OK)
		return makes_new ? 201 : 200;
	return status != NULL ? status->http : 500;
}

static int code_of(const char *name)
{
	for (size_t i = 0; i < rv_contract_status_count; i++)
		if (strcmp(rv_err_name(rv_contract_statuses[i].err), name) == 0)
			return rv_contract_statuses[i].err;
	return RV_EUNSUPPORTED;
}

static void write_text(struct rv_jsonw *w, const char *key, struct rv_str text)
{
	rv_jsonw_key(w, key);
	rv_jsonw_str(w, text);
}

void rv_contract_error_write(const struct rv_contract_error *error, unsigned http_status,
			     struct rv_jsonw *w)
{
	const struct rv_contract_status *status = status_of(error->code);

	rv_jsonw_object(w);
	write_text(w, "type", rv_str("about:blank"));
	write_text(w, "title", rv_str(status != NULL ? status->title : "an internal error"));
	rv_jsonw_key(w, "status");
	rv_jsonw_u64(w, http_status);
	write_text(w, "detail", error->text);
	write_text(w, "code", rv_str(rv_err_name(error->code)));
	write_text(w, "key", error->key);
	write_text(w, "where", error->where);
	rv_jsonw_end_object(w);
}

static struct rv_str copy_text(json_t *object, const char *key, struct rv_arena *arena)
{
	json_t *text = json_object_get(object, key);

	return rv_arena_str(arena, rv_strn(json_string_value(text), json_string_length(text)));
}

int rv_contract_error_read(struct rv_str json, struct rv_arena *arena,
			   struct rv_contract_error *out)
{
	json_t *root = NULL;
	const char *code;

	if (json.len > 0 && json.len <= ERROR_JSON_MAX)
		root = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
	code = json_string_value(json_object_get(root, "code"));
	if (code == NULL) {
		json_decref(root);
		return RV_ESYNTAX;
	}
	*out = (struct rv_contract_error){
		.code = code_of(code),
		.key = copy_text(root, "key", arena),
		.text = copy_text(root, "detail", arena),
		.where = copy_text(root, "where", arena),
	};
	json_decref(root);
	return RV_OK;
}
