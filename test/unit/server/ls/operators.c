#include "operators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void open_store(struct fixture *f)
{
	const struct ls_store_opt opt = { .state_dir = f->dir,
					  .url = pg_is_asked_for() ? f->url : NULL,
					  .operators = f->operators,
					  .operator_count = f->operator_count };

	assert_int_equal(ls_store_open(&opt, &f->ls, NULL), RV_OK);
}

int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/reeve-ls-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	strcpy(f->operators[A].name, "a");
	strcpy(f->operators[B].name, "b");
	strcpy(f->operators[C].name, "c");
	f->operator_count = OPERATORS;
	if (pg_is_asked_for())
		pg_fresh(f->url);
	open_store(f);
	*state = f;
	return 0;
}

int teardown(void **state)
{
	struct fixture *f = *state;
	char command[96];

	ls_store_close(&f->ls);
	if (f->url[0] != '\0')
		pg_backend.drop(f->url);
	rv_arena_wipe(&f->arena);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	free(f);
	return system(command);
}

/* -- steps ------------------------------------------------------------------------------------ */

struct step {
	struct fixture *f;
	int op;
	struct rv_rs_feed_out page;
};

static int work_page(struct rv_db_tx *tx, void *arg)
{
	struct step *s = arg;

	return ls_apply_page(&s->f->ls, tx, &s->f->operators[s->op], &s->page,
			     &s->f->cursors[s->op], ++s->f->now_us);
}

static const uint8_t mac_keys[OPERATORS][RV_SECRET_MAC_KEY_LEN] = { { 1 }, { 2 }, { 3 } };

void feed(struct fixture *f, int op, struct rv_feed_record *records, size_t n, const char *epoch)
{
	struct step s = { .f = f,
			  .op = op,
			  .page = { .records = records,
				    .records_len = n,
				    .cursor = f->cursors[op].after + n,
				    .epoch = rv_str(epoch),
				    .mac_key = rv_strn(mac_keys[op], RV_SECRET_MAC_KEY_LEN) } };

	assert_int_equal(rv_db_run(f->ls.db, work_page, &s), RV_OK);
}

struct rv_feed_record device(int op, const char *distid, uint8_t mac[RV_SECRET_MAC_LEN])
{
	rv_secret_mac_by(mac_keys[op], rv_str(distid), S("k"), mac);
	return (struct rv_feed_record){ .kind = RV_FEED_RECORD_KIND_DEVICE,
					.has_device = true,
					.device = { .distid = rv_str(distid),
						    .is_enabled = true,
						    .ls_key_mac = rv_strn(mac, RV_SECRET_MAC_LEN),
						    .rs_key = op == A ? S("of-a") : S("of-b"),
						    .location = S("default") } };
}

struct rv_rs_entry entry = { S("https://192.0.2.1/"), S("line-dhcp {\n};\n") };

struct rv_feed_record location(uint32_t version)
{
	return (struct rv_feed_record){ .kind = RV_FEED_RECORD_KIND_LOCATION,
					.has_location = true,
					.location = { .name = S("default"),
						      .rs_retry_interval = 60,
						      .entries = &entry,
						      .entries_len = 1,
						      .version = version,
						      .anchor = S("aa") } };
}

void has(struct fixture *f, int op, const char *distid)
{
	uint8_t mac[RV_SECRET_MAC_LEN];
	struct rv_feed_record records[] = { location(1), device(op, distid, mac) };

	feed(f, op, records, 2, "e");
}

void drops(struct fixture *f, int op, const char *distid)
{
	struct rv_feed_record record = { .kind = RV_FEED_RECORD_KIND_DEVICE,
					 .is_deleted = true,
					 .has_device = true,
					 .device.distid = rv_str(distid) };

	feed(f, op, &record, 1, "e");
}

static int work_solicit(struct rv_db_tx *tx, void *arg)
{
	struct asking *a = arg;

	return ls_solicit(&a->f->ls, tx, &a->f->arena, 99, &a->in, &a->out, &a->outcome);
}

struct asking solicit(struct fixture *f, const char *distid)
{
	struct asking a = {
		.f = f,
		.in = { .distid = rv_str(distid), .key = S("k"), .message_distid = rv_str(distid) }
	};

	assert_int_equal(rv_db_run(f->ls.db, work_solicit, &a), RV_OK);
	return a;
}

const char *holder(struct fixture *f, const char *distid)
{
	struct asking a = solicit(f, distid);

	return a.outcome.holder != NULL ? a.outcome.holder->name : "";
}

struct reporting {
	struct fixture *f;
	int op;
	struct ls_report report;
	bool is_told;
};

static int work_report(struct rv_db_tx *tx, void *arg)
{
	struct reporting *r = arg;
	int err = ls_report_make(tx, &r->f->arena, &r->f->operators[r->op], 1000, &r->report);

	return err == RV_OK && r->is_told ? ls_report_told(tx, &r->f->operators[r->op], &r->report)
					  : err;
}

struct rv_rs_report_in report(struct fixture *f, int op, bool is_told)
{
	struct reporting r = { .f = f, .op = op, .is_told = is_told };

	assert_int_equal(rv_db_run(f->ls.db, work_report, &r), RV_OK);
	return r.report.message;
}

struct giving {
	struct fixture *f;
	struct rv_ls_given given;
	int64_t at_us;
};

static int work_given(struct rv_db_tx *tx, void *arg)
{
	struct giving *g = arg;

	return ls_given_put(tx, &g->f->operators[A], &g->given, g->at_us);
}

void gives(struct fixture *f, const struct rv_ls_given *given, int64_t at_us)
{
	struct giving g = { .f = f, .given = *given, .at_us = at_us };

	assert_int_equal(rv_db_run(f->ls.db, work_given, &g), RV_OK);
}
