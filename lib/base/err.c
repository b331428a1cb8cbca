#include "base/err.h"

#include <errno.h>
#include <string.h>

int rv_err_from_errno(void)
{
	return errno > 0 && errno < 1000 ? -errno : -EIO;
}
