/* The reader; see location.h. One token at a time goes through a small state machine. */
#include <string.h>

#include "proto/armsconf/keyword_priv.h"

static const char pem_label[] = "CERTIFICATE-----";

enum state {
	OUTSIDE,
	LINE_NAMED, /* "line-x" read, '{' has to follow */
	IN_LINE,
	CERTIFICATE_NAMED, /* "rs-certificate" read */
	IN_CERTIFICATE,
	BEGIN_READ, /* "-----BEGIN" read, the label has to follow */
	IN_PEM,
	END_READ,
};

struct parser {
	enum state state;
	struct rv_armsconf_location found;
	struct rv_armsconf_line line;              /* of the current block */
	const struct rv_armsconf_keyword *keyword; /* whose value comes next; or NULL */
	bool has_certificate;                      /* a complete one: later ones are not kept */
	struct rv_diag *diag;
	unsigned line_number;
	unsigned column;
};

static int refuse(struct parser *p, int err, const char *key, const char *what)
{
	rv_diag_set(p->diag, err, key, "", "Location-Config: %s", what);
	if (p->diag != NULL) {
		p->diag->line = p->line_number;
		p->diag->column = p->column;
	}
	return err;
}

static bool is_printable(struct rv_str token)
{
	for (size_t i = 0; i < token.len; i++)
		if ((token.ptr[i] < '!' || token.ptr[i] > '~') && token.ptr[i] != '\t')
			return false;
	return true;
}

static int take_value(struct parser *p, struct rv_str token)
{
	const struct rv_armsconf_keyword *keyword = p->keyword;
	char *field = (char *)&p->line + keyword->offset;
	uint64_t number;

	p->keyword = NULL;
	if (!is_printable(token))
		return refuse(p, RV_EINVALID, "location.character",
			      "control or non-ASCII character in a value");
	if (!rv_armsconf_has(keyword, p->line.kind))
		return RV_OK;
	if (keyword->is_number) {
		if (!rv_str_to_u64(token, INT32_MAX, &number))
			return refuse(p, RV_EINVALID, "location.number",
				      "not a plain decimal number");
		*(uint32_t *)(void *)field = (uint32_t)number;
		return RV_OK;
	}
	if (token.len > rv_armsconf_value_max(keyword, p->line.kind))
		return refuse(p, RV_ELIMIT, "location.value", "value too long");
	*(struct rv_str *)(void *)field = token;
	return RV_OK;
}

static int take_in_line(struct parser *p, struct rv_str token)
{
	if (rv_str_is(token, "}")) {
		p->found.lines[p->found.line_count++] = p->line;
		p->state = OUTSIDE;
		p->keyword = NULL;
		return RV_OK;
	}
	if (p->keyword != NULL)
		return take_value(p, token);
	for (size_t i = 0; i < RV_ARMSCONF_KEYWORD_COUNT; i++)
		if (rv_str_is(token, rv_armsconf_keywords[i].name))
			p->keyword = &rv_armsconf_keywords[i];
	return RV_OK;
}

static int append_pem(struct parser *p, struct rv_str word, const char *end)
{
	struct rv_armsconf_location *found = &p->found;
	size_t end_len = strlen(end);

	if (p->has_certificate)
		return RV_OK;
	if (word.len + end_len > RV_ARMSCONF_CERTIFICATE_MAX - found->certificate_len)
		return refuse(p, RV_ELIMIT, "location.certificate", "certificate too long");
	memcpy(found->certificate + found->certificate_len, word.ptr, word.len);
	memcpy(found->certificate + found->certificate_len + word.len, end, end_len);
	found->certificate_len += word.len + end_len;
	found->certificate[found->certificate_len] = '\0';
	return RV_OK;
}

