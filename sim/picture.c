#include "sim/picture.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "sim/scenario.h"

/* In tenths of a pixel: whole numbers read the same in every locale. */
enum {
	WIDTH = 9600,
	HEIGHT = 4600,
	LEFT = 700, /* of the plot; so below */
	TOP = 1060,
	RIGHT = 9400,
	BOTTOM = 3760,
	LEGEND_Y = 4360,
	MARK_ROWS = 3,
	MARK_ROW = 130, /* from one to the next */
	TICKS_MAX = 9,
};

/* From the bottom up: what is reached lies under what is still to be done. */
static const enum sim_state stack[SIM_STATES] = {
	SIM_STATE_UP, SIM_STATE_APPLYING, SIM_STATE_RS,
	SIM_STATE_LS, SIM_STATE_FAILED,   SIM_STATE_OFF,
};

static const char style[] =
	"<style>\n"
	"svg{background:#fff;color-scheme:light dark}\n"
	"text{font:12px sans-serif;fill:#222}\n"
	".paper{fill:#fff}.grid{stroke:#808080;stroke-opacity:.35}.axis{stroke:#222}.mark{stroke:#"
	"222;stroke-"
	"dasharray:4 3}\n"
	".title{font-size:17px;font-weight:bold}.end{text-anchor:end}.middle{text-anchor:middle}\n"
	".off{fill:#e4e4e4}.ls{fill:#f0c419}.rs{fill:#e8871e}.applying{fill:#5aa9e6}\n"
	".up{fill:#2e7d4f}.failed{fill:#b3261e}\n"
	"@media (prefers-color-scheme:dark){\n"
	"svg{background:#16181c}text{fill:#e6e6e6}.paper{fill:#16181c}\n"
	".axis,.mark{stroke:#e6e6e6}.off{fill:#2b2e35}.ls{fill:#c9a20d}.rs{fill:#d9751a}\n"
	".applying{fill:#3f8fd0}.up{fill:#3d9c66}.failed{fill:#d2483f}\n"
	"}\n"
	"</style>\n";

struct canvas {
	const struct sim_picture *picture;
	struct rv_buf *out;
	uint32_t devices;
	int64_t end_us; /* of the last sample, at least one step */
};

static const char *tr(const struct canvas *c, const char *english, const char *japanese)
{
	return c->picture->is_ja ? japanese : english;
}

/* Text of an element or of an attribute, whatever it was. */
static void put_text(struct rv_buf *out, const char *text)
{
	struct rv_str s = rv_str(text);

	while (s.len > 0) {
		size_t len = rv_str_utf8_len(s);
		unsigned char c = (unsigned char)s.ptr[0];

		if (len == 0 || c < ' ' || c == 0x7f)
			rv_buf_putc(out, '?');
		else if (c == '&' || c == '<' || c == '>' || c == '"')
			rv_buf_printf(out, "&#%d;", c);
		else
			rv_buf_put(out, s.ptr, len);
		s = rv_str_sub(s, len > 0 ? len : 1, s.len);
	}
}

static void put_px(struct rv_buf *out, int tenths)
{
	rv_buf_printf(out, "%d.%d", tenths / 10, tenths % 10);
}

/* ` name="12.3"` */
static void put_at(struct rv_buf *out, const char *name, int tenths)
{
	rv_buf_printf(out, " %s=\"", name);
	put_px(out, tenths);
	rv_buf_putc(out, '"');
}

static void put_label(struct rv_buf *out, int x, int y, const char *class, const char *text)
{
	rv_buf_puts(out, "<text");
	put_at(out, "x", x);
	put_at(out, "y", y);
	rv_buf_printf(out, " class=\"%s\">", class);
	put_text(out, text);
	rv_buf_puts(out, "</text>\n");
}

static void put_line(struct rv_buf *out, const char *class, const int from[2], const int to[2])
{
	rv_buf_printf(out, "<line class=\"%s\"", class);
	put_at(out, "x1", from[0]);
	put_at(out, "y1", from[1]);
	put_at(out, "x2", to[0]);
	put_at(out, "y2", to[1]);
	rv_buf_puts(out, "/>\n");
}

