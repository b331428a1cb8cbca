/* context.h - what arms_context_t is; shared by the files that make up the API.
 *
 *   api.c     set-up, information, versions     shell.c  pull, query, event loop
 *   hb.c      heartbeat setters                 conn.c   connections
 */
#ifndef RV_DEVICE_LIBARMS_CONTEXT_H
#define RV_DEVICE_LIBARMS_CONTEXT_H

#include "device/libarms/conn.h"
#include "device/libarms/core/hb.h"
#include "device/libarms/core/sa.h"
#include "device/libarms/include/libarms.h"

struct arms_context {
	struct rv_sa *sa;
	struct rv_distid id;
	arms_callback_tbl_t cb; /* of the last arms_pull; before it no callbacks */
	void *udata;
	bool is_busy; /* in a blocking call: its callbacks may not start another */
	bool has_root;
	bool has_proxy;
	enum rv_tls_versions tls_versions; /* of the next connection */
	struct rv_armshttp_proxy proxy;    /* with a secret */
	struct rv_conn_source source;      /* of the next connection */
	struct rv_conn conn;
	struct timeval event_interval;
	struct rv_hb_packet hb;
};

/* shell.c: the machine's ways out, for rv_sa_new. */
extern const struct rv_sa_host rv_shell_host;

#endif
