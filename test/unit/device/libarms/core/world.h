/* world.h - one device under virtual time: scripted lines and servers, everything traced.
 *
 * A host is the last number of its address: 192.0.2.1 is 1, 2001:db8::1 is "v6 1". What it
 * does stands in world.hosts; no real time passes. The trace has one fact per word:
 *
 *   @60        the clock moved to 60 s after the start of the call
 *   +3 =3 -3   line callback CONNECT, STATUS, DISCONNECT for a line of type 3
 *   1(LS)      an attempt at host 1 with that request; 6:1(RS) is host 1 over IPv6
 *   s1         the state callback saw state 1
 *   c1.3       config callback, module 1, flags 3;  r1: module 1 removed
 */
#ifndef RV_TEST_DEVICE_LIBARMS_CORE_WORLD_H
#define RV_TEST_DEVICE_LIBARMS_CORE_WORLD_H

#include "base/buf.h"
#include "device/libarms/core/sa.h"

enum { WORLD_HOSTS = 32, WORLD_SCRIPT = 40 };

enum host_kind {
	HOST_DOWN,     /* connection refused */
	HOST_HANGS,    /* connect never ends */
	HOST_DEAF,     /* takes the request's head, not its body */
	HOST_SILENT,   /* takes the request and never answers */
	HOST_CUTS,     /* answers half and closes */
	HOST_TRICKLES, /* a byte every second: never complete within 30 s */
	HOST_SLOW,     /* 29 s each to connect, take the head, take the body, answer */
	HOST_ANSWERS,
};

struct host {
	enum host_kind kind;
	const char *body;    /* XML of its answer; NULL: as `location` or success of world */
	unsigned status;     /* HTTP; 0 = 200 */
	unsigned down_first; /* attempts that are refused before it works */
};

struct world {
	struct rv_sa *sa;
	int64_t now_us;
	int64_t start_us;
	int64_t told_us; /* time last written to the trace */
	struct host hosts[WORLD_HOSTS];
	const char *location; /* answer of an LS without body of its own */
	/* Results of the line callback, in order, then CONNECTED and DISCONNECTED. */
	int lines[WORLD_SCRIPT];
	size_t line_count, line_at;
	int config_result;
	int remove_result;
	int identity_result;
	size_t split; /* bytes per piece of an answer; 0 = whole */
	struct rv_buf trace;
	struct rv_buf configs; /* what the config callback got, concatenated */
	struct rv_buf sent;    /* head and body of the last request */
	struct rv_buf log;     /* "type text\n" */
	unsigned attempts;
	bool is_quiet;                     /* no trace: long runs */
	void (*on_pause)(struct world *w); /* before a wait and after a call; may replace sa */
};

/* LS at 1, trigger anchor set, key "ls-key"; Initial-Config with `urls` and these bases. */
void world_init(struct world *w, const char *initial);
void world_deinit(struct world *w);

/* Run to the end; the code. Lines: `n` types, all dhcp-like unless a type says else. */
int world_pull(struct world *w, int64_t timeout_s, const int *types, size_t n);
int world_pull_fragment(struct world *w, size_t fragment);
int world_query(struct world *w);

/* Trace since the last call, as a string that lives until the next. */
const char *world_trace(struct world *w);
bool world_logged(struct world *w, int type);

/* XML of answers. `rs` lists hosts: "11 12 6:13". Static until the next call. */
const char *ls_answer(const char *rs, const char *lines, int retry_max, int retry_interval);
const char *coded(const char *type, int code);

extern const char RS_OK[];         /* module 1, a config, pull URLs at hosts 11 and 12 */
extern const char ONE_LINE[];      /* line-dhcp */
extern const char INITIAL_1_1_0[]; /* LS at host 1, interval 1, count 0 */

#endif
