/* world.h - a virtual world: time that moves from event to event, chance that follows from a seed.
 *
 *   vw_post(when, fn) --> heap ordered by (time, number) --> vw_step(): now := when; fn()
 *
 * Nothing in it reads a clock, the kernel's randomness or an address: the same seed gives the same
 * events, in the same order, on every machine. Chance is drawn from one stream for each purpose, so
 * that one more draw in the network does not shift what the disks do. Everything that happens is
 * noted; the notes are hashed, and that hash is what "the same run" means. One thread.
 */
#ifndef RV_SIM_VIRTUAL_WORLD_H
#define RV_SIM_VIRTUAL_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

enum vw_purpose {
	VW_NET,      /* delays, losses, cuts */
	VW_BUS,      /* delays between processes of one machine */
	VW_DISK,     /* what of the unsynced a power cut leaves */
	VW_FAULT,    /* when what breaks */
	VW_OPERATOR, /* what operators do */
	VW_DEVICE,   /* when devices are switched on and cut */
	VW_SECRET,   /* seeds of what the servers believe to be the kernel's randomness */
	VW_PURPOSES
};

/* Deliberately broken, to prove that an invariant can fail: one for each test of a checker. */
enum vw_sabotage {
	VW_HONEST,
	VW_LYING_DISK,     /* a sync that syncs nothing */
	VW_FORGOTTEN_ACK,  /* a server acknowledges device.create and drops it */
	VW_FOREIGN_ANSWER, /* a pull is answered with what another device was to get */
	VW_HALF_ANSWER,    /* an answer without its last module */
	VW_WRONG_RS,       /* the LS names an RS that is not there */
	VW_LAZY_DEVICE,    /* a device gives up after its first failure */
	VW_HAMMER,         /* a device asks again at once, whatever it is told */
	VW_STALE_ANSWER,   /* a pull is answered with what that device was given first */
	VW_TRUSTING,       /* a device that believes every server */
	VW_UNSEEDED,       /* something depends on what is no function of the seed */
	VW_SABOTAGES
};

struct vw_event;
typedef void (*vw_fn)(void *arg);

struct vw_world {
	uint64_t seed;
	int64_t now_us; /* since the beginning */
	uint64_t events, notes, posted;
	uint64_t hash; /* of all notes so far */
	struct rv_rand rand[VW_PURPOSES];
	enum vw_sabotage sabotage;
	/* Notes whose `who` is `trace_who` (NULL: all) are printed there; NULL: none are. */
	FILE *trace;
	const char *trace_who;
	struct vw_event **heap;
	size_t count, cap;
	/* The first thing that must not be; "" = none. */
	char invariant[32], complaint[256];
	int64_t complained_us;
};

void vw_init(struct vw_world *w, uint64_t seed);
void vw_deinit(struct vw_world *w); /* events not yet due are dropped */

/* fn(arg) in delay_us (>= 0) from now. The event is valid until fn is called or it is cancelled.
 * Ends the program when there is no memory, as everything here: a simulation without it is none. */
struct vw_event *vw_post(struct vw_world *w, int64_t delay_us, vw_fn fn, void *arg);
/* The same with an arg from vw_alloc() that is freed behind fn, or with the world. */
struct vw_event *vw_post_owned(struct vw_world *w, int64_t delay_us, vw_fn fn, void *arg);
void vw_cancel(struct vw_event *event); /* NULL allowed */
/* The next event that is due at end_us or before. False: there is none; now is end_us then. */
bool vw_step(struct vw_world *w, int64_t end_us);

/* low .. high, both included. */
int64_t vw_between(struct vw_world *w, enum vw_purpose purpose, int64_t low, int64_t high);
/* True in per_million of a million cases. */
bool vw_chance(struct vw_world *w, enum vw_purpose purpose, uint32_t per_million);

/* Something happened to `who`. */
void vw_note(struct vw_world *w, const char *who, const char *what, int64_t a, int64_t b);
/* Something happened that must not. Only the first counts. */
void vw_complain(struct vw_world *w, const char *invariant, const char *fmt, ...) RV_PRINTF(3, 4);

void *vw_alloc(size_t n, size_t size); /* zeroed; never NULL */

#endif
