#include "sim/scenario.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/scenario_priv.h"

/* -- where each item goes ------------------------------------------------------------------- */

enum form { TIME, COUNT, DAYS, FLAG, WORD, FLAG_WORD, TEXT };

struct field {
	const char *item;
	size_t at, size;
	enum form form;
	bool is_needed; /* has no default */
};

#define AT(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define FIELD(type, item, member, form)                                                            \
	{                                                                                          \
		item, AT(type, member), form, false                                                \
	}
#define NEEDED(type, item, member, form)                                                           \
	{                                                                                          \
		item, AT(type, member), form, true                                                 \
	}

static const struct field scenario_fields[] = {
	FIELD(sim_scenario, "title", title, TEXT),
	FIELD(sim_scenario, "title_ja", title_ja, TEXT),
	FIELD(sim_scenario, "duration", duration_us, TIME),
	FIELD(sim_scenario, "repeat", repeat_us, TIME),
	FIELD(sim_scenario, "query", does_query, FLAG),
};
static const struct field cut_fields[] = {
	NEEDED(sim_power_cut, "at", at_us, TIME),
	FIELD(sim_power_cut, "share", share, COUNT),
	FIELD(sim_power_cut, "within", within_us, TIME),
	FIELD(sim_power_cut, "off", off_us, TIME),
	FIELD(sim_power_cut, "back_within", back_within_us, TIME),
	FIELD(sim_power_cut, "every", every_us, TIME),
	FIELD(sim_power_cut, "times", times, COUNT),
	FIELD(sim_power_cut, "keeps_state", keeps_state, FLAG),
};
static const struct field firmware_fields[] = {
	NEEDED(sim_firmware, "version", version, TEXT),
	FIELD(sim_firmware, "share", share, COUNT),
	FIELD(sim_firmware, "refuse", refuse, COUNT),
	FIELD(sim_firmware, "tls", tls, WORD),
	FIELD(sim_firmware, "upgrade_at", upgrade_at_us, TIME),
	FIELD(sim_firmware, "upgrade_within", upgrade_within_us, TIME),
	FIELD(sim_firmware, "upgrade_takes", upgrade_takes_us, TIME),
};
static const struct field flash_fields[] = {
	FIELD(sim_flash, "share", share, COUNT),
	FIELD(sim_flash, "apply", apply_us, TIME),
	FIELD(sim_flash, "apply_max", apply_max_us, TIME),
};
static const struct field clock_fields[] = {
	FIELD(sim_clock, "share", share, COUNT),
	NEEDED(sim_clock, "days", days, DAYS),
};
static const struct field loss_fields[] = {
	FIELD(sim_loss, "share", share, COUNT),      FIELD(sim_loss, "when", when, WORD),
	FIELD(sim_loss, "how", is_stall, FLAG_WORD), FIELD(sim_loss, "to", to, WORD),
	FIELD(sim_loss, "from", from_us, TIME),      FIELD(sim_loss, "until", until_us, TIME),
};
static const struct field network_fields[] = {
	FIELD(sim_network, "delay", delay_us, TIME),
	FIELD(sim_network, "jitter", jitter_us, TIME),
	FIELD(sim_network, "drop", drop, COUNT),
	FIELD(sim_network, "duplicate", duplicate, COUNT),
	FIELD(sim_network, "reorder", reorder, COUNT),
};
static const struct field partition_fields[] = {
	FIELD(sim_partition, "share", share, COUNT),
	FIELD(sim_partition, "side", side, WORD),
	NEEDED(sim_partition, "at", at_us, TIME),
	FIELD(sim_partition, "lasts", lasts_us, TIME),
};
static const struct field rebind_fields[] = {
	FIELD(sim_rebind, "share", share, COUNT),
	NEEDED(sim_rebind, "at", at_us, TIME),
	FIELD(sim_rebind, "every", every_us, TIME),
};
static const struct field crash_fields[] = {
	NEEDED(sim_crash, "duty", duty, WORD),
	NEEDED(sim_crash, "at", at_us, TIME),
	FIELD(sim_crash, "point", point, TEXT),
	FIELD(sim_crash, "nth", nth, COUNT),
	FIELD(sim_crash, "down", down_us, TIME),
	FIELD(sim_crash, "every", every_us, TIME),
	FIELD(sim_crash, "times", times, COUNT),
	FIELD(sim_crash, "unsynced", drops_unsynced, FLAG_WORD),
};

/* -- one that is being read ----------------------------------------------------------------- */

struct reader {
	const struct rv_conf *conf;
	const char *name;
	struct sim_scenario *s;
	struct rv_diag *diag;
};

