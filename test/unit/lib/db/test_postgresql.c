#include "pg_backend.h"

int main(void)
{
	int failed;

	if (!pg_start())
		return 0;
	failed = suite_run("postgresql", &pg_backend);
	pg_stop();
	return failed;
}
