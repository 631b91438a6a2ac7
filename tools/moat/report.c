// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of moat check.
 */
#include "report.h"

#include "block.h"
#include "command.h"
#include "field.h"
#include "table.h"
#include "text.h"

#include <stdarg.h>
#include <string.h>

static const struct moat_column columns[] = {
	{ "RESULT", false }, { "CHECK", false }, { "ABOUT", false },
	{ "FOUND", false }, { "WHAT TO DO", false }, { NULL, false },
};

/* Words for people; a condition each. */
static const char * const results[] = { "ok", "warning", "error" };

static void add(struct moat_report *report, enum moat_condition how,
		const char *check, const char *about, const char *advice,
		const char *fmt, va_list args)
{
	char text[1024], clean[512];

	vsnprintf(text, sizeof(text), fmt, args);
	moat_text_clean(text);
	snprintf(clean, sizeof(clean), "%s", about);
	moat_text_clean(clean);
	if (!report->lines)
		report->lines = json_array();
	json_array_append_new(
		report->lines,
		json_pack("{s:s, s:s, s:o, s:s, s:o}", "result", results[how],
			  "check", check,
			  "about", *clean ? json_string(clean) : json_null(),
			  "text", text,
			  "advice", advice ? json_string(advice) :
					     json_null()));
	if (how > report->worst)
		report->worst = how;
}

void moat_report_ok(struct moat_report *report, const char *check,
		    const char *about, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(report, MOAT_CONDITION_OK, check, about, NULL, fmt, args);
	va_end(args);
}

void moat_report_wrong(struct moat_report *report, enum moat_condition how,
		       const char *check, const char *about, const char *advice,
		       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(report, how, check, about, advice, fmt, args);
	va_end(args);
}

void moat_report_deinit(struct moat_report *report)
{
	json_decref(report->lines);
	memset(report, 0, sizeof(*report));
}

static bool is_wrong(const json_t *line)
{
	return strcmp(moat_field_text(line, "result"), results[0]) != 0;
}

/* The lines to print, a new list. */
static json_t *select_lines(const struct moat_report *report, bool wrong)
{
	json_t *some = json_array(), *line;
	size_t i;

	json_array_foreach(report->lines, i, line)
		if (!wrong || is_wrong(line))
			json_array_append(some, line);
	return some;
}

void moat_report_json(const struct moat_report *report, bool wrong, FILE *out)
{
	json_t *all = json_pack("{s:i, s:s, s:o}", "version", MOAT_JSON_VERSION,
				"condition",
				moat_condition_name(report->worst), "checks",
				select_lines(report, wrong));

	json_dumpf(all, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', out);
	json_decref(all);
}

void moat_report_table(const struct moat_report *report, bool wrong, FILE *out)
{
	static const char * const keys[] = {
		"result", "check", "about", "text", "advice",
	};
	json_t *lines = select_lines(report, wrong);
	struct moat_table *t = moat_table_create(columns);
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		for (size_t n = 0; n < sizeof(keys) / sizeof(*keys); n++)
			moat_table_add(t, "%s", moat_field_text(line, keys[n]));
	if (i)
		moat_table_print(t, out);
	else
		fputs("All is well.\n", out);
	moat_table_destroy(t);
	json_decref(lines);
}

static void put_line(const json_t *line, int width, FILE *out)
{
	const char *about = moat_field_text(line, "about");
	const char *advice = moat_field_text(line, "advice");

	moat_block_line(out, width, moat_field_text(line, "result"),
			"%s%s%s: %s", moat_field_text(line, "check"),
			*about ? " " : "", about,
			moat_field_text(line, "text"));
	if (*advice)
		moat_block_line(out, width, "", "to do: %s", advice);
}

static size_t count(const struct moat_report *report, enum moat_condition how)
{
	const json_t *line;
	size_t i, found = 0;

	json_array_foreach(report->lines, i, line)
		found += strcmp(moat_field_text(line, "result"),
				results[how]) == 0;
	return found;
}

void moat_report_block(const struct moat_report *report, bool wrong, FILE *out)
{
	size_t errors = count(report, MOAT_CONDITION_DOWN);
	size_t warnings = count(report, MOAT_CONDITION_DEGRADED);
	json_t *lines = select_lines(report, wrong);
	int width = moat_block_width();
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		put_line(line, width, out);
	if (errors || warnings)
		fprintf(out, "%zu error%s, %zu warning%s\n", errors,
			errors == 1 ? "" : "s", warnings,
			warnings == 1 ? "" : "s");
	else
		fputs("All is well.\n", out);
	json_decref(lines);
}
