#include "sim/virtual/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

static struct vw_subject *subject_of(struct vw_fleet *fleet, const struct vw_device *d)
{
	return &fleet->subjects[d - fleet->devices];
}

/* -- hammer --------------------------------------------------------------------------------- */

/* The ring holds its last VW_MINUTE_OPENS: the oldest of them must be a minute ago. */
static void judge_pace(struct vw_fleet *fleet, struct vw_subject *s)
{
	int64_t now_us = fleet->world->now_us;
	int64_t *oldest = &s->opens_us[s->open_at++ % VW_MINUTE_OPENS];

	if (s->open_at > VW_MINUTE_OPENS && now_us - *oldest < 60 * RV_US_PER_SEC)
		vw_complain(fleet->world, "hammer", "%s opens %d connections within %.1f s",
			    s->device->label, VW_MINUTE_OPENS,
			    (double)(now_us - *oldest) / (double)RV_US_PER_SEC);
	*oldest = now_us;
}

static void opens(void *arg, struct vw_device *d, enum rv_sa_phase phase)
{
	struct vw_fleet *fleet = arg;
	struct vw_subject *s = subject_of(fleet, d);

	vw_note(fleet->world, d->label, "opens", phase, (int64_t)d->attempts);
	judge_pace(fleet, s);
	if (phase != RV_SA_RS)
		return;
	s->since_config = s->config.acked;
	s->since_switched = s->switched.acked;
	s->since_births = s->births;
	s->since_being = s->being;
}

/* -- secrets -------------------------------------------------------------------------------- */

static bool holds(struct rv_str bytes, const char *what)
{
	return memmem(bytes.ptr, bytes.len, what, strlen(what)) != NULL;
}

static void judge_impostor(struct vw_fleet *fleet)
{
	if (fleet->host.net->impostor_bytes > 0)
		vw_complain(fleet->world, "secret", "an impostor was told %llu bytes",
			    (unsigned long long)fleet->host.net->impostor_bytes);
}

static void heard(void *arg, struct vw_device *d, struct rv_str bytes)
{
	struct vw_fleet *fleet = arg;
	const struct vw_subject *self = subject_of(fleet, d);

	judge_impostor(fleet);
	if (bytes.len == 0)
		return;
	for (uint32_t i = 0; i < fleet->count; i++) {
		const struct vw_device *other = &fleet->devices[i];

		if (other == d)
			continue;
		if (holds(bytes, other->persona.rs_key) || holds(bytes, other->persona.ls_key) ||
		    (!self->is_stranger && holds(bytes, other->persona.distid)))
			vw_complain(fleet->world, "secret", "%s is told what is %s's", d->label,
				    other->label);
	}
	if (self->is_stranger && holds(bytes, "PRIVATE KEY"))
		vw_complain(fleet->world, "secret", "%s is told a private key", d->label);
}

/* As vw_ca_code makes them. */
static bool is_pair(void *arg, struct vw_device *d, struct rv_str certificate, struct rv_str key)
{
	struct vw_fleet *fleet = arg;
	struct rv_str a = rv_str_sub(certificate, rv_str_find(certificate, '\n') + 1,
				     certificate.len);
	struct rv_str b = rv_str_sub(key, rv_str_find(key, '\n') + 1, key.len);
	size_t a_len = rv_str_find(a, '\n'), b_len = rv_str_find(b, '\n');

	a = rv_str_sub(a, 0, a_len);
	b = rv_str_sub(b, 0, b_len);
	if (!rv_str_starts(a, d->persona.distid))
		vw_complain(fleet->world, "secret", "%s is given another's certificate", d->label);
	else if (!rv_str_eq(a, b))
		vw_complain(fleet->world, "whole",
			    "%s is given a key that is not its certificate's", d->label);
	else
		return true;
	return false;
}

/* -- what it runs --------------------------------------------------------------------------- */

/* Was it allowed to be served at some moment since it asked? */
static bool was_on(const struct vw_subject *s)
{
	for (uint32_t i = s->since_switched; i <= s->switched.count; i++) {
		if (i == 0 ? true
			   : vw_ledger_allows(&s->switched, i, s->since_switched) && s->is_on[i])
			return true;
	}
	return false;
}

static void judge_revision(struct vw_fleet *fleet, struct vw_subject *s, uint32_t revision)
{
	const char *label = s->device->label;

	s->running = revision;
	vw_note(fleet->world, label, "runs", revision, s->since_config);
	if (s->is_stranger) {
		vw_complain(fleet->world, "approved", "%s, which is nobody's, runs a config",
			    label);
		return;
	}
	if (s->births != s->since_births) /* made anew meanwhile: any of its own is right */
		return;
	if (s->since_being == VW_NO)
		vw_complain(fleet->world, "approved", "%s runs revision %u, but was deleted", label,
			    revision);
	else if (!vw_ledger_allows(&s->config, revision, s->since_config))
		vw_complain(fleet->world, "approved",
			    "%s runs revision %u, but %u was acknowledged before it asked", label,
			    revision, s->since_config);
	else if (!was_on(s))
		vw_complain(fleet->world, "approved", "%s runs revision %u, but was disabled",
			    label, revision);
}

