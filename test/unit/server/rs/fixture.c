#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "log/log.h"
#include "../../lib/db/pg_backend.h"
#include "pki/init.h"

static void make_pki(const char *dir)
{
	struct rv_pki_init_result result;
	struct rv_diag diag = { 0 };
	char path[96];

	snprintf(path, sizeof(path), "%s/pki", dir);
	struct rv_pki_init opt = { .dir = path, .now_us = rv_time_utc_us() };
	if (rv_pki_init_dir(&opt, &result, &diag) != RV_OK)
		fail_msg("pki: %s", diag.text);
}

bool fixture_is_postgresql(void)
{
	return pg_is_asked_for();
}

/* The text with the store's URL in its rs section. */
static void name_store(const struct fixture *f, const char *text, struct rv_buf *out)
{
	struct rv_str all = rv_str(text);
	size_t at = rv_str_find(all, '{');

	if (f->url[0] != '\0' && strncmp(text, "rs", 2) == 0 && at < all.len) {
		rv_buf_put(out, text, at + 1);
		rv_buf_printf(out, "\n\tstore = \"%s\"\n", f->url);
		text += at + 1;
	}
	rv_buf_puts(out, text);
}

int fixture_try(struct fixture *f, const char *text)
{
	struct rv_rs_opt opt = { .state_dir = f->dir };
	struct rv_buf whole = { 0 };

	rv_conf_free(f->conf);
	f->conf = NULL;
	f->diag = (struct rv_diag){ 0 };
	name_store(f, text, &whole);
	int err = rv_conf_parse(rv_rs_sections, rv_rs_section_count, rv_buf_str(&whole),
				"test.conf", &f->conf, &f->diag);
	rv_buf_deinit(&whole);
	if (err == RV_OK)
		err = rv_conf_files_read(f->conf, rv_rs_duty_spec.files, f->dir, &f->diag);
	if (err != RV_OK)
		return err;
	opt.conf = f->conf;
	return rv_rs_open(&opt, &f->rs, &f->diag);
}

void fixture_close(struct fixture *f)
{
	rv_rs_close(f->rs);
	f->rs = NULL;
}

static void store_path(const struct fixture *f, const char *name, char out[static 96])
{
	snprintf(out, 96, "%s/%s", f->dir, name);
}

void fixture_lose_store(struct fixture *f)
{
	char path[96];

	store_path(f, "rs.db", path);
	if (f->url[0] == '\0') {
		assert_int_equal(unlink(path), 0);
	} else {
		pg_backend.drop(f->url);
		pg_fresh(f->url);
	}
}

