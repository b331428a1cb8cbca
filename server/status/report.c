#include "server/status/report.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "server/status/sample.h"

enum {
	LISTENERS_MAX = 16,
	ADDRESS_MAX = 63,
	NAME_MAX_BYTES = 63,
	DRIVER_MAX = 32,
};

#define DAY_US (24 * 3600 * RV_US_PER_SEC)

/* -- keeping what duties say ---------------------------------------------------------------- */

static void *take_array(struct rv_report *report, size_t n, size_t size)
{
	void *p = rv_arena_array(report->arena, n, size);

	report->is_full |= p == NULL;
	return p;
}

/* A copy of what is left of s: so many bytes at most, and only ASCII if it is no UTF-8. */
static struct rv_str keep(struct rv_report *report, struct rv_str s, size_t max)
{
	bool is_utf8 = rv_str_is_utf8(s, NULL);
	struct rv_str copy;

	if (s.len > max) {
		s.len = max;
		while (is_utf8 && s.len > 0 && ((unsigned char)s.ptr[s.len] & 0xc0) == 0x80)
			s.len--;
	}
	copy = rv_arena_str(report->arena, s);
	report->is_full |= copy.ptr == NULL;
	for (size_t i = 0; copy.ptr != NULL && i < copy.len; i++) {
		char *c = (char *)copy.ptr + i;

		if (*c == '\0' || (!is_utf8 && (unsigned char)*c >= 0x80))
			*c = '?';
	}
	return copy;
}

static uint64_t whole(const struct rv_sample *sample)
{
	double v = rv_sample_number(sample);

	return v >= 0 && v < 9e18 ? (uint64_t)v : 0; /* not for NaN either */
}

/* -- processes ------------------------------------------------------------------------------ */

static const enum rv_process_state states[] = {
	[RV_DUTY_STARTING] = RV_PROCESS_STATE_STARTING,
	[RV_DUTY_READY] = RV_PROCESS_STATE_READY,
	[RV_DUTY_WAITING] = RV_PROCESS_STATE_WAITING,
	[RV_DUTY_STOPPING] = RV_PROCESS_STATE_STOPPING,
};

static struct rv_process_info process_of(struct rv_report *report, const struct rv_duty_info *info)
{
	char name[RV_BUS_NAME_MAX + 16];

	snprintf(name, sizeof(name), "%s.%u", info->name, info->instance);
	return (struct rv_process_info){
		.process = keep(report, rv_str(name), sizeof(name)),
		.state = states[info->run],
		.pid = (uint32_t)info->pid,
		.has_pid = info->pid > 0,
		.restarts = info->restarts,
		.since = info->started_us,
		.has_since = info->started_us > 0 && info->run != RV_DUTY_WAITING,
		.note = keep(report, rv_str(info->note), RV_DUTY_NOTE_MAX - 1),
		.listeners = take_array(report, LISTENERS_MAX, sizeof(struct rv_str)),
	};
}

void rv_report_init(struct rv_report *report, struct rv_arena *arena, int64_t now_us,
		    const struct rv_duty_info *list, size_t n)
{
	*report = (struct rv_report){ .arena = arena, .now_us = now_us, .list = list };
	assert(n <= RV_DUTY_ROSTER_MAX);
	report->processes = take_array(report, n + 1, sizeof(*report->processes));
	report->edges = take_array(report, RV_REPORT_EDGES_MAX, sizeof(*report->edges));
	report->stores = take_array(report, RV_REPORT_STORES_MAX, sizeof(*report->stores));
	report->certificates = take_array(report, RV_REPORT_CERTIFICATES_MAX,
					  sizeof(*report->certificates));
	report->notices = take_array(report, RV_REPORT_NOTICES_MAX, sizeof(*report->notices));
	if (report->is_full)
		return;
	for (size_t i = 0; i < n; i++)
		report->processes[i] = process_of(report, &list[i]);
	report->out = (struct rv_system_status_out){
		.version = RV_STR_LIT(RV_VERSION),
		.notices = report->notices,
		.processes = report->processes,
		.processes_len = n,
		.edges = report->edges,
		.stores = report->stores,
		.own_certificates = report->certificates,
	};
}

void rv_report_health(struct rv_report *report, size_t i, int status, struct rv_str reason)
{
	struct rv_process_info *process;

	if (report->is_full)
		return;
	assert(i < report->out.processes_len);
	process = &report->processes[i];
	if (process->state != RV_PROCESS_STATE_READY || (status == RV_OK && reason.len == 0))
		return;
	process->state = status == RV_OK ? RV_PROCESS_STATE_NOT_READY : RV_PROCESS_STATE_SILENT;
	process->reason = status == RV_OK ? keep(report, reason, RV_DUTY_REASON_MAX)
					  : rv_str(rv_err_name(status));
}

