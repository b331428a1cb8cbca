/* The struct is mostly empty arrays: it is kept as its bytes without the zeros, and what it owns
 * behind it, as strings. Nothing in it points into itself. */
#include "device/libarms/core/rest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/libarms/core/sa_priv.h"

enum {
	RUN_MIN = 4, /* zeros that are worth a new piece: as many as its lengths take */
	TEXT_NULL = UINT32_MAX,
	TEXT_SHARED = UINT32_MAX - 1024, /* and above: its index */
};

_Static_assert(sizeof(struct rv_sa) <= UINT16_MAX, "lengths of pieces are 16 bits");

bool rv_sa_can_rest(const struct rv_sa *sa)
{
	const struct rv_sa_exchange *ex = &sa->exchange;

	if (sa->is_open || ex->reader != NULL || ex->head.ptr != NULL || ex->body.ptr != NULL)
		return false;
	return sa->step == RV_SA_STEP_IDLE || sa->step == RV_SA_STEP_DONE ||
	       (sa->step == RV_SA_STEP_PAUSE && sa->phase != RV_SA_QUERY);
}

/* -- the struct ----------------------------------------------------------------------------- */

/* What owns memory is kept apart from the image. */
static void clear_owned(struct rv_sa *sa)
{
	sa->ls_anchor = NULL;
	sa->cache.loc.anchor = NULL;
	memset(&sa->service, 0, sizeof(sa->service));
	memset(&sa->modules, 0, sizeof(sa->modules));
	memset(&sa->identity, 0, sizeof(sa->identity));
	sa->certificate = sa->private_key = (struct rv_str){ 0 };
	memset(&sa->exchange, 0, sizeof(sa->exchange));
}

static size_t zeros_at(const char *bytes, size_t from)
{
	size_t n = 0;

	while (from + n < sizeof(struct rv_sa) && bytes[from + n] == '\0')
		n++;
	return n;
}

/* Pieces: so many zeros, so many bytes, the bytes. */
static void put_image(const char *bytes, struct rv_buf *out)
{
	size_t at = 0;

	while (at < sizeof(struct rv_sa)) {
		uint16_t lengths[2] = { (uint16_t)zeros_at(bytes, at), 0 };
		size_t from = at + lengths[0], end = from, run;

		while (end < sizeof(struct rv_sa) && (run = zeros_at(bytes, end)) < RUN_MIN)
			end += run + (end + run < sizeof(struct rv_sa));
		lengths[1] = (uint16_t)(end - from);
		rv_buf_put(out, lengths, sizeof(lengths));
		rv_buf_put(out, bytes + from, lengths[1]);
		at = end;
	}
}

static struct rv_str take(struct rv_str *in, size_t len)
{
	struct rv_str taken = rv_str_sub(*in, 0, len);

	assert(taken.len == len);
	*in = rv_str_sub(*in, len, in->len);
	return taken;
}

static void take_image(struct rv_str *in, char *bytes)
{
	size_t at = 0;

	while (at < sizeof(struct rv_sa)) {
		uint16_t lengths[2];

		memcpy(lengths, take(in, sizeof(lengths)).ptr, sizeof(lengths));
		at += lengths[0];
		assert(at + lengths[1] <= sizeof(struct rv_sa));
		memcpy(bytes + at, take(in, lengths[1]).ptr, lengths[1]);
		at += lengths[1];
	}
}

/* -- what it owns --------------------------------------------------------------------------- */

static void put_u32(uint32_t value, struct rv_buf *out)
{
	rv_buf_put(out, &value, sizeof(value));
}

static uint32_t take_u32(struct rv_str *in)
{
	uint32_t value;

	memcpy(&value, take(in, sizeof(value)).ptr, sizeof(value));
	return value;
}

