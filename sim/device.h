/* device.h - one simulated device: the real core, and what it needs of a machine.
 *
 *   off --switch_on--> pulling --> up --(repeat)--> pulling
 *                        |  ^                          |
 *                        +--+ a call that ended badly is made again, as programs do
 *   any of them --cut--> off
 *
 * A device has a connection only while an exchange runs; between exchanges it is some 14 KiB and
 * a timer. What happens to it goes to the host as records. All on one loop.
 */
#ifndef RV_SIM_DEVICE_H
#define RV_SIM_DEVICE_H

#include <uv.h>

#include "base/wheel.h"
#include "device/libarms/core/sa.h"
#include "sim/conn.h"
#include "sim/persona.h"
#include "sim/record.h"

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
	enum rv_tls_versions tls;
	int64_t repeat_us; /* 0: stay up */
	/* record: at_us is filled in here from a steady clock. */
	void (*tell)(void *arg, const struct sim_device *device, struct sim_record *record);
	void *arg;
	/* Trust in the LS and in the RS: every device of a fleet has the same. */
	struct sim_trust {
		char *anchor; /* owned */
		struct rv_tls_ctx *tls;
	} trust[2];
	char buf[RV_TLS_RECORD_MAX];
};

struct sim_device {
	struct sim_host *host;
	uint32_t number;
	struct rv_sa *sa; /* NULL: off */
	struct sim_conn *conn;
	struct rv_buf sessions[2]; /* with the LS, with the RS; lost with the power */
	int64_t open_us;           /* deadline of the OPEN that conn is for */
	struct rv_timer timer;
	int64_t asked_us;       /* when it was switched on, or last asked to pull again */
	int64_t slowest_us;     /* longest time to come up */
	int64_t again_us;       /* idle: when to pull again, INT64_MAX: never */
	int64_t waits_until_us; /* of the last wait that was told */
	enum rv_sa_phase phase; /* of the last attempt */
	bool is_tls_up, is_querying, is_up;
	bool is_idle; /* no call is running */
	bool is_told; /* the failure of this attempt is recorded already */
	uint32_t pasts;
	struct sim_past past[SIM_HISTORY];
};

void sim_host_deinit(struct sim_host *host);

/* Caller's memory, zeroed. */
void sim_device_init(struct sim_device *device, struct sim_host *host, uint32_t number);
int sim_device_switch_on(struct sim_device *device) RV_MUSTCHECK; /* -ENOMEM, or settings refused */
void sim_device_cut(struct sim_device *device); /* off, nothing is kept; off already: nothing */

#endif
