#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/rand.h"
#include "base/time.h"
#include "log/log.h"
#include "server/ls/lsstore_priv.h"

enum {
	JOBS_MAX = 1024,
	JOB_BYTES_MAX = 256 * 1024,
	HELD_BYTES_MAX = 64 * 1024 * 1024,
	TICK_MS = 1000,
	TICKS_PER_LOOK = 5, /* seconds between two looks at the devices file */
	GIVEN_MAX = 8192,   /* not yet in the store; beyond it the device's next call will do */
	GIVEN_FLUSH = 512,
};

static struct ls_source *source_of(struct lsstore *s, const struct ls_operator *op)
{
	return &s->sources[op - s->operators];
}

/* -- ls.solicit ----------------------------------------------------------------------------- */

struct job {
	struct rv_serve_job base;
	struct ls_outcome outcome;
	uint8_t macs[LS_OPERATORS_MAX][RV_SECRET_MAC_LEN]; /* of a stranger's key, per operator */
};

/* A key that nobody knows is told to each RS under its own MAC, by which it can take the device
 * in. */
static int mac_for_all(struct lsstore *s, struct rv_db_tx *tx, struct job *job)
{
	const struct rv_ls_solicit_in *in = job->base.in;
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < s->source_count; i++)
		if (s->sources[i].takes_strangers)
			err = ls_mac(&s->store, tx, s->sources[i].op, in->distid, in->key,
				     job->macs[i]);
	return err;
}

static int run_solicit(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct job *job = (struct job *)base;
	struct lsstore *s = base->owner;
	int err = ls_solicit(&s->store, tx, &base->arena, rv_time_utc_us(), base->in, base->out,
			     &job->outcome);

	if (err == RV_OK && job->outcome.note.distid.len > 0 && job->outcome.holder == NULL)
		err = mac_for_all(s, tx, job);
	return err;
}

static void pass_note(struct lsstore *s, struct job *job)
{
	struct rv_rs_waiting_note_in note = job->outcome.note;

	if (note.distid.len == 0)
		return;
	if (job->outcome.holder != NULL) {
		ls_source_note(source_of(s, job->outcome.holder), &note);
		return;
	}
	for (size_t i = 0; i < s->source_count; i++) {
		note.key_mac = rv_strn(job->macs[i], RV_SECRET_MAC_LEN);
		if (s->sources[i].takes_strangers)
			ls_source_note(&s->sources[i], &note);
	}
}

static void done_solicit(struct rv_serve_job *base, int status)
{
	struct job *job = (struct job *)base;
	struct lsstore *s = base->owner;
	const struct rv_ls_solicit_in *in = base->in;
	const struct rv_ls_solicit_out *out = base->out;

	s->solicits++;
	if (status == RV_OK) {
		rv_log(RV_LOG_INFO, "ls.solicitation.answered", RV_KV("device", in->distid),
		       RV_KI("code", out->code), RV_KV("address", in->address),
		       RV_KV("trigger", in->trigger), RV_KV("location", out->location.name),
		       RV_KI("version", out->location.version));
		pass_note(s, job);
		if (job->outcome.has_given)
			lsstore_keep_given(s, source_of(s, job->outcome.holder), &job->outcome);
	}
	rv_serve_answer(base, status);
}

static int run_reseal(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct lsstore *s = base->owner;

	return ls_reseal(&s->store, tx, base->in, base->out);
}

static const struct rv_serve_method methods[] = {
	{ "key.reseal-ls", &rv_key_reseal_ls_in_type, &rv_key_reseal_ls_out_type,
	  sizeof(struct job), run_reseal, NULL },
	{ "ls.solicit", &rv_ls_solicit_in_type, &rv_ls_solicit_out_type, sizeof(struct job),
	  run_solicit, done_solicit, true },
};

/* -- links ------------------------------------------------------------------------------------ */

static void ring(struct lsstore *s, enum ls_source_kind kind)
{
	for (size_t i = 0; i < s->source_count; i++)
		if (s->sources[i].kind == kind)
			ls_source_ring(&s->sources[i]);
}

