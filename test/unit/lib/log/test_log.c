#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "log/log_priv.h"

/* 2026-11-22T17:48:41.123456Z. Each test takes a second of its own, so that no rate limit of
 * another one reaches it. */
static struct rv_log_now now = { INT64_C(1795369721123456), 0 };
static char path[] = "/tmp/reeve-test-log-XXXXXX";
static int fd = -1;

static int begin(void **state)
{
	(void)state;
	now.boot_us += 10000000;
	return ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 ? 0 : -1;
}

static struct rv_buf written(void)
{
	struct rv_buf b = { 0 };

	assert_int_equal(rv_buf_read_file(&b, path, 64 * 1024 * 1024), RV_OK);
	return b;
}

static void assert_written(const char *expected)
{
	struct rv_buf b = written();

	rv_buf_putc(&b, '\0');
	assert_string_equal(b.ptr, expected);
	rv_buf_deinit(&b);
}

static size_t count(const struct rv_buf *b, const char *text)
{
	size_t n = 0;

	for (const char *at = b->ptr;
	     (at = memmem(at, b->len - (size_t)(at - b->ptr), text, strlen(text))) != NULL; at++)
		n++;
	return n;
}

#define LOG(level, event, ...)                                                                     \
	rv_log_write_at(now, level, event, (struct rv_log_kv[]){ { 0 }, ##__VA_ARGS__ },           \
			sizeof((struct rv_log_kv[]){ { 0 }, ##__VA_ARGS__ }) /                     \
				sizeof(struct rv_log_kv))

static void logfmt_quotes_what_needs_it(void **state)
{
	(void)state;
	rv_log_init("rs", RV_LOG_INFO, RV_LOG_LOGFMT, fd);
	LOG(RV_LOG_INFO, "test.value.shown", RV_KS("plain", "a-b/c:1"), RV_KI("n", -5),
	    RV_KS("empty", ""), RV_KS("blank", "a b"), RV_KS("quote", "say \"x\"=\\"),
	    RV_KV("ctl", RV_STR_LIT("\n\t\0\x7f")), RV_KS("ja", "\xe6\xa9\x9f\xe5\x99\xa8"),
	    RV_KS("csi", "\xc2\x9b\x32J"), RV_KS("bad", "a\xff z"));
	assert_written("ts=2026-11-22T17:48:41.123Z level=info duty=rs event=test.value.shown "
		       "plain=a-b/c:1 n=-5 empty=\"\" blank=\"a b\" quote=\"say \\\"x\\\"=\\\\\" "
		       "ctl=\"\\n\\x09\\x00\\x7f\" ja=\xe6\xa9\x9f\xe5\x99\xa8 "
		       "csi=\"\\xc2\\x9b2J\" bad=\"a\\xff z\"\n");
}

static void json_is_json(void **state)
{
	(void)state;
	rv_log_init(NULL, RV_LOG_INFO, RV_LOG_JSON, fd);
	LOG(RV_LOG_ERROR, "test.value.shown", RV_KS("s", "a \"b\"\n"), RV_KI("n", 5));
	assert_written("{\"ts\":\"2026-11-22T17:48:41.123Z\",\"level\":\"error\","
		       "\"event\":\"test.value.shown\",\"s\":\"a \\\"b\\\"\\n\",\"n\":5}\n");
}

static void levels_are_obeyed_and_errno_is_kept(void **state)
{
	(void)state;
	rv_log_init(NULL, RV_LOG_WARN, RV_LOG_LOGFMT, fd);
	errno = EXDEV;
	LOG(RV_LOG_INFO, "test.level.low");
	LOG(RV_LOG_DEBUG, "test.level.low");
	LOG(RV_LOG_WARN, "test.level.high");
	assert_int_equal(errno, EXDEV);
	assert_written("ts=2026-11-22T17:48:41.123Z level=warn event=test.level.high\n");
}

static void long_values_and_lines_are_cut(void **state)
{
	char text[RV_LOG_VALUE_MAX + 100];
	static const enum rv_log_format formats[] = { RV_LOG_LOGFMT, RV_LOG_JSON };
	static const char *const cut_value[] = { "xxx... ", "xxx...\"," };
	static const char *const cut_line[] = { " c=1 cut=true\n", ",\"c\":1,\"cut\":true}\n" };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 2; i++) {
		struct rv_buf b;

		begin(NULL);
		rv_log_init(NULL, RV_LOG_INFO, formats[i], fd);
		LOG(RV_LOG_INFO, "test.line.cut", RV_KS("a", text), RV_KI("c", 1), RV_KS("b", text),
		    RV_KI("d", 2));
		b = written();
		assert_true(b.len <= RV_LOG_LINE_MAX);
		assert_int_equal(count(&b, cut_value[i]), 1);
		assert_int_equal(count(&b, cut_line[i]), 1);
		rv_buf_deinit(&b);
	}
}

/* Neither inside of a character nor, when quoted, behind the closing quote. */
static void a_cut_value_is_still_well_formed(void **state)
{
	char ja[RV_LOG_VALUE_MAX + 3], blanks[RV_LOG_VALUE_MAX + 2];
	struct rv_buf b;

	(void)state;
	memset(ja, 'x', RV_LOG_VALUE_MAX - 1);
	strcpy(ja + RV_LOG_VALUE_MAX - 1, "\xe6\xa9\x9f");
	memset(blanks, ' ', RV_LOG_VALUE_MAX + 1);
	blanks[RV_LOG_VALUE_MAX + 1] = '\0';
	rv_log_init(NULL, RV_LOG_INFO, RV_LOG_LOGFMT, fd);
	LOG(RV_LOG_INFO, "test.value.cut", RV_KS("ja", ja));
	LOG(RV_LOG_INFO, "test.value.cut", RV_KS("blanks", blanks));
	b = written();
	assert_int_equal(count(&b, "xxx...\n"), 1);
	assert_int_equal(count(&b, " ja=xxx"), 1);
	assert_int_equal(count(&b, "   ...\"\n"), 1);
	rv_buf_deinit(&b);
}

static void a_burst_is_limited_and_counted(void **state)
{
	uint64_t dropped = rv_log_dropped();
	struct rv_buf b;

	(void)state;
	rv_log_init(NULL, RV_LOG_INFO, RV_LOG_LOGFMT, fd);
	for (unsigned i = 0; i < RV_LOG_BURST + 20; i++)
		LOG(RV_LOG_INFO, "test.burst.came");
	LOG(RV_LOG_INFO, "test.other.came"); /* not touched by it */
	assert_int_equal(rv_log_dropped() - dropped, 20);
	now.boot_us += 1000000;
	LOG(RV_LOG_INFO, "test.other.came");
	LOG(RV_LOG_INFO, "test.burst.came");
	b = written();
	assert_int_equal(count(&b, "event=test.burst.came"), RV_LOG_BURST + 1);
	assert_int_equal(count(&b, "event=test.other.came"), 2);
	assert_int_equal(count(&b, "event=log.lines.dropped of=test.burst.came lines=20\n"), 1);
	rv_buf_deinit(&b);
}

static void a_descriptor_that_fails_is_counted(void **state)
{
	uint64_t dropped = rv_log_dropped();

	(void)state;
	rv_log_init(NULL, RV_LOG_INFO, RV_LOG_LOGFMT, -1);
	LOG(RV_LOG_INFO, "test.write.failed");
	assert_int_equal(rv_log_dropped() - dropped, 1);
}

static void *chatter(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 1000; i++)
		rv_log(RV_LOG_INFO, "test.thread.spoke", RV_KI("i", i), RV_KS("s", "some text"));
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	pthread_t threads[4];
	uint64_t dropped = rv_log_dropped();
	struct rv_buf b;
	size_t lines;

	(void)state;
	rv_log_init(NULL, RV_LOG_INFO, RV_LOG_LOGFMT, fd);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, chatter, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	b = written();
	lines = count(&b, "event=test.thread.spoke i=");
	assert_int_equal(lines + rv_log_dropped() - dropped, 4000);
	assert_int_equal(count(&b, " s=\"some text\"\n"), lines);
	rv_buf_deinit(&b);
}

static void level_names_are_parsed(void **state)
{
	enum rv_log_level level = RV_LOG_WARN;

	(void)state;
	assert_int_equal(rv_log_level_parse(rv_str("verbose"), &level), RV_EINVALID);
	assert_int_equal(level, RV_LOG_WARN);
	assert_int_equal(rv_log_level_parse(rv_str("debug"), &level), RV_OK);
	assert_int_equal(level, RV_LOG_DEBUG);
	assert_int_equal(rv_log_level_parse(rv_str("error"), &level), RV_OK);
	assert_int_equal(level, RV_LOG_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(logfmt_quotes_what_needs_it, begin),
		cmocka_unit_test_setup(json_is_json, begin),
		cmocka_unit_test_setup(levels_are_obeyed_and_errno_is_kept, begin),
		cmocka_unit_test_setup(long_values_and_lines_are_cut, begin),
		cmocka_unit_test_setup(a_cut_value_is_still_well_formed, begin),
		cmocka_unit_test_setup(a_burst_is_limited_and_counted, begin),
		cmocka_unit_test_setup(a_descriptor_that_fails_is_counted, begin),
		cmocka_unit_test_setup(lines_of_threads_do_not_mix, begin),
		cmocka_unit_test_setup(level_names_are_parsed, begin),
	};
	int failed;

	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
