#include "app/supervisor_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "log/log.h"

enum { TEXTS_MAX = 64 * 1024, PREFIXES_MAX = 32 };

/* What the resolver of the C library and the TLS of a client read; each may be missing. */
static const char *const client_paths[] = {
	"/etc", /* resolv.conf, hosts, nsswitch.conf, gai.conf, services, ssl: some are links */
	"/usr", /* the modules that nsswitch.conf names, the certificates of public CAs */
	"/lib", "/run/systemd/resolve", /* where resolv.conf may lead */
};

/* -- on the wire ------------------------------------------------------------------------------ */

void rv_rights_encode(const struct rv_rights_user *user, struct rv_buf *out)
{
	const char *word = user->is_on ? "on" : "off";

	if (user->drops_uid)
		rv_buf_printf(out, "%s %u %u", word, user->uid, user->gid);
	else
		rv_buf_printf(out, "%s - -", word);
}

int rv_rights_decode(struct rv_str text, struct rv_rights_user *out)
{
	size_t at = rv_str_find(text, ' ');
	struct rv_str word = rv_str_sub(text, 0, at), rest = rv_str_sub(text, at + 1, text.len);
	struct rv_rights_user user = { .is_on = rv_str_is(word, "on") };
	uint64_t uid, gid;

	if (!user.is_on && !rv_str_is(word, "off"))
		return RV_ESYNTAX;
	if (rv_str_is(rest, "- -")) {
		*out = user;
		return RV_OK;
	}
	at = rv_str_find(rest, ' ');
	if (!rv_str_to_u64(rv_str_sub(rest, 0, at), UINT32_MAX - 1, &uid) ||
	    !rv_str_to_u64(rv_str_sub(rest, at + 1, rest.len), UINT32_MAX - 1, &gid))
		return RV_ESYNTAX;
	user.drops_uid = true;
	user.uid = (uid_t)uid;
	user.gid = (gid_t)gid;
	*out = user;
	return RV_OK;
}

/* -- what a table means here ------------------------------------------------------------------ */

static int add_path(struct rv_sandbox *box, const char *path, bool may_write)
{
	if (path == NULL)
		return -ENOMEM;
	if (box->path_count == RV_SANDBOX_PATHS_MAX)
		return RV_ELIMIT;
	box->paths[box->path_count++] = (struct rv_sandbox_path){ path, may_write };
	return RV_OK;
}

static int add_client_paths(struct rv_sandbox *box)
{
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < RV_ARRAY_LEN(client_paths); i++)
		err = add_path(box, client_paths[i], false);
	return err;
}

/* The directory of a file that is named relative to the state directory. */
static int add_directory_of(const struct rv_rights_place *place, const char *file, bool may_write,
			    struct rv_arena *texts, struct rv_sandbox *box)
{
	char *path = file[0] == '/' ? rv_arena_printf(texts, "%s", file)
				    : rv_arena_printf(texts, "%s/%s", place->state_dir, file);
	char *slash = path != NULL ? strrchr(path, '/') : NULL;

	if (slash == NULL)
		return -ENOMEM;
	slash[slash == path] = '\0'; /* "/x" lies in "/" */
	return add_path(box, path, may_write);
}

static int add_place(const struct rv_rights_place *place, const struct rv_duty_place *item,
		     struct rv_arena *texts, struct rv_sandbox *box)
{
	static const char sqlite[] = "sqlite:";
	const struct rv_conf_sec *sec = rv_conf_get(place->conf, item->section, NULL);
	const char *value = sec != NULL ? rv_conf_str(sec, item->item) : NULL;

	if (value == NULL)
		return RV_OK;
	if (item->kind == RV_DUTY_PLACE_FILE)
		return add_directory_of(place, value, false, texts, box);
	if (strncmp(value, sqlite, sizeof(sqlite) - 1) == 0)
		return add_directory_of(place, value + sizeof(sqlite) - 1, true, texts, box);
	box->rights |= RV_RIGHT_FILES | RV_RIGHT_CONNECT | RV_RIGHT_CONNECT_UNIX;
	return RV_OK;
}

int rv_rights_resolve(const struct rv_rights_place *place, struct rv_arena *texts,
		      struct rv_sandbox *out)
{
	const struct rv_duty_rights *rights = &place->spec->rights;
	const struct rv_duty_place *item = rights->places;
	struct rv_sandbox box = { .rights = rights->bits };
	int err = RV_OK;

	if (rights->state_files != NULL)
		err = add_path(&box, place->state_dir, true);
	for (; err == RV_OK && item != NULL && item->section != NULL; item++)
		err = add_place(place, item, texts, &box);
	if (err == RV_OK && (box.rights & RV_RIGHT_CONNECT))
		err = add_client_paths(&box);
	if (err == RV_OK)
		*out = box;
	return err;
}

/* -- in the duty ------------------------------------------------------------------------------ */

/* Before the uid changes: from here the state directory can be reached whoever may not pass the
 * directories above it. */
static int go_to_work(const struct rv_rights_place *place, struct rv_diag *diag)
{
	const char *dir = place->spec->rights.state_files != NULL ? place->state_dir : "/";

	if (chdir(dir) == 0)
		return RV_OK;
	return rv_diag_set(diag, rv_err_from_errno(), "app.state-dir", dir, "%s", strerror(errno));
}

static int shorten_state_dir(const struct rv_rights_place *place, char **state_dir)
{
	char *dot;

	if (place->spec->rights.state_files == NULL || access(*state_dir, X_OK) == 0)
		return RV_OK;
	dot = strdup(".");
	if (dot == NULL)
		return -ENOMEM;
	free(*state_dir);
	*state_dir = dot;
	return RV_OK;
}

