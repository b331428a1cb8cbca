#include "server/rs/diff.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* Lines of a text, line ends included. */
struct lines {
	struct rv_str *list;
	size_t count;
};

static size_t count_lines(struct rv_str text)
{
	size_t n = 0;

	while (text.len > 0) {
		size_t end = rv_str_find(text, '\n');
		text = rv_str_sub(text, end + 1, text.len);
		n++;
	}
	return n;
}

static int split(struct rv_str text, struct rv_arena *arena, struct lines *out)
{
	size_t n = count_lines(text);

	out->list = rv_arena_array(arena, n + 1, sizeof(*out->list));
	if (out->list == NULL)
		return -ENOMEM;
	for (out->count = 0; out->count < n; out->count++) {
		size_t end = rv_str_find(text, '\n') + 1;
		out->list[out->count] = rv_str_sub(text, 0, end);
		text = rv_str_sub(text, end, text.len);
	}
	return RV_OK;
}

/* -- the edit ------------------------------------------------------------------------------- */

/* A run of lines that is kept, removed or added. */
enum edit { KEEP, REMOVE, ADD };

struct script {
	uint8_t *edits; /* enum edit, one per line of the result: kept and removed, then added */
	size_t count;
};

struct myers {
	const struct rv_str *a, *b; /* the parts that differ */
	int n, m;
	int *trace[RS_DIFF_EDITS_MAX + 1]; /* of each d: furthest x on diagonals -d..d */
	struct rv_arena *arena;
};

static int walk_diagonal(const struct myers *my, int x, int y)
{
	while (x < my->n && y < my->m && rv_str_eq(my->a[x], my->b[y])) {
		x++;
		y++;
	}
	return x;
}

static bool goes_down(const int *v, int d, int k)
{
	return k == -d || (k != d && v[k - 1] < v[k + 1]);
}

/* The least number of edits, or RS_DIFF_EDITS_MAX + 1 when it is more; trace[d] for each. */
static int find_shortest(struct myers *my, int *err)
{
	int space[2 * (RS_DIFF_EDITS_MAX + 1) + 1] = { 0 };
	int *v = space + RS_DIFF_EDITS_MAX + 1;

	for (int d = 0; d <= RS_DIFF_EDITS_MAX; d++) {
		my->trace[d] = rv_arena_array(my->arena, (size_t)(2 * d + 1), sizeof(int));
		if (my->trace[d] == NULL) {
			*err = -ENOMEM;
			return d;
		}
		for (int k = -d; k <= d; k += 2) {
			int x = d == 0 ? 0 : goes_down(v, d, k) ? v[k + 1] : v[k - 1] + 1;

			v[k] = walk_diagonal(my, x, x - k);
			my->trace[d][k + d] = v[k];
			if (v[k] >= my->n && v[k] - k >= my->m)
				return d;
		}
	}
	return RS_DIFF_EDITS_MAX + 1;
}

/* Furthest x of diagonal k after d edits; -1 where there is none. */
static int reached(const struct myers *my, int d, int k)
{
	return k < -d || k > d ? -1 : my->trace[d][k + d];
}

/* From the end back to the beginning; the script grows backwards. */
static void trace_back(const struct myers *my, int d, struct script *out)
{
	int x = my->n, y = my->m;

	for (; d > 0; d--) {
		int k = x - y;
		bool is_down = k == -d ||
			       (k != d && reached(my, d - 1, k - 1) < reached(my, d - 1, k + 1));
		int from_x = reached(my, d - 1, is_down ? k + 1 : k - 1);
		int from_y = from_x - (is_down ? k + 1 : k - 1);

		for (; x > from_x + !is_down; x--, y--)
			out->edits[out->count++] = KEEP;
		out->edits[out->count++] = is_down ? ADD : REMOVE;
		x = from_x;
		y = from_y;
	}
	for (; x > 0; x--)
		out->edits[out->count++] = KEEP;
}

static void reverse(struct script *s)
{
	for (size_t i = 0, k = s->count; i + 1 < k; i++) {
		uint8_t one = s->edits[i];
		s->edits[i] = s->edits[--k];
		s->edits[k] = one;
	}
}

static void push(struct script *s, enum edit edit, size_t n)
{
	memset(s->edits + s->count, edit, n);
	s->count += n;
}

