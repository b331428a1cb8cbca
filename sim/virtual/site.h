/* site.h - the servers of an operator: two machines, their processes, and what may befall them.
 *
 *   "ls"   ls.0 (LS for devices), lsstore (its store)
 *   "rs"   proxy.0, proxy.1, rs (its store), ca, and somebody who gives orders ("rsapi")
 *
 *   address              reached by       leads to
 *   192.0.2.1   2001:db8::1   v4, v6      ls.0
 *   192.0.2.11  2001:db8::11  v4, v6      proxy.0
 *   192.0.2.12  2001:db8::12  v4, v6      proxy.1
 *
 * Whoever dies is started again, as the supervisor does it.
 */
#ifndef RV_SIM_VIRTUAL_SITE_H
#define RV_SIM_VIRTUAL_SITE_H

#include "sim/virtual/proc.h"

enum { VW_LS, VW_RS, VW_MACHINES };
enum { VW_PATH_MAX = 256, VW_STALE_MAX = 16 };

struct vw_net;

/* All machines and processes, and how they find each other. */
struct vw_site {
	struct vw_world *world;
	struct vw_net *net;
	char dir[128]; /* real: key files and certificates, which nothing here changes */
	struct rv_conf *confs[VW_PROCS_MAX];
	struct vw_machine machines[VW_MACHINES];
	struct vw_proc procs[VW_PROCS_MAX];
	size_t proc_count;
	struct vw_proc *api; /* where orders come from */
	/* A death at a fail point: armed, the first one from kill_from_us on, after kill_skip. */
	int64_t kill_from_us;
	unsigned kill_skip;
	bool is_kill_armed;
	bool is_kill_power; /* then the whole machine goes */
	uint64_t crashes, power_cuts, fail_points;
	int64_t feed_down_until_us; /* no message passes between the machines before that */
	int64_t bus_slow_us;        /* what a message may take at most */
	bool is_calm;               /* no more faults: all stays up */
	struct vw_saboteur {
		struct rv_buf last_pull;
		struct rv_buf first_pulls[VW_STALE_MAX]; /* by device */
		uint64_t count;
	} saboteur;
};

/* The world must be inited. -errno: the temporary directory; what the configuration refuses is a
 * complaint. Nothing runs yet. */
int vw_site_open(struct vw_site *site, struct vw_world *w, struct vw_net *net) RV_MUSTCHECK;
void vw_site_start(struct vw_site *site);
void vw_site_close(struct vw_site *site);

struct vw_proc *vw_site_find(struct vw_site *site, const char *name, unsigned instance);
/* Somebody died; a machine went dark: what brings them back. */
void vw_site_lost(struct vw_site *site, struct vw_proc *proc);
void vw_site_dark(struct vw_site *site, struct vw_machine *machine);

/* PEM that proves nothing but which root it is. */
extern const char vw_ls_root[], vw_rs_root[];

/* The duty ca: certificates of its own kind (certificate and key name device and number), and no
 * cryptography. */
extern const struct rv_duty_code vw_ca_code;

/* A broken server: changes what it answers. True: *out is that. */
bool vw_sabotage_reply(struct vw_site *site, const char *method, struct rv_str body,
		       struct rv_buf *out);

#endif
