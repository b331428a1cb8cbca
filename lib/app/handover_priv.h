/* handover_priv.h - accepted sockets from one duty to another: rv_duty_handover() and the other
 * end.
 *
 *   giver == SOCKET messages (app/control_priv.h) with one descriptor each ==> taker
 *
 * Each line is one end of a SOCK_SEQPACKET pair that the supervisor made. One that is broken is
 * forgotten: the supervisor brings another when its process runs again.
 */
#ifndef RV_APP_HANDOVER_PRIV_H
#define RV_APP_HANDOVER_PRIV_H

#include "app/control_priv.h"

struct rv_handover_source;

struct rv_handover {
	int takers[RV_DUTY_TAKERS_MAX]; /* our ends of the lines to them */
	size_t taker_count;
	size_t next;                                            /* whose turn it is */
	struct rv_handover_source *sources[RV_DUTY_TAKERS_MAX]; /* those who hand to us */
	rv_duty_socket_fn fn;
	void *arg;
};

/* Both own fd, and close it when there are RV_DUTY_TAKERS_MAX already. */
void rv_handover_add_taker(struct rv_handover *handover, int fd);
void rv_handover_add_source(struct rv_handover *handover, uv_loop_t *loop, int fd);
/* As rv_duty_handover(). */
int rv_handover_give(struct rv_handover *handover, int fd, const char *label) RV_MUSTCHECK;
/* Ends all lines; handles close on the loop. */
void rv_handover_close(struct rv_handover *handover);

#endif
