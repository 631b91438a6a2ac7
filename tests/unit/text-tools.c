// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat/text.c and table.c: numbers at the borders of their units, and
 * columns.
 */
#include "moat/table.h"
#include "moat/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	double value;
	const char *text;
} counts[] = {
	{ -1, "-" }, { NAN, "-" }, { 0, "0" }, { 1, "1" }, { 0.004, "0.00" },
	{ 0.25, "0.25" }, { 9.99, "9.99" }, { 9.996, "10.0" }, { 12, "12" },
	{ 12.34, "12.3" }, { 99.96, "100" }, { 999.4, "999" },
	{ 999.6, "1.0k" }, { 12345, "12.3k" }, { 99960, "100k" },
	{ 999600, "1.0M" }, { 4.5e9, "4.5G" }, { 1e15, "1.0P" },
	{ 1e300, "1000000P" }, { INFINITY, "1000000P" },
}, ages[] = {
	{ -1, "-" }, { NAN, "-" }, { 0, "0 ms" }, { 999, "999 ms" },
	{ 999.6, "1.0 s" }, { 15717, "15.7 s" }, { 99960, "100 s" },
	{ 119e3, "119 s" }, { 120e3, "2 min" }, { 7199e3, "120 min" },
	{ 7200e3, "2 h" }, { 48 * 3600e3, "2 d" }, { 1e300, "1000000 d" },
};

static void numbers(void **state)
{
	char buf[MOAT_TEXT_SHORT];

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		assert_string_equal(moat_text_count(counts[i].value, buf),
				    counts[i].text);
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++)
		assert_string_equal(moat_text_age(ages[i].value, buf),
				    ages[i].text);
}

static void moments(void **state)
{
	char buf[32];

	(void)state;
	setenv("TZ", "UTC", 1);
	assert_string_equal(moat_text_time(1764033898.9, buf, sizeof(buf)),
			    "2025-11-25 01:24:58");
	assert_string_equal(moat_text_time(1e300, buf, sizeof(buf)),
			    "1970-01-01 00:00:00");
	assert_string_equal(moat_text_time(NAN, buf, sizeof(buf)),
			    "1970-01-01 00:00:00");
}

static void words(void **state)
{
	char hostile[] = "a\x1b[2J\n\x7f b\xc2\x9b\xff~";

	(void)state;
	moat_text_clean(hostile);
	assert_string_equal(hostile, "a?[2J?? b???~");
	assert_string_equal(moat_text_xenbus("4"), "connected");
	assert_string_equal(moat_text_xenbus("0"), "unknown");
	assert_string_equal(moat_text_xenbus("8"), "reconfigured");
	assert_string_equal(moat_text_xenbus("9"), "9");
	assert_string_equal(moat_text_xenbus("44"), "44");
	assert_string_equal(moat_text_xenbus("up"), "up");
	assert_string_equal(moat_text_xenbus(""), "");
}

/* Print the table's new rows, and compare. */
static void expect(struct moat_table *t, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	moat_table_print(t, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void columns_of_a_table(void **state)
{
	static const struct moat_column columns[] = {
		{ "NAME", false }, { "N", true }, { "WHY", false },
		{ NULL, false },
	};
	struct moat_table *t = moat_table_create(columns);

	(void)state;
	expect(t, "NAME  N  WHY\n");
	moat_table_add(t, "storage");
	moat_table_add(t, "%d", 1234);
	moat_table_add(t, "%s", "");
	moat_table_add(t, "a");
	moat_table_add(t, "5");
	moat_table_add(t, "one\ntwo\x1b");
	expect(t, "storage  1234  -\n"
		  "a           5  one?two?\n");
	moat_table_again(t);
	moat_table_add(t, "b");
	moat_table_add(t, "6");
	moat_table_add(t, "c");
	expect(t, "NAME        N  WHY\n"
		  "b           6  c\n");
	expect(t, "");
	for (int i = 0; i < 300; i++)
		moat_table_add(t, "x");
	moat_table_destroy(t);
	moat_table_destroy(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(moments),
		cmocka_unit_test(words),
		cmocka_unit_test(columns_of_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
