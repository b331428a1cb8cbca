/* The writer of Location-Configs; see location.h. */
#include <stdio.h>
#include <string.h>

#include "proto/armsconf/keyword_priv.h"

enum { WHERE_MAX = 40 };

static int check_value(const struct rv_armsconf_keyword *keyword,
		       const struct rv_armsconf_line *line, struct rv_str value, const char *where,
		       struct rv_diag *diag)
{
	size_t max = rv_armsconf_value_max(keyword, line->kind);

	if (value.len == 0 && (keyword->required >> line->kind & 1) != 0)
		return rv_diag_set(diag, RV_EINVALID, "location.required", where, "%s needs %s",
				   rv_armsconf_line_name(line->kind), keyword->name);
	if (value.len > max)
		return rv_diag_set(diag, RV_ELIMIT, "location.value", where,
				   "%zu characters, allowed are %zu", value.len, max);
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < '!' || value.ptr[i] > '~' ||
		    memchr(";{}", value.ptr[i], 3) != NULL)
			return rv_diag_set(
				diag, RV_EINVALID, "location.character", where,
				"character %zu is a blank, ';', brace, control or non-ASCII "
				"character, which devices cannot read here",
				i + 1);
	return RV_OK;
}

static int check_number(uint32_t number, const char *where, struct rv_diag *diag)
{
	if (number <= INT32_MAX)
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "location.number", where, "%u is over %d", number,
			   INT32_MAX);
}

static int put_field(const struct rv_armsconf_keyword *keyword, const struct rv_armsconf_line *line,
		     const char *where, struct rv_buf *out, struct rv_diag *diag)
{
	const char *field = (const char *)line + keyword->offset;
	struct rv_str text = { 0 };
	uint32_t number = 0;
	int r;

	if (keyword->is_number)
		memcpy(&number, field, sizeof(number));
	else
		memcpy(&text, field, sizeof(text));
	if (!rv_armsconf_has(keyword, line->kind)) {
		if (number == 0 && text.len == 0)
			return RV_OK;
		return rv_diag_set(diag, RV_EINVALID, "location.surplus", where, "%s has no %s",
				   rv_armsconf_line_name(line->kind), keyword->name);
	}
	if (keyword->is_number) {
		r = check_number(number, where, diag);
		rv_buf_printf(out, "\t%s %u;\n", keyword->name, number);
		return r;
	}
	r = check_value(keyword, line, text, where, diag);
	if (r == RV_OK && text.len > 0)
		rv_buf_printf(out, "\t%s %.*s;\n", keyword->name, RV_STR_ARG(text));
	return r;
}

static int put_line(const struct rv_armsconf_line *line, size_t index, struct rv_buf *out,
		    struct rv_diag *diag)
{
	const char *name = rv_armsconf_line_name(line->kind);
	char where[WHERE_MAX];

	if (name == NULL) {
		snprintf(where, sizeof(where), "lines[%zu].kind", index);
		return rv_diag_set(diag, RV_EINVALID, "location.kind", where,
				   "no such kind of line");
	}
	rv_buf_printf(out, "%s {\n", name);
	for (size_t i = 0; i < RV_ARMSCONF_KEYWORD_COUNT; i++) {
		snprintf(where, sizeof(where), "lines[%zu].%s", index,
			 rv_armsconf_keywords[i].field);
		int r = put_field(&rv_armsconf_keywords[i], line, where, out, diag);
		if (r < 0)
			return r;
	}
	rv_buf_puts(out, "};\n");
	return RV_OK;
}

/* Offset behind the first line of `text` that is `wanted`; text.len when there is none. */
static size_t find_text_line(struct rv_str text, const char *wanted, size_t *line_start)
{
	for (size_t at = 0; at < text.len;) {
		struct rv_str rest = rv_str_sub(text, at, text.len);
		size_t len = rv_str_find(rest, '\n');

		if (rv_str_is(rv_str_trim(rv_str_sub(rest, 0, len)), wanted)) {
			*line_start = at;
			return at + len < text.len ? at + len + 1 : text.len;
		}
		at += len + 1;
	}
	*line_start = text.len;
	return text.len;
}

static bool is_base64_text(struct rv_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z');

		if (!is_alnum && c != '+' && c != '/' && c != '=')
			return false;
	}
	return true;
}

static int put_certificate(struct rv_str pem, struct rv_buf *out, struct rv_diag *diag)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	static const char where[] = "rs_certificate_pem";
	size_t from;
	size_t to;
	size_t body = find_text_line(pem, begin, &from);
	struct rv_str text = rv_str_sub(pem, body, pem.len);

	find_text_line(text, end, &to);
	if (from == pem.len || to == text.len)
		return rv_diag_set(diag, RV_EINVALID, "location.pem", where,
				   "no PEM block with the label CERTIFICATE");
	text = rv_str_sub(text, 0, to);
	rv_buf_printf(out, "rs-certificate {\n%s\n", begin);
	for (size_t at = 0; at < text.len;) {
		struct rv_str rest = rv_str_sub(text, at, text.len);
		size_t len = rv_str_find(rest, '\n');
		struct rv_str line = rv_str_trim(rv_str_sub(rest, 0, len));

		if (!is_base64_text(line) || line.len > RV_ARMSCONF_TEXT_LINE_MAX)
			return rv_diag_set(diag, RV_EINVALID, "location.pem", where,
					   "the certificate is not Base64 in short lines");
		if (line.len > 0)
			rv_buf_printf(out, "%.*s\n", RV_STR_ARG(line));
		at += len + 1;
	}
	rv_buf_printf(out, "%s\n};\n", end);
	return RV_OK;
}

static int render(const struct rv_armsconf_line *lines, size_t line_count, struct rv_str pem,
		  struct rv_buf *out, struct rv_diag *diag)
{
	if (line_count > RV_ARMSCONF_LINES_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "location.lines", "lines",
				   "%zu lines, allowed are %d", line_count, RV_ARMSCONF_LINES_MAX);
	for (size_t i = 0; i < line_count; i++) {
		int r = put_line(&lines[i], i, out, diag);
		if (r < 0)
			return r;
	}
	return pem.len > 0 ? put_certificate(pem, out, diag) : RV_OK;
}

int rv_armsconf_location_render(const struct rv_armsconf_line *lines, size_t line_count,
				struct rv_str certificate_pem, struct rv_buf *out,
				struct rv_diag *diag)
{
	struct rv_buf text = { .wipe = true };
	int r = render(lines, line_count, certificate_pem, &text, diag);

	if (r == RV_OK && text.err != RV_OK)
		r = text.err;
	if (r == RV_OK && text.len > RV_ARMSCONF_LOCATION_MAX)
		r = rv_diag_set(diag, RV_ELIMIT, "location.size", "",
				"the Location-Config has %zu bytes, devices have room for %d",
				text.len, RV_ARMSCONF_LOCATION_MAX);
	if (r == RV_OK) {
		rv_buf_put_str(out, rv_buf_str(&text));
		r = out->err;
	}
	rv_buf_deinit(&text);
	return r;
}
