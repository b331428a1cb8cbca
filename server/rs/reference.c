#include "server/rs/reference.h"

#include <string.h>

bool rs_secret_name_ok(struct rv_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return name.len > 0 && name.len <= RS_SECRET_NAME_MAX;
}

/* Offset of the next "${" or "$${", or the length. */
static size_t find_mark(struct rv_str s)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		struct rv_str rest = rv_str_sub(s, i, s.len);

		if (rv_str_starts(rest, "${") || rv_str_starts(rest, "$${"))
			return i;
	}
	return s.len;
}

static struct rv_str cut(struct rv_str *body, size_t len)
{
	struct rv_str part = rv_str_sub(*body, 0, len);

	*body = rv_str_sub(*body, len, body->len);
	return part;
}

bool rs_reference_next(struct rv_str *body, struct rs_reference_piece *out, int *err,
		       struct rv_diag *diag)
{
	static const char mark[] = "${secret:";
	size_t at = find_mark(*body);

	*err = RV_OK;
	*out = (struct rs_reference_piece){ 0 };
	if (body->len == 0)
		return false;
	if (at > 0) {
		out->text = cut(body, at);
		return true;
	}
	if (rv_str_starts(*body, "$${")) {
		cut(body, 1);
		out->text = cut(body, 2);
		return true;
	}
	size_t end = rv_str_find(*body, '}');
	if (rv_str_starts(*body, mark) && end < body->len)
		out->name = rv_str_sub(*body, strlen(mark), end - strlen(mark));
	if (rs_secret_name_ok(out->name)) {
		cut(body, end + 1);
		return true;
	}
	*err = rv_diag_set(diag, RV_EINVALID, "config.reference", "",
			   "\"%.*s\" is no reference: ${secret:NAME} is one, and $${ stands for ${",
			   RV_STR_ARG(rv_str_sub(*body, 0, end < 40 ? end + 1 : 40)));
	return false;
}

int rs_reference_render(struct rv_str body, rs_reference_fn fn, void *arg, struct rv_buf *out)
{
	struct rs_reference_piece piece;
	int err;

	while (rs_reference_next(&body, &piece, &err, NULL)) {
		if (piece.name.len > 0) {
			err = fn(arg, piece.name, &piece.text);
			if (err != RV_OK)
				return err;
		}
		rv_buf_put_str(out, piece.text);
	}
	return err != RV_OK ? err : out->err;
}