static void on_doorbell(void *arg, const char *from, struct rv_str body)
{
	(void)from;
	(void)body;
	ring(arg, LS_SOURCE_LOCAL);
}

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	(void)instance;
	if (is_up && strcmp(peer, "rs") == 0)
		ring(arg, LS_SOURCE_LOCAL);
	else if (is_up && strcmp(peer, "lsfeed") == 0)
		ring(arg, LS_SOURCE_REMOTE);
}

/* -- life ----------------------------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer)
{
	struct lsstore *s = timer->data;

	lsstore_flush_given(s);
	for (size_t i = 0; i < s->source_count; i++)
		ls_source_tick(&s->sources[i]);
	if (++s->ticks % TICKS_PER_LOOK != 0)
		return;
	lsstore_count(s);
	if (s->file[0] != '\0')
		lsstore_look_at_file(s);
}

static void on_settled(void *arg)
{
	lsstore_settle(arg);
}

static int add_source(struct lsstore *s, const char *name, enum ls_source_kind kind,
		      const struct rv_conf_sec *sec, struct rv_diag *diag)
{
	struct ls_operator *op = &s->operators[s->source_count];
	struct ls_source *source = &s->sources[s->source_count];

	if (s->source_count == LS_OPERATORS_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "ls.operators", "operator",
				   "more than %d operators", LS_OPERATORS_MAX);
	for (size_t i = 0; i < s->source_count; i++)
		if (strcmp(s->operators[i].name, name) == 0)
			return rv_diag_set(diag, RV_EINVALID, "ls.operators", "operator",
					   "the name \"%s\" is taken", name);
	if (name[0] == '\0' || !rv_str_copy(rv_str(name), op->name, sizeof(op->name)) ||
	    strchr(name, '/') != NULL)
		return rv_diag_set(diag, RV_EINVALID, "ls.operators", "operator",
				   "a name has 1 to %d characters, and no '/'",
				   LS_OPERATOR_NAME_MAX);
	op->devices_max = rv_conf_int(sec, "devices_max");
	*source = (struct ls_source){ .bus = s->bus,
				      .store = &s->store,
				      .op = op,
				      .kind = kind,
				      .takes_strangers = kind != LS_SOURCE_FILE &&
							 rv_conf_bool(sec, "strangers"),
				      .on_settled = on_settled,
				      .arg = s };
	s->source_count++;
	return RV_OK;
}

/* A file, or else the RS on this machine; and those on other hosts. */
static int add_sources(struct lsstore *s, struct rv_diag *diag)
{
	const struct rv_conf *conf = rv_duty_conf(s->duty);
	const struct rv_conf_sec *ls = rv_conf_get(conf, "ls", NULL);
	const struct rv_conf_sec *sec = rv_conf_get(conf, "operator", NULL);
	uint64_t seed;
	int err = RV_OK;

	if (rv_conf_str(ls, "devices_file") != NULL)
		err = add_source(s, "file", LS_SOURCE_FILE, ls, diag);
	else if (rv_conf_bool(ls, "local_rs"))
		err = add_source(s, "local", LS_SOURCE_LOCAL, ls, diag);
	for (; err == RV_OK && sec != NULL; sec = rv_conf_next(conf, sec))
		err = add_source(s, rv_conf_title(sec), LS_SOURCE_REMOTE, sec, diag);
	if (err == RV_OK && s->source_count == 0)
		err = rv_diag_set(diag, RV_EINVALID, "ls.operators", "ls.local_rs",
				  "no operator at all: neither local_rs nor devices_file nor a "
				  "section operator");
	for (size_t i = 0; i < s->source_count; i++) {
		rv_rand_secret(&seed, sizeof(seed));
		ls_source_init(&s->sources[i], seed);
	}
	return err;
}

static int work_cursors(struct rv_db_tx *tx, void *arg)
{
	struct lsstore *s = arg;
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < s->source_count; i++)
		err = ls_cursor_load(tx, &s->operators[i], &s->sources[i].cursor);
	return err;
}

