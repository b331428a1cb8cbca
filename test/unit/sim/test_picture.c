#include "test/unit/lib/base/test_unit.h"

#include <expat.h>

#include "base/buf.h"
#include "base/time.h"
#include "sim/picture.h"
#include "sim/scenario.h"

enum { TEXTS_MAX = 128, TEXT_MAX = 200, SHAPES_MAX = 16 };

static struct sim_series series;
static struct sim_picture picture;

/* What a reader of the document sees. */
static struct {
	char text[TEXTS_MAX][TEXT_MAX]; /* of every element that has some */
	size_t count;
	char title[TEXT_MAX], desc[400], lang[8];
	struct {
		char class[16], d[8192];
	} paths[SHAPES_MAX];
	size_t path_count, mark_count;
	char element[16];
} seen;

static const char *attribute(const char **atts, const char *name)
{
	for (; atts[0] != NULL; atts += 2)
		if (strcmp(atts[0], name) == 0)
			return atts[1];
	return "";
}

static void on_start(void *arg, const char *name, const char **atts)
{
	(void)arg;
	snprintf(seen.element, sizeof(seen.element), "%s", name);
	if (strcmp(name, "svg") == 0)
		snprintf(seen.lang, sizeof(seen.lang), "%s", attribute(atts, "xml:lang"));
	if (strcmp(name, "text") == 0)
		seen.count++;
	if (strcmp(name, "line") == 0 && strcmp(attribute(atts, "class"), "mark") == 0)
		seen.mark_count++;
	if (strcmp(name, "path") != 0)
		return;
	snprintf(seen.paths[seen.path_count].class, sizeof(seen.paths[0].class), "%s",
		 attribute(atts, "class"));
	snprintf(seen.paths[seen.path_count++].d, sizeof(seen.paths[0].d), "%s",
		 attribute(atts, "d"));
}

static void append(char *to, size_t size, const char *text, int len)
{
	size_t used = strlen(to);

	snprintf(to + used, size - used, "%.*s", len, text);
}

static void on_text(void *arg, const char *text, int len)
{
	(void)arg;
	if (strcmp(seen.element, "text") == 0)
		append(seen.text[seen.count - 1], TEXT_MAX, text, len);
	else if (strcmp(seen.element, "title") == 0)
		append(seen.title, sizeof(seen.title), text, len);
	else if (strcmp(seen.element, "desc") == 0)
		append(seen.desc, sizeof(seen.desc), text, len);
}

static void on_end(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	seen.element[0] = '\0';
}

/* Also: is it well-formed? */
static void look(void)
{
	struct rv_buf out = { 0 };
	XML_Parser parser = XML_ParserCreate(NULL);

	memset(&seen, 0, sizeof(seen));
	sim_picture_put(&picture, &out);
	assert_int_equal(out.err, RV_OK);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	if (XML_Parse(parser, out.ptr, (int)out.len, 1) != XML_STATUS_OK)
		fail_msg("%s in line %lu", XML_ErrorString(XML_GetErrorCode(parser)),
			 XML_GetCurrentLineNumber(parser));
	XML_ParserFree(parser);
	rv_buf_deinit(&out);
}

static bool has_text(const char *text)
{
	for (size_t i = 0; i < seen.count; i++)
		if (strcmp(seen.text[i], text) == 0)
			return true;
	return false;
}

static const char *path_of(const char *class)
{
	for (size_t i = 0; i < seen.path_count; i++)
		if (strcmp(seen.paths[i].class, class) == 0)
			return seen.paths[i].d;
	fail_msg("no area of %s", class);
	return NULL;
}

/* 1,000 devices: half of them up after 0.5 s, the others ask the LS from then on; 1 s in all. */
static void begin(void)
{
	sim_series_init(&series, 1000);
	for (int i = 0; i < 1000; i++)
		sim_series_move(&series, 500000, SIM_STATE_OFF,
				i < 500 ? SIM_STATE_UP : SIM_STATE_LS);
	sim_series_advance(&series, RV_US_PER_SEC);
	picture = (struct sim_picture){ .title = "storm, seed 7",
					.subtitle = "1,000 devices",
					.series = &series };
}

/* The plot is 70..940 wide and 106..376 high. */
static void areas_are_as_high_as_there_are_devices(void **state)
{
	(void)state;
	begin();
	look();
	assert_int_equal(seen.path_count, SIM_STATES);
	/* Nobody until 0.4 s, 500 from 0.5 s: half of the height. */
	assert_string_equal(path_of("up"), "M70.0 376.0L418.0 376.0L505.0 241.0L940.0 241.0"
					   "L940.0 376.0L70.0 376.0Z");
	/* On top of those, to the upper edge. */
	assert_string_equal(path_of("ls"), "M70.0 376.0L418.0 376.0L505.0 106.0L940.0 106.0"
					   "L940.0 241.0L505.0 241.0L418.0 376.0L70.0 376.0Z");
	/* All at first, none in the end. */
	assert_string_equal(path_of("off"), "M70.0 106.0L940.0 106.0"
					    "L940.0 106.0L505.0 106.0L418.0 376.0L70.0 376.0Z");
}

