#include "server/rs/config_check.h"

#include <sodium.h>
#include <stdio.h>

#include "base/codec.h"
#include "proto/armsxml/build.h"

_Static_assert(RS_CONFIG_SHA_LEN == crypto_hash_sha256_BYTES * 2, "hex digits of a SHA-256");

bool rs_config_is_text(uint8_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0x7f);
}

/* DEL is a character of XML 1.0 like any other, but no ASCII text needs it. */
static int check_body(const struct rv_module *m, size_t index, struct rv_diag *diag)
{
	char where[RV_DIAG_WHERE_MAX];
	unsigned line = 1;

	for (size_t i = 0; i < m->body.len; i++) {
		uint8_t c = (uint8_t)m->body.ptr[i];

		if (rs_config_is_text(c)) {
			line += c == '\n';
			continue;
		}
		snprintf(where, sizeof(where), "modules[%zu].body", index);
		rv_diag_set(diag, RV_EINVALID, c >= 0x80 ? "config.not-ascii" : "config.control",
			    where,
			    "module %u: byte 0x%02X at offset %zu (line %u) %s; give this body as "
			    "binary, then any byte arrives",
			    (unsigned)m->id, c, i, line,
			    c >= 0x80 ? "is not US-ASCII" : "cannot stand in XML");
		if (diag != NULL)
			diag->line = line;
		return RV_EINVALID;
	}
	return RV_OK;
}

/* Attributes and one-line texts: white space in them would not arrive as it was. */
static int check_word(struct rv_str s, const char *what, const struct rv_module *m, size_t index,
		      struct rv_diag *diag)
{
	char where[RV_DIAG_WHERE_MAX];

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.ptr[i];

		if (c >= 0x20 && c < 0x7f)
			continue;
		snprintf(where, sizeof(where), "modules[%zu].%s", index, what);
		return rv_diag_set(
			diag, RV_EINVALID, "config.word", where,
			"module %u: byte 0x%02X at offset %zu of its %s is not printable ASCII",
			(unsigned)m->id, c, i, what);
	}
	return RV_OK;
}

static int check_module(const struct rv_module *modules, size_t i, struct rv_diag *diag)
{
	const struct rv_module *m = &modules[i];
	char where[RV_DIAG_WHERE_MAX];
	int err;

	for (size_t k = 0; k < i; k++) {
		if (modules[k].id != m->id)
			continue;
		snprintf(where, sizeof(where), "modules[%zu].id", i);
		return rv_diag_set(diag, RV_EINVALID, "config.duplicate", where,
				   "module %u is listed twice (positions %zu and %zu)",
				   (unsigned)m->id, k + 1, i + 1);
	}
	if (!m->has_config && m->body.len > 0) {
		snprintf(where, sizeof(where), "modules[%zu].has_config", i);
		return rv_diag_set(diag, RV_EINVALID, "config.body-without-config", where,
				   "module %u has a body but says it has no config",
				   (unsigned)m->id);
	}
	err = check_word(m->version, "version", m, i, diag);
	if (err == RV_OK)
		err = check_word(m->infostring, "infostring", m, i, diag);
	if (err == RV_OK && !m->is_binary)
		err = check_body(m, i, diag);
	return err;
}

static size_t sent_bytes(const struct rv_module *m)
{
	return rv_armsxml_module_size(&(struct rv_armsxml_module){ .version = m->version,
								   .infostring = m->infostring,
								   .has_config = m->has_config,
								   .is_binary = m->is_binary,
								   .config = m->body });
}

int rs_config_check(const struct rv_module *modules, size_t n, size_t bytes_max,
		    struct rv_diag *diag)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		int err = check_module(modules, i, diag);
		if (err != RV_OK)
			return err;
		total += sent_bytes(&modules[i]);
	}
	if (total > bytes_max)
		return rv_diag_set(
			diag, RV_ELIMIT, "config.too-big", "modules",
			"the modules are %zu bytes together as they are sent, of %zu allowed",
			total, bytes_max);
	return RV_OK;
}

static void add_number(crypto_hash_sha256_state *state, size_t n)
{
	uint8_t bytes[8];

	rv_put_be64(bytes, n);
	crypto_hash_sha256_update(state, bytes, sizeof(bytes));
}

static void add_text(crypto_hash_sha256_state *state, struct rv_str s)
{
	add_number(state, s.len);
	crypto_hash_sha256_update(state, (const uint8_t *)s.ptr, s.len);
}

void rs_config_sha(const struct rv_module *modules, size_t n,
		   char out[static RS_CONFIG_SHA_LEN + 1])
{
	crypto_hash_sha256_state state;
	uint8_t sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_init(&state);
	add_text(&state, RV_STR_LIT("reeve config 1"));
	for (size_t i = 0; i < n; i++) {
		add_number(&state, modules[i].id);
		add_number(&state, (size_t)modules[i].is_binary |
					   (size_t)modules[i].has_config << 1 |
					   (size_t)modules[i].uses_secrets << 2);
		add_text(&state, modules[i].version);
		add_text(&state, modules[i].infostring);
		add_text(&state, modules[i].body);
	}
	crypto_hash_sha256_final(&state, sum);
	sodium_bin2hex(out, RS_CONFIG_SHA_LEN + 1, sum, sizeof(sum));
}
