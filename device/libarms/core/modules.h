/* modules.h - the modules a device has: what the last answer listed.
 *
 * The list of an answer is complete: it replaces the installed one, and whatever is in the old
 * but not in the new list is removed through the program first.
 * Source: spec/arms-protocol.md 7.2, spec/libarms-api.md 9.1.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_MODULES_H
#define RV_DEVICE_LIBARMS_CORE_MODULES_H

#include "base/err.h"
#include "proto/armsxml/message.h"

struct rv_sa_module {
	uint32_t id;
	char *version; /* NULL: the server gave none */
	char *infostring;
};

struct rv_sa_modules { /* all-zero: empty */
	struct rv_sa_module *items;
	size_t count; /* <= RV_ARMSXML_MODULES_MAX */
};

/* Tell the program that a module goes; its answer, 0 = done. */
typedef int (*rv_sa_remove_fn)(void *arg, const struct rv_sa_module *module);

void rv_sa_modules_deinit(struct rv_sa_modules *mods); /* tells nobody */

/* Replace by `list` (each id once; the last one counts). -ENOMEM with nothing done; RV_ECANCELED
 * when `remove` refused: the refused modules and those kept are then the installed ones. */
int rv_sa_modules_replace(struct rv_sa_modules *mods, const struct rv_armsxml_module *list,
			  size_t count, rv_sa_remove_fn remove, void *arg) RV_MUSTCHECK;

/* Remove all, whatever the program says. */
void rv_sa_modules_clear(struct rv_sa_modules *mods, rv_sa_remove_fn remove, void *arg);

const struct rv_sa_module *rv_sa_modules_find(const struct rv_sa_modules *mods, uint32_t id);

#endif
