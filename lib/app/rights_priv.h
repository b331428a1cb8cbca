/* rights_priv.h - from a duty's table and the configuration to its sandbox. */
#ifndef RV_APP_RIGHTS_PRIV_H
#define RV_APP_RIGHTS_PRIV_H

#include "app/duty.h"
#include "base/arena.h"

struct rv_sv;

/* How the supervisor wants a duty to run; travels in START. */
struct rv_rights_user {
	bool is_on; /* reeve.sandbox */
	bool drops_uid;
	uid_t uid;
	gid_t gid;
};

/* "on 990 985"; "on - -" when the ids are kept. RV_ESYNTAX. */
void rv_rights_encode(const struct rv_rights_user *user, struct rv_buf *out);
int rv_rights_decode(struct rv_str text, struct rv_rights_user *out) RV_MUSTCHECK;

struct rv_rights_place {
	const struct rv_duty_spec *spec;
	const struct rv_conf *conf;
	const char *state_dir;
};

/* Pure: what the table means here. Paths are lent from `place` and `texts`. RV_ELIMIT: too many. */
int rv_rights_resolve(const struct rv_rights_place *place, struct rv_arena *texts,
		      struct rv_sandbox *out) RV_MUSTCHECK;

/* In the duty: enter the sandbox. A state directory that the new uid could not reach by its path
 * (somewhere in root's home) becomes the working directory, and *state_dir "." */
int rv_rights_enter(const struct rv_rights_place *place, const struct rv_rights_user *user,
		    char **state_dir, struct rv_sandbox_state *out,
		    struct rv_diag *diag) RV_MUSTCHECK;

/* In the supervisor: who are the users, are they let into the state directory; warns once of each
 * layer that is missing; then gives up what the supervisor itself does not need. */
int rv_rights_prepare(struct rv_sv *sv) RV_MUSTCHECK;
/* Of one duty. */
const struct rv_rights_user *rv_rights_of(const struct rv_sv *sv, const struct rv_duty_spec *spec);

#endif