int rv_rights_enter(const struct rv_rights_place *place, const struct rv_rights_user *user,
		    char **state_dir, struct rv_sandbox_state *out, struct rv_diag *diag)
{
	struct rv_sandbox box = { 0 };
	struct rv_arena texts;
	int err;

	if (!user->is_on)
		return RV_OK;
	rv_arena_init(&texts, TEXTS_MAX);
	err = rv_rights_resolve(place, &texts, &box);
	if (err == RV_OK)
		err = go_to_work(place, diag);
	box.drops_uid = user->drops_uid;
	box.uid = user->uid;
	box.gid = user->gid;
	if (err == RV_OK)
		err = rv_sandbox_enter(&box, out, diag);
	if (err == RV_OK)
		err = shorten_state_dir(place, state_dir);
	rv_arena_deinit(&texts);
	return err;
}

/* -- in the supervisor ------------------------------------------------------------------------ */

/* The user that the configuration names, or `usual` if there is one, or nobody. */
static int find_user(struct rv_sv *sv, const char *item, const char *usual,
		     struct rv_rights_user *out)
{
	const char *named = rv_conf_str(rv_conf_get(sv->opt->conf, "reeve", NULL), item);

	*out = (struct rv_rights_user){ .is_on = true, .drops_uid = true };
	if (rv_sandbox_user(named != NULL ? named : usual, &out->uid, &out->gid) == RV_OK)
		return RV_OK;
	if (named != NULL)
		return rv_diag_set(sv->diag, RV_EINVALID, "app.user", "reeve",
				   "%s: there is no user %s", item, named);
	if (rv_sandbox_user("nobody", &out->uid, &out->gid) != RV_OK)
		return rv_diag_set(sv->diag, RV_EINVALID, "app.user", "reeve",
				   "%s: there is neither a user %s nor a user nobody", item, usual);
	return RV_OK;
}

/* Edges own nothing that others who run as nobody could take; a store does. */
static void warn_of_nobody(const struct rv_sv *sv)
{
	uid_t uid;
	gid_t gid;

	if (rv_sandbox_user("nobody", &uid, &gid) == RV_OK && sv->user.uid == uid)
		rv_log(RV_LOG_WARN, "app.sandbox.weakened", RV_KS("user", "nobody"),
		       RV_KS("reason",
			     "the stores belong to nobody, as whom other programs may run"),
		       RV_KS("cure", "useradd --system --no-create-home reeve"));
}

/* Root stays root: only who asked for it by name. */
static void keep_root(const char *item, struct rv_rights_user *user)
{
	if (user->uid != 0)
		return;
	user->drops_uid = false;
	rv_log(RV_LOG_WARN, "app.sandbox.weakened", RV_KS("item", item), RV_KS("user", "root"),
	       RV_KS("reason", "processes keep the uid of root"));
}

static int give_files(struct rv_sv *sv)
{
	const struct rv_duty_spec *const *known = sv->opt->known;
	const char *prefixes[PREFIXES_MAX + 1];
	size_t n = 0;

	for (; *known != NULL; known++) {
		const char *const *own = (*known)->rights.state_files;

		for (; own != NULL && *own != NULL; own++) {
			assert(n < PREFIXES_MAX);
			prefixes[n++] = *own;
		}
	}
	prefixes[n] = NULL;
	return rv_sandbox_give_files(sv->opt->state_dir, sv->user.uid, sv->user.gid, prefixes,
				     sv->diag);
}

static int prepare_root(struct rv_sv *sv)
{
	int err = find_user(sv, "user", "reeve", &sv->user);

	if (err == RV_OK)
		err = find_user(sv, "edge_user", "reeve-edge", &sv->edge_user);
	if (err != RV_OK)
		return err;
	warn_of_nobody(sv);
	keep_root("user", &sv->user);
	keep_root("edge_user", &sv->edge_user);
	if (sv->user.drops_uid)
		err = give_files(sv);
	if (err == RV_OK && rv_sandbox_reduce() != RV_OK)
		err = rv_diag_set(sv->diag, RV_EDENIED, "sandbox.enter", "supervisor",
				  "capabilities cannot be given up");
	return err;
}

int rv_rights_prepare(struct rv_sv *sv)
{
	sv->user = sv->edge_user = (struct rv_rights_user){ 0 };
	if (!rv_conf_bool(rv_conf_get(sv->opt->conf, "reeve", NULL), "sandbox")) {
		rv_log(RV_LOG_WARN, "app.sandbox.off",
		       RV_KS("reason", "reeve.sandbox is off: every process keeps all rights"));
		return RV_OK;
	}
	sv->user.is_on = sv->edge_user.is_on = true;
	if (rv_sandbox_landlock_abi() == 0)
		rv_log(RV_LOG_WARN, "app.sandbox.weakened",
		       RV_KS("reason", "this kernel has no Landlock: files are kept from the "
				       "processes by uid and system calls only"));
	if (geteuid() == 0)
		return prepare_root(sv);
	rv_log(RV_LOG_WARN, "app.sandbox.weakened", RV_KI("uid", geteuid()),
	       RV_KS("reason", "not started as root: all processes keep this uid"));
	return RV_OK;
}

const struct rv_rights_user *rv_rights_of(const struct rv_sv *sv, const struct rv_duty_spec *spec)
{
	return spec->rights.is_edge ? &sv->edge_user : &sv->user;
}
