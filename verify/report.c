#include "verify/report.h"

#include "base/jsonw.h"
#include "verify/plan.h"

bool verify_is_selected(const struct verify_options *options, unsigned number)
{
	if (options->is_quick && verify_plan_is_long(number))
		return false;
	return !options->has_selection || options->is_selected[number];
}

void verify_sum(const struct verify_board *board, const struct verify_options *options,
		struct verify_sum *out)
{
	*out = (struct verify_sum){ 0 };
	for (size_t i = 0; i < verify_check_count; i++) {
		const struct verify_check *check = &verify_checks[i];

		if (verify_is_selected(options, check->number))
			out->counts[board->findings[check->number].verdict][check->weight]++;
	}
}

enum verify_exit verify_sum_exit(const struct verify_sum *sum)
{
	return sum->counts[VERIFY_FAILED][VERIFY_MUST] == 0 &&
			       sum->counts[VERIFY_NOT_JUDGED][VERIFY_MUST] == 0
		       ? VERIFY_EXIT_PASSED
		       : VERIFY_EXIT_FAILED;
}

/* -- words ---------------------------------------------------------------------------------- */

static const char *verdict_word(enum verify_verdict verdict)
{
	switch (verdict) {
	case VERIFY_PASSED:
		return verify_tr("pass", "合格");
	case VERIFY_FAILED:
		return verify_tr("FAIL", "不合格");
	default:
		return verify_tr("not judged", "判定なし");
	}
}

static void print_gaps(FILE *out, const char *bullet)
{
	for (size_t i = 0; i < verify_gap_count; i++) {
		const struct verify_gap *gap = &verify_gaps[i];

		fprintf(out, "%s%u", bullet, gap->from);
		if (gap->to != gap->from)
			fprintf(out, "-%u", gap->to);
		fprintf(out, ": %s\n", verify_why_text(gap->why, rv_lang_of_user()));
	}
}

static const char *not_covered(void)
{
	return verify_tr("Statements of section 10 that this version does not cover:",
			 "仕様10章の記述のうち、この版では検査しないもの:");
}

void verify_report_list(FILE *out)
{
	for (size_t i = 0; i < verify_check_count; i++) {
		const struct verify_check *check = &verify_checks[i];

		fprintf(out, "%4u  %-6s  %s (%s)\n", check->number,
			verify_weight_name(check->weight),
			verify_check_text(check->number, rv_lang_of_user()), check->section);
	}
	fprintf(out, "\n%s\n", not_covered());
	print_gaps(out, "  ");
}

/* -- the table ------------------------------------------------------------------------------ */

static void print_left_out(FILE *out, const struct verify_options *options)
{
	const char *separator = "";

	if (!options->is_quick)
		return;
	fprintf(out, "%s", verify_tr("Left out by --quick: ", "--quickで省いたもの: "));
	for (size_t i = 0; i < verify_check_count; i++) {
		if (verify_plan_is_long(verify_checks[i].number)) {
			fprintf(out, "%s%u", separator, verify_checks[i].number);
			separator = ", ";
		}
	}
	fputc('\n', out);
}

void verify_report_text(FILE *out, const struct verify_board *board,
			const struct verify_options *options)
{
	struct verify_sum sum;

	for (size_t i = 0; i < verify_check_count; i++) {
		const struct verify_check *check = &verify_checks[i];
		const struct verify_finding *finding = &board->findings[check->number];

		if (!verify_is_selected(options, check->number))
			continue;
		fprintf(out, "%4u  %-6s  %-10s  %s\n", check->number,
			verify_weight_name(check->weight), verdict_word(finding->verdict),
			verify_check_text(check->number, rv_lang_of_user()));
		if (finding->verdict == VERIFY_FAILED)
			fprintf(out, "      %s: %s\n", finding->step, finding->detail);
	}
	verify_sum(board, options, &sum);
	for (int weight = VERIFY_MUST; weight <= VERIFY_SHOULD; weight++)
		fprintf(out, "%s%s: %u %s, %u %s, %u %s\n", weight == VERIFY_MUST ? "\n" : "",
			verify_weight_name((enum verify_weight)weight),
			sum.counts[VERIFY_PASSED][weight], verify_tr("passed", "合格"),
			sum.counts[VERIFY_FAILED][weight], verify_tr("failed", "不合格"),
			sum.counts[VERIFY_NOT_JUDGED][weight], verify_tr("not judged", "判定なし"));
	print_left_out(out, options);
	fprintf(out, "%s\n",
		verify_tr("Not covered in this version: push, tunnels and web "
			  "proxies; --list shows the numbers.",
			  "この版の対象外: プッシュ、トンネル、Webプロキシ"
			  "(番号は--listで表示)"));
}