static int x_of(const struct canvas *c, int64_t at_us)
{
	return LEFT + (int)((double)(RIGHT - LEFT) * (double)at_us / (double)c->end_us + 0.5);
}

static int y_of(const struct canvas *c, uint32_t devices)
{
	return BOTTOM - (int)((double)(BOTTOM - TOP) * devices / c->devices + 0.5);
}

/* -- the areas ------------------------------------------------------------------------------ */

/* Devices in the first `layers` of the stack, at that sample. */
static uint32_t height_of(const struct sim_series *series, size_t sample, size_t layers)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < layers; i++)
		sum += series->at[sample][stack[i]];
	return sum;
}

/* One edge of an area, to the right or back; samples on a level line say nothing new. */
static void put_edge(const struct canvas *c, size_t layers, bool is_back)
{
	const struct sim_series *series = c->picture->series;

	for (size_t n = 0; n < series->count; n++) {
		size_t i = is_back ? series->count - 1 - n : n;
		uint32_t here = height_of(series, i, layers);

		if (i > 0 && i + 1 < series->count && height_of(series, i - 1, layers) == here &&
		    height_of(series, i + 1, layers) == here)
			continue;
		rv_buf_putc(c->out, n == 0 && !is_back ? 'M' : 'L');
		put_px(c->out, x_of(c, (int64_t)i * series->step_us));
		rv_buf_putc(c->out, ' ');
		put_px(c->out, y_of(c, here));
	}
}

static void put_areas(const struct canvas *c)
{
	for (size_t i = 0; i < SIM_STATES; i++) {
		rv_buf_printf(c->out, "<path class=\"%s\" d=\"", sim_state_word(stack[i]));
		put_edge(c, i + 1, false);
		put_edge(c, i, true);
		rv_buf_puts(c->out, "Z\"/>\n");
	}
}

/* -- axes ----------------------------------------------------------------------------------- */

static void put_y_axis(const struct canvas *c)
{
	static const unsigned factors[] = { 2, 5, 10 };
	uint64_t unit = 1, step = 1;

	for (size_t i = 0; c->devices / step >= TICKS_MAX; i++) {
		step = unit * factors[i % RV_ARRAY_LEN(factors)];
		if (i % RV_ARRAY_LEN(factors) == 2)
			unit *= 10;
	}
	for (uint64_t n = 0; n <= c->devices; n += step) {
		int y = y_of(c, (uint32_t)n);
		char text[24];

		snprintf(text, sizeof(text), "%" PRIu64, n);
		put_line(c->out, "grid", (int[]){ LEFT, y }, (int[]){ RIGHT, y });
		put_label(c->out, LEFT - 80, y + 40, "end", text);
	}
	put_label(c->out, LEFT - 80, TOP - 120, "end", tr(c, "devices", "台数"));
}

struct scale {
	int64_t step_us, unit_us;
	const char *unit;
};

static struct scale time_scale(int64_t end_us)
{
	static const int64_t steps_ms[] = { 100,      200,      500,      1000,     2000,
					    5000,     10000,    15000,    30000,    60000,
					    120000,   300000,   600000,   900000,   1800000,
					    3600000,  7200000,  14400000, 21600000, 43200000,
					    86400000, 172800000 };
	struct scale scale = { .unit_us = RV_US_PER_SEC, .unit = "s" };
	size_t i = 0;

	while (i + 1 < RV_ARRAY_LEN(steps_ms) && end_us / (steps_ms[i] * RV_US_PER_MS) >= TICKS_MAX)
		i++;
	scale.step_us = steps_ms[i] * RV_US_PER_MS;
	if (scale.step_us >= 3600 * RV_US_PER_SEC)
		scale = (struct scale){ scale.step_us, 3600 * RV_US_PER_SEC, "h" };
	else if (scale.step_us >= 60 * RV_US_PER_SEC)
		scale = (struct scale){ scale.step_us, 60 * RV_US_PER_SEC, "min" };
	return scale;
}

