#include "sandbox/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/sandbox_priv.h"

static int drop_uid(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return RV_EDENIED;
	/* What cannot be undone has been done. */
	assert(getuid() == uid && geteuid() == uid && setuid(0) != 0);
	return RV_OK;
}

/* No core with keys in it; no debugger; no process made by whoever takes over a duty that makes
 * no thread (the kernel counts both). */
static int set_limits(unsigned rights)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return rv_err_from_errno();
	if (RV_SANDBOX_SANITIZED) /* the leak checker traces us; the new uid has forbidden it */
		return prctl(PR_SET_DUMPABLE, 1) == 0 ? RV_OK : rv_err_from_errno();
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return rv_err_from_errno();
	if (!(rights & RV_RIGHT_THREADS) && setrlimit(RLIMIT_NPROC, &none) != 0)
		return rv_err_from_errno();
	return RV_OK;
}

/* The layers in their order; *layer names the one that failed. */
static int enter(const struct rv_sandbox *sandbox, int *rules_fd, struct rv_sandbox_state *state,
		 const char **layer)
{
	int err;

	*layer = "landlock";
	err = rv_sandbox_landlock_make(sandbox, rules_fd, &state->landlock_abi);
	if (err != RV_OK)
		return err;
	*layer = "uid";
	if (sandbox->drops_uid)
		err = drop_uid(sandbox->uid, sandbox->gid);
	if (err != RV_OK)
		return err;
	state->has_dropped_uid = sandbox->drops_uid;
	*layer = "limits";
	err = set_limits(sandbox->rights);
	if (err == RV_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		err = rv_err_from_errno();
	if (err != RV_OK)
		return err;
	*layer = "landlock";
	if (*rules_fd >= 0)
		err = rv_sandbox_landlock_enter(*rules_fd);
	if (err != RV_OK)
		return err;
	*layer = "seccomp";
	return rv_sandbox_seccomp(sandbox->rights);
}

int rv_sandbox_enter(const struct rv_sandbox *sandbox, struct rv_sandbox_state *out,
		     struct rv_diag *diag)
{
	struct rv_sandbox_state state = { .is_on = true };
	const char *layer;
	int rules_fd = -1;
	int err = enter(sandbox, &rules_fd, &state, &layer);

	if (rules_fd >= 0)
		close(rules_fd);
	if (err != RV_OK)
		return rv_diag_set(diag, err, "sandbox.enter", layer,
				   "rights cannot be given up: %s",
				   err > -1000 ? strerror(-err) : rv_err_name(err));
	*out = state;
	return RV_OK;
}