static int open_store(struct lsstore *s, struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(rv_duty_conf(s->duty), "ls", NULL);
	const char *file = rv_conf_str(sec, "devices_file");
	const struct ls_store_opt opt = { .state_dir = rv_duty_state_dir(s->duty),
					  .url = rv_conf_str(sec, "store"),
					  .password = rv_conf_file(sec, "store_password_file"),
					  .loop = rv_duty_loop(s->duty),
					  .operators = s->operators,
					  .operator_count = s->source_count };
	int err = ls_store_open(&opt, &s->store, diag);

	if (err == RV_OK)
		err = rv_db_run(s->store.db, work_cursors, s);
	if (err == RV_OK && file != NULL)
		err = lsstore_open_file(s, file, diag);
	return err;
}

static int begin(struct lsstore *s, struct rv_diag *diag)
{
	int err = add_sources(s, diag);

	if (err == RV_OK)
		err = lsstore_given_init(s);
	if (err == RV_OK)
		err = open_store(s, diag);
	if (err == RV_OK)
		err = rv_bus_subscribe(s->bus, "rs.changed", on_doorbell, s);
	if (err != RV_OK)
		return err;
	struct rv_serve_opt opt = { .bus = s->bus,
				    .db = s->store.db,
				    .owner = s,
				    .methods = methods,
				    .method_count = RV_ARRAY_LEN(methods),
				    .jobs_max = JOBS_MAX,
				    .bytes_max = JOB_BYTES_MAX,
				    .held_max = HELD_BYTES_MAX,
				    .event = "ls.call.failed" };
	err = rv_serve_new(&opt, &s->serve);
	if (err != RV_OK)
		return err;
	s->is_serving = true;
	err = rv_ops_new(s->bus, rv_lsstore_duty_spec.name, lsstore_on_op, s, &s->ops);
	if (err != RV_OK)
		return err;
	rv_bus_on_link(s->bus, on_link, s);
	uv_timer_init(rv_duty_loop(s->duty), &s->timer);
	s->timer.data = s;
	s->is_timer_open = true;
	uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
	return RV_OK;
}

static void free_state(void *state)
{
	struct lsstore *s = state;

	ls_store_close(&s->store);
	rv_ops_free(s->ops);
	for (size_t i = 0; i < s->source_count; i++)
		ls_source_deinit(&s->sources[i]);
	lsstore_given_deinit(s);
	free(s);
}

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	struct lsstore *s = calloc(1, sizeof(*s));
	int err;

	if (s == NULL)
		return -ENOMEM;
	s->duty = duty;
	s->bus = rv_duty_bus(duty);
	err = begin(s, diag);
	if (err != RV_OK) {
		free_state(s);
		return err;
	}
	*state = s;
	return RV_OK;
}

void lsstore_settle(struct lsstore *s)
{
	struct rv_duty *duty = s->duty;

	if (!s->is_stopping || s->is_serving || s->is_timer_open || s->is_flushing ||
	    s->is_counting || s->open_ops > 0)
		return;
	for (size_t i = 0; i < s->source_count; i++)
		if (!ls_source_is_idle(&s->sources[i]))
			return;
	rv_serve_free(s->serve);
	ls_store_close(&s->store);
	rv_duty_stopped(duty);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct lsstore *s = handle->data;

	s->is_timer_open = false;
	lsstore_settle(s);
}

static void on_idle(void *arg)
{
	struct lsstore *s = arg;

	s->is_serving = false;
	lsstore_settle(s);
}

static void stop(void *state)
{
	struct lsstore *s = state;

	s->is_stopping = true;
	for (size_t i = 0; i < s->source_count; i++)
		ls_source_stop(&s->sources[i]);
	rv_bus_on_link(s->bus, NULL, NULL);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
	rv_serve_stop(s->serve, on_idle, s);
}

static const char *not_ready(void *state)
{
	const struct lsstore *s = state;

	for (size_t i = 0; i < s->source_count; i++)
		if (!s->sources[i].cursor.is_complete)
			return "has no copy of the devices yet: the RS was not reached";
	return rv_db_not_ready(s->store.db);
}

const struct rv_duty_code rv_lsstore_code = {
	.spec = &rv_lsstore_duty_spec,
	.schema = rv_ls_sections,
	.schema_count = 2,
	.start = start,
	.stop = stop,
	.free = free_state,
	.metrics = lsstore_metrics,
	.not_ready = not_ready,
};
