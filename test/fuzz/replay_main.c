/* Runs every file of a seed folder through one fuzzer: the seeds as an ordinary TAP test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 4 * 1024 * 1024 };

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int run_seed(const char *dir, const char *name)
{
	char path[4096];
	uint8_t *data = malloc(SEED_MAX);
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL || data == NULL) {
		perror(path);
		exit(1);
	}
	len = fread(data, 1, SEED_MAX, f);
	fclose(f);
	/* An exact-size copy, so that the address sanitizer sees a read one byte beyond. */
	uint8_t *exact = malloc(len > 0 ? len : 1);
	if (exact == NULL)
		exit(1);
	memcpy(exact, data, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **entries = NULL;
	int n = argc == 2 ? scandir(argv[1], &entries, is_visible, alphasort) : -1;

	if (n <= 0) {
		fprintf(stderr, "no seeds in %s\n", argc == 2 ? argv[1] : "(no folder given)");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		run_seed(argv[1], entries[i]->d_name);
		printf("ok %d - %s\n", i + 1, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
