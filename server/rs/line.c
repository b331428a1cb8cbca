#include "server/rs/line.h"

#include <stddef.h>
#include <stdint.h>

static const char *const kinds[] = { "pppoe", "dhcp", "mobile", "static", "ra", "pppoe-ipv6" };

_Static_assert(RV_ARRAY_LEN(kinds) == RV_LINE_KIND_PPPOE_IPV6 + 1, "a word for each kind");

static const struct {
	const char *name;
	size_t offset;
	bool is_number;
} keys[] = {
	{ "ifindex", offsetof(struct rv_line, ifindex), true },
	{ "cid", offsetof(struct rv_line, cid), true },
	{ "account", offsetof(struct rv_line, account), false },
	{ "password", offsetof(struct rv_line, password), false },
	{ "telno", offsetof(struct rv_line, telno), false },
	{ "apn", offsetof(struct rv_line, apn), false },
	{ "pdp-type", offsetof(struct rv_line, pdp_type), false },
	{ "ipaddress", offsetof(struct rv_line, ipaddress), false },
};

/* The next word of *text, which moves past it; empty at the end. */
static struct rv_str next_word(struct rv_str *text)
{
	*text = rv_str_trim(*text);
	struct rv_str word = rv_str_sub(*text, 0, rv_str_find(*text, ' '));

	*text = rv_str_sub(*text, word.len, text->len);
	return word;
}

static int parse_kind(struct rv_str word, enum rv_line_kind *out, struct rv_diag *diag)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(kinds); i++) {
		if (rv_str_is(word, kinds[i])) {
			*out = (enum rv_line_kind)i;
			return RV_OK;
		}
	}
	return rv_diag_set(
		diag, RV_EINVALID, "line.kind", "",
		"\"%.*s\" is no kind of line (pppoe, dhcp, mobile, static, ra, pppoe-ipv6)",
		RV_STR_ARG(word));
}

static int parse_pair(struct rv_str word, struct rv_line *line, struct rv_diag *diag)
{
	size_t at = rv_str_find(word, '=');
	struct rv_str key = rv_str_sub(word, 0, at), value = rv_str_sub(word, at + 1, word.len);
	uint64_t number;

	for (size_t i = 0; i < RV_ARRAY_LEN(keys) && at < word.len; i++) {
		if (!rv_str_is(key, keys[i].name))
			continue;
		char *field = (char *)line + keys[i].offset;
		if (!keys[i].is_number) {
			*(struct rv_str *)(void *)field = value;
			return RV_OK;
		}
		if (!rv_str_to_u64(value, INT32_MAX, &number))
			return rv_diag_set(diag, RV_EINVALID, "line.number", keys[i].name,
					   "%s is a number from 0 to 2147483647", keys[i].name);
		*(uint32_t *)(void *)field = (uint32_t)number;
		return RV_OK;
	}
	return rv_diag_set(diag, RV_EINVALID, "line.key", "",
			   "\"%.*s\" is not one of ifindex, account, password, telno, cid, apn, "
			   "pdp-type, ipaddress followed by \"=\" and a value",
			   RV_STR_ARG(key));
}

int rs_line_parse(struct rv_str text, struct rv_line *out, struct rv_diag *diag)
{
	struct rv_line line = { 0 };
	int err = parse_kind(next_word(&text), &line.kind, diag);

	while (err == RV_OK) {
		struct rv_str word = next_word(&text);
		if (word.len == 0)
			break;
		err = parse_pair(word, &line, diag);
	}
	if (err == RV_OK)
		*out = line;
	return err;
}