static void put_text(struct rv_str text, const struct rv_sa_shared *shared, struct rv_buf *out)
{
	if (text.ptr == NULL) {
		put_u32(TEXT_NULL, out);
		return;
	}
	for (size_t i = 0; i < shared->count; i++) {
		if (rv_str_eq(text, shared->texts[i])) {
			put_u32(TEXT_SHARED + (uint32_t)i, out);
			return;
		}
	}
	put_u32((uint32_t)text.len, out);
	rv_buf_put_str(out, text);
}

static struct rv_str take_text(struct rv_str *in, const struct rv_sa_shared *shared)
{
	uint32_t len = take_u32(in);

	if (len == TEXT_NULL)
		return (struct rv_str){ 0 };
	if (len < TEXT_SHARED)
		return take(in, len);
	assert(len - TEXT_SHARED < shared->count);
	return shared->texts[len - TEXT_SHARED];
}

/* As a string of its own; NULL stays NULL. False: out of memory. */
static bool take_copy(struct rv_str *in, const struct rv_sa_shared *shared, char **out)
{
	struct rv_str text = take_text(in, shared);

	*out = text.ptr != NULL ? strndup(text.ptr, text.len) : NULL;
	return text.ptr == NULL || *out != NULL;
}

static bool take_modules(struct rv_str *in, const struct rv_sa_shared *shared,
			 struct rv_sa_modules *out)
{
	uint32_t count = take_u32(in);

	if (count == 0)
		return true;
	out->items = calloc(count, sizeof(*out->items));
	if (out->items == NULL)
		return false;
	out->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct rv_sa_module *module = &out->items[i];

		module->id = take_u32(in);
		if (!take_copy(in, shared, &module->version) ||
		    !take_copy(in, shared, &module->infostring))
			return false;
	}
	return true;
}

static bool take_identity(struct rv_str *in, const struct rv_sa_shared *shared, struct rv_sa *sa)
{
	struct rv_str certificate = take_text(in, shared), key = take_text(in, shared);

	if (certificate.ptr == NULL)
		return true;
	sa->certificate = rv_arena_str(&sa->identity, certificate);
	sa->private_key = rv_arena_str(&sa->identity, key);
	return sa->certificate.ptr != NULL && sa->private_key.ptr != NULL;
}

/* -- both ways ------------------------------------------------------------------------------ */

int rv_sa_fold(struct rv_sa *sa, const struct rv_sa_shared *shared, struct rv_buf *out)
{
	struct rv_sa image;

	assert(rv_sa_can_rest(sa));
	assert(shared->count < TEXT_NULL - TEXT_SHARED);
	memcpy(&image, sa, sizeof(image)); /* also what lies between members: it was zeroed once */
	clear_owned(&image);
	put_image((const char *)&image, out);
	rv_wipe(&image, sizeof(image));
	put_text(rv_str(sa->ls_anchor), shared, out);
	put_text(rv_str(sa->cache.loc.anchor), shared, out);
	put_text(sa->certificate, shared, out);
	put_text(sa->private_key, shared, out);
	put_u32((uint32_t)sa->modules.count, out);
	for (size_t i = 0; i < sa->modules.count; i++) {
		const struct rv_sa_module *module = &sa->modules.items[i];

		put_u32(module->id, out);
		put_text(rv_str(module->version), shared, out);
		put_text(rv_str(module->infostring), shared, out);
	}
	if (out->err == RV_OK)
		rv_sa_free(sa);
	return out->err;
}

int rv_sa_unfold(struct rv_str bytes, const struct rv_sa_shared *shared, struct rv_sa **out)
{
	struct rv_sa *sa = calloc(1, sizeof(*sa));

	if (sa == NULL)
		return -ENOMEM;
	take_image(&bytes, (char *)sa);
	if (!take_copy(&bytes, shared, &sa->ls_anchor) ||
	    !take_copy(&bytes, shared, &sa->cache.loc.anchor) ||
	    !take_identity(&bytes, shared, sa) || !take_modules(&bytes, shared, &sa->modules)) {
		rv_sa_free(sa);
		return -ENOMEM;
	}
	assert(bytes.len == 0);
	*out = sa;
	return RV_OK;
}