static void copy_file(const struct fixture *f, const char *from, const char *to)
{
	struct rv_buf bytes = { 0 };
	char path[96];
	FILE *file;

	store_path(f, from, path);
	assert_int_equal(rv_buf_read_file(&bytes, path, 1 << 24), RV_OK);
	store_path(f, to, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
	rv_buf_deinit(&bytes);
}

void fixture_save_store(struct fixture *f)
{
	if (f->url[0] == '\0')
		copy_file(f, "rs.db", "copy.db");
	else
		pg_copy(f->url, f->saved);
}

void fixture_restore_store(struct fixture *f)
{
	if (f->url[0] == '\0') {
		copy_file(f, "copy.db", "rs.db");
	} else {
		pg_backend.drop(f->url);
		strcpy(f->url, f->saved);
		f->saved[0] = '\0';
	}
}

bool fixture_store_holds(struct fixture *f, const void *bytes, size_t len)
{
	struct rv_buf all = { 0 };
	char path[96];
	bool is_there;

	store_path(f, "rs.db", path);
	assert_int_equal(rv_buf_read_file(&all, path, 1 << 24), RV_OK);
	is_there = memmem(all.ptr, all.len, bytes, len) != NULL;
	rv_buf_deinit(&all);
	return is_there;
}

void fixture_reopen(struct fixture *f, const char *text)
{
	fixture_close(f);
	if (fixture_try(f, text != NULL ? text : "rs { }\n") != RV_OK)
		fail_msg("open: %s", f->diag.text);
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	strcpy(f->dir, "/tmp/reeve-rs-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	make_pki(f->dir);
	if (fixture_is_postgresql())
		pg_fresh(f->url);
	fixture_reopen(f, NULL);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	rv_rs_close(f->rs);
	rv_conf_free(f->conf);
	rv_arena_wipe(&f->arena);
	if (f->url[0] != '\0')
		pg_backend.drop(f->url);
	nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

const char *fixture_file(struct fixture *f, const char *name)
{
	struct rv_buf text = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	assert_int_equal(rv_buf_read_file(&text, path, 1 << 20), RV_OK);
	const char *copy = rv_arena_copy(&f->arena, text.ptr, text.len);
	rv_buf_deinit(&text);
	return copy;
}

/* -- operations ----------------------------------------------------------------------------- */

static int run(struct fixture *f, struct rv_rs_request *request, const char *op, const void *in,
	       void *out)
{
	const struct rv_contract_op *desc = rv_contract_op_find(rv_str(op));
	struct rv_buf body = { 0 }, reply = { 0 };

	assert_non_null(desc);
	rv_contract_encode(desc->in, in, &body);
	request->op = rv_str(op);
	request->body = rv_buf_str(&body);
	f->diag = (struct rv_diag){ 0 };
	int err = rv_rs_op_run(f->rs, request, &reply, &f->diag);
	if (err == RV_OK) {
		struct rv_str copy = rv_arena_str(&f->arena, rv_buf_str(&reply));
		memset(out, 0, desc->out->size);
		assert_int_equal(rv_contract_decode(desc->out, copy, &f->arena, out), RV_OK);
	} else {
		assert_non_null(f->diag.key); /* every refusal says why */
		assert_int_not_equal(f->diag.text[0], '\0');
	}
	rv_buf_deinit(&body);
	rv_buf_deinit(&reply);
	return err;
}

int run_op(struct fixture *f, const char *op, const void *in, void *out)
{
	struct rv_rs_request request = { .is_trusted = true };

	return run(f, &request, op, in, out);
}

int run_op_as(struct fixture *f, const char *op, struct rv_str token_sha256, const void *in,
	      void *out)
{
	struct rv_rs_request request = { .token_sha256 = token_sha256 };

	return run(f, &request, op, in, out);
}

struct tx_job {
	struct fixture *f;
	int (*fn)(struct rs_ctx *ctx, void *arg);
	void *arg;
};

static int tx_work(struct rv_db_tx *tx, void *arg)
{
	struct tx_job *job = arg;
	struct rs_ctx ctx = {
		.rs = job->f->rs, .tx = tx, .arena = &job->f->arena, .now_us = rv_time_utc_us()
	};

	return job->fn(&ctx, job->arg);
}

int run_tx(struct fixture *f, int (*fn)(struct rs_ctx *ctx, void *arg), void *arg)
{
	struct tx_job job = { f, fn, arg };

	return rv_db_run(f->rs->db, tx_work, &job);
}

struct contact {
	const void *in;
	void *out;
	struct rs_pull_extra *extra;
};

static int do_pull(struct rs_ctx *ctx, void *arg)
{
	struct contact *c = arg;

	return rs_contact_pull(ctx, c->in, c->out, c->extra);
}

int run_pull(struct fixture *f, const struct rv_rs_pull_in *in, struct rv_rs_pull_out *out,
	     struct rs_pull_extra *extra)
{
	struct rs_pull_extra ignored;
	struct contact c = { in, out, extra != NULL ? extra : &ignored };

	return run_tx(f, do_pull, &c);
}

static int do_query(struct rs_ctx *ctx, void *arg)
{
	struct contact *c = arg;

	return rs_contact_query(ctx, c->in, c->out);
}

int run_query(struct fixture *f, const struct rv_rs_method_query_in *in,
	      struct rv_rs_method_query_out *out)
{
	return run_tx(f, do_query, &(struct contact){ in, out, NULL });
}

static int do_note(struct rs_ctx *ctx, void *arg)
{
	return rs_contact_note(ctx, arg);
}

int run_note(struct fixture *f, const struct rv_rs_waiting_note_in *in)
{
	struct rv_rs_waiting_note_in copy = *in;

	return run_tx(f, do_note, &copy);
}

static int do_feed(struct rs_ctx *ctx, void *arg)
{
	struct contact *c = arg;

	return rs_feed(ctx, c->in, c->out);
}

int run_feed(struct fixture *f, uint64_t after, uint32_t limit, struct rv_rs_feed_out *out)
{
	struct rv_rs_feed_in in = { .after = after, .limit = limit };

	return run_tx(f, do_feed, &(struct contact){ &in, out, NULL });
}

/* -- common steps --------------------------------------------------------------------------- */

struct rv_device make_device(struct fixture *f, const char *distid)
{
	struct rv_device_create_in in = { .distid = rv_str(distid),
					  .ls_key = S("ls-key"),
					  .rs_key = S("rs-key"),
					  .has_rs_key = true };
	struct rv_device_create_out out;

	if (run_op(f, "device.create", &in, &out) != RV_OK)
		fail_msg("%s", f->diag.text);
	return out.device;
}

struct rv_config_version give_text(struct fixture *f, const char *distid, enum rv_config_kind kind,
				   const char *text)
{
	struct rv_module module = { .id = 1, .has_config = true, .body = rv_str(text) };
	struct rv_config_set_in in = {
		.distid = rv_str(distid), .kind = kind, .modules = &module, .modules_len = 1
	};
	struct rv_config_set_out out;

	if (run_op(f, "config.set", &in, &out) != RV_OK)
		fail_msg("%s", f->diag.text);
	return out.version;
}

struct rv_rs_pull_in pull_of(const char *distid, const char *key)
{
	return (struct rv_rs_pull_in){ .distid = rv_str(distid),
				       .key = rv_str(key),
				       .message_distid = rv_str(distid),
				       .description = S("EdgeBox"),
				       .trigger = S("power on boot"),
				       .firmware = S("2.4"),
				       .protocol_version = S("4.0"),
				       .address = S("192.0.2.7:4011") };
}

size_t count_waiting(struct fixture *f, struct rv_waiting_device *first)
{
	struct rv_device_waiting_in in = { .limit = 1000, .has_limit = true };
	struct rv_device_waiting_out out;

	assert_int_equal(run_op(f, "device.waiting", &in, &out), RV_OK);
	if (first != NULL && out.devices_len > 0)
		*first = out.devices[0];
	return out.devices_len;
}
