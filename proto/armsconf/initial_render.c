/* The writer of Initial-Configs; see initial.h. */
#include "proto/armsconf/initial.h"
#include "proto/armsconf/location.h"

/* A value of one line. */
struct text {
	const char *field;
	struct rv_str value;
	size_t max;
};

static int check_text(const struct text *text, struct rv_diag *diag)
{
	if (text->value.len == 0)
		return rv_diag_set(diag, RV_EINVALID, "initial.required", text->field,
				   "%s is missing: a line is given whole or not at all",
				   text->field);
	if (text->value.len > text->max)
		return rv_diag_set(diag, RV_ELIMIT, "initial.value", text->field,
				   "%zu characters, allowed are %zu", text->value.len, text->max);
	for (size_t i = 0; i < text->value.len; i++)
		if (text->value.ptr[i] < '!' || text->value.ptr[i] > '~')
			return rv_diag_set(diag, RV_EINVALID, "initial.character", text->field,
					   "character %zu is a blank, control or non-ASCII "
					   "character, which devices cannot read here",
					   i + 1);
	return RV_OK;
}

static int put_texts(const struct text *texts, size_t n, struct rv_buf *out, struct rv_diag *diag)
{
	int err = RV_OK;

	for (size_t i = 0; i < n && err == RV_OK; i++) {
		err = check_text(&texts[i], diag);
		if (err == RV_OK)
			rv_buf_printf(out, "%.*s\n", RV_STR_ARG(texts[i].value));
	}
	return err;
}

static int put_urls(const struct rv_armsconf_initial *conf, struct rv_buf *out,
		    struct rv_diag *diag)
{
	struct text urls[RV_ARMSCONF_LS_URLS_MAX];

	if (conf->url_count == 0 || conf->url_count > RV_ARMSCONF_LS_URLS_MAX)
		return rv_diag_set(diag, RV_EINVALID, "initial.urls", "ls_urls",
				   "%zu LS URLs: 1 to %d are needed", conf->url_count,
				   RV_ARMSCONF_LS_URLS_MAX);
	for (size_t i = 0; i < conf->url_count; i++)
		urls[i] = (struct text){ "ls_urls", conf->urls[i], RV_ARMSCONF_INITIAL_LINE_MAX };
	return put_texts(urls, conf->url_count, out, diag);
}

static int put_numbers(const struct rv_armsconf_initial *conf, struct rv_buf *out,
		       struct rv_diag *diag)
{
	if (conf->interval > RV_ARMSCONF_RETRY_BASE_MAX || conf->max > RV_ARMSCONF_RETRY_BASE_MAX)
		return rv_diag_set(diag, RV_EINVALID, "initial.number",
				   conf->max > RV_ARMSCONF_RETRY_BASE_MAX ? "max" : "interval",
				   "is over %d", RV_ARMSCONF_RETRY_BASE_MAX);
	rv_buf_printf(out, "\n%u\n%u\n", conf->interval, conf->max);
	return RV_OK;
}

static int put_pppoe(const struct rv_armsconf_initial *conf, struct rv_buf *out,
		     struct rv_diag *diag)
{
	const struct text texts[] = {
		{ "pppoe_account", conf->pppoe_account, RV_ARMSCONF_PPP_ID_MAX },
		{ "pppoe_password", conf->pppoe_password, RV_ARMSCONF_PPP_ID_MAX },
		{ "pppoe_ipv6_account", conf->pppoe_ipv6_account, RV_ARMSCONF_PPP_ID_MAX },
		{ "pppoe_ipv6_password", conf->pppoe_ipv6_password, RV_ARMSCONF_PPP_ID_MAX },
	};
	bool has_ipv6 = conf->pppoe_ipv6_account.len + conf->pppoe_ipv6_password.len > 0;
	int err;

	rv_buf_putc(out, '\n');
	err = put_texts(texts, has_ipv6 ? 4 : 2, out, diag);
	rv_buf_putc(out, '\n');
	return err;
}

static int put_mobile(const struct rv_armsconf_initial *conf, struct rv_buf *out,
		      struct rv_diag *diag)
{
	const struct text telno = { "telno", conf->telno, RV_ARMSCONF_TELNO_MAX };
	const struct text texts[] = {
		{ "apn", conf->apn, RV_ARMSCONF_APN_MAX },
		{ "pdp_type", conf->pdp_type, RV_ARMSCONF_PDP_TYPE_MAX },
		{ "mobile_account", conf->mobile_account, RV_ARMSCONF_MOBILE_ID_MAX },
		{ "mobile_password", conf->mobile_password, RV_ARMSCONF_MOBILE_ID_MAX },
	};
	int err = put_texts(&telno, 1, out, diag);

	if (err == RV_OK && conf->cid > INT32_MAX)
		err = rv_diag_set(diag, RV_EINVALID, "initial.number", "cid", "is over %d",
				  INT32_MAX);
	rv_buf_printf(out, "%u\n", conf->cid);
	return err == RV_OK ? put_texts(texts, RV_ARRAY_LEN(texts), out, diag) : err;
}

static int put_all(const struct rv_armsconf_initial *conf, struct rv_buf *out, struct rv_diag *diag)
{
	bool has_pppoe = conf->pppoe_account.len + conf->pppoe_password.len +
				 conf->pppoe_ipv6_account.len + conf->pppoe_ipv6_password.len >
			 0;
	int err = put_urls(conf, out, diag);

	if (err == RV_OK)
		err = put_numbers(conf, out, diag);
	if (err == RV_OK && (has_pppoe || conf->has_mobile))
		err = put_pppoe(conf, out, diag);
	return err == RV_OK && conf->has_mobile ? put_mobile(conf, out, diag) : err;
}

int rv_armsconf_initial_render(const struct rv_armsconf_initial *conf, struct rv_buf *out,
			       struct rv_diag *diag)
{
	struct rv_buf text = { .wipe = true };
	int err = put_all(conf, &text, diag);

	if (err == RV_OK)
		err = text.err;
	if (err == RV_OK) {
		rv_buf_put(out, text.ptr, text.len);
		err = out->err;
	}
	rv_buf_deinit(&text);
	return err;
}