static const struct rv_conf_section *table_of(const struct rv_conf_sec *sec)
{
	size_t i = 0;

	while (strcmp(sim_scenario_table[i].name, rv_conf_section_name(sec)) != 0)
		i++;
	return &sim_scenario_table[i];
}

/* Of the item, or, when it is not there, of the first one that is. */
static unsigned line_of(const struct rv_conf_sec *sec, const char *item)
{
	const struct rv_conf_section *table = table_of(sec);
	unsigned line = rv_conf_line(sec, item);

	for (size_t i = 0; line == 0 && i < table->item_count; i++)
		line = rv_conf_line(sec, table->items[i].name);
	return line;
}

/* What the parser, which sees one value at a time, lets pass: said as it says things. */
static int refuse(const struct reader *r, const struct rv_conf_sec *sec, const char *item,
		  const char *why)
{
	const char *title = rv_conf_title(sec);
	unsigned line = line_of(sec, item);

	rv_diag_set(r->diag, RV_EINVALID, "sim.scenario", item, "%s:%u: %s%s%.31s.%s: %s", r->name,
		    line, rv_conf_section_name(sec), title != NULL ? " " : "",
		    title != NULL ? title : "", item, why);
	if (r->diag != NULL)
		r->diag->line = line;
	return RV_EINVALID;
}

/* Which of the words of the table it is. */
static unsigned word_of(const struct rv_conf_sec *sec, const char *item)
{
	const struct rv_conf_item *of = table_of(sec)->items;
	const char *text = rv_conf_str(sec, item);
	unsigned n = 0;

	while (strcmp(of->name, item) != 0)
		of++;
	while (strcmp(of->choices[n], text) != 0)
		n++;
	return n;
}

static int take_text(const struct reader *r, const struct rv_conf_sec *sec,
		     const struct field *field, char *out)
{
	const char *text = rv_conf_str(sec, field->item);
	char why[64];

	if ((!field->is_needed || text[0] != '\0') && rv_str_copy(rv_str(text), out, field->size))
		return RV_OK;
	snprintf(why, sizeof(why), "it must have %d..%zu bytes", field->is_needed, field->size - 1);
	return refuse(r, sec, field->item, why);
}

static int take(const struct reader *r, const struct rv_conf_sec *sec, const struct field *field,
		void *base)
{
	void *at = (char *)base + field->at;

	if (field->is_needed && rv_conf_line(sec, field->item) == 0)
		return refuse(r, sec, field->item, "it must be given");
	switch (field->form) {
	case TIME:
		*(int64_t *)at = rv_conf_int(sec, field->item);
		break;
	case COUNT:
		*(unsigned *)at = (unsigned)rv_conf_int(sec, field->item);
		break;
	case DAYS:
		*(int *)at = (int)rv_conf_int(sec, field->item);
		break;
	case FLAG:
		*(bool *)at = rv_conf_bool(sec, field->item);
		break;
	case WORD:
		*(unsigned *)at = word_of(sec, field->item);
		break;
	case FLAG_WORD:
		*(bool *)at = word_of(sec, field->item) == 1;
		break;
	case TEXT:
		return take_text(r, sec, field, at);
	}
	return RV_OK;
}

/* -- sections ------------------------------------------------------------------------------- */

/* Checks and completes one that was taken; its place in the scenario is `at`. */
typedef int (*finish_fn)(const struct reader *r, const struct rv_conf_sec *sec, void *at);

static int check_times(const struct reader *r, const struct rv_conf_sec *sec, unsigned times,
		       int64_t every_us)
{
	if (times > 1 && every_us == 0)
		return refuse(r, sec, "every", "it must be above 0s when times is above 1");
	return RV_OK;
}

static int finish_cut(const struct reader *r, const struct rv_conf_sec *sec, void *at)
{
	const struct sim_power_cut *cut = at;

	/* So that the cuts of one device come in their order. */
	if (cut->times > 1 && cut->within_us > cut->every_us)
		return refuse(r, sec, "within", "it must not be above every");
	return check_times(r, sec, cut->times, cut->every_us);
}

static int finish_crash(const struct reader *r, const struct rv_conf_sec *sec, void *at)
{
	const struct sim_crash *crash = at;

	return check_times(r, sec, crash->times, crash->every_us);
}

