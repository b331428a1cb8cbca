/* incident.h - what people should know of: raised and resolved by whoever sees it.
 *
 *   raise --> open --incident.ack--> acknowledged --resolve--> resolved (kept rs.incidents_keep)
 *              ^  '----resolve----------------------------------^
 *              '--raise with is_worse-- acknowledged
 *
 * There is at most one incident of a kind and subject that is not resolved; raising it again
 * counts it up and brings its parameters up to date. No prose is stored: a kind has its text in
 * contract/texts/sentences.json, English and Japanese, in which {name} stands for a parameter and
 * {subject} for the subject. Only things we know (registered devices, Location-Configs,
 * certificates of ours) are subjects, never callers that proved nothing: so the table is bounded.
 *
 * A new kind: add it at the end of incident_kind in contract/ops/incident.json, its word to
 * texts/words.json, its text to texts/sentences.json; run contract/gen.py --lock.
 * Inside a db work function, as everything that takes a struct rs_ctx.
 */
#ifndef RV_RS_INCIDENT_H
#define RV_RS_INCIDENT_H

#include "server/rs/core.h"

enum { RS_INCIDENT_DETAIL_MAX = 1024, RS_INCIDENT_VALUE_MAX = 256 };

struct rs_incident {
	enum rv_incident_kind kind;
	struct rv_str subject; /* 1..128 bytes: a canonical distribution id, or a name */
	const struct rv_incident_parameter *parameters; /* <= 16; longer values are cut */
	size_t parameter_count;
	struct rv_str detail; /* words of the device; cut to RS_INCIDENT_DETAIL_MAX; may be empty */
	bool is_worse;        /* than what was acknowledged: it becomes open again */
};

/* Everything is lent. *is_new (may be NULL): it was not known so far. Codes of rv_db_query. */
int rs_incident_raise(struct rs_ctx *ctx, const struct rs_incident *incident,
		      bool *is_new) RV_MUSTCHECK;

/* Over. No such incident is no failure. */
int rs_incident_resolve(struct rs_ctx *ctx, enum rv_incident_kind kind,
			struct rv_str subject) RV_MUSTCHECK;

/* All of a kind that nobody has raised since `before_us`. */
int rs_incident_resolve_unseen(struct rs_ctx *ctx, enum rv_incident_kind kind,
			       int64_t before_us) RV_MUSTCHECK;

/* All of a subject that is no more. */
int rs_incident_resolve_all(struct rs_ctx *ctx, struct rv_str subject) RV_MUSTCHECK;

/* Forget those that were resolved longer ago than rs.incidents_keep. */
int rs_incident_trim(struct rs_ctx *ctx) RV_MUSTCHECK;

#endif
