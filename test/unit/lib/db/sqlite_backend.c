#include "sqlite_backend.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *sqlite_path(const char *url)
{
	return url + strlen("sqlite:");
}

static void fresh(char url[static URL_MAX])
{
	const char *tmp = getenv("TMPDIR");
	char dir[URL_MAX - 32];

	snprintf(dir, sizeof(dir), "%s/reeve-db-XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(url, URL_MAX, "sqlite:%s/store.db", dir);
}

static void drop(const char *url)
{
	char dir[URL_MAX];
	struct dirent *entry;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s", sqlite_path(url));
	*strrchr(dir, '/') = '\0';
	d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	assert_int_equal(rmdir(dir), 0);
}

const struct backend sqlite_backend = { fresh, drop };
