/* `reeve key`: the master keys, and their rotation.
 *
 *   add a key to the file --> every store: step, step ... done; again: nothing left --> drop the
 * old
 *
 * Whatever ends in the middle leaves both keys in the file and every box readable; `reeve key
 * rotate` goes on from there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/caller.h"
#include "base/fail.h"
#include "base/time.h"
#include "cli.h"
#include "commands.h"
#include "contract/rv_contract.h"
#include "secret/keyfile.h"

enum { STEP_ROWS = 512, STEP_TIMEOUT_S = 60 };

struct store {
	const char *duty, *method;
	const char *section, *file; /* where it is by default, below the state directory */
};

static const struct store stores[] = {
	{ "rs", "key.reseal-rs", "rs", "rs.db" },
	{ "lsstore", "key.reseal-ls", "ls", "ls.db" },
};

/* The two messages are alike but for their names; so are their structs. */
_Static_assert(sizeof(struct rv_key_reseal_rs_in) == sizeof(struct rv_key_reseal_ls_in), "alike");

struct places {
	char state[RV_CLI_PATH_MAX];
	char key[RV_CLI_PATH_MAX + 16], socket[RV_CLI_PATH_MAX + 16];
};

static int step(struct rv_app_caller *caller, const struct store *store, bool is_first,
		struct rv_key_reseal_rs_out *out)
{
	struct rv_key_reseal_rs_in in = { .is_first = is_first, .limit = STEP_ROWS };
	struct rv_arena arena = { 0 };
	struct rv_buf body = { 0 };
	struct rv_str answer;
	int err = rv_app_caller_connect(caller);

	rv_key_reseal_rs_in_encode(&in, &body);
	if (err == RV_OK)
		err = body.err;
	if (err == RV_OK)
		err = rv_app_caller_call(caller, store->method, rv_buf_str(&body), &arena, &answer);
	if (err == RV_OK)
		err = rv_key_reseal_rs_out_decode(answer, &arena, out);
	rv_buf_deinit(&body);
	rv_arena_deinit(&arena);
	return err;
}

/* One pass over a store. RV_EVERSION: it seals under another key than `number`. */
static int pass(struct rv_app_caller *caller, const struct store *store, uint8_t number,
		uint64_t *resealed)
{
	struct rv_key_reseal_rs_out done = { 0 };
	bool is_first = true;

	*resealed = 0;
	while (!done.is_done) {
		int err = step(caller, store, is_first, &done);

		if (err == RV_OK && done.number != number)
			err = RV_EVERSION;
		if (err != RV_OK)
			return err;
		*resealed += done.resealed;
		is_first = false;
		rv_fail_point("key.step.done");
	}
	return RV_OK;
}

/* Passes until one finds nothing to do: what a step did may have been lost with its transaction. */
static int reseal(const struct places *places, const struct store *store, uint8_t number,
		  uint64_t *resealed)
{
	struct rv_app_caller *caller = NULL;
	uint64_t found = 1;
	int err = rv_app_caller_new(places->socket, store->duty, STEP_TIMEOUT_S * RV_US_PER_SEC,
				    &caller);

	*resealed = 0;
	while (err == RV_OK && found > 0) {
		err = pass(caller, store, number, &found);
		*resealed += found;
	}
	rv_app_caller_free(caller);
	return err;
}