static void runs(void *arg, struct vw_device *d)
{
	struct vw_fleet *fleet = arg;
	struct vw_subject *s = subject_of(fleet, d);
	uint32_t revision = 0;

	switch (vw_set_judge(&d->staged, fleet->world->seed, d->number, &revision)) {
	case VW_WHOLE:
		judge_revision(fleet, s, revision);
		break;
	case VW_FOREIGN:
		vw_complain(fleet->world, "secret", "%s runs another device's config", d->label);
		break;
	case VW_EMPTY:
	case VW_BROKEN:
		vw_complain(fleet->world, "whole", "%s runs %zu modules that are not one config",
			    d->label, d->staged.count);
		break;
	}
}

/* -- the end -------------------------------------------------------------------------------- */

static bool is_right(const struct vw_subject *s)
{
	return s->being == VW_NO ||
	       (s->device->is_up && s->device->has_queried && s->running == s->config.acked);
}

bool vw_fleet_is_settled(const struct vw_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->count; i++)
		if (!is_right(&fleet->subjects[i]))
			return false;
	return true;
}

void vw_fleet_judge_end(struct vw_fleet *fleet)
{
	judge_impostor(fleet);
	for (uint32_t i = 0; i < fleet->count; i++) {
		const struct vw_subject *s = &fleet->subjects[i];

		if (!is_right(s))
			vw_complain(fleet->world, "up",
				    "%s %s, runs revision %u, %u is the newest, last up at %.1f s",
				    s->device->label, s->device->is_up ? "is up" : "is not up",
				    s->running, s->config.acked,
				    (double)s->device->last_up_us / (double)RV_US_PER_SEC);
	}
}

/* -- life ----------------------------------------------------------------------------------- */

static void tell(void *arg, struct vw_device *d, enum sim_what what, int code)
{
	struct vw_fleet *fleet = arg;

	vw_note(fleet->world, d->label, "event", what, code);
	if (fleet->tell != NULL)
		fleet->tell(fleet->arg, d, what, code);
}

static void make_line(struct vw_world *w, struct vw_line *line)
{
	int64_t families = vw_between(w, VW_NET, 0, 9);

	*line = (struct vw_line){ .delay_us = vw_between(w, VW_NET, 500, 80000),
				  .jitter_us = vw_between(w, VW_NET, 0, 20000),
				  .has_ipv4 = families != 0,
				  .has_ipv6 = families < 4,
				  .address = (uint32_t)vw_between(w, VW_NET, 0, UINT32_MAX) };
}

static void make_device(struct vw_fleet *fleet, uint32_t i)
{
	struct vw_device *d = &fleet->devices[i];
	uint32_t named = i == fleet->count + 1 ? 0 : i; /* the thief says it is the first one */

	d->number = i;
	sim_persona_make(fleet->world->seed & UINT32_MAX, named, &d->persona);
	if (named != i)
		memset(d->persona.ls_key, '0', SIM_KEY_LEN);
	snprintf(d->label, sizeof(d->label), "device.%u", i);
	make_line(fleet->world, &d->line);
	d->keeps_state = vw_chance(fleet->world, VW_DEVICE, 500000);
	vw_device_init(d, &fleet->host);
	fleet->subjects[i] = (struct vw_subject){ .device = d, .is_stranger = i >= fleet->count };
}

void vw_fleet_init(struct vw_fleet *fleet, struct vw_world *w, struct vw_net *net, uint32_t count)
{
	*fleet = (struct vw_fleet){ .world = w, .count = count };
	rv_buf_puts(&fleet->initial, "https://192.0.2.1/\nhttps://[2001:db8::1]/\n\n1\n3\n");
	fleet->host = (struct vw_device_host){ .world = w,
					       .net = net,
					       .initial = rv_buf_str(&fleet->initial),
					       .repeat_us = 240 * RV_US_PER_SEC,
					       .opens = opens,
					       .heard = heard,
					       .runs = runs,
					       .is_pair = is_pair,
					       .tell = tell,
					       .arg = fleet };
	fleet->devices = vw_alloc(count + VW_STRANGERS, sizeof(*fleet->devices));
	fleet->subjects = vw_alloc(count + VW_STRANGERS, sizeof(*fleet->subjects));
	for (uint32_t i = 0; i < count + VW_STRANGERS; i++)
		make_device(fleet, i);
}

void vw_fleet_deinit(struct vw_fleet *fleet)
{
	for (uint32_t i = 0; fleet->devices != NULL && i < fleet->count + VW_STRANGERS; i++) {
		fleet->tell = NULL;
		vw_device_cut(&fleet->devices[i]);
	}
	free(fleet->devices);
	free(fleet->subjects);
	rv_buf_deinit(&fleet->initial);
}
