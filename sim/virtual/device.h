/* device.h - one device of the virtual world: the real core of libarms and a program around it.
 *
 * The program does what the manual of libarms tells: pulls, asks for the push method, pulls again
 * after a while or when a call ended badly; keeps the state blob in its flash and gives it back at
 * the next boot (half of the devices do). What it runs is what a pull that ended well has given it.
 *
 * Everything that it does is told to the host; what it sees is judged there (fleet.h).
 */
#ifndef RV_SIM_VIRTUAL_DEVICE_H
#define RV_SIM_VIRTUAL_DEVICE_H

#include "device/libarms/core/sa.h"
#include "sim/persona.h"
#include "sim/record.h"
#include "sim/virtual/config.h"
#include "sim/virtual/net.h"

struct vw_role;

enum {
	VW_AGAIN_S = 60, /* from a call that ended badly to the next: what arms_event_loop waits */
	VW_HEARD_MAX = 1024 * 1024,
};

struct vw_device;

struct vw_device_host {
	struct vw_world *world;
	struct vw_net *net;
	struct rv_str initial;
	int64_t repeat_us; /* from a pull to the next */
	/* It opens a connection. */
	void (*opens)(void *arg, struct vw_device *device, enum rv_sa_phase phase);
	/* An exchange is over: all it was sent. */
	void (*heard)(void *arg, struct vw_device *device, struct rv_str bytes);
	/* A pull has ended well: device->staged is what it runs from now on. */
	void (*runs)(void *arg, struct vw_device *device);
	/* Its certificate and key. */
	bool (*is_pair)(void *arg, struct vw_device *device, struct rv_str certificate,
			struct rv_str key);
	void (*tell)(void *arg, struct vw_device *device, enum sim_what what, int code);
	void *arg;
};

struct vw_device {
	const struct vw_device_host *host;
	uint32_t number;
	char label[24];
	struct sim_persona persona; /* a thief's names another device, with a wrong key */
	struct vw_line line;
	struct rv_sa *sa; /* NULL: off */
	struct vw_wire *wire;
	int64_t open_us; /* deadline of the OPEN that the wire is for */
	bool is_wire_up, is_verified, has_failed;
	const char *fail_text;
	struct rv_buf in;    /* arrived, not yet taken by the core */
	struct rv_buf heard; /* all of this exchange */
	bool is_eof;
	struct vw_event *timer;
	struct vw_set staged; /* as the core gave it */
	char flash[RV_SA_STATE_SIZE];
	bool has_flash, keeps_state;
	enum rv_sa_phase phase;
	bool is_querying, is_idle, is_up, is_running; /* is_running: inside run() */
	int64_t again_us, asked_us;
	uint32_t delivered; /* pulls that ended well, since the fleet last set it to 0 */
	bool has_queried;   /* so has a query, since */
	unsigned long long attempts, ups;
	int64_t first_up_us, last_up_us; /* -1: never */
	struct vw_role *role;            /* in a scenario; NULL: in none */
	bool is_applying;                /* it writes its config, until again_us */
};

/* Caller's memory, zeroed, with number, label, persona and line set. */
void vw_device_init(struct vw_device *device, const struct vw_device_host *host);
void vw_device_switch_on(struct vw_device *device);
void vw_device_cut(struct vw_device *device); /* off already: nothing */

#endif
