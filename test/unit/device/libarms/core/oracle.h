/* oracle.h - what a device does, second by second, from the numbers of the specification alone.
 *
 * For test_timers.c: a plan says which servers there are and which are down in which way; the
 * oracle writes what has to happen in the words of world.h. It knows nothing of the library, not
 * even its constants. Source: spec/arms-protocol.md 1.4, 1.5, appendix B.
 */
#ifndef RV_TEST_DEVICE_LIBARMS_CORE_ORACLE_H
#define RV_TEST_DEVICE_LIBARMS_CORE_ORACLE_H

#include "world.h"

enum { LS_HOST = 1, RS_HOST = 11 };

/* Which line, which addresses. */
struct family {
	const char *name;
	int line;                   /* of the program, and of the Location-Config */
	const char *conf;           /* the latter's text */
	bool is_v6_even, is_v6_odd; /* hosts, by position in their list */
	bool carries_v4, carries_v6;
};
enum { FAMILIES_WHOLE = 3 }; /* those whose line carries all of their hosts come first */
extern const struct family families[];
extern const size_t family_count;

bool is_v6(const struct family *f, size_t i);
bool is_carried(const struct family *f, size_t i);

/* How a server is down, and what that costs. The first row is refused at once. */
struct row {
	const char *name; /* as in appendix B */
	enum host_kind kind;
	int cost_s;
	bool is_asked; /* the request has left */
	int log_type;
};
extern const struct row rows[];
extern const size_t row_count;

struct plan {
	const struct family *family;
	const struct row *row;
	size_t ls, rs;             /* how many there are */
	unsigned ls_down, rs_down; /* bit i: the i-th */
	int retry_max, interval_s; /* M and N, as the LS says */
	int64_t total_s;           /* "pull total" */
};

struct oracle { /* all-zero but for plan */
	const struct plan *plan;
	int64_t now_s, told_s;
	bool is_over; /* the time of the pull is */
	struct rv_buf words;
};

void say(struct oracle *o, const char *word);
void say_number(struct oracle *o, const char *prefix, int number);
void spend(struct oracle *o, int64_t seconds);

/* One attempt at the i-th of a list: true when it worked. */
bool attempt(struct oracle *o, size_t i, int first_host, unsigned down, const char *request);
/* A round over the one line: *at is where the list goes on. */
bool walk(struct oracle *o, size_t count, size_t *at, int first_host, unsigned down,
	  const char *request);
/* A whole pull; the code it ends with. */
int oracle_pull(struct oracle *o, int64_t ls_rounds, int64_t ls_interval_s);

#endif
