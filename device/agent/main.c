/* reeve-sa - a service adapter: what it was born with, and from there on its own way.
 *
 *   reeve-sa [-v] BORN-FILE
 *
 * BORN-FILE is described in born.h, what happens in boot.h. It prints what it does; -v adds what
 * the library logs. It reads three files and writes none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/agent/boot.h"

/* NUL-terminated, to be freed; ends the program when it cannot be had. */
static char *read_file(const char *path)
{
	enum { MAX = 16384 };
	FILE *f = fopen(path, "re");
	char *text = calloc(1, MAX);
	size_t len = 0;

	if (f != NULL && text != NULL)
		len = fread(text, 1, MAX, f);
	if (len == 0 || len == MAX) {
		fprintf(stderr, "%s: cannot be read, empty, or %d bytes and more\n", path, MAX);
		exit(2);
	}
	fclose(f);
	return text;
}

int main(int argc, char **argv)
{
	static struct agent_born born;
	struct agent_error error;
	bool is_verbose = argc == 3 && strcmp(argv[1], "-v") == 0;
	char *text, *root, *initial;
	int status;

	if (argc != 2 && !is_verbose) {
		fprintf(stderr, "usage: %s [-v] BORN-FILE\n", argv[0]);
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	text = read_file(argv[argc - 1]);
	if (agent_born_parse(text, strlen(text), &born, &error) != 0) {
		fprintf(stderr, "%s:%u: %s\n", argv[argc - 1], error.line, error.text);
		return 2;
	}
	root = read_file(born.root);
	initial = read_file(born.initial);
	status = agent_boot(&born, root, initial, is_verbose);
	free(initial);
	free(root);
	free(text);
	return status;
}
