/* record.h - what a process of the simulator tells the one that started it, over a pipe.
 *
 * Records of one size, in order of time within a process. A fleet is judged from them alone.
 */
#ifndef RV_SIM_RECORD_H
#define RV_SIM_RECORD_H

#include <stdint.h>

enum sim_what {
	SIM_STARTED,  /* switched on */
	SIM_UP,       /* a pull has ended well; took_us: since it was switched on, or asked again */
	SIM_QUERIED,  /* so has its push-method-query */
	SIM_REFUSED,  /* code: result code of an answer that is no success */
	SIM_FAILED,   /* code: enum sim_failure */
	SIM_WAITS,    /* the round is over: took_us until the next one */
	SIM_ENDED,    /* the call ended otherwise; code: ARMS_E*, low 15 bits */
	SIM_CUT,      /* power cut */
	SIM_RESUMED,  /* a handshake resumed a session */
	SIM_ASKS,     /* opens a connection; phase: to whom */
	SIM_APPLIES,  /* has a config to apply, which takes took_us */
	SIM_UPGRADED, /* off, to boot another firmware; code: its index in the scenario */
	SIM_LOST,     /* the connection is struck; code: index of the scenario's loss */
	SIM_WHATS,
};

enum sim_failure {
	SIM_FAIL_CONNECT, /* no TCP connection */
	SIM_FAIL_CLOSED,  /* ended by the server before TLS was up: what admission does */
	SIM_FAIL_TLS,
	SIM_FAIL_CUT,     /* ended after TLS was up, before the answer was */
	SIM_FAIL_TIMEOUT, /* of connecting, writing, or the answer */
	SIM_FAIL_HTTP,    /* an HTTP status above 399, or an answer that cannot be read */
	SIM_FAIL_CONFIG,  /* the config is not what was registered, or the certificate unusable */
	SIM_FAIL_REFUSED, /* the firmware did not take its config: the scenario has it so */
	SIM_FAIL_LOST,    /* the network did it: the scenario has it so */
	SIM_FAIL_OTHER,
	SIM_FAILURES,
};

struct sim_record {
	int64_t at_us; /* since the start of the run */
	int64_t took_us;
	uint32_t device; /* its number */
	int16_t code;
	uint8_t what;       /* enum sim_what */
	uint8_t phase;      /* enum rv_sa_phase */
	uint8_t is_history; /* once more, at the end: the life of the slowest of that process */
	uint8_t unused[7];
};

/* The last SIM_HISTORY things that befell a device. */
enum { SIM_HISTORY = 24 };

struct sim_past {
	uint32_t at_ms;
	int16_t code;
	uint8_t what, phase;
};

#endif
