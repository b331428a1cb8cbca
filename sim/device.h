/* device.h - one simulated device: the real core, and what it needs of a machine.
 *
 *   off --switch_on--> pulling --> up --(repeat)--> pulling
 *                        |  ^                          |
 *                        +--+ a call that ended badly is made again, as programs do
 *   any of them --cut--> off
 *
 * A device has a core and a connection only while an exchange runs. At rest (off, up, or waiting
 * for the next round) it is this struct, a timer in it, and one block of memory: its folded core,
 * or what survived the power cut; some 2 KiB in all. What happens to it goes to the host as
 * records. All on one loop.
 */
#ifndef RV_SIM_DEVICE_H
#define RV_SIM_DEVICE_H

#include <uv.h>

#include "base/wheel.h"
#include "device/libarms/core/sa.h"
#include "sim/conn.h"
#include "sim/persona.h"
#include "sim/plan.h"
#include "sim/pool.h"
#include "sim/record.h"
#include "sim/trust.h"

enum {
	SIM_IDENTITY_EVERY = 32, /* devices of which one tries the certificate that it is given */
	SIM_AGAIN_S = 60, /* from a call that ended badly to the next: what arms_event_loop waits */
};

struct sim_device;

/* What all devices of a process share; set once, before the first device. */
struct sim_host {
	uv_loop_t *loop;
	struct rv_wheel *wheel;
	struct rv_str initial;   /* Initial-Config */
	struct rv_str ls_anchor; /* PEM */
	uint64_t seed;
	unsigned sources;
	bool does_query, does_resume;
	enum sim_tls tls; /* SIM_TLS_ANY: what the firmware can */
	const struct sim_scenario *scenario;
	int64_t start_us;  /* of the run */
	int64_t repeat_us; /* 0: stay up */
	/* record: at_us is filled in here from a steady clock. */
	void (*tell)(void *arg, const struct sim_device *device, struct sim_record *record);
	void *arg;
	struct sim_trust trust;
	struct sim_pool pool; /* of what devices keep while they rest */
	struct rv_buf scratch;
	char state[RV_SA_STATE_SIZE];
	char buf[RV_TLS_RECORD_MAX];
};

struct sim_device {
	struct sim_host *host;
	uint32_t number;
	struct rv_sa *sa; /* NULL: at rest */
	char *folded;     /* at rest; on: the core, off: the state cache, without its zeros */
	uint32_t folded_len;
	struct sim_conn *conn;
	struct rv_buf sessions[2]; /* with the LS, with the RS; lost with the power */
	int64_t open_us;           /* deadline of the OPEN that conn is for */
	struct rv_timer timer;
	int64_t asked_us;       /* when it was switched on, or last asked to pull again */
	int64_t slowest_us;     /* longest time to come up */
	int64_t again_us;       /* idle: when to pull again, INT64_MAX: never */
	int64_t waits_until_us; /* of the last wait that was told */
	enum rv_sa_phase phase; /* of the last attempt */
	int64_t busy_until_us;  /* applying its config; 0: it is not */
	uint32_t opens, pulls;  /* so far */
	uint8_t firmware;       /* index, SIM_FIRMWARE_NONE */
	int8_t loss;            /* index of the one for this connection; -1: none */
	bool is_on, is_tls_up, is_querying, is_up;
	bool is_idle;   /* no call is running */
	bool is_told;   /* the failure of this attempt is recorded already */
	bool is_struck; /* the loss has come */
	uint32_t pasts;
	struct sim_past past[SIM_HISTORY];
};

void sim_host_deinit(struct sim_host *host);

/* Caller's memory, zeroed. Its firmware is what the scenario gives it. */
void sim_device_init(struct sim_device *device, struct sim_host *host, uint32_t number);
int sim_device_switch_on(struct sim_device *device) RV_MUSTCHECK; /* -ENOMEM, or settings refused */
/* Off; what it knew is gone, but for the state cache if that is kept. Off already: nothing. */
void sim_device_cut(struct sim_device *device, bool keeps_state);

#endif