/* Too different, or too many lines for an int: all of one, then all of the other. */
static int edit_middle(struct myers *my, struct script *out)
{
	struct script part = { out->edits + out->count, 0 };
	int err = RV_OK;
	int d = find_shortest(my, &err);

	if (err != RV_OK)
		return err;
	if (d <= RS_DIFF_EDITS_MAX) {
		trace_back(my, d, &part);
		reverse(&part);
	} else {
		push(&part, REMOVE, (size_t)my->n);
		push(&part, ADD, (size_t)my->m);
	}
	out->count += part.count;
	return RV_OK;
}

static int make_script(const struct lines *a, const struct lines *b, struct rv_arena *arena,
		       struct script *out)
{
	size_t least = a->count < b->count ? a->count : b->count;
	size_t head = 0, tail = 0;
	struct myers my = { .arena = arena };

	while (head < least && rv_str_eq(a->list[head], b->list[head]))
		head++;
	while (tail < least - head &&
	       rv_str_eq(a->list[a->count - 1 - tail], b->list[b->count - 1 - tail]))
		tail++;
	out->edits = rv_arena_array(arena, a->count + b->count + 1, 1);
	if (out->edits == NULL)
		return -ENOMEM;
	my.a = a->list + head;
	my.b = b->list + head;
	my.n = (int)(a->count - head - tail);
	my.m = (int)(b->count - head - tail);
	push(out, KEEP, head);
	int err = edit_middle(&my, out);
	push(out, KEEP, tail);
	return err;
}

/* -- the text ------------------------------------------------------------------------------- */

struct place {
	size_t at, a, b; /* in the script, in the first text, in the second */
};

static void step(struct place *p, enum edit edit)
{
	p->at++;
	p->a += edit != ADD;
	p->b += edit != REMOVE;
}

static void put_line(struct rv_buf *out, char mark, struct rv_str line)
{
	rv_buf_putc(out, mark);
	rv_buf_put_str(out, line);
	if (line.len == 0 || line.ptr[line.len - 1] != '\n')
		rv_buf_puts(out, "\n\\ No newline at end of file\n");
}

/* Where a hunk that begins at or behind `at` ends: a run of kept lines longer than two contexts
 * parts it from the next. */
static size_t hunk_end(const struct script *s, size_t at)
{
	size_t end = at, kept = 0;

	for (; at < s->count && kept <= (size_t)2 * RS_DIFF_CONTEXT; at++) {
		kept = s->edits[at] == KEEP ? kept + 1 : 0;
		if (kept == 0)
			end = at + 1;
	}
	return end + RS_DIFF_CONTEXT < s->count ? end + RS_DIFF_CONTEXT : s->count;
}

/* diff(1) counts from 1, and names the line before where a side is empty. */
static void put_range(struct rv_buf *out, char mark, size_t from, size_t len)
{
	rv_buf_printf(out, "%c%zu,%zu ", mark, len > 0 ? from + 1 : from, len);
}

static void put_hunk(const struct lines *a, const struct lines *b, const struct script *s,
		     struct place *p, size_t end, struct rv_buf *out)
{
	struct place last = *p;

	while (last.at < end)
		step(&last, (enum edit)s->edits[last.at]);
	rv_buf_puts(out, "@@ ");
	put_range(out, '-', p->a, last.a - p->a);
	put_range(out, '+', p->b, last.b - p->b);
	rv_buf_puts(out, "@@\n");
	while (p->at < end) {
		enum edit edit = (enum edit)s->edits[p->at];

		put_line(out,
			 edit == KEEP     ? ' '
			 : edit == REMOVE ? '-'
					  : '+',
			 edit == ADD ? b->list[p->b] : a->list[p->a]);
		step(p, edit);
	}
}

int rs_diff_unified(struct rv_str from, struct rv_str to, struct rv_arena *arena,
		    struct rv_buf *out)
{
	struct lines a, b;
	struct script s = { 0 };
	struct place p = { 0 };
	size_t kept = 0; /* before p */
	int err = split(from, arena, &a);

	if (err == RV_OK)
		err = split(to, arena, &b);
	if (err == RV_OK)
		err = make_script(&a, &b, arena, &s);
	if (err != RV_OK)
		return err;
	while (p.at < s.count && out->err == RV_OK) {
		if (s.edits[p.at] == KEEP) {
			kept++;
			step(&p, KEEP);
			continue;
		}
		size_t back = kept < RS_DIFF_CONTEXT ? kept : RS_DIFF_CONTEXT;
		p = (struct place){ p.at - back, p.a - back, p.b - back };
		put_hunk(&a, &b, &s, &p, hunk_end(&s, p.at), out);
		kept = 0;
	}
	return out->err;
}
