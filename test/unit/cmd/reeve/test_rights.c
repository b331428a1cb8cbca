/* SECURITY.md says of each duty what its table says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/reeve/duties.h"

static const struct {
	enum rv_right right;
	const char *words;
} words[] = {
	{ RV_RIGHT_ACCEPT, "accept" },
	{ RV_RIGHT_PAIR, "socket pairs" },
	{ RV_RIGHT_THREADS, "threads" },
	{ RV_RIGHT_CONNECT, "connect by TCP" },
	{ RV_RIGHT_CONNECT_UNIX, "connect to Unix sockets" },
};

static void put_joined(struct rv_buf *out, const char *text, bool *is_first)
{
	rv_buf_printf(out, "%s%s", *is_first ? "" : ", ", text);
	*is_first = false;
}

static void put_files(const struct rv_duty_spec *spec, struct rv_buf *out)
{
	const struct rv_duty_rights *rights = &spec->rights;
	const struct rv_duty_place *place = rights->places;
	bool is_first = true;

	for (const char *const *f = rights->state_files; f != NULL && *f != NULL; f++) {
		char text[64];

		snprintf(text, sizeof(text), "`%s*`", *f);
		put_joined(out, text, &is_first);
	}
	for (; place != NULL && place->section != NULL; place++) {
		char text[128];

		snprintf(text, sizeof(text), "%s of `%s.%s`",
			 place->kind == RV_DUTY_PLACE_STORE ? "the store" : "the directory",
			 place->section, place->item);
		put_joined(out, text, &is_first);
	}
	if (is_first)
		rv_buf_puts(out, "none");
}

/* "| `ls` | edge_user | accept | none |" */
static void put_row(const struct rv_duty_spec *spec, struct rv_buf *out)
{
	bool is_first = true;

	rv_buf_printf(out, "| `%s` | `%s` | ", spec->name,
		      spec->rights.is_edge ? "edge_user" : "user");
	for (size_t i = 0; i < RV_ARRAY_LEN(words); i++) {
		if (spec->rights.bits & words[i].right)
			put_joined(out, words[i].words, &is_first);
	}
	if (is_first)
		rv_buf_puts(out, "nothing");
	rv_buf_puts(out, " | ");
	put_files(spec, out);
	rv_buf_puts(out, " |\n");
}

static char *read_security(void)
{
	const char *source = getenv("REEVE_SRC");
	struct rv_buf text = { 0 };
	char path[4096];

	assert_non_null(source);
	snprintf(path, sizeof(path), "%s/SECURITY.md", source);
	assert_int_equal(rv_buf_read_file(&text, path, 1 << 20), RV_OK);
	rv_buf_putc(&text, '\0');
	assert_int_equal(text.err, RV_OK);
	return text.ptr;
}

static void security_md_has_the_row_of_each_duty(void **state)
{
	const struct rv_duty_spec *all[RV_DUTIES_MAX];
	char *security = read_security();
	size_t n = rv_duties_all(all), rows = 0;

	(void)state;
	for (size_t i = 0; i < n && all[i] != NULL; i++) {
		struct rv_buf row = { 0 };

		if (all[i]->component == NULL)
			continue; /* librsapi: somebody else's process */
		rows++;
		put_row(all[i], &row);
		rv_buf_putc(&row, '\0');
		if (strstr(security, row.ptr) == NULL)
			fail_msg("SECURITY.md lacks this row: %s", row.ptr);
		rv_buf_deinit(&row);
	}
	assert_true(rows > 5);
	free(security);
}

static void rights_fit_together(void **state)
{
	const struct rv_duty_spec *all[RV_DUTIES_MAX];
	size_t n = rv_duties_all(all);

	(void)state;
	for (size_t i = 0; i < n && all[i] != NULL; i++) {
		const struct rv_duty_rights *r = &all[i]->rights;
		bool has_store = (r->bits & RV_RIGHT_STORE) != 0;

		/* An edge owns nothing and opens nothing. */
		if (r->is_edge && (has_store || r->state_files != NULL))
			fail_msg("%s is an edge with a store", all[i]->name);
		/* Who listens reads foreign bytes. */
		if (all[i]->listen_section != NULL && !r->is_edge)
			fail_msg("%s listens and is no edge", all[i]->name);
		if (has_store != (r->state_files != NULL) ||
		    (has_store && !(r->bits & RV_RIGHT_FILES)))
			fail_msg("%s: a store has files and the right to them", all[i]->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(security_md_has_the_row_of_each_duty),
		cmocka_unit_test(rights_fit_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
