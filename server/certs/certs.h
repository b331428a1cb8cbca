/* certs.h - the certificates that a server presents: judged before use, watched while in use.
 *
 *   days left   > 90   <= 90   <= 30   <= 7   none
 *   level          0       1       2      3      4      each is told once, in the log
 *
 * A duty checks what it is about to load with rv_certs_check(): an expired certificate, one that
 * is not valid yet, a key of another one or a name that devices refuse ends the start (and leaves
 * the old one in place at a reload). ARMS devices look at no date, but whoever runs the service
 * wants to hear of it from us. Then it watches what it uses: looked at once a day, and when it is
 * replaced. A clock that steps back tells nothing, one that steps forward each level once.
 *
 * On one loop, nothing blocks.
 */
#ifndef RV_SERVER_CERTS_H
#define RV_SERVER_CERTS_H

#include <uv.h>

#include "base/buf.h"
#include "conf/conf.h"

enum {
	RV_CERTS_MAX = 8,       /* names one duty can watch */
	RV_CERTS_NAME_MAX = 63, /* "ls.certificate" */
};

/* How near its end, 0 to 4, as drawn above. */
unsigned rv_certs_level(int64_t not_after_us, int64_t now_us);

struct rv_certs_pair {
	const struct rv_conf_sec *sec;
	const char *section;     /* its name: "ls" */
	const char *certificate; /* items of type FILE, loaded */
	const char *key;
	bool is_ls; /* names as devices demand them of a Location Server */
};

/* RV_EINVALID or RV_ESYNTAX with *diag: where is the item, the text has the file's path, subject
 * and date. */
int rv_certs_check(const struct rv_certs_pair *pair, int64_t now_us,
		   struct rv_diag *diag) RV_MUSTCHECK;

struct rv_certs;

/* is_silent: metrics only; for all workers of a duty but the first. */
int rv_certs_new(uv_loop_t *loop, bool is_silent, struct rv_certs **out) RV_MUSTCHECK;
/* The handle is closed; the memory goes when the loop has turned. NULL allowed. */
void rv_certs_free(struct rv_certs *certs);

/* Watch the first to expire of the certificates of the text under that name, in place of what was
 * watched under it. An unreadable text, or one name too many, is not watched. */
void rv_certs_watch(struct rv_certs *certs, const char *name, struct rv_str pem);

/* reeve_certificate_expires_seconds{name="ls.certificate"}; negative: expired so long ago. */
void rv_certs_metrics(const struct rv_certs *certs, struct rv_buf *out);

#endif