static int take_in_certificate(struct parser *p, struct rv_str token)
{
	switch (p->state) {
	case IN_CERTIFICATE:
		if (rv_str_is(token, "}"))
			p->state = OUTSIDE;
		else if (rv_str_is(token, "-----BEGIN"))
			p->state = BEGIN_READ;
		return RV_OK;
	case IN_PEM:
		if (rv_str_is(token, "-----END"))
			p->state = END_READ;
		else if (rv_str_is(token, "}"))
			return refuse(p, RV_ESYNTAX, "location.pem",
				      "certificate without END line");
		if (!is_printable(token))
			return refuse(p, RV_EINVALID, "location.character",
				      "control or non-ASCII character in the certificate");
		return append_pem(p, token, p->state == END_READ ? " " : "\n");
	default:
		if (!rv_str_is(token, pem_label))
			return refuse(p, RV_ESYNTAX, "location.label",
				      "the PEM label must be CERTIFICATE");
		if (p->state == END_READ) {
			int r = append_pem(p, token, "\n");
			p->has_certificate = true;
			p->state = IN_CERTIFICATE;
			return r;
		}
		p->state = IN_PEM;
		return append_pem(p, RV_STR_LIT("-----BEGIN "), "CERTIFICATE-----\n");
	}
}

/* A word where blocks begin: a block's name has effect only with '{' right behind it. */
static int take_outside(struct parser *p, struct rv_str token)
{
	if (rv_str_is(token, "{") && p->state == LINE_NAMED) {
		if (p->found.line_count == RV_ARMSCONF_LINES_MAX)
			return refuse(p, RV_ELIMIT, "location.lines", "more than 5 lines");
		p->state = IN_LINE;
		return RV_OK;
	}
	if (rv_str_is(token, "{") && p->state == CERTIFICATE_NAMED) {
		p->state = IN_CERTIFICATE;
		return RV_OK;
	}
	p->state = rv_str_is(token, "rs-certificate") ? CERTIFICATE_NAMED : OUTSIDE;
	if (rv_armsconf_line_kind(token, &p->line.kind)) {
		p->line = (struct rv_armsconf_line){ .kind = p->line.kind };
		p->state = LINE_NAMED;
	}
	return RV_OK;
}

static int take_token(struct parser *p, struct rv_str token)
{
	switch (p->state) {
	case OUTSIDE:
	case LINE_NAMED:
	case CERTIFICATE_NAMED:
		return take_outside(p, token);
	case IN_LINE:
		return take_in_line(p, token);
	default:
		return take_in_certificate(p, token);
	}
}

static bool is_separator(char c)
{
	return c == ' ' || c == ';';
}

static int take_text_line(struct parser *p, struct rv_str text)
{
	size_t i = 0;

	p->line_number++;
	p->column = 1;
	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	if (text.len > RV_ARMSCONF_TEXT_LINE_MAX)
		return refuse(p, RV_ELIMIT, "location.line",
			      "text line of more than 255 characters");
	while (i < text.len) {
		size_t start = i;

		if (is_separator(text.ptr[i]) || text.ptr[i] == '\t') {
			i++;
			continue;
		}
		while (i < text.len && !is_separator(text.ptr[i]))
			i++;
		/* A tab is part of a token unless it stands at its edge. */
		struct rv_str token = rv_str_sub(text, start, i - start);
		while (token.ptr[token.len - 1] == '\t')
			token.len--;
		p->column = (unsigned)start + 1;
		int r = take_token(p, token);
		if (r < 0)
			return r;
	}
	return RV_OK;
}

int rv_armsconf_location_parse(struct rv_str text, struct rv_armsconf_location *out,
			       struct rv_diag *diag)
{
	struct parser p = { .diag = diag };

	for (size_t at = 0; at < text.len;) {
		struct rv_str rest = rv_str_sub(text, at, text.len);
		struct rv_str line = rv_str_sub(rest, 0, rv_str_find(rest, '\n'));
		int r = take_text_line(&p, line);

		if (r < 0)
			return r;
		at += line.len + 1;
	}
	if (p.state != OUTSIDE && p.state != LINE_NAMED && p.state != CERTIFICATE_NAMED)
		return refuse(&p, RV_ESYNTAX, "location.end", "a block without its closing brace");
	*out = p.found;
	return RV_OK;
}
