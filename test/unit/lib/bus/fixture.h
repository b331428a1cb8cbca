/* fixture.h - two proxies and one rs on one loop, as in the picture of bus.h. */
#ifndef TEST_BUS_FIXTURE_H
#define TEST_BUS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "bus/bus.h"

enum { MB5 = 5 * 1024 * 1024, HANG_S = 60 };

static const int64_t long_us = 3600 * RV_US_PER_SEC;

struct answer {
	int status;
	struct rv_str body; /* copy */
	unsigned count;
};

struct fix {
	uv_loop_t loop;
	struct rv_bus *proxy[2]; /* proxy 1 is linked by the tests that need it */
	struct rv_bus *rs;
	struct answer answer;
	struct rv_bus_call *kept; /* by serve_keep */
	unsigned served[2];       /* by instance of the serving bus (proxies) */
	unsigned ups;
	unsigned downs;
	unsigned heard;
	char last_event[64];
};

/* RV_BUS_BODY_MAX + 1 bytes. */
extern char *big;

int setup(void **state);
int teardown(void **state);
int run_group(const char *name, const struct CMUnitTest *tests,
	      size_t n); /* makes `big`; main's result */

/* Turn the loop until *count reaches want; a test that hangs is killed by the alarm. */
void run_until(struct fix *f, const unsigned *count, unsigned want);
void make_pair(int fds[2]);
void connect_buses(struct fix *f, struct rv_bus *a, struct rv_bus *b);

void on_answer(void *arg, int status, struct rv_str body); /* arg: struct answer */
void serve_echo(void *arg, struct rv_bus_call *call, struct rv_str body);
int ask(struct fix *f, const char *method,
	struct rv_str body); /* proxy 0 asks rs, into f->answer */
void expect_answer(struct fix *f, int status, struct rv_str body);

#endif
