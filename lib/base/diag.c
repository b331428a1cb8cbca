#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

int rv_diag_set(struct rv_diag *diag, int err, const char *key, const char *where, const char *fmt,
		...)
{
	va_list args;

	if (diag == NULL)
		return err;
	*diag = (struct rv_diag){ .key = key };
	snprintf(diag->where, sizeof(diag->where), "%s", where != NULL ? where : "");
	va_start(args, fmt);
	vsnprintf(diag->text, sizeof(diag->text), fmt, args);
	va_end(args);
	return err;
}
