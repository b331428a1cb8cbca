#include "proto/armsconf/initial.h"

#include "proto/armsconf/location.h"

struct reader {
	struct rv_str rest;
	unsigned line_number; /* of the line read last */
	struct rv_diag *diag;
};

static int refuse(const struct reader *r, int err, const char *key, const char *what)
{
	rv_diag_set(r->diag, err, key, "", "Initial-Config: %s", what);
	if (r->diag != NULL)
		r->diag->line = r->line_number;
	return err;
}

static bool is_at_end(const struct reader *r)
{
	return r->rest.len == 0;
}

/* The next line without its end; RV_ESYNTAX when there is none. */
static int next_line(struct reader *r, struct rv_str *line)
{
	size_t len = rv_str_find(r->rest, '\n');

	r->line_number++;
	if (is_at_end(r))
		return refuse(r, RV_ESYNTAX, "initial.end", "ends too early");
	*line = rv_str_sub(r->rest, 0, len);
	r->rest = rv_str_sub(r->rest, len + 1, r->rest.len);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	if (line->len > RV_ARMSCONF_INITIAL_LINE_MAX)
		return refuse(r, RV_ELIMIT, "initial.line", "line of more than 256 characters");
	for (size_t i = 0; i < line->len; i++)
		if ((unsigned char)line->ptr[i] < ' ')
			return refuse(r, RV_ESYNTAX, "initial.character", "control character");
	return RV_OK;
}

static int next_empty(struct reader *r)
{
	struct rv_str line;
	int err = next_line(r, &line);

	if (err < 0)
		return err;
	return line.len == 0 ? RV_OK
			     : refuse(r, RV_ESYNTAX, "initial.empty", "expected an empty line");
}

static int next_number(struct reader *r, uint64_t max, uint32_t *out)
{
	struct rv_str line;
	uint64_t number;
	int err = next_line(r, &line);

	if (err < 0)
		return err;
	if (!rv_str_to_u64(line, max, &number))
		return refuse(r, RV_EINVALID, "initial.number", "not a number in its range");
	*out = (uint32_t)number;
	return RV_OK;
}

static int next_value(struct reader *r, size_t max, struct rv_str *out)
{
	int err = next_line(r, out);

	if (err < 0)
		return err;
	return out->len <= max ? RV_OK : refuse(r, RV_ELIMIT, "initial.value", "value too long");
}

static int read_urls(struct reader *r, struct rv_armsconf_initial *conf)
{
	struct rv_str line;

	for (;;) {
		int err = next_line(r, &line);

		if (err < 0)
			return err;
		if (line.len == 0)
			break;
		if (conf->url_count == RV_ARMSCONF_LS_URLS_MAX)
			return refuse(r, RV_ELIMIT, "initial.urls", "more than 4 LS URLs");
		conf->urls[conf->url_count++] = line;
	}
	if (conf->url_count == 0)
		return refuse(r, RV_ESYNTAX, "initial.urls", "no LS URL");
	return RV_OK;
}

static int read_account(struct reader *r, size_t max, struct rv_str *account,
			struct rv_str *password)
{
	int err = next_value(r, max, account);

	return err < 0 ? err : next_value(r, max, password);
}

/* PPPoE, then PPPoE IPv6 or not, then an empty line unless the file ends. */
static int read_pppoe(struct reader *r, struct rv_armsconf_initial *conf)
{
	int err = read_account(r, RV_ARMSCONF_PPP_ID_MAX, &conf->pppoe_account,
			       &conf->pppoe_password);

	if (err < 0 || is_at_end(r))
		return err;
	err = next_value(r, RV_ARMSCONF_PPP_ID_MAX, &conf->pppoe_ipv6_account);
	if (err < 0 || conf->pppoe_ipv6_account.len == 0)
		return err;
	err = next_value(r, RV_ARMSCONF_PPP_ID_MAX, &conf->pppoe_ipv6_password);
	return err < 0 || is_at_end(r) ? err : next_empty(r);
}

static int read_mobile(struct reader *r, struct rv_armsconf_initial *conf)
{
	int err = next_value(r, RV_ARMSCONF_TELNO_MAX, &conf->telno);

	if (err == RV_OK)
		err = next_number(r, INT32_MAX, &conf->cid);
	if (err == RV_OK)
		err = next_value(r, RV_ARMSCONF_APN_MAX, &conf->apn);
	if (err == RV_OK)
		err = next_value(r, RV_ARMSCONF_PDP_TYPE_MAX, &conf->pdp_type);
	if (err == RV_OK)
		err = read_account(r, RV_ARMSCONF_MOBILE_ID_MAX, &conf->mobile_account,
				   &conf->mobile_password);
	conf->has_mobile = err == RV_OK;
	return err;
}

static int read_all(struct reader *r, struct rv_armsconf_initial *conf)
{
	int err = read_urls(r, conf);

	if (err == RV_OK)
		err = next_number(r, RV_ARMSCONF_RETRY_BASE_MAX, &conf->interval);
	if (err == RV_OK)
		err = next_number(r, RV_ARMSCONF_RETRY_BASE_MAX, &conf->max);
	if (err < 0 || is_at_end(r))
		return err;
	err = next_empty(r);
	if (err < 0 || is_at_end(r))
		return err;
	err = read_pppoe(r, conf);
	if (err < 0 || is_at_end(r))
		return err;
	err = read_mobile(r, conf);
	while (err == RV_OK && !is_at_end(r))
		err = next_empty(r);
	return err;
}

int rv_armsconf_initial_parse(struct rv_str text, struct rv_armsconf_initial *out,
			      struct rv_diag *diag)
{
	struct reader r = { .rest = text, .diag = diag };
	struct rv_armsconf_initial conf = { 0 };
	int err = read_all(&r, &conf);

	if (err == RV_OK)
		*out = conf;
	return err;
}
