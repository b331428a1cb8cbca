#include "sqlite_backend.h"

int main(void)
{
	return suite_run("sqlite", &sqlite_backend);
}