static void words_say_the_same_as_the_areas(void **state)
{
	(void)state;
	begin();
	look();
	assert_string_equal(seen.title, "storm, seed 7");
	assert_string_equal(seen.desc,
			    "1,000 devices; up 500; applying 0; asking RS 0; asking LS 500; "
			    "failed 0; off 0");
	assert_string_equal(seen.lang, "en");
	assert_true(has_text("storm, seed 7") && has_text("up 500") && has_text("asking LS 500"));
	assert_true(has_text("devices") && has_text("0") && has_text("1000") && has_text("200"));
	assert_true(has_text("0.2") && has_text("1") && has_text("s"));
}

static void japanese_has_its_own_words(void **state)
{
	(void)state;
	begin();
	picture.is_ja = true;
	look();
	assert_string_equal(seen.lang, "ja");
	assert_true(has_text("稼働中 500") && has_text("台数"));
}

static void whatever_stands_in_a_text_is_escaped(void **state)
{
	static const struct sim_mark mark = { .label = "\"]]>" };

	(void)state;
	begin();
	picture.title = "<a & \"b\">\x01\xff停電";
	picture.marks = &mark;
	picture.mark_count = 1;
	look();
	assert_string_equal(seen.title, "<a & \"b\">??停電");
	assert_true(has_text("\"]]>"));
}

static void scales_follow_the_run(void **state)
{
	static const struct {
		int64_t end_us;
		uint32_t devices;
		const char *unit, *last_time, *last_count;
	} cases[] = {
		{ 1, 1, "s", "0", "1" }, /* one step, at least */
		{ 90 * RV_US_PER_SEC, 7, "s", "90", "7" },
		{ 600 * RV_US_PER_SEC, 20000, "min", "10", "20000" },
		{ INT64_C(86400000000), 1000000, "h", "20", "1000000" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		sim_series_init(&series, cases[i].devices);
		sim_series_advance(&series, cases[i].end_us);
		picture = (struct sim_picture){ .title = "t", .subtitle = "", .series = &series };
		look();
		if (!has_text(cases[i].unit) || !has_text(cases[i].last_time) ||
		    !has_text(cases[i].last_count))
			fail_msg("case %zu", i);
	}
}

static void marks_are_the_things_of_the_scenario_that_came(void **state)
{
	struct sim_mark marks[SIM_MARKS_MAX];
	struct sim_scenario scenario;

	(void)state;
	assert_int_equal(
		sim_scenario_parse(
			rv_str("power_cut late { at = 5s }\n"
			       "power_cut b { at = 200ms every = 300ms times = 2 }\n"
			       "firmware A { version = 1 upgrade_to = new upgrade_at = 400ms }\n"
			       "firmware new { version = 2 }\nloss l { from = 100ms }\n"
			       "crash c { duty = rs at = 9s }\npartition p { at = 8s }\n"
			       "rebind r { at = 7s }"),
			"t", &scenario, NULL),
		RV_OK);
	begin();
	picture.marks = marks;
	picture.mark_count = sim_picture_marks(&scenario, marks);
	assert_int_equal(picture.mark_count, 8);
	for (size_t i = 1; i < picture.mark_count; i++)
		assert_true(marks[i - 1].at_us <= marks[i].at_us);
	assert_string_equal(marks[0].label, "l");
	assert_string_equal(marks[2].label, "new");
	assert_string_equal(marks[7].label, "c");
	look();
	assert_int_equal(seen.mark_count, 4); /* the others come after the end */
	assert_true(has_text("new") && has_text("b") && !has_text("late"));
}

static void more_marks_than_fit_are_left_out(void **state)
{
	struct sim_mark marks[SIM_MARKS_MAX];
	struct sim_scenario scenario;

	(void)state;
	assert_int_equal(
		sim_scenario_parse(rv_str("power_cut a { at = 1s every = 1s times = 1000 }\n"
					  "power_cut b { at = 0s }\nloss l { }"),
				   "t", &scenario, NULL),
		RV_OK);
	assert_int_equal(sim_picture_marks(&scenario, marks), SIM_MARKS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(areas_are_as_high_as_there_are_devices),
		cmocka_unit_test(words_say_the_same_as_the_areas),
		cmocka_unit_test(japanese_has_its_own_words),
		cmocka_unit_test(whatever_stands_in_a_text_is_escaped),
		cmocka_unit_test(scales_follow_the_run),
		cmocka_unit_test(marks_are_the_things_of_the_scenario_that_came),
		cmocka_unit_test(more_marks_than_fit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