/* As far as can be seen from here: its URL may stand in another file than the one we were given. */
static bool is_there(const struct places *places, const struct rv_conf *conf,
		     const struct store *store)
{
	const char *url = rv_conf_str(rv_conf_get(conf, store->section, NULL), "store");
	char path[RV_CLI_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", places->state, store->file);
	return url != NULL || access(path, F_OK) == 0;
}

static int reseal_one(const struct places *places, const struct store *store, uint8_t number)
{
	uint64_t resealed;
	int err = reseal(places, store, number, &resealed);

	if (err == RV_OK)
		printf("%s: %llu %s %u\n", store->duty, (unsigned long long)resealed,
		       rv_tr("secrets sealed under key", "件の秘密情報を封じ直した鍵:"), number);
	return err;
}

static int complain(const struct store *store, int err)
{
	rv_cli_error("%s: %s (%s)", store->duty,
		     rv_tr("its secrets cannot be sealed anew; is reeve running? "
			   "Both keys stay in use: run this again",
			   "秘密情報を封じ直せません。reeveは動いていますか。新旧両"
			   "方の鍵が有効なままです。再度実行してください"),
		     rv_err_name(err));
	return RV_EXIT_FAILURE;
}

/* A store that is passed over is lost with the old key. So it is only when a Reeve that runs has no
 * such duty: the one that answered for another store before, and does so again. */
static int reseal_all(const struct places *places, const struct rv_conf *conf, uint8_t number)
{
	const struct store *answered = NULL, *missing = NULL;

	for (size_t i = 0; i < RV_ARRAY_LEN(stores); i++) {
		int err = reseal_one(places, &stores[i], number);

		if (err == RV_ENOTFOUND && !is_there(places, conf, &stores[i]))
			missing = &stores[i];
		else if (err != RV_OK)
			return complain(&stores[i], err);
		else
			answered = &stores[i];
	}
	if (answered == NULL)
		return complain(missing, RV_ENOTFOUND);
	if (missing != NULL) {
		uint64_t resealed;
		int err = reseal(places, answered, number, &resealed);

		if (err != RV_OK)
			return complain(answered, err);
	}
	return RV_EXIT_OK;
}

static int rotate(const struct places *places, const struct rv_conf *conf)
{
	struct rv_diag diag = { 0 };
	uint8_t number = 0;
	int status;

	if (rv_keyfile_add(places->key, &number, &diag) != RV_OK)
		goto fail;
	rv_fail_point("key.added");
	status = reseal_all(places, conf, number);
	if (status != RV_EXIT_OK)
		return status;
	rv_fail_point("key.resealed");
	if (rv_keyfile_drop(places->key, &diag) != RV_OK)
		goto fail;
	rv_fail_point("key.dropped");
	/* Once more, so that nobody holds the old key in memory. */
	status = reseal_all(places, conf, number);
	if (status == RV_EXIT_OK)
		printf("%s %u\n", rv_tr("the only key in use:", "有効な鍵はこれだけ:"), number);
	return status;
fail:
	rv_cli_error_diag(&diag);
	return RV_EXIT_FAILURE;
}

static int list(const struct places *places)
{
	struct rv_keyfile file = { 0 };
	struct rv_diag diag = { 0 };
	int err = rv_keyfile_read(places->key, &file, &diag);

	if (err == -ENOENT)
		rv_cli_error("%s: %s", places->key,
			     rv_tr("there is no key file yet", "鍵ファイルがまだありません"));
	else if (err != RV_OK)
		rv_cli_error_diag(&diag);
	for (size_t i = 0; i < file.count; i++)
		printf("%u  %s\n", file.keys[i].number,
		       i == 0 ? rv_tr("seals", "封じるのに使う")
			      : rv_tr("opens only; a rotation is not finished",
				      "開封のみ(更新が完了していない)"));
	rv_wipe(&file, sizeof(file));
	return err == RV_OK ? RV_EXIT_OK : RV_EXIT_FAILURE;
}

int rv_command_key(int argc, char **argv)
{
	struct rv_cli_conf source = { 0 };
	struct places places;
	struct rv_cli cli;
	int status = rv_cli_parse(argc, argv, RV_CLI_CONFIG | RV_CLI_STATE, &cli);
	bool is_rotate;

	if (status != RV_EXIT_OK)
		return status;
	is_rotate = cli.word != NULL && strcmp(cli.word, "rotate") == 0;
	if (!is_rotate && (cli.word == NULL || strcmp(cli.word, "list") != 0)) {
		rv_cli_error("key: %s: list, rotate",
			     rv_tr("say one of", "次のいずれかを指定してください"));
		return RV_EXIT_USAGE;
	}
	status = rv_cli_read_conf(&cli, false, &source);
	if (status == RV_EXIT_OK)
		status = rv_cli_state_dir(&cli, places.state);
	if (status == RV_EXIT_OK) {
		snprintf(places.key, sizeof(places.key), "%s/secret.key", places.state);
		snprintf(places.socket, sizeof(places.socket), "%s/bus.sock", places.state);
		status = is_rotate ? rotate(&places, source.conf) : list(&places);
	}
	rv_conf_free(source.conf);
	return status;
}