void verify_report_markdown(FILE *out, const struct verify_board *board,
			    const struct verify_options *options, const char *date)
{
	struct verify_sum sum;

	verify_sum(board, options, &sum);
	fprintf(out, "# %s\n\n",
		verify_tr("ARMS conformance of a service adapter", "SAのARMS適合性検査報告"));
	fprintf(out, "* %s: %s\n* %s: %s\n* reeve verify-sa %s\n", verify_tr("Device", "機器"),
		options->distid, verify_tr("Date", "日時"), date, RV_VERSION);
	fprintf(out, "* %s: %s\n\n", verify_tr("Result", "結果"),
		verify_sum_exit(&sum) == VERIFY_EXIT_PASSED
			? verify_tr("every MUST passed", "MUSTにすべて合格")
			: verify_tr("NOT every MUST passed", "MUSTに不合格または判定なしがある"));
	fprintf(out, "| %s | | %s | %s | %s |\n|---|---|---|---|---|\n", verify_tr("No.", "番号"),
		verify_tr("Result", "判定"), verify_tr("The device ...", "機器の動作"),
		verify_tr("Section", "仕様の節"));
	for (size_t i = 0; i < verify_check_count; i++) {
		const struct verify_check *check = &verify_checks[i];
		const struct verify_finding *finding = &board->findings[check->number];

		if (!verify_is_selected(options, check->number))
			continue;
		fprintf(out, "| %u | %s | %s | %s | %s |\n", check->number,
			verify_weight_name(check->weight), verdict_word(finding->verdict),
			verify_check_text(check->number, rv_lang_of_user()), check->section);
	}
	fprintf(out, "\n## %s\n\n", verify_tr("What was seen", "観察された内容"));
	for (size_t i = 0; i < verify_check_count; i++) {
		const struct verify_finding *finding = &board->findings[verify_checks[i].number];

		if (finding->verdict == VERIFY_FAILED)
			fprintf(out, "* %u (%s): `%s`\n", verify_checks[i].number, finding->step,
				finding->detail);
	}
	fputc('\n', out);
	print_left_out(out, options);
	fprintf(out, "\n## %s\n\n%s\n\n", verify_tr("Not covered", "対象外"), not_covered());
	print_gaps(out, "* ");
}

/* -- JSON ----------------------------------------------------------------------------------- */

static void put_text(struct rv_jsonw *w, const char *key, const char *text)
{
	rv_jsonw_key(w, key);
	rv_jsonw_str(w, rv_str(text));
}

static void put_check(struct rv_jsonw *w, const struct verify_check *check,
		      const struct verify_finding *finding)
{
	rv_jsonw_object(w);
	rv_jsonw_key(w, "number");
	rv_jsonw_u64(w, check->number);
	put_text(w, "weight", verify_weight_name(check->weight));
	put_text(w, "section", check->section);
	put_text(w, "text", verify_check_text(check->number, RV_LANG_EN));
	put_text(w, "verdict", verify_verdict_name(finding->verdict));
	put_text(w, "step", finding->step);
	put_text(w, "detail", finding->detail);
	rv_jsonw_end_object(w);
}

void verify_report_json(struct rv_buf *out, const struct verify_board *board,
			const struct verify_options *options)
{
	struct rv_jsonw w;
	struct verify_sum sum;

	verify_sum(board, options, &sum);
	rv_jsonw_init(&w, out);
	rv_jsonw_object(&w);
	put_text(&w, "distid", options->distid);
	rv_jsonw_key(&w, "passed");
	rv_jsonw_bool(&w, verify_sum_exit(&sum) == VERIFY_EXIT_PASSED);
	rv_jsonw_key(&w, "checks");
	rv_jsonw_array(&w);
	for (size_t i = 0; i < verify_check_count; i++) {
		const struct verify_check *check = &verify_checks[i];

		if (verify_is_selected(options, check->number))
			put_check(&w, check, &board->findings[check->number]);
	}
	rv_jsonw_end_array(&w);
	rv_jsonw_key(&w, "not_covered");
	rv_jsonw_array(&w);
	for (size_t i = 0; i < verify_gap_count; i++) {
		rv_jsonw_object(&w);
		rv_jsonw_key(&w, "from");
		rv_jsonw_u64(&w, verify_gaps[i].from);
		rv_jsonw_key(&w, "to");
		rv_jsonw_u64(&w, verify_gaps[i].to);
		put_text(&w, "why", verify_why_text(verify_gaps[i].why, RV_LANG_EN));
		rv_jsonw_end_object(&w);
	}
	rv_jsonw_end_array(&w);
	rv_jsonw_end_object(&w);
	rv_buf_putc(out, '\n');
}
