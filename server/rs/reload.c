/* The settings of rs while it runs. Operations read them on the writer thread; so that thread is
 * also the one that switches them, between two operations. */
#include <errno.h>
#include <stdlib.h>

#include "log/log.h"
#include "server/rs/duty_priv.h"

struct switching {
	struct rs_duty *duty;
	struct rv_conf *conf; /* the strings of `settings` */
	struct rs_settings settings;
	bool is_done; /* written by the writer thread, read when it has finished */
};

static int work_switch(struct rv_db_tx *tx, void *arg)
{
	struct switching *s = arg;

	(void)tx;
	s->duty->rs->settings = s->settings;
	s->is_done = true;
	return RV_OK;
}

/* Whatever was answered with the old settings has been sent: the loop hears in order. */
static void switched(void *arg, int status)
{
	struct switching *s = arg;
	struct rs_duty *d = s->duty;
	struct rv_conf *unused = s->conf;

	if (s->is_done) {
		unused = d->conf;
		d->conf = s->conf;
	} else {
		rv_log(RV_LOG_ERROR, "rs.settings.not_switched",
		       RV_KS("error", rv_err_name(status)));
	}
	rv_conf_free(unused);
	free(s);
	d->reloads--;
	rs_duty_settle(d);
}

int rs_duty_reload(void *state, struct rv_conf *conf, struct rv_diag *diag)
{
	struct rs_duty *d = state;
	struct switching *s = calloc(1, sizeof(*s));
	int err;

	if (s == NULL)
		return -ENOMEM;
	s->duty = d;
	rs_settings_read(conf, &s->settings);
	err = rv_db_submit(d->rs->db, work_switch, switched, s);
	if (err != RV_OK) {
		free(s);
		return rv_diag_set(diag, err, "rs.busy", "", "the store takes no work now: %s",
				   rv_err_name(err));
	}
	s->conf = rv_conf_ref(conf);
	d->reloads++;
	return RV_OK;
}
