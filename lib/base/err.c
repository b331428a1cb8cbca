#include "base/err.h"

#include <errno.h>
#include <string.h>

enum { ERRNO_MAX = 999 };

static const char *const own_names[] = {
	"ESYNTAX",  "ELIMIT",   "ENOTFOUND", "EEXISTS",   "EINVALID",  "EAUTH",        "EDENIED",
	"ETIMEOUT", "ECLOSED",  "EMORE",     "EBUSY",     "EVERSION",  "EUNSUPPORTED", "ETLS",
	"EDB",      "ECORRUPT", "ECANCELED", "ECONFLICT", "EWANTREAD", "EWANTWRITE",
};

_Static_assert(sizeof(own_names) / sizeof(own_names[0]) == RV_ESYNTAX - RV_EWANTWRITE + 1,
	       "one name for each code");

int rv_err_from_errno(void)
{
	return errno > 0 && errno <= ERRNO_MAX ? -errno : -EIO;
}

const char *rv_err_name(int err)
{
	const char *name = NULL;

	if (err == RV_OK)
		return "OK";
	if (err <= RV_ESYNTAX && err >= RV_EWANTWRITE)
		return own_names[RV_ESYNTAX - err];
#ifdef __GLIBC__
	if (err < 0 && err >= -ERRNO_MAX)
		name = strerrorname_np(-err);
#endif
	return name != NULL ? name : "EUNKNOWN";
}
