/* location.h - Location-Configs: versions, roll-out, and what each device has of them.
 *
 *   location.set --> version n+1 --location.rollout 5 % .. 50 % .. 100 %--> stable
 *                        |   '-- given to a share of the devices, named groups, named devices
 *                        '------ location.rollback: the content of an old one as version n+2
 *
 *   device --rs-solicitation--> LS  gives a version   --rs.report-->  given_version, given_anchor
 *   device --config-solicitation--> RS                --pull------->  seen_version, seen_anchor
 *
 * Versions are never changed, and their numbers go on when a Location-Config is deleted and made
 * anew. At most one version besides the stable one is on its way to devices; the LS decides who
 * gets it (server/ls/share.h), so that a change of the share is one record of the feed and not
 * one per device.
 *
 * `anchor` is the SHA-256 (hex, of the DER) of the root certificate in a version: so table
 * device_location says for each device which root it was given (given_anchor) and with which it
 * pulled afterwards (seen_anchor). A device without a row, or with given_version 0, was given
 * nothing that an LS told of. The record comes late by up to some seconds, or by as long as an LS
 * is cut off; it is never early: a device is shown as seen only if it called the RS after it had
 * been given the version, by the clock of the RS.
 */
#ifndef RV_RS_LOCATION_H
#define RV_RS_LOCATION_H

#include "server/rs/core.h"

enum {
	RS_LOCATION_LIST_MAX = 1000,
	RS_ANCHOR_LEN = 64,
	RS_LOCATION_FACTS_MAX = 64, /* single values of one version, for a diff */
};

/* SHA-256 of the DER of the first certificate, in lower-case hex. RV_ESYNTAX: no PEM. */
int rs_anchor_of(struct rv_str pem, char out[static RS_ANCHOR_LEN + 1]) RV_MUSTCHECK;

/* Exactly one self-signed root certificate. RV_EINVALID with diag, which blames `field`. */
int rs_check_root(struct rv_str pem, const char *field, struct rv_diag *diag) RV_MUSTCHECK;

/* The newest version, with the state of the roll-out. RV_ENOTFOUND with diag. */
int rs_location_find(struct rs_ctx *ctx, struct rv_str name, struct rv_location *out,
		     struct rv_diag *diag) RV_MUSTCHECK;
/* A version that was made once; groups, distids, percent and stable_version are empty in it. */
int rs_location_version(struct rs_ctx *ctx, struct rv_str name, uint32_t version,
			struct rv_location *out, struct rv_diag *diag) RV_MUSTCHECK;
/* From rows of location_version (name, spec, version), and of location (the same, then stable and
 * rollout). */
int rs_location_take(struct rs_reader *r, struct rv_location *out) RV_MUSTCHECK;
int rs_location_take_row(struct rs_reader *r, struct rv_location *out) RV_MUSTCHECK;
/* What the LS gets of one version: every md-config rendered and checked. */
int rs_location_render(struct rs_ctx *ctx, const struct rv_location *location,
		       struct rv_feed_location *out, struct rv_diag *diag) RV_MUSTCHECK;
/* The stable version, and the newest with its share while it is rolled out. */
int rs_location_for_feed(struct rs_ctx *ctx, struct rv_str name,
			 struct rv_feed_record *out) RV_MUSTCHECK;

/* Append a version: number, time, author, anchor and size are filled in here, in *location, too.
 * is_stable: it is for all devices; otherwise for those of location->percent, groups and distids.
 * The content must have been checked. */
int rs_location_append(struct rs_ctx *ctx, struct rv_location *location, bool is_stable,
		       struct rv_diag *diag) RV_MUSTCHECK;

/* Column rollout: percent, groups and distids of *location. */
int rs_location_put_share(struct rs_ctx *ctx, const struct rv_location *location,
			  struct rv_str *out) RV_MUSTCHECK;

/* Names of Location-Configs, groups and tokens: letters, digits, '.', '_', '-'. */
int rs_check_name(struct rv_str name, struct rv_diag *diag) RV_MUSTCHECK;

/* The root certificate of this RS is another one (ctx->rs->ca_pem): every Location-Config that
 * follows it gets a new version with it; one that is being rolled out two, the stable one and the
 * one on its way, whose share stays. RV_ELIMIT, RV_EINVALID: it does not fit one of them, and
 * diag says which; nothing has changed then. */
int rs_location_follow_ca(struct rs_ctx *ctx, struct rv_diag *diag) RV_MUSTCHECK;

/* The single values of a version, for a diff: "rs_urls[0]", "lines[1].account". Secrets have
 * is_secret, and a value that is only good for comparing. Pointers into *location and the arena. */
struct rs_location_fact {
	struct rv_str field, value;
	bool is_secret;
};
int rs_location_facts(struct rv_arena *arena, const struct rv_location *location,
		      struct rs_location_fact out[static RS_LOCATION_FACTS_MAX],
		      size_t *count) RV_MUSTCHECK;
/* Whether two versions say the same to devices. */
int rs_location_is_same(struct rv_arena *arena, const struct rv_location *a,
			const struct rv_location *b, bool *out) RV_MUSTCHECK;

#endif