/* -- metrics -------------------------------------------------------------------------------- */

/* Where a sample comes from. */
struct source {
	struct rv_report *report;
	const char *duty;
	struct rv_process_info *process;
};

static struct rv_edge_state *edge_of(struct rv_report *report, const char *duty)
{
	size_t *n = &report->out.edges_len;

	for (size_t i = 0; i < *n; i++)
		if (rv_str_is(report->edges[i].name, duty))
			return &report->edges[i];
	if (*n == RV_REPORT_EDGES_MAX)
		return NULL;
	report->edges[*n].name = keep(report, rv_str(duty), NAME_MAX_BYTES);
	return &report->edges[(*n)++];
}

static struct rv_store_state *store_of(struct rv_report *report, const char *duty)
{
	size_t *n = &report->out.stores_len;

	for (size_t i = 0; i < *n; i++)
		if (rv_str_is(report->stores[i].name, duty))
			return &report->stores[i];
	if (*n == RV_REPORT_STORES_MAX)
		return NULL;
	report->stores[*n].name = keep(report, rv_str(duty), NAME_MAX_BYTES);
	return &report->stores[(*n)++];
}

static void take_start(const struct source *from, const struct rv_sample *sample)
{
	struct rv_system_status_out *out = &from->report->out;
	double seconds = rv_sample_number(sample);

	out->has_started_at = seconds > 0 && seconds < 1e12; /* not NaN either */
	if (out->has_started_at)
		out->started_at = (int64_t)(seconds * 1e6);
}

static void take_listener(const struct source *from, const struct rv_sample *sample)
{
	struct rv_process_info *process = from->process;
	struct rv_str address = rv_sample_label(sample, "address");

	if (address.len > 0 && process->listeners_len < LISTENERS_MAX)
		process->listeners[process->listeners_len++] = keep(from->report, address,
								    ADDRESS_MAX);
}

static void take_sandbox(const struct source *from, const struct rv_sample *sample)
{
	from->process->is_confined = whole(sample) != 0;
	from->process->has_is_confined = true;
}

static void take_devices(const struct source *from, const struct rv_sample *sample)
{
	from->report->out.devices = whole(sample);
	from->report->out.has_devices = true;
}

static void take_waiting(const struct source *from, const struct rv_sample *sample)
{
	from->report->out.waiting_devices = whole(sample);
	from->report->out.has_waiting_devices = true;
}

static void take_incidents(const struct source *from, const struct rv_sample *sample)
{
	from->report->out.open_incidents = whole(sample);
	from->report->out.has_open_incidents = true;
}

/* Workers share the port and meet the same devices again and again: a sum would count them twice.
 */
static void take_legacy_addresses(const struct source *from, const struct rv_sample *sample)
{
	uint64_t n = whole(sample);

	if (n > from->report->out.legacy_devices)
		from->report->out.legacy_devices = n;
}

/* All workers of a duty present the same one; the first to end is shown. */
static void take_certificate(const struct source *from, const struct rv_sample *sample)
{
	struct rv_report *report = from->report;
	struct rv_str name = rv_sample_label(sample, "name");
	double seconds = rv_sample_number(sample);
	size_t *n = &report->out.own_certificates_len;
	int64_t at_us;
	size_t i = 0;

	if (name.len == 0 || name.len > NAME_MAX_BYTES || !(seconds > -1e10 && seconds < 1e10))
		return;
	at_us = report->now_us + (int64_t)(seconds * 1e6);
	while (i < *n && !rv_str_eq(report->certificates[i].name, name))
		i++;
	if (i == *n && i < RV_REPORT_CERTIFICATES_MAX)
		report->certificates[(*n)++] = (struct rv_own_certificate){
			.name = keep(report, name, NAME_MAX_BYTES), .expires_at = at_us
		};
	else if (i < *n && at_us < report->certificates[i].expires_at)
		report->certificates[i].expires_at = at_us;
}

static void take_driver(const struct source *from, const struct rv_sample *sample)
{
	struct rv_store_state *store = store_of(from->report, from->duty);

	if (store != NULL)
		store->driver = keep(from->report, rv_sample_label(sample, "driver"), DRIVER_MAX);
}

