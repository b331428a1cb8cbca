#include "device/libarms/core/sa.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/libarms/core/sa_priv.h"
#include "proto/armsconf/initial.h"

_Static_assert((int)RV_SA_LS_URLS_MAX == (int)RV_ARMSCONF_LS_URLS_MAX,
	       "as many as the text may have");
_Static_assert(sizeof(struct rv_sa) <= 16384, "thousands of them run in the simulator");

static struct rv_sa_line anonymous_pppoe(int type, struct rv_str account, struct rv_str password)
{
	struct rv_sa_line line = { .type = type };

	(void)rv_str_copy(account, line.conf.pppoe.id, sizeof(line.conf.pppoe.id));
	(void)rv_str_copy(password, line.conf.pppoe.pass, sizeof(line.conf.pppoe.pass));
	return line;
}

/* What the original uses without Initial-Config (spec 1.4, 6.1). */
static void set_defaults(struct rv_sa_initial *initial)
{
	struct rv_str account = RV_STR_LIT("anonymous@test.iij.ad.jp");
	struct rv_str password = RV_STR_LIT("anonymous");

	*initial = (struct rv_sa_initial){ .interval = 3, .max = 3 };
	initial->pppoe = anonymous_pppoe(ARMS_LINE_PPPOE, account, password);
	initial->pppoe_ipv6 = anonymous_pppoe(ARMS_LINE_PPPOE_IPV6, account, password);
	initial->mobile.type = ARMS_LINE_MOBILE;
}

int rv_sa_new(const struct rv_sa_host *host, const struct rv_distid *id, struct rv_sa **out)
{
	struct rv_sa *sa = calloc(1, sizeof(*sa));

	if (sa == NULL)
		return -ENOMEM;
	sa->host = *host;
	rv_distid_format(id, sa->distid);
	rv_sa_set_trigger(sa, "power on boot");
	set_defaults(&sa->initial);
	*out = sa;
	return RV_OK;
}

void rv_sa_free(struct rv_sa *sa)
{
	if (sa == NULL)
		return;
	rv_sa_exchange_end(&sa->exchange);
	rv_sa_location_deinit(&sa->cache.loc);
	rv_sa_service_deinit(&sa->service);
	rv_sa_modules_deinit(&sa->modules);
	rv_arena_wipe(&sa->identity);
	free(sa->ls_anchor);
	rv_wipe(sa, sizeof(*sa));
	free(sa);
}

static void set_mobile(struct rv_sa_line *line, const struct rv_armsconf_initial *conf)
{
	arms_line_conf_mobile_t *m = &line->conf.mobile;

	m->cid = (int)conf->cid;
	(void)rv_str_copy(conf->telno, m->telno, sizeof(m->telno));
	(void)rv_str_copy(conf->apn, m->apn, sizeof(m->apn));
	(void)rv_str_copy(conf->pdp_type, m->pdp, sizeof(m->pdp));
	(void)rv_str_copy(conf->mobile_account, m->id, sizeof(m->id));
	(void)rv_str_copy(conf->mobile_password, m->pass, sizeof(m->pass));
}

int rv_sa_set_initial(struct rv_sa *sa, struct rv_str text, struct rv_diag *diag)
{
	struct rv_armsconf_initial conf;
	int r = rv_armsconf_initial_parse(text, &conf, diag);

	if (r != RV_OK)
		return r;
	set_defaults(&sa->initial);
	for (size_t i = 0; i < conf.url_count; i++)
		if (!rv_str_copy(conf.urls[i], sa->initial.urls[i], sizeof(sa->initial.urls[i])))
			assert(0 && "the parser lets no URL pass that is too long");
	sa->initial.url_count = conf.url_count;
	sa->initial.interval = conf.interval;
	sa->initial.max = conf.max;
	if (conf.pppoe_account.len > 0)
		sa->initial.pppoe = anonymous_pppoe(ARMS_LINE_PPPOE, conf.pppoe_account,
						    conf.pppoe_password);
	if (conf.pppoe_ipv6_account.len > 0)
		sa->initial.pppoe_ipv6 = anonymous_pppoe(
			ARMS_LINE_PPPOE_IPV6, conf.pppoe_ipv6_account, conf.pppoe_ipv6_password);
	if (conf.has_mobile)
		set_mobile(&sa->initial.mobile, &conf);
	return RV_OK;
}