/* Those named by upgrade_to may stand further down. */
static int finish_firmware(const struct reader *r, const struct rv_conf_sec *sec, void *at)
{
	struct sim_firmware *firmware = at;
	const char *to = rv_conf_str(sec, "upgrade_to");
	const struct rv_conf_sec *other;
	unsigned i = 0, sum = 0;

	for (const struct sim_firmware *f = r->s->firmwares; f <= firmware; f++)
		sum += f->share;
	if (sum > 100)
		return refuse(r, sec, "share", "all firmwares together must have at most 100");
	firmware->upgrade_to = SIM_FIRMWARE_NONE;
	if (to[0] == '\0')
		return RV_OK;
	for (other = rv_conf_get(r->conf, "firmware", NULL); other != NULL;
	     other = rv_conf_next(r->conf, other), i++) {
		if (strcmp(rv_conf_title(other), to) == 0 && other != sec) {
			firmware->upgrade_to = i;
			return RV_OK;
		}
	}
	return refuse(r, sec, "upgrade_to", "it must be the title of another firmware");
}

static int finish_flash(const struct reader *r, const struct rv_conf_sec *sec, void *at)
{
	struct sim_flash *flash = at;

	if (flash->apply_max_us == 0)
		flash->apply_max_us = flash->apply_us;
	if (flash->apply_max_us < flash->apply_us)
		return refuse(r, sec, "apply_max", "it must not be below apply");
	return RV_OK;
}

static int finish_loss(const struct reader *r, const struct rv_conf_sec *sec, void *at)
{
	struct sim_loss *loss = at;

	if (loss->until_us == 0)
		loss->until_us = INT64_MAX;
	if (loss->until_us <= loss->from_us)
		return refuse(r, sec, "until", "it must be above from");
	return RV_OK;
}

#define PLURAL(section, type, list, count, fields, finish)                                         \
	{                                                                                          \
		section, fields, RV_ARRAY_LEN(fields), offsetof(struct sim_scenario, list),        \
			sizeof(struct type), offsetof(struct sim_scenario, count), finish          \
	}

static const struct plural {
	const char *section;
	const struct field *fields;
	size_t field_count;
	size_t at, size, count_at; /* in struct sim_scenario */
	finish_fn finish;          /* NULL: nothing */
} plurals[] = {
	PLURAL("power_cut", sim_power_cut, cuts, cut_count, cut_fields, finish_cut),
	PLURAL("firmware", sim_firmware, firmwares, firmware_count, firmware_fields,
	       finish_firmware),
	PLURAL("flash", sim_flash, flashes, flash_count, flash_fields, finish_flash),
	PLURAL("clock", sim_clock, clocks, clock_count, clock_fields, NULL),
	PLURAL("loss", sim_loss, losses, loss_count, loss_fields, finish_loss),
	PLURAL("partition", sim_partition, partitions, partition_count, partition_fields, NULL),
	PLURAL("rebind", sim_rebind, rebinds, rebind_count, rebind_fields, NULL),
	PLURAL("crash", sim_crash, crashes, crash_count, crash_fields, finish_crash),
};

static int take_one(const struct reader *r, const struct plural *p, const struct rv_conf_sec *sec)
{
	size_t *count = (size_t *)((char *)r->s + p->count_at);
	char *at = (char *)r->s + p->at + *count * p->size;

	if (*count == SIM_EACH_MAX)
		return refuse(r, sec, p->fields[0].item, "there may be 16 sections of this kind");
	/* Each begins with its name. */
	if (!rv_str_copy(rv_str(rv_conf_title(sec)), at, SIM_NAME_MAX + 1) ||
	    !rv_str_is_utf8(rv_str(at), NULL))
		return refuse(r, sec, p->fields[0].item,
			      "the title must be UTF-8 text of at most 31 bytes");
	for (size_t i = 0; i < p->field_count; i++) {
		int err = take(r, sec, &p->fields[i], at);

		if (err != RV_OK)
			return err;
	}
	++*count;
	return p->finish != NULL ? p->finish(r, sec, at) : RV_OK;
}

static int take_plural(const struct reader *r, const struct plural *p)
{
	int err = RV_OK;

	for (const struct rv_conf_sec *sec = rv_conf_get(r->conf, p->section, NULL);
	     sec != NULL && err == RV_OK; sec = rv_conf_next(r->conf, sec))
		err = take_one(r, p, sec);
	return err;
}

static int take_single(const struct reader *r, const char *section, const struct field *fields,
		       size_t count, void *base)
{
	const struct rv_conf_sec *sec = rv_conf_get(r->conf, section, NULL);
	int err = RV_OK;

	for (size_t i = 0; i < count && err == RV_OK; i++)
		err = take(r, sec, &fields[i], base);
	return err;
}