static void take_away(const struct source *from, const struct rv_sample *sample)
{
	struct rv_store_state *store = store_of(from->report, from->duty);

	if (store != NULL)
		store->is_away = whole(sample) != 0;
}

/* Metrics by their whole name. `duty`: from this one alone; NULL: from any. */
static const struct {
	const char *name, *duty;
	void (*take)(const struct source *from, const struct rv_sample *sample);
} named[] = {
	{ "reeve_supervisor_start_time_seconds", "status", take_start },
	{ "reeve_listener", NULL, take_listener },
	{ "reeve_sandbox_on", NULL, take_sandbox },
	{ "reeve_rs_devices", "rs", take_devices },
	{ "reeve_rs_waiting_devices", "rs", take_waiting },
	{ "reeve_rs_incidents", "rs", take_incidents },
	{ "reeve_tls_legacy_refused_addresses", NULL, take_legacy_addresses },
	{ "reeve_certificate_expires_seconds", NULL, take_certificate },
	{ "reeve_rs_db_driver", "rs", take_driver },
	{ "reeve_ls_db_driver", "lsstore", take_driver },
	{ "reeve_rs_db_away", "rs", take_away },
	{ "reeve_ls_db_away", "lsstore", take_away },
};

/* Figures "reeve_<component>_<suffix>" that are summed up: of an edge, or of a store. */
static const struct {
	const char *suffix;
	bool is_store;
	size_t offset;
} summed[] = {
	{ "connections_open", false, offsetof(struct rv_edge_state, connections) },
	{ "connections", false, offsetof(struct rv_edge_state, connections) },
	{ "connections_refused_total", false, offsetof(struct rv_edge_state, connections_refused) },
	{ "connections_refused_source_total", false,
	  offsetof(struct rv_edge_state, connections_refused) },
	{ "tls_handshakes_refused_total", false,
	  offsetof(struct rv_edge_state, handshakes_refused) },
	{ "tls_handshake_failures_total", false,
	  offsetof(struct rv_edge_state, handshakes_failed) },
	{ "handshake_failures_total", false, offsetof(struct rv_edge_state, handshakes_failed) },
	{ "legacy_refused_total", false, offsetof(struct rv_edge_state, legacy_refused) },
	{ "db_queued", true, offsetof(struct rv_store_state, queued) },
	{ "db_away_now_seconds", true, offsetof(struct rv_store_state, away_seconds) },
};

static void add_up(const struct source *from, size_t row, const struct rv_sample *sample)
{
	struct rv_report *report = from->report;
	char *at = summed[row].is_store ? (char *)store_of(report, from->duty)
					: (char *)edge_of(report, from->duty);
	uint64_t sum;

	if (at == NULL)
		return;
	memcpy(&sum, at + summed[row].offset, sizeof(sum));
	sum += whole(sample);
	memcpy(at + summed[row].offset, &sum, sizeof(sum));
}

static void take_sample(const struct source *from, const struct rv_sample *sample)
{
	static const char prefix[] = "reeve_";
	struct rv_str rest = rv_str_sub(sample->name, sizeof(prefix) - 1, sample->name.len);

	for (size_t i = 0; i < RV_ARRAY_LEN(named); i++)
		if (rv_str_is(sample->name, named[i].name) &&
		    (named[i].duty == NULL || strcmp(named[i].duty, from->duty) == 0))
			named[i].take(from, sample);
	if (!rv_str_starts(sample->name, prefix))
		return;
	rest = rv_str_sub(rest, rv_str_find(rest, '_') + 1, rest.len);
	for (size_t i = 0; i < RV_ARRAY_LEN(summed); i++)
		if (rv_str_is(rest, summed[i].suffix))
			add_up(from, i, sample);
}

void rv_report_metrics(struct rv_report *report, size_t i, struct rv_str text)
{
	struct source from = { .report = report };

	if (report->is_full)
		return;
	assert(i < report->out.processes_len);
	from.duty = report->list[i].name;
	from.process = &report->processes[i];
	while (text.len > 0 && !report->is_full) {
		size_t n = rv_str_find(text, '\n');
		struct rv_str line = rv_str_sub(text, 0, n);
		struct rv_sample sample;

		text = rv_str_sub(text, n + 1, text.len);
		if (rv_sample_parse(line, true, &sample) == RV_OK)
			take_sample(&from, &sample);
	}
}

/* -- notices -------------------------------------------------------------------------------- */

static void add_parameter(struct rv_report *report, struct rv_notice *notice, const char *name,
			  struct rv_str value)
{
	struct rv_incident_parameter *list = notice->parameters;