int rv_sa_set_ls_anchor(struct rv_sa *sa, struct rv_str pem)
{
	char *copy = strndup(pem.ptr, pem.len);

	if (copy == NULL)
		return -ENOMEM;
	free(sa->ls_anchor);
	sa->ls_anchor = copy;
	return RV_OK;
}

static bool set_text(struct rv_str from, char *to, size_t size)
{
	char copy[RV_SA_KEY_MAX + 1];

	assert(size <= sizeof(copy));
	if (!rv_str_copy(from, copy, size))
		return false;
	memcpy(to, copy, size);
	rv_wipe(copy, sizeof(copy));
	return true;
}

bool rv_sa_set_ls_key(struct rv_sa *sa, struct rv_str key)
{
	return set_text(key, sa->ls_key, sizeof(sa->ls_key));
}

bool rv_sa_set_description(struct rv_sa *sa, struct rv_str description)
{
	return set_text(description, sa->description, sizeof(sa->description));
}

bool rv_sa_set_firmware(struct rv_sa *sa, struct rv_str version)
{
	return set_text(version, sa->firmware, sizeof(sa->firmware));
}

void rv_sa_set_trigger(struct rv_sa *sa, const char *trigger)
{
	snprintf(sa->trigger, sizeof(sa->trigger), "%s", trigger);
}

void rv_sa_set_proxied(struct rv_sa *sa, bool is_proxied)
{
	sa->is_proxied = is_proxied;
}

void rv_sa_dump(const struct rv_sa *sa, char out[static RV_SA_STATE_SIZE])
{
	rv_sa_state_dump(&sa->cache, out);
}

int rv_sa_restore(struct rv_sa *sa, const char in[static RV_SA_STATE_SIZE])
{
	struct rv_sa_state state;
	int r = rv_sa_state_restore(in, &state);

	if (r != RV_OK)
		return r;
	rv_sa_location_deinit(&sa->cache.loc);
	sa->cache = state;
	return RV_OK;
}

static int remove_module(void *arg, const struct rv_sa_module *module)
{
	struct rv_sa *sa = arg;

	return sa->host.config(sa->host.arg, module, ARMS_REMOVE_MODULE, NULL, 0, 0);
}

void rv_sa_remove_modules(struct rv_sa *sa)
{
	rv_sa_modules_clear(&sa->modules, remove_module, sa);
}

const struct rv_sa_service *rv_sa_service(const struct rv_sa *sa)
{
	return &sa->service;
}

const struct rv_sa_modules *rv_sa_modules(const struct rv_sa *sa)
{
	return &sa->modules;
}

const char *rv_sa_trigger(const struct rv_sa *sa)
{
	return sa->trigger;
}

const char *rv_sa_ls_url(const struct rv_sa *sa, size_t i)
{
	return i < sa->initial.url_count ? sa->initial.urls[i] : NULL;
}

int rv_sa_state(const struct rv_sa *sa)
{
	return sa->state;
}

bool rv_sa_has_endpoint(const struct rv_sa *sa)
{
	return sa->cache.endpoint[0] != '\0';
}

bool rv_sa_is_ipv6(const struct rv_sa *sa)
{
	return sa->is_ipv6;
}

/* Servers choose parts of it (URLs, descriptions): no line ends, no terminal sequences. */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void rv_sa_log(struct rv_sa *sa, int type, const char *fmt, ...)
{
	char text[RV_SA_LOG_MAX + 1];
	va_list args;

	if (sa->host.log == NULL)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	make_printable(text);
	sa->host.log(sa->host.arg, type, text);
}

void rv_sa_set_state(struct rv_sa *sa, int state)
{
	int old = sa->state;

	sa->state = state;
	if (old != state && sa->host.state != NULL)
		sa->host.state(sa->host.arg, old, state);
}