static void put_x_axis(const struct canvas *c)
{
	struct scale scale = time_scale(c->end_us);

	for (int64_t at_us = 0; at_us <= c->end_us; at_us += scale.step_us) {
		int64_t tenths = at_us * 10 / scale.unit_us;
		int x = x_of(c, at_us);
		char text[32];

		if (tenths % 10 == 0)
			snprintf(text, sizeof(text), "%" PRId64, tenths / 10);
		else
			snprintf(text, sizeof(text), "%" PRId64 ".%d", tenths / 10,
				 (int)(tenths % 10));
		put_line(c->out, "axis", (int[]){ x, BOTTOM }, (int[]){ x, BOTTOM + 50 });
		put_label(c->out, x, BOTTOM + 190, "middle", text);
	}
	put_line(c->out, "axis", (int[]){ LEFT, BOTTOM }, (int[]){ RIGHT, BOTTOM });
	put_line(c->out, "axis", (int[]){ LEFT, TOP }, (int[]){ LEFT, BOTTOM });
	put_label(c->out, RIGHT, BOTTOM + 370, "end", scale.unit);
}

/* -- what stands around --------------------------------------------------------------------- */

static void put_marks(const struct canvas *c)
{
	for (size_t i = 0; i < c->picture->mark_count; i++) {
		const struct sim_mark *mark = &c->picture->marks[i];
		int x, y = TOP - (int)(i % MARK_ROWS) * MARK_ROW - 30;
		bool is_right;

		if (mark->at_us > c->end_us)
			continue;
		x = x_of(c, mark->at_us);
		is_right = x > RIGHT - (RIGHT - LEFT) / 5;
		put_line(c->out, "mark", (int[]){ x, y }, (int[]){ x, BOTTOM });
		put_label(c->out, is_right ? x - 30 : x + 30, y, is_right ? "end" : "start",
			  mark->label);
	}
}

static void put_legend(const struct canvas *c)
{
	const uint32_t *last = c->picture->series->now;

	for (size_t i = 0; i < SIM_STATES; i++) {
		int x = LEFT + (int)i * (RIGHT - LEFT) / SIM_STATES;
		char text[64];

		rv_buf_printf(c->out, "<rect class=\"%s\" width=\"12\" height=\"12\"",
			      sim_state_word(stack[i]));
		put_at(c->out, "x", x);
		put_at(c->out, "y", LEGEND_Y - 105);
		rv_buf_puts(c->out, "/>\n");
		snprintf(text, sizeof(text), "%s %" PRIu32,
			 sim_state_text(stack[i], c->picture->is_ja), last[stack[i]]);
		put_label(c->out, x + 180, LEGEND_Y, "start", text);
	}
}

static void put_words(const struct canvas *c)
{
	const struct sim_picture *p = c->picture;

	rv_buf_puts(c->out, "<title>");
	put_text(c->out, p->title);
	rv_buf_puts(c->out, "</title>\n<desc>");
	put_text(c->out, p->subtitle);
	for (size_t i = 0; i < SIM_STATES; i++)
		rv_buf_printf(c->out, "; %s %" PRIu32, sim_state_text(stack[i], p->is_ja),
			      p->series->now[stack[i]]);
	rv_buf_puts(c->out, "</desc>\n");
}

void sim_picture_put(const struct sim_picture *picture, struct rv_buf *out)
{
	const struct sim_series *series = picture->series;
	struct canvas c = { .picture = picture, .out = out };

	assert(series->count > 0);
	for (size_t i = 0; i < SIM_STATES; i++)
		c.devices += series->at[0][i];
	c.devices = c.devices > 0 ? c.devices : 1;
	c.end_us = (int64_t)(series->count > 1 ? series->count - 1 : 1) * series->step_us;
	rv_buf_printf(out,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		      "width=\"%d\" height=\"%d\" role=\"img\" xml:lang=\"%s\">\n",
		      WIDTH / 10, HEIGHT / 10, WIDTH / 10, HEIGHT / 10,
		      picture->is_ja ? "ja" : "en");
	put_words(&c);
	rv_buf_puts(out, style);
	rv_buf_printf(out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", WIDTH / 10,
		      HEIGHT / 10);
	put_label(out, 200, 280, "title", picture->title);
	put_label(out, 200, 480, "start", picture->subtitle);
	put_areas(&c);
	put_y_axis(&c);
	put_marks(&c);
	put_x_axis(&c);
	put_legend(&c);
	rv_buf_puts(out, "</svg>\n");
}