	if (list == NULL)
		list = notice->parameters = take_array(report, 2, sizeof(*list));
	if (list != NULL)
		list[notice->parameters_len++] = (struct rv_incident_parameter){
			.name = rv_str(name), .value = value
		};
}

/* NULL: there is no room for more. */
static struct rv_notice *add(struct rv_report *report, enum rv_notice_kind kind,
			     struct rv_str subject)
{
	struct rv_notice *notice;

	if (report->out.notices_len == RV_REPORT_NOTICES_MAX)
		return NULL;
	notice = &report->notices[report->out.notices_len++];
	*notice = (struct rv_notice){ .kind = kind, .subject = subject };
	return notice;
}

static void add_value(struct rv_report *report, struct rv_notice *notice, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (notice != NULL)
		add_parameter(report, notice, "value", keep(report, rv_str(text), sizeof(text)));
}

static void add_detail(struct rv_report *report, struct rv_notice *notice, struct rv_str detail)
{
	if (notice != NULL)
		add_parameter(report, notice, "detail", detail);
}

static void judge_state(struct rv_report *report, const struct rv_process_info *process)
{
	struct rv_notice *notice;

	switch (process->state) {
	case RV_PROCESS_STATE_READY:
		return;
	case RV_PROCESS_STATE_STARTING:
		add(report, RV_NOTICE_KIND_STARTING, process->process);
		break;
	case RV_PROCESS_STATE_STOPPING:
		add(report, RV_NOTICE_KIND_STOPPING, process->process);
		break;
	case RV_PROCESS_STATE_NOT_READY:
		notice = add(report, RV_NOTICE_KIND_NOT_READY, process->process);
		add_detail(report, notice, process->reason);
		break;
	case RV_PROCESS_STATE_SILENT:
		notice = add(report, RV_NOTICE_KIND_SILENT, process->process);
		add_detail(report, notice, process->reason);
		break;
	case RV_PROCESS_STATE_WAITING:
		notice = add(report, RV_NOTICE_KIND_WAITING, process->process);
		add_detail(report, notice, process->note);
		add_value(report, notice, process->restarts);
		break;
	}
	report->out.is_ready = false;
}

static void judge_settings(struct rv_report *report, size_t i)
{
	const struct rv_process_info *process = &report->processes[i];
	size_t skip = sizeof(RV_DUTY_RESTART_NOTE) - 1;

	if (report->list[i].run == RV_DUTY_READY &&
	    rv_str_starts(process->note, RV_DUTY_RESTART_NOTE))
		add_detail(report, add(report, RV_NOTICE_KIND_NEEDS_RESTART, process->process),
			   rv_str_sub(process->note, skip, process->note.len));
	if (process->has_is_confined && !process->is_confined)
		add(report, RV_NOTICE_KIND_UNCONFINED, process->process);
}

static void judge_certificate(struct rv_report *report, const struct rv_own_certificate *c)
{
	int64_t left_us = c->expires_at - report->now_us;

	if (left_us <= 0)
		add(report, RV_NOTICE_KIND_CERTIFICATE_ENDED, c->name);
	else if (left_us <= RV_REPORT_EXPIRY_DAYS * DAY_US)
		add_value(report, add(report, RV_NOTICE_KIND_CERTIFICATE_ENDS, c->name),
			  (uint64_t)(left_us / DAY_US));
}

int rv_report_finish(struct rv_report *report, const struct rv_system_status_out **out)
{
	struct rv_system_status_out *o = &report->out;

	if (report->is_full)
		return -ENOMEM;
	o->is_ready = o->processes_len > 0;
	for (size_t i = 0; i < o->processes_len; i++)
		judge_state(report, &report->processes[i]);
	for (size_t i = 0; i < o->stores_len; i++)
		if (report->stores[i].is_away)
			add_value(report,
				  add(report, RV_NOTICE_KIND_STORE_AWAY, report->stores[i].name),
				  report->stores[i].away_seconds);
	for (size_t i = 0; i < o->own_certificates_len; i++)
		judge_certificate(report, &report->certificates[i]);
	if (o->legacy_devices > 0)
		add_value(report, add(report, RV_NOTICE_KIND_NEEDS_LEGACY, rv_str(NULL)),
			  o->legacy_devices);
	for (size_t i = 0; i < o->processes_len; i++)
		judge_settings(report, i);
	if (report->is_full)
		return -ENOMEM;
	*out = o;
	return RV_OK;
}