static void take_arrival(const struct reader *r)
{
	const struct rv_conf_sec *sec = rv_conf_get(r->conf, "arrival", NULL);
	struct sim_arrival *arrival = &r->s->arrival;

	arrival->kind = (enum sim_arrival_kind)word_of(sec, "how");
	if (arrival->kind == SIM_ARRIVAL_POISSON)
		arrival->value = (double)rv_conf_int(sec, "rate");
	else if (arrival->kind != SIM_ARRIVAL_AT_ONCE)
		arrival->value = (double)rv_conf_int(sec, "over") / (double)RV_US_PER_SEC;
	if (arrival->kind == SIM_ARRIVAL_WAVES)
		arrival->waves = (unsigned)rv_conf_int(sec, "waves");
}

static int take_all(const struct reader *r)
{
	const struct rv_conf_sec *network = rv_conf_get(r->conf, "network", NULL);
	int err = take_single(r, "scenario", scenario_fields, RV_ARRAY_LEN(scenario_fields), r->s);

	take_arrival(r);
	r->s->has_network = line_of(network, "delay") > 0;
	if (err == RV_OK && r->s->has_network)
		err = take_single(r, "network", network_fields, RV_ARRAY_LEN(network_fields),
				  &r->s->network);
	for (size_t i = 0; i < RV_ARRAY_LEN(plurals) && err == RV_OK; i++)
		err = take_plural(r, &plurals[i]);
	return err;
}

int sim_scenario_parse(struct rv_str text, const char *name, struct sim_scenario *out,
		       struct rv_diag *diag)
{
	struct sim_scenario *scenario;
	struct rv_conf *conf = NULL;
	int err;

	if (text.len > SIM_SCENARIO_BYTES_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "sim.scenario", "",
				   "%s has %zu bytes; at most %d are allowed", name, text.len,
				   SIM_SCENARIO_BYTES_MAX);
	err = rv_conf_parse(sim_scenario_table, SIM_SECTIONS, text, name, &conf, diag);
	if (err != RV_OK)
		return err;
	scenario = calloc(1, sizeof(*scenario));
	if (scenario != NULL)
		err = take_all(&(struct reader){ conf, name, scenario, diag });
	else
		err = -ENOMEM;
	if (err == RV_OK)
		*out = *scenario;
	free(scenario);
	rv_conf_free(conf);
	return err;
}

/* -- files ---------------------------------------------------------------------------------- */

static int unknown(const char *what, struct rv_diag *diag)
{
	const struct sim_shipped *shipped;
	struct rv_buf names = { 0 };

	for (size_t i = 0; (shipped = sim_scenario_shipped(i)) != NULL; i++)
		rv_buf_printf(&names, "%s%s", i > 0 ? ", " : "", shipped->name);
	rv_diag_set(diag, RV_ENOTFOUND, "sim.scenario", "",
		    "%s: neither a file nor one of the shipped scenarios: %.*s", what,
		    RV_STR_ARG(rv_buf_str(&names)));
	rv_buf_deinit(&names);
	return RV_ENOTFOUND;
}

int sim_scenario_load(const char *what, struct sim_scenario *out, struct rv_diag *diag)
{
	struct rv_buf text = { 0 };
	int err = rv_buf_read_file(&text, what, SIM_SCENARIO_BYTES_MAX);

	if (err == RV_OK) {
		err = sim_scenario_parse(rv_buf_str(&text), what, out, diag);
		rv_buf_deinit(&text);
		return err;
	}
	rv_buf_deinit(&text);
	if (err != -ENOENT || strchr(what, '/') != NULL) {
		rv_diag_set(diag, err, "sim.scenario", "", "%s: %s", what, rv_err_name(err));
		return err;
	}
	for (size_t i = 0; sim_scenario_shipped(i) != NULL; i++) {
		const struct sim_shipped *shipped = sim_scenario_shipped(i);

		if (strcmp(shipped->name, what) == 0)
			return sim_scenario_parse(rv_str(shipped->text), what, out, diag);
	}
	return unknown(what, diag);
}

int sim_scenario_suits(const struct sim_scenario *s, enum sim_form form, struct rv_diag *diag)
{
	const struct {
		const char *section, *name;
		bool is_there;
	} virtuals[] = {
		{ "network", "", s->has_network },
		{ "partition ", s->partitions[0].name, s->partition_count > 0 },
		{ "rebind ", s->rebinds[0].name, s->rebind_count > 0 },
		{ "crash ", s->crashes[0].name, s->crash_count > 0 },
	};

	if (form == SIM_FORM_VIRTUAL)
		return RV_OK;
	for (size_t i = 0; i < RV_ARRAY_LEN(virtuals); i++) {
		if (virtuals[i].is_there)
			return rv_diag_set(diag, RV_EINVALID, "sim.scenario", virtuals[i].section,
					   "%s%s: only the virtual form can do this",
					   virtuals[i].section, virtuals[i].name);
	}
	return RV_OK;
}
